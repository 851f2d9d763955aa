"""Errors in the reader's own language are read by what outlives translation: classes, numbers, ids, names in quotes."""

from __future__ import annotations

import datetime as dt

import pytest

from diagnostics.report import build
from diagnostics.sources.transcript import read

HERE = " outlook.office365.com:993"
OBJECT = "'erp@contoso.com'"
RECORD = "\n    + CategoryInfo          : NotSpecified: (:) [Get-Mailbox], ManagementObjectNotFoundException"

TEXTS: dict[str, tuple[str, ...]] = {
    "net-no-greeting": (
        "System.Net.Sockets.SocketException (0x80004005): Es konnte keine Verbindung hergestellt werden, da der Zielcomputer die Verbindung verweigerte" + HERE,
        "System.Net.Sockets.SocketException (10061): No se puede establecer una conexión ya que el equipo de destino denegó expresamente dicha conexión." + HERE,
        "System.Net.Sockets.SocketException (10060): Une tentative de connexion a échoué car le parti connecté n'a pas répondu convenablement" + HERE,
        "System.Net.Sockets.SocketException (10054): Eine vorhandene Verbindung wurde vom Remotehost geschlossen" + HERE,
        "java.net.ConnectException: Conexión rehusada" + HERE,
        "java.net.ConnectException: Connexion refusée" + HERE,
        "java.net.ConnectException: Connessione rifiutata" + HERE,
        "java.net.SocketTimeoutException: tempo limite atingido" + HERE,
    ),
    "net-certificate-verify-failed": (
        "System.Security.Authentication.AuthenticationException: Das Remotezertifikat ist laut Validierungsverfahren ungültig." + HERE,
        "AuthenticationException: El certificado remoto no es válido según el procedimiento de validación." + HERE,
        "AuthenticationException: Le certificat distant n'est pas valide selon la procédure de validation." + HERE,
    ),
    "net-name-not-resolved": (
        "System.Net.Sockets.SocketException (11001): Host desconocido." + HERE,
        "socket.gaierror: [Errno 11001] getaddrinfo failed" + HERE,
        "System.Net.Sockets.SocketException: Der angegebene Host ist unbekannt" + HERE,
        "ping: outlook.office365.com: Nom ou service inconnu, imap",
    ),
    "mailbox-not-in-exchange-online": (
        f"No se puede realizar la operación porque no se encontró el objeto {OBJECT} en 'AM0PR02A001.PROD.OUTLOOK.COM'." + RECORD,
        f"Der Vorgang konnte nicht ausgeführt werden, weil das Objekt {OBJECT} auf 'FR0P281A001.PROD.OUTLOOK.COM' nicht gefunden wurde." + RECORD,
        f"Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|Impossible d'effectuer l'opération, car l'objet {OBJECT} est introuvable sur 'PR0P264A001.PROD.OUTLOOK.COM'.",
    ),
    "auth-rejected-no-reason": (
        "MailKit.Security.AuthenticationException: Error de autenticación.\n" + HERE,
        "MailKit.Net.Imap.ImapCommandException: Der IMAP-Server hat auf den Befehl 'AUTHENTICATE' mit 'NO' geantwortet: AUTHENTICATE failed." + HERE,
    ),
    "exo-cmdlet-not-found": (
        "O termo 'New-ServicePrincipal' não é reconhecido como nome de cmdlet, função, arquivo de script ou programa operável.",
        "Termine 'New-ServicePrincipal' non riconosciuto come nome di cmdlet, funzione, programma eseguibile o file script.",
        "用語 'New-ServicePrincipal' は認識されません。\n + FullyQualifiedErrorId : CommandNotFoundException",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("cause", "text"), [(cause, text) for cause, texts in TEXTS.items() for text in texts])
def test_it_leads_to_its_cause(cause: str, text: str) -> None:
    evidence = read([text.encode()], name="pasted")
    named = build(evidence, command="diag analyze", started=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)).diagnosis.causes
    assert [one.cause for one in named][:1] == [cause]
