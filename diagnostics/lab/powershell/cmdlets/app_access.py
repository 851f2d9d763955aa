"""Get-ApplicationAccessPolicy and Get-ManagementRoleAssignment: what restricts or allows applications elsewhere.

Neither grants IMAP; administrators set them up and wonder. Sources: office-docs-powershell, pages of the cmdlets. The
rows are what the model holds, under the names that the pages give.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from diagnostics.lab.powershell.cmdlets.common import exchange_cmdlet, row
from diagnostics.lab.powershell.cmdlets.exchange_errors import NOT_FOUND, CmdletRefused
from diagnostics.lab.powershell.cmdlets.service_principal import matching
from diagnostics.lab.powershell.declaration import Call, Parameter
from diagnostics.lab.state import Tenant


def _same(value: object, wanted: str) -> bool:
    return str(value).casefold() == wanted.casefold()


def _policies(call: Call, tenant: Tenant) -> Iterator[Any]:
    wanted = call.text("Identity")
    found = [policy for policy in tenant.application_access_policies if not wanted or _same(policy["Identity"], wanted)]
    if wanted and not found:
        raise CmdletRefused(NOT_FOUND, identity=wanted)
    for policy in found:
        yield row("ApplicationAccessPolicy", {**policy, "IsValid": True, "ObjectState": "Unchanged"})


def _assignments(call: Call, tenant: Tenant) -> Iterator[Any]:
    assignee, role, identity = call.text("RoleAssignee"), call.text("Role"), call.text("Identity")
    holders = {assignee.casefold(), *(principal.object_id.casefold() for principal in matching(tenant, assignee))}
    found = [
        assignment
        for assignment in tenant.management_role_assignments
        if (not assignee or str(assignment["RoleAssignee"]).casefold() in holders)
        and (not role or _same(assignment["Role"], role))
        and (not identity or _same(assignment["Name"], identity))
    ]
    if identity and not found:
        raise CmdletRefused(NOT_FOUND, identity=identity)
    for assignment in found:
        shown = {"RoleAssigneeName": assignment["RoleAssignee"], "AssignmentMethod": "Direct", "IsValid": True}
        yield row("ManagementRoleAssignment", {**assignment, **shown, "ObjectState": "Unchanged"})


_IDENTITY = Parameter("Identity", position=0, pipeline="both")

CMDLETS = (
    exchange_cmdlet("Get-ApplicationAccessPolicy", _policies, (_IDENTITY,)),
    exchange_cmdlet(
        "Get-ManagementRoleAssignment",
        _assignments,
        (_IDENTITY, Parameter("RoleAssignee"), Parameter("Role", pipeline="value")),
        unsimulated=(
            "AssignmentMethod",
            "ConfigWriteScope",
            "CustomConfigWriteScope",
            "CustomRecipientWriteScope",
            "Delegating",
            "Enabled",
            "Exclusive",
            "ExclusiveConfigWriteScope",
            "ExclusiveRecipientWriteScope",
            "GetEffectiveUsers",
            "RecipientAdministrativeUnitScope",
            "RecipientGroupScope",
            "RecipientOrganizationalUnitScope",
            "RecipientWriteScope",
            "RoleAssigneeType",
            "WritableRecipient",
        ),
    ),
)
