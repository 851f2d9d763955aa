"""The folder that the application is set to read exists under that name."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics import servers
from diagnostics.checks import Check
from diagnostics.checks._reached import no_answer, refusal
from diagnostics.comparison import listed
from diagnostics.evidence import Evidence, ImapSession, ReplyStatus
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown

_CAUSE = "select-folder-name-localised"
_MOST = 30
"""Folders that are listed; a mailbox may have thousands."""


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge a refused SELECT or EXAMINE that is not about the whole mailbox."""
    for session in evidence.all_imap_sessions():
        shown = servers.of(session, evidence)
        if evidence.live or not shown.is_other:
            sure = Confidence.LIKELY if evidence.live or shown.is_online else Confidence.POSSIBLE
            yield from _judge_one(session, sure, live=evidence.live)
        if evidence.live and session.folders:
            yield passed(_listed(session.folders), subject=session.user)


def _listed(folders: tuple[str, ...]) -> str:
    """Say which folders LIST shows, by the names that an application has to use."""
    names = ", ".join(f"“{name}”" if "," in name else name for name in folders[:_MOST])
    if len(folders) > _MOST:
        return f"{len(folders)} folders, the first {_MOST}: {names}"
    return f"{len(folders)} folders: {names}"


def _judge_one(session: ImapSession, sure: Confidence, *, live: bool) -> Iterator[Judgement]:
    for step in session.steps:
        opens = step.command.upper().startswith(("SELECT", "EXAMINE"))
        if live and step.command.upper() == "EXAMINE INBOX":
            continue  # it exists in every mailbox: another check judges it
        if live and opens and step.status is not ReplyStatus.NO and step.status is not ReplyStatus.OK:
            why = refusal(session, step) if step.status.is_answer else no_answer(session, step)
            yield unknown("Opening the folder got no answer of use", why, subject=session.user)
        if opens and step.status is ReplyStatus.NO and "not connected" not in step.text:
            where = step.provenance.how if step.provenance else session.provenance.how
            beside = f"; LIST shows {listed(session.folders, 12)}" if session.folders else ""
            said = f"{where}: {step.command} was answered “{step.answer}”{beside}"
            yield failed(f"{step.command} was refused", Suspect(_CAUSE, sure, (said,)), subject=session.user)


CHECK = Check(
    id="imap-folder",
    stage=Stage.IMAP_SELECT,
    title="The folder exists",
    causes=(_CAUSE,),
    judge=judge,
    order=20,
)
