"""The values that the pages of the causes may name, each with what stands for it and where a reader finds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from diagnostics.clouds import GLOBAL


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What stands for a value in a page, and how a reader finds the value: both by language."""

    word: str
    name: Mapping[str, str]
    where: Mapping[str, str]


def _placeholder(word: str, name: str, nombre: str, where: str, donde: str) -> Placeholder:
    return Placeholder(word, {"en": name, "es": nombre}, {"en": where, "es": donde})


PLACEHOLDERS: Mapping[str, Placeholder] = {
    "tenant_id": _placeholder(
        "TENANT-ID",
        "the Directory (tenant) ID",
        "el Id. de directorio (inquilino)",
        "Entra admin center, Overview",
        "Centro de administración de Entra, Información general",
    ),
    "organization": _placeholder(
        "CONTOSO.ONMICROSOFT.COM",
        "the tenant's first domain",
        "el primer dominio del inquilino",
        "Microsoft 365 admin center, Settings, Domains",
        "Centro de administración de Microsoft 365, Configuración, Dominios",
    ),
    "application_id": _placeholder(
        "APPLICATION-ID",
        "the Application (client) ID",
        "el Id. de aplicación (cliente)",
        "App registrations, Overview",
        "Registros de aplicaciones, Información general",
    ),
    "enterprise_app_object_id": _placeholder(
        "ENTERPRISE-APP-OBJECT-ID",
        "the Object ID of the Enterprise Application",
        "el Id. de objeto de la aplicación empresarial",
        "Enterprise applications, Overview",
        "Aplicaciones empresariales, Información general",
    ),
    "app_registration_object_id": _placeholder(
        "APP-REGISTRATION-OBJECT-ID",
        "the Object ID of the App registration",
        "el Id. de objeto del registro de la aplicación",
        "App registrations, Overview",
        "Registros de aplicaciones, Información general",
    ),
    "mailbox": _placeholder(
        "MAILBOX",
        "the mailbox's address",
        "la dirección del buzón",
        "Exchange admin center, Recipients, Mailboxes",
        "Centro de administración de Exchange, Destinatarios, Buzones",
    ),
    "display_name": _placeholder(
        "DISPLAY-NAME",
        "the application's name",
        "el nombre de la aplicación",
        "Enterprise applications, Overview",
        "Aplicaciones empresariales, Información general",
    ),
    "exchange_object_id": _placeholder(
        "EXCHANGE-OBJECT-ID",
        "the ObjectId of the entry in Exchange",
        "el ObjectId de la entrada en Exchange",
        "Get-ServicePrincipal | Format-List DisplayName,AppId,ObjectId,ServiceId",
        "Get-ServicePrincipal | Format-List DisplayName,AppId,ObjectId,ServiceId",
    ),
    "exchange_app_id": _placeholder(
        "EXCHANGE-APP-ID",
        "the AppId of the entry in Exchange",
        "el AppId de la entrada en Exchange",
        "Get-ServicePrincipal | Format-List DisplayName,AppId,ObjectId,ServiceId",
        "Get-ServicePrincipal | Format-List DisplayName,AppId,ObjectId,ServiceId",
    ),
    "principal": _placeholder(
        "PRINCIPAL",
        "the user of the entry on the mailbox",
        "el usuario de la entrada en el buzón",
        "Get-MailboxPermission lists it as User",
        "Get-MailboxPermission lo muestra como User",
    ),
    "imap_server": _placeholder(
        "IMAP-SERVER",
        "the name of the IMAP server",
        "el nombre del servidor IMAP",
        "the configuration of the application",
        "la configuración de la aplicación",
    ),
    "imap_port": _placeholder(
        "993",
        "the port of the IMAP server",
        "el puerto del servidor IMAP",
        "the configuration of the application; Exchange Online has 993",
        "la configuración de la aplicación; Exchange Online tiene el 993",
    ),
    "scope": _placeholder(
        "SCOPE",
        "the Exchange scope of your cloud",
        "el ámbito de Exchange de su nube",
        f"worldwide {GLOBAL.scope}",
        f"en todo el mundo {GLOBAL.scope}",
    ),
    "login": _placeholder(
        "https://LOGIN-HOST",
        "the sign-in address of your cloud",
        "la dirección de inicio de sesión de su nube",
        f"worldwide {GLOBAL.login}",
        f"en todo el mundo {GLOBAL.login}",
    ),
    "graph": _placeholder(
        "https://GRAPH-HOST",
        "the address of Microsoft Graph in your cloud",
        "la dirección de Microsoft Graph en su nube",
        f"worldwide {GLOBAL.graph}",
        f"en todo el mundo {GLOBAL.graph}",
    ),
    "user": _placeholder(
        "USER",
        "the signed-in user's address",
        "la dirección del usuario que inicia sesión",
        "`upn` in the token",
        "`upn` en el token",
    ),
    "shared_mailbox": _placeholder(
        "SHARED-MAILBOX",
        "the shared mailbox's address",
        "la dirección del buzón compartido",
        "Exchange admin center, Recipients, Mailboxes",
        "Centro de administración de Exchange, Destinatarios, Buzones",
    ),
    "redirect_uri": _placeholder(
        "REDIRECT-URI",
        "a redirect URI of the application",
        "un URI de redirección de la aplicación",
        "App registrations, Authentication",
        "Registros de aplicaciones, Autenticación",
    ),
    "operator": _placeholder(
        "ADMIN@CONTOSO.COM",
        "the administrator's account",
        "la cuenta del administrador",
        "Microsoft 365 admin center, Users",
        "Centro de administración de Microsoft 365, Usuarios",
    ),
    "exchange_environment": _placeholder(
        "ENVIRONMENT",
        "Exchange's name of the cloud",
        "el nombre de la nube en Exchange",
        "Connect-ExchangeOnline, -ExchangeEnvironmentName",
        "Connect-ExchangeOnline, -ExchangeEnvironmentName",
    ),
    "graph_environment": _placeholder(
        "ENVIRONMENT",
        "Graph's name of the cloud",
        "el nombre de la nube en Graph",
        "Get-MgEnvironment",
        "Get-MgEnvironment",
    ),
}
"""Every value that a page may name. The last three belong to signing in."""

SIGNING_IN = frozenset({"operator", "exchange_environment", "graph_environment"})
WORDS: Mapping[str, str] = {name: one.word for name, one in PLACEHOLDERS.items() if name not in SIGNING_IN}
"""What stands in a page that is shown without a run; pasted as it is, it names nothing that exists."""
