"""Binding of arguments to parameters by PowerShell's rules: any case, unique prefixes, aliases, positions, conversion.

Each refusal carries the id and the text of System.Management.Automation 7.6.9, recorded over PSRP.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from diagnostics.lab.powershell.declaration import Cmdlet, Kind, Parameter, all_parameters
from diagnostics.lab.powershell.errors import (
    BINDING_EXCEPTION,
    TRANSFORMATION_EXCEPTION,
    VALIDATION_EXCEPTION,
    StatementEnded,
    binding_error,
)
from diagnostics.lab.powershell.objects import SecureText, text_of

PREFERENCES = ("SilentlyContinue", "Stop", "Continue", "Inquire", "Ignore", "Suspend", "Break")


def _fail(cmdlet: Cmdlet, identifier: str, message: str, types: tuple[str, ...] = BINDING_EXCEPTION) -> StatementEnded:
    return binding_error(cmdlet.name, cmdlet.error_suffix, identifier, message, types)


def find_parameter(cmdlet: Cmdlet, name: str) -> Parameter:
    """Return the parameter that `name` means; raise StatementEnded when none or several do."""
    wanted = name.lstrip("-").rstrip(":").casefold()
    parameters = all_parameters(cmdlet)
    for parameter in parameters:
        if wanted in (parameter.name.casefold(), *(alias.casefold() for alias in parameter.aliases)):
            return parameter
    matches = [
        parameter
        for parameter in parameters
        if wanted and any(label.casefold().startswith(wanted) for label in (parameter.name, *parameter.aliases))
    ]
    if not matches:
        raise _fail(
            cmdlet, "NamedParameterNotFound", f"A parameter cannot be found that matches parameter name '{name}'."
        )
    if len(matches) > 1:
        possible = " ".join(f"-{parameter.name}" for parameter in matches)
        raise _fail(
            cmdlet,
            "AmbiguousParameter",
            f"Parameter cannot be processed because the parameter name '{name}' is ambiguous. "
            f"Possible matches include: {possible}.",
        )
    return matches[0]


def bind(cmdlet: Cmdlet, arguments: Sequence[tuple[str | None, Any]], *, has_input: bool) -> dict[str, Any]:
    """Return the arguments by parameter name, converted.

    Raises StatementEnded with the engine's own error when PowerShell would refuse them. `has_input` is true when the
    pipeline may still supply a mandatory parameter.
    """
    bound: dict[str, Any] = {}
    positional: list[Any] = []
    for name, value in arguments:
        if name is None:
            positional.append(value)
            continue
        parameter = find_parameter(cmdlet, name)
        if parameter.name in bound:
            raise _fail(
                cmdlet,
                "ParameterAlreadyBound",
                f"Cannot bind parameter because parameter '{name}' is specified more than once. To provide "
                "multiple values to parameters that can accept multiple values, use the array syntax. For example, "
                '"-parameter value1,value2,value3".',
            )
        bound[parameter.name] = convert(cmdlet, parameter, value)
    _bind_positions(cmdlet, bound, positional)
    check_mandatory(cmdlet, bound, has_input=has_input)
    return bound


def _bind_positions(cmdlet: Cmdlet, bound: dict[str, Any], positional: list[Any]) -> None:
    slots = sorted(
        (
            parameter
            for parameter in cmdlet.parameters
            if parameter.position is not None and parameter.name not in bound
        ),
        key=lambda parameter: parameter.position or 0,
    )
    for index, value in enumerate(positional):
        if index >= len(slots):
            raise _fail(
                cmdlet,
                "PositionalParameterNotFound",
                f"A positional parameter cannot be found that accepts argument '{text_of(value)}'.",
            )
        bound[slots[index].name] = convert(cmdlet, slots[index], value)


def check_mandatory(cmdlet: Cmdlet, bound: dict[str, Any], *, has_input: bool) -> None:
    """Raise StatementEnded when a mandatory parameter has no value and no pipeline input can give it one."""
    missing = [
        parameter.name
        for parameter in cmdlet.parameters
        if parameter.mandatory and parameter.name not in bound and not (has_input and parameter.pipeline)
    ]
    if missing:
        raise _fail(
            cmdlet,
            "MissingMandatoryParameter",
            "Cannot process command because of one or more missing mandatory parameters: " + " ".join(missing) + ".",
        )


def convert(cmdlet: Cmdlet, parameter: Parameter, value: Any) -> Any:
    """Return `value` as the parameter's type; raise StatementEnded when PowerShell would not convert it."""
    converted = _CONVERTERS[parameter.kind](cmdlet, parameter, value)
    if parameter.mandatory:
        _check_emptiness(cmdlet, parameter, value, converted)
    if parameter.allowed:
        _check_allowed(cmdlet, parameter, converted)
    return converted


def _check_emptiness(cmdlet: Cmdlet, parameter: Parameter, value: Any, converted: Any) -> None:
    """Refuse what a mandatory parameter may not be: an empty string, and for lists also a null or an empty list."""
    if parameter.kind is Kind.STRING and converted == "":
        what, identifier = "an empty string", "EmptyStringNotAllowed"
    elif parameter.kind is Kind.STRINGS and value is None:
        what, identifier = "null", "NullNotAllowed"
    elif parameter.kind is Kind.STRINGS and not converted:
        what, identifier = "an empty array", "EmptyArrayNotAllowed"
    elif parameter.kind is Kind.STRINGS and "" in converted:
        what, identifier = "an empty string", "EmptyStringNotAllowed"
    else:
        return
    raise _fail(
        cmdlet,
        f"ParameterArgumentValidationError{identifier}",
        f"Cannot bind argument to parameter '{parameter.name}' because it is {what}.",
        VALIDATION_EXCEPTION,
    )


def _not_converted(cmdlet: Cmdlet, parameter: Parameter, shown: str, detail: str) -> StatementEnded:
    """Return the refusal of a value: functions transform arguments, compiled cmdlets convert them."""
    reason = f'Cannot convert value "{shown}" to type "{parameter.kind.value}". {detail}'
    if cmdlet.is_function:
        return _fail(
            cmdlet,
            "ParameterArgumentTransformationError",
            f"Cannot process argument transformation on parameter '{parameter.name}'. {reason}",
            TRANSFORMATION_EXCEPTION,
        )
    return _fail(cmdlet, "CannotConvertArgumentNoMessage", f"Cannot bind parameter '{parameter.name}'. {reason}")


def _check_allowed(cmdlet: Cmdlet, parameter: Parameter, value: Any) -> None:
    allowed = {name.casefold() for name in parameter.allowed}
    for item in value if isinstance(value, list) else [value]:
        for part in str(item).split(","):
            if part.strip().casefold() not in allowed:
                raise _fail(
                    cmdlet,
                    "ParameterArgumentValidationError",
                    f"Cannot validate argument on parameter '{parameter.name}'. The argument \"{item}\" does not "
                    f'belong to the set "{",".join(parameter.allowed)}" specified by the ValidateSet attribute. '
                    "Supply an argument that is in the set and then try the command again.",
                    VALIDATION_EXCEPTION,
                )


def _string(_cmdlet: Cmdlet, _parameter: Parameter, value: Any) -> str:
    return text_of(value)


def _strings(_cmdlet: Cmdlet, _parameter: Parameter, value: Any) -> list[str]:
    if value is None:
        return []
    return [text_of(item) for item in value] if isinstance(value, list | tuple) else [text_of(value)]


def _boolean(cmdlet: Cmdlet, parameter: Parameter, value: Any) -> bool:
    if isinstance(value, bool | int | float):
        return bool(value)
    shown = "" if value is None else "System.String" if isinstance(value, str) else text_of(value)
    if not cmdlet.is_function:
        what = "System.Collections.ArrayList" if isinstance(value, list | tuple) else shown
        raise _fail(
            cmdlet,
            "CannotConvertArgument",
            f"Cannot convert '{what}' to the type '{parameter.kind.value}' required by parameter '{parameter.name}'. ",
        )
    detail = "Boolean parameters accept only Boolean values and numbers, such as $True, $False, 1 or 0."
    raise _not_converted(cmdlet, parameter, shown, detail)


def _switch(cmdlet: Cmdlet, parameter: Parameter, value: Any) -> bool:
    # A null for a switch is $false: recorded from 7.6.9, where pypsrp's add_parameter("Force") leaves it off.
    return False if value is None else _boolean(cmdlet, parameter, value)


def _integer(cmdlet: Cmdlet, parameter: Parameter, value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        text = text_of(value)
        detail = f"Error: \"The input string '{text}' was not in a correct format.\""
        raise _not_converted(cmdlet, parameter, text, detail) from None


def _secure(cmdlet: Cmdlet, parameter: Parameter, value: Any) -> SecureText:
    if isinstance(value, SecureText):
        return value
    raise _fail(
        cmdlet,
        "ParameterArgumentTransformationError",
        f"Cannot process argument transformation on parameter '{parameter.name}'. Cannot convert the "
        f'"{text_of(value)}" value of type "System.String" to type "{parameter.kind.value}".',
        TRANSFORMATION_EXCEPTION,
    )


def _preference(cmdlet: Cmdlet, parameter: Parameter, value: Any) -> str:
    numbers = {0: "SilentlyContinue", 1: "Stop", 2: "Continue", 3: "Inquire", 4: "Ignore"}
    if isinstance(value, int) and not isinstance(value, bool) and value in numbers:
        return numbers[value]
    matches = [name for name in PREFERENCES if name.casefold() == text_of(value).casefold()]
    if matches:
        return matches[0]
    raise _fail(
        cmdlet,
        "CannotConvertArgumentNoMessage",
        f"Cannot bind parameter '{parameter.name}'. Cannot convert value \"{text_of(value)}\" to type "
        f'"{parameter.kind.value}". Error: "Unable to match the identifier name {text_of(value)} to a valid '
        "enumerator name. Specify one of the following enumerator names and try again:\n"
        + ", ".join(PREFERENCES)
        + '"',
    )


def _any(_cmdlet: Cmdlet, _parameter: Parameter, value: Any) -> Any:
    return value


_CONVERTERS = {
    Kind.STRING: _string,
    Kind.STRINGS: _strings,
    Kind.BOOL: _boolean,
    Kind.SWITCH: _switch,
    Kind.INT: _integer,
    Kind.SECURE: _secure,
    Kind.PREFERENCE: _preference,
    Kind.ANY: _any,
}
