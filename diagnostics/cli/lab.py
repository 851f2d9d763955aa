"""`diag lab`: the simulated tenant, for trying things out and for other programs."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from diagnostics.cli import _guard, _screen
from diagnostics.cli._screen import Output

app = typer.Typer(
    help="A simulated tenant on this machine.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class MatrixOutput(enum.StrEnum):
    """How the rows of the matrix are rendered."""

    TABLE = "table"
    JSON = "json"


@app.command("serve")
def serve(
    scenario: Annotated[
        list[str] | None,
        typer.Option("--scenario", metavar="CAUSE", help="Break the tenant in this way; may be repeated."),
    ] = None,
    shape: Annotated[str | None, typer.Option("--shape", metavar="SHAPE", help="Shape of the tenant.")] = None,
    transport: Annotated[
        str, typer.Option("--transport", metavar="TRANSPORT", help="Exchange transport that the profile names.")
    ] = "winrm",
    ready_file: Annotated[
        Path | None,
        typer.Option(
            "--ready-file", metavar="FILE", help="Write endpoints, CA, ids, profile and variables here as JSON."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the ready file although no lab wrote it.")] = False,
) -> None:
    """Serve a simulated tenant until Ctrl-C; prints how to use it from another terminal."""
    from diagnostics.lab import serve as serving  # noqa: PLC0415 - heavy
    from diagnostics.lab.server import DEFAULT_SHAPE  # noqa: PLC0415 - heavy

    try:
        code = serving.serve(scenario or (), ready_file, shape or DEFAULT_SHAPE, transport=transport, force=force)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    except OSError as error:
        _guard.say(f"diag: the lab could not start: {error}")
        raise typer.Exit(_guard.USAGE) from None
    raise typer.Exit(code)


@app.command("scenarios")
def scenarios() -> None:
    """List the ways in which the simulated tenant can be broken, and its shapes."""
    import textwrap  # noqa: PLC0415

    from diagnostics.lab.catalog import SHAPES  # noqa: PLC0415 - heavy
    from diagnostics.lab.scenarios.registry import scenarios as known  # noqa: PLC0415 - heavy

    lines: list[str] = []
    for name, item in known().items():
        lines += [
            name,
            *textwrap.wrap(item.description, _screen.width(), initial_indent="    ", subsequent_indent="    "),
        ]
    lines += ["", f"Shapes: {', '.join(SHAPES)}"]
    _screen.emit("\n".join(lines))


@app.command("matrix")
def matrix(
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Run this scenario, shape or trace, or all of a cause; may be repeated."),
    ] = None,
    output: Annotated[
        MatrixOutput, typer.Option("--output", "-o", help="How the rows are printed.")
    ] = MatrixOutput.TABLE,
) -> None:
    """Break the simulated tenant in every known way, and see whether the right cause is named first."""
    from diagnostics.lab import matrix as running  # noqa: PLC0415 - heavy

    try:
        jobs = running.jobs(only or ())
    except running.NothingChosen as error:
        raise typer.BadParameter(str(error), param_hint="--only") from None
    with _screen.Progress() as progress:
        rows = running.run_all(jobs, lambda row: progress(f"{row.kind} {row.name}"))
    _screen.emit(running.render(rows, output.value), Output(output.value))
    raise typer.Exit(_guard.OK if all(row.is_right for row in rows) else _guard.FAILED)


@app.command("faults")
def faults(
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="CELL",
            help="Run these cells, such as graph, imap/silent or token/*/first; may be repeated.",
        ),
    ] = None,
    output: Annotated[
        MatrixOutput, typer.Option("--output", "-o", help="How the rows are printed.")
    ] = MatrixOutput.TABLE,
) -> None:
    """Let every peer misbehave in every way, and see that nothing unseen is told as seen, in bounded time and memory."""
    from diagnostics.lab.faultmatrix import cells, measuring, rendering, running  # noqa: PLC0415 - heavy

    if not measuring.POSSIBLE:
        raise typer.BadParameter("the fault matrix measures processes in a way that this system does not have")
    try:
        chosen = cells.cells(only or ())
    except cells.NothingChosen as error:
        raise typer.BadParameter(str(error), param_hint="--only") from None
    to_run = [cell for cell in chosen if isinstance(cell, cells.Cell)]
    left_out = [cell for cell in chosen if isinstance(cell, cells.Senseless)]
    with _screen.Progress() as progress:
        rows = running.run_all(to_run, lambda row: progress(f"{row.name}: {row.verdict}"))
    _screen.emit(rendering.render(rows, left_out, output.value), Output(output.value))
    raise typer.Exit(_guard.OK if all(row.is_right for row in rows) else _guard.FAILED)
