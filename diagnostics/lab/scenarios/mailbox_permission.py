"""Stage mailbox-permission: the principal is right, and it may not open the mailbox."""

from __future__ import annotations

from diagnostics.lab.scenarios.registry import scenario
from diagnostics.lab.setup import Setup, full_access
from diagnostics.lab.state import ExchangeServicePrincipal, PermissionEntry, new_id


@scenario("perm-fullaccess-missing", touches="mailbox permission")
def full_access_missing(setup: Setup) -> None:
    """Nobody gave the principal any permission on the mailbox."""
    setup.remove_permissions()


@scenario("perm-granted-to-wrong-object", touches="mailbox permission")
def granted_to_other_principal(setup: Setup) -> None:
    """FullAccess was given to another application's principal."""
    setup.remove_permissions()
    other = ExchangeServicePrincipal(
        setup.operator_registration.app_id,
        setup.operator_enterprise.object_id,
        setup.operator_registration.display_name,
    )
    setup.tenant.exchange_service_principals.append(other)
    full_access(setup.mailbox, other)


@scenario(
    "perm-granted-to-wrong-object/user",
    touches="mailbox permission",
    rivals={"perm-fullaccess-missing": "a user's own permission beside a missing one looks the same"},
)
def granted_to_user(setup: Setup) -> None:
    """FullAccess was given to a user instead of the principal."""
    setup.remove_permissions()
    domain = setup.tenant.domains[0]
    user = next(
        recipient
        for recipient in setup.tenant.recipients
        if recipient is not setup.mailbox
        and recipient.primary_smtp_address.endswith(f"@{domain}")
        and recipient.is_mailbox
    )
    setup.mailbox.permissions.append(PermissionEntry(user.user_principal_name or user.alias, user.sid))


@scenario(
    "perm-granted-to-wrong-object/orphan",
    touches="mailbox permission",
    rivals={"perm-fullaccess-missing": "what an orphaned SID once belonged to cannot be told"},
)
def granted_to_orphan(setup: Setup) -> None:
    """FullAccess belongs to a principal that no longer exists."""
    setup.remove_permissions()
    gone = ExchangeServicePrincipal(new_id(), new_id(), "")
    setup.mailbox.permissions.append(PermissionEntry(gone.sid, gone.sid))


@scenario("perm-deny-entry", touches="mailbox permission")
def deny_entry(setup: Setup) -> None:
    """An entry that denies stands beside the one that allows."""
    principal = setup.exchange_principal
    setup.mailbox.permissions.append(PermissionEntry(principal.object_id, principal.sid, deny=True))


@scenario("perm-readpermission-only", touches="mailbox permission")
def read_permission_only(setup: Setup) -> None:
    """The principal may read the mailbox's permissions, not the mailbox."""
    for entry in setup.permissions_of_application():
        entry.access_rights = ("ReadPermission",)
