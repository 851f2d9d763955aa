"""Output of cmdlets, in the forms in which it is pasted: lists, tables, flattened and cut ones, Markdown, CSV, JSON."""

from __future__ import annotations

import pytest

from diagnostics.checks import run_checks
from diagnostics.diagnosis import diagnose
from diagnostics.evidence import Evidence, MailboxPermission, Unavailable
from diagnostics.findings import Confidence
from diagnostics.sources.transcript import read
from tests.transcript.facts import facts

PRINCIPAL, APP = "77777777-1111-4222-8333-444455556666", "0b1c2d3e-1111-4222-8333-444455556666"

HEALTHY = r"""PS C:\> Get-ServicePrincipal

DisplayName                               ServiceId                               AppId
-----
4352fc11-5c2f-4b00-9000-000000000000  061851f7-08c0-40...

PS C:\> Get-MailboxPermission -Identity "AdeleV@your-domain.onmicrosoft.com"

Identity      User                AccessRights                IsInherited Deny
-----
AdeleV        NT AUTHORITY\SELF  {FullAccess, ReadPermission} False        False
AdeleV        4352fc11-5c2f-4b00-9000-000000000000 {FullAccess}                False        False
"""


def reading(text: str) -> Evidence:
    return read([text.encode()], name="t")


def test_a_table_that_a_wiki_flattened() -> None:
    evidence = reading(HEALTHY)
    assert not isinstance(evidence.exchange.service_principals, Unavailable)
    (row,) = evidence.exchange.service_principals
    assert (row.object_id, row.app_id) == ("4352fc11-5c2f-4b00-9000-000000000000", "061851f7-08c0-40...")
    assert row.names_service_id
    (mailbox,) = evidence.mailboxes
    assert mailbox.address == "AdeleV@your-domain.onmicrosoft.com"
    assert not isinstance(mailbox.permissions, Unavailable)
    assert [(p.user, p.rights, p.provenance.how) for p in mailbox.permissions] == [
        ("NT AUTHORITY\\SELF", ("FullAccess", "ReadPermission"), "t:11"),
        ("4352fc11-5c2f-4b00-9000-000000000000", ("FullAccess",), "t:12"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"DisplayName : Reader\nAppId       : {APP}\nObjectId    : {PRINCIPAL}\n",
        f"AppId: {APP}\nObjectId: {PRINCIPAL}\nDisplayName: Reader",
        f"DisplayName ObjectId                             AppId\n----------- --------                             -----\nReader      {PRINCIPAL} {APP}\n",
        f"DisplayName  ObjectId  AppId\n-----\nReader  {PRINCIPAL}  {APP}\n",
        f"| DisplayName | ObjectId | AppId |\n|---|---|---|\n| Reader | {PRINCIPAL} | `{APP}` |\n",
        f'"DisplayName","ObjectId","AppId"\n"Reader","{PRINCIPAL}","{APP}"\n',
        f'[{{"DisplayName":"Reader","AppId":"{APP}","ObjectId":"{PRINCIPAL}"}}]',
        f'{{"@odata.context":"x","value":[{{"DisplayName":"Reader","AppId":"{APP}","ObjectId":"{PRINCIPAL}","Sid":"S-1-5-21-1"}}]}}',
        f"DisplayName : Reader AppId : {APP} ObjectId : {PRINCIPAL}",
        f"DisplayName ObjectId AppId\n----------- -------- -----\nReader {PRINCIPAL} {APP}\n",
    ],
)
def test_a_service_principal_in_any_form(text: str) -> None:
    assert f"service principal app={APP} object={PRINCIPAL} name=Reader" in facts(reading(text))


@pytest.mark.parametrize(
    "text",
    [
        f"Get-AzureADServicePrincipal\n\nObjectId                             AppId                                DisplayName\n--------                             -----                                -----------\n{PRINCIPAL} {APP} Reader\n",
        f"PS> Get-MgServicePrincipal\nId          : {PRINCIPAL}\nAppId       : {APP}\nAccountEnabled : True\n",
    ],
)
def test_a_service_principal_of_entra_is_not_one_of_exchange(text: str) -> None:
    assert isinstance(reading(text).exchange.service_principals, Unavailable)


def permissions(text: str) -> list[MailboxPermission]:
    rows = []
    for mailbox in reading(text).mailboxes:
        rows += [] if isinstance(mailbox.permissions, Unavailable) else list(mailbox.permissions)
    return rows


def test_a_permission_denied_and_an_inherited_one() -> None:
    rows = permissions(
        "Identity User AccessRights IsInherited Deny\n-------- ---- ------------ ----------- ----\n"
        f"erp {PRINCIPAL} {{FullAccess}} False True\nerp NAMPRD04\\Organization Management {{FullAccess}} True False\n"
    )
    assert [(row.deny, row.inherited) for row in rows] == [(True, False), (False, True)]
    assert rows[1].user == "NAMPRD04\\Organization Management"


def test_permissions_belong_to_the_mailbox_that_was_asked_for() -> None:
    block = (
        f"Identity     : {{0}}\nUser         : {PRINCIPAL}\nAccessRights : {{{{FullAccess}}}}\nDeny         : False\n\n"
    )
    text = (
        "PS> Get-MailboxPermission erp@contoso.com | fl\n" + block.format("erp") + "PS> Get-MailboxPermission -Identity 'crm@contoso.com' | fl\n"
        + block.format("crm")
    )  # fmt: skip
    assert [mailbox.address for mailbox in reading(text).mailboxes] == ["erp@contoso.com", "crm@contoso.com"]


@pytest.mark.parametrize(
    "text",
    [
        "Name    : value\nOther   : thing\n",
        "User: bob\nState: Running\n",
        "| Name | Meaning |\n|---|---|\n| User | who |\n",
        "Identity User\nbob amy\n",
        "AppId,ObjectId\n",
    ],
)
def test_other_lists_and_tables_are_nothing(text: str) -> None:
    evidence = reading(text)
    assert isinstance(evidence.exchange.service_principals, Unavailable)
    assert evidence.mailboxes == ()


USERS = """PS C:\\> Get-MailboxPermission erp@contoso.com | ft {columns}

{table}
"""
TABLES = {
    "a blank in the first column": (
        "User,AccessRights",
        """User              AccessRights
----              ------------
NT AUTHORITY\\SELF {FullAccess, ReadPermission}
ERP Mail Reader   {FullAccess}
Mail              {ReadPermission}""",
        [("NT AUTHORITY\\SELF", False), ("ERP Mail Reader", False), ("Mail", False)],
    ),
    "switches stand on the right": (
        "User,AccessRights,Deny,IsInherited",
        """User            AccessRights                    Deny IsInherited
----            ------------                    ---- -----------
ERP Mail Reader {FullAccess}                   False       False
Domain Admins   {FullAccess, ReadPermission}    True        True""",
        [("ERP Mail Reader", False), ("Domain Admins", True)],
    ),
    "blanks in two columns": (
        "Identity,User,AccessRights,Deny",
        """Identity        User            AccessRights   Deny
--------        ----            ------------   ----
ERP mailbox one ERP Mail Reader {FullAccess}  False
ERP mailbox one X               {SendAs}       True""",
        [("ERP Mail Reader", False), ("X", True)],
    ),
    "columns that moved": (
        "User,AccessRights,Deny",
        """User            AccessRights   Deny
----            ------------   ----
ERP Mail Reader of the accounts {FullAccess} False
Domain Admins  {FullAccess}  True""",
        [("ERP Mail Reader of the accounts", False), ("Domain Admins", True)],
    ),
    "where the second name begins cannot be told": (
        "Identity,User,AccessRights,Deny",
        """Identity    User            AccessRights   Deny
--------    ----            ------------   ----
ERP mailbox ERP Mail Reader of accounts {FullAccess} False
ERP mailbox NT AUTHORITY\\SELF {FullAccess} False
erp 77777777-1111-4222-8333-444455556666 {FullAccess} False""",
        [("…", False), ("NT AUTHORITY\\SELF", False), ("77777777-1111-4222-8333-444455556666", False)],
    ),
    "a wrapped name": (
        "User,AccessRights,Deny",
        """User       AccessRights   Deny
----       ------------   ----
ERP Mail   {FullAccess}  False
Reader
Backup     {FullAccess}   True""",
        [("ERP Mail Reader", False), ("Backup", True)],
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_cut_where_its_ruler_says(name: str) -> None:
    columns, table, rows = TABLES[name]
    (mailbox,) = reading(USERS.replace("{columns}", columns).replace("{table}", table)).mailboxes
    assert not isinstance(mailbox.permissions, Unavailable)
    assert [(row.user, row.deny) for row in mailbox.permissions] == rows


def test_nobody_is_accused_by_a_name_with_blanks() -> None:
    _, table, _ = TABLES["where the second name begins cannot be told"]
    principal = f"DisplayName : ERP Mail Reader of accounts\nAppId : {APP}\nObjectId : {PRINCIPAL}\n\n"
    evidence = reading(principal + USERS.replace("{columns}", "x").replace("{table}", "\n".join(table.split("\n")[:3])))
    ranked = diagnose(evidence, run_checks(evidence)).causes
    assert [cause.cause for cause in ranked if cause.confidence is not Confidence.POSSIBLE] == []


def test_a_header_of_two_words_is_one_name() -> None:
    text = f"Display Name    ObjectId                             AppId\n------------    --------                             -----\nERP Mail Reader {PRINCIPAL} {APP}\n"
    principals = reading(text).exchange.service_principals
    assert not isinstance(principals, Unavailable)
    (row,) = principals
    assert (row.display_name, row.object_id, row.app_id) == ("ERP Mail Reader", PRINCIPAL, APP)
