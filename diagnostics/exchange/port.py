"""The one port through which anything asks Exchange PowerShell: `invoke` and `invoke_many`.

Each transport is one file that implements `Shell`. A caller hands over cmdlets and parameters as data; no transport
builds script text from them. What comes back says of every single call whether it was answered: a call that was never
reached, timed out or failed is never an empty list.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from diagnostics.errors.reasons import MISSING
from diagnostics.evidence import CmdletError, ErrorKind, ExchangeConnection, Provenance, Source, Unavailable
from diagnostics.quoting import Unprintable, powershell_argument
from diagnostics.redaction import Secret, printable, safe

__all__ = [
    "CmdletCall",
    "CmdletResult",
    "ConnectionRequest",
    "ErrorKind",
    "OpenStep",
    "ParameterValue",
    "Shell",
    "ShellError",
    "ShellUnavailable",
]

ParameterValue: TypeAlias = "str | int | bool | Sequence[str] | Secret | None"


@dataclass(frozen=True, slots=True)
class CmdletCall:
    """One cmdlet with its parameters, bound by name. A switch is `True`; `False` becomes `-Name:$false`.

    A transport may pipe the output through `ConvertTo-Json -Compress`: as JSON a permission row costs a tenth of what
    it costs as CLIXML.
    """

    cmdlet: str
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)

    def as_powershell(self) -> str:
        """Return the command line an administrator would type; secrets appear as `***`. Raises quoting.Unprintable."""
        return " ".join([self.cmdlet, *(_as_argument(name, value) for name, value in self.parameters.items())])

    def shown(self) -> str:
        """Return the command line to be read and not pasted: characters that no command may carry are spelled out."""
        try:
            return self.as_powershell()
        except Unprintable:
            return " ".join([self.cmdlet, *(f"-{name} {printable(str(v))}" for name, v in self.parameters.items())])


@dataclass(frozen=True, slots=True)
class ShellError:
    """One error record. `outcome_known` is false when the call may have been carried out all the same."""

    kind: ErrorKind
    message: str
    error_id: str = ""
    category: str = ""
    outcome_known: bool = True
    retry_after: float | None = None  # seconds


@dataclass(frozen=True, slots=True)
class CmdletResult:
    """What one call gave.

    `rows` are plain mappings (property name as sent → str, int, float, bool, None, list or mapping). `answered` is true
    when the call ran to its end, so that empty `rows` mean "nothing there". With `errors`, rows may be partial.
    """

    call: CmdletCall
    rows: tuple[Mapping[str, object], ...] = ()
    errors: tuple[ShellError, ...] = ()
    warnings: tuple[str, ...] = ()
    answered: bool = True
    at: dt.datetime | None = None
    seconds: float | None = None

    @property
    def error(self) -> ShellError | None:
        """The first error, if any."""
        return self.errors[0] if self.errors else None

    @property
    def ok(self) -> bool:
        """Whether it ran to its end without an error."""
        return self.answered and not self.errors


class ShellUnavailable(Exception):
    """The transport could not be opened or broke. Says at which step, what came back, and what to do.

    `kind` is `NOT_SIGNED_IN` and `NO_RIGHTS` for the operator's sign-in, `TIMED_OUT`, `CONNECTION`, … for the channel.
    """

    def __init__(self, step: str, message: str, *, kind: ErrorKind = ErrorKind.CONNECTION, hint: str = "") -> None:
        super().__init__(f"{step}: {message}")
        self.step = step
        self.message = message
        self.kind = kind
        self.hint = hint

    def as_unavailable(self, at: dt.datetime | None = None) -> Unavailable:
        """Return it as the reason why nothing could be looked at; `at` is when it happened."""
        where = Provenance(Source.EXCHANGE, self.step, at)
        return Unavailable(f"{self.step}: {safe(self.message)}", MISSING[self.kind], where, self.hint)

    def as_error(self, at: dt.datetime | None = None) -> CmdletError:
        """Return it as an error record, with the step in the place of a cmdlet's line."""
        return CmdletError("", safe(self.message), Provenance(Source.EXCHANGE, self.step, at), kind=self.kind)


@dataclass(frozen=True, slots=True)
class ConnectionRequest:
    """How to connect to Exchange Online once a shell is open.

    `access_token` is the operator's, for the Exchange resource; app-only sign-ins name the `organization`, delegated
    ones the `user_principal_name`. `tenant_id` is what the connection is held against: a foreign tenant is refused.
    """

    access_token: Secret
    tenant_id: str
    organization: str = ""
    user_principal_name: str = ""
    cmdlets: tuple[str, ...] = ()
    environment: str = ""  # -ExchangeEnvironmentName of national clouds
    connection_uri: str = ""  # -ConnectionUri of private clouds and of the lab


@dataclass(frozen=True, slots=True)
class OpenStep:
    """One step of opening, for `diag connect`: what was tried, what was found, how long it took (seconds)."""

    name: str
    found: str
    seconds: float


class Shell(Protocol):
    """A PowerShell (or what stands for one) that is connected to Exchange Online."""

    @property
    def transport(self) -> str:
        """Its name: local, ssh, winrm or rest."""
        ...

    @property
    def steps(self) -> Sequence[OpenStep]:
        """What opening went through so far; holds what was done even when opening failed."""
        ...

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a report must say of this transport, e.g. that Microsoft does not support it."""
        ...

    @property
    def connection(self) -> ExchangeConnection | None:
        """What the sign-in led to; `None` before."""
        ...

    def __enter__(self) -> Self:
        """Open the channel and connect to Exchange Online; raises ShellUnavailable."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect and leave no process, shell or socket behind."""
        ...

    def invoke_many(self, calls: Sequence[CmdletCall]) -> list[CmdletResult]:
        """Run all calls in as few round trips as the transport can, and answer for each, in order.

        Never raises for what a cmdlet says. A call that an earlier one's terminating error kept from running has been
        asked again; what stays unanswered has `answered=False` and an error that says why.
        """
        ...

    def commands(self, names: Sequence[str]) -> frozenset[str] | None:
        """Return which of these cmdlets this operator has; `None` where the transport cannot tell."""
        ...

    def invoke(self, cmdlet: str, **parameters: ParameterValue) -> CmdletResult:
        """Run one call."""
        ...


_BOOLEANS = frozenset({"ImapEnabled"})
"""Parameters that are no switches: they need their value (office-docs-powershell, Set-CASMailbox.md)."""


def _as_argument(name: str, value: ParameterValue) -> str:
    match value:
        case Secret():
            return f"-{name} ***"
        case True if name in _BOOLEANS:
            return f"-{name} $true"
        case bool():
            return f"-{name}" if value else f"-{name}:$false"
        case None:
            return f"-{name} $null"
        case int():
            return f"-{name} {value}"
        case str():
            return f"-{name} {powershell_argument(value)}"
        case _:
            return f"-{name} {','.join(powershell_argument(item) for item in value)}"
