"""IMAP.AccessAsApp on Office 365 Exchange Online is declared and consented to; the two are different objects in Entra."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diagnostics.checks import Check
from diagnostics.checks._ids import is_guid
from diagnostics.clouds import (
    EXCHANGE_ONLINE,
    FULL_ACCESS_AS_APP,
    GRAPH_IMAP,
    GRAPH_SMTP,
    IMAP_ACCESS_AS_APP,
    MICROSOFT_GRAPH,
)
from diagnostics.comparison import look_among
from diagnostics.evidence import (
    AppRegistration,
    AppRoleAssignment,
    EnterpriseApplication,
    Evidence,
    RequiredPermission,
    TokenClaims,
    Unavailable,
)
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown
from diagnostics.identity import Known, tenant_of

_WANTED = "IMAP.AccessAsApp"


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Compare what the registration asks for with what was granted to the Enterprise Application."""
    grants = evidence.graph.role_assignments
    if isinstance(grants, Unavailable):
        yield unknown("Admin consent was not looked up", grants)
        return
    role_id = _role_id(evidence)
    here = _on_exchange(evidence, grants)
    names = [_WANTED if grant.app_role_id == role_id else _name(evidence, grant) for grant in here]
    compared = (look_among("app roles granted on Exchange Online", names, "needed", _WANTED, none="none"),)
    if imap_grants(evidence):
        yield passed(f"Admin consent for {_WANTED} is granted", *compared, rules_out=("consent-admin-consent-missing",))
        return
    odd = [grant for grant in grants if not (is_guid(grant.app_role_id) and is_guid(grant.resource_id))]
    if odd:
        yield unknown("Admin consent could not be read", f"Graph lists a grant without readable ids, of {len(grants)}")
        return
    if _is_in_the_token(evidence):
        said = f"the token of this run carries {_WANTED}, although Graph does not list it: one of the two is behind"
        yield unknown("Whether admin consent is granted cannot be said", said)
        return
    suspects = tuple(_suspects(evidence, here, role_id))
    yield failed(f"{_WANTED} is not granted", *suspects, compared=compared)


def imap_grants(evidence: Evidence) -> tuple[AppRoleAssignment, ...]:
    """Return the grants of IMAP.AccessAsApp on Exchange Online that Graph lists; none where nobody could look."""
    grants = evidence.graph.role_assignments
    if isinstance(grants, Unavailable):
        return ()
    role_id = _role_id(evidence)
    return tuple(grant for grant in _on_exchange(evidence, grants) if grant.app_role_id == role_id)


def _is_in_the_token(evidence: Evidence) -> bool:
    """Say whether Entra has just put the permission into a token, which it does for what is consented to."""
    token = evidence.token()
    roles = token.roles or () if evidence.live and isinstance(token, TokenClaims) else ()
    return _WANTED.casefold() in {role.casefold() for role in roles}


def _suspects(evidence: Evidence, here: Sequence[AppRoleAssignment], role_id: str) -> Iterator[Suspect]:
    explains = ("claims-roles-missing",)
    said = f"Graph: {_WANTED} is not among the app roles granted on Exchange Online ({_shown(evidence, here)})"
    registration = evidence.graph.registration
    if any(grant.app_role_id == FULL_ACCESS_AS_APP for grant in here):
        why = "Graph: full_access_as_app (EWS) is granted instead"
        yield Suspect(
            "claims-wrong-role-ews",
            Confidence.CERTAIN,
            (said, why),
            instead_of=(*explains, "consent-admin-consent-missing"),
        )
        return
    if not isinstance(registration, AppRegistration):
        enterprise = evidence.graph.enterprise_application
        home = _tenant(evidence)
        foreign = (
            isinstance(enterprise, EnterpriseApplication)
            and bool(home)
            and enterprise.owner_tenant_id.casefold() not in {"", home.casefold()}
        )
        cause = "consent-multitenant-adminconsent-scope" if foreign else "consent-admin-consent-missing"
        yield Suspect(cause, Confidence.LIKELY, (said,), instead_of=explains)
        return
    declared = registration.required_permissions
    on_exchange = [p for p in declared if p.resource_app_id == EXCHANGE_ONLINE]
    if any(p.id == role_id and p.type == "Role" for p in on_exchange):
        why = f"Graph: the App registration asks for {_WANTED}, nobody granted it"
        yield Suspect("consent-admin-consent-missing", Confidence.CERTAIN, (said, why), instead_of=explains)
    else:
        yield _undeclared(declared, on_exchange, said)


def _undeclared(
    declared: Sequence[RequiredPermission], on_exchange: Sequence[RequiredPermission], said: str
) -> Suspect:
    explains = ("claims-roles-missing",)
    delegated = [p for p in declared if p.type == "Scope"]
    if on_exchange and all(p.type == "Scope" for p in on_exchange):
        why = "Graph: the App registration asks for delegated permissions of Exchange only"
        return Suspect("claims-delegated-instead-of-application", Confidence.CERTAIN, (said, why), instead_of=explains)
    if not on_exchange and any(p.resource_app_id == MICROSOFT_GRAPH and p.id == GRAPH_IMAP for p in delegated):
        why = "Graph: the App registration asks for the delegated IMAP.AccessAsUser.All of Microsoft Graph"
        return Suspect("claims-delegated-instead-of-application", Confidence.CERTAIN, (said, why), instead_of=explains)
    if not on_exchange and any(p.resource_app_id == MICROSOFT_GRAPH and p.type == "Role" for p in declared):
        why = "Graph: the App registration asks for permissions of Microsoft Graph only"
        return Suspect("claims-permission-on-graph-not-exchange", Confidence.CERTAIN, (said, why), instead_of=explains)
    if not on_exchange:
        why = "Graph: the App registration asks for nothing of Office 365 Exchange Online"
        return Suspect("consent-resource-not-declared", Confidence.CERTAIN, (said, why), instead_of=explains)
    why = f"Graph: the App registration does not ask for {_WANTED}"
    return Suspect("claims-roles-missing", Confidence.CERTAIN, (said, why))


GRAPH_SCOPES = frozenset({GRAPH_IMAP, GRAPH_SMTP})


def _tenant(evidence: Evidence) -> str:
    """Return the tenant in which consent is looked at."""
    tenant = tenant_of(evidence)
    return tenant.value if isinstance(tenant, Known) else evidence.target.tenant


def _role_id(evidence: Evidence) -> str:
    resource = evidence.graph.exchange_online
    if isinstance(resource, EnterpriseApplication):
        published = (p.id for p in resource.permissions if p.value == _WANTED and p.type == "Role" and is_guid(p.id))
        return next(published, IMAP_ACCESS_AS_APP)
    return IMAP_ACCESS_AS_APP


def _on_exchange(evidence: Evidence, grants: Sequence[AppRoleAssignment]) -> list[AppRoleAssignment]:
    resource = evidence.graph.exchange_online
    if isinstance(resource, EnterpriseApplication) and is_guid(resource.object_id):
        return [grant for grant in grants if grant.resource_id == resource.object_id]
    return [grant for grant in grants if not grant.resource_display_name or "Exchange" in grant.resource_display_name]


def _shown(evidence: Evidence, grants: Sequence[AppRoleAssignment]) -> str:
    return ", ".join(_name(evidence, grant) for grant in grants) or "none"


def _name(evidence: Evidence, grant: AppRoleAssignment) -> str:
    """Return the name under which Exchange Online publishes what was granted; the id where it publishes none."""
    resource = evidence.graph.exchange_online
    published = resource.permissions if isinstance(resource, EnterpriseApplication) else ()
    return next((p.value for p in published if p.id == grant.app_role_id and p.value), grant.app_role_id)


CHECK = Check(
    id="admin-consent",
    stage=Stage.CONSENT,
    title="IMAP.AccessAsApp is consented to",
    causes=(
        "consent-admin-consent-missing",
        "claims-wrong-role-ews",
        "consent-multitenant-adminconsent-scope",
        "claims-delegated-instead-of-application",
        "claims-permission-on-graph-not-exchange",
        "consent-resource-not-declared",
        "claims-roles-missing",
    ),
    judge=judge,
    required=False,
    order=10,
)
