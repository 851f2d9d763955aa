"""Error records of the lab, and the two ways in which a cmdlet can end its statement early.

The ids, categories and texts of the engine's own errors were recorded from System.Management.Automation 7.6.9 over
PSRP; those of the Exchange cmdlets are in `cmdlets/exchange_errors.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

CATEGORIES = {
    "NotSpecified": 0,
    "InvalidArgument": 5,
    "InvalidData": 6,
    "InvalidOperation": 7,
    "InvalidType": 9,
    "ObjectNotFound": 13,
    "OperationStopped": 14,
    "PermissionDenied": 18,
    "ResourceUnavailable": 21,
    "LimitsExceeded": 29,
    "NotImplemented": 11,
}
"""System.Management.Automation.ErrorCategory, as far as the lab uses it."""

RUNTIME_EXCEPTION = ("System.Management.Automation.RuntimeException", "System.SystemException")
PARENT_CONTAINS = "System.Management.Automation.ParentContainsErrorRecordException"


@dataclass(frozen=True)
class ErrorData:
    """What an ErrorRecord holds; `exception_types` are the .NET types, most derived first."""

    message: str
    error_id: str
    category: str = "NotSpecified"
    activity: str = ""
    target: object = None
    target_name: str = ""
    target_type: str = ""
    exception_types: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """CategoryInfo.Reason: the short name of the exception's type."""
        return self.exception_types[0].rpartition(".")[2] if self.exception_types else "Exception"

    def without_exception_type(self) -> ErrorData:
        """Return the record as it shows when the engine writes an exception of its own into the error stream."""
        if not any(name.startswith("System.Management.Automation.") for name in self.exception_types):
            return self
        return replace(self, exception_types=(PARENT_CONTAINS, "System.SystemException"))


class StatementEnded(Exception):
    """A terminating error: the statement ends, and what happens to the batch is the engine's decision.

    `stopped_by_preference` is true when a non-terminating error was raised to one by `-ErrorAction Stop`.
    """

    def __init__(self, error: ErrorData, *, stopped_by_preference: bool = False) -> None:
        super().__init__(error.message)
        self.error = error
        self.stopped_by_preference = stopped_by_preference


class PipelineStopped(Exception):
    """The client stopped the pipeline."""


def command_not_found(name: str) -> ErrorData:
    """Return the error for a name that no cmdlet of this runspace has (also a cmdlet whose role is missing)."""
    return ErrorData(
        message=(
            f"The term '{name}' is not recognized as a name of a cmdlet, function, script file, or executable "
            "program.\nCheck the spelling of the name, or if a path was included, verify that the path is correct "
            "and try again."
        ),
        error_id="CommandNotFoundException",
        category="ObjectNotFound",
        target=name,
        target_name=name,
        target_type="String",
        exception_types=("System.Management.Automation.CommandNotFoundException", *RUNTIME_EXCEPTION),
    )


def script_refused(text: str) -> ErrorData:
    """Return the lab's own answer to script text; it is invented, no PowerShell says it."""
    return ErrorData(
        message=(
            "This simulated PowerShell runs cmdlets with bound parameters only and refuses script text "
            f"({len(text)} characters). Send AddCommand and AddParameter instead of AddScript."
        ),
        error_id="ScriptsNotAllowed",
        category="PermissionDenied",
        exception_types=("System.Management.Automation.PSSecurityException", *RUNTIME_EXCEPTION),
    )


BINDING_EXCEPTION = ("System.Management.Automation.ParameterBindingException", *RUNTIME_EXCEPTION)
TRANSFORMATION_EXCEPTION = (
    "System.Management.Automation.ParameterBindingArgumentTransformationException",
    *BINDING_EXCEPTION,
)
VALIDATION_EXCEPTION = ("System.Management.Automation.ParameterBindingValidationException", *BINDING_EXCEPTION)


def binding_error(
    cmdlet: str,
    implementation: str,
    identifier: str,
    message: str,
    exception_types: tuple[str, ...] = BINDING_EXCEPTION,
) -> StatementEnded:
    """Return a ParameterBindingException; it ends the statement before anything of it ran."""
    category = "InvalidArgument" if exception_types is BINDING_EXCEPTION else "InvalidData"
    return StatementEnded(
        ErrorData(
            message=message,
            error_id=f"{identifier},{implementation}",
            category=category,
            activity=cmdlet,
            exception_types=exception_types,
        )
    )


def input_not_bound(cmdlet: str, implementation: str, value: object, type_name: str) -> ErrorData:
    """Return the error for pipeline input that a cmdlet takes by no parameter; it ends nothing."""
    return ErrorData(
        message=(
            "The input object cannot be bound to any parameters for the command either because the command does not "
            "take pipeline input or the input and its properties do not match any of the parameters that take "
            "pipeline input."
        ),
        error_id=f"InputObjectNotBound,{implementation}",
        category="InvalidArgument",
        activity=cmdlet,
        target=value,
        target_name=str(value),
        target_type=type_name,
        exception_types=BINDING_EXCEPTION,
    )
