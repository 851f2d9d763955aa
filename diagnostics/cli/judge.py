"""`diag permissions`, `diag token`, `diag imap`: look at what the profile names, judge it, report it."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from diagnostics.cli import _guard, _screen, _target
from diagnostics.cli._mailbox import MailboxOption
from diagnostics.cli._screen import Language, Output

if TYPE_CHECKING:
    from diagnostics.report import Report
    from diagnostics.run import RunOptions

ProfileOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--profile",
        "-p",
        metavar="PROFILE",
        envvar="DIAG_PROFILE",
        help="Name or path of a profile; `demo`: a simulated tenant.",
    ),
]
ScenarioOption: TypeAlias = Annotated[
    list[str] | None, typer.Option("--scenario", metavar="CAUSE", help="Break the demo in this way; may be repeated.")
]
ShapeOption: TypeAlias = Annotated[
    str | None, typer.Option("--shape", metavar="SHAPE", help="Shape of the demo's tenant.")
]
OutputOption: TypeAlias = Annotated[Output, typer.Option("--output", "-o", help="How the report is printed.")]
LanguageOption: TypeAlias = Annotated[
    Language | None, typer.Option("--lang", help="Language of the report; the locale's when left out.")
]
SecretHintOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--show-secret-hint",
        help="Show the first three characters of the client secret, to tell it from the others that Graph lists.",
    ),
]
ReportOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--report", metavar="FILE", help="Also write the whole run to this file, as YAML without secrets, mode 0600."
    ),
]


ForceOption: TypeAlias = Annotated[
    bool, typer.Option("--force", help="Overwrite the report's file although it is no report of diag.")
]
TokenFileOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--access-token-file",
        metavar="FILE",
        help="The operator's access tokens, one to a line, in place of the profile's sign-in; only you may read it.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("permissions")(permissions)
    app.command("token")(token)
    app.command("imap")(imap)


def permissions(
    *,
    profile: ProfileOption = None,
    mailbox: MailboxOption = None,
    scenario: ScenarioOption = None,
    shape: ShapeOption = None,
    access_token_file: TokenFileOption = None,
    no_imap: Annotated[bool, typer.Option("--no-imap", help="Leave the live IMAP sign-in out.")] = False,
    no_graph: Annotated[bool, typer.Option("--no-graph", help="Do not ask Microsoft Graph.")] = False,
    needs: Annotated[bool, typer.Option("--needs", help="Print which rights each command needs, and leave.")] = False,
    show_secret_hint: SecretHintOption = False,
    report: ReportOption = None,
    force: ForceOption = False,
    output: OutputOption = Output.TABLE,
    lang: LanguageOption = None,
) -> None:
    """Check the whole chain, from the ids to the mailbox.

    Ids, tenant, token, consent, Exchange's registration, mailbox permissions, and the live IMAP sign-in.
    """
    if needs:
        from diagnostics import needs as rights  # noqa: PLC0415 - only when asked

        typer.echo(rights.render(output.value), nl=False)
        return
    from diagnostics.run import RunOptions  # noqa: PLC0415 - only for runs

    options = RunOptions(mailboxes=tuple(mailbox or ()), imap=not no_imap, graph=not no_graph)
    _run(
        "permissions",
        options,
        name=profile,
        scenarios=scenario or (),
        shape=shape,
        file=report,
        force=force,
        hint=show_secret_hint,
        output=output,
        lang=lang,
        token_file=access_token_file,
    )


def token(
    *,
    profile: ProfileOption = None,
    scenario: ScenarioOption = None,
    shape: ShapeOption = None,
    show_secret_hint: SecretHintOption = False,
    report: ReportOption = None,
    force: ForceOption = False,
    output: OutputOption = Output.TABLE,
    lang: LanguageOption = None,
) -> None:
    """Ask for the application's token, and judge it."""
    from diagnostics.run import RunOptions  # noqa: PLC0415 - only for runs

    options = RunOptions(imap=False, graph=False, exchange=False)
    _run(
        "token",
        options,
        name=profile,
        scenarios=scenario or (),
        shape=shape,
        file=report,
        force=force,
        hint=show_secret_hint,
        output=output,
        lang=lang,
    )


def imap(
    *,
    profile: ProfileOption = None,
    mailbox: MailboxOption = None,
    scenario: ScenarioOption = None,
    shape: ShapeOption = None,
    show_secret_hint: SecretHintOption = False,
    report: ReportOption = None,
    force: ForceOption = False,
    output: OutputOption = Output.TABLE,
    lang: LanguageOption = None,
) -> None:
    """Sign in over IMAP as the application does.

    Goes on to EXAMINE INBOX, which needs the mailbox; reads no mail.
    """
    from diagnostics.run import RunOptions  # noqa: PLC0415 - only for runs

    options = RunOptions(mailboxes=tuple(mailbox or ()), graph=False, exchange=False)
    _run(
        "imap",
        options,
        name=profile,
        scenarios=scenario or (),
        shape=shape,
        file=report,
        force=force,
        hint=show_secret_hint,
        output=output,
        lang=lang,
    )


def _run(
    command: str,
    options: RunOptions,
    *,
    name: str | None,
    scenarios: Sequence[str],
    shape: str | None,
    file: Path | None,
    force: bool,
    hint: bool,
    output: Output,
    lang: Language | None,
    token_file: Path | None = None,
) -> None:
    """Observe, judge, render, save, and leave with the exit code."""
    from dataclasses import replace  # noqa: PLC0415

    from diagnostics.changes import with_recorded  # noqa: PLC0415
    from diagnostics.evidence.hints import without_hints  # noqa: PLC0415
    from diagnostics.invocation import Invocation  # noqa: PLC0415
    from diagnostics.profile.subject import subject  # noqa: PLC0415 - pydantic is heavy
    from diagnostics.report import build  # noqa: PLC0415
    from diagnostics.run import observe  # noqa: PLC0415

    refuse_bad_report_file(file, force=force)
    started = dt.datetime.now(dt.UTC)
    progress = _screen.Progress()
    left_out = (*(() if options.imap else ("--no-imap",)), *(() if options.graph else ("--no-graph",)))
    with _target.opened(name, scenarios, shape) as profile:
        if command != "token" and not (options.mailboxes or profile.mailboxes):
            raise typer.BadParameter("the profile names no mailbox: add `mailboxes: […]` to it, or --mailbox ADDRESS")
        options = replace(options, graph=options.graph and profile.graph)
        about = subject(
            profile,
            progress.message,
            mailboxes=options.mailboxes,
            exchange=options.exchange,
            graph=options.graph,
            access_token_file=token_file,
        )
        with progress:
            evidence = with_recorded(observe(about, options, progress))
    evidence = evidence if hint else without_hints(evidence)
    invocation = replace(
        Invocation.of(about.target),
        language=lang.value if lang is not None else "",
        access_token_file=str(token_file.absolute()) if token_file is not None else "",
        left_out=left_out if command == "permissions" else (),
    )
    words = ["diag", command, *invocation.options(command)]
    words += [word for value in options.mailboxes for word in ("--mailbox", value)]
    report = build(
        evidence,
        command=shlex.join(words),
        started=started,
        language=_screen.language(lang),
        invocation=invocation,
    )
    finish(report, file, output, force=force)


def refuse_bad_report_file(file: Path | None, *, force: bool) -> None:
    """Refuse a report file that cannot be written, before anything is asked of anybody. Raises FileUnusable."""
    if file is not None:
        from diagnostics import files  # noqa: PLC0415 - only for reports

        files.check(file, files.REPORT, force=force)


def finish(report: Report, file: Path | None, output: Output, *, force: bool = False) -> None:
    """Save the report where that was asked for, print it, and leave with its exit code.

    Whatever fails within diag ends with 70, and costs neither the file nor what was seen.
    """
    from diagnostics.files import FileUnusable  # noqa: PLC0415
    from diagnostics.report import rendered, save  # noqa: PLC0415

    code, faults = report.exit_code, set(report.faults)
    if file is not None:
        try:
            faults.add(save(report, file, force=force))
        except FileUnusable as problem:
            _guard.say(f"diag: the report was not saved: {problem}")
            code = _guard.USAGE
    text, fault = rendered(report, output.value, width=_screen.width(), color=_screen.color())
    _screen.emit(text, output)
    for words in sorted({*faults, fault} - {""}):
        _guard.say(_guard.reported(words))
        code = _guard.INTERNAL
    raise typer.Exit(code)
