"""How a cmdlet declares itself: a table of parameters and one function. The binder and Get-Command read the same table."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from diagnostics.lab.powershell.errors import ErrorData, PipelineStopped, StatementEnded

if TYPE_CHECKING:
    from diagnostics.lab.powershell.session import RunspaceState


class Kind(Enum):
    """The .NET type of a parameter; the value is the name that binding errors show."""

    STRING = "System.String"
    STRINGS = "System.String[]"
    BOOL = "System.Boolean"
    SWITCH = "System.Management.Automation.SwitchParameter"
    INT = "System.Int32"
    SECURE = "System.Security.SecureString"
    ANY = "System.Object"
    PREFERENCE = "System.Management.Automation.ActionPreference"


@dataclass(frozen=True)
class Parameter:
    """One parameter. `pipeline` says how it takes input: by "value", by "property" name, or "both"."""

    name: str
    kind: Kind = Kind.STRING
    mandatory: bool = False
    position: int | None = None
    aliases: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    pipeline: str | None = None


class Sink(Protocol):
    """Where the records of a pipeline go: the PSRP peer, or the admin REST answer."""

    def output(self, value: Any) -> None:
        """Take one object of the last cmdlet of a statement."""

    def error(self, error: ErrorData) -> None:
        """Take one non-terminating error."""

    def warning(self, text: str) -> None:
        """Take one warning."""

    def verbose(self, text: str) -> None:
        """Take one verbose message."""

    def debug(self, text: str) -> None:
        """Take one debug message."""

    def information(self, data: Any, source: str) -> None:
        """Take one information record."""

    def progress(self, activity: str, status: str, percent: int) -> None:
        """Take one progress record."""


@dataclass
class Call:
    """One invocation of a cmdlet: its bound parameters, where its records go, and the runspace it runs in."""

    cmdlet: Cmdlet
    bound: dict[str, Any] = field(repr=False)
    sink: Sink
    runspace: RunspaceState
    stopping: threading.Event
    input: Iterator[Any] | None = None

    def has(self, name: str) -> bool:
        """Say whether the parameter was given."""
        return name in self.bound

    def get(self, name: str, default: Any = None) -> Any:
        """Return a bound value, or `default`."""
        return self.bound.get(name, default)

    def text(self, name: str) -> str:
        """Return a bound string, or an empty one."""
        value = self.bound.get(name)
        return value if isinstance(value, str) else ""

    def write_error(self, error: ErrorData) -> None:
        """Write a non-terminating error, as -ErrorAction wants it; Stop makes it end the statement."""
        action = self.bound.get("ErrorAction", "Continue")
        if action == "Stop":
            raise StatementEnded(error, stopped_by_preference=True)
        if action not in {"SilentlyContinue", "Ignore"}:
            self.sink.error(error)

    def write_warning(self, text: str) -> None:
        """Write a warning, unless -WarningAction says otherwise."""
        if self.bound.get("WarningAction", "Continue") not in {"SilentlyContinue", "Ignore"}:
            self.sink.warning(text)

    def write_verbose(self, text: str) -> None:
        """Write a verbose message when -Verbose was given."""
        if self.bound.get("Verbose"):
            self.sink.verbose(text)

    def wait(self, seconds: float) -> None:
        """Wait, or raise PipelineStopped as soon as the client stops the pipeline."""
        if self.stopping.wait(seconds):
            raise PipelineStopped

    def should_process(self, target: str, action: str, *, confirms: bool = False) -> bool:
        """Say whether to go on: -WhatIf says no, and a confirmation without a host to ask is an error.

        `confirms` is true for cmdlets of high impact, which ask unless -Confirm:$false is given. The error is what
        the engine answers to a client that offers no host (recorded from 7.6.9).
        """
        if self.bound.get("WhatIf"):
            return False
        if not self.bound.get("Confirm", confirms):
            return True
        raise StatementEnded(
            ErrorData(
                message=(
                    'Exception calling "ShouldProcess" with "2" argument(s): "A command that prompts the user failed '
                    "because the host program or the command type does not support user interaction. The host was "
                    "attempting to request confirmation with the following message: Are you sure you want to perform "
                    f'this action?\nPerforming the operation "{action}" on target "{target}"."'
                ),
                error_id=f"HostException,{self.cmdlet.name}",
                activity=self.cmdlet.name,
                exception_types=(
                    "System.Management.Automation.MethodInvocationException",
                    "System.Management.Automation.MethodException",
                    "System.Management.Automation.ExtendedTypeSystemException",
                    "System.Management.Automation.RuntimeException",
                    "System.SystemException",
                ),
            )
        )


Body = Callable[[Call], Iterator[Any]]


@dataclass(frozen=True)
class Cmdlet:
    """A cmdlet: its name, its parameters, the module it comes from, and the generator that does it.

    `implementation` is what FullyQualifiedErrorId ends with: the class of a compiled cmdlet, the name of a function.
    `takes_input` is true for those that read the whole pipeline themselves, such as ConvertTo-Json. `unsimulated` are
    parameters that the real cmdlet has: the lab knows them, and refuses them by name.
    """

    name: str
    body: Body
    parameters: tuple[Parameter, ...] = ()
    module: str = "Microsoft.PowerShell.Core"
    implementation: str = ""
    takes_input: bool = False
    should_process: bool = False
    is_function: bool = False
    unsimulated: tuple[str, ...] = ()

    @property
    def error_suffix(self) -> str:
        """What follows the comma in FullyQualifiedErrorId."""
        return self.implementation or self.name


COMMON_PARAMETERS = (
    Parameter("Verbose", Kind.SWITCH, aliases=("vb",)),
    Parameter("Debug", Kind.SWITCH, aliases=("db",)),
    Parameter("ErrorAction", Kind.PREFERENCE, aliases=("ea",)),
    Parameter("WarningAction", Kind.PREFERENCE, aliases=("wa",)),
    Parameter("InformationAction", Kind.PREFERENCE, aliases=("infa",)),
    Parameter("ProgressAction", Kind.PREFERENCE, aliases=("proga",)),
    Parameter("ErrorVariable", aliases=("ev",)),
    Parameter("WarningVariable", aliases=("wv",)),
    Parameter("InformationVariable", aliases=("iv",)),
    Parameter("OutVariable", aliases=("ov",)),
    Parameter("OutBuffer", Kind.INT, aliases=("ob",)),
    Parameter("PipelineVariable", aliases=("pv",)),
)
SHOULD_PROCESS_PARAMETERS = (
    Parameter("WhatIf", Kind.SWITCH, aliases=("wi",)),
    Parameter("Confirm", Kind.SWITCH, aliases=("cf",)),
)


def all_parameters(cmdlet: Cmdlet) -> tuple[Parameter, ...]:
    """Return the cmdlet's own parameters and those that the engine adds."""
    extra = SHOULD_PROCESS_PARAMETERS if cmdlet.should_process else ()
    others = (Parameter(name, Kind.ANY) for name in cmdlet.unsimulated)
    return (*cmdlet.parameters, *others, *COMMON_PARAMETERS, *extra)


@dataclass(frozen=True)
class Invocation:
    """One cmdlet of a pipeline as the client sent it: a name and arguments, named or positional (None)."""

    name: str
    arguments: tuple[tuple[str | None, Any], ...] = field(default=(), repr=False)
    is_script: bool = False
