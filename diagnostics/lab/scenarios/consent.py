"""Stage consent: what the application may do was asked for wrongly, or asked for and never granted."""

from __future__ import annotations

from diagnostics.lab.resources import EXCHANGE_ROLES, GRAPH_SCOPES, required
from diagnostics.lab.scenarios.registry import scenario
from diagnostics.lab.setup import Setup
from diagnostics.lab.state import EXCHANGE_ONLINE_APP_ID, MICROSOFT_GRAPH_APP_ID


@scenario("consent-admin-consent-missing", touches="application's permissions")
def admin_consent_missing(setup: Setup) -> None:
    """IMAP.AccessAsApp is on the registration's list, and nobody granted it."""
    setup.registration.required_resource_access[:] = [
        required(EXCHANGE_ONLINE_APP_ID, "Role", EXCHANGE_ROLES["IMAP.AccessAsApp"])
    ]
    setup.revoke_all()


@scenario("consent-multitenant-adminconsent-scope", touches="application's permissions, application")
def consent_without_exchange(setup: Setup) -> None:
    """Another company's application was consented to, for Graph only."""
    setup.tenant.registrations.remove(setup.registration)
    setup.other_tenant.registrations.append(setup.registration)
    setup.registration.sign_in_audience = "AzureADMultipleOrgs"
    setup.enterprise.owner_tenant_id = setup.other_tenant.id
    setup.revoke_all()
    setup.grant(setup.enterprise, MICROSOFT_GRAPH_APP_ID, "User.Read.All")


@scenario("consent-graph-scope-id-under-exchange", touches="application's permissions")
def graph_id_under_exchange(setup: Setup) -> None:
    """The registration asks Exchange for a permission by the id that it has in Graph."""
    setup.registration.required_resource_access[:] = [
        required(EXCHANGE_ONLINE_APP_ID, "Scope", GRAPH_SCOPES["IMAP.AccessAsUser.All"], GRAPH_SCOPES["SMTP.Send"])
    ]
    setup.revoke_all()


@scenario("consent-resource-not-declared", touches="application's permissions")
def resource_not_declared(setup: Setup) -> None:
    """The registration has only what the portal gives each new one; nobody added Exchange Online."""
    setup.registration.required_resource_access[:] = [
        required(MICROSOFT_GRAPH_APP_ID, "Scope", GRAPH_SCOPES["User.Read"])
    ]
    setup.revoke_all()
