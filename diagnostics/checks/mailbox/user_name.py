"""The address that is sent as `user=` is the mailbox's UPN; an alias or another primary address is a known trap."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._ids import is_same
from diagnostics.comparison import Relation, compare
from diagnostics.evidence import Evidence, ImapSession, MailboxEvidence, Missing, Recipient, ReplyStatus, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Compare the configured address with UserPrincipalName, and blame it only when the mailbox did not open."""
    for mailbox in evidence.mailboxes:
        recipient = mailbox.recipient
        if isinstance(recipient, Recipient) and recipient.user_principal_name:
            yield _judge_one(evidence, mailbox, recipient)


def _judge_one(evidence: Evidence, mailbox: MailboxEvidence, recipient: Recipient) -> Judgement:
    address = _used(evidence, mailbox, recipient)
    compared = compare("address in use", address, "UserPrincipalName", recipient.user_principal_name)
    if compared.equal:
        return passed(
            "The mailbox is named by its UPN",
            compared,
            subject=address,
            rules_out=("mailbox-upn-differs-from-smtp", "mailbox-alias-used-as-username"),
        )
    if compared.relation is Relation.OPEN:
        why = Unavailable("one of the two is masked", Missing.CUT_OFF, recipient.provenance)
        return unknown("Whether the address is the UPN cannot be read", why, subject=address, compared=(compared,))
    if not _is_closed(evidence, mailbox):
        hint = f"If it stops working, use {recipient.user_principal_name}."
        return passed("The address is not the UPN; that alone does no harm", compared, subject=address, hint=hint)
    said = f"{recipient.provenance.how}: the UPN is {recipient.user_principal_name}, the address in use is {address}"
    is_alias = not is_same(recipient.primary_address, address) and any(
        is_same(alias, address) for alias in recipient.addresses
    )
    cause = "mailbox-alias-used-as-username" if is_alias else "mailbox-upn-differs-from-smtp"
    suspect = Suspect(cause, Confidence.LIKELY, (said,), {"mailbox": recipient.user_principal_name})
    return failed(
        "The address in use is not the UPN, and the mailbox does not open",
        suspect,
        compared=(compared,),
        subject=address,
    )


def _used(evidence: Evidence, mailbox: MailboxEvidence, recipient: Recipient) -> str:
    """Return the address that a client signed in with; in a live run it is the profile's."""
    known = (recipient.user_principal_name, recipient.primary_address, *recipient.addresses)
    sent = (session.user for session in evidence.imap_sessions if session.user)
    return next((user for user in sent if any(is_same(user, one) for one in known)), mailbox.address)


def _is_closed(evidence: Evidence, mailbox: MailboxEvidence) -> bool:
    """Say whether the mailbox did not open, live or in a pasted log."""
    return _refused(mailbox.imap) or any(_refused(session) for session in evidence.imap_sessions)


def _refused(session: object) -> bool:
    return isinstance(session, ImapSession) and any(
        step.status in {ReplyStatus.NO, ReplyStatus.BAD} for step in session.steps
    )


CHECK = Check(
    id="user-name",
    stage=Stage.MAILBOX,
    title="The mailbox is named by its UPN",
    causes=("mailbox-alias-used-as-username", "mailbox-upn-differs-from-smtp"),
    judge=judge,
    required=False,
    order=20,
)
