"""The conversation comes to its end; one that does not is told, and changes nothing: by then the mailbox has opened.

LOGOUT is answered by an untagged BYE and a tagged OK (RFC 3501 section 6.1.3); a server that hangs up after its BYE has said
what was to be said.
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._reached import no_answer
from diagnostics.evidence import Evidence, ImapSession, ReplyStatus
from diagnostics.findings import Judgement, Stage, unknown


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge the LOGOUT of each live session that opened the mailbox; what broke earlier has been told."""
    if not evidence.live:
        return
    for session in evidence.all_imap_sessions():
        judgement = _judge_one(session)
        if judgement is not None:
            yield judgement


def _judge_one(session: ImapSession) -> Judgement | None:
    opened, left = session.step("EXAMINE"), session.step("LOGOUT")
    if opened is None or not opened.status.is_answer or left is None:
        return None
    if left.status.is_answer or left.status is ReplyStatus.BYE:
        return None
    return unknown("The conversation did not come to its end", no_answer(session, left), subject=session.user)


CHECK = Check(
    id="imap-logout",
    stage=Stage.IMAP_SELECT,
    title="The conversation comes to its end",
    causes=(),
    judge=judge,
    required=False,
    order=30,
)
