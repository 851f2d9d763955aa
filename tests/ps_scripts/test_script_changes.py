"""Grant, revoke and register: what they do in the tenant, what they leave alone, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from diagnostics.lab.state import ExchangeServicePrincipal, PermissionEntry, Recipient, new_id, new_sid
from tests.ps_scripts.engine import Ran, Session

pytestmark = pytest.mark.powershell
GRANT, REVOKE, REGISTER = "Grant-DiagFullAccess.ps1", "Revoke-DiagFullAccess.ps1", "Register-DiagServicePrincipal.ps1"
CHANGING = (GRANT, REVOKE, REGISTER)


def outcomes(ran: Ran) -> dict[str, str]:
    assert not ran.ended, ran.errors
    return {row["Mailbox"]: row["Outcome"] for row in ran.objects}


def add_mailbox(session: Session, address: str) -> Recipient:
    mailbox = Recipient(address.partition("@")[0], address, address, "Second")
    session.tenant.lab.setup.tenant.recipients.append(mailbox)
    return mailbox


def own(session: Session, mailbox: Recipient) -> list[PermissionEntry]:
    sid = session.tenant.lab.setup.exchange_principal.sid
    return [entry for entry in mailbox.permissions if entry.user_sid == sid]


def needed(name: str, session: Session) -> dict[str, object]:
    return {} if name == REGISTER else {"Mailbox": [session.tenant.mailbox]}


def world(session: Session) -> Any:
    setup = session.tenant.lab.setup
    return repr(setup.tenant.exchange_service_principals), repr([r.permissions for r in setup.tenant.recipients])


def test_grant_gives_full_access_once(connected: Session) -> None:
    setup = connected.tenant.lab.setup
    setup.remove_permissions()
    assert outcomes(connected.change(GRANT, Mailbox=[connected.tenant.mailbox])) == {
        connected.tenant.mailbox: "Granted"
    }
    (entry,) = setup.permissions_of_application()
    assert entry.access_rights == ("FullAccess",)
    assert (entry.deny, entry.auto_mapping, entry.inheritance_type) == (False, False, "All")
    before = world(connected)
    assert outcomes(connected.change(GRANT, Mailbox=[connected.tenant.mailbox])) == {
        connected.tenant.mailbox: "AlreadyThere"
    }
    assert world(connected) == before


def test_an_error_for_one_mailbox_does_not_keep_the_others(connected: Session) -> None:
    second = add_mailbox(connected, "second@contoso.com")
    ran = connected.change(GRANT, Mailbox=["nobody@contoso.com", "second@contoso.com"])
    assert outcomes(ran) == {"nobody@contoso.com": "Failed", "second@contoso.com": "Granted"}
    ((error_id, message),) = ran.errors
    assert error_id.startswith("DiagFailed")
    assert message.startswith("nobody@contoso.com: The operation couldn't be performed because object")
    assert len(own(connected, second)) == 1


def test_the_caller_may_have_it_stop_at_the_first_error(connected: Session) -> None:
    second = add_mailbox(connected, "second@contoso.com")
    ran = connected.change(GRANT, Mailbox=["nobody@contoso.com", "second@contoso.com"], ErrorAction="Stop")
    assert ran.ended
    assert own(connected, second) == []


@pytest.mark.parametrize("name", CHANGING)
def test_what_if_changes_nothing(name: str, connected: Session) -> None:
    setup = connected.tenant.lab.setup
    if name == REGISTER:
        setup.tenant.exchange_service_principals.clear()
    elif name == GRANT:
        setup.remove_permissions()
    before = world(connected)
    ran = connected.run(name, **connected.ids, **needed(name, connected), WhatIf=True)
    assert ran.one["Outcome"] == "NotDone"
    assert world(connected) == before


@pytest.mark.parametrize("name", CHANGING)
def test_it_asks_and_where_nobody_can_answer_it_changes_nothing(name: str, connected: Session) -> None:
    setup = connected.tenant.lab.setup
    if name == REGISTER:
        setup.tenant.exchange_service_principals.clear()
    elif name == GRANT:
        setup.remove_permissions()
    before = world(connected)
    ran = connected.run(name, **connected.ids, **needed(name, connected))
    assert ran.ended
    assert world(connected) == before


@pytest.mark.parametrize("name", CHANGING)
@pytest.mark.parametrize("preference", ["Continue", "SilentlyContinue", "Ignore"])
def test_a_foreign_tenant_is_refused_whatever_the_preference(name: str, preference: str, connected: Session) -> None:
    connected.tenant.lab.setup.remove_permissions()
    before = world(connected)
    ran = connected.change(name, **needed(name, connected), TenantId=new_id(), ErrorAction=preference)
    assert ran.refusal == "DiagForeignTenant"
    assert ran.objects == []
    assert world(connected) == before


@pytest.mark.parametrize("name", CHANGING)
def test_without_a_connection_it_says_so(name: str, unconnected: Session) -> None:
    assert unconnected.change(name, **needed(name, unconnected)).refusal == "DiagNotConnected"


@pytest.mark.parametrize("name", [GRANT, REVOKE])
def test_an_application_that_is_not_registered_is_refused_by_name(name: str, connected: Session) -> None:
    setup = connected.tenant.lab.setup
    wrong = connected.change(
        name, **needed(name, connected), EnterpriseApplicationObjectId=setup.registration.object_id
    )
    assert wrong.refusal == "DiagNotRegistered"
    assert setup.exchange_principal.object_id in wrong.errors[-1][1]
    unknown = connected.change(name, **needed(name, connected), ApplicationId=new_id())
    assert unknown.refusal == "DiagNotRegistered"


def test_neither_a_name_nor_an_old_object_id_counts_as_the_application(connected: Session) -> None:
    setup = connected.tenant.lab.setup
    setup.remove_permissions()
    strangers = [
        PermissionEntry(setup.exchange_principal.display_name, new_sid()),
        PermissionEntry(setup.exchange_principal.object_id, new_sid()),  # of an earlier registration
    ]
    setup.mailbox.permissions.extend(strangers)
    assert outcomes(connected.change(REVOKE, Mailbox=[connected.tenant.mailbox])) == {
        connected.tenant.mailbox: "NotThere"
    }
    assert [entry for entry in setup.mailbox.permissions if entry in strangers] == strangers
    assert outcomes(connected.change(GRANT, Mailbox=[connected.tenant.mailbox])) == {
        connected.tenant.mailbox: "Granted"
    }


def test_an_entry_without_full_access_or_one_that_denies_is_no_grant(connected: Session) -> None:
    setup = connected.tenant.lab.setup
    (entry,) = setup.permissions_of_application()
    entry.access_rights = ("ReadPermission",)
    setup.mailbox.permissions.append(PermissionEntry(entry.user, entry.user_sid, deny=True))
    ran = connected.change(GRANT, Mailbox=[connected.tenant.mailbox])
    assert ran.one["Outcome"] == "Granted"
    assert "denies" in ran.one["Message"]


def test_an_inherited_denial_is_told_and_nobody_is_sent_to_remove_it(connected: Session) -> None:
    setup = connected.tenant.lab.setup
    (entry,) = setup.permissions_of_application()
    setup.mailbox.permissions.append(PermissionEntry(entry.user, entry.user_sid, deny=True, is_inherited=True))
    ran = connected.change(GRANT, Mailbox=[connected.tenant.mailbox])
    assert ran.one["Outcome"] == "AlreadyThere"
    assert "not proven" in ran.one["Message"]
    assert "Remove" not in ran.one["Message"]


def test_revoke_takes_only_what_was_granted(connected: Session) -> None:
    setup = connected.tenant.lab.setup
    (entry,) = setup.permissions_of_application()
    kept = [PermissionEntry("other@contoso.com", new_sid()), PermissionEntry(entry.user, entry.user_sid, deny=True)]
    setup.mailbox.permissions.extend(kept)
    ran = connected.change(REVOKE, Mailbox=[connected.tenant.mailbox])
    assert outcomes(ran) == {connected.tenant.mailbox: "Revoked"}
    assert [entry for entry in setup.mailbox.permissions if entry.user != r"NT AUTHORITY\SELF"] == kept
    again = connected.change(REVOKE, Mailbox=[connected.tenant.mailbox])
    assert outcomes(again) == {connected.tenant.mailbox: "NotThere"}


def test_register_makes_the_row_and_leaves_it_alone_the_next_time(connected: Session) -> None:
    setup = connected.tenant.lab.setup
    setup.tenant.exchange_service_principals.clear()
    made = connected.change(REGISTER, DisplayName="ERP mail").one
    assert (made["Outcome"], made["DisplayName"]) == ("Registered", "ERP mail")
    (row,) = setup.tenant.exchange_service_principals
    assert (row.app_id, row.object_id) == (setup.registration.app_id, setup.enterprise.object_id)
    before = world(connected)
    assert connected.change(REGISTER).one["Outcome"] == "AlreadyThere"
    assert world(connected) == before


@pytest.mark.parametrize(
    "name",
    [
        "a@b'; Remove-Mailbox * #",
        "$(throw 'x') ${x} @(1) `n\"",
        "two\nlines\tand a tab",
        "\u2018curly\u2019 and \U0001f600",
        "x" * 4000,
    ],
)
def test_a_name_arrives_as_it_was_given(name: str, connected: Session) -> None:
    setup = connected.tenant.lab.setup
    setup.tenant.exchange_service_principals.clear()
    assert connected.change(REGISTER, DisplayName=name).one["DisplayName"] == name
    assert setup.tenant.exchange_service_principals[0].display_name == name


def test_a_wrong_row_is_named_and_replaced_only_when_told(connected: Session) -> None:
    setup = connected.tenant.lab.setup
    principals = setup.tenant.exchange_service_principals
    bystander = ExchangeServicePrincipal(new_id(), new_id(), "Another one")
    wrong = ExchangeServicePrincipal(setup.registration.app_id, setup.registration.object_id, "Mail import")
    principals[:] = [bystander, wrong]
    refused = connected.change(REGISTER)
    assert refused.refusal == "DiagWrongRow"
    assert setup.registration.object_id in refused.errors[-1][1]
    assert principals == [bystander, wrong]

    looked = connected.run(REGISTER, **connected.ids, Replace=True, WhatIf=True)
    assert looked.one["Outcome"] == "NotDone"
    assert principals == [bystander, wrong]

    done = connected.change(REGISTER, Replace=True, DisplayName="Mail import").one
    assert (done["Outcome"], done["Removed"]) == ("Registered", 1)
    assert principals[0] == bystander
    assert [(row.app_id, row.object_id) for row in principals[1:]] == [
        (setup.registration.app_id, setup.enterprise.object_id)
    ]


def test_swapped_ids_are_a_wrong_row_too(connected: Session) -> None:
    setup = connected.tenant.lab.setup
    principals = setup.tenant.exchange_service_principals
    principals[:] = [ExchangeServicePrincipal(setup.enterprise.object_id, setup.registration.app_id, "Mail import")]
    assert connected.change(REGISTER).refusal == "DiagWrongRow"
    assert connected.change(REGISTER, Replace=True).one["Outcome"] == "Registered"
    (row,) = principals
    assert row.app_id == setup.registration.app_id


def test_twice_the_same_id_is_refused(connected: Session) -> None:
    same = connected.tenant.lab.setup.registration.app_id
    before = world(connected)
    assert connected.change(REGISTER, EnterpriseApplicationObjectId=same).refusal == "DiagSameIds"
    assert world(connected) == before


@pytest.mark.parametrize("name", CHANGING)
def test_a_right_that_is_missing_shows_as_exchange_says_it(name: str, connected: Session) -> None:
    setup = connected.tenant.lab.setup
    if name == REGISTER:
        setup.tenant.exchange_service_principals.clear()
    elif name == GRANT:
        setup.remove_permissions()
    setup.operator_enterprise.directory_roles.clear()
    setup.operator_enterprise.directory_roles.add("Global Reader")
    before = world(connected)
    ran = connected.change(name, **needed(name, connected))
    assert any("role definition" in message for _, message in ran.errors), ran
    assert world(connected) == before


def test_without_rights_to_look_nothing_is_taken_for_missing(start: Callable[..., Session]) -> None:
    session = start()
    session.connect()
    setup = session.tenant.lab.setup
    setup.remove_permissions()
    setup.operator_enterprise.directory_roles.clear()
    before = world(session)
    ran = session.change(GRANT, Mailbox=[session.tenant.mailbox])
    assert ran.ended
    assert world(session) == before
