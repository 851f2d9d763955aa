"""Error records as the bridge gets them, classified by the rules that pasted texts are judged by, too."""

from __future__ import annotations

import re

from diagnostics.errors.rules import classify
from diagnostics.exchange.port import ErrorKind, ShellError
from diagnostics.redaction import safe

_BARS = re.compile(r"^\s*(?P<id>(?:Ex)?[0-9A-F]{0,8})\|(?P<type>[A-Za-z_][\w.`+]*)\|(?P<text>.*)$", re.DOTALL)


def split_bars(message: str) -> tuple[str, str, str]:
    """Split `Ex6F9304|Microsoft.….ManagementObjectNotFoundException|text` into id, type and text.

    Exchange's REST side joins the three; the id is now and then empty. Without bars id and type are empty.
    """
    found = _BARS.match(message)
    if found is None:
        return "", "", message
    return found["id"], found["type"], found["text"].strip()


def shell_error(
    message: str,
    *,
    error_id: str = "",
    category: str = "",
    exception_type: str = "",
    outcome_known: bool = True,
    retry_after: float | None = None,
    otherwise: ErrorKind = ErrorKind.OTHER,
) -> ShellError:
    """Return a classified error. An id and a type inside the message count as Exchange's own and replace the others."""
    own_id, own_type, text = split_bars(message)
    if own_type:
        error_id, category, exception_type = own_id, own_type.rpartition(".")[2], own_type
    return ShellError(
        kind=classify(error_id, exception_type, text, otherwise),
        message=safe(text),
        error_id=safe(error_id),
        category=safe(category),
        outcome_known=outcome_known,
        retry_after=retry_after,
    )


CATEGORIES = (
    "NotSpecified", "OpenError", "CloseError", "DeviceError", "DeadlockDetected", "InvalidArgument", "InvalidData",
    "InvalidOperation", "InvalidResult", "InvalidType", "MetadataError", "NotImplemented", "NotInstalled",
    "ObjectNotFound", "OperationStopped", "OperationTimeout", "SyntaxError", "ParserError", "PermissionDenied",
    "ResourceBusy", "ResourceExists", "ResourceUnavailable", "ReadError", "WriteError", "FromStdErr", "SecurityError",
    "ProtocolError", "ConnectionError", "AuthenticationError", "LimitsExceeded", "QuotaExceeded", "NotEnabled",
)  # fmt: skip
"""System.Management.Automation.ErrorCategory by number (MS-PSRP 2.2.3.9)."""


def category_name(number: object) -> str:
    """Return the name of an error category, or its number as text."""
    if isinstance(number, int) and 0 <= number < len(CATEGORIES):
        return CATEGORIES[number]
    return "" if number is None else str(number)
