"""The tenant exists in this cloud; asked without credentials, so it is asked first."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._ids import is_guid, is_same
from diagnostics.checks.input._values import tenant_fault
from diagnostics.comparison import compare
from diagnostics.evidence import Evidence, Missing, TenantDiscovery, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown

_NO_SUCH_TENANT = 90002
_NO_TENANT = 900023


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge what OIDC discovery said of the configured tenant, here and in the other clouds."""
    found = evidence.discoveries
    if isinstance(found, Unavailable):
        yield unknown("Whether the tenant exists could not be asked", found)
        return
    own = [d for d in found if not d.for_mailbox_domain]
    here = next((d for d in own if d.login == evidence.target.login or not evidence.target.login), None)
    if here is None:
        if evidence.live:
            yield unknown("Whether the tenant exists could not be asked", _nothing(evidence))
        return
    if here.tenant_id and not is_guid(here.tenant_id):
        said = f"{here.login} names the tenant {here.tenant_id!r}, which is no id"
        yield unknown("Discovery gave an answer that is not known", said)
    elif here.tenant_id:
        where = f" ({here.region_sub_scope or here.region_scope})" if here.region_scope or here.region_sub_scope else ""
        compared = (
            [compare("tenant that was asked for", here.asked, "tenant that answered", here.tenant_id)]
            if "-" in here.asked and "." not in here.asked
            else []
        )
        yield passed(
            f"Tenant {here.asked} exists at {here.login}{where}: {here.tenant_id}",
            *compared,
            rules_out=("discovery-tenant-not-found",),
        )
    elif {_NO_SUCH_TENANT, _NO_TENANT} & set(here.error_codes):
        yield _not_here(evidence, here, own)
    else:
        yield unknown(
            "Discovery gave an answer that is not known", f"{here.login} answered {here.error or 'nothing of use'}"
        )


def _nothing(evidence: Evidence) -> Unavailable:
    return Unavailable(f"there is no answer of {evidence.target.login}", Missing.UNEXPECTED)


def _not_here(evidence: Evidence, here: TenantDiscovery, own: list[TenantDiscovery]) -> Judgement:
    said = f"{here.provenance.how}: {here.login} knows no tenant {here.asked!r} (AADSTS{here.error_codes[0]})"
    fault = tenant_fault(here.asked)
    if fault is not None:
        return failed(
            f"Tenant {here.asked!r} cannot exist: {fault.why}",
            Suspect(fault.cause, Confidence.CERTAIN, (said, fault.why)),
        )
    elsewhere = next((d for d in own if d.tenant_id and is_same(d.asked, here.asked)), None)
    if elsewhere is not None:
        why = f"{elsewhere.login} knows it as {elsewhere.tenant_id}"
        suspect = Suspect(
            "discovery-wrong-cloud", Confidence.CERTAIN, (said, why), instead_of=("discovery-tenant-not-found",)
        )
        return failed("The tenant is in another cloud", suspect)
    swapped = next((d for d in own if d.tenant_id and is_same(d.asked, evidence.target.application_id)), None)
    if swapped is not None:
        why = f"the Application ID {swapped.asked} is a tenant"
        suspect = Suspect(
            "input-tenant-and-client-swapped-or-same",
            Confidence.CERTAIN,
            (said, why),
            instead_of=("discovery-tenant-not-found",),
        )
        nowhere = ("discovery-wrong-cloud",) if _is_nowhere(here, own) else ()
        return failed("Tenant and application id are swapped", suspect, rules_out=nowhere)
    return failed(
        f"There is no tenant {here.asked!r} at {here.login}",
        Suspect("discovery-tenant-not-found", Confidence.CERTAIN, (said,)),
        rules_out=("discovery-wrong-cloud",) if _is_nowhere(here, own) else (),
    )


def _is_nowhere(here: TenantDiscovery, own: list[TenantDiscovery]) -> bool:
    """Say whether other clouds were asked for the tenant, and none of them knows it, either."""
    others = [d for d in own if d.login != here.login and is_same(d.asked, here.asked)]
    return bool(others) and all({_NO_SUCH_TENANT, _NO_TENANT} & set(d.error_codes) for d in others)


CHECK = Check(
    id="tenant",
    stage=Stage.DISCOVERY,
    title="The tenant exists in this cloud",
    causes=("discovery-tenant-not-found", "discovery-wrong-cloud", "input-tenant-and-client-swapped-or-same"),
    judge=judge,
    order=10,
)
