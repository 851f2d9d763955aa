"""`diag`: the way in. Nothing heavy is imported before a command is known, and no exception leaves as a traceback."""

from __future__ import annotations

import sys
from collections.abc import Sequence

NAME = "diag"


def run(arguments: Sequence[str] | None = None) -> None:
    """Run `diag` and leave with its exit code; whatever happens, it is one of the documented ones."""
    from diagnostics.cli import _guard  # noqa: PLC0415 - a Ctrl-C while typer is imported must end quietly too

    try:
        with _guard.guarded():
            from typer.main import get_command  # noqa: PLC0415

            from diagnostics.cli.app import app  # noqa: PLC0415

            get_command(app).main(args=list(sys.argv[1:] if arguments is None else arguments), prog_name=NAME)
    except KeyboardInterrupt:  # between the end of the run and the end of the guard
        raise SystemExit(_guard.INTERRUPTED) from None
