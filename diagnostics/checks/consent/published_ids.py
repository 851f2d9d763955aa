"""Every permission id that the registration asks for is one that the named resource publishes.

Exchange and Graph publish permissions of the same names under different ids; mixed up, they give AADSTS65006.
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._ids import is_guid
from diagnostics.clouds import EXCHANGE_ONLINE, GRAPH_IMAP, GRAPH_SMTP
from diagnostics.evidence import AppRegistration, EnterpriseApplication, Evidence, RequiredPermission, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown

_CAUSE = "consent-graph-scope-id-under-exchange"


_IDS_OF_GRAPH = {  # permissions that Microsoft Graph publishes under the names that Exchange has, too (Graph's scope list)
    GRAPH_IMAP: "IMAP.AccessAsUser.All",
    GRAPH_SMTP: "SMTP.Send",
}


def _on_exchange(registration: AppRegistration) -> list[RequiredPermission]:
    return [p for p in registration.required_permissions if p.resource_app_id == EXCHANGE_ONLINE]


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Look each declared id up among what Exchange Online publishes."""
    registration, resource = evidence.graph.registration, evidence.graph.exchange_online
    if isinstance(registration, AppRegistration) and isinstance(resource, Unavailable):
        of_graph = [p.id for p in _on_exchange(registration) if p.id in _IDS_OF_GRAPH]
        if of_graph:
            names = ", ".join(f"{_IDS_OF_GRAPH[one]} ({one})" for one in of_graph)
            said = f"Graph: under Exchange Online the registration asks for {names}, which are ids of Microsoft Graph"
            yield failed(
                "The registration asks Exchange for ids of Graph", Suspect(_CAUSE, Confidence.CERTAIN, (said,))
            )
            return
    if isinstance(registration, Unavailable) or isinstance(resource, Unavailable):
        why = registration if isinstance(registration, Unavailable) else resource
        assert isinstance(why, Unavailable)
        yield unknown("The declared permission ids were not looked up", why)
        return
    if (
        not isinstance(registration, AppRegistration)
        or not isinstance(resource, EnterpriseApplication)
        or not resource.permissions
    ):
        return
    published = {permission.id for permission in resource.permissions}
    declared = _on_exchange(registration)
    foreign = [p.id for p in declared if p.id not in published]
    if foreign and not all(is_guid(one) for one in (*foreign, *published)):
        yield unknown("The declared permission ids could not be read", "Graph shows an id of a permission that is none")
    elif foreign:
        said = f"Graph: Exchange Online publishes no permission with the id {', '.join(foreign)}"
        yield failed(
            "The registration asks Exchange for ids that are not Exchange's",
            Suspect(_CAUSE, Confidence.CERTAIN, (said,)),
        )
    elif declared:
        yield passed(f"All {len(declared)} permission ids declared on Exchange Online are published by it")


CHECK = Check(
    id="published-permission-ids",
    stage=Stage.CONSENT,
    title="The declared permissions are ones that Exchange publishes",
    causes=(_CAUSE,),
    judge=judge,
    required=False,
    order=20,
)
