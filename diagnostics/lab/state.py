"""The one model behind every endpoint of the lab: what a cmdlet changes here, IMAP and Graph see at once.

Names follow Entra and Exchange. Nothing in here judges anything: it holds what a tenant holds. Ids are made again for
each lab, so nothing can be recognised by its value. The lab imports nothing from the checks, and the checks nothing
from the lab.
"""

from __future__ import annotations

import base64
import datetime as dt
import secrets
import threading
import uuid
from dataclasses import dataclass, field

from diagnostics.lab.clouds import GLOBAL, Cloud
from diagnostics.lab.conduct import ImapConduct, ManagementHost
from diagnostics.lab.faults import Faults
from diagnostics.lab.mail import Folder

EXCHANGE_ONLINE_APP_ID = "00000002-0000-0ff1-ce00-000000000000"
MICROSOFT_GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"


def new_id() -> str:
    """Return a fresh GUID in lower case."""
    return str(uuid.uuid4())


def new_sid() -> str:
    """Return a SID of the shape that Exchange Online gives its principals (S-1-5-21-<3 numbers>-<rid>)."""
    numbers = "-".join(str(secrets.randbelow(2**31)) for _ in range(3))
    return f"S-1-5-21-{numbers}-{1000 + secrets.randbelow(10_000_000)}"


def new_secret() -> str:
    """Return a client secret of the shape that Entra makes: 40 characters with `~`, `.`, `_` and `-` among them."""
    return f"{secrets.token_urlsafe(2)[:3]}8Q~{base64.urlsafe_b64encode(secrets.token_bytes(27)).decode()[:34]}"


def utc_now() -> dt.datetime:
    """Return the present in UTC, to the second, as the directory stores it."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


@dataclass
class PasswordCredential:
    """A client secret of an app registration; Graph shows `hint`, its first three characters, and never the rest."""

    secret: str
    key_id: str = field(default_factory=new_id)
    display_name: str = "diag lab"
    start: dt.datetime = field(default_factory=lambda: utc_now() - dt.timedelta(days=30))
    end: dt.datetime = field(default_factory=lambda: utc_now() + dt.timedelta(days=330))

    @property
    def hint(self) -> str:
        """The first three characters of the secret, as Graph shows them."""
        return self.secret[:3]


@dataclass
class AppRegistration:
    """An application object: App registrations in the portal, `applications` in Graph."""

    app_id: str
    display_name: str
    object_id: str = field(default_factory=new_id)
    sign_in_audience: str = "AzureADMyOrg"
    password_credentials: list[PasswordCredential] = field(default_factory=list)
    key_credentials: list[dict[str, object]] = field(default_factory=list)
    required_resource_access: list[dict[str, object]] = field(default_factory=list)
    redirect_uris: dict[str, list[str]] = field(default_factory=lambda: {"web": [], "spa": [], "publicClient": []})
    is_fallback_public_client: bool | None = None


@dataclass
class AppRoleAssignment:
    """An application permission that an administrator consented to."""

    principal_id: str
    resource_id: str
    app_role_id: str
    id: str = field(default_factory=new_id)
    created: dt.datetime = field(default_factory=lambda: utc_now() - dt.timedelta(days=20))


@dataclass
class EnterpriseApplication:
    """A service principal in Entra: Enterprise applications in the portal, `servicePrincipals` in Graph."""

    app_id: str
    display_name: str
    owner_tenant_id: str | None
    object_id: str = field(default_factory=new_id)
    account_enabled: bool = True
    disabled_by_microsoft_status: str | None = None
    service_principal_type: str = "Application"
    app_role_assignment_required: bool = False
    app_roles: list[dict[str, object]] = field(default_factory=list)
    oauth2_permission_scopes: list[dict[str, object]] = field(default_factory=list)
    app_role_assignments: list[AppRoleAssignment] = field(default_factory=list)
    oauth2_permission_grants: list[dict[str, object]] = field(default_factory=list)
    directory_roles: set[str] = field(default_factory=set)


@dataclass
class ExchangeServicePrincipal:
    """What New-ServicePrincipal makes in Exchange. Neither id is validated by Exchange (michev.info 4027)."""

    app_id: str
    object_id: str
    display_name: str
    sid: str = field(default_factory=new_sid)
    guid: str = field(default_factory=new_id)
    when_changed: dt.datetime = field(default_factory=lambda: utc_now() - dt.timedelta(days=10))
    known_to_imap_from: dt.datetime | None = None
    """When the IMAP front ends begin to know it; None when they have known it for long."""

    @property
    def identity(self) -> str:
        """The Identity that the cmdlets show: the object id, as the guide's transcript has it."""
        return self.object_id


@dataclass
class PermissionEntry:
    """One row of Get-MailboxPermission: a user as Exchange displays it, its SID, and its rights."""

    user: str
    user_sid: str
    access_rights: tuple[str, ...] = ("FullAccess",)
    deny: bool = False
    is_inherited: bool = False
    inheritance_type: str = "All"
    auto_mapping: bool = False


SELF = "NT AUTHORITY\\SELF"
SELF_SID = "S-1-5-10"


@dataclass
class Recipient:
    """Anything with an address: a mailbox of some type, a mail user, a group, a public folder."""

    alias: str
    primary_smtp_address: str
    user_principal_name: str | None = None
    display_name: str = ""
    recipient_type_details: str = "UserMailbox"
    aliases: list[str] = field(default_factory=list)
    imap_enabled: bool = True
    pop_enabled: bool = True
    smtp_client_authentication_disabled: bool | None = None
    permissions: list[PermissionEntry] = field(default_factory=list)
    guid: str = field(default_factory=new_id)
    external_directory_object_id: str = field(default_factory=new_id)
    sid: str = field(default_factory=new_sid)
    when_changed: dt.datetime = field(default_factory=lambda: utc_now() - dt.timedelta(days=100))
    folders: tuple[str, ...] = ("INBOX", "Sent Items", "Drafts", "Deleted Items")
    mail: dict[str, Folder] = field(default_factory=dict, repr=False)
    """What the folders hold, by their names; one that is not in here is empty."""
    soft_deleted: bool = False
    """Deleted or without a licence: the cmdlets find it only with -SoftDeletedMailbox or not at all."""
    account_enabled: bool = True
    licensed: bool = True

    @property
    def addresses(self) -> list[str]:
        """EmailAddresses as Exchange lists them: `SMTP:` is the primary, `smtp:` an alias."""
        return [f"SMTP:{self.primary_smtp_address}", *(f"smtp:{alias}" for alias in self.aliases)]

    @property
    def is_mailbox(self) -> bool:
        """Whether Get-Mailbox and the permission cmdlets know it."""
        return self.recipient_type_details in {"UserMailbox", "SharedMailbox", "RoomMailbox", "EquipmentMailbox"}

    def folder(self, name: str = "INBOX") -> Folder:
        """Return what the folder of this name holds."""
        return self.mail.setdefault(name, Folder())

    def answers_to(self, identity: str) -> bool:
        """Say whether `identity` (alias, address, UPN, GUID, directory id or display name) names this recipient."""
        wanted = identity.casefold()
        names = (
            self.alias,
            self.primary_smtp_address,
            self.user_principal_name or "",
            self.guid,
            self.external_directory_object_id,
            self.display_name,
            *self.aliases,
        )
        return bool(wanted) and any(wanted == name.casefold() for name in names if name)


@dataclass
class Tenant:
    """One company's directory and Exchange organisation."""

    display_name: str
    domains: list[str]
    id: str = field(default_factory=new_id)
    cloud: Cloud = GLOBAL
    registrations: list[AppRegistration] = field(default_factory=list)
    deleted_service_principals: list[EnterpriseApplication] = field(default_factory=list)
    enterprise_applications: list[EnterpriseApplication] = field(default_factory=list)
    exchange_service_principals: list[ExchangeServicePrincipal] = field(default_factory=list)
    recipients: list[Recipient] = field(default_factory=list)
    blocked_by_conditional_access: set[str] = field(default_factory=set)
    """Application IDs whose tokens a policy for workload identities refuses."""
    application_access_policies: list[dict[str, object]] = field(default_factory=list)
    management_role_assignments: list[dict[str, object]] = field(default_factory=list)

    @property
    def initial_domain(self) -> str:
        """The `.onmicrosoft.com` domain (or its like), which Connect-ExchangeOnline wants as -Organization."""
        ending = f".{self.cloud.initial_domain}"
        return next((domain for domain in self.domains if domain.endswith(ending)), self.domains[0])

    def registration(self, app_id: str) -> AppRegistration | None:
        """Return the app registration with this Application ID, if this tenant has it."""
        return next((app for app in self.registrations if app.app_id == app_id.lower()), None)

    def enterprise_application(self, app_id: str) -> EnterpriseApplication | None:
        """Return the enterprise application with this Application ID, if this tenant has it."""
        return next((app for app in self.enterprise_applications if app.app_id == app_id.lower()), None)

    def service_principal(self, object_id: str) -> EnterpriseApplication | None:
        """Return the enterprise application with this object id, if this tenant has it."""
        return next((app for app in self.enterprise_applications if app.object_id == object_id.lower()), None)

    def recipient(self, identity: str) -> Recipient | None:
        """Return the recipient that `identity` names, if any; soft-deleted ones are not found."""
        present = (recipient for recipient in self.recipients if not recipient.soft_deleted)
        return next((recipient for recipient in present if recipient.answers_to(identity)), None)

    def granted_roles(
        self, application: EnterpriseApplication, resource_app_id: str, at: dt.datetime | None = None
    ) -> frozenset[str]:
        """Return the values of the app roles on a resource that `application` holds (held at `at`, when given)."""
        resource = self.enterprise_application(resource_app_id)
        if resource is None:
            return frozenset()
        granted = {
            grant.app_role_id
            for grant in application.app_role_assignments
            if grant.resource_id == resource.object_id and (at is None or grant.created <= at)
        }
        return frozenset(str(role["value"]) for role in resource.app_roles if role["id"] in granted)


@dataclass
class World:
    """All tenants of one lab, with the lock that every endpoint takes to read or change them."""

    tenants: list[Tenant]
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    cloud: Cloud = GLOBAL
    """The cloud whose endpoints these are; a tenant of another cloud is only seen from afar."""
    faults: Faults = field(default_factory=Faults)
    imap: ImapConduct = field(default_factory=ImapConduct)
    management: ManagementHost = field(default_factory=ManagementHost)
    token_ages: dict[str, int] = field(default_factory=dict)
    """By Application ID: seconds for which something on the way has kept the tokens that it hands out."""
    login_clock: dt.timedelta = dt.timedelta()
    """By how much the clock of the sign-in endpoint is ahead of this machine's, which is the application's."""
    login_certificate: str = "own"
    """`own`, or `foreign`: the sign-in endpoint shows a certificate that somebody on the way has signed."""

    def tenant(self, name: str) -> Tenant | None:
        """Return the tenant with this id or one of whose domains this is."""
        wanted = name.casefold()
        for tenant in self.tenants:
            if wanted == tenant.id or wanted in (domain.casefold() for domain in tenant.domains):
                return tenant
        return None
