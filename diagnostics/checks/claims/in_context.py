"""Lines whose meaning depends on the rest of the text: lists of permissions, and Exchange's `Command Error. 10`."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics import servers
from diagnostics.checks import Check
from diagnostics.comparison import shortened
from diagnostics.evidence import Evidence, Remark
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed

_DELEGATED = "claims-delegated-instead-of-application"
_EXPIRED = "claims-token-expired"
_ABOUT_MESSAGES = ("UID", "FETCH", "STORE", "SEARCH", "APPEND", "COPY", "MOVE")


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge what the portal's list shows, and what Exchange's number 10 was the answer to."""
    yield from _permissions(evidence)
    yield from _number_ten(evidence)


def _permissions(evidence: Evidence) -> Iterator[Judgement]:
    """Suspect a list of delegated permissions alone; where the application's own is listed, too, it says nothing."""
    listed = [remark for remark in evidence.remarks if remark.kind == "portal-permission"]
    if any(dict(remark.values).get("permission", "").casefold() == "imap.accessasapp" for remark in listed):
        return
    of_users = any(
        scope.casefold().endswith(".accessasuser.all")
        for request in evidence.token_requests
        if request.grant_type != "client_credentials"
        for scope in request.scopes
    )
    rows = [remark for remark in listed if dict(remark.values).get("type", "").casefold() == "delegated"]
    written = [remark for remark in evidence.remarks if remark.kind == "delegated-permissions-listed"]
    if rows and not of_users:
        yield _suspected(_DELEGATED, Confidence.LIKELY, rows[0])
    elif written and any(request.grant_type == "client_credentials" for request in evidence.token_requests):
        yield _suspected(_DELEGATED, Confidence.LIKELY, written[0])


def _number_ten(evidence: Evidence) -> Iterator[Judgement]:
    """Suspect the token where number 10 answers a sign-in; long commands about messages are answered so, too."""
    told = next(
        (r for r in evidence.remarks if r.kind == "imap-command-error" and dict(r.values).get("number") == "10"), None
    )
    if told is None:
        return
    answered = [
        step.command.upper()
        for session in evidence.all_imap_sessions()
        for step in session.steps
        if "command error. 10" in step.text.casefold()
    ]
    whose = servers.of_remark(told.text, evidence)
    if whose.is_other:
        return
    of_messages = bool(answered) and all(command.startswith(_ABOUT_MESSAGES) for command in answered)
    yield _suspected(_EXPIRED, Confidence.LIKELY if whose.is_online and not of_messages else Confidence.POSSIBLE, told)


def _suspected(cause: str, confidence: Confidence, remark: Remark) -> Judgement:
    shown = " ".join(remark.text.split())
    said = f"{remark.provenance.how}: “{shortened(shown, 200)}”"
    return failed(f"It says “{shortened(shown, 160)}”", Suspect(cause, confidence, (said,)))


CHECK = Check(
    id="claims-in-context",
    stage=Stage.CLAIMS,
    title="No list of permissions and no answer of Exchange speaks of a fault here",
    causes=(_DELEGATED, _EXPIRED),
    judge=judge,
    order=85,
)
