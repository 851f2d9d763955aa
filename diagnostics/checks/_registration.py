"""The registrations whose rows are looked for on mailboxes."""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.access import Standing, standing
from diagnostics.checks._ids import expected_application_id, expected_object_id
from diagnostics.evidence import Evidence, ExchangeServicePrincipal, Missing, Observed, Unavailable
from diagnostics.ids import NO_APPLICATION_ID, NO_ENTERPRISE_APP_OBJECT_ID, is_cut_off, may_be_same


def registration_for(
    evidence: Evidence, rows: Sequence[ExchangeServicePrincipal]
) -> Observed[Standing[ExchangeServicePrincipal]]:
    """Return what stands for the application; without any id to expect, the only row that a pasted text has."""
    expected, object_id = expected_application_id(evidence), expected_object_id(evidence)
    if expected is None and isinstance(object_id, Unavailable):
        if len(rows) == 1 and not evidence.live:
            return Standing(tuple(rows), right=True)
        return Unavailable("the text does not say which application is meant", Missing.NOT_IN_TEXT)
    application_id = NO_APPLICATION_ID if expected is None else expected.value
    own = NO_ENTERPRISE_APP_OBJECT_ID if isinstance(object_id, Unavailable) else object_id.value
    found = standing(rows, application_id, own)
    if found.rows:
        return found
    cut = [row for row in rows if is_cut_off(row.app_id) and may_be_same(row.app_id, application_id)]
    if len(cut) == 1 and not evidence.live and isinstance(object_id, Unavailable):
        return Standing(tuple(cut), right=True)
    return Unavailable(
        "Exchange has no rightly registered service principal whose rows could be looked for", Missing.BLOCKED
    )
