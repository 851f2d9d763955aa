"""`diag script`: write the PowerShell that runs where there is no Python."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from diagnostics.cli import _screen

app = typer.Typer(help="Write the PowerShell that runs without Python.", no_args_is_help=True, rich_markup_mode=None)
_COLLECTOR = "Export-DiagEvidence.ps1"


@app.callback()
def _root() -> None:
    """Take what comes before the command."""


@app.command("collect")
def collect(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="Where to write it.")] = Path(_COLLECTOR),
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite another file of that name.")] = False,
) -> None:
    """Write the collector, a script for a customer's administrator.

    It reads what Exchange Online holds about the application and its mailboxes, changes nothing, and writes one file
    without secrets for `diag analyze`.
    """
    from diagnostics import files, resources  # noqa: PLC0415 - only when asked

    text = resources.script(_COLLECTOR)
    if not (files.is_there(file) and files.head(file, len(text) + 1) == text.encode("ascii")):
        files.write(file, text, files.SCRIPT, force=force)
    _screen.emit(str(file))
    _screen.tell(
        f"An administrator of the customer runs: .\\{file.name} -Mailbox ADDRESS -ApplicationId APPLICATION-ID\n"
        "It writes diag-evidence.json; then: diag analyze diag-evidence.json, beside the application's log if there is one."
    )
