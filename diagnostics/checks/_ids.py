"""What several checks need to know about ids: their shape, whether one was cut off, and which ones are expected."""

from __future__ import annotations

from diagnostics.access import rightly_registered
from diagnostics.evidence import Evidence, ExchangeServicePrincipal, Observed, Unavailable
from diagnostics.identity import Known, application_id_of, object_id_of
from diagnostics.ids import (
    GUID,
    NO_APPLICATION_ID,
    ApplicationId,
    EnterpriseAppObjectId,
    is_cut_off,
    is_guid,
    is_same,
    may_be_same,
)

__all__ = [
    "GUID",
    "expected_application_id",
    "expected_object_id",
    "is_cut_off",
    "is_guid",
    "is_same",
    "may_be_same",
    "registered",
]


def expected_application_id(evidence: Evidence) -> Known[ApplicationId] | None:
    """Return the Application ID to look for, where anybody says it."""
    known = application_id_of(evidence)
    return None if isinstance(known, Unavailable) else known


def expected_object_id(evidence: Evidence) -> Observed[Known[EnterpriseAppObjectId]]:
    """Return the Enterprise Application's Object ID that Exchange has to hold."""
    return object_id_of(evidence)


def registered(evidence: Evidence) -> Observed[ExchangeServicePrincipal | None]:
    """Return the row of Get-ServicePrincipal that is this application, rightly registered; `None` when there is none."""
    rows = evidence.exchange.service_principals
    if isinstance(rows, Unavailable):
        return rows
    object_id = expected_object_id(evidence)
    if isinstance(object_id, Unavailable):
        return object_id
    application_id = expected_application_id(evidence)
    app = NO_APPLICATION_ID if application_id is None else application_id.value
    return next(iter(rightly_registered(rows, app, object_id.value)), None)
