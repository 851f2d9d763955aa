"""Exchange cmdlets that run in a lab of another process, over its admin REST endpoint, as the real module works.

`open_shell` makes the shell of the `pwsh -ServerMode` stand-in: for a running lab, given its ready file, or for a
small world of its own.
"""

from __future__ import annotations

import base64
import datetime as dt
import http.client
import json
import re
import ssl
import urllib.parse
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diagnostics.lab.powershell.declaration import COMMON_PARAMETERS, SHOULD_PROCESS_PARAMETERS, Call
from diagnostics.lab.powershell.errors import ErrorData, StatementEnded, command_not_found
from diagnostics.lab.powershell.objects import Row
from diagnostics.lab.powershell.runspace import ServerRunspace
from diagnostics.lab.powershell.session import (
    FULL_ROLES,
    Connection,
    HostProfile,
    Operator,
    RunspaceState,
    SignInRefused,
)
from diagnostics.lab.state import Tenant, World, new_id
from diagnostics.lab.tokens import Claims, TokenAuthority

SECONDS = 60.0
UNAUTHORIZED, FORBIDDEN = 401, 403
LOCAL_ONLY = {parameter.name for parameter in (*COMMON_PARAMETERS, *SHOULD_PROCESS_PARAMETERS)}
CONFIRMS = ("Remove-",)


class RestExchange:
    """Calls `POST {base}/adminapi/beta/{tenant}/InvokeCommand` for each cmdlet; the certificate is checked."""

    def __init__(self, base: str, ca_file: str) -> None:
        self._base = urllib.parse.urlsplit(base)
        self._tls = ssl.create_default_context(cafile=ca_file)

    def sign_in(self, token: str) -> Operator:
        """Ask for one mailbox, as a small call that shows whether Exchange lets the bearer in."""
        claims = unverified_claims(token)
        status, headers, body = self._post(token, claims.tenant_id, "Get-Mailbox", {"ResultSize": 1}, "")
        if status == UNAUTHORIZED:
            raise SignInRefused(UNAUTHORIZED, "UnAuthorized", headers.get("x-ms-diagnostics", ""))
        if status == FORBIDDEN and not body.strip(b"\x00"):
            reason = re.search(r'reason="([^"]*)"', headers.get("x-ms-diagnostics", ""))
            raise SignInRefused(FORBIDDEN, reason[1] if reason else "UnAuthorized", "no directory role")
        tenant = Tenant(display_name="", domains=[claims.tenant_id], id=claims.tenant_id)
        return Operator(tenant, claims, FULL_ROLES)

    def invoke(self, call: Call, connection: Connection) -> Iterator[Any]:
        """Run a cmdlet and yield its objects, page by page."""
        parameters = {name: value for name, value in call.bound.items() if name not in LOCAL_ONLY}
        name = call.cmdlet.name
        if call.cmdlet.should_process and not call.should_process(
            str(call.get("Identity", "")), name, confirms=name.startswith(CONFIRMS)
        ):
            return
        page = ""
        while True:
            status, _headers, body = self._post(connection.token, connection.tenant.id, name, parameters, page)
            answer = json.loads(body) if body.strip(b"\x00") else {}
            if "error" in answer or status >= UNAUTHORIZED - 1:
                _refuse(call, status, answer.get("error", {}))
                return
            for warning in answer.get("@adminapi.warnings", []):
                call.write_warning(warning)
            for item in answer.get("value", []):
                yield _row(name, item)
            page = urllib.parse.urlsplit(answer.get("@odata.nextLink", "")).query
            if not page:
                return

    def _post(
        self, token: str, tenant: str, name: str, parameters: dict[str, Any], query: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        body = json.dumps({"CmdletInput": {"CmdletName": name, "Parameters": parameters}})
        connection = http.client.HTTPSConnection(
            self._base.hostname or "", self._base.port, timeout=SECONDS, context=self._tls
        )
        try:
            path = f"/adminapi/beta/{tenant}/InvokeCommand" + (f"?{query}" if query else "")
            connection.request(
                "POST",
                path,
                body.encode(),
                {
                    "Authorization": f"Bearer {token}",
                    "Content-Type": "application/json",
                    "X-CmdletName": name,
                    "X-AnchorMailbox": f"APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{tenant}",
                    "client-request-id": new_id(),
                },
            )
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except OSError as error:
            raise StatementEnded(ErrorData(f"The request to Exchange failed: {error}", "RestCallFailed")) from None
        finally:
            connection.close()


def _refuse(call: Call, status: int, error: dict[str, Any]) -> None:
    """Write the error of a cmdlet as the module's helper does."""
    internal = error.get("innererror", {}).get("internalexception", {}).get("message")
    details = next((str(item.get("message", "")) for item in error.get("details", [])), "")
    message = str(internal or details or error.get("message", f"HTTP status {status}"))
    if "not present in the role definition" in message:
        raise StatementEnded(command_not_found(call.cmdlet.name))
    stamp = dt.datetime.now(dt.UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    call.write_error(
        ErrorData(
            message,
            f"[Server=,RequestId={new_id()},TimeStamp={stamp}],Write-ErrorMessage",
            activity=call.cmdlet.name,
            exception_types=("System.Exception",),
        )
    )


def _row(cmdlet: str, item: dict[str, Any]) -> Row:
    """Return one object of an answer, with GUIDs and times as what their type annotation says."""
    properties: dict[str, Any] = {}
    for name, value in item.items():
        if "@odata.type" in name:
            continue
        kind = item.get(f"{name}@odata.type")
        if kind == "#Guid" and value:
            properties[name] = uuid.UUID(value)
        elif kind == "#DateTimeOffset" and value:
            properties[name] = dt.datetime.fromisoformat(value)
        else:
            properties[name] = value
    noun = cmdlet.partition("-")[2]
    names = (f"Deserialized.Microsoft.Exchange.Management.RestApiClient.{noun}", "System.Object")
    return Row(names, properties)


def unverified_claims(token: str) -> Claims:
    """Return what a token says of itself; whether it is true is for the endpoint to judge."""
    try:
        part = token.split(".")[1]
        payload = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        raise SignInRefused(UNAUTHORIZED, "UnAuthorized", "the token cannot be read") from None
    return Claims(
        tenant_id=str(payload.get("tid", "")),
        app_id=str(payload.get("appid", "")),
        object_id=str(payload.get("oid", "")),
        audience=str(payload.get("aud", "")),
        roles=frozenset(payload.get("roles", ())),
        scopes=frozenset(str(payload.get("scp", "")).split()),
        issued_at=int(payload.get("iat", 0)),
        expires_at=int(payload.get("exp", 0)),
        raw=payload,
    )


def open_shell(ready_file: str | None, host: HostProfile | None = None) -> ServerRunspace:
    """Return a shell on the lab that `ready_file` describes, or on a world of its own.

    Raises OSError or ValueError when the ready file cannot be read.
    """
    host = host or HostProfile()
    world, tokens = World([]), TokenAuthority()
    if ready_file is None:
        world.tenants.append(Tenant(display_name="Contoso", domains=["contoso.com", "contoso.onmicrosoft.com"]))
        return ServerRunspace(lambda: RunspaceState(world, tokens, host), host)
    ready = json.loads(Path(ready_file).read_text(encoding="utf-8"))
    remote = RestExchange(ready["endpoints"]["exchange"], ready["ca_file"])
    return ServerRunspace(lambda: RunspaceState(world, tokens, host, remote=remote), host)
