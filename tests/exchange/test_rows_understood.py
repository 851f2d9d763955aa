"""Rows that are not what their cmdlet returns prove nothing, least of all that something is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from diagnostics.access import Access
from diagnostics.changes import reach, state
from diagnostics.changes.patient import PatientShell
from diagnostics.evidence import Absent, Missing, Recipient, Unavailable
from diagnostics.exchange.collect import mailbox_evidence, permissions_of, recipient_of, service_principals
from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.port import CmdletCall, CmdletResult, ErrorKind, ShellError
from diagnostics.exchange.values import rows_of
from diagnostics.ids import ApplicationId, EnterpriseAppObjectId, Sid
from diagnostics.lab.faults import Fault
from tests.exchange.conftest import Tenant

APP = ApplicationId("11111111-2222-4333-8444-555555555555")
OTHER = EnterpriseAppObjectId("99999999-2222-4333-8444-555555555555")
PRINCIPAL = {"AppId": APP, "ObjectId": OTHER, "DisplayName": "ERP", "Sid": "S-1-5-21-1"}
OWNER = {
    "User": "NT AUTHORITY\\SELF",
    "UserSid": "S-1-5-10",
    "AccessRights": ["FullAccess, ReadPermission"],
    "Deny": False,
    "IsInherited": False,
}
ODD: dict[str, Any] = {
    "null": None,
    "mapping": {"Guid": APP},
    "named mapping": {"Value": APP, "Name": APP},
    "list": [APP],
    "number": 42,
    "NaN": float("nan"),
    "true": True,
    "blank": "  ",
}
MISSING = object()


def answer(cmdlet: str, *rows: Any, errors: tuple[ShellError, ...] = ()) -> CmdletResult:
    return CmdletResult(CmdletCall(cmdlet, {"Identity": "erp@contoso.com"}), tuple(rows), errors)


def changed(row: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    return {key: old for key, old in {**row, name: value}.items() if old is not MISSING}


@pytest.mark.parametrize("value", [*ODD.values(), MISSING], ids=[*ODD, "missing"])
@pytest.mark.parametrize("name", ["AppId", "ObjectId"])
def test_a_registration_that_is_not_understood(name: str, value: Any) -> None:
    result = answer("Get-ServicePrincipal", changed(PRINCIPAL, name, value))
    found = service_principals(result, APP)
    assert isinstance(found, Unavailable)
    assert found.missing is Missing.UNEXPECTED
    assert name in found.reason
    assert APP not in found.reason


def test_one_that_is_understood_still_proves_itself() -> None:
    odd = changed(PRINCIPAL, "AppId", None)
    found = service_principals(answer("Get-ServicePrincipal", odd, PRINCIPAL), APP)
    assert not isinstance(found, Unavailable)
    assert [row.app_id for row in found] == [APP]
    assert isinstance(
        service_principals(answer("Get-ServicePrincipal", odd, PRINCIPAL), ApplicationId(OTHER)), Unavailable
    )
    assert isinstance(service_principals(answer("Get-ServicePrincipal", odd, PRINCIPAL)), Unavailable)


@pytest.mark.parametrize("odd", ["a text", 42, None, [PRINCIPAL], {}])
def test_what_is_no_row_at_all(odd: Any) -> None:
    rows = rows_of([json.dumps([PRINCIPAL, odd])], as_json=True)
    assert isinstance(service_principals(answer("Get-ServicePrincipal", *rows), ApplicationId(OTHER)), Unavailable)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("User", None), ("User", MISSING), ("User", ""), ("User", float("nan")), ("User", ["x"]), ("User", {"Guid": "x"}),
        ("AccessRights", None), ("AccessRights", MISSING), ("AccessRights", []), ("AccessRights", [None]),
        ("AccessRights", float("nan")), ("AccessRights", {"value": 1}), ("AccessRights", [{"Name": "FullAccess"}]),
        ("Deny", None), ("Deny", MISSING), ("Deny", "maybe"), ("Deny", float("nan")), ("Deny", {"IsPresent": True}),
        ("IsInherited", MISSING), ("IsInherited", 7), ("UserSid", 5), ("UserSid", ["S-1-5-10"]), ("UserSid", float("nan")),
    ],
)  # fmt: skip
def test_a_permission_that_is_not_understood(name: str, value: Any) -> None:
    result = answer("Get-MailboxPermission", OWNER, changed(OWNER, name, value))
    found = permissions_of(result)
    assert isinstance(found, Unavailable)
    assert found.missing is Missing.UNEXPECTED
    assert name in found.reason


@pytest.mark.parametrize("value", [*ODD.values(), MISSING], ids=[*ODD, "missing"])
def test_a_recipient_that_is_not_understood(value: Any) -> None:
    if value == ODD["named mapping"]:
        return  # an enumeration that kept its parts
    row = {"PrimarySmtpAddress": "erp@contoso.com", "RecipientTypeDetails": "UserMailbox"}
    assert isinstance(recipient_of("erp@contoso.com", answer("Get-Recipient", row)), Recipient)
    odd = changed(row, "RecipientTypeDetails", value)
    assert isinstance(recipient_of("erp@contoso.com", answer("Get-Recipient", odd)), Unavailable)


@pytest.mark.parametrize("value", [None, MISSING, "maybe", float("nan"), {"Value": False}, []])
def test_protocols_that_are_not_understood(value: Any) -> None:
    row = changed({"ImapEnabled": True}, "ImapEnabled", value)
    assert isinstance(state.imap_enabled(answer("Get-CASMailbox", row)), Unavailable)


def test_nothing_where_something_is_always_listed() -> None:
    """Each cmdlet has a row for what exists, and an error for what does not."""
    nothing = mailbox_evidence(
        "erp@contoso.com",
        answer("Get-Recipient"),
        answer("Get-MailboxPermission"),
        answer("Get-CASMailbox"),
    )
    for found in (nothing.recipient, nothing.permissions, nothing.cas):
        assert isinstance(found, Unavailable)
        assert found.missing is Missing.UNEXPECTED
    unknown = ShellError(
        ErrorKind.NOT_FOUND, "The operation couldn't be performed because object 'x' couldn't be found"
    )
    assert isinstance(recipient_of("x", answer("Get-Recipient", errors=(unknown,))), Absent)


def test_reach_says_unknown_for_a_mailbox_without_an_owner() -> None:
    principal = state.Registration(APP, OTHER, Sid("S-1-5-21-1"))
    found = reach.judge("erp@contoso.com", answer("Get-MailboxPermission"), [principal])
    assert found.access is Access.UNKNOWN
    assert "always lists its owner" in found.reason
    assert reach.judge("erp@contoso.com", answer("Get-MailboxPermission", OWNER), [principal]).access is Access.NONE


def test_an_organization_without_mailboxes_is_not_believed() -> None:
    class Empty(PatientShell):
        def invoke(self, cmdlet: str, **parameters: Any) -> CmdletResult:
            return CmdletResult(CmdletCall(cmdlet, parameters))

    assert isinstance(reach.every_mailbox(Empty(lambda: pytest.fail("not opened"))), Unavailable)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "1" * 5000, "[NaN", "", "\ufeff[]", "{'a': 1}"])
def test_what_is_no_json_is_no_row(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json and int have messages of their own
        rows_of([text], as_json=True)


@pytest.mark.parametrize("value", [[], [None], [{}], [{"User": "x"}], ["x"], [{**OWNER, "Deny": None}]])
def test_over_rest_too(tenant: Tenant, value: list[Any]) -> None:
    with open_shell(tenant.rest(), tenant.request()) as shell:
        body = json.dumps({"value": value}).encode()
        tenant.lab.faults.exchange.add(Fault(status=200, body=body, content_type="application/json"))
        result = shell.invoke("Get-MailboxPermission", Identity=tenant.mailbox)
    assert isinstance(permissions_of(result), Unavailable)
