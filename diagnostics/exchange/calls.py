"""The cmdlets that take an application's ids or a mailbox, as typed calls.

A cmdlet's parameters are a mapping of names to values, in which any id fits any name. Here each parameter has its type, so
that mypy refuses an App registration's Object ID, or an Application ID, in the place of the Enterprise Application's.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.exchange.port import CmdletCall
from diagnostics.ids import ApplicationId, EnterpriseAppObjectId


def new_service_principal(
    application_id: ApplicationId, object_id: EnterpriseAppObjectId, display_name: str = ""
) -> CmdletCall:
    """Register an application; an empty display name is left out (New-ServicePrincipal.md)."""
    named = {"AppId": application_id, "ObjectId": object_id, "DisplayName": display_name}
    return CmdletCall("New-ServicePrincipal", {name: value for name, value in named.items() if value})


def remove_service_principal(identity: ApplicationId | EnterpriseAppObjectId) -> CmdletCall:
    """Take a registration out, named by either of its ids (Remove-ServicePrincipal.md, -Identity)."""
    return CmdletCall("Remove-ServicePrincipal", {"Identity": identity, "Confirm": False})


def service_principal(application_id: ApplicationId) -> CmdletCall:
    """Ask for one application's registration; an unknown id returns all (Get-ServicePrincipal.md)."""
    return CmdletCall("Get-ServicePrincipal", {"Identity": application_id})


def role_assignments(assignee: EnterpriseAppObjectId) -> CmdletCall:
    """Ask for the management roles of an application."""
    return CmdletCall("Get-ManagementRoleAssignment", {"RoleAssignee": assignee})


def add_permission(mailbox: str, user: EnterpriseAppObjectId, rights: Sequence[str]) -> CmdletCall:
    """Give an application rights on a mailbox; Outlook's auto-mapping makes no sense for an application."""
    return CmdletCall(
        "Add-MailboxPermission",
        {
            "Identity": mailbox,
            "User": user,
            "AccessRights": list(rights),
            "InheritanceType": "All",
            "AutoMapping": False,
            "Confirm": False,
        },
    )


def remove_permission(mailbox: str, user: EnterpriseAppObjectId, rights: Sequence[str]) -> CmdletCall:
    """Take an application's rights on a mailbox back."""
    return CmdletCall(
        "Remove-MailboxPermission",
        {
            "Identity": mailbox,
            "User": user,
            "AccessRights": list(rights),
            "InheritanceType": "All",
            "Confirm": False,
        },
    )
