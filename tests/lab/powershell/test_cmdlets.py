"""The simulated Exchange cmdlets through the real pypsrp, in orders that no product uses."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from pypsrp.powershell import RunspacePool

from diagnostics.lab.powershell.session import HostProfile
from diagnostics.lab.state import PermissionEntry, Recipient, new_id, new_sid
from tests.lab.powershell.conftest import COMPLETED, FAILED, LabWorld, cmdlet, connect, run


def as_json(name: str, **parameters: Any) -> list[Any]:
    return [cmdlet(name, **parameters), cmdlet("ConvertTo-Json", Compress=True)]


def test_no_exchange_cmdlet_exists_before_the_connection(pool: RunspacePool) -> None:
    for name in ("Get-ServicePrincipal", "Get-MailboxPermission", "Set-CASMailbox", "Get-Recipient"):
        answer = run(pool, cmdlet(name))
        assert answer.state == FAILED
        assert answer.error_ids == ["CommandNotFoundException"]
        assert f"The term '{name}' is not recognized as a name of a cmdlet" in answer.messages[0]


def test_cmdlets_of_the_module_say_that_they_need_a_connection(pool: RunspacePool) -> None:
    answer = run(pool, cmdlet("Get-EXOMailbox"))
    assert "You must call the Connect-ExchangeOnline cmdlet" in answer.messages[0]
    assert answer.state == COMPLETED


def test_service_principals_are_shown_with_both_ids(lab: LabWorld, connected: RunspacePool) -> None:
    shown = run(connected, cmdlet("get-serviceprincipal")).output[0]
    assert shown["AppId"] == lab.principal.app_id
    assert shown["ObjectId"] == shown["Identity"] == lab.principal.object_id
    assert shown["Sid"] == lab.principal.sid
    assert shown["Guid"] == uuid.UUID(lab.principal.guid)


def test_an_older_host_calls_the_object_id_by_its_old_name(lab: LabWorld) -> None:
    old = lab.winrm(host=HostProfile("5.1.26100.1", "Desktop", module_version="3.1.0", object_id_property="ServiceId"))
    with RunspacePool(lab.wsman(old)) as pool:
        shown = run(pool, connect(lab), cmdlet("Get-ServicePrincipal")).output[0]
        assert shown["ServiceId"] == lab.principal.object_id
        assert "ObjectId" not in shown
        assert pool.application_private_data is not None
        assert pool.application_private_data.data["PSVersionTable"]["PSVersion"] == "5.1.26100.1"


@pytest.mark.parametrize("identity", ["nobody", "", "11111111-2222-3333-4444-555555555555"])
def test_an_unknown_service_principal_gives_all_of_them(lab: LabWorld, connected: RunspacePool, identity: str) -> None:
    run(connected, cmdlet("New-ServicePrincipal", AppId=new_id(), ObjectId=new_id(), DisplayName="Other"))
    assert len(run(connected, cmdlet("Get-ServicePrincipal", Identity=identity)).output) == 2
    one = run(connected, cmdlet("Get-ServicePrincipal", Identity=lab.principal.app_id.upper())).output
    assert [row["ObjectId"] for row in one] == [lab.principal.object_id]


def test_new_service_principal_validates_nothing_and_refuses_a_second_of_one_app(connected: RunspacePool) -> None:
    app_id, nonsense = new_id(), "not-in-any-directory"
    made = run(connected, cmdlet("New-ServicePrincipal", AppId=app_id, ObjectId=nonsense, DisplayName="Wrong"))
    assert made.output[0]["ObjectId"] == nonsense
    again = run(connected, cmdlet("New-ServicePrincipal", AppId=app_id, ServiceId=new_id()))
    assert "already exists" in again.messages[0]
    assert again.state == COMPLETED
    missing = run(connected, cmdlet("New-ServicePrincipal", AppId=app_id))
    assert missing.error_ids == ["MissingMandatoryParameter,New-ServicePrincipal"]


def test_set_service_principal_changes_the_name_only(lab: LabWorld, connected: RunspacePool) -> None:
    named = {"Identity": lab.principal.object_id, "DisplayName": "New name"}
    assert run(connected, cmdlet("Set-ServicePrincipal", **named)).errors == []
    assert lab.principal.display_name == "New name"
    by_place = run(connected, cmdlet("Set-ServicePrincipal", lab.principal.object_id, DisplayName="Other"))
    assert by_place.error_ids == ["PositionalParameterNotFound,Set-ServicePrincipal"]
    piped = run(connected, [cmdlet("Get-ServicePrincipal"), cmdlet("Set-ServicePrincipal", DisplayName="Other")])
    assert piped.error_ids == ["MissingMandatoryParameter,Set-ServicePrincipal"]
    assert lab.principal.display_name == "New name"
    refused = run(connected, cmdlet("Set-ServicePrincipal", Identity=lab.principal.object_id, ObjectId=new_id()))
    assert refused.error_ids == ["NamedParameterNotFound,Set-ServicePrincipal"]


def test_remove_service_principal_asks_unless_told_not_to(lab: LabWorld, connected: RunspacePool) -> None:
    asked = run(connected, cmdlet("Remove-ServicePrincipal", Identity=lab.principal.app_id))
    assert asked.state == FAILED
    assert asked.error_ids == ["HostException,Remove-ServicePrincipal"]
    assert "the host program or the command type does not support user interaction" in asked.messages[0]
    assert run(connected, cmdlet("Remove-ServicePrincipal", Identity=lab.principal.app_id, WhatIf=True)).errors == []
    assert lab.tenant.exchange_service_principals == [lab.principal]
    removed = run(connected, cmdlet("Remove-ServicePrincipal", Identity=lab.principal.app_id, Confirm=False))
    assert removed.errors == []
    assert lab.tenant.exchange_service_principals == []
    gone = run(connected, cmdlet("Remove-ServicePrincipal", Identity=lab.principal.app_id, Confirm=False))
    assert gone.messages[0].startswith("Ex6F9304|")


def test_a_permission_is_granted_shown_and_revoked(lab: LabWorld, connected: RunspacePool) -> None:
    grant = cmdlet(
        "Add-MailboxPermission",
        Identity="ERP@contoso.com",
        User=lab.principal.object_id,
        AccessRights="FullAccess",
        InheritanceType="All",
        AutoMapping=False,
    )
    first, second = run(connected, grant), run(connected, grant)
    assert first.output[0]["User"] == lab.principal.object_id
    assert first.warnings == []
    assert "is already present on the object" in second.warnings[0]
    assert len(lab.mailbox.permissions) == 1
    rows = run(connected, cmdlet("Get-MailboxPermission", "erp")).output
    assert [row["User"] for row in rows] == ["NT AUTHORITY\\SELF", lab.principal.object_id]
    assert [row["AccessRights"] for row in rows] == [["FullAccess, ReadPermission"], ["FullAccess"]]
    assert rows[1]["UserSid"] == lab.principal.sid
    narrowed = run(connected, cmdlet("Get-MailboxPermission", Identity="erp", User=lab.principal.app_id)).output
    assert [row["User"] for row in narrowed] == [lab.principal.object_id]
    revoke = {"Identity": "erp", "User": lab.principal.sid, "AccessRights": ["FullAccess"], "Confirm": False}
    assert run(connected, cmdlet("Remove-MailboxPermission", **revoke)).warnings == []
    assert lab.mailbox.permissions == []
    nothing = run(connected, cmdlet("Remove-MailboxPermission", **revoke))
    assert "because the ACE doesn't exist on the object" in nothing.warnings[0]
    assert nothing.errors == []


def test_rights_are_joined_by_commas_and_kept_apart_from_denied_ones(lab: LabWorld, connected: RunspacePool) -> None:
    who = {"Identity": "erp", "User": lab.principal.object_id}
    run(
        connected,
        cmdlet("Add-MailboxPermission", AccessRights="ReadPermission, FullAccess", **who),
        cmdlet("Add-MailboxPermission", AccessRights="FullAccess", Deny=True, **who),
    )
    rows = run(connected, cmdlet("Get-MailboxPermission", "erp", User=lab.principal.object_id)).output
    assert [(row["AccessRights"], row["Deny"]) for row in rows] == [
        (["FullAccess, ReadPermission"], False),
        (["FullAccess"], True),
    ]
    run(connected, cmdlet("Remove-MailboxPermission", AccessRights="FullAccess", Confirm=False, **who))
    assert [entry.access_rights for entry in lab.mailbox.permissions] == [("ReadPermission",), ("FullAccess",)]


def test_orphaned_entries_show_only_when_asked_for(lab: LabWorld, connected: RunspacePool) -> None:
    sid = new_sid()
    lab.mailbox.permissions.append(PermissionEntry(sid, sid))
    assert len(run(connected, cmdlet("Get-MailboxPermission", "erp")).output) == 1
    shown = run(connected, cmdlet("Get-MailboxPermission", "erp", IncludeUnresolvedPermissions=True)).output
    assert [row["User"] for row in shown] == ["NT AUTHORITY\\SELF", sid]


def test_permission_cmdlets_refuse_what_they_do_not_know(connected: RunspacePool) -> None:
    unknown = run(connected, cmdlet("Add-MailboxPermission", "erp", User=new_id(), AccessRights="FullAccess"))
    assert unknown.messages[0].startswith("Ex94914C|")
    assert "Please make sure that it was spelled correctly" in unknown.messages[0]
    assert unknown.error_ids[0].endswith(",Write-ErrorMessage")
    assert unknown.error_ids[0].startswith("[Server=")
    group = run(connected, cmdlet("Get-MailboxPermission", "team@contoso.com"))
    assert "couldn't be found on" in group.messages[0]
    assert (group.state, group.had_errors) == (COMPLETED, False)
    rights = run(connected, cmdlet("Add-MailboxPermission", "erp", User="info", AccessRights="SendAs"))
    assert rights.error_ids == ["ParameterArgumentValidationError,Add-MailboxPermission"]
    lab_only = run(connected, cmdlet("Get-MailboxPermission", "erp", GroupMailbox=True))
    assert "simulated tenant does not do -GroupMailbox" in lab_only.messages[0]


def test_the_five_hundred_and_first_entry_is_refused(lab: LabWorld, connected: RunspacePool) -> None:
    lab.mailbox.permissions += [PermissionEntry(f"user{n}@contoso.com", new_sid()) for n in range(499)]
    grant = cmdlet("Add-MailboxPermission", "erp", User=lab.principal.object_id, AccessRights="FullAccess")
    full = run(connected, grant)
    assert "has reached the limit of maximum allowed access control entries of 500" in full.messages[0]
    assert full.messages[0].startswith("|System.InvalidOperationException|")
    del lab.mailbox.permissions[0]
    assert run(connected, grant).errors == []
    assert len(run(connected, cmdlet("Get-MailboxPermission", "erp")).output) == 500


def test_cas_mailbox_is_read_and_changed(lab: LabWorld, connected: RunspacePool) -> None:
    assert json.loads(run(connected, as_json("Get-CASMailbox", Identity="erp")).output[0])["ImapEnabled"] is True
    assert run(connected, cmdlet("Set-CASMailbox", "erp", ImapEnabled=False)).warnings == []
    assert lab.mailbox.imap_enabled is False
    again = run(connected, cmdlet("Set-CASMailbox", "erp", ImapEnabled=False))
    assert "no settings of 'erp' have been modified" in again.warnings[0]
    text = run(connected, cmdlet("Set-CASMailbox", "erp", ImapEnabled="true"))
    assert text.error_ids == ["ParameterArgumentTransformationError,Set-CASMailbox"]
    assert len(run(connected, cmdlet("Get-CASMailbox")).output) == 2


def test_recipients_show_their_kind_and_addresses(connected: RunspacePool) -> None:
    rows = run(connected, cmdlet("Get-Recipient", ResultSize="Unlimited")).output
    kinds = {row["Alias"]: row["RecipientTypeDetails"] for row in rows}
    assert kinds == {"erp": "UserMailbox", "info": "SharedMailbox", "guest": "MailUser", "team": "GroupMailbox"}
    by_alias = run(connected, cmdlet("Get-Recipient", Identity="HELLO@contoso.com")).output[0]
    assert by_alias["EmailAddresses"] == ["SMTP:info@contoso.com", "smtp:hello@contoso.com"]
    assert "UserPrincipalName" not in by_alias
    assert run(connected, cmdlet("Get-Mailbox", "info")).output[0]["UserPrincipalName"] == "info@contoso.com"
    assert run(connected, cmdlet("Get-EXOMailbox", "info")).output[0]["Alias"] == "info"
    shared = run(connected, cmdlet("Get-Mailbox", RecipientTypeDetails="SharedMailbox,RoomMailbox")).output
    assert [row["Alias"] for row in shared] == ["info"]


def test_a_mailbox_reaches_the_next_cmdlet_through_the_pipeline(connected: RunspacePool) -> None:
    piped = run(
        connected, [cmdlet("Get-Mailbox"), cmdlet("Get-MailboxPermission"), cmdlet("Select-Object", "Identity")]
    )
    assert [row["Identity"] for row in piped.output] == ["erp", "info"]


def test_results_are_cut_at_a_thousand_with_a_warning(lab: LabWorld, connected: RunspacePool) -> None:
    lab.tenant.recipients += [Recipient(f"u{n}", f"u{n}@contoso.com", f"u{n}@contoso.com") for n in range(1100)]
    cut = run(connected, [cmdlet("Get-Recipient"), cmdlet("Select-Object", "Alias")])
    assert len(cut.output) == 1000
    assert "There are more results available" in cut.warnings[0]
    small = run(connected, [cmdlet("Get-Recipient", ResultSize=3), cmdlet("Select-Object", "Alias")])
    assert len(small.output) == 3
    whole = run(connected, as_json("Get-Recipient", ResultSize="unlimited"))
    assert len(json.loads(whole.output[0])) == 1104
    assert whole.warnings == []


def test_policies_and_role_assignments_are_listed(lab: LabWorld, connected: RunspacePool) -> None:
    policy = {"Identity": new_id(), "AppId": lab.principal.app_id, "AccessRight": "RestrictAccess"}
    lab.tenant.application_access_policies.append(dict(policy))
    role = {"Name": "Mail-ERP", "Role": "Application Mail.Read", "RoleAssignee": lab.principal.object_id}
    lab.tenant.management_role_assignments.append(dict(role))
    assert policy.items() <= run(connected, cmdlet("Get-ApplicationAccessPolicy")).output[0].items()
    by_app = run(connected, cmdlet("Get-ManagementRoleAssignment", RoleAssignee=lab.principal.app_id)).output
    assert role.items() <= by_app[0].items()
    assert run(connected, cmdlet("Get-ManagementRoleAssignment", RoleAssignee="erp")).output == []
    unknown = run(connected, cmdlet("Get-ApplicationAccessPolicy", "none"), cmdlet("Get-ManagementRoleAssignment", "x"))
    assert [message.split("|")[0] for message in unknown.messages] == ["Ex6F9304", "Ex6F9304"]


def test_values_arrive_byte_for_byte(lab: LabWorld, connected: RunspacePool) -> None:
    nasty = "a@b'; Remove-Mailbox * #$(1+1)`\n\u0000\u2019\u201c\U0001f600_x000A_ " + "x" * 4000
    run(connected, cmdlet("New-ServicePrincipal", AppId=new_id(), ObjectId=new_id(), DisplayName=nasty))
    assert lab.tenant.exchange_service_principals[-1].display_name == nasty
    assert run(connected, cmdlet("Write-Output", nasty)).output == [nasty]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("New-ServicePrincipal", ["Organization"]),
        ("Get-CASMailbox", ["Credential", "IgnoreDefaultScope", "ReadIsOptimizedForAccessibility"]),
        ("Set-CASMailbox", ["EwsAllowList", "ActiveSyncDebugLogging", "MacOutlookEnabled", "PublicFolderClientAccess"]),
        ("Get-Recipient", ["PropertySet", "IncludeManagerWithDisplayName", "BookmarkDisplayName"]),
        ("Get-Mailbox", ["IncludeEmailAddressDisplayNames", "Filter", "SortBy"]),
        ("Get-EXOMailbox", ["Archive", "InactiveMailboxOnly", "MailboxPlan", "OrganizationalUnit"]),
        ("Get-EXORecipient", ["RecipientType", "IncludeSoftDeletedRecipients"]),
        ("Get-EXOCasMailbox", ["GetImapProtocolLog", "SendLogsTo"]),
        ("Get-ManagementRoleAssignment", ["Exclusive"]),
    ],
)
def test_a_documented_parameter_that_is_not_simulated_is_refused_by_its_name(
    connected: RunspacePool, name: str, parameters: list[str]
) -> None:
    given = {"AppId": new_id(), "ObjectId": new_id()} if name == "New-ServicePrincipal" else {"Identity": "erp"}
    for parameter in parameters:
        answer = run(connected, cmdlet(name, **given, **{parameter: "x"}))
        assert f"-{parameter} of {name}" in answer.messages[0]


def test_the_exo_cmdlets_find_by_each_of_their_names(lab: LabWorld, connected: RunspacePool) -> None:
    names = {
        "UserPrincipalName": "erp@contoso.com",
        "PrimarySmtpAddress": "erp@contoso.com",
        "ExternalDirectoryObjectId": lab.mailbox.external_directory_object_id,
    }
    for name in ("Get-EXOMailbox", "Get-EXORecipient", "Get-EXOCasMailbox"):
        for parameter, value in names.items():
            (found,) = run(connected, cmdlet(name, **{parameter: value})).output
            assert found["PrimarySmtpAddress"] == "erp@contoso.com"
    shared = run(connected, cmdlet("Get-CASMailbox", RecipientTypeDetails=["SharedMailbox"])).output
    assert [row["Identity"] for row in shared] == ["info"]


def test_an_entry_of_a_removed_service_principal_shows_as_a_bare_sid(lab: LabWorld, connected: RunspacePool) -> None:
    principal, who = lab.principal, {"Identity": "erp", "User": lab.principal.object_id}
    again = {"AppId": principal.app_id, "ObjectId": principal.object_id}
    run(
        connected,
        cmdlet("Add-MailboxPermission", AccessRights="FullAccess", **who),
        cmdlet("Remove-ServicePrincipal", principal.object_id, Confirm=False),
    )
    for _ in range(2):  # before and after it is registered anew, with another SID
        assert len(run(connected, cmdlet("Get-MailboxPermission", "erp")).output) == 1
        shown = run(connected, cmdlet("Get-MailboxPermission", "erp", IncludeUnresolvedPermissions=True)).output
        assert [row["User"] for row in shown] == ["NT AUTHORITY\\SELF", principal.sid]
        run(connected, cmdlet("New-ServicePrincipal", **again))
    kept = run(connected, cmdlet("Remove-MailboxPermission", AccessRights="FullAccess", Confirm=False, **who))
    assert kept.warnings
    assert [entry.user_sid for entry in lab.mailbox.permissions] == [principal.sid]
    gone = {"Identity": "erp", "User": principal.sid}
    run(connected, cmdlet("Remove-MailboxPermission", AccessRights="FullAccess", Confirm=False, **gone))
    assert lab.mailbox.permissions == []
