"""The HTTP half of Exchange's admin REST endpoint: one request, its patience, its pages, and batches of ten."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import requests
import urllib3.exceptions

from diagnostics.evidence import Missing, Provenance, Source
from diagnostics.exchange.options import RestOptions
from diagnostics.exchange.port import CmdletCall, ConnectionRequest, ErrorKind, ShellError
from diagnostics.exchange.psrp import is_read
from diagnostics.exchange.rest_answers import Page, Reply, error_of, may_pass, page_of, retry_after
from diagnostics.exchange.values import plain
from diagnostics.net.client import HttpOptions, HttpSession, open_session
from diagnostics.net.deadline import MEBIBYTE, Deadline, within
from diagnostics.net.failures import UnexpectedAnswer, unavailable
from diagnostics.net.urls import host_of, origin_of, same_origin
from diagnostics.redaction import safe

_LARGEST = 16 * MEBIBYTE
"""Decoded bytes of an answer: a thousand rows of Get-Mailbox have about nine million."""
BATCH = 10
"""Requests in one `$batch`; the module sends no more."""
_PAGES = 500
_REFUSED = frozenset({401, 403})
"""Statuses of a batch that are the answer to each of its parts."""
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 20.0
SYSTEM_MAILBOX = "SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}"
UNLIMITED = frozenset({"get-recipient", "get-mailbox", "get-mailboxpermission", "get-casmailbox"})
"""Cmdlets with -ResultSize (their pages in office-docs-powershell); without it they stop at 1000."""


_BEFORE_SENDING = (
    urllib3.exceptions.ConnectTimeoutError,  # NewConnectionError and NameResolutionError among them
    requests.exceptions.SSLError,
    requests.exceptions.ProxyError,
)
"""Failures that come before a request leaves this machine."""


class Lost(Exception):
    """A request without a usable answer. `sent` says whether it may have been carried out."""

    def __init__(self, kind: ErrorKind, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.error = ShellError(kind, safe(message), outcome_known=not sent)


class AdminApi:
    """Posts cmdlets of one operator to one tenant. Raises CaFileUnusable when made, and Lost for what has no answer."""

    def __init__(self, options: RestOptions, request: ConnectionRequest, tenant: str) -> None:
        self._options = options
        self._request = request
        self._tenant = tenant
        self._connection_id = str(uuid.uuid4())
        self._session: HttpSession = open_session(
            HttpOptions(
                ca_file=options.ca_file,
                connect_timeout=options.connect_timeout,
                timeout=options.operation_timeout,
                largest=_LARGEST,
                proxy=options.proxy,
            )
        )

    def close(self) -> None:
        """Close the sockets."""
        self._session.close()

    @property
    def host(self) -> str:
        """Host and port of the endpoint."""
        return host_of(self._options.base)

    def _url(self, verb: str) -> str:
        return f"{origin_of(self._options.base)}/adminapi/beta/{self._tenant}/{verb}"

    def _headers(self, call: CmdletCall) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-CmdletName": call.cmdlet,
            "X-ResponseFormat": "json",
            "X-AnchorMailbox": self._anchor(),
            "Prefer": "odata.maxpagesize=1000",
            "connection-id": self._connection_id,
            "client-request-id": str(uuid.uuid4()),
        }

    def _anchor(self) -> str:
        """Route to the organisation: a mailbox as anchor would turn "not found" into an error of routing."""
        if self._request.user_principal_name:
            return f"UPN:{self._request.user_principal_name}"
        return f"APP:{SYSTEM_MAILBOX}@{self._tenant}"

    def invoke(self, call: CmdletCall, deadline: Deadline, wait: float | None = None) -> Reply:
        """Post one call, after `wait` seconds if Exchange asked for that. Raises Lost."""
        if wait is not None and not deadline.wait(wait):
            raise Lost(ErrorKind.THROTTLED, f"Exchange asks to wait {wait:g} s", sent=False)
        return self._patiently(self._url("InvokeCommand"), _encoded(call), call, deadline)

    def all_pages(
        self, call: CmdletCall, page: Page, deadline: Deadline
    ) -> tuple[tuple[Mapping[str, object], ...], tuple[str, ...]]:
        """Return rows and warnings of a page and of all that follow. Raises Lost when the list breaks off."""
        rows, warnings = list(page.rows), list(page.warnings)
        body, seen = _encoded(call), set[str]()
        while page.next_link:
            link = self._followed(page.next_link, seen)
            reply = self._patiently(link, body, call, Deadline(deadline.seconds))
            following = page_of(reply)
            if following is None:
                why = error_of(reply)
                raise Lost(why.kind, f"the list breaks off after {len(rows)} rows: {why.message}")
            page = following
            rows += page.rows
            warnings += page.warnings
        return tuple(rows), tuple(dict.fromkeys(warnings))

    def _followed(self, link: str, seen: set[str]) -> str:
        """Return a link to the next page; another origin would get the token, and a loop would have no end."""
        if not same_origin(link, self._options.base):
            place = origin_of(link) or "an address that is none"
            raise Lost(ErrorKind.OTHER, f"the next page is said to be at {place}, where nothing was sent")
        if link in seen or len(seen) >= _PAGES:
            raise Lost(ErrorKind.OTHER, "the list of pages has no end")
        seen.add(link)
        return link

    def batch(self, calls: Sequence[CmdletCall], deadline: Deadline) -> list[Reply | ShellError | None]:
        """Post reads together; a part without an answer is None and is to be asked alone, a broken line an error."""
        parts = [
            {
                "id": str(number),
                "method": "POST",
                "url": self._url("InvokeCommand"),
                "headers": self._headers(call),
                "body": _body(call),
            }
            for number, call in enumerate(calls)
        ]
        data = json.dumps({"requests": parts}).encode()
        try:
            reply = self._patiently(self._url("$batch"), data, calls[0], deadline)
        except Lost as lost:
            return [lost.error if lost.error.kind is ErrorKind.CONNECTION else None] * len(calls)
        answers = (reply.json() or {}).get("responses")
        if not isinstance(answers, list):
            return [reply if reply.status in _REFUSED else None] * len(calls)
        by_id = {str(part.get("id")): _part(part, self.host) for part in answers if isinstance(part, dict)}
        return [by_id.get(str(number)) for number in range(len(calls))]

    def _patiently(self, url: str, body: bytes, call: CmdletCall, deadline: Deadline) -> Reply:
        """Post until there is an answer that is not "later", as far as the deadline and the number of tries allow."""
        for attempt in range(self._options.retries + 1):
            reply = self._post(url, body, call, deadline)
            again = may_pass(reply) if is_read(call) else reply.status == 429  # noqa: PLR2004
            if not again or attempt == self._options.retries:
                break
            if not deadline.wait(_wait(reply, attempt)):
                break
        return reply

    def _post(self, url: str, body: bytes, call: CmdletCall, deadline: Deadline) -> Reply:
        if deadline.over:
            raise Lost(ErrorKind.TIMED_OUT, f"no answer within {deadline.seconds:g} s", sent=False)
        headers = {**self._headers(call), "Authorization": f"Bearer {self._request.access_token.reveal()}"}
        try:
            with within(deadline, _LARGEST):
                response = self._session.post(url, data=body, headers=headers)
            return Reply(response.status_code, response.headers, response.content, self.host)
        except (requests.RequestException, UnexpectedAnswer, OSError) as error:
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> Lost:
        reason = unavailable(error, self.host, Provenance(Source.EXCHANGE, "adminapi"))
        kind = ErrorKind.TIMED_OUT if reason.missing is Missing.TIMED_OUT else ErrorKind.CONNECTION
        reason_below = getattr(error.args[0], "reason", None) if error.args else None  # of urllib3's MaxRetryError
        before = isinstance(error, _BEFORE_SENDING) or isinstance(reason_below, _BEFORE_SENDING)
        return Lost(kind, reason.reason, sent=not before)


def _body(call: CmdletCall) -> dict[str, Any]:
    """Return the request; Parameters is {} and never null, which the endpoint refuses."""
    parameters = {name: plain(value) for name, value in call.parameters.items()}
    if call.cmdlet.casefold() in UNLIMITED and "resultsize" not in {name.casefold() for name in parameters}:
        parameters["ResultSize"] = "Unlimited"
    return {"CmdletInput": {"CmdletName": call.cmdlet, "Parameters": parameters}}


def _encoded(call: CmdletCall) -> bytes:
    return json.dumps(_body(call)).encode()


def _part(part: Mapping[str, object], host: str) -> Reply:
    status, headers, body = part.get("status"), part.get("headers"), part.get("body")
    return Reply(
        status if isinstance(status, int) else 0,
        {str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {},
        b"" if body is None else json.dumps(body).encode(),
        host,
    )


def _wait(reply: Reply, attempt: int) -> float:
    """Return the seconds to wait: what the server asks for, or twice as long each time, with jitter."""
    asked = retry_after(reply)
    if asked is not None:
        return asked
    return min(_LONGEST_WAIT, _FIRST_WAIT * float(2**attempt)) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
