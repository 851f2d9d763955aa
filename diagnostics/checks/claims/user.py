"""A user's token opens the mailbox of that user, or one to which the user has FullAccess; often it is the admin's by mistake."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._ids import is_same
from diagnostics.comparison import Relation, compare
from diagnostics.evidence import Evidence, Missing, ReplyStatus, TokenClaims, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Compare the signed-in user with the mailbox that is asked for."""
    token = evidence.token()
    if isinstance(token, Unavailable) or token.is_app_only or not token.user_principal_name:
        return
    sent = [string.user for string in evidence.sasl_strings if string.user]
    mailboxes = dict.fromkeys((*evidence.target.mailboxes, *sent, *(s.user for s in evidence.imap_sessions if s.user)))
    for mailbox in mailboxes:
        yield _judge_one(evidence, token, mailbox)


def _judge_one(evidence: Evidence, token: TokenClaims, mailbox: str) -> Judgement:
    user = token.user_principal_name
    compared = compare("user of the token", user, "mailbox asked for", mailbox)
    if compared.equal:
        return passed("The token is of the mailbox's own user", compared, subject=mailbox)
    if compared.relation is Relation.OPEN:
        masked = Unavailable("one of the two is masked", Missing.CUT_OFF, token.provenance)
        return unknown("Whose token it is cannot be read", masked, subject=mailbox, compared=(compared,))
    refused = any(
        is_same(session.user, mailbox) and _refused(session.steps) for session in evidence.all_imap_sessions()
    )
    said = f"{token.provenance.how}: the token is of {user}, the mailbox is {mailbox}"
    suspects = [
        Suspect("interactive-wrong-account-selected", Confidence.LIKELY if refused else Confidence.POSSIBLE, (said,))
    ]
    if refused:
        why = f"{said}; for a shared mailbox the IMAP setting of {user} counts, not the mailbox's"
        suspects.append(
            Suspect("mailbox-protocol-follows-user-for-delegated", Confidence.POSSIBLE, (why,), {"user": user})
        )
    return failed("The token is of another user than the mailbox", *suspects, compared=(compared,), subject=mailbox)


def _refused(steps: tuple[object, ...]) -> bool:
    return any(getattr(step, "status", None) in {ReplyStatus.NO, ReplyStatus.BAD} for step in steps)


CHECK = Check(
    id="token-user",
    stage=Stage.CLAIMS,
    title="The signed-in user may open the mailbox",
    causes=("interactive-wrong-account-selected", "mailbox-protocol-follows-user-for-delegated"),
    judge=judge,
    order=50,
)
