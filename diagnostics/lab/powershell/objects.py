"""The few kinds of object that the lab's cmdlets put into a pipeline, apart from plain Python values."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class EnumValue:
    """A member of a .NET enumeration: shown by name, numbered in JSON, as PowerShell does."""

    type_name: str
    name: str
    number: int

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class VersionNumber:
    """A System.Version, such as the version of a module."""

    text: str

    def __str__(self) -> str:
        return self.text

    def parts(self) -> dict[str, int]:
        """Return its properties, which is how ConvertTo-Json writes a System.Version; -1 stands for a missing part."""
        numbers = [int(part) for part in self.text.split(".")[:4]]
        names = ("Major", "Minor", "Build", "Revision")
        parts = dict(zip(names, [*numbers, -1, -1, -1, -1], strict=False))
        return {**parts, "MajorRevision": -1, "MinorRevision": -1}


@dataclass(frozen=True)
class SecureText:
    """A SecureString that reached the lab; as a String it turns into its type's name, as in PowerShell."""

    secret: str = field(repr=False)

    def __str__(self) -> str:
        return "System.Security.SecureString"


@dataclass
class Row:
    """One object of a pipeline: type names, named properties in order, and how it shows as a string."""

    type_names: tuple[str, ...]
    properties: dict[str, Any]
    text: str | None = None

    def get(self, name: str) -> Any:
        """Return a property by its name in any case, or None, as `$object.name` does."""
        wanted = name.casefold()
        return next((value for key, value in self.properties.items() if key.casefold() == wanted), None)

    def __str__(self) -> str:
        if self.text is not None:
            return self.text
        return "@{" + "; ".join(f"{key}={text_of(value)}" for key, value in self.properties.items()) + "}"


CUSTOM_OBJECT = ("System.Management.Automation.PSCustomObject", "System.Object")


def text_of(value: Any) -> str:
    """Return `value` as PowerShell turns it into a string: lists joined by blanks, True and False, no None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, list | tuple):
        return " ".join(text_of(item) for item in value)
    if isinstance(value, Mapping):
        return "System.Collections.Hashtable"
    return str(value)


def type_name_of(value: Any) -> str:
    """Return the short .NET type name of `value`, as CategoryInfo.TargetType shows it."""
    names: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "Boolean"),
        (str, "String"),
        (int, "Int32"),
        (float, "Double"),
        (uuid.UUID, "Guid"),
        (dt.datetime, "DateTime"),
        ((list, tuple), "Object[]"),
        (dict, "Hashtable"),
        (SecureText, "SecureString"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "PSObject")


def properties_of(value: Any) -> dict[str, Any]:
    """Return the properties that `Select-Object -Property` and ConvertTo-Json see."""
    if isinstance(value, Row):
        return value.properties
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, str):
        return {"Length": len(value)}
    return {}


def unrolled(value: Any) -> Iterator[Any]:
    """Yield what PowerShell sends down a pipeline for `value`: the items of a list, everything else whole."""
    if isinstance(value, list | tuple):
        yield from value
    else:
        yield value
