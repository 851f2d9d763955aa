"""`diag analyze`: judge what somebody pasted, with the same checks as a live run."""

from __future__ import annotations

import datetime as dt
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from diagnostics.cli import _guard, _screen, _target, judge
from diagnostics.cli._screen import Output


def analyze(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE… | -]", help="Texts to read; - or nothing: standard input.")
    ] = None,
    *,
    profile: judge.ProfileOption = None,
    show_secret_hint: judge.SecretHintOption = False,
    report: judge.ReportOption = None,
    force: judge.ForceOption = False,
    output: judge.OutputOption = Output.TABLE,
    lang: judge.LanguageOption = None,
) -> None:
    """Judge pasted logs, errors, cmdlet output, scripts.

    Reads whatever somebody pasted: AADSTS errors, tokens, IMAP traces, output of the cmdlets, configuration; also a
    report that was saved with --report.
    """
    from diagnostics.cli._reading import evidence_of  # noqa: PLC0415
    from diagnostics.evidence.hints import without_hints  # noqa: PLC0415
    from diagnostics.invocation import Invocation  # noqa: PLC0415
    from diagnostics.report import build  # noqa: PLC0415

    judge.refuse_bad_report_file(report, force=force)
    names = files or ["-"]
    started = dt.datetime.now(dt.UTC)
    if "-" in names and sys.stdin.isatty():
        _screen.tell("Paste the text, then end it with Ctrl-D (Windows: Ctrl-Z and Enter).")
    try:
        evidence = evidence_of(names)
    except ValueError as problem:  # NotText, NotAReport
        _guard.say(f"diag: {problem}")
        raise typer.Exit(_guard.UNKNOWN) from None
    except OSError as problem:
        _guard.say(f"diag: the text cannot be read: {problem.strerror or problem}")
        raise typer.Exit(_guard.USAGE) from None
    if profile is not None:
        from diagnostics.profile.values import about  # noqa: PLC0415 - pydantic is heavy

        with _target.opened(profile, sends=False) as known:
            evidence = about(evidence, known)
    evidence = evidence if show_secret_hint else without_hints(evidence)
    words = ["diag", "analyze", *(Path(name).name for name in names), *(("--profile", profile) if profile else ())]
    invocation = replace(Invocation.of(evidence.target), language=lang.value if lang is not None else "")
    made = build(
        evidence,
        command=shlex.join(words),
        started=started,
        language=_screen.language(lang),
        invocation=invocation,
    )
    judge.finish(made, report, output, force=force)
