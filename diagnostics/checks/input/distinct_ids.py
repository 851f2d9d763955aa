"""Tenant id and Application ID are different ids, and neither is one of the two Object IDs."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._ids import is_guid
from diagnostics.comparison import compare
from diagnostics.evidence import Evidence, SettingName
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Compare the ids with each other, where whole ones were typed."""
    typed = {s.name: s.raw.strip() for s in evidence.settings if is_guid(s.raw.strip())}
    tenant, application = typed.get(SettingName.TENANT), typed.get(SettingName.APPLICATION_ID)
    if tenant is None or application is None:
        return
    compared = compare("tenant", tenant, "application id", application)
    if compared.equal:
        said = f"tenant and application id are both {tenant}"
        suspect = Suspect("input-tenant-and-client-swapped-or-same", Confidence.CERTAIN, (said,))
        yield failed("The same id stands for the tenant and for the application", suspect, compared=(compared,))
    else:
        yield passed("Tenant and application id differ", compared)


CHECK = Check(
    id="distinct-ids",
    stage=Stage.INPUT,
    title="Tenant and application are different ids",
    causes=("input-tenant-and-client-swapped-or-same",),
    judge=judge,
    order=20,
)
