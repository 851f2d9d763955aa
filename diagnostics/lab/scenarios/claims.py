"""Stage claims: there is a token, and it does not carry what Exchange wants."""

from __future__ import annotations

from diagnostics.lab.catalog import make_operator
from diagnostics.lab.resources import EXCHANGE_ROLES, EXCHANGE_SCOPES, GRAPH_ROLES, required
from diagnostics.lab.scenarios.registry import scenario
from diagnostics.lab.setup import Setup
from diagnostics.lab.state import EXCHANGE_ONLINE_APP_ID, MICROSOFT_GRAPH_APP_ID, EnterpriseApplication
from diagnostics.lab.tokens import APP_ONLY_LIFETIME


@scenario("claims-roles-missing", touches="application's permissions")
def roles_missing(setup: Setup) -> None:
    """Nobody asked for IMAP.AccessAsApp: Exchange's permission for SMTP is on the list, and nothing is granted."""
    setup.revoke_all()
    setup.registration.required_resource_access[:] = [
        required(EXCHANGE_ONLINE_APP_ID, "Role", EXCHANGE_ROLES["SMTP.SendAsApp"])
    ]


@scenario("claims-roles-missing/without-graph", touches="application's permissions, graph")
def roles_missing_without_graph(setup: Setup) -> None:
    """The application holds no permission, and Graph may not be asked why."""
    setup.revoke_all()
    setup.profile.graph = False


def _only_role(setup: Setup, *roles: str) -> None:
    setup.revoke_all()
    setup.registration.required_resource_access[:] = [
        required(EXCHANGE_ONLINE_APP_ID, "Role", *(EXCHANGE_ROLES[role] for role in roles))
    ]
    for role in roles:
        setup.grant(setup.enterprise, EXCHANGE_ONLINE_APP_ID, role)


@scenario("claims-wrong-role-ews", touches="application's permissions")
def wrong_role_ews(setup: Setup) -> None:
    """The permission for Exchange Web Services was granted instead of the one for IMAP."""
    _only_role(setup, "full_access_as_app")


@scenario("claims-role-pop-or-smtp-only", touches="application's permissions")
def role_of_other_protocol(setup: Setup) -> None:
    """The permissions for POP and SMTP were granted, the one for IMAP was not."""
    _only_role(setup, "POP.AccessAsApp", "SMTP.SendAsApp")


@scenario("claims-delegated-instead-of-application", touches="application's permissions")
def delegated(setup: Setup) -> None:
    """The delegated permission was chosen, which a daemon cannot use."""
    setup.revoke_all()
    setup.registration.required_resource_access[:] = [
        required(EXCHANGE_ONLINE_APP_ID, "Scope", EXCHANGE_SCOPES["IMAP.AccessAsUser.All"])
    ]
    resource = setup.tenant.enterprise_application(EXCHANGE_ONLINE_APP_ID)
    setup.enterprise.oauth2_permission_grants.append(
        {
            "id": setup.enterprise.object_id,
            "clientId": setup.enterprise.object_id,
            "consentType": "AllPrincipals",
            "principalId": None,
            "resourceId": resource.object_id if resource else "",
            "scope": "IMAP.AccessAsUser.All",
        }
    )


@scenario("claims-permission-on-graph-not-exchange", touches="application's permissions")
def permission_on_graph(setup: Setup) -> None:
    """The application may read mail through Graph, and nothing of Exchange Online."""
    setup.revoke_all()
    setup.registration.required_resource_access[:] = [
        required(MICROSOFT_GRAPH_APP_ID, "Role", GRAPH_ROLES["Mail.Read"])
    ]
    setup.grant(setup.enterprise, MICROSOFT_GRAPH_APP_ID, "Mail.Read")


@scenario("claims-token-expired", touches="age of tokens")
def token_expired(setup: Setup) -> None:
    """Something on the way hands out tokens that it got hours ago (invented: such a cache is not recorded)."""
    setup.world.token_ages[setup.registration.app_id] = APP_ONLY_LIFETIME + 600


@scenario("claims-wrong-tenant-in-token", touches="tenant, application")
def wrong_tenant(setup: Setup) -> None:
    """The profile names another company, where the application is installed too; the mailbox is not there."""
    other = setup.other_tenant
    for registration, operator in ((setup.registration, False), (setup.operator_registration, True)):
        registration.sign_in_audience = "AzureADMultipleOrgs"
        installed = EnterpriseApplication(registration.app_id, registration.display_name, setup.tenant.id)
        other.enterprise_applications.append(installed)
        if operator:
            make_operator(setup, installed, other)
        else:
            setup.grant(installed, EXCHANGE_ONLINE_APP_ID, "IMAP.AccessAsApp", tenant=other)
    setup.profile.tenant = other.id
    setup.profile.enterprise_object_id = setup.profile.registration_object_id = None
