"""What several checks need to know about ids: their shape, whether one was cut off, and which ones are expected."""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.evidence import (
    EnterpriseApplication,
    Evidence,
    ExchangeServicePrincipal,
    Missing,
    Observed,
    TokenClaims,
    Unavailable,
)
from diagnostics.ids import GUID, is_cut_off, is_guid, is_same, may_be_same

__all__ = [
    "GUID",
    "Expected",
    "expected_application_id",
    "expected_object_id",
    "is_cut_off",
    "is_guid",
    "is_same",
    "may_be_same",
    "registered",
]


@dataclass(frozen=True, slots=True)
class Expected:
    """An id that Exchange should hold, and where it was read."""

    value: str
    source: str


def expected_application_id(evidence: Evidence) -> Expected | None:
    """Return the Application ID to look for: the profile's, else the token's."""
    if is_guid(evidence.target.application_id):
        return Expected(
            evidence.target.application_id,
            "Application ID in the profile" if evidence.target.profile else "Application ID",
        )
    token = evidence.token()
    if isinstance(token, TokenClaims) and is_guid(token.application_id):
        return Expected(token.application_id, "appid in the token")
    return None


def expected_object_id(evidence: Evidence) -> Observed[Expected]:
    """Return the Enterprise Application's Object ID: the token's `oid` is proof, then Graph, then the profile's word."""
    token = evidence.token()
    if isinstance(token, TokenClaims) and token.is_app_only and is_guid(token.object_id):
        return Expected(token.object_id, "oid in the token (Enterprise Application Object ID)")
    enterprise = evidence.graph.enterprise_application
    if isinstance(enterprise, EnterpriseApplication):
        return Expected(enterprise.object_id, "Object ID of the Enterprise Application in Graph")
    if is_guid(evidence.target.enterprise_app_object_id):
        return Expected(evidence.target.enterprise_app_object_id, "Enterprise Application Object ID in the profile")
    return Unavailable(
        "neither a token nor Graph nor the profile tells the Enterprise Application's Object ID",
        Missing.BLOCKED if evidence.live else Missing.NOT_IN_TEXT,
        hint="Enterprise applications > your application > Overview > Object ID, then `enterprise_object_id` in the profile",
    )


def registered(evidence: Evidence) -> Observed[ExchangeServicePrincipal | None]:
    """Return the row of Get-ServicePrincipal that is this application, rightly registered; `None` when there is none."""
    rows = evidence.exchange.service_principals
    if isinstance(rows, Unavailable):
        return rows
    object_id = expected_object_id(evidence)
    if isinstance(object_id, Unavailable):
        return object_id
    application_id = expected_application_id(evidence)
    for row in rows:
        right_app = application_id is None or is_same(row.app_id, application_id.value)
        if right_app and is_same(row.object_id, object_id.value):
            return row
    return None
