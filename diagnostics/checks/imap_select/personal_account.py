"""The address is of an organisation: personal Outlook.com mailboxes are in no tenant, and no application opens them."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.comparison import shortened
from diagnostics.evidence import Evidence
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed

_PERSONAL = {"outlook.com", "hotmail.com", "live.com", "msn.com", "passport.com"}
_CAUSE = "mailbox-personal-account"
_EXPLAINS = ("mailbox-not-in-exchange-online", "perm-fullaccess-missing", "auth-rejected-no-reason")


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Compare the domain of each address with those of personal accounts, and hear what Exchange says of the user."""
    for remark in evidence.remarks:
        if remark.kind == "user-type-personal":
            said = (
                f"{remark.provenance.how}: “{shortened(remark.text, 200)}”: UserType OutlookCom is a personal account's"
            )
            yield failed(
                "Exchange calls the user a personal account",
                Suspect(_CAUSE, Confidence.LIKELY, (said,), instead_of=_EXPLAINS),
            )
    logged = (session.user for session in evidence.imap_sessions)
    sent = (string.user for string in evidence.sasl_strings)
    for address in dict.fromkeys((*evidence.target.mailboxes, *logged, *sent)):
        domain = address.rpartition("@")[2].casefold()
        if domain in _PERSONAL or domain.removesuffix(f".{domain.rpartition('.')[2]}") in {"hotmail", "live"}:
            said = f"{address}: {domain} is a domain of personal accounts"
            suspect = Suspect(_CAUSE, Confidence.LIKELY, (said,), instead_of=_EXPLAINS)
            yield failed(f"{address} is a personal mailbox", suspect, subject=address)


CHECK = Check(
    id="personal-account",
    stage=Stage.IMAP_SELECT,
    title="The mailbox is an organisation's",
    causes=(_CAUSE,),
    judge=judge,
    order=5,
)
