"""`diag profile`: make, find, show and check profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from diagnostics.cli import _guard, _screen, _target
from diagnostics.cli.judge import ProfileOption

app = typer.Typer(help="Make, find, show and check profiles.", no_args_is_help=True, rich_markup_mode=None)
_Name = Annotated[
    str | None, typer.Argument(metavar="[PROFILE]", help="Name or path; default: the one called default.")
]


@app.command("list")
def list_() -> None:
    """List the profiles that can be named, with their files."""
    from diagnostics.profile.finding import DEMO, available, folders  # noqa: PLC0415 - pydantic is heavy

    found = list(available())
    names = max((len(name) for name, _ in found), default=0)
    names = max(names, len(DEMO))
    lines = [f"{name:<{names}}  {path}" for name, path in found]
    _screen.emit("\n".join([*lines, f"{DEMO:<{names}}  a simulated tenant, made for the run"]))
    _screen.tell(f"Looked in: {', '.join(str(folder) for folder in folders())}")


@app.command("show")
def show(
    name: _Name = None,
    profile: ProfileOption = None,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
) -> None:
    """Show a profile with its defaults and the cloud's endpoints; secrets appear as ***."""
    from diagnostics.profile.showing import render  # noqa: PLC0415 - pydantic is heavy

    with _target.opened(name or profile, sends=False) as known:
        _screen.emit(render(known, origin=origin))


@app.command("check")
def check(name: _Name = None, profile: ProfileOption = None) -> None:
    """Check a profile's form and values, and that its secrets can be read.

    Asks nobody: secrets are read from variables and files alone, not from a prompt or the system's store.
    """
    from diagnostics.profile import complaints  # noqa: PLC0415 - pydantic is heavy
    from diagnostics.profile.keeping import unreadable  # noqa: PLC0415
    from diagnostics.profile.subject import shapes_without_asking  # noqa: PLC0415

    with _target.opened(name or profile, sends=False) as known:
        found = complaints(known, shapes_without_asking(known))
        lacking = tuple(unreadable(known))
        path = known.path
    every = (*found, *(one.complaint for one in lacking))
    for complaint in sorted(every, key=lambda one: (one.place.line, one.place.column)):
        _screen.emit(str(complaint))
    if found:
        raise typer.Exit(_guard.FAILED)
    if lacking:
        of_operator = any(one.whose == "operator" for one in lacking)
        raise typer.Exit(_guard.NOT_SIGNED_IN if of_operator else _guard.UNKNOWN)
    _screen.emit(f"{path}: nothing to complain about")


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of profiles, for editors."""
    from diagnostics.profile.schema import text  # noqa: PLC0415 - pydantic is heavy

    _screen.emit(text())


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="[NAME | FILE]", help="What to call it.")] = _target.DEFAULT,
) -> None:
    """Ask for the values of a new profile, check each while it is typed, and write the file."""
    from diagnostics.files import expanded  # noqa: PLC0415
    from diagnostics.invocation import Invocation  # noqa: PLC0415
    from diagnostics.profile.finding import DEMO, SUFFIXES, option, user_folder  # noqa: PLC0415 - pydantic is heavy
    from diagnostics.profile.wizard import NotWritten, Terminal, make  # noqa: PLC0415

    if name.casefold() == DEMO:
        raise typer.BadParameter(
            f"{DEMO} always means the simulated tenant, so that a profile of this name could not be used; choose another name",
            param_hint="NAME",
        )
    path = expanded(name)
    if path.suffix.lower() not in SUFFIXES and len(path.parts) == 1:
        folder = Path("profiles") if Path("profiles").is_dir() else user_folder()
        path = folder / f"{name}.yaml"
    try:
        written = make(path, Terminal())
    except NotWritten as problem:
        _guard.say(f"diag: {problem}")
        raise typer.Exit(_guard.USAGE) from None
    invocation = Invocation(option(name, written))
    check_it, use_it = invocation.inline("profile check", invocation.profile), invocation.inline("permissions")
    _screen.tell(f"Written: {written}. Check it: {check_it}; use it: {use_it}")
