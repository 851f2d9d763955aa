"""The bridge's tables: error kinds, versions, the address that was switched off, values, rows."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from diagnostics.errors.rules import RULES
from diagnostics.evidence import Provenance, Source
from diagnostics.exchange import rows
from diagnostics.exchange.errors import category_name, shell_error
from diagnostics.exchange.port import CmdletCall, ErrorKind
from diagnostics.exchange.retired import is_retired
from diagnostics.exchange.values import ValueRefused, check_call, rows_of
from diagnostics.exchange.versions import choose, unsupported, version_of
from diagnostics.redaction import Secret

HERE = Provenance(Source.TEXT, "test")

ERRORS = [
    (
        (
            "Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|The operation couldn't be "
            "performed because object 'a' couldn't be found on 'x.PROD.OUTLOOK.COM'."
        ),
        "[Server=,RequestId=1],Write-ErrorMessage",
        ErrorKind.NOT_FOUND,
        "Ex6F9304",
    ),
    (
        (
            'Ex94914C|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|Couldn\'t find object "a". '
            "Please make sure that it was spelled correctly or specify a different object."
        ),
        "",
        ErrorKind.PRINCIPAL_NOT_FOUND,
        "Ex94914C",
    ),
    (
        (
            "|System.InvalidOperationException|The mailbox x has reached the limit of maximum allowed access control "
            "entries of 500."
        ),
        "",
        ErrorKind.LIMIT,
        "",
    ),
    (
        "The role assigned to application 1 isn't supported in this scenario. Please check online documentation",
        "",
        ErrorKind.APP_LACKS_ROLE,
        "",
    ),
    ("UnAuthorized", "UnAuthorized", ErrorKind.NOT_SIGNED_IN, "UnAuthorized"),
    (
        "The term 'New-ServicePrincipal' is not recognized as a name of a cmdlet, function",
        "CommandNotFoundException",
        ErrorKind.COMMAND_NOT_FOUND,
        "CommandNotFoundException",
    ),
    ("The term 'Get-X' is not recognized as the name of a cmdlet", "", ErrorKind.COMMAND_NOT_FOUND, ""),
    (
        "The cmdlet 'X' is not present in the role definition of the current user.",
        "",
        ErrorKind.COMMAND_NOT_FOUND,
        "",
    ),
    (
        "A parameter cannot be found that matches parameter name 'x'.",
        "NamedParameterNotFound,Get-X",
        ErrorKind.PARAMETER,
        "NamedParameterNotFound,Get-X",
    ),
    (
        (
            'Can\'t remove the access control entry on the object "a" for account "b" because the ACE doesn\'t exist on '
            "the object."
        ),
        "",
        ErrorKind.ENTRY_ABSENT,
        "",
    ),
    (
        "You have reached the maximum number of concurrent requests per tenant. Please wait and try again later.",
        "",
        ErrorKind.THROTTLED,
        "",
    ),
    ("Something quite different", "", ErrorKind.OTHER, ""),
    ("The mailbox was not found by anybody", "", ErrorKind.OTHER, ""),
]


@pytest.mark.parametrize(("message", "error_id", "kind", "shown"), ERRORS)
def test_kinds_of_errors(message: str, error_id: str, kind: ErrorKind, shown: str) -> None:
    error = shell_error(message, error_id=error_id)
    assert (error.kind, error.error_id) == (kind, shown)
    assert "|" not in error.message


def test_every_rule_says_where_it_is_from() -> None:
    assert all(len(rule.source) > 10 for rule in RULES)
    assert len({(rule.part, rule.pattern) for rule in RULES}) == len(RULES)


def test_an_error_quotes_no_secret() -> None:
    secret = Secret("abc8Q~0123456789-0123456789-0123456789")
    assert secret.reveal() not in shell_error(f"refused {secret.reveal()}\x1b[2J").message
    assert "\x1b" not in shell_error("\x1b[2J").message


def test_categories() -> None:
    assert [category_name(number) for number in (0, 5, 13, 18, 29, 31)] == [
        "NotSpecified",
        "InvalidArgument",
        "ObjectNotFound",
        "PermissionDenied",
        "LimitsExceeded",
        "NotEnabled",
    ]
    assert (category_name(99), category_name(None)) == ("99", "")


@pytest.mark.parametrize(
    ("engine", "module", "fine"),
    [
        ("7.6.0", "3.10.0", True),
        ("7.5.4", "3.10.0", False),
        ("7.4.0", "3.9.2", True),
        ("7.3.9", "3.5.0", False),
        ("7.2.24", "3.4.0", True),
        ("7.1.0", "3.2.0", False),
        ("5.1.26100.1", "3.10.0", True),
        ("5.0", "3.10.0", False),
        ("7.6.0-preview.4", "3.11.0", True),
        ("7.6.0", "3.0.0", False),
        ("", "3.10.0", True),
        ("7.6.0", "", True),
    ],
)
def test_pairs(engine: str, module: str, fine: bool) -> None:
    assert (unsupported(engine, module) == "") == fine


def test_an_older_module_serves_an_older_powershell() -> None:
    assert choose("7.4.6", ["3.10.0", "3.9.2", "3.1.0"])[0] == "3.9.2"
    assert choose("7.4.6", ["3.9.2", "3.10.0"])[1] == (
        "ExchangeOnlineManagement 3.10.0 needs PowerShell 7.6.0 or later; this is 7.4.6"
    )
    assert choose("7.4.6", ["3.10.0"])[0] == ""
    assert choose("7.4.6", []) == ("", "")
    assert version_of("v3.7.0-Preview1") == (3, 7, 0)


@pytest.mark.parametrize(
    "address",
    ["mgmt.contoso.com", "10.0.0.5", "outlook.contoso.com", "exchange01", "notoutlook.office365.com.contoso.com"],
)
def test_a_management_host_is_not_taken_for_exchange(address: str) -> None:
    assert not is_retired(address)


@pytest.mark.parametrize(
    "call",
    [
        CmdletCall("Get-Recipient; Remove-Mailbox"),
        CmdletCall("&calc"),
        CmdletCall(""),
        CmdletCall("Get-Recipient", {"Identity -WhatIf": "x"}),
        CmdletCall("Get-Recipient", {"Identity": "\ud800"}),
        CmdletCall("Get-Recipient", {"Identity": ["fine", "\uffff"]}),
        CmdletCall("Get-Recipient", {"ResultSize": 2**63}),
        CmdletCall("Get-Recipient", {"Identity": {"a": 1}}),  # type: ignore[dict-item]
        CmdletCall("Connect-ExchangeOnline", {"AccessToken": Secret("\uffff and more")}),
    ],
)
def test_what_is_never_sent(call: CmdletCall) -> None:
    with pytest.raises(ValueRefused) as raised:
        check_call(call)
    assert "and more" not in str(raised.value)


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ([], []),
        (['{"a":1}'], [{"a": 1}]),
        (['[{"a":1},{"a":2}]'], [{"a": 1}, {"a": 2}]),
        (["[]"], []),
        (['"text"'], [{"Value": "text"}]),
        (['{"a":{"value":["x"],"Count":1}}'], [{"a": ["x"]}]),
    ],
)
def test_json_of_one_of_many_and_of_nothing(outputs: list[str], expected: list[Any]) -> None:
    assert list(rows_of(outputs, as_json=True)) == expected


def test_json_that_is_cut_off_is_no_answer() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        rows_of(['[{"a":1},'], as_json=True)


def test_old_and_new_names_of_the_object_id() -> None:
    new = rows.service_principal({"APPID": "a", "objectid": "o", "Displayname": "d"}, HERE)
    old = rows.service_principal({"AppId": "a", "ServiceId": "o"}, HERE)
    both = rows.service_principal({"AppId": "a", "ServiceId": "s", "ObjectId": "o"}, HERE)
    assert (new.object_id, new.names_service_id) == ("o", False)
    assert (old.object_id, old.names_service_id) == ("o", True)
    assert (both.object_id, both.names_service_id) == ("o", False)


@pytest.mark.parametrize(
    "value",
    [
        ["FullAccess, ReadPermission"],
        ["FullAccess", "ReadPermission"],
        "{FullAccess, ReadPermission}",
        "FullAccess,ReadPermission",
    ],
)
def test_rights_in_every_spelling(value: object) -> None:
    entry = rows.mailbox_permission({"User": "x", "AccessRights": value, "Deny": "False", "IsInherited": True}, HERE)
    assert entry.rights == ("FullAccess", "ReadPermission")
    assert (entry.deny, entry.inherited) == (False, True)


def test_a_deny_as_text() -> None:
    assert rows.mailbox_permission(
        {"User": "x", "AccessRights": ["FullAccess"], "Deny": "True", "IsInherited": "no"}, HERE
    ).deny


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-14T02:58:56Z", dt.datetime(2026, 11, 14, 2, 58, 56, tzinfo=dt.UTC)),
        ("2026-11-14T03:58:56.1234567+01:00", dt.datetime(2026, 11, 14, 2, 58, 56, 123456, tzinfo=dt.UTC)),
        ("/Date(1763089136000)/", dt.datetime(2025, 11, 14, 2, 58, 56, tzinfo=dt.UTC)),
        ("\\/Date(1763089136000)\\/", dt.datetime(2025, 11, 14, 2, 58, 56, tzinfo=dt.UTC)),
        ("11/14/2025 2:58:56 AM", dt.datetime(2025, 11, 14, 2, 58, 56, tzinfo=dt.UTC)),
        ({"value": "/Date(1763089136000)/", "DateTime": "Friday"}, dt.datetime(2025, 11, 14, 2, 58, 56, tzinfo=dt.UTC)),
        ("14.11.2025 02:58:56", None),
        ("", None),
        (None, None),
    ],
)
def test_dates(value: object, expected: dt.datetime | None) -> None:
    assert rows.moment({"WhenChangedUTC": value}, "WhenChangedUTC") == expected


def test_a_recipient_from_json_and_from_a_list() -> None:
    typed = {
        "PrimarySmtpAddress": "a@contoso.com",
        "EmailAddresses": ["SMTP:a@contoso.com", "smtp:b@contoso.com", "SIP:a@contoso.com"],
        "RecipientTypeDetails": "SharedMailbox",
        "Identity": "a",
    }
    pasted = {
        "primarysmtpaddress": "a@contoso.com",
        "emailaddresses": "{SMTP:a@contoso.com, smtp:b@contoso.com, SIP:a@contoso.com}",
        "recipienttypedetails": "SharedMailbox",
        "identity": "a",
    }
    assert rows.recipient(typed, HERE) == rows.recipient(pasted, HERE)
    assert rows.recipient(typed, HERE).addresses == ("a@contoso.com", "b@contoso.com")
    assert (
        rows.recipient(
            {"EmailAddresses": typed["EmailAddresses"], "RecipientType": "UserMailbox"}, HERE
        ).primary_address
        == "a@contoso.com"
    )


def test_what_a_row_does_not_say_is_not_known() -> None:
    assert rows.cas_mailbox({"ImapEnabled": "", "PopEnabled": False}, HERE).imap_enabled is None
    assert rows.cas_mailbox({"ImapEnabled": "", "PopEnabled": False}, HERE).pop_enabled is False


def test_a_command_line_is_quoted_and_shows_no_secret() -> None:
    call = CmdletCall(
        "Connect-ExchangeOnline",
        {"AccessToken": Secret("super-secret-value"), "Organization": "a b'c", "ShowBanner": False},
    )
    assert call.as_powershell() == "Connect-ExchangeOnline -AccessToken *** -Organization 'a b''c' -ShowBanner:$false"
    assert json.dumps(call.as_powershell())
