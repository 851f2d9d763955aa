"""A row says the same whether the bridge brought it or somebody pasted it: one reader serves both."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.evidence import Evidence, MailboxPermission, Provenance, Recipient, Source, Unavailable
from diagnostics.exchange import rows
from diagnostics.findings import Outcome
from diagnostics.sources.transcript import read

WHERE = Provenance(Source.EXCHANGE, "cmdlet")
APP, OBJECT = "5b1d9a5c-1111-4222-8333-000000000001", "1ca6f684-1111-4222-8333-000000000002"


def listed(row: dict[str, str]) -> str:
    return "\n".join(f"{name:<20} : {value}" for name, value in row.items())


def pasted(row: dict[str, str], command: str = "Get-MailboxPermission erp@contoso.com | fl") -> Evidence:
    return read([f"PS C:\\> {command}\n\n{listed(row)}\n".encode()], name="ticket.txt")


PERMISSION = {
    "Identity": "erp",
    "User": OBJECT,
    "AccessRights": "{FullAccess}",
    "IsInherited": "False",
    "Deny": "False",
    "UserSid": "S-1-5-21-1-2-3-4001",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Deny", "True"),
        ("Deny", "true"),
        ("Deny", "Yes"),
        ("Deny", "1"),
        ("Deny", "$true"),
        ("Deny", "no"),
        ("IsInherited", "yes"),
        ("IsInherited", "0"),
        ("AccessRights", "{FullAccess, ReadPermission}"),
        ("AccessRights", "FullAccess"),
        ("AccessRights", "{fullaccess}"),
        ("UserSid", ""),
    ],
)
def test_a_permission_row(name: str, value: str) -> None:
    row = {**PERMISSION, name: value}
    (mailbox,) = pasted(row).mailboxes
    assert isinstance(mailbox.permissions, tuple)
    (found,) = mailbox.permissions
    assert replace(found, provenance=WHERE) == rows.mailbox_permission(row, WHERE)


@pytest.mark.parametrize(
    "when",
    ["11/24/2026 5:02:11 PM", "2026-11-24T17:02:11Z", "2026-11-24 17:02:11", "Tuesday, November 24, 2026 5:02:11 PM"],
)
def test_the_date_of_a_service_principal(when: str) -> None:
    row = {"DisplayName": "ERP mail", "AppId": APP, "ObjectId": OBJECT, "WhenChangedUTC": when}
    found = pasted(row, "Get-ServicePrincipal | fl").exchange.service_principals
    assert isinstance(found, tuple)
    assert found[0].changed_at == dt.datetime(2026, 11, 24, 17, 2, 11, tzinfo=dt.UTC)
    assert replace(found[0], provenance=WHERE) == rows.service_principal(row, WHERE)


def test_local_time_is_no_moment_unless_it_names_its_zone() -> None:
    base = {"DisplayName": "ERP mail", "AppId": APP, "ObjectId": OBJECT}
    assert rows.service_principal({**base, "WhenChanged": "2026-11-24 17:02:11"}, WHERE).changed_at is None
    zoned = rows.service_principal({**base, "WhenChanged": "2026-11-24T17:02:11+01:00"}, WHERE)
    assert zoned.changed_at == dt.datetime(2026, 11, 24, 16, 2, 11, tzinfo=dt.UTC)


def test_a_recipient() -> None:
    row = {
        "RecipientTypeDetails": "SharedMailbox",
        "PrimarySmtpAddress": "erp@contoso.com",
        "EmailAddresses": "{SMTP:erp@contoso.com, smtp:import@contoso.com}",
        "UserPrincipalName": "erp@contoso.com",
        "WhenChangedUTC": "11/24/2026 5:02:11 PM",
    }
    (mailbox,) = pasted(row, "Get-Mailbox erp@contoso.com | fl").mailboxes
    assert isinstance(mailbox.recipient, Recipient)
    assert replace(mailbox.recipient, provenance=WHERE) == rows.recipient(row, WHERE)


@pytest.mark.parametrize("deny", ["Fal…", "vielleicht", "-"])
def test_a_row_that_is_not_understood_leaves_the_permissions_unknown(deny: str) -> None:
    with pytest.raises(rows.NotUnderstood):
        rows.mailbox_permission({**PERMISSION, "Deny": deny}, WHERE)
    evidence = pasted({**PERMISSION, "Deny": deny})
    (mailbox,) = evidence.mailboxes
    assert isinstance(mailbox.permissions, Unavailable)
    (finding,) = [finding for finding in run_checks(evidence) if finding.check == "full-access"]
    assert finding.outcome is Outcome.UNKNOWN
    assert "Format-List" in finding.judgement.hint


@pytest.mark.parametrize(
    "rights",
    [
        "Microsoft.Exchange.Management.RecipientTasks.MailboxRights[]",
        "System.Collections.Generic.List`1[System.String]",
        "{FullAcc…}",
        "{ReadPermission, Ful...}",
        "{…}",
    ],
)
def test_rights_that_cannot_be_read_accuse_nobody(rights: str) -> None:
    with pytest.raises(rows.NotUnderstood):
        rows.mailbox_permission({**PERMISSION, "AccessRights": rights}, WHERE)
    for known in ("", f"\nObjectId : {OBJECT}\nAppId : {APP}\nDisplayName : ERP mail\n"):
        text = listed({**PERMISSION, "AccessRights": rights})
        evidence = read([f"{known}\n\nGet-MailboxPermission erp@contoso.com | fl\n\n{text}\n".encode()], name="t.txt")
        (finding,) = [finding for finding in run_checks(evidence) if finding.check == "full-access"]
        assert finding.outcome in {Outcome.UNKNOWN, Outcome.SKIPPED}
        assert not finding.judgement.suspects


def test_full_access_beside_rights_that_were_cut_off_is_full_access() -> None:
    (mailbox,) = pasted({**PERMISSION, "AccessRights": "{FullAccess, ReadPer…}"}).mailboxes
    assert isinstance(mailbox.permissions, tuple)
    assert mailbox.permissions[0].rights == ("FullAccess",)


def test_columns_that_are_not_shown_are_as_they_usually_are() -> None:
    row = {"User": OBJECT, "AccessRights": "{FullAccess}"}
    (mailbox,) = pasted(row).mailboxes
    assert isinstance(mailbox.permissions, tuple)
    (found,) = mailbox.permissions
    assert isinstance(found, MailboxPermission)
    assert (found.deny, found.inherited) == (False, False)
