"""Grants that look like access and are none for IMAP: RBAC for Applications, and application access policies."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.access import opens, principals
from diagnostics.checks import Check
from diagnostics.checks._registration import registration_for
from diagnostics.evidence import Evidence, MailboxEvidence, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed

_RBAC = "exo-rbac-for-apps-does-not-cover-imap"
_POLICY = "exo-application-access-policy-scope"


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Name such a grant when no FullAccess of the application is seen beside it."""
    if any(_has_access(evidence, mailbox) for mailbox in evidence.mailboxes):
        return
    assignments, policies = evidence.exchange.role_assignments, evidence.exchange.access_policies
    if not isinstance(assignments, Unavailable):
        roles = [a for a in assignments if a.role.casefold().startswith("application ")]
        if roles:
            said = f"{roles[0].provenance.how}: {', '.join(a.role for a in roles)} is assigned; no such role exists for IMAP"
            yield failed("RBAC for Applications does not cover IMAP", Suspect(_RBAC, Confidence.LIKELY, (said,)))
    if not isinstance(policies, Unavailable) and policies:
        said = f"{policies[0].provenance.how}: an application access policy ({policies[0].access_right}); it never grants IMAP"
        yield failed(
            "An application access policy grants nothing for IMAP", Suspect(_POLICY, Confidence.LIKELY, (said,))
        )


def _has_access(evidence: Evidence, mailbox: MailboxEvidence) -> bool:
    """Say whether the application has FullAccess; of a text that does not name it, whether any registered one has."""
    rows, registered = mailbox.permissions, evidence.exchange.service_principals
    if isinstance(rows, Unavailable) or isinstance(registered, Unavailable):
        return False
    found = registration_for(evidence, registered)
    mine = registered if isinstance(found, Unavailable) else found.rows
    return any(opens(rows, [principal]) for principal in principals(mine, registered))


CHECK = Check(
    id="other-grants",
    stage=Stage.EXCHANGE_SP,
    title="No grant of another kind is taken for mailbox access",
    causes=(_RBAC, _POLICY),
    judge=judge,
    required=False,
    order=30,
)
