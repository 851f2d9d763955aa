"""The mailbox's domain is one of Microsoft 365: where the writer says that it is not, an answer of Exchange's has its reason."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics import servers
from diagnostics.checks import Check
from diagnostics.comparison import shortened
from diagnostics.evidence import Evidence, ReplyStatus
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed

_CAUSE = "mailbox-not-in-exchange-online"
_NOT_CONNECTED = "authenticated but not connected"  # only Exchange says so, to a token that it accepts


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Believe the writer where a token of Microsoft's was used all the same."""
    told = next((remark for remark in evidence.remarks if remark.kind == "said-not-microsoft-365"), None)
    if told is None or not (refused := _refused(evidence)):
        return
    said = f"{told.provenance.how}: “{shortened(told.text, 200)}”"
    suspect = Suspect(
        _CAUSE, Confidence.LIKELY, (said, refused), instead_of=("perm-fullaccess-missing", "auth-rejected-no-reason")
    )
    yield failed("The mailbox is said to be outside Microsoft 365", suspect)


def _refused(evidence: Evidence) -> str:
    """Return in words that Exchange turned the mailbox away, or that Entra is asked for a token, or nothing."""
    for session in evidence.imap_sessions:
        for step in session.steps:
            online = servers.of_session(session).is_online and step.status in {ReplyStatus.NO, ReplyStatus.BAD}
            if online or _NOT_CONNECTED in step.text.casefold():
                return f"{session.provenance.how}: “{shortened(step.text, 120)}”"
    asked = next((request for request in evidence.token_requests if request.login and request.scopes), None)
    return f"{asked.provenance.how}: a token is asked for at {asked.login}" if asked else ""


CHECK = Check(
    id="mailbox-elsewhere",
    stage=Stage.MAILBOX,
    title="The mailbox is in Microsoft 365",
    causes=(_CAUSE,),
    judge=judge,
    required=False,
    order=80,
)
