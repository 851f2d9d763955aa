"""Values on their way into and out of PowerShell: what may be sent, and rows as plain mappings.

A parameter is bound by name to a value, never spliced into text; what cannot travel unchanged is refused before
anything is sent.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from diagnostics.redaction import Secret

if TYPE_CHECKING:
    from diagnostics.exchange.port import CmdletCall, ParameterValue

_CMDLET = re.compile(r"[A-Za-z]+-[A-Za-z][A-Za-z0-9]*")
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
"""Lone surrogates and the two noncharacters, which no XML document holds (XML 1.0 section 2.2); CLIXML has escapes
for control characters, and the rest travels as it is."""

_I32 = 2**31
_I64 = 2**63

SECURE_STRINGS = {("connect-exchangeonline", "certificatepassword")}
"""Parameters of type SecureString (office-docs-powershell Connect-ExchangeOnline.md); `-AccessToken` is a String."""


class ValueRefused(ValueError):
    """A value that cannot reach PowerShell unchanged; the words name the parameter, never the value."""


def check_call(call: CmdletCall) -> None:
    """Raise ValueRefused unless the names are plain cmdlet and parameter names and every value can travel."""
    if not _CMDLET.fullmatch(call.cmdlet):
        raise ValueRefused(f"{call.cmdlet!r} is not the name of a cmdlet")
    for name, value in call.parameters.items():
        if not _PARAMETER.fullmatch(name):
            raise ValueRefused(f"{name!r} is not the name of a parameter")
        for item in _items(value):
            _check_value(call.cmdlet, name, item)


def _items(value: ParameterValue) -> Iterator[object]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        yield from value
    else:
        yield value


def _check_value(cmdlet: str, name: str, value: object) -> None:
    if isinstance(value, Secret):
        value = value.reveal()
    if isinstance(value, str):
        if _NOT_XML.search(value):
            raise ValueRefused(f"the value of -{name} for {cmdlet} holds a character that cannot be sent")
        return
    if isinstance(value, int) and not -_I64 <= value < _I64:
        raise ValueRefused(f"the value of -{name} for {cmdlet} does not fit into 64 bits")
    if value is not None and not isinstance(value, bool | int):
        raise ValueRefused(f"-{name} for {cmdlet} was given a {type(value).__name__}, which is not bound to parameters")


def is_secure(cmdlet: str, parameter: str) -> bool:
    """Say whether the parameter takes a SecureString, which needs the session's key exchanged first."""
    return (cmdlet.casefold(), parameter.casefold()) in SECURE_STRINGS


def plain(value: ParameterValue) -> str | int | bool | list[str] | None:
    """Return the value itself, a secret opened, for the one call that sends it."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, str | bool | int) or value is None:
        return value
    return [str(item) for item in value]


def needs_64_bits(value: object) -> bool:
    """Say whether an integer is too large for Int32."""
    return isinstance(value, int) and not isinstance(value, bool) and not -_I32 <= value < _I32


def rows_of(outputs: Sequence[object], *, as_json: bool) -> tuple[Mapping[str, object], ...]:
    """Return the rows of one statement's output.

    As JSON, nothing means no rows, an object one row and a list that many (ConvertTo-Json writes one string for all
    it was given). Raises ValueError when a JSON string is not JSON.
    """
    rows: list[Mapping[str, object]] = []
    for output in outputs:
        value = _parsed(output) if as_json and isinstance(output, str) else from_clixml(output)
        rows.extend(_as_row(unwrapped(item)) for item in (value if isinstance(value, list) else [value]))
    return tuple(rows)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _as_row(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {"Value": value}


def unwrapped(value: object) -> object:
    """Undo what Windows PowerShell 5.1 makes of a list inside an object: `{"value": […], "Count": n}`.

    Its ConvertTo-Json does so with lists that carry extended properties (PowerShell issue 3424).
    """
    if isinstance(value, dict):
        if set(value) == {"value", "Count"} and isinstance(value["value"], list):
            return [unwrapped(item) for item in value["value"]]
        return {name: unwrapped(item) for name, item in value.items()}
    if isinstance(value, list):
        return [unwrapped(item) for item in value]
    return value


def from_clixml(value: Any, depth: int = 6) -> object:
    """Return an object that pypsrp made of CLIXML as plain Python: scalars, lists and mappings."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if depth <= 0:
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): from_clixml(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [from_clixml(item, depth - 1) for item in value]
    properties = {**getattr(value, "adapted_properties", {}), **getattr(value, "extended_properties", {})}
    if properties:
        return {name: from_clixml(item, depth - 1) for name, item in properties.items()}
    held = getattr(value, "property_sets", None)  # what an enumeration or a wrapped value is, beside its text
    return str(value) if getattr(value, "to_string", None) or not held else from_clixml(held[0], depth - 1)
