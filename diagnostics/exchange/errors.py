"""Which kind of refusal an error is: a table to be read line by line, each line with the record it comes from.

Error ids come before messages, since texts change and are translated.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from diagnostics.exchange.port import ErrorKind, ShellError
from diagnostics.redaction import safe


class Part(enum.Enum):
    """Which part of an error a rule looks at."""

    ID = "id"
    TYPE = "exception type"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Rule:
    """`pattern` is searched for in one part of the error, in any case; the first rule that fits decides."""

    kind: ErrorKind
    part: Part
    pattern: str
    source: str

    def fits(self, parts: dict[Part, str]) -> bool:
        """Say whether this rule describes the error."""
        return re.search(self.pattern, parts[self.part], re.IGNORECASE) is not None


_K, _P = ErrorKind, Part
RULES: tuple[Rule, ...] = (
    Rule(_K.PRINCIPAL_NOT_FOUND, _P.ID, r"^Ex94914C$", "seen: Add-MailboxPermission with an unknown -User"),
    Rule(_K.NOT_FOUND, _P.ID, r"^Ex6F9304$", "seen: REST error texts of Get-Mailbox and Get-MailboxPermission"),
    Rule(_K.COMMAND_NOT_FOUND, _P.ID, r"^CommandNotFoundException\b", "PowerShell engine 7.6.9, recorded"),
    Rule(_K.PROMPT, _P.ID, r"^(HostException|InvokeMethodOnNull.{0,100}Prompt)\b", "PowerShell engine 7.6.9, recorded"),
    Rule(_K.PROMPT, _P.MESSAGE, r"command that prompts the user failed", "PowerShell engine 7.6.9, recorded"),
    Rule(
        _K.PARAMETER,
        _P.ID,
        r"^(NamedParameterNotFound|PositionalParameterNotFound|MissingMandatoryParameter|MissingArgument|"
        r"AmbiguousParameter|ParameterAlreadyBound|ParameterArgument\w*|CannotConvertArgument\w*|"
        r"InputObjectNotBound|AmbiguousParameterSet)",
        "PowerShell engine 7.6.9, ParameterBindingException ids, recorded",
    ),
    Rule(_K.ENTRY_ABSENT, _P.MESSAGE, r"ACE doesn.t exist on the object", "Remove-MailboxPermission, as reported"),
    Rule(
        _K.LIMIT,
        _P.MESSAGE,
        r"reached the limit of maximum allowed access control entries",
        "thextrabit.com, limit of 500 entries",
    ),
    Rule(
        _K.PRINCIPAL_NOT_FOUND,
        _P.MESSAGE,
        r"Couldn.t find object \".{0,400}?\"\. Please make sure that it was spelled correctly",
        "seen: Add-MailboxPermission with an unknown -User",
    ),
    Rule(
        _K.NOT_FOUND,
        _P.MESSAGE,
        r"object '.{0,400}?' couldn.t be found on '",
        "seen: Get-Mailbox and Get-MailboxPermission",
    ),
    Rule(_K.NOT_FOUND, _P.TYPE, r"ManagementObjectNotFoundException", "seen: details[0].message of the admin REST"),
    Rule(
        _K.NO_RIGHTS,
        _P.MESSAGE,
        r"role assigned to application .{0,400}? (isn.t|is not) supported in this scenario",
        "office-docs-powershell issue 11332: app role without directory role",
    ),
    Rule(
        _K.COMMAND_NOT_FOUND,
        _P.MESSAGE,
        r"is not present in the role definition of the current user",
        "Exchange RBAC, seen in support threads",
    ),
    Rule(
        _K.NO_RIGHTS,
        _P.MESSAGE,
        r"insufficient access rights|you don.t have sufficient permissions|InsufficientPermissions",
        "Exchange task errors, seen in support threads",
    ),
    Rule(
        _K.NOT_SIGNED_IN,
        _P.MESSAGE,
        r"must call the Connect-ExchangeOnline cmdlet before|^UnAuthorized$|access token (has )?(expired|is invalid)|"
        r"lifetime validation failed|\bAADSTS\d+",
        "module texts seen in issues; 401 of the admin REST",
    ),
    Rule(_K.NO_RIGHTS, _P.TYPE, r"UnauthorizedAccessException", ".NET: the caller lacks the permission"),
    Rule(
        _K.COMMAND_NOT_FOUND,
        _P.MESSAGE,
        r"^The term '[^']+' is not recognized as ",
        "office-docs-powershell issue 7970: a missing Exchange role shows so",
    ),
    Rule(
        _K.PARAMETER,
        _P.MESSAGE,
        r"A parameter cannot be found that matches parameter name|Cannot bind (argument|parameter)|"
        r"Cannot process argument transformation",
        "PowerShell engine 7.6.9, recorded",
    ),
    Rule(
        _K.THROTTLED,
        _P.MESSAGE,
        r"maximum number of concurrent requests|too many (concurrent )?requests|\bthrottl|micro.?delay",
        "admin REST 429 as plain text, seen; module texts",
    ),
    Rule(
        _K.TIMED_OUT,
        _P.MESSAGE,
        r"operation (has )?timed out|request was canceled due to the configured HttpClient\.Timeout|Gateway Time-?out",
        "HttpClient and admin REST 504",
    ),
    Rule(
        _K.CONNECTION,
        _P.MESSAGE,
        r"underlying connection was closed|unable to connect to the remote server|No such host is known|"
        r"remote name could not be resolved|Connection refused|An error occurred while sending the request",
        "HttpClient and HttpWebRequest texts",
    ),
)

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


def classify(error_id: str, exception_type: str, message: str, otherwise: ErrorKind = ErrorKind.OTHER) -> ErrorKind:
    """Return what an error means for the operator, by the first rule that fits."""
    parts = {Part.ID: error_id, Part.TYPE: exception_type, Part.MESSAGE: message}
    return next((rule.kind for rule in RULES if rule.fits(parts)), otherwise)


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
