"""The form of a profile, as pydantic models; the JSON Schema for editors is generated from them.

Scalars arrive as they stand in the file (`Scalar`), so that an id keeps every character that somebody typed and a
number is not taken for a text. What a value *means* is not judged here: that is what the input checks are for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from diagnostics.clouds import CloudName
from diagnostics.net.urls import split


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar of the file: its text without YAML's quotes, and what YAML takes it for."""

    raw: str
    value: str | int | float | bool | None
    quoted: bool = False


class WrongKind(ValueError):
    """A value of another kind than the one that belongs there; pydantic takes a ValueError for a finding."""


def _text(value: object) -> object:
    if isinstance(value, Scalar):
        return value.raw
    return _no_collection(value, "must be a text")


def _https_address(value: str) -> str:
    parts = split(value.strip())
    if parts.scheme.lower() != "https" or not parts.hostname or any(letter.isspace() for letter in parts.netloc):
        raise ValueError("is not an https address")
    if parts.username is not None or parts.password is not None:
        raise ValueError("has a user or a password in it")
    return value


def _number(value: object) -> object:
    if isinstance(value, Scalar):
        if isinstance(value.value, bool) or not isinstance(value.value, (int, float)):
            raise WrongKind("must be a number" + (", without quotes" if value.quoted else ""))
        return value.value
    return _no_collection(value, "must be a number")


def _flag(value: object) -> object:
    if isinstance(value, Scalar):
        if not isinstance(value.value, bool):
            raise WrongKind("must be true or false" + (", without quotes" if value.quoted else ""))
        return value.value
    return _no_collection(value, "must be true or false")


def _no_collection(value: object, wanted: str) -> object:
    if isinstance(value, (dict, list)):
        raise WrongKind(wanted)
    return value


Text: TypeAlias = Annotated[str, BeforeValidator(_text)]
HttpsAddress: TypeAlias = Annotated[str, AfterValidator(_https_address), BeforeValidator(_text)]
Flag: TypeAlias = Annotated[bool, BeforeValidator(_flag)]
Port: TypeAlias = Annotated[int, Field(ge=1, le=65535), BeforeValidator(_number)]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=3600), BeforeValidator(_number)]
VariableName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"), BeforeValidator(_text)]
NameServer: TypeAlias = Annotated[
    str, Field(pattern=r"^(?:[0-9.]{7,15}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$"), BeforeValidator(_text)
]
TransportName: TypeAlias = Literal["local", "ssh", "winrm", "rest"]
SignInName: TypeAlias = Literal["application", "device-code", "browser", "access-token-file"]
WinRmAuthentication: TypeAlias = Literal["negotiate", "kerberos", "ntlm", "certificate", "credssp", "basic"]


class Section(BaseModel):
    """A mapping of the profile; a key that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class SecretReference(Section):
    """Where a secret is kept; exactly one of the keys. The secret itself never stands in a profile."""

    env: VariableName | None = Field(default=None, description="Name of the environment variable that holds it.")
    file: Text | None = Field(
        default=None, description="File that holds it and nothing else, readable by its owner alone (chmod 600)."
    )
    keyring: Text | None = Field(
        default=None, description="Name in the system's own store: `keyring set diag NAME` puts it there."
    )
    prompt: Annotated[Literal[True], BeforeValidator(_flag)] | None = Field(
        default=None, description="Ask for it on the terminal."
    )


class CertificateReference(Section):
    """A certificate with its private key in one PEM or PFX file."""

    file: Text = Field(description="PEM or PFX file with certificate and private key.")
    password: SecretReference | None = Field(
        default=None, description="Where the file's password is kept, if it has one."
    )


class Application(Section):
    """The application under test: the ERP, ticket system or script that must read mail."""

    id: Text = Field(description="Application (client) ID: App registrations > Overview.")
    enterprise_object_id: Text | None = Field(
        default=None, description="Object ID of the Enterprise Application: Enterprise applications > Overview."
    )
    registration_object_id: Text | None = Field(
        default=None, description="Object ID of the App registration: App registrations > Overview."
    )
    secret: SecretReference | None = Field(default=None, description="Where the client secret's Value is kept.")
    certificate: CertificateReference | None = Field(default=None, description="A certificate, instead of a secret.")


class Imap(Section):
    """The IMAP server that the application uses."""

    server: Text | None = Field(default=None, description="Host name; the cloud's own when left out.")
    port: Port = Field(default=993, description="Port with TLS from the first byte.")


class WinRmCertificate(Section):
    """A client certificate for WinRM, in PEM files."""

    file: Text = Field(description="PEM file with the certificate.")
    key: Text | None = Field(default=None, description="PEM file with the private key, if it is not in `file`.")
    password: SecretReference | None = Field(
        default=None, description="Where the key's password is kept, if it has one."
    )


class Exchange(Section):
    """How to reach a PowerShell that has the ExchangeOnlineManagement module."""

    transport: Annotated[TransportName, BeforeValidator(_text)] = Field(
        default="local",
        description="local: PowerShell here. ssh: on a jump host. winrm: on a Windows management host. "
        "rest: Exchange's admin REST endpoint, not supported by Microsoft for other programs.",
    )
    host: Text | None = Field(
        default=None, description="ssh, winrm: the management host; never Exchange Online's own host."
    )
    port: Port | None = Field(default=None, description="ssh: 22, winrm: 5986 when left out.")
    auth: Annotated[WinRmAuthentication, BeforeValidator(_text)] = Field(default="negotiate", description="winrm.")
    username: Text | None = Field(default=None, description="ssh, winrm: account on the management host.")
    password: SecretReference | None = Field(default=None, description="winrm: where the account's password is kept.")
    certificate: WinRmCertificate | None = Field(default=None, description="winrm with auth: certificate.")
    configuration: Text = Field(default="Microsoft.PowerShell", description="winrm: session configuration.")
    executable: Text | None = Field(default=None, description="local: path of pwsh; ssh: path of ssh.")
    windows_powershell: Flag = Field(default=False, description="local: Windows PowerShell 5.1 instead of pwsh.")
    subsystem: Text = Field(default="powershell", description="ssh: name of the subsystem in sshd_config.")
    options: tuple[Text, ...] = Field(default=(), description="ssh: further words for ssh, such as -F and a file.")
    proxy: Text | None = Field(
        default=None, description="winrm, rest: URL of a proxy; the environment's when left out."
    )
    connection_uri: Text | None = Field(
        default=None, description="Obsolete: remote PowerShell to Exchange Online was switched off in October 2023."
    )


class Operator(Section):
    """Who runs diag, and signs in for Exchange PowerShell and Graph; never the application under test."""

    sign_in: Annotated[SignInName, BeforeValidator(_text)] = Field(
        description="application: unattended, with a secret or certificate. device-code, browser: a person. "
        "access-token-file: tokens made elsewhere."
    )
    application_id: Text | None = Field(
        default=None, description="Application (client) ID of the operator's application."
    )
    secret: SecretReference | None = Field(default=None, description="application: where its client secret is kept.")
    certificate: CertificateReference | None = Field(default=None, description="application: a certificate instead.")
    file: Text | None = Field(default=None, description="access-token-file: one access token to a line.")


class Endpoints(Section):
    """Base URLs that replace the cloud's own, for private clouds and the lab; and the name server to ask."""

    login: HttpsAddress | None = Field(default=None, description="Sign-in host.")
    graph: HttpsAddress | None = Field(default=None, description="Microsoft Graph.")
    exchange: HttpsAddress | None = Field(
        default=None, description="Exchange's admin REST endpoint, without /adminapi."
    )
    dns: NameServer | None = Field(
        default=None,
        description="Name server that is asked where a domain's mail goes: an address, and a port unless it is 53. "
        "Where the own network answers for its domains otherwise than the Internet does, such as 1.1.1.1.",
    )


class Timeouts(Section):
    """How long to wait, in seconds."""

    connect: Seconds = Field(default=10.0, description="For a connection.")
    operation: Seconds = Field(default=60.0, description="For an answer.")


class Document(Section):
    """A profile: which application must read which mailboxes, and how diag can look at it."""

    model_config = ConfigDict(
        title="diag profile", json_schema_extra={"$schema": "https://json-schema.org/draft/2020-12/schema"}
    )

    version: Annotated[Literal[1], BeforeValidator(_number)] = Field(default=1, description="Version of this format.")
    tenant: Text = Field(description="Directory (tenant) ID, or a verified domain.")
    organization: Text | None = Field(
        default=None, description="The tenant's first domain, such as contoso.onmicrosoft.com."
    )
    cloud: Annotated[CloudName, BeforeValidator(_text)] = Field(
        default="global", description="GCC belongs to global, GCC High is us-gov, 21Vianet is china."
    )
    application: Application
    mailboxes: tuple[Text, ...] = Field(
        default=(), description="Addresses of the mailboxes that the application must read."
    )
    imap: Imap = Field(default_factory=Imap)
    exchange: Exchange = Field(default_factory=Exchange)
    operator: Operator | None = None
    graph: Flag = Field(default=True, description="false: never ask Microsoft Graph.")
    ca_file: Text | None = Field(
        default=None, description="PEM file with a CA that is trusted in addition to the system's."
    )
    endpoints: Endpoints = Field(default_factory=Endpoints)
    timeouts: Timeouts = Field(default_factory=Timeouts)
