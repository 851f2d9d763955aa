"""What Exchange's admin REST endpoint answers, as rows and errors; pure.

Errors come in three shapes, and refusals of the operator in two more that hold no JSON at all. Shapes as recorded by
independent clients of `adminapi/beta`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from diagnostics.comparison import shortened
from diagnostics.exchange.errors import shell_error, split_bars
from diagnostics.exchange.port import ErrorKind, ShellError
from diagnostics.net.answers import load_json
from diagnostics.net.client import retry_after_seconds
from diagnostics.redaction import safe

KIND_OF_STATUS = {
    401: ErrorKind.NOT_SIGNED_IN,  # no grant: the token is not accepted
    403: ErrorKind.NO_RIGHTS,  # the app role without a directory role
    408: ErrorKind.TIMED_OUT,
    429: ErrorKind.THROTTLED,
    503: ErrorKind.THROTTLED,
    504: ErrorKind.TIMED_OUT,
}
_PASSING = re.compile(
    r"ADTransientException|ADServerNotSuitableException|TransientException|StoragePermanentException(?:(?!StoragePermanentException).)*Retry|"
    r"transient (directory )?(error|failure)|server(?:(?!server).)* is currently unavailable",
    re.IGNORECASE,
)
"""Errors of the directory that go away by themselves (seen in clients' lists of what they retry)."""
_MOST_VALUES = 500_000
"""A thousand rows of Get-Mailbox have about 250,000."""
RETRY_STATUSES = frozenset({429, 503, 504})
_REASON = re.compile(r'reason="(?P<reason>[^"]*)"')


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer, or one part of a batch's."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    host: str = "Exchange"

    def header(self, name: str) -> str:
        """Return a header in any case; empty when it is not there."""
        return next((value for key, value in self.headers.items() if key.casefold() == name.casefold()), "")

    def json(self) -> Mapping[str, object] | None:
        """Return the body as a JSON object, or None when it is none: NUL bytes, text, HTML."""
        try:
            value = load_json(self.body, _MOST_VALUES)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None


@dataclass(frozen=True, slots=True)
class Page:
    """A successful answer: rows, warnings, and where the rest is, if this is not all."""

    rows: tuple[Mapping[str, object], ...]
    warnings: tuple[str, ...]
    next_link: str = ""


def page_of(reply: Reply) -> Page | None:
    """Return the page that a reply holds, or None when it is not a success."""
    body = reply.json() if reply.status == 200 else None  # noqa: PLR2004 - the one status of a success
    value = body.get("value") if body is not None else None
    if body is None or not isinstance(value, list):
        return None
    warnings, link = body.get("@adminapi.warnings") or [], body.get("@odata.nextLink") or ""
    if not isinstance(warnings, list) or not isinstance(link, str):
        return None  # they say whether there is more, and these say it in a way that is not understood
    return Page(tuple(_row(item) for item in value), tuple(safe(str(item)) for item in warnings), link)


def _row(item: object) -> Mapping[str, object]:
    if not isinstance(item, dict):
        return {"Value": item}
    return {name: value for name, value in item.items() if "@odata." not in name and "@data." not in name}


STATUS_ALONE = re.compile(r" answered HTTP \d{3}\b")
"""This program's words (`error_of`) for a status that came without Exchange's: anything on the way may have sent it."""


def error_of(reply: Reply) -> ShellError:
    """Return what a refusal says, classified; reads the three JSON shapes, `x-ms-diagnostics`, and plain text."""
    kind = KIND_OF_STATUS.get(reply.status, ErrorKind.OTHER)
    message = _json_message(reply) or _diagnostics(reply)
    if not message:
        message = f"{reply.host} answered HTTP {reply.status}{_plain_text(reply)}"
    later = retry_after(reply)
    error = shell_error(message, otherwise=kind, retry_after=later)
    if reply.status == 429:  # noqa: PLR2004 - whatever the text says
        error = replace(error, kind=ErrorKind.THROTTLED)
    return replace(error, message=f"{error.message}; it asks to wait {later:g} seconds") if later else error


def is_cmdlets_own(reply: Reply) -> bool:
    """Say whether the cmdlet itself ran and reported the error: its message has Exchange's id and type."""
    return split_bars(_json_message(reply))[1] != ""


def _json_message(reply: Reply) -> str:
    body = reply.json()
    error = _child(body, "error")
    details = _get(error, "details")
    first = details[0] if isinstance(details, list) and details else None
    internal = _child(_child(error, "innererror"), "internalexception")
    for holder in (internal, first, error):
        message = _get(holder, "message")
        if isinstance(message, str) and message.strip():
            return message.strip()
    return ""


def _get(holder: object, name: str) -> object:
    if not isinstance(holder, Mapping):
        return None
    return next((value for key, value in holder.items() if str(key).casefold() == name), None)


def _child(holder: object, name: str) -> object:
    return _get(holder, name)


def _diagnostics(reply: Reply) -> str:
    said = reply.header("x-ms-diagnostics")
    found = _REASON.search(said)
    return found["reason"] if found else said


def _plain_text(reply: Reply) -> str:
    """Return a short text body behind a colon; a page of HTML is named, not quoted; NUL bytes say nothing."""
    text = reply.body.strip(b"\x00 \t\r\n").decode("utf-8", "replace")
    if text[:1] == "<" or "html" in reply.header("Content-Type").lower():
        return " with an HTML page: something stands in between"
    return f": {shortened(text, 500)}" if text and text[0] not in "{[" else " without a reason"


def retry_after(reply: Reply) -> float | None:
    """Return the seconds that the server asks to wait, from a number or an HTTP date; None when it does not ask."""
    return retry_after_seconds(reply.header("Retry-After"))


def may_pass(reply: Reply) -> bool:
    """Say whether the same request may succeed a little later."""
    return reply.status in RETRY_STATUSES or _PASSING.search(_json_message(reply)) is not None
