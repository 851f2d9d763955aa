"""`diag connect`: open Exchange PowerShell as a run does, step by step, and say what was found at each."""

from __future__ import annotations

from typing import Annotated

import typer

from diagnostics.cli import _guard, _screen, _target, judge
from diagnostics.cli._screen import Output


def connect(
    profile: judge.ProfileOption = None,
    shape: judge.ShapeOption = None,
    access_token_file: judge.TokenFileOption = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How the steps are printed.")] = Output.TABLE,
) -> None:
    """Open Exchange PowerShell, and show each step.

    Signs the operator in, shows what was found at each step and how long it took; changes nothing.
    """
    from diagnostics.cli._connecting import open_and_close, render  # noqa: PLC0415 - heavy
    from diagnostics.profile.subject import subject  # noqa: PLC0415 - pydantic is heavy

    progress = _screen.Progress()
    with _target.opened(profile, (), shape) as known:
        about = subject(known, progress.message, graph=False, access_token_file=access_token_file)
        with progress:
            opening = open_and_close(about, progress)
    _screen.emit(render(opening, about.target, output, _screen.width()), output)
    raise typer.Exit(_guard.OK if opening.problem is None else opening.exit_code)
