"""The profile that a command is about: found by name or path, or the simulated tenant behind `--profile demo`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from diagnostics.profile import Profile

DEFAULT = "default"


@contextlib.contextmanager
def opened(name: str | None, scenarios: Sequence[str] = (), shape: str | None = None) -> Iterator[Profile]:
    """Yield the profile; for `demo`, a simulated tenant serves until the body ends.

    Raises ProfileError, and typer.BadParameter for a scenario or shape that does not exist or has no demo to break.
    """
    from diagnostics.profile import load  # noqa: PLC0415 - pydantic is heavy
    from diagnostics.profile.finding import DEMO, find, option  # noqa: PLC0415

    if name is None and (scenarios or shape):
        name = DEMO
    if name == DEMO:
        with _demo(scenarios, shape) as profile:
            yield profile
        return
    if scenarios or shape:
        raise typer.BadParameter("--scenario and --shape belong to --profile demo")
    path = find(name) if name is not None else _default()
    yield replace(load(path), option=option(name or DEFAULT, path))


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
