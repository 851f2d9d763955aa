"""Everything that can be observed about a connection, as frozen dataclasses.

Sources make evidence, checks judge it, reports keep it. Absence is a type: a thing that nobody could look at is
`Unavailable(reason, …)`, a thing that was looked for and is not there is `Absent(…)`; neither is ever `None`, `""` or
an empty tuple. An empty tuple means: looked, and the list is empty.

Four ids that people mix up are types of their own, so that mypy refuses to hand one over as another.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, field
from typing import NewType, TypeAlias, TypeVar

TenantId = NewType("TenantId", str)
"""Directory (tenant) id, a GUID in lower case."""
ApplicationId = NewType("ApplicationId", str)
"""Application (client) id: `appid` in a token, AppId in Exchange."""
EnterpriseAppObjectId = NewType("EnterpriseAppObjectId", str)
"""Object ID of the *Enterprise Application* (service principal): `oid` in an app-only token, ObjectId in Exchange."""
AppRegistrationObjectId = NewType("AppRegistrationObjectId", str)
"""Object ID of the *App registration*: the one that people paste by mistake."""

T = TypeVar("T")


class Source(enum.StrEnum):
    """Where a piece of evidence came from."""

    PROFILE = "profile"
    ENTRA = "entra"
    GRAPH = "graph"
    EXCHANGE = "exchange"
    IMAP = "imap"
    DNS = "dns"
    TEXT = "text"
    JOURNAL = "journal"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Provenance:
    """How and when something was obtained.

    `how` names the cmdlet, the request or the place in a text (`ticket.txt:12`). `at` is UTC. `seconds` is how long
    it took.
    """

    source: Source
    how: str
    at: dt.datetime | None = None
    seconds: float | None = None


class Missing(enum.StrEnum):
    """Why something could not be observed; decides the outcome and the exit code."""

    NOT_REQUESTED = "not-requested"  # left out by a flag or the profile
    NOT_IN_TEXT = "not-in-text"  # a pasted text does not speak of it
    CUT_OFF = "cut-off"  # seen, but shortened or redacted
    BLOCKED = "blocked"  # an earlier link is broken, so it was not tried
    NOT_SIGNED_IN = "not-signed-in"  # the operator has no valid sign-in
    NO_RIGHTS = "no-rights"  # signed in, but not allowed to look
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed-out"
    REMOTE_ERROR = "remote-error"
    UNEXPECTED = "unexpected"  # answered in a shape that is not known


NOWHERE = Provenance(Source.NONE, "nobody looked")


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Something that could not be looked at, with the reason in the administrator's words and what to do about it."""

    reason: str
    missing: Missing
    provenance: Provenance = NOWHERE
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Absent:
    """Something that was looked for, with the right to see it, and is not there."""

    absent: str
    provenance: Provenance


Observed: TypeAlias = T | Unavailable
"""A value, or the reason why there is none."""

NOT_COLLECTED = Unavailable("nobody looked", Missing.NOT_REQUESTED)


class SettingName(enum.StrEnum):
    """What a value that somebody typed is meant to be."""

    TENANT = "tenant"
    APPLICATION_ID = "application id"
    ENTERPRISE_APP_OBJECT_ID = "enterprise application object id"
    APP_REGISTRATION_OBJECT_ID = "app registration object id"
    MAILBOX = "mailbox"
    IMAP_SERVER = "IMAP server"
    IMAP_PORT = "IMAP port"
    AUTHORITY = "authority"
    SCOPE = "scope"
    GRANT_TYPE = "grant type"
    REDIRECT_URI = "redirect URI"
    CLOUD = "cloud"
    FOLDER = "folder"
    ORGANIZATION = "organization"
    POWERSHELL_URI = "PowerShell connection URI"


@dataclass(frozen=True, slots=True)
class Setting:
    """A value as somebody typed it, in a profile or in a pasted configuration; never a secret.

    `raw` keeps blanks, quotes and invisible characters: they are what the input checks look for.
    """

    name: SettingName
    raw: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class SecretShape:
    """What may be known of a client secret without knowing it.

    `hint` is its first three characters, which Graph shows as well (passwordCredential.hint). `guid` is set only when
    the whole value is a GUID, which a secret's value never is: then it is the Secret ID (keyId).
    """

    length: int
    hint: str
    provenance: Provenance
    guid: str | None = None
    has_outer_blanks: bool = False
    has_outer_quotes: bool = False
    has_invisible: bool = False
    looks_url_encoded: bool = False
    looks_placeholder: bool = False


@dataclass(frozen=True, slots=True)
class TenantDiscovery:
    """What OIDC discovery says about a tenant id or domain; needs no credentials.

    `asked` is the tenant or domain, `login` the authority host asked. Without a tenant, `tenant_id` is `None` and
    `error_codes` says why (90002: no such tenant in this cloud).
    """

    asked: str
    login: str
    provenance: Provenance
    tenant_id: TenantId | None = None
    region_scope: str = ""
    region_sub_scope: str = ""
    cloud_instance: str = ""
    graph_host: str = ""
    error: str = ""
    error_codes: tuple[int, ...] = ()
    for_mailbox_domain: bool = False


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What was asked of the token endpoint, as far as it is known."""

    provenance: Provenance
    grant_type: str = ""
    scopes: tuple[str, ...] = ()
    authority_tenant: str = ""
    login: str = ""
    application_id: str = ""
    redirect_uri: str = ""


@dataclass(frozen=True, slots=True)
class EntraError:
    """A refusal of Entra: the numbers first, since its texts change (entra-docs reference-error-codes.md)."""

    codes: tuple[int, ...]
    description: str
    provenance: Provenance
    error: str = ""
    suberror: str = ""
    timestamp: str = ""
    trace_id: str = ""
    correlation_id: str = ""
    grant_type: str = ""  # of the request that was refused, where it is known: client_credentials, password, …


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What an access token says; never the token itself.

    Times are UTC. `roles` and `scopes` are `None` when the claim is absent: Entra leaves `roles` out instead of sending
    an empty list. `complete` is false when the payload was cut, so that an absent claim proves nothing. `opaque` tokens
    (personal accounts, `EwB…`) have no claims. `object_id` is `oid`; in an app-only token it is the Enterprise
    Application's Object ID (azure-docs: "In app-only tokens, this is the object ID of the calling service principal").
    """

    provenance: Provenance
    audience: str = ""
    issuer: str = ""
    tenant_id: str = ""
    application_id: ApplicationId = ApplicationId("")
    object_id: EnterpriseAppObjectId = EnterpriseAppObjectId("")
    roles: tuple[str, ...] | None = None
    scopes: tuple[str, ...] | None = None
    issued_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    identity_type: str = ""  # idtyp: "app" or "user"
    user_principal_name: str = ""
    identity_provider: str = ""
    app_display_name: str = ""
    version: str = ""
    complete: bool = True
    opaque: bool = False
    valid_signature: bool | None = None

    @property
    def is_app_only(self) -> bool:
        """Whether the token speaks for an application and not for a signed-in user."""
        if self.opaque:
            return False
        return self.identity_type == "app" or (self.scopes is None and not self.user_principal_name)


@dataclass(frozen=True, slots=True)
class PasswordCredential:
    """A client secret as Graph shows it: `hint` is its first three characters, `key_id` the portal's Secret ID."""

    key_id: str
    hint: str
    ends_at: dt.datetime | None
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class KeyCredential:
    """A certificate of an app registration; `thumbprint` is hexadecimal SHA-1 (customKeyIdentifier), upper case."""

    key_id: str
    thumbprint: str
    ends_at: dt.datetime | None
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class RequiredPermission:
    """A permission that an app registration asks for: declared, which is not granted."""

    resource_app_id: str
    id: str
    type: str  # "Role" (application) or "Scope" (delegated)


@dataclass(frozen=True, slots=True)
class AppRegistration:
    """The application object: `applications` in Graph, App registrations in the portal."""

    object_id: AppRegistrationObjectId
    application_id: ApplicationId
    display_name: str
    provenance: Provenance
    sign_in_audience: str = ""
    password_credentials: tuple[PasswordCredential, ...] = ()
    key_credentials: tuple[KeyCredential, ...] = ()
    required_permissions: tuple[RequiredPermission, ...] = ()
    is_fallback_public_client: bool | None = None
    redirect_uris: tuple[tuple[str, str], ...] = ()  # (platform: web | spa | publicClient, URI)


@dataclass(frozen=True, slots=True)
class PublishedPermission:
    """A permission that a resource publishes: an app role (`Role`) or a delegated scope (`Scope`)."""

    id: str
    value: str
    type: str


@dataclass(frozen=True, slots=True)
class EnterpriseApplication:
    """The service principal: `servicePrincipals` in Graph, Enterprise applications in the portal."""

    object_id: EnterpriseAppObjectId
    application_id: ApplicationId
    display_name: str
    provenance: Provenance
    account_enabled: bool | None = None
    owner_tenant_id: str = ""
    disabled_by_microsoft_status: str = ""
    service_principal_type: str = ""
    assignment_required: bool | None = None
    permissions: tuple[PublishedPermission, ...] = ()


@dataclass(frozen=True, slots=True)
class AppRoleAssignment:
    """An application permission that was consented to. `created_at` is UTC."""

    app_role_id: str
    resource_id: str
    created_at: dt.datetime | None = None
    resource_display_name: str = ""


@dataclass(frozen=True, slots=True)
class DelegatedGrant:
    """A delegated permission that was consented to (oauth2PermissionGrants)."""

    resource_id: str
    scopes: tuple[str, ...]
    consent_type: str = ""


class DirectoryObjectKind(enum.StrEnum):
    """What Graph says an id is."""

    APP_REGISTRATION = "app registration"
    ENTERPRISE_APPLICATION = "enterprise application"
    DELETED_ENTERPRISE_APPLICATION = "deleted enterprise application"
    EXCHANGE_ONLINE = "the Office 365 Exchange Online enterprise application"
    NOTHING = "nothing in this directory"


@dataclass(frozen=True, slots=True)
class DirectoryObject:
    """What an id that was found somewhere turns out to be."""

    id: str
    kind: DirectoryObjectKind
    provenance: Provenance
    application_id: str = ""
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class GraphEvidence:
    """What Microsoft Graph says, where the operator may ask it; none of it is required for a verdict."""

    enterprise_application: Observed[EnterpriseApplication | Absent] = NOT_COLLECTED
    registration: Observed[AppRegistration | Absent] = NOT_COLLECTED
    exchange_online: Observed[EnterpriseApplication | Absent] = NOT_COLLECTED
    role_assignments: Observed[tuple[AppRoleAssignment, ...]] = NOT_COLLECTED
    delegated_grants: Observed[tuple[DelegatedGrant, ...]] = NOT_COLLECTED
    objects: tuple[DirectoryObject, ...] = ()


@dataclass(frozen=True, slots=True)
class ExchangeConnection:
    """What Connect-ExchangeOnline led to, by Get-ConnectionInformation, once per run."""

    tenant_id: str
    organization: str
    provenance: Provenance
    user_principal_name: str = ""
    application_id: str = ""
    transport: str = ""
    powershell_version: str = ""
    module_version: str = ""


@dataclass(frozen=True, slots=True)
class ExchangeServicePrincipal:
    """A row of Get-ServicePrincipal. The ids are what Exchange holds, which is what has to be judged.

    A value that ends in `...` or `…` was cut off by Format-Table: it can confirm a mismatch, never a match.
    """

    app_id: str
    object_id: str
    display_name: str
    provenance: Provenance
    sid: str = ""
    identity: str = ""
    changed_at: dt.datetime | None = None
    names_service_id: bool = False  # the column was called ServiceId, as older modules do


@dataclass(frozen=True, slots=True)
class CmdletError:
    """An error record of a cmdlet, from the bridge or from a pasted text."""

    cmdlet: str
    message: str
    provenance: Provenance
    error_id: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """A row of Get-ApplicationAccessPolicy; it restricts Graph and EWS and never grants IMAP."""

    app_id: str
    access_right: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class RoleAssignment:
    """A row of Get-ManagementRoleAssignment for the application (RBAC for Applications)."""

    role: str
    assignee: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class ExchangeEvidence:
    """What Exchange Online says about the whole organisation."""

    connection: Observed[ExchangeConnection] = NOT_COLLECTED
    service_principals: Observed[tuple[ExchangeServicePrincipal, ...]] = NOT_COLLECTED
    access_policies: Observed[tuple[AccessPolicy, ...]] = NOT_COLLECTED
    role_assignments: Observed[tuple[RoleAssignment, ...]] = NOT_COLLECTED
    errors: tuple[CmdletError, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipient:
    """A row of Get-Recipient or Get-Mailbox: what an address is."""

    primary_address: str
    type_details: str
    provenance: Provenance
    identity: str = ""
    user_principal_name: str = ""
    addresses: tuple[str, ...] = ()  # without the SMTP: prefix
    external_directory_object_id: str = ""
    display_name: str = ""
    changed_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class MailboxPermission:
    """A row of Get-MailboxPermission. `rights` are split: Exchange may join them with commas in one string."""

    user: str
    rights: tuple[str, ...]
    provenance: Provenance
    user_sid: str = ""
    deny: bool = False
    inherited: bool = False
    identity: str = ""

    def has_full_access(self) -> bool:
        """Whether FullAccess is among the rights, in any spelling of case."""
        return any(right.casefold() == "fullaccess" for right in self.rights)


@dataclass(frozen=True, slots=True)
class CasMailbox:
    """A row of Get-CASMailbox: which protocols are on. `None`: the row did not say."""

    provenance: Provenance
    imap_enabled: bool | None = None
    pop_enabled: bool | None = None
    smtp_client_authentication_disabled: bool | None = None


class AttemptOutcome(enum.StrEnum):
    """How a connection to one address ended."""

    CONNECTED = "connected"
    REFUSED = "refused"
    TIMED_OUT = "timed out"
    RESET = "reset"
    UNREACHABLE = "unreachable"
    NOT_TRIED = "not tried"
    TLS_FAILED = "TLS failed"
    CERTIFICATE_REFUSED = "certificate refused"
    PLAINTEXT = "answered in plain text"
    NO_GREETING = "no greeting"


@dataclass(frozen=True, slots=True)
class AddressAttempt:
    """One connection to one address of the IMAP server."""

    address: str
    port: int
    outcome: AttemptOutcome
    detail: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class TlsPeer:
    """The certificate that the server showed, leaf first."""

    subject: str
    issuer: str
    alternative_names: tuple[str, ...] = ()
    not_after: dt.datetime | None = None
    version: str = ""


class ReplyStatus(enum.StrEnum):
    """Status words of an IMAP answer, and what can happen instead of one."""

    OK = "OK"
    NO = "NO"
    BAD = "BAD"
    BYE = "BYE"
    CHALLENGE = "+"
    CLOSED = "connection closed"
    TIMED_OUT = "no answer in time"


@dataclass(frozen=True, slots=True)
class ImapStep:
    """One command and its completion, e.g. ("AUTHENTICATE XOAUTH2", OK, "AUTHENTICATE completed.")."""

    command: str
    status: ReplyStatus
    text: str
    seconds: float | None = None
    provenance: Provenance | None = None


class SaslFault(enum.StrEnum):
    """What is wrong with the bytes of an XOAUTH2 string (format: facts on xoauth2, Microsoft's IMAP OAuth page)."""

    LITERAL_CARET_A = "the two characters ^A stand where byte 0x01 belongs"
    ESCAPED_SEPARATOR = "an escape such as \\x01 or %x01 stands where byte 0x01 belongs"
    BLANK_BEFORE_SEPARATOR = "a blank stands before the separator"
    TOKEN_DOUBLE_BASE64 = "the token was base64-encoded once more"  # noqa: S105 - a sentence
    UTF_16 = "the string is UTF-16, every second byte is zero"
    USER_NOT_AN_ADDRESS = "user= is not one plain address"
    USER_WITH_BACKSLASH = "user= has the old form user\\mailbox"
    NOT_XOAUTH2 = "it is not of the form user=…\\x01auth=Bearer …\\x01\\x01"
    TOKEN_OPAQUE = "the token is not a JWT"  # noqa: S105 - a sentence


@dataclass(frozen=True, slots=True)
class SaslString:
    """An XOAUTH2 string that a client sent or a script builds, decoded; never the token."""

    provenance: Provenance
    user: str = ""
    faults: tuple[SaslFault, ...] = ()
    claims: TokenClaims | None = None


@dataclass(frozen=True, slots=True)
class ImapSession:
    """A conversation with an IMAP server, live or as somebody's client logged it.

    `attempts` holds every address tried. `greeting_host` is the front-end name that the greeting's bracket decodes to
    (base64 of UTF-16LE, imap_server facts); empty when there is none. `steps` are in order.
    """

    provenance: Provenance
    server: str = ""
    port: int = 0
    user: str = ""
    attempts: tuple[AddressAttempt, ...] = ()
    tls: TlsPeer | None = None
    greeting: str = ""
    greeting_host: str = ""
    capabilities: tuple[str, ...] = ()
    steps: tuple[ImapStep, ...] = ()
    folders: tuple[str, ...] = ()
    sasl: SaslString | None = None
    challenge: str = ""  # decoded `+ <base64>` continuation after XOAUTH2; Exchange sends none
    name_error: str = ""  # the server's name could not be resolved, and why

    def step(self, verb: str) -> ImapStep | None:
        """Return the last step whose command starts with `verb`, e.g. `AUTHENTICATE`."""
        return next((step for step in reversed(self.steps) if step.command.upper().startswith(verb.upper())), None)


@dataclass(frozen=True, slots=True)
class MailboxEvidence:
    """What is known about one mailbox that the application must read."""

    address: str
    recipient: Observed[Recipient | Absent] = NOT_COLLECTED
    permissions: Observed[tuple[MailboxPermission, ...]] = NOT_COLLECTED
    cas: Observed[CasMailbox] = NOT_COLLECTED
    imap: Observed[ImapSession] = NOT_COLLECTED
    soft_deleted: Observed[bool] = NOT_COLLECTED
    domain_mx: Observed[tuple[str, ...]] = NOT_COLLECTED


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence of a log or a server that is recognised by a table of signatures and fits no richer type.

    `kind` says what was said, not what causes it (`smtp-auth-disabled-for-tenant`, `rest-api-not-supported`); `values`
    are the parts that the signature captured.
    """

    kind: str
    text: str
    provenance: Provenance
    values: tuple[tuple[str, str], ...] = ()

    def value(self, name: str) -> str:
        """Return the captured part `name`, or an empty string where the signature captured none."""
        return dict(self.values).get(name, "")


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """A change whose time is known: from the journal, Graph (createdDateTime) or Exchange (WhenChangedUTC)."""

    what: str
    at: dt.datetime
    provenance: Provenance
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """What the run is about, after cleaning: the profile's values, or what a pasted text names. Empty: not named."""

    tenant: str = ""
    organization: str = ""
    application_id: ApplicationId = ApplicationId("")
    enterprise_app_object_id: EnterpriseAppObjectId = EnterpriseAppObjectId("")
    app_registration_object_id: AppRegistrationObjectId = AppRegistrationObjectId("")
    mailboxes: tuple[str, ...] = ()
    cloud: str = "global"
    login: str = ""
    graph: str = ""
    scope: str = ""
    imap_server: str = ""
    imap_port: int = 993
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One run's evidence. `judged_at` (UTC) is the present that checks compare times with, so that they stay pure."""

    judged_at: dt.datetime
    live: bool = True
    target: Target = field(default_factory=Target)
    settings: tuple[Setting, ...] = ()
    secret: Observed[SecretShape] = NOT_COLLECTED
    discoveries: Observed[tuple[TenantDiscovery, ...]] = NOT_COLLECTED
    token_requests: tuple[TokenRequest, ...] = ()
    entra_errors: tuple[EntraError, ...] = ()
    tokens: Observed[tuple[TokenClaims, ...]] = NOT_COLLECTED
    graph: GraphEvidence = field(default_factory=GraphEvidence)
    exchange: ExchangeEvidence = field(default_factory=ExchangeEvidence)
    mailboxes: tuple[MailboxEvidence, ...] = ()
    imap_sessions: tuple[ImapSession, ...] = ()  # of pasted texts; live sessions hang on their mailbox
    sasl_strings: tuple[SaslString, ...] = ()
    remarks: tuple[Remark, ...] = ()
    changes: tuple[RecordedChange, ...] = ()
    operator_errors: tuple[EntraError, ...] = ()
    left_out: tuple[str, ...] = ()

    def all_imap_sessions(self) -> tuple[ImapSession, ...]:
        """Return live sessions and pasted ones alike."""
        live = (mailbox.imap for mailbox in self.mailboxes if isinstance(mailbox.imap, ImapSession))
        return (*live, *self.imap_sessions)

    def token(self) -> Observed[TokenClaims]:
        """Return the token to judge (the last one seen), or why there is none."""
        if isinstance(self.tokens, Unavailable):
            return self.tokens
        if not self.tokens:
            return Unavailable("no token was seen", Missing.NOT_IN_TEXT if not self.live else Missing.BLOCKED)
        return self.tokens[-1]
