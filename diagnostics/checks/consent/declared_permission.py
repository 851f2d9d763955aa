"""What the registration asks for, where only that is known: people paste the manifest and not the grants.

Declared is not granted; but a permission that was never declared, or only for a signed-in user, was hardly granted.
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks.consent.application_permission import (
    GRAPH_SCOPES,
)
from diagnostics.clouds import EXCHANGE_ONLINE, IMAP_ACCESS_AS_APP, MICROSOFT_GRAPH
from diagnostics.evidence import AppRegistration, Evidence, RequiredPermission, TokenClaims, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed

_WANTED = "IMAP.AccessAsApp"
_EXPLAINS = ("claims-roles-missing", "auth-rejected-no-reason")
_CAUSES = (
    "consent-admin-consent-missing",
    "consent-graph-scope-id-under-exchange",
    "claims-delegated-instead-of-application",
    "claims-permission-on-graph-not-exchange",
)


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge the declared permissions when nobody looked at the grants."""
    registration = evidence.graph.registration
    if not isinstance(registration, AppRegistration) or not isinstance(evidence.graph.role_assignments, Unavailable):
        return
    declared = registration.required_permissions
    if evidence.live or not declared:
        return
    if any(p.resource_app_id == EXCHANGE_ONLINE and p.id == IMAP_ACCESS_AS_APP for p in declared):
        yield _declared(evidence, registration)
        return
    cause, why = _instead(declared)
    if cause:
        said = f"{registration.provenance.how}: {why}"
        yield failed(
            f"The registration does not ask for {_WANTED}",
            Suspect(cause, Confidence.LIKELY, (said,), instead_of=_EXPLAINS),
        )


def _declared(evidence: Evidence, registration: AppRegistration) -> Judgement:
    token = evidence.token()
    if isinstance(token, TokenClaims) and token.is_app_only and token.complete and not token.roles:
        said = f"{registration.provenance.how}: the registration asks for {_WANTED}, and {token.provenance.how} has no roles"
        suspect = Suspect("consent-admin-consent-missing", Confidence.LIKELY, (said,), instead_of=_EXPLAINS)
        return failed(f"{_WANTED} is asked for, and the token does not carry it", suspect)
    return passed(f"The registration asks for {_WANTED}; whether it is granted, the text does not say")


def _instead(declared: tuple[RequiredPermission, ...]) -> tuple[str, str]:
    """Return the cause for what is declared in the place of the application permission, and why."""
    on_exchange = [p for p in declared if p.resource_app_id == EXCHANGE_ONLINE]
    if any(p.id in GRAPH_SCOPES for p in on_exchange):
        return "consent-graph-scope-id-under-exchange", "Exchange is asked for an id that Microsoft Graph publishes"
    roles_on_graph = [p for p in declared if p.resource_app_id == MICROSOFT_GRAPH and p.type == "Role"]
    if on_exchange and all(p.type == "Scope" for p in on_exchange):
        return "claims-delegated-instead-of-application", "only delegated permissions of Exchange are asked for"
    if not on_exchange and any(p.id in GRAPH_SCOPES for p in declared):
        return "claims-delegated-instead-of-application", "the delegated IMAP permission of Graph is asked for"
    if not on_exchange and roles_on_graph:
        return "claims-permission-on-graph-not-exchange", "permissions of Microsoft Graph only are asked for"
    return "", ""


CHECK = Check(
    id="declared-permission",
    stage=Stage.CONSENT,
    title="The registration asks for IMAP.AccessAsApp",
    causes=_CAUSES,
    judge=judge,
    required=False,
    order=15,
)
