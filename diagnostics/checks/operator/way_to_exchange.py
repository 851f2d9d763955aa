"""What stands in the operator's way to Exchange PowerShell: the module, the sign-in, the management host, the rights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from diagnostics.checks import Check
from diagnostics.errors.rules import classify
from diagnostics.evidence import CmdletError, ErrorKind, Evidence, Source, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed

_MISSING = "operator-module-not-installed"
CAUSES: Mapping[ErrorKind, tuple[str, str]] = {
    ErrorKind.MODULE_MISSING: (_MISSING, "ExchangeOnlineManagement is not there for the PowerShell that is used"),
    ErrorKind.MODULE_CONFLICT: ("operator-module-conflict", "Two modules brought different versions of one assembly"),
    ErrorKind.NEEDS_WINDOW: ("operator-wam-needs-window", "The operator's sign-in needs a window that is not there"),
    ErrorKind.APP_LACKS_ROLE: (
        "operator-app-lacks-exchange-role",
        "The operator's application has no role in Exchange",
    ),
    ErrorKind.CERTIFICATE_UNUSABLE: ("operator-certificate-unusable", "The operator's certificate cannot be used"),
    ErrorKind.BASIC_OFF: (
        "operator-winrm-basic-off",
        "An old module asks for WinRM's Basic authentication, which is off",
    ),
    ErrorKind.HOST_REFUSED: ("operator-jump-host-refused", "The management host refuses the sign-in"),
}
"""Which cause each kind of error is, and what is said of it."""

_OWN_WORDS = frozenset({ErrorKind.MODULE_MISSING, ErrorKind.CERTIFICATE_UNUSABLE, ErrorKind.HOST_REFUSED})
"""What this program finds itself in a live run; the rest quotes PowerShell, Exchange or .NET."""

_EXPLAINS: Mapping[str, tuple[str, ...]] = {
    _MISSING: ("exo-cmdlet-not-found",),  # no Exchange cmdlet without the module
    "operator-app-lacks-exchange-role": ("exo-cmdlet-not-found",),
    "operator-winrm-basic-off": ("net-wrong-host-or-hardcoded-ip",),  # the host of remote PowerShell, not of IMAP
}
_SAID = re.compile(r"supported in this scenario|management roles|required role|lacks|ManageAsApp", re.IGNORECASE)
"""What names the missing role; for an answer without a reason it is the commonest of several."""


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Name the cause of each error on the way; one cause is told once, by its clearest error."""
    told: dict[str, Judgement] = {}
    for error in sorted(evidence.exchange.errors, key=lambda one: not one.in_context):
        kind = kind_of(error)
        if kind in CAUSES:
            cause, said = CAUSES[kind]
            told.setdefault(cause, failed(said, _suspect(cause, kind, error), hint=_hint(evidence)))
    yield from told.values()


def kind_of(error: CmdletError) -> ErrorKind:
    """Return what kind of error it is; reports of older versions do not say."""
    return error.kind or classify(error.error_id, "", error.message)


def _hint(evidence: Evidence) -> str:
    connection = evidence.exchange.connection
    return connection.hint if isinstance(connection, Unavailable) else ""


def suspect_of(error: CmdletError) -> Suspect | None:
    """Return the cause that an error on the way is; `None` where it is none of this link."""
    kind = kind_of(error)
    return _suspect(CAUSES[kind][0], kind, error) if kind in CAUSES else None


def _suspect(cause: str, kind: ErrorKind, error: CmdletError) -> Suspect:
    own = error.provenance.source is not Source.TEXT and kind in _OWN_WORDS
    said = f"{error.provenance.how}: {error.message}" if own else f"{error.provenance.how}: “{error.message}”"
    return Suspect(cause, _confidence(kind, error), (said,), instead_of=_EXPLAINS.get(cause, ()))


def _confidence(kind: ErrorKind, error: CmdletError) -> Confidence:
    if (
        not error.in_context
    ):  # other programs write the same; what conflicts in a PowerShell is no program's of the customer
        return Confidence.LIKELY if kind is ErrorKind.MODULE_CONFLICT and error.cmdlet else Confidence.POSSIBLE
    if kind is ErrorKind.APP_LACKS_ROLE and not _SAID.search(error.message):
        return Confidence.LIKELY
    return Confidence.CERTAIN


CHECK = Check(
    id="operator-way-to-exchange",
    stage=Stage.OPERATOR,
    title="Nothing stands in the operator's way to Exchange PowerShell",
    causes=tuple(cause for cause, _ in CAUSES.values()),
    judge=judge,
    order=20,
)
