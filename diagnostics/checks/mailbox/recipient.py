"""The address is a mailbox of this Exchange organisation, of a kind that IMAP can open."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.clouds import CHINA
from diagnostics.comparison import listed
from diagnostics.evidence import Absent, Evidence, MailboxEvidence, Missing, Recipient, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown

# RecipientTypeDetails, lower case (office-docs-powershell, Get-Recipient.md)
_MAILBOXES = {
    "usermailbox",
    "sharedmailbox",
    "roommailbox",
    "equipmentmailbox",
    "linkedmailbox",
    "legacymailbox",
    "teammailbox",
    "discoverymailbox",
    "schedulingmailbox",
}
# Recipients without a mailbox here, besides the remote ones.
_NO_MAILBOX = {
    "mailuser",
    "guestmailuser",
    "mailcontact",
    "mailforestcontact",
    "user",
    "contact",
    "disableduser",
    "systemattendantmailbox",
    "systemmailbox",
    "arbitrationmailbox",
    "monitoringmailbox",
    "auditlogmailbox",
    "auxauditlogmailbox",
    "supervisoryreviewpolicymailbox",
}
_ELSEWHERE_ON_PREMISES = {
    "remoteusermailbox",
    "remotesharedmailbox",
    "remoteroommailbox",
    "remoteequipmentmailbox",
    "mailuser",
}
_MICROSOFT_MX = (
    ".mail.protection.outlook.com",
    ".mx.microsoft",
    f".mail.protection.{CHINA.imap_server}",
    ".olc.protection.outlook.com",
)
_GROUPS = {
    "groupmailbox",
    "mailuniversaldistributiongroup",
    "mailuniversalsecuritygroup",
    "mailnonuniversalgroup",
    "dynamicdistributiongroup",
    "roomlist",
    "publicfolder",
    "publicfoldermailbox",
}


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge what Get-Recipient says of each mailbox."""
    for mailbox in evidence.mailboxes:
        yield _judge_one(evidence, mailbox)


def _judge_one(evidence: Evidence, mailbox: MailboxEvidence) -> Judgement:
    recipient, address = mailbox.recipient, mailbox.address
    if isinstance(recipient, Unavailable):
        return unknown("What the address is could not be read", recipient, subject=address)
    if isinstance(recipient, Absent):
        return _absent(mailbox, recipient)
    kind = recipient.type_details.casefold()
    said = f"{recipient.provenance.how}: RecipientTypeDetails is {recipient.type_details}"
    if kind in _MAILBOXES:
        return passed(
            f"{address} is a {recipient.type_details}",
            subject=address,
            rules_out=(
                "mailbox-not-in-exchange-online",
                "mailbox-on-premises-hybrid",
                "mailbox-group-or-public-folder",
                *(() if _is_deleted(evidence) else ("mailbox-licence-or-deleted",)),
            ),
        )
    if kind in _GROUPS:
        suspect = Suspect("mailbox-group-or-public-folder", Confidence.CERTAIN, (said,))
        return failed(f"{address} is a {recipient.type_details}, which IMAP cannot open", suspect, subject=address)
    if kind.startswith("remote") or kind in _NO_MAILBOX:
        return _elsewhere(recipient, kind, said, address)
    why = Unavailable(f"{said}, a type that is not known here", Missing.UNEXPECTED, recipient.provenance)
    return unknown("What the address is cannot be said", why, subject=address)


def _is_deleted(evidence: Evidence) -> bool:
    """Say whether a pasted row says that it is of a soft-deleted mailbox, which has the type of a live one."""
    return any(remark.kind.endswith("soft-deleted") for remark in evidence.remarks)


def _elsewhere(recipient: Recipient, kind: str, said: str, address: str) -> Judgement:
    if kind.startswith("remote"):
        suspects = [Suspect("mailbox-on-premises-hybrid", Confidence.CERTAIN, (said,))]
    else:
        suspects = [Suspect("mailbox-not-in-exchange-online", Confidence.CERTAIN, (said,))]
        if kind in _ELSEWHERE_ON_PREMISES:
            suspects.append(Suspect("mailbox-on-premises-hybrid", Confidence.POSSIBLE, (said,)))
    return failed(
        f"{address} is a {recipient.type_details}: its mailbox is not in Exchange Online", *suspects, subject=address
    )


def _absent(mailbox: MailboxEvidence, absent: Absent) -> Judgement:
    said = f"{absent.provenance.how}: {absent.absent}"
    if mailbox.soft_deleted is True:
        why = f"{said}; Get-Mailbox -SoftDeletedMailbox finds it"
        suspect = Suspect(
            "mailbox-licence-or-deleted", Confidence.CERTAIN, (why,), instead_of=("mailbox-not-in-exchange-online",)
        )
        return failed(f"{mailbox.address} was deleted", suspect, subject=mailbox.address)
    suspects = [Suspect("mailbox-not-in-exchange-online", Confidence.CERTAIN, (said, *_mail_elsewhere(mailbox)))]
    if isinstance(mailbox.soft_deleted, Unavailable):
        suspects.append(Suspect("mailbox-licence-or-deleted", Confidence.POSSIBLE, (said,)))
    return failed(f"Exchange Online has no recipient {mailbox.address}", *suspects, subject=mailbox.address)


def _mail_elsewhere(mailbox: MailboxEvidence) -> tuple[str, ...]:
    """Say where the domain's mail goes, when that is not Exchange Online."""
    hosts = mailbox.domain_mx
    if isinstance(hosts, Unavailable) or not hosts or any(host.rstrip(".").endswith(_MICROSOFT_MX) for host in hosts):
        return ()
    return (f"DNS: mail for {mailbox.address.rpartition('@')[2]} goes to {listed(hosts, 3)}, not to Exchange Online",)


CHECK = Check(
    id="recipient",
    stage=Stage.MAILBOX,
    title="The address is a mailbox in Exchange Online",
    causes=(
        "mailbox-not-in-exchange-online",
        "mailbox-on-premises-hybrid",
        "mailbox-group-or-public-folder",
        "mailbox-licence-or-deleted",
    ),
    judge=judge,
    order=10,
)
