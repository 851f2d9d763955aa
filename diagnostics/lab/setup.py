"""One lab before it starts: the world, the two identities, and what the profile and the environment will say.

Scenarios change a `Setup`: the World, when something is wrong in the tenant or on the line; the profile, when somebody
typed something wrong.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from diagnostics.lab.state import (
    AppRegistration,
    AppRoleAssignment,
    EnterpriseApplication,
    ExchangeServicePrincipal,
    PermissionEntry,
    Recipient,
    Tenant,
    World,
)


@dataclass
class ProfileValues:
    """What the profile says; everything in it may be wrong, as typed by somebody."""

    tenant: str
    application_id: str
    mailboxes: list[str]
    cloud: str = "global"
    secret: str | None = None
    certificate: bytes | None = field(default=None, repr=False)
    """Private key and certificate in PEM, instead of a secret."""
    operator_certificate: bytes | None = field(default=None, repr=False)
    """The operator's private key and certificate in PEM, instead of its secret."""
    enterprise_object_id: str | None = None
    registration_object_id: str | None = None
    graph: bool = True
    operation_seconds: int = 30
    imap_server: str | None = None
    """Another name than the lab's own."""


@dataclass
class Setup:
    """A healthy lab that scenarios break; the names are those of the application under test unless they say more."""

    world: World
    tenant: Tenant
    other_tenant: Tenant
    registration: AppRegistration
    enterprise: EnterpriseApplication
    exchange_principal: ExchangeServicePrincipal
    mailbox: Recipient
    operator_registration: AppRegistration
    operator_enterprise: EnterpriseApplication
    profile: ProfileValues

    def grant(
        self,
        application: EnterpriseApplication,
        resource_app_id: str,
        role: str,
        *,
        tenant: Tenant | None = None,
        created: dt.datetime | None = None,
    ) -> None:
        """Consent to an application permission of a resource in a tenant (the customer's unless told)."""
        place = tenant or self.tenant
        resource = place.enterprise_application(resource_app_id)
        assert resource is not None
        role_id = next(str(known["id"]) for known in resource.app_roles if known["value"] == role)
        assignment = AppRoleAssignment(application.object_id, resource.object_id, role_id)
        if created is not None:
            assignment.created = created
        application.app_role_assignments.append(assignment)

    def revoke_all(self) -> None:
        """Take every consent from the application under test."""
        self.enterprise.app_role_assignments.clear()

    def permissions_of_application(self) -> list[PermissionEntry]:
        """Return the entries of the application's Exchange service principal on the mailbox."""
        return [entry for entry in self.mailbox.permissions if entry.user_sid == self.exchange_principal.sid]

    def remove_permissions(self) -> None:
        """Take the mailbox away from the application's Exchange service principal."""
        for entry in self.permissions_of_application():
            self.mailbox.permissions.remove(entry)


def full_access(mailbox: Recipient, principal: ExchangeServicePrincipal) -> None:
    """Do what Add-MailboxPermission does; the entry shows the ObjectId, as in the administrators' guide."""
    mailbox.permissions.append(PermissionEntry(principal.object_id, principal.sid))
