"""With a user's token to a shared mailbox, the IMAP switch that counts is the signed-in user's, not the mailbox's.

"Protocol access follows the authenticated user rather than the mailbox" (OfficeDocs-Support,
pop3-imap-owa-activesync-office-365.md), so that the shared mailbox's own switch misleads.
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._ids import is_same
from diagnostics.comparison import compare
from diagnostics.evidence import CasMailbox, Evidence, TokenClaims
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed

_CAUSE = "mailbox-protocol-follows-user-for-delegated"


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Look at ImapEnabled of the token's user when another mailbox is meant to be read."""
    token = evidence.token()
    if not isinstance(token, TokenClaims) or token.is_app_only or not token.user_principal_name:
        return
    user = token.user_principal_name
    others = [m.address for m in evidence.mailboxes if not is_same(m.address, user)]
    others += [s.user for s in evidence.all_imap_sessions() if s.user and not is_same(s.user, user)]
    for mailbox in evidence.mailboxes:
        off = isinstance(mailbox.cas, CasMailbox) and mailbox.cas.imap_enabled is False
        if off and others and is_same(mailbox.address, user):
            said = f"the token is of {user}, whose ImapEnabled is False; the mailbox is {others[0]}"
            suspect = Suspect(
                _CAUSE,
                Confidence.CERTAIN,
                (said,),
                {"user": user},
                instead_of=("mailbox-imap-disabled", "interactive-wrong-account-selected"),
            )
            compared = compare("ImapEnabled", "False", "needed", "True")
            yield failed("IMAP is off for the user who signs in", suspect, compared=(compared,), subject=user)


CHECK = Check(
    id="protocol-of-user",
    stage=Stage.MAILBOX,
    title="IMAP is on for the user who signs in",
    causes=(_CAUSE,),
    judge=judge,
    order=25,
)
