"""The admin REST endpoint of Exchange Online, as the ExchangeOnlineManagement module and others call it.

It runs the same cmdlets as the PowerShell half. Microsoft does not document it for others; the shapes follow what
independent clients read (bodies of successes and of the three kinds of error, `nextLink`, the 403 of NUL bytes). What is
not recorded is marked invented where it stands.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import ssl
import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from diagnostics.lab.faults import EndpointFaults, Fault
from diagnostics.lab.https import HttpsEndpoint, Request, Response
from diagnostics.lab.powershell.binder import bind
from diagnostics.lab.powershell.cmdlets import EXCHANGE, MODULE, unsimulated
from diagnostics.lab.powershell.cmdlets.utility import to_json_value
from diagnostics.lab.powershell.declaration import Call, Cmdlet
from diagnostics.lab.powershell.errors import ErrorData, StatementEnded
from diagnostics.lab.powershell.objects import Row
from diagnostics.lab.powershell.session import Connection, Operator, RunspaceState, SignInRefused, sign_in
from diagnostics.lab.state import World
from diagnostics.lab.tokens import TokenAuthority

PATH = re.compile(r"/adminapi/(?:beta|v1\.0)/(?P<tenant>[^/]+)/(?P<verb>InvokeCommand|\$batch)/?$", re.IGNORECASE)
MAXIMUM_PAGE = 1000
MAXIMUM_BATCH = 10
REMEMBERED_PAGES = 256
JSON_DEPTH = 8
NUL_BODY = b"\x00" * 64
SERVICE_EXCEPTION = "Microsoft.Exchange.Admin.OData.Core.ODataServiceException"

THROTTLED_TEXT = (
    b"You have reached the maximum number of concurrent requests per tenant. Please wait and try again later."
)


def throttled(retry_after: int | None = 1) -> Fault:
    """Return the fault of a tenant that asks too much: 429 in plain text, with Retry-After in seconds."""
    return Fault(status=429, retry_after=retry_after, body=THROTTLED_TEXT, content_type="text/plain")


class HttpError(Exception):
    """An answer that is not a success; `response` is all of it."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


@dataclass
class _Collected:
    """The sink of one cmdlet over REST: rows, warnings, and the first error, which makes the answer one."""

    rows: list[Any] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[ErrorData] = field(default_factory=list)

    def output(self, value: Any) -> None:
        """Keep one object."""
        self.rows.append(value)

    def error(self, error: ErrorData) -> None:
        """Keep one error."""
        self.errors.append(error)

    def warning(self, text: str) -> None:
        """Keep one warning."""
        self.warnings.append(text)

    def verbose(self, text: str) -> None:
        """Leave it out: the answer has no place for it."""

    def debug(self, text: str) -> None:
        """Leave it out: the answer has no place for it."""

    def information(self, data: Any, source: str) -> None:
        """Leave it out: the answer has no place for it."""

    def progress(self, activity: str, status: str, percent: int) -> None:
        """Leave it out: the answer has no place for it."""


@dataclass(frozen=True)
class _Rest:
    """What a nextLink stands for: who may follow it, with which body, and the objects that are left."""

    object_id: str
    body: str
    rows: list[Any]


class AdminRestEndpoint(HttpsEndpoint):
    """The endpoint; `url` is the base to which clients add `/adminapi/beta/<tenant>/InvokeCommand`."""

    def __init__(
        self,
        world: World,
        tokens: TokenAuthority,
        tls_context: ssl.SSLContext,
        *,
        faults: EndpointFaults | None = None,
    ) -> None:
        super().__init__(tls_context, faults=faults or world.faults.exchange)
        self.world = world
        self.tokens = tokens
        self._pages: OrderedDict[str, _Rest] = OrderedDict()
        self._pages_lock = threading.Lock()

    @property
    def requests(self) -> int:
        """How many HTTP requests came."""
        return self.faults.requests

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        match = PATH.search(request.path)
        if match is None or request.method != "POST":
            return _error(404, "NotFound", "Resource not found for the segment.")
        try:
            operator = self._operator(request, match["tenant"])
            if match["verb"].startswith("$"):
                return self._batch(request, operator)
            page = request.query.get("$skiptoken", [""])[0]
            return self._invoke(_body(request), operator, _page_size(request.headers.get("Prefer")), page, request)
        except HttpError as error:
            return error.response

    def _operator(self, request: Request, tenant: str) -> Operator:
        token = request.bearer_token
        if token is None:
            raise HttpError(Response(401, b"", {"WWW-Authenticate": "Bearer"}))
        try:
            operator = sign_in(self.world, self.tokens, token)
        except SignInRefused as refused:
            if refused.status == 403:  # noqa: PLR2004 - the body of NUL bytes is what clients report for 403
                diagnostics = f'2000001;reason="{refused.message}";error_category="invalid_grant"'
                raise HttpError(Response(403, NUL_BODY, {"x-ms-diagnostics": diagnostics})) from None
            headers = {
                "WWW-Authenticate": 'Bearer error="invalid_token"',
                "x-ms-diagnostics": f'2000003;reason="{refused.reason}"',
            }
            raise HttpError(Response(401, b"", headers)) from None
        if self.world.tenant(tenant) is not operator.tenant:
            # Invented: what Exchange answers to a token of another tenant than the one in the path is not recorded.
            raise HttpError(Response(401, b"", {"WWW-Authenticate": 'Bearer error="invalid_token"'}))
        return operator

    def _batch(self, request: Request, operator: Operator) -> Response:
        """Answer up to ten requests at once; each has its own status."""
        requests = _json_object(request).get("requests")
        if not isinstance(requests, list) or not all(isinstance(item, dict) for item in requests):
            return _error(400, "BadRequest", "The batch has no list of requests.")
        if len(requests) > MAXIMUM_BATCH:
            # Invented wording; that ten is the limit is what clients keep to.
            return _error(400, "BadRequest", f"A batch has at most {MAXIMUM_BATCH} requests.")
        answers = []
        for item in requests:
            response = self._batch_item(item, request, operator)
            content = json.loads(response.body) if response.body.strip(b"\x00") else None
            answers.append(
                {"id": str(item.get("id", "")), "status": response.status, "headers": response.headers, "body": content}
            )
        return Response.from_json({"responses": answers})

    def _batch_item(self, item: dict[str, Any], request: Request, operator: Operator) -> Response:
        url = str(item.get("url", ""))
        match = PATH.search(url.partition("?")[0])
        if match is None or match["verb"].startswith("$") or str(item.get("method", "")).upper() != "POST":
            return _error(404, "NotFound", "Resource not found for the segment.")
        if self.world.tenant(match["tenant"]) is not operator.tenant:
            return _error(401, "Unauthorized", "The request of the batch is for another tenant.")
        headers = {str(name).casefold(): str(value) for name, value in (item.get("headers") or {}).items()}
        token = re.search(r"\$skiptoken=([^&]+)", url)
        try:
            return self._invoke(
                item.get("body"), operator, _page_size(headers.get("prefer")), token[1] if token else "", request
            )
        except HttpError as error:
            return error.response

    def _invoke(self, body: Any, operator: Operator, page_size: int, page: str, request: Request) -> Response:
        name, parameters = _cmdlet_input(body)
        fingerprint = json.dumps(body, sort_keys=True)
        warnings: list[str] = []
        if page:
            with self._pages_lock:
                rest = self._pages.get(page)
            if rest is None or rest.body != fingerprint or rest.object_id != operator.claims.object_id:
                raise HttpError(_error(400, "BadRequest", "Expired or Invalid pagination request."))
            rows = rest.rows
        else:
            rows, warnings = self._run(name, parameters, operator)
        base = f"https://{request.headers.get('Host') or self.url.partition('//')[2]}"
        root = f"{base}/adminapi/beta/{operator.tenant.id}"
        answer: dict[str, Any] = {
            "@odata.context": f"{root}/$metadata#Collection(Exchange.GenericHashTable)",
            "adminapi.warnings@odata.type": "#Collection(String)",
            "@adminapi.warnings": warnings,
        }
        if len(rows) > page_size:
            answer["@odata.nextLink"] = (
                f"{root}/InvokeCommand?$skiptoken={self._remember(operator, fingerprint, rows[page_size:])}"
            )
        answer["value"] = [_json_row(row) for row in rows[:page_size]]
        return Response.from_json(answer)

    def _remember(self, operator: Operator, fingerprint: str, rows: list[Any]) -> str:
        token = uuid.uuid4().hex
        with self._pages_lock:
            self._pages[token] = _Rest(operator.claims.object_id, fingerprint, rows)
            while len(self._pages) > REMEMBERED_PAGES:
                self._pages.popitem(last=False)
        return token

    def _run(self, name: str, parameters: dict[str, Any], operator: Operator) -> tuple[list[Any], list[str]]:
        cmdlet = EXCHANGE.get(name.casefold()) or _exchange_cmdlet_of_module(name)
        lacking = unsimulated.EXCHANGE.get(name.casefold())
        if cmdlet is None and lacking is not None and operator.allows(lacking):
            raise HttpError(_cmdlet_error(unsimulated.refusal(lacking)))
        if cmdlet is None:
            # Invented status; the wording is the recorded one for a cmdlet that no role of the operator contains.
            raise HttpError(_error(400, "BadRequest", f"The term '{name}' is not recognized as the name of a cmdlet."))
        if not operator.allows(cmdlet.name):
            raise HttpError(
                _error(
                    403, "Forbidden", f"The cmdlet '{name}' is not present in the role definition of the current user."
                )
            )
        arguments: list[tuple[str | None, Any]] = list(parameters.items())
        if cmdlet.should_process and "confirm" not in {key.casefold() for key in parameters}:
            arguments.append(("Confirm", False))  # nobody can be asked over REST
        state = RunspaceState(self.world, self.tokens, connections=[Connection(operator)])
        collected = _Collected()
        try:
            bound = bind(cmdlet, arguments, has_input=False)
            collected.rows.extend(cmdlet.body(Call(cmdlet, bound, collected, state, self.stopping)))
        except StatementEnded as ended:
            collected.errors.append(ended.error)
        if collected.errors:
            raise HttpError(_cmdlet_error(collected.errors[0]))
        return collected.rows, collected.warnings


def _exchange_cmdlet_of_module(name: str) -> Cmdlet | None:
    """Return a Get-EXO* cmdlet; the sign-in cmdlets of the module do not exist over REST."""
    cmdlet = MODULE.get(name.casefold())
    return cmdlet if cmdlet is not None and cmdlet.name.startswith("Get-EXO") else None


def _json_object(request: Request) -> dict[str, Any]:
    try:
        value = request.json()
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise HttpError(_error(400, "BadRequest", "The request body is not a JSON object."))
    return value


def _body(request: Request) -> dict[str, Any]:
    return _json_object(request)


def _cmdlet_input(body: Any) -> tuple[str, dict[str, Any]]:
    """Return the cmdlet's name and parameters; Parameters is an object, also when it is empty, and never null."""
    given = body.get("CmdletInput") if isinstance(body, dict) else None
    name = given.get("CmdletName") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(name, str) or not name:
        raise HttpError(_error(400, "BadRequest", "The request body has no CmdletInput with a CmdletName."))
    parameters = given.get("Parameters")
    if not isinstance(parameters, dict):
        # Invented wording; that null is refused is what clients work around.
        raise HttpError(_error(400, "BadRequest", "Parameters of CmdletInput must be an object."))
    return name, parameters


def _page_size(prefer: str | None) -> int:
    match = re.search(r"odata\.maxpagesize=(\d+)", prefer or "", re.IGNORECASE)
    return max(1, min(int(match[1]), MAXIMUM_PAGE)) if match else MAXIMUM_PAGE


def _json_row(row: Any) -> Any:
    """Return one object of `value`; GUIDs and times carry their type beside them."""
    if not isinstance(row, Row):
        return to_json_value(row, JSON_DEPTH)
    shown: dict[str, Any] = {}
    for name, value in row.properties.items():
        if isinstance(value, uuid.UUID):
            shown[f"{name}@odata.type"] = "#Guid"
        elif isinstance(value, dt.datetime):
            shown[f"{name}@odata.type"] = "#DateTimeOffset"
        shown[name] = to_json_value(value, JSON_DEPTH)
    return shown


def _error(status: int, code: str, message: str) -> Response:
    """Return the plainest of the three shapes: `error.message` only."""
    return Response.from_json({"error": {"code": code, "message": message}}, status)


def _cmdlet_error(error: ErrorData) -> Response:
    """Return a cmdlet's error in the shape that goes with it.

    Errors of the form `id|type|text` come in `error.details`, those without an id in `innererror.internalexception`,
    and binding errors in `error.message`. Each shape is recorded; which error takes which is invented.
    """
    code, _, rest = error.message.partition("|")
    exception, _, text = rest.partition("|")
    if not text:
        return _error(400, "BadRequest", error.message)
    status = 401 if exception.endswith("UnauthorizedAccessException") else 404 if "NotFound" in exception else 400
    label = {401: "Unauthorized", 404: "NotFound"}.get(status, "BadRequest")
    shown: dict[str, Any] = {"code": label, "message": "Error executing request."}
    if code:
        shown["message"] = f"Error executing request. {text}"
        shown["details"] = [{"code": "Context", "target": "", "message": error.message}]
    else:
        internal = {"message": error.message, "type": exception, "stacktrace": ""}
        shown["innererror"] = {
            "message": "Error executing cmdlet",
            "type": SERVICE_EXCEPTION,
            "stacktrace": "",
            "internalexception": internal,
        }
    return Response.from_json({"error": shown}, status)
