"""Tenant, application and both Object IDs are four different ids: where one stands twice, at least one place is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.comparison import compare
from diagnostics.evidence import Evidence, SettingName
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed
from diagnostics.ids import is_guid
from diagnostics.slips import meant

_SAME, _OBJECT_ID = "input-tenant-and-client-swapped-or-same", "exo-sp-wrong-object-id"
_TENANT, _APPLICATION = SettingName.TENANT, SettingName.APPLICATION_ID
_ENTERPRISE, _REGISTRATION = SettingName.ENTERPRISE_APP_OBJECT_ID, SettingName.APP_REGISTRATION_OBJECT_ID
_PAIRS: tuple[tuple[SettingName, SettingName, str, Confidence], ...] = (
    (_TENANT, _APPLICATION, _SAME, Confidence.CERTAIN),
    (_APPLICATION, _ENTERPRISE, _OBJECT_ID, Confidence.LIKELY),
    (_REGISTRATION, _ENTERPRISE, _OBJECT_ID, Confidence.LIKELY),
    (_TENANT, _ENTERPRISE, _OBJECT_ID, Confidence.LIKELY),
    (_APPLICATION, _REGISTRATION, "", Confidence.CERTAIN),
    (_TENANT, _REGISTRATION, "", Confidence.CERTAIN),
)
"""Which two are compared, and the cause where they are the same. What was typed does not show what Exchange holds, so
that a wrong Object ID is likely there and not certain; the App registration's is needed by nothing, so it has no cause."""


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Compare the ids with each other, where whole ones were typed."""
    typed: dict[SettingName, dict[str, str]] = {}
    for setting in evidence.settings:
        value = meant(setting.raw)
        if is_guid(value):
            typed.setdefault(setting.name, {}).setdefault(value.casefold(), value)
    for one, other, cause, sure in _PAIRS:
        ours, theirs = typed.get(one, {}), typed.get(other, {})
        same = next((value for key, value in ours.items() if key in theirs), None)
        if same is not None:
            yield _the_same(one, other, same, cause, sure)
        elif ours and theirs and cause == _SAME:
            compared = compare(one, list(ours.values())[-1], other, list(theirs.values())[-1])
            yield passed("Tenant and application id differ", compared)


def _the_same(one: SettingName, other: SettingName, value: str, cause: str, sure: Confidence) -> Judgement:
    compared = (compare(one, value, other, value),)
    said = f"{one} and {other} are both {value}"
    if cause == _SAME:
        suspect = Suspect(cause, sure, (said,))
        return failed("The same id stands for the tenant and for the application", suspect, compared=compared)
    wrong = _REGISTRATION if not cause else _ENTERPRISE
    hint = f"Copy the {wrong} again: {_WHERE[wrong]} > your application > Overview > Object ID."
    suspects = (Suspect(cause, sure, (said,)),) if cause else ()
    return failed(f"The {one} stands in the place of the {other} too: {value}", *suspects, compared=compared, hint=hint)


_WHERE = {_ENTERPRISE: "Enterprise applications", _REGISTRATION: "App registrations"}


CHECK = Check(
    id="distinct-ids",
    stage=Stage.INPUT,
    title="Tenant, application and Object IDs are different ids",
    causes=(_SAME, _OBJECT_ID),
    judge=judge,
    order=20,
)
