"""The mailbox's domain belongs to the tenant that is asked for the token: the right company."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._ids import is_guid
from diagnostics.comparison import compare
from diagnostics.evidence import Evidence, TenantDiscovery, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, skipped, unknown


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Compare the tenant of each mailbox's domain with the configured one, where both are known."""
    if isinstance(evidence.discoveries, Unavailable):
        return
    own = next((d.tenant_id for d in evidence.discoveries if not d.for_mailbox_domain and d.tenant_id), None)
    if own is None:
        return
    for domain in evidence.discoveries:
        if domain.for_mailbox_domain:
            yield _judge_domain(domain, own)


def _judge_domain(domain: TenantDiscovery, own: str) -> Judgement:
    if not domain.tenant_id:
        return skipped(
            f"{domain.asked} is no domain of any tenant in this cloud",
            "an address may use a domain that Entra does not know, so this proves nothing",
            subject=domain.asked,
        )
    if not (is_guid(domain.tenant_id) and is_guid(own)):
        why = f"{domain.login} names the tenants {domain.tenant_id!r} and {own!r}, and one of them is no id"
        return unknown(f"Whose domain {domain.asked} is cannot be said", why, subject=domain.asked)
    compared = compare(f"tenant of {domain.asked}", domain.tenant_id, "tenant of the profile", own)
    if compared.equal:
        return passed(f"{domain.asked} belongs to the tenant", compared, subject=domain.asked)
    said = f"{domain.provenance.how}: {domain.asked} belongs to tenant {domain.tenant_id}, the token is asked of {own}"
    suspect = Suspect(
        "claims-wrong-tenant-in-token", Confidence.CERTAIN, (said,), instead_of=("mailbox-not-in-exchange-online",)
    )
    return failed(f"{domain.asked} belongs to another tenant", suspect, compared=(compared,), subject=domain.asked)


CHECK = Check(
    id="mailbox-domain",
    stage=Stage.DISCOVERY,
    title="The mailbox's domain belongs to this tenant",
    causes=("claims-wrong-tenant-in-token",),
    judge=judge,
    order=20,
)
