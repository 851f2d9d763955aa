"""Healthy worlds of different shapes; nothing may be found wrong with any of them.

To add a shape: write a function that changes what `_user_mailbox` builds, and enter it in `SHAPES`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from diagnostics.lab.assertion import key_credential
from diagnostics.lab.certificates import application_certificate
from diagnostics.lab.clouds import CHINA, GLOBAL, US_GOV, Cloud
from diagnostics.lab.resources import EXCHANGE_ROLES, GRAPH_SCOPES, exchange_online, microsoft_graph, required
from diagnostics.lab.samples import ANSWER, INVOICE, ORDER
from diagnostics.lab.setup import ProfileValues, Setup, full_access
from diagnostics.lab.state import (
    EXCHANGE_ONLINE_APP_ID,
    MICROSOFT_GRAPH_APP_ID,
    SELF,
    SELF_SID,
    AppRegistration,
    EnterpriseApplication,
    ExchangeServicePrincipal,
    PasswordCredential,
    PermissionEntry,
    Recipient,
    Tenant,
    World,
    new_id,
    new_secret,
    new_sid,
)

DOMAIN = "contoso.com"
OTHER_DOMAIN = "fabrikam.com"


def _tenant(name: str, domain: str, cloud: Cloud) -> Tenant:
    initial = f"{domain.partition('.')[0]}.{cloud.initial_domain}"
    tenant = Tenant(name, [domain, initial], cloud=cloud)
    tenant.enterprise_applications += [exchange_online(), microsoft_graph()]
    return tenant


def mailbox(address: str, display_name: str, kind: str = "UserMailbox") -> Recipient:
    """Return a mailbox whose user principal name is its address, with its owner's own permission."""
    found = Recipient(address.partition("@")[0], address, address, display_name, kind)
    found.account_enabled = found.licensed = kind == "UserMailbox"
    found.permissions.append(PermissionEntry(SELF, SELF_SID, ("FullAccess", "ReadPermission")))
    return found


def _recipients(domain: str) -> list[Recipient]:
    return [
        mailbox(f"erp@{domain}", "ERP"),
        mailbox(f"accounts@{domain}", "Accounts"),
        mailbox(f"support@{domain}", "Support", "SharedMailbox"),
        mailbox(f"orders@{domain}", "Orders", "SharedMailbox"),
        mailbox(f"room1@{domain}", "Room 1", "RoomMailbox"),
        Recipient("staff", f"staff@{domain}", None, "Staff", "MailUniversalDistributionGroup"),
        Recipient("project", f"project@{domain}", None, "Project", "GroupMailbox"),
    ]


def _application(tenant: Tenant, name: str) -> tuple[AppRegistration, EnterpriseApplication]:
    registration = AppRegistration(new_id(), name, password_credentials=[PasswordCredential(new_secret())])
    enterprise = EnterpriseApplication(registration.app_id, name, tenant.id)
    tenant.registrations.append(registration)
    tenant.enterprise_applications.append(enterprise)
    return registration, enterprise


def _user_mailbox(cloud: Cloud = GLOBAL) -> Setup:
    """Let one application with a secret read one user mailbox; every other shape starts from here."""
    tenant = _tenant("Contoso", DOMAIN, cloud)
    other = _tenant("Fabrikam", OTHER_DOMAIN, cloud)
    tenant.recipients += _recipients(DOMAIN)
    other.recipients += _recipients(OTHER_DOMAIN)
    registration, enterprise = _application(tenant, "Mail import")
    operator_registration, operator_enterprise = _application(tenant, "Exchange administration")
    principal = ExchangeServicePrincipal(registration.app_id, enterprise.object_id, registration.display_name)
    tenant.exchange_service_principals.append(principal)
    target = tenant.recipients[0]
    full_access(target, principal)
    registration.required_resource_access += [
        required(EXCHANGE_ONLINE_APP_ID, "Role", EXCHANGE_ROLES["IMAP.AccessAsApp"]),
        required(MICROSOFT_GRAPH_APP_ID, "Scope", GRAPH_SCOPES["User.Read"]),
    ]
    setup = Setup(
        world=World([tenant, other], cloud=cloud),
        tenant=tenant,
        other_tenant=other,
        registration=registration,
        enterprise=enterprise,
        exchange_principal=principal,
        mailbox=target,
        operator_registration=operator_registration,
        operator_enterprise=operator_enterprise,
        profile=ProfileValues(
            tenant=tenant.id,
            application_id=registration.app_id,
            mailboxes=[target.primary_smtp_address],
            cloud=cloud.name,
            secret=registration.password_credentials[0].secret,
        ),
    )
    setup.grant(enterprise, EXCHANGE_ONLINE_APP_ID, "IMAP.AccessAsApp")
    make_operator(setup, operator_enterprise, tenant)
    return setup


def make_operator(setup: Setup, application: EnterpriseApplication, tenant: Tenant) -> None:
    """Give an application what the operator needs in a tenant: Exchange's role, the directory role, and Graph."""
    setup.grant(application, EXCHANGE_ONLINE_APP_ID, "Exchange.ManageAsApp", tenant=tenant)
    setup.grant(application, MICROSOFT_GRAPH_APP_ID, "Application.Read.All", tenant=tenant)
    setup.grant(application, MICROSOFT_GRAPH_APP_ID, "Directory.Read.All", tenant=tenant)
    application.directory_roles.add("Exchange Administrator")


def _move(setup: Setup, target: Recipient) -> None:
    """Let the application read `target` instead of its first mailbox."""
    setup.remove_permissions()
    setup.mailbox = target
    full_access(target, setup.exchange_principal)
    setup.profile.mailboxes = [target.user_principal_name or target.primary_smtp_address]


def _shared_mailbox() -> Setup:
    """Let the application read two shared mailboxes, whose accounts are disabled and unlicensed, as they should be."""
    setup = _user_mailbox()
    support, orders = (setup.tenant.recipients[index] for index in (2, 3))
    _move(setup, support)
    full_access(orders, setup.exchange_principal)
    setup.profile.mailboxes.append(orders.primary_smtp_address)
    return setup


def _alias_beside_upn() -> Setup:
    """Give the mailbox addresses that all differ from its user principal name, which the profile names."""
    setup = _user_mailbox()
    target = setup.mailbox
    target.user_principal_name = f"svc-erp@{DOMAIN}"
    target.aliases += [f"import@{DOMAIN}", f"erp@{setup.tenant.initial_domain}"]
    setup.profile.mailboxes = [target.user_principal_name]
    setup.profile.enterprise_object_id = setup.enterprise.object_id
    setup.profile.registration_object_id = setup.registration.object_id
    return setup


def _busy_organisation() -> Setup:
    """Add other applications and principals, other people's permissions, inherited entries, and denials of others."""
    setup = _user_mailbox()
    tenant, target = setup.tenant, setup.mailbox
    for name in ("Mail import (test)", "Ticket system", "Scanner", "Archive"):
        registration, enterprise = _application(tenant, name)
        principal = ExchangeServicePrincipal(registration.app_id, enterprise.object_id, name)
        tenant.exchange_service_principals.append(principal)
        setup.grant(enterprise, EXCHANGE_ONLINE_APP_ID, "IMAP.AccessAsApp")
        full_access(tenant.recipients[1], principal)
    colleague, denied = tenant.recipients[1], tenant.recipients[2]
    others = [
        PermissionEntry(colleague.user_principal_name or "", colleague.sid, ("FullAccess",)),
        PermissionEntry(denied.user_principal_name or "", denied.sid, ("FullAccess",), deny=True),
        PermissionEntry("EURPR05A001\\Domain Admins", new_sid(), ("FullAccess",), deny=True, is_inherited=True),
        PermissionEntry("EURPR05A001\\Exchange Servers", new_sid(), ("FullAccess",), is_inherited=True),
        PermissionEntry("EURPR05A001\\Organization Management", new_sid(), ("FullAccess",), True, is_inherited=True),
        PermissionEntry(new_sid(), new_sid(), ("ReadPermission",)),
    ]
    target.permissions[1:1] = others
    old = PasswordCredential(new_secret(), display_name="first year")
    old.start, old.end = (moment - dt.timedelta(days=730) for moment in (old.start, old.end))
    setup.registration.password_credentials.insert(0, old)
    setup.profile.tenant = DOMAIN
    return setup


def _certificate() -> Setup:
    """Let the application sign in with a certificate; it has no secret at all."""
    setup = _user_mailbox()
    private, certificate = application_certificate("mail-import")
    setup.registration.password_credentials.clear()
    setup.registration.key_credentials.append(key_credential(certificate))
    setup.profile.secret, setup.profile.certificate = None, private
    return setup


def _mailbox_with_mail() -> Setup:
    """Put mail into the mailbox: an order that was read, an invoice with an attachment that was not, a sent answer."""
    setup = _user_mailbox()
    target = setup.mailbox
    monday = dt.datetime(2026, 3, 2, 8, 15, tzinfo=dt.UTC)
    target.folder().deliver(ORDER, r"\Seen", received=monday)
    target.folder().deliver(INVOICE, received=monday + dt.timedelta(days=1))
    target.folder("Sent Items").deliver(ANSWER, r"\Seen", received=monday + dt.timedelta(hours=1))
    return setup


SHAPES: dict[str, Callable[[], Setup]] = {
    "user-mailbox": _user_mailbox,
    "shared-mailbox": _shared_mailbox,
    "alias-beside-upn": _alias_beside_upn,
    "busy-organisation": _busy_organisation,
    "certificate": _certificate,
    "mailbox-with-mail": _mailbox_with_mail,
    "us-gov": lambda: _user_mailbox(US_GOV),
    "china": lambda: _user_mailbox(CHINA),
}


def build(shape: str) -> Setup:
    """Return a healthy lab of this shape; raise ValueError when there is no such shape."""
    if shape not in SHAPES:
        raise ValueError(f"no shape is called {shape!r}; there are {', '.join(SHAPES)}")
    return SHAPES[shape]()
