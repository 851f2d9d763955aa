"""Entries that look meant for the application and are another principal's."""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.access import Bond, Principal, bond, principals
from diagnostics.evidence import Evidence, MailboxPermission, Unavailable
from diagnostics.ids import is_guid, is_same


def mistaken_for(evidence: Evidence, row: MailboxPermission, mine: Sequence[Principal]) -> str:
    """Say whose a row is that was meant for the application; empty when it does not look so."""
    user = row.user
    if any(bond(row, one) is Bond.EARLIER for one in mine):
        return f"{user} shows the ObjectId, but the SID {row.user_sid} of an earlier registration of it"
    if is_same(user, evidence.target.application_id):
        return f"{user} is the Application ID, not the service principal"
    registration = getattr(evidence.graph.registration, "object_id", "")
    if is_same(user, evidence.target.app_registration_object_id) or is_same(user, registration):
        return f"{user} is the App registration's Object ID"
    registered = evidence.exchange.service_principals
    if isinstance(registered, Unavailable):
        return f"{user} is not the Enterprise Application's Object ID" if is_guid(user) else ""
    for other, principal in zip(registered, principals(registered), strict=True):
        if bond(row, principal).proven:
            return f"{user} is the service principal of another application (AppId {other.app_id})"
    if is_guid(user):
        return f"{user} is the id of no service principal that Exchange knows"
    if user.casefold().startswith("s-1-5-21-"):
        return f"{user} is the SID of a principal that no longer exists"
    return ""
