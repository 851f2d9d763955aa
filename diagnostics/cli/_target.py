"""The profile that a command is about: found by name or path, or the simulated tenant behind `--profile demo`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from diagnostics.cli import _guard, _screen

if TYPE_CHECKING:
    from diagnostics.profile import Profile

DEFAULT = "default"


@contextlib.contextmanager
def opened(
    name: str | None,
    scenarios: Sequence[str] = (),
    shape: str | None = None,
    *,
    sends: bool = True,
    named: bool = True,
) -> Iterator[Profile]:
    """Yield the profile; for `demo`, a simulated tenant serves until the body ends.

    `sends` says that the body sends secrets to what the profile names. That is asked about where nobody chose the file:
    it was found by its name in `profiles` of the current folder, or a plan led to it (`named` is false).

    Raises ProfileError, typer.BadParameter for a scenario or shape that does not exist or has no demo to break, and
    typer.Exit where somebody does not want the secrets to be sent.
    """
    from diagnostics.profile import load  # noqa: PLC0415 - pydantic is heavy
    from diagnostics.profile.finding import DEMO, find, is_path, option  # noqa: PLC0415

    if name is None and (scenarios or shape):
        name = DEMO
    if name == DEMO:
        with _demo(scenarios, shape) as profile:
            yield profile
        return
    if scenarios or shape:
        raise typer.BadParameter("--scenario and --shape belong to --profile demo")
    path = find(name) if name is not None else _default()
    known = replace(load(path), option=option(name or DEFAULT, path))
    if not (named and is_path(name or DEFAULT)):
        _introduce(known, sends=sends)
    yield known


def _introduce(profile: Profile, *, sends: bool) -> None:
    """Say which file a profile came from that nobody chose by its path, and ask before a secret goes to hosts of its own."""
    from diagnostics.profile.trust import destinations, is_own  # noqa: PLC0415 - pydantic is heavy

    if is_own(profile.path):
        return
    _screen.tell(f"Profile: {profile.path.absolute()}")
    strangers = list(destinations(profile)) if sends else []
    if not strangers:
        return
    _screen.tell("This file was not named by its path, and it has secrets sent to what is not Microsoft's:")
    for stranger in strangers:
        _screen.tell(f"  {stranger.key}: {stranger.value} ({stranger.place})")
    if not _screen.agrees("Send secrets there?"):
        _guard.say(f"diag: nothing was sent. If the file is yours, name it: {_option(profile.path)}")
        raise typer.Exit(_guard.USAGE)


def _option(path: Path) -> str:
    from diagnostics.quoting import Unprintable, in_sentence, native  # noqa: PLC0415

    try:
        return in_sentence(native(["--profile", str(path.absolute())]))
    except Unprintable:
        return "--profile with its path"


def _default() -> Path:
    from diagnostics.profile import Complaint, Place, ProfileError  # noqa: PLC0415 - pydantic is heavy
    from diagnostics.profile.finding import find  # noqa: PLC0415

    try:
        return find(DEFAULT)
    except ProfileError:
        what = "no profile is named, and there is none called `default`"
        advice = (
            "make one: diag profile new; name it: --profile NAME or DIAG_PROFILE=NAME; "
            "or try it on a simulated tenant: diag permissions --profile demo"
        )
        raise ProfileError(Complaint(Place("--profile"), what, advice)) from None


@contextlib.contextmanager
def _demo(scenarios: Sequence[str], shape: str | None) -> Iterator[Profile]:
    from diagnostics.lab.server import DEFAULT_SHAPE, Lab  # noqa: PLC0415 - heavy
    from diagnostics.profile import load  # noqa: PLC0415 - pydantic is heavy
    from diagnostics.profile.finding import DEMO  # noqa: PLC0415

    try:
        lab = Lab(shape or DEFAULT_SHAPE, scenarios)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with lab, _environment(lab.env):
        yield replace(load(lab.profile, name=DEMO), option=DEMO, scenarios=tuple(scenarios), shape=shape or "")


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set the lab's variables for the body, and put back what was there."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
