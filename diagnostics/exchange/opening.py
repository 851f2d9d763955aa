"""What a PowerShell must go through before it can be asked: versions, sign-in, and whose tenant it turned out to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from diagnostics.clouds import GLOBAL
from diagnostics.evidence import ExchangeConnection, Provenance, Source
from diagnostics.exchange.accounting import Answer, Ended
from diagnostics.exchange.port import (
    CmdletCall,
    ConnectionRequest,
    ErrorKind,
    ParameterValue,
    ShellError,
    ShellUnavailable,
)
from diagnostics.exchange.psrp import PsrpShell
from diagnostics.exchange.rows import connection
from diagnostics.exchange.values import rows_of
from diagnostics.exchange.versions import MODULE, choose
from diagnostics.ids import TenantId, is_guid
from diagnostics.jwt import payload_of
from diagnostics.redaction import Secret, safe

VERSIONS = "read versions"
PAIR = f"check {MODULE}"
SIGN_IN = "sign in to Exchange Online"
TENANT = "compare tenants"
_INSTALL = f"On that machine: Install-Module {MODULE} -Scope CurrentUser"
_HINTS = {
    ErrorKind.NOT_SIGNED_IN: f"Check the operator's sign-in: the token must be for {GLOBAL.exchange}, and "
    "an application needs the app role Exchange.ManageAsApp.",
    ErrorKind.APP_LACKS_ROLE: "Give the operator's application the permission Exchange.ManageAsApp with admin consent, and "
    "a directory role such as Exchange Administrator, or Global Reader to read only.",
    ErrorKind.NO_RIGHTS: "Give the operator a directory role such as Exchange Administrator, or, to read only, "
    "Global Reader.",
}


def prepare(shell: PsrpShell) -> None:
    """Read the versions and refuse a pair that cannot work, before anybody signs in."""
    with shell.step(VERSIONS) as found:
        engine, listed = shell.run([_ENGINE, _MODULES])
        _raise_if_late(VERSIONS, engine, listed)
        shell.powershell_version = _engine_version(engine)
        modules = _module_versions(listed)
        found.append(f"PowerShell {shell.powershell_version or 'of unknown version'}")
        found.append(f"{MODULE} {', '.join(modules)}" if modules else f"{MODULE} not listed")
    with shell.step(PAIR) as found:
        if not modules and not listed.errors:
            raise ShellUnavailable(
                PAIR, f"{MODULE} is not installed there", kind=ErrorKind.MODULE_MISSING, hint=_INSTALL
            )
        chosen, why = choose(shell.powershell_version, modules)
        if modules and not chosen:
            raise ShellUnavailable(PAIR, why, kind=ErrorKind.MODULE_MISSING, hint=_remedy(why))
        if why:
            _import(shell, chosen)
        shell.module_version = chosen
        found.append(f"using {chosen}, since {why}" if why else "supported" if chosen else "could not be read")


_ENGINE = CmdletCall("Get-Variable", {"Name": "PSVersionTable", "ValueOnly": True})
_MODULES = CmdletCall("Get-Module", {"Name": MODULE, "ListAvailable": True})


def _remedy(why: str) -> str:
    return (
        f"Install-Module {MODULE} -Scope CurrentUser"
        if "access token" in why
        else (
            "Install that PowerShell, or an older module: "
            f"Install-Module {MODULE} -RequiredVersion with a version that goes with this PowerShell"
        )
    )


def _engine_version(answer: Answer) -> str:
    for row in rows_of(answer.outputs, as_json=False):
        return _version(_get(row, "PSVersion"))
    return ""


def _module_versions(answer: Answer) -> list[str]:
    rows = rows_of(answer.outputs, as_json=False)
    return list(dict.fromkeys(text for text in (_version(_get(row, "Version")) for row in rows) if text))


def _version(value: object) -> str:
    """Return a version as text; SemanticVersion and Version cross the wire as text or as an object of numbers."""
    if isinstance(value, Mapping):
        numbers = [_get(value, part) for part in ("Major", "Minor", "Patch", "Build")]
        return ".".join(str(number) for number in numbers if isinstance(number, int) and number >= 0)
    return safe(str(value or ""))


def _get(row: Mapping[str, object], name: str) -> object:
    return next((value for key, value in row.items() if key.casefold() == name.casefold()), None)


def _import(shell: PsrpShell, version: str) -> None:
    (answer,) = shell.run([CmdletCall("Import-Module", {"Name": MODULE, "RequiredVersion": version})])
    if answer.errors:
        raise ShellUnavailable(PAIR, answer.errors[0].message, kind=answer.errors[0].kind)


def _raise_if_late(step: str, *answers: Answer) -> None:
    """Raise when the channel, and not a cmdlet, is what failed."""
    for answer in answers:
        if answer.ended in {Ended.BROKEN, Ended.TIMED_OUT, Ended.PROMPTED}:
            error = answer.errors[-1]
            raise ShellUnavailable(step, error.message, kind=error.kind)


def connect(shell: PsrpShell, request: ConnectionRequest) -> None:
    """Sign in with the operator's token, and refuse to go on in a tenant that is not the one asked for.

    With a token and a delegated organisation the module has silently used the partner's own tenant
    (office-docs-powershell issue 10378), so the connection is held against the request, once.
    """
    expected = expected_tenant(request)
    with shell.step(SIGN_IN) as found:
        signed_in, information = shell.run(
            [CmdletCall("Connect-ExchangeOnline", sign_in_parameters(request)), CmdletCall("Get-ConnectionInformation")]
        )
        _raise_if_late(SIGN_IN, signed_in, information)
        if signed_in.ended is not Ended.ANSWERED or signed_in.errors:
            raise _refused(signed_in.errors)
        _raise_if_no_information(information)
        shell.connection = connection_of(rows_of(information.outputs, as_json=False), shell)
        found.append(f"{shell.connection.organization or request.organization}")
    with shell.step(TENANT) as found:
        check_tenant(shell.connection.tenant_id, expected)
        found.append(shell.connection.tenant_id)


def sign_in_parameters(request: ConnectionRequest) -> dict[str, ParameterValue]:
    """Return the bound parameters of Connect-ExchangeOnline (Connect-ExchangeOnline.md); -AccessToken is a String."""
    parameters: dict[str, ParameterValue] = {"AccessToken": request.access_token}
    if request.organization:
        parameters["Organization"] = request.organization
    if request.user_principal_name:
        parameters["UserPrincipalName"] = request.user_principal_name
    if request.cmdlets:
        parameters["CommandName"] = list(request.cmdlets)
    if request.environment:
        parameters["ExchangeEnvironmentName"] = request.environment
    if request.connection_uri:
        parameters["ConnectionUri"] = request.connection_uri
    return {**parameters, "SkipLoadingFormatData": True, "ShowBanner": False}


def _refused(errors: Sequence[ShellError]) -> ShellUnavailable:
    if not errors:
        return ShellUnavailable(SIGN_IN, "Connect-ExchangeOnline ended without saying why", kind=ErrorKind.OTHER)
    error = errors[0]
    if error.kind in {ErrorKind.COMMAND_NOT_FOUND, ErrorKind.MODULE_MISSING}:
        return ShellUnavailable(SIGN_IN, error.message, kind=ErrorKind.MODULE_MISSING, hint=_INSTALL)
    return ShellUnavailable(SIGN_IN, error.message, kind=error.kind, hint=hint_of(error.kind))


def _raise_if_no_information(answer: Answer) -> None:
    if answer.ended is Ended.ANSWERED and not answer.errors and answer.outputs:
        return
    why = answer.errors[0].message if answer.errors else "it gave nothing"
    raise ShellUnavailable(
        SIGN_IN, f"Get-ConnectionInformation does not say which tenant this is: {why}", kind=ErrorKind.OTHER
    )


def connection_of(rows: Sequence[Mapping[str, object]], shell: PsrpShell) -> ExchangeConnection:
    """Return the newest connection of the session as evidence; several exist where a profile script connects too."""
    return replace(
        connection(rows[-1], Provenance(Source.EXCHANGE, "Get-ConnectionInformation")),
        transport=shell.transport,
        powershell_version=shell.powershell_version,
        module_version=shell.module_version,
    )


def expected_tenant(request: ConnectionRequest) -> TenantId:
    """Return the tenant id that the connection must have.

    A request that names a domain is held against the token's own tenant, which Entra took from that domain. Raises
    ShellUnavailable when neither gives an id.
    """
    for candidate in (request.tenant_id, token_claim(request.access_token, "tid")):
        if is_guid(candidate.strip()):
            return TenantId(candidate.strip().lower())
    raise ShellUnavailable(TENANT, "there is no tenant id to hold the connection against", kind=ErrorKind.PARAMETER)


def token_claim(token: Secret, name: str) -> str:
    """Return a claim of an access token as text; an empty string when it is not there or the token is no JWT."""
    value = payload_of(token.reveal()).get(name)
    return value if isinstance(value, str) else ""


def hint_of(kind: ErrorKind) -> str:
    """Return what the operator can do about a refused sign-in; empty where nothing general can be said."""
    return _HINTS.get(kind, "")


def check_tenant(actual: TenantId, expected: TenantId) -> None:
    """Raise ShellUnavailable when the connection is to another tenant than the one asked for."""
    if actual.lower() == expected:
        return
    shown = actual or "a tenant that it does not name"
    raise ShellUnavailable(
        TENANT,
        f"the connection is to tenant {safe(shown)}, the profile means {expected}; nothing was asked there",
        kind=ErrorKind.PARAMETER,
        hint="Sign the operator in to the tenant of the profile, or correct the profile's tenant.",
    )
