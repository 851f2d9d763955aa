"""Stage exchange-sp: the service principal in Exchange is missing, or holds the wrong ids."""

from __future__ import annotations

import dataclasses
import datetime as dt

from diagnostics.lab.scenarios.registry import scenario
from diagnostics.lab.setup import Setup
from diagnostics.lab.state import EXCHANGE_ONLINE_APP_ID, new_id, new_sid, utc_now


@scenario("exo-sp-not-registered", touches="exchange service principal, mailbox permission")
def not_registered(setup: Setup) -> None:
    """Exchange has no service principal of the application."""
    setup.remove_permissions()
    setup.tenant.exchange_service_principals.remove(setup.exchange_principal)


def _register_as(setup: Setup, app_id: str, object_id: str) -> None:
    """Give the principal other ids, as if New-ServicePrincipal had been called with them; permissions follow it."""
    principal = setup.exchange_principal
    for recipient in setup.tenant.recipients:
        for entry in recipient.permissions:
            if entry.user_sid == principal.sid:
                entry.user = object_id
    principal.app_id, principal.object_id = app_id, object_id


@scenario("exo-sp-wrong-object-id", touches="exchange service principal")
def wrong_object_id(setup: Setup) -> None:
    """The principal was registered with the app registration's Object ID."""
    _register_as(setup, setup.registration.app_id, setup.registration.object_id)


@scenario("exo-sp-wrong-object-id/resource", touches="exchange service principal")
def object_id_of_resource(setup: Setup) -> None:
    """The principal was registered with the Object ID of Office 365 Exchange Online."""
    resource = setup.tenant.enterprise_application(EXCHANGE_ONLINE_APP_ID)
    assert resource is not None
    _register_as(setup, setup.registration.app_id, resource.object_id)


@scenario("exo-sp-wrong-object-id/unknown", touches="exchange service principal")
def object_id_of_nothing(setup: Setup) -> None:
    """The principal was registered with an id that is nobody's."""
    _register_as(setup, setup.registration.app_id, new_id())


@scenario("exo-sp-appid-and-objectid-swapped", touches="exchange service principal")
def swapped(setup: Setup) -> None:
    """The two ids changed places in New-ServicePrincipal."""
    _register_as(setup, setup.enterprise.object_id, setup.registration.app_id)


RECREATED = "exchange service principal, mailbox permission, application, client id"


def _recreate_enterprise_application(setup: Setup, app_id: str) -> None:
    """Delete the enterprise application and make it again, with everything that it was allowed to do."""
    tenant, old, new = setup.tenant, setup.enterprise, new_id()
    assignments = [
        dataclasses.replace(grant, id=new_id(), principal_id=new, created=utc_now() - dt.timedelta(days=3))
        for grant in old.app_role_assignments
    ]
    setup.enterprise = dataclasses.replace(old, app_id=app_id, object_id=new, app_role_assignments=assignments)
    tenant.enterprise_applications[tenant.enterprise_applications.index(old)] = setup.enterprise
    tenant.deleted_service_principals.append(old)
    if setup.profile.enterprise_object_id is not None:
        setup.profile.enterprise_object_id = new


@scenario("exo-sp-stale-after-recreation", touches=RECREATED)
def stale_after_recreation(setup: Setup) -> None:
    """Registration and enterprise application were made again; Exchange still holds the old pair."""
    tenant, world, old = setup.tenant, setup.world, setup.registration
    setup.registration = dataclasses.replace(old, app_id=new_id(), object_id=new_id())
    tenant.registrations[tenant.registrations.index(old)] = setup.registration
    _recreate_enterprise_application(setup, setup.registration.app_id)
    setup.profile.application_id = setup.registration.app_id
    if setup.profile.registration_object_id is not None:
        setup.profile.registration_object_id = setup.registration.object_id
    if old.app_id in tenant.blocked_by_conditional_access:
        tenant.blocked_by_conditional_access.add(setup.registration.app_id)
    if old.app_id in world.token_ages:
        world.token_ages[setup.registration.app_id] = world.token_ages[old.app_id]


@scenario("exo-sp-stale-after-recreation/enterprise-only", touches=RECREATED)
def stale_enterprise_only(setup: Setup) -> None:
    """The enterprise application alone was deleted and made again: same Application ID, new object id."""
    _recreate_enterprise_application(setup, setup.registration.app_id)


@scenario("exo-cmdlet-not-found", touches="operator's roles")
def cmdlet_not_found(setup: Setup) -> None:
    """The operator's role does not contain the cmdlets for service principals."""
    setup.operator_enterprise.directory_roles.clear()
    setup.operator_enterprise.directory_roles.add("Exchange Recipient Administrator")


@scenario("exo-rbac-for-apps-does-not-cover-imap", touches="mailbox permission")
def rbac_for_applications(setup: Setup) -> None:
    """The application holds roles of RBAC for Applications, and no permission on the mailbox."""
    setup.remove_permissions()
    for role in ("Application Mail.Read", "Application Mail Full Access"):
        setup.tenant.management_role_assignments.append(
            {
                "Name": f"{role}-{setup.exchange_principal.display_name}",
                "Role": role,
                "RoleAssignee": setup.exchange_principal.object_id,
                "RoleAssigneeType": "ServicePrincipal",
                "Guid": new_id(),
            }
        )


@scenario("exo-application-access-policy-scope", touches="mailbox permission")
def application_access_policy(setup: Setup) -> None:
    """An application access policy names the application; it grants nothing, and there is no permission."""
    setup.remove_permissions()
    setup.tenant.application_access_policies.append(
        {
            "AppId": setup.registration.app_id,
            "AccessRight": "RestrictAccess",
            "ScopeName": "Mail import mailboxes",
            "ScopeIdentity": new_sid(),
            "Description": "",
            "Identity": new_id(),
        }
    )
