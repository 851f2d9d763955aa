"""The commands of `diag`, put together; each lives in a file of its own."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from diagnostics import __version__
from diagnostics.cli import _guard, analyze, changes, connect, explain, judge, lab, profile, script
from diagnostics.files import FileUnusable


class Commands(TyperGroup):
    """Turns what commands raise on purpose into words on stderr and the documented exit code."""

    def invoke(self, ctx: Any) -> object:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _guard.say("Interrupted.")
            raise typer.Exit(_guard.INTERRUPTED) from None
        except FileUnusable as problem:
            _guard.say(f"diag: {problem}")
            raise typer.Exit(_guard.USAGE) from None
        except Exception as error:
            if type(error).__name__ != "ProfileError":  # not imported here: pydantic comes with it
                raise
            _guard.say(str(error))
            raise typer.Exit(_guard.USAGE) from None


app = typer.Typer(
    name="diag",
    cls=Commands,
    help="Says why an application cannot read an Exchange Online mailbox over IMAP with OAuth2, and proves it.",
    epilog=_guard.EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"diag {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Take what comes before the command."""


judge.register(app)
changes.register(app)
app.command("analyze")(analyze.analyze)
app.command("explain")(explain.explain)
app.command("connect")(connect.connect)
app.add_typer(profile.app, name="profile")
app.add_typer(script.app, name="script")
app.add_typer(lab.app, name="lab")
