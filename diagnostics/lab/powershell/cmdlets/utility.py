"""ConvertTo-Json, Select-Object, Measure-Object, the Write cmdlets, Start-Sleep and ConvertFrom-SecureString.

They do what the cmdlets of Microsoft.PowerShell.Utility do, with their commonest parameters.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from diagnostics.lab.powershell.declaration import Call, Cmdlet, Kind, Parameter
from diagnostics.lab.powershell.errors import ErrorData
from diagnostics.lab.powershell.objects import (
    CUSTOM_OBJECT,
    EnumValue,
    Row,
    SecureText,
    VersionNumber,
    properties_of,
    text_of,
    unrolled,
)

UTILITY = "Microsoft.PowerShell.Utility"
SECURITY = "Microsoft.PowerShell.Security"
DEFAULT_DEPTH = 2
MAXIMUM_DEPTH = 100


def to_json_value(value: Any, depth: int) -> Any:
    """Return `value` as ConvertTo-Json writes it; what lies deeper than `depth` becomes its string."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dt.datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, EnumValue):
        return value.number
    if isinstance(value, uuid.UUID):
        return str(value)
    if depth < 0:
        return text_of(value)
    if isinstance(value, VersionNumber):
        return value.parts()
    if isinstance(value, Row):
        return {name: to_json_value(item, depth - 1) for name, item in value.properties.items()}
    if isinstance(value, Mapping):
        return {str(name): to_json_value(item, depth - 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_value(item, depth - 1) for item in value]
    return text_of(value)


def _convert_to_json(call: Call) -> Iterator[Any]:
    if call.input is None:
        values = [call.get("InputObject")]
        whole = values[0]
    else:
        values = list(call.input)
        if not values:
            return
        whole = values if len(values) > 1 or call.get("AsArray") else values[0]
    if call.input is None and call.get("AsArray") and not isinstance(whole, list):
        whole = [whole]
    shown = _named_enums(whole) if call.get("EnumsAsStrings") else whole
    plain = to_json_value(shown, call.get("Depth", DEFAULT_DEPTH))
    if call.get("Compress"):
        yield json.dumps(plain, separators=(",", ":"), ensure_ascii=False)
    else:
        yield json.dumps(plain, indent=2, ensure_ascii=False)


def _named_enums(value: Any) -> Any:
    if isinstance(value, EnumValue):
        return value.name
    if isinstance(value, Row):
        return Row(value.type_names, {name: _named_enums(item) for name, item in value.properties.items()}, value.text)
    if isinstance(value, list | tuple):
        return [_named_enums(item) for item in value]
    return value


def _select_object(call: Call) -> Iterator[Any]:
    values: Iterator[Any] = call.input if call.input is not None else unrolled(call.get("InputObject"))
    first, skip = call.get("First"), call.get("Skip", 0)
    names = call.get("Property") or []
    expand = call.text("ExpandProperty")
    for index, value in enumerate(values):
        if index < skip:
            continue
        if first is not None and index >= skip + first:
            return
        yield from _selected(value, names, expand)


def _selected(value: Any, names: list[str], expand: str) -> Iterator[Any]:
    properties = properties_of(value)
    folded = {name.casefold(): name for name in properties}
    if expand:
        yield from unrolled(properties.get(folded.get(expand.casefold(), ""), None))
        return
    if not names:
        yield value
        return
    chosen: dict[str, Any] = {}
    for name in names:
        if name == "*":
            chosen.update(properties)
        else:
            key = folded.get(name.casefold())
            chosen[name if key is None else key] = None if key is None else properties[key]
    yield Row(("Selected.System.Management.Automation.PSCustomObject", *CUSTOM_OBJECT), chosen)


def _measure_object(call: Call) -> Iterator[Any]:
    """Count; it writes its object when its input has ended, and also when there was none (recorded from 7.6.9)."""
    values: Iterator[Any] = call.input if call.input is not None else unrolled(call.get("InputObject"))
    names = ("Average", "Sum", "Maximum", "Minimum", "StandardDeviation", "Property")
    yield Row(
        (
            "Microsoft.PowerShell.Commands.GenericMeasureInfo",
            "Microsoft.PowerShell.Commands.MeasureInfo",
            "System.Object",
        ),
        {"Count": sum(1 for _ in values), **dict.fromkeys(names)},
    )


def _write_output(call: Call) -> Iterator[Any]:
    values = call.input if call.input is not None else iter([call.get("InputObject")])
    for value in values:
        if call.get("NoEnumerate"):
            yield value
        else:
            yield from unrolled(value)


def _write_warning(call: Call) -> Iterator[Any]:
    call.write_warning(call.text("Message"))
    yield from ()


def _write_verbose(call: Call) -> Iterator[Any]:
    call.write_verbose(call.text("Message"))
    yield from ()


def _write_error(call: Call) -> Iterator[Any]:
    identifier = call.text("ErrorId") or "Microsoft.PowerShell.Commands.WriteErrorException"
    call.write_error(
        ErrorData(
            call.text("Message"),
            f"{identifier},Write-Error" if not call.text("ErrorId") else identifier,
            activity="Write-Error",
            exception_types=("Microsoft.PowerShell.Commands.WriteErrorException", "System.SystemException"),
        )
    )
    yield from ()


def _write_information(call: Call) -> Iterator[Any]:
    call.sink.information(call.get("MessageData"), "Write-Information")
    yield from ()


def _write_progress(call: Call) -> Iterator[Any]:
    call.sink.progress(call.text("Activity"), call.text("Status") or "Processing", call.get("PercentComplete", -1))
    yield from ()


def _start_sleep(call: Call) -> Iterator[Any]:
    call.wait(call.get("Seconds", 0) + call.get("Milliseconds", 0) / 1000)
    yield from ()


def _convert_from_secure_string(call: Call) -> Iterator[Any]:
    value = call.get("SecureString")
    if isinstance(value, SecureText) and call.get("AsPlainText"):
        yield value.secret
        return
    call.write_error(
        ErrorData(
            "This simulated cmdlet works with -AsPlainText only.",
            "NotImplemented,Microsoft.PowerShell.Commands.ConvertFromSecureStringCommand",
            "NotImplemented",
            "ConvertFrom-SecureString",
        )
    )


_MESSAGE = Parameter("Message", mandatory=True, position=0, aliases=("Msg",), pipeline="value")
_INPUT = Parameter("InputObject", Kind.ANY, mandatory=True, position=0, pipeline="value")


def _utility(
    name: str,
    body: Any,
    *parameters: Parameter,
    takes_input: bool = False,
    module: str = UTILITY,
    unsimulated: str = "",
) -> Cmdlet:
    verb, _, noun = name.partition("-")
    implementation = f"Microsoft.PowerShell.Commands.{verb}{noun}Command"
    return Cmdlet(name, body, parameters, module, implementation, takes_input, unsimulated=tuple(unsimulated.split()))


CMDLETS = (
    _utility(
        "ConvertTo-Json",
        _convert_to_json,
        _INPUT,
        Parameter("Depth", Kind.INT),
        Parameter("Compress", Kind.SWITCH),
        Parameter("AsArray", Kind.SWITCH),
        Parameter("EnumsAsStrings", Kind.SWITCH),
        takes_input=True,
        unsimulated="EscapeHandling",
    ),
    _utility(
        "Select-Object",
        _select_object,
        Parameter("Property", Kind.STRINGS, position=0),
        Parameter("InputObject", Kind.ANY, pipeline="value"),
        Parameter("First", Kind.INT),
        Parameter("Skip", Kind.INT),
        Parameter("ExpandProperty"),
        takes_input=True,
        unsimulated="CaseInsensitive ExcludeProperty Index Last SkipIndex SkipLast Unique Wait",
    ),
    _utility(
        "Measure-Object",
        _measure_object,
        Parameter("InputObject", Kind.ANY, pipeline="value"),
        takes_input=True,
        unsimulated="AllStats Average Character IgnoreWhiteSpace Line Maximum Minimum Property StandardDeviation Sum Word",
    ),
    _utility("Write-Output", _write_output, _INPUT, Parameter("NoEnumerate", Kind.SWITCH), takes_input=True),
    _utility("Write-Warning", _write_warning, _MESSAGE),
    _utility("Write-Verbose", _write_verbose, _MESSAGE),
    _utility(
        "Write-Error",
        _write_error,
        _MESSAGE,
        Parameter("ErrorId"),
        unsimulated="Category CategoryActivity CategoryReason CategoryTargetName CategoryTargetType ErrorRecord Exception "
        "RecommendedAction TargetObject",
    ),
    _utility(
        "Write-Information",
        _write_information,
        Parameter("MessageData", Kind.ANY, mandatory=True, position=0, aliases=("Msg", "Message"), pipeline="value"),
        Parameter("Tags", Kind.STRINGS),
    ),
    _utility(
        "Write-Progress",
        _write_progress,
        Parameter("Activity", mandatory=True, position=0),
        Parameter("Status", position=1),
        Parameter("PercentComplete", Kind.INT),
        unsimulated="Completed CurrentOperation Id ParentId SecondsRemaining SourceId",
    ),
    _utility(
        "Start-Sleep",
        _start_sleep,
        Parameter("Seconds", Kind.INT, position=0, pipeline="value"),
        Parameter("Milliseconds", Kind.INT, aliases=("ms",)),
        unsimulated="Duration",
    ),
    _utility(
        "ConvertFrom-SecureString",
        _convert_from_secure_string,
        Parameter("SecureString", Kind.SECURE, mandatory=True, position=0, pipeline="value"),
        Parameter("AsPlainText", Kind.SWITCH),
        module=SECURITY,
        unsimulated="Key SecureKey",
    ),
)
