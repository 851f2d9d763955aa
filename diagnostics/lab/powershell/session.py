"""What one runspace knows: the modules it has, its connections to Exchange, and so which cmdlets exist in it.

A connection belongs to one runspace (office-docs-powershell issue 10902). Exchange cmdlets exist only after
Connect-ExchangeOnline, and only those that the operator's role allows (issue 7970 shows a missing role as "The term
'Get-Mailbox' is not recognized").
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from diagnostics.lab.powershell.declaration import Call, Cmdlet
from diagnostics.lab.state import EnterpriseApplication, Tenant, World, new_id
from diagnostics.lab.tokens import Claims, InvalidToken, TokenAuthority

MANAGE_AS_APP = "Exchange.ManageAsApp"

FULL_ROLES = frozenset(
    {
        "exchange administrator",
        "29232cdf-9323-42fd-ade2-1d097af3e4de",
        "global administrator",
        "62e90394-69f5-4237-9190-012177145e10",
    }
)
READ_ROLES = frozenset(
    {
        "global reader",
        "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
        "security reader",
        "5d6b6bb7-de71-4623-b4af-96380a352509",
        "security administrator",
        "194ae4cb-b126-40b2-bd5b-6091b380977d",
    }
)
RECIPIENT_ROLES = frozenset({"exchange recipient administrator", "31392ffb-586c-42d1-9346-e59415a2cc4e"})
"""The directory roles that app-only-auth-powershell-v2.md lists, by name and by template id."""


class SignInRefused(Exception):
    """Exchange refuses the operator; `status` is what its REST side answers, `reason` says why in its own words."""

    def __init__(self, status: int, message: str, reason: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.reason = reason


@dataclass(frozen=True)
class HostProfile:
    """The PowerShell that the lab pretends to be; `module_version` None is a host without the module.

    `object_id_property` is what Get-ServicePrincipal calls the object id: ObjectId, or ServiceId in older answers.
    """

    ps_version: str = "7.6.0"
    edition: str = "Core"
    operating_system: str = "Microsoft Windows 10.0.26100"
    platform: str = "Win32NT"
    module_version: str | None = "3.10.0"
    object_id_property: str = "ObjectId"

    def version_table(self) -> dict[str, object]:
        """Return $PSVersionTable as plain strings, as a remote session shows it when it opens."""
        return {
            "PSVersion": self.ps_version,
            "PSEdition": self.edition,
            "GitCommitId": self.ps_version,
            "OS": self.operating_system,
            "Platform": self.platform,
            "PSCompatibleVersions": ["1.0", "2.0", "3.0", "4.0", "5.0", "5.1", "6.0", "7.0"],
            "PSRemotingProtocolVersion": "2.3",
            "SerializationVersion": "1.1.0.1",
            "WSManStackVersion": "3.0",
        }


@dataclass(frozen=True)
class Operator:
    """Who signed in: an application or a user of one tenant, and what the directory lets it do in Exchange."""

    tenant: Tenant
    claims: Claims
    roles: frozenset[str]

    def allows(self, cmdlet: str) -> bool:
        """Say whether the operator's role contains this cmdlet.

        Administrators have all of them, readers all Get-*. That a recipient administrator has none for service
        principals, not even Get-ServicePrincipal, is invented: the pages do not list cmdlets by directory role.
        """
        if self.roles & FULL_ROLES:
            return True
        if self.roles & RECIPIENT_ROLES and "ServicePrincipal" not in cmdlet:
            return True
        return bool(self.roles & READ_ROLES) and cmdlet.startswith("Get-")


def sign_in(world: World, tokens: TokenAuthority, token: str) -> Operator:
    """Return who bears `token`; raise SignInRefused when Exchange would not let it in.

    No grant is 401 ("UnAuthorized"), the app role without a directory role is 403 with the text of
    office-docs-powershell issue 11332.
    """
    try:
        claims = tokens.verify(token, world.cloud.exchange_audiences)
    except InvalidToken as refusal:
        raise SignInRefused(401, "UnAuthorized", f"the token is refused: {refusal.reason}") from None
    with world.lock:
        tenant = world.tenant(claims.tenant_id)
        if tenant is None:
            raise SignInRefused(401, "UnAuthorized", "the token is of another directory")
        if claims.scopes:
            roles = frozenset(str(role).casefold() for role in claims.raw.get("wids", ()))
        else:
            roles = _application_roles(tenant, claims)
    if not roles & (FULL_ROLES | READ_ROLES | RECIPIENT_ROLES):
        raise SignInRefused(
            403,
            f"The role assigned to application {claims.app_id} isn't supported in this scenario. Please check online "
            "documentation for assigning correct Directory Roles to Azure AD Application for EXO App-Only "
            "Authentication.",
            "no directory role",
        )
    return Operator(tenant, claims, roles)


def _application_roles(tenant: Tenant, claims: Claims) -> frozenset[str]:
    if MANAGE_AS_APP not in claims.roles:
        raise SignInRefused(401, "UnAuthorized", f"the token has no {MANAGE_AS_APP}")
    application: EnterpriseApplication | None = tenant.enterprise_application(claims.app_id)
    if application is None or not application.account_enabled:
        raise SignInRefused(401, "UnAuthorized", "the application is not in the directory or is disabled")
    return frozenset(role.casefold() for role in application.directory_roles)


@dataclass
class Connection:
    """One Connect-ExchangeOnline of a runspace."""

    operator: Operator
    organization: str = ""
    delegated_organization: str = ""
    user_principal_name: str = ""
    connection_uri: str = "https://outlook.office365.com"
    command_names: frozenset[str] | None = None
    prefix: str = ""
    page_size: int = 1000
    token: str = field(default="", repr=False)
    id: str = field(default_factory=new_id)
    module_name: str = field(default_factory=lambda: f"tmpEXO_{secrets.token_hex(4)}.{secrets.token_hex(2)[:3]}")

    @property
    def tenant(self) -> Tenant:
        """The organisation that the connection works in: always the token's own (issue 10378)."""
        return self.operator.tenant

    @property
    def expires(self) -> dt.datetime:
        """When the token ends, in UTC."""
        return dt.datetime.fromtimestamp(self.operator.claims.expires_at, dt.UTC)

    def offers(self, cmdlet: Cmdlet) -> bool:
        """Say whether this connection loaded the cmdlet."""
        wanted = self.command_names is None or cmdlet.name.casefold() in self.command_names
        return wanted and self.operator.allows(cmdlet.name)


class RemoteExchange(Protocol):
    """An Exchange that is reached over HTTP instead of in this process."""

    def sign_in(self, token: str) -> Operator:
        """Return who bears `token`; raise SignInRefused."""

    def invoke(self, call: Call, connection: Connection) -> Iterator[Any]:
        """Run a cmdlet there; raise StatementEnded or write its error."""


@dataclass
class RunspaceState:
    """One runspace: the lab's model, the host it runs on, and its connections, newest last.

    With `remote`, the Exchange cmdlets run there, and `world` is empty.
    """

    world: World
    tokens: TokenAuthority
    host: HostProfile = field(default_factory=HostProfile)
    connections: list[Connection] = field(default_factory=list)
    remote: RemoteExchange | None = None
    imported: set[str] = field(default_factory=set)

    @property
    def connection(self) -> Connection | None:
        """The connection that the Exchange cmdlets use."""
        return self.connections[-1] if self.connections else None
