"""Why a thing could not be observed, by the kind of error that stood in the way: the one table of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from diagnostics.evidence import ErrorKind, Missing

MISSING: Final[Mapping[ErrorKind, Missing]] = {
    ErrorKind.NOT_FOUND: Missing.BLOCKED,  # what hangs on a mailbox that is not there
    ErrorKind.PRINCIPAL_NOT_FOUND: Missing.BLOCKED,
    ErrorKind.NO_RIGHTS: Missing.NO_RIGHTS,
    ErrorKind.COMMAND_NOT_FOUND: Missing.NO_RIGHTS,
    ErrorKind.PARAMETER: Missing.REMOTE_ERROR,
    ErrorKind.NOT_SIGNED_IN: Missing.NOT_SIGNED_IN,
    ErrorKind.LIMIT: Missing.REMOTE_ERROR,
    ErrorKind.ENTRY_ABSENT: Missing.REMOTE_ERROR,
    ErrorKind.THROTTLED: Missing.TIMED_OUT,
    ErrorKind.TIMED_OUT: Missing.TIMED_OUT,
    ErrorKind.CONNECTION: Missing.UNREACHABLE,
    ErrorKind.NOT_REACHED: Missing.TIMED_OUT,
    ErrorKind.PROMPT: Missing.REMOTE_ERROR,
    ErrorKind.OTHER: Missing.REMOTE_ERROR,
    ErrorKind.NO_POWERSHELL: Missing.NOT_SIGNED_IN,
    ErrorKind.MODULE_MISSING: Missing.NOT_SIGNED_IN,
    ErrorKind.MODULE_CONFLICT: Missing.NOT_SIGNED_IN,
    ErrorKind.NEEDS_WINDOW: Missing.NOT_SIGNED_IN,
    ErrorKind.APP_LACKS_ROLE: Missing.NO_RIGHTS,
    ErrorKind.CERTIFICATE_UNUSABLE: Missing.NOT_SIGNED_IN,
    ErrorKind.BASIC_OFF: Missing.NOT_SIGNED_IN,
    ErrorKind.HOST_REFUSED: Missing.NOT_SIGNED_IN,
}
"""Every kind has its row. Without PowerShell, module or management host nobody is signed in to Exchange."""

_UNASKED: Final[Mapping[Missing, ErrorKind]] = {
    Missing.TIMED_OUT: ErrorKind.TIMED_OUT,
    Missing.UNREACHABLE: ErrorKind.CONNECTION,
    Missing.UNEXPECTED: ErrorKind.CONNECTION,
    Missing.REMOTE_ERROR: ErrorKind.CONNECTION,
}


def kind_of_sign_in(missing: Missing) -> ErrorKind:
    """Return what kind of error a failed sign-in is: a host that could not be asked has refused nobody."""
    return _UNASKED.get(missing, ErrorKind.NOT_SIGNED_IN)
