"""Turns what the cmdlets put out into objects that psrpcore serializes, and what a client sent into plain values."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from psrpcore.types import (
    ErrorCategory,
    ErrorCategoryInfo,
    ErrorRecord,
    NETException,
    PSCustomObject,
    PSGuid,
    PSNoteProperty,
    PSNull,
    PSObject,
    PSSecureString,
    PSString,
    PSVersion,
)

from diagnostics.lab.powershell.errors import CATEGORIES, ErrorData
from diagnostics.lab.powershell.objects import CUSTOM_OBJECT, EnumValue, Row, SecureText, VersionNumber


def to_wire(value: Any) -> Any:
    """Return `value` as psrpcore serializes it."""
    if isinstance(value, Row):
        shown = PSCustomObject()
        shown.PSObject.type_names = list(value.type_names)
        shown.PSObject.to_string = str(value)
        shown.PSObject.extended_properties = [
            PSNoteProperty(name, value=to_wire(item)) for name, item in value.properties.items()
        ]
        return shown
    if isinstance(value, EnumValue):
        return value.name
    if isinstance(value, VersionNumber):
        return PSVersion(value.text)
    if isinstance(value, SecureText):
        return PSSecureString(value.secret)
    if isinstance(value, list | tuple):
        return [to_wire(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): to_wire(item) for name, item in value.items()}
    return value


def output_to_wire(value: Any) -> Any:
    """Return one pipeline output; a null is an object too."""
    return PSNull if value is None else to_wire(value)


def from_wire(value: Any) -> Any:
    """Return a value that a client sent as a plain one: strings, numbers, lists, dicts, rows."""
    if value is None or value is PSNull:
        return None
    return next((plain(value) for kind, plain in _PLAIN if isinstance(value, kind)), value)


def _row_from_wire(value: PSObject) -> Any:
    properties = [*value.PSObject.adapted_properties, *value.PSObject.extended_properties]
    if not properties and value.PSObject.to_string is not None:
        return value.PSObject.to_string
    return Row(
        tuple(value.PSObject.type_names) or CUSTOM_OBJECT,
        {item.name: from_wire(item.get_value(value)) for item in properties},
        value.PSObject.to_string,
    )


_PLAIN: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    (bool, bool),
    (PSSecureString, lambda value: SecureText(str(value.decrypt()))),
    (PSGuid, lambda value: str(uuid.UUID(int=value.int))),
    (str, str.__str__),
    (int, int),
    (float, float),
    (Mapping, lambda value: {str(from_wire(name)): from_wire(item) for name, item in value.items()}),
    ((list, tuple), lambda value: [from_wire(item) for item in value]),
    (PSObject, _row_from_wire),
)
"""Kinds of value that a client sends, the more special before the more general, and how each becomes plain."""


def category_info(error: ErrorData) -> ErrorCategoryInfo:
    """Return the CategoryInfo of an error."""
    return ErrorCategoryInfo(
        Category=ErrorCategory(CATEGORIES.get(error.category, 0)),
        Activity=error.activity,
        Reason=error.reason,
        TargetName=error.target_name,
        TargetType=error.target_type,
    )


def net_exception(error: ErrorData) -> NETException:
    """Return the exception of an error, with the .NET types that a client would see."""
    exception = NETException(Message=error.message)
    names = [*error.exception_types, "System.Exception", "System.Object"]
    exception.PSObject.type_names = list(dict.fromkeys(names))
    exception.PSObject.to_string = f"{names[0]}: {error.message}"
    return exception


def error_record(error: ErrorData) -> ErrorRecord:
    """Return the whole record, as it goes into the state of a failed pipeline."""
    record = ErrorRecord(
        Exception=net_exception(error),
        CategoryInfo=category_info(error),
        TargetObject=to_wire(error.target),
        FullyQualifiedErrorId=PSString(error.error_id),
    )
    record.PSObject.to_string = error.message
    return record
