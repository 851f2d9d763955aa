"""Labels of the portal, of guides and of people, in several languages, and the faults planted in such a sheet."""

from __future__ import annotations

import datetime as dt

import pytest

from diagnostics.evidence import SecretShape, SettingName
from diagnostics.report import build, render
from diagnostics.report.document import Report
from diagnostics.sources.transcript import read
from diagnostics.sources.transcript.labels import Also, kind_of

TENANT, APP = "5b1c9d20-1f2e-4a3b-8c4d-5e6f708192a3", "7d1f6a20-2b54-4c1e-9f0a-1c2d3e4f5a6b"
OBJECT, REGISTRATION = "0f4c8f3e-6a1b-4c2d-9e3f-7a8b9c0d1e2f", "9a8b7c6d-1f2e-4a3b-8c4d-5e6f70819200"
KEY = "8e7d6c5b-2b54-4c1e-9f0a-1c2d3e4f5a6b"
N = SettingName

# label -> what it stands for
LABELS = {
    "Client ID": N.APPLICATION_ID,
    "Application (client) ID": N.APPLICATION_ID,
    "Application ID": N.APPLICATION_ID,
    "App ID": N.APPLICATION_ID,
    "OAuth2 Client ID": N.APPLICATION_ID,
    "Id. de aplicación (cliente)": N.APPLICATION_ID,
    "ID de aplicación": N.APPLICATION_ID,
    "Id. de cliente": N.APPLICATION_ID,
    "El ID de la aplicación": N.APPLICATION_ID,
    "Anwendungs-ID (Client)": N.APPLICATION_ID,
    "ID d’application (client)": N.APPLICATION_ID,
    "ID do aplicativo (cliente)": N.APPLICATION_ID,
    "ID applicazione (client)": N.APPLICATION_ID,
    "Tenant ID": N.TENANT,
    "Directory (tenant) ID": N.TENANT,
    "Azure Tenant ID": N.TENANT,
    "Id. de directorio (inquilino)": N.TENANT,
    "Id. de inquilino": N.TENANT,
    "Inquilino": N.TENANT,
    "Verzeichnis-ID (Mandant)": N.TENANT,
    "ID de l'annuaire (locataire)": N.TENANT,
    "ID do diretório (locatário)": N.TENANT,
    "ID directory (tenant)": N.TENANT,
    "Object ID": Also.OBJECT_ID,
    "Id. de objeto": Also.OBJECT_ID,
    "Objekt-ID": Also.OBJECT_ID,
    "Object ID (Enterprise Applications)": Also.OBJECT_ID,
    "Id. de objeto (Aplicaciones empresariales)": Also.OBJECT_ID,
    "Client Secret": Also.SECRET,
    "Client secret value": Also.SECRET,
    "Secreto de cliente": Also.SECRET,
    "Valor del secreto": Also.SECRET,
    "Geheimer Clientschlüssel": Also.SECRET,
    "Servidor IMAP": N.IMAP_SERVER,
    "IMAP Server": N.IMAP_SERVER,
    "Server IMAP": N.IMAP_SERVER,
    "Serveur IMAP": N.IMAP_SERVER,
    "Puerto IMAP": N.IMAP_PORT,
    "IMAP port": N.IMAP_PORT,
    "Porta IMAP": N.IMAP_PORT,
    "Buzón": N.MAILBOX,
    "Buzón compartido": N.MAILBOX,
    "Shared mailbox": N.MAILBOX,
    "Postfach": N.MAILBOX,
    # what only looks like one
    "Secret ID": None,
    "Id. de secreto": None,
    "Correlation ID": None,
    "Trace ID": None,
    "Session ID": None,
    "Directory": None,
    "Message-ID": None,
    "SMTP server": None,
    "Display name": None,
    "Application": None,
}  # fmt: skip
WAYS = (
    "{}: {}",
    "{}  :  {}",
    "- {}: `{}`",
    "**{}:** {}",
    "{} = {}",
    "{}\t{}",
    "| {} | {} |",
    "{}\n{}",
    "{}\n: {}",
    '{}: "{}"',
    "1. {}: {}",
)


def report(text: str) -> Report:
    return build(
        read([text.encode()], name="sheet"), command="diag analyze", started=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    )


def typed(text: str) -> dict[SettingName, str]:
    return {setting.name: setting.raw for setting in read([text.encode()], name="sheet").settings}


def named(text: str) -> list[str]:
    return [cause.cause for cause in report(text).diagnosis.causes]


@pytest.mark.parametrize("label", LABELS)
def test_what_a_label_stands_for(label: str) -> None:
    assert kind_of(label) == LABELS[label]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("label", ["Application (client) ID", "Id. de aplicación (cliente)", "Client ID"])
def test_however_it_is_written_down(way: str, label: str) -> None:
    assert typed(way.format(label, APP)) == {N.APPLICATION_ID: APP}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"Object ID (Enterprise Applications): {OBJECT}", N.ENTERPRISE_APP_OBJECT_ID),
        (f"Id. de objeto (Aplicaciones empresariales): {OBJECT}", N.ENTERPRISE_APP_OBJECT_ID),
        (f"Object ID of the enterprise application: {OBJECT}", N.ENTERPRISE_APP_OBJECT_ID),
        (f"Aplicaciones empresariales\nNombre: ERP\nId. de objeto: {OBJECT}", N.ENTERPRISE_APP_OBJECT_ID),
        (
            f"Aplicaciones empresariales > ERP > Propiedades\nNombre  ERP\nId. de objeto  {OBJECT}",
            N.ENTERPRISE_APP_OBJECT_ID,
        ),
        (f"Name: ERP\nApplication ID: {APP}\nObject ID: {OBJECT}", N.ENTERPRISE_APP_OBJECT_ID),
        (f"Object ID (App registrations): {OBJECT}", N.APP_REGISTRATION_OBJECT_ID),
        (f"App registrations\nObject ID: {OBJECT}", N.APP_REGISTRATION_OBJECT_ID),
        (
            f"Application (client) ID\n{APP}\nObject ID\n{OBJECT}\nDirectory (tenant) ID\n{TENANT}",
            N.APP_REGISTRATION_OBJECT_ID,
        ),
        (f"Object ID: {OBJECT}", None),
    ],
)
def test_whose_object_id_it_is(text: str, name: SettingName | None) -> None:
    found = {kind for kind, raw in typed(text).items() if raw == OBJECT}
    assert found == ({name} if name else set())


def test_an_object_id_that_is_the_application_id_is_wrong_whosever_it_should_be() -> None:
    both = {N.APPLICATION_ID: APP, N.ENTERPRISE_APP_OBJECT_ID: APP}
    assert typed(f"Client ID: {APP}\nId. de objeto: {APP}") == both


@pytest.mark.parametrize(
    "text",
    [
        "Kind regards\nAna Ruiz\nE-mail: ana.ruiz@contoso.com\nPhone: 993",
        "Correo: ana.ruiz@contoso.com",
        "If your Client ID: is missing, look it up",
        "Client ID: see the wiki",
        "print('Client ID: " + APP + "')",
        "Server: nginx/1.18.0",
        "Puerto: 143",
        "AppId    : " + APP,
    ],
)
def test_what_is_no_entry_of_a_sheet_names_nothing(text: str) -> None:
    assert typed(text) == {}


SHEETS = {
    "plain": "Tenant ID: {tenant}\nClient ID: {app}\nClient Secret: {key}\nServidor IMAP: imap.gmail.com\nPuerto IMAP: 143\nBuzón: erp@contoso.com",
    "columns": "Datos\n=====\nID de inquilino:      {tenant}\nID de cliente:        {app}\nSecreto del cliente:  {key}\nServidor IMAP:        imap.gmail.com\nPuerto IMAP:          143\nUsuario:              erp@contoso.com",
    "table": "| Campo | Valor |\n|---|---|\n| Tenant ID | {tenant} |\n| Client ID | {app} |\n| Client Secret | {key} |\n| IMAP server | imap.mail.yahoo.com |\n| IMAP port | 143 |",
    "German": "Mandanten-ID: {tenant}\nAnwendungs-ID (Client): {app}\nGeheimer Clientschlüssel: {key}\nIMAP-Server: imap.ionos.de\nIMAP-Port: 143",
    "bullets": "- **Tenant ID:** `{tenant}`\n- **Client ID:** `{app}`\n- **Client secret:** `{key}`\n- **IMAP server:** `imap.gmail.com`\n- **IMAP port:** `143`",
    "in a row": "Tenant ID: {tenant}; Client ID: {app}; Client Secret: {key}\nIMAP Server: imap.gmail.com\nIMAP Port: 143",
}  # fmt: skip


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)
def test_four_faults_in_a_sheet_are_each_named(sheet: str) -> None:
    text = sheet.format(tenant=TENANT, app=TENANT, key=KEY)
    assert set(named(text)) >= {
        "input-tenant-and-client-swapped-or-same",
        "input-secret-id-pasted",
        "net-wrong-host-or-hardcoded-ip",
        "net-tls-to-plaintext-port",
    }
    assert report(text).exit_code == 1


@pytest.mark.parametrize(
    "text",
    [
        f"Tenant ID: {TENANT}\nSMTP server: smtp.office365.com\nSMTP port: 587\nIMAP server: outlook.office365.com\nIMAP port: 993",
        f"Tenant ID: {TENANT}\nPOP server: outlook.office365.com\nport: 995",
        f"Two accounts.\nTenant ID: {TENANT}\nIMAP server: outlook.office365.com\n\nThe other one:\nIMAP server: imap.gmail.com\nIMAP port: 993",
        "IMAP server: imap.gmail.com\nIMAP port: 993\nMailbox: someone@gmail.com",
    ],
)
def test_another_protocol_or_account_beside_it_is_no_fault(text: str) -> None:
    assert named(text) == []


def test_a_sheet_without_a_fault_accuses_nobody() -> None:
    sheet = (
        f"Id. de directorio (inquilino): {TENANT}\nId. de aplicación (cliente): {APP}\nSecreto de cliente: abc8Q~xyz.0123456789\n"
        f"Id. de objeto (Aplicaciones empresariales): {OBJECT}\nServidor IMAP: outlook.office365.com\nPuerto IMAP: 993\nBuzón: erp@contoso.com"
    )
    assert named(sheet) == []
    assert report(sheet).evidence.target.mailboxes == ("erp@contoso.com",)
    secret = read([sheet.encode()], name="sheet").secret
    assert isinstance(secret, SecretShape)
    assert all("0123456789" not in render(report(sheet), output) for output in ("table", "yaml", "json"))


ROW = f"\nPS C:\\> Get-ServicePrincipal | fl\n\nDisplayName : ERP\nAppId : {APP}\nObjectId : {{}}\n"


@pytest.mark.parametrize("label", ["Object ID (Enterprise Applications)", "Id. de objeto (Aplicaciones empresariales)"])
@pytest.mark.parametrize("client", ["", f"Client ID: {APP}\n"])
def test_an_object_id_of_the_sheet_is_held_against_exchanges(label: str, client: str) -> None:
    wrong = report(f"{client}{label}: {OBJECT}\n{ROW.format(REGISTRATION)}")
    assert wrong.exit_code == 1
    first = wrong.diagnosis.causes[0]
    assert first.cause == "exo-sp-wrong-object-id"
    assert all(value in render(wrong, width=200) for value in (OBJECT, REGISTRATION))
    right = report(f"{client}{label}: {OBJECT}\n{ROW.format(OBJECT)}")
    assert right.diagnosis.causes == ()


SHEET = f"Client ID: {APP}\nObject ID (App registrations): {REGISTRATION}\nObject ID (Enterprise Applications): {OBJECT}\n\n"


@pytest.mark.parametrize(
    ("command", "first"),
    [
        (f"New-ServicePrincipal -AppId {APP} -ObjectId {OBJECT}", None),
        (f"New-ServicePrincipal -AppId {APP} -ObjectId {REGISTRATION}", "exo-sp-wrong-object-id"),
        (f"New-ServicePrincipal -AppId {APP} -ServiceId {REGISTRATION}", "exo-sp-wrong-object-id"),
        (f"New-ServicePrincipal -AppId {APP} -ObjectId {APP}", "exo-sp-wrong-object-id"),
        (f"New-ServicePrincipal -AppId {OBJECT} -ObjectId {APP}", "exo-sp-appid-and-objectid-swapped"),
        (f"New-ServicePrincipal -AppId {KEY} -ObjectId {TENANT}", None),
        (f"Add-MailboxPermission -Identity erp@contoso.com -User {OBJECT} -AccessRights FullAccess", None),
        (f"Add-MailboxPermission -Identity erp@contoso.com -User {APP} -AccessRights FullAccess", "perm-granted-to-wrong-object"),
        (f'Add-MailboxPermission -Identity erp@contoso.com -User "{REGISTRATION}" -AccessRights FullAccess', "perm-granted-to-wrong-object"),
        ("Add-MailboxPermission -Identity erp@contoso.com -User OBJECT_ID -AccessRights FullAccess", None),
        (
            ("Add-MailboxPermission -Identity erp@contoso.com -User OBJECT_ID -AccessRights FullAccess\n"
            'Couldn\'t find object "OBJECT_ID". Please make sure that it was spelled correctly or specify a different object.'),
            "input-placeholder-left-in-config",
        ),
    ],
)  # fmt: skip
def test_the_ids_of_a_command_are_held_against_the_sheets(command: str, first: str | None) -> None:
    assert named(SHEET + command)[:1] == ([first] if first else [])
