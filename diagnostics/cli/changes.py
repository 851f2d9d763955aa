"""`diag grant`, `apply`, `revoke`, `journal` and `reach`: changes, shown before they are made and written down."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from diagnostics.cli._mailbox import MailboxOption
from diagnostics.cli._screen import Output
from diagnostics.cli.judge import OutputOption, ProfileOption, ScenarioOption, ShapeOption

if TYPE_CHECKING:
    from diagnostics.changes.confirm import Consent

MailboxesOption: TypeAlias = Annotated[
    Path | None, typer.Option("--mailboxes", help="CSV or text file with mailboxes, instead of the profile's.")
]
YesOption: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
ExpectOption: TypeAlias = Annotated[
    int | None, typer.Option("--expect", min=0, help="Do it only if so many mailboxes are changed.")
]
DryRunOption: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")]
WaitOption: TypeAlias = Annotated[bool, typer.Option("--wait", help="Then try the live IMAP sign-in until it works.")]
WaitForOption: TypeAlias = Annotated[
    str | None, typer.Option("--wait-for", help="How long to wait, such as 30m (the default of --wait).")
]
JournalOption: TypeAlias = Annotated[
    Path | None, typer.Option("--journal", help="The journal's file; the user's state folder when left out.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("grant")(grant)
    app.command("apply")(apply)
    app.command("revoke")(revoke)
    app.command("reach")(reach)
    app.add_typer(journal_app, name="journal")


def grant(
    *,
    profile: ProfileOption = None,
    mailbox: MailboxOption = None,
    mailboxes: MailboxesOption = None,
    scenario: ScenarioOption = None,
    shape: ShapeOption = None,
    replace_service_principal: Annotated[
        bool, typer.Option("--replace-service-principal", help="Replace a registration with a wrong id.")
    ] = False,
    enable_imap: Annotated[bool, typer.Option("--enable-imap", help="Switch IMAP on where it is off.")] = False,
    dry_run: DryRunOption = False,
    dry_run_server: Annotated[
        bool, typer.Option("--dry-run-server", help="Let Exchange judge each step with -WhatIf, and stop.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Save the plan to this file, and stop.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite the file of --out although it is no plan of diag.")
    ] = False,
    yes: YesOption = False,
    expect: ExpectOption = None,
    wait: WaitOption = False,
    wait_for: WaitForOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Finish a run that was interrupted.")] = False,
    journal: JournalOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Give the application what it lacks to open its mailboxes: shows the plan, asks, does it, reads it back."""
    from diagnostics.cli import _changing  # noqa: PLC0415 - heavy

    how = _changing.How(
        consent=_consent(yes, expect),
        output=output,
        journal=journal,
        dry_run=dry_run,
        dry_run_server=dry_run_server,
        out=out,
        force=force,
        wait_seconds=_wait_seconds(wait, wait_for),
    )
    if resume and (mailbox or mailboxes or out or dry_run_server):
        raise typer.BadParameter("--resume finishes a run as it was planned; it takes no mailboxes and no --out")
    chosen = _changing.Chosen(profile, tuple(scenario or ()), shape, tuple(mailbox or ()), mailboxes)
    if resume:
        raise typer.Exit(_changing.resume(chosen, how))
    raise typer.Exit(_changing.grant(chosen, how, replace=replace_service_principal, enable_imap=enable_imap))


def apply(
    ctx: typer.Context,
    *,
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A plan that `diag grant --out` saved.")],
    profile: ProfileOption = None,
    yes: YesOption = False,
    expect: ExpectOption = None,
    wait: WaitOption = False,
    wait_for: WaitForOption = None,
    journal: JournalOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Do exactly what a saved plan says, with the profile that it was made with; refuse when the state has moved since."""
    from diagnostics.cli import _changing  # noqa: PLC0415 - heavy

    how = _changing.How(
        consent=_consent(yes, expect), output=output, journal=journal, wait_seconds=_wait_seconds(wait, wait_for)
    )
    named = ctx.get_parameter_source("profile")
    if named is not None and named.name == "ENVIRONMENT":  # DIAG_PROFILE is not about this plan
        profile = None
    raise typer.Exit(_changing.apply(plan, _changing.Chosen(profile), how))


def revoke(
    *,
    profile: ProfileOption = None,
    from_journal: Annotated[
        str | None, typer.Option("--from-journal", help="Take away only what this run added.")
    ] = None,
    mailbox: MailboxOption = None,
    mailboxes: MailboxesOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    expect: ExpectOption = None,
    journal: JournalOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take away what diag added, by the journal, as far as it is still there as it was added."""
    from diagnostics.cli import _changing  # noqa: PLC0415 - heavy

    how = _changing.How(consent=_consent(yes, expect), output=output, journal=journal, dry_run=dry_run)
    chosen = _changing.Chosen(profile, mailboxes=tuple(mailbox or ()), file=mailboxes)
    raise typer.Exit(_changing.revoke(chosen, how, from_journal or ""))


def reach(
    *,
    profile: ProfileOption = None,
    mailbox: MailboxOption = None,
    mailboxes: MailboxesOption = None,
    scenario: ScenarioOption = None,
    shape: ShapeOption = None,
    at_once: Annotated[int, typer.Option("--at-once", min=1, max=8, help="Calls in flight at most.")] = 2,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a sweep that was interrupted.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the mailboxes that the application can open, against those that the profile intends; changes nothing."""
    from diagnostics.cli import _reaching  # noqa: PLC0415 - heavy
    from diagnostics.cli._changing import Chosen  # noqa: PLC0415

    chosen = Chosen(profile, tuple(scenario or ()), shape, tuple(mailbox or ()), mailboxes)
    raise typer.Exit(_reaching.reach(chosen, at_once=at_once, resume=resume, output=output))


journal_app = typer.Typer(
    help="The journal of changes: what diag did, when, and for whom.", no_args_is_help=True, rich_markup_mode=None
)


@journal_app.command("show")
def journal_show(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="One run, in full.")] = None,
    journal: JournalOption = None,
) -> None:
    """List the runs, or show one with all its steps."""
    from diagnostics.cli import _journal  # noqa: PLC0415 - only for journals

    raise typer.Exit(_journal.show(journal, run or ""))


@journal_app.command("verify")
def journal_verify(journal: JournalOption = None) -> None:
    """Follow the chain of hashes; prints the head hash for the ticket."""
    from diagnostics.cli import _journal  # noqa: PLC0415 - only for journals

    raise typer.Exit(_journal.verify(journal))


@journal_app.command("export")
def journal_export(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="Only this run.")] = None,
    journal: JournalOption = None,
) -> None:
    """Print the journal's lines as they stand, as JSON Lines."""
    from diagnostics.cli import _journal  # noqa: PLC0415 - only for journals

    raise typer.Exit(_journal.export(journal, run or ""))


def _consent(yes: bool, expect: int | None) -> Consent:
    from diagnostics.changes.confirm import Consent  # noqa: PLC0415 - only for changes

    return Consent(yes, expect, sys.stdin is not None and sys.stdin.isatty())


def _wait_seconds(wait: bool, wait_for: str | None) -> float | None:
    from diagnostics.changes.waiting import seconds_of  # noqa: PLC0415 - only for changes

    if wait_for is None and not wait:
        return None
    try:
        return seconds_of(wait_for or "30m")
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--wait-for") from None
