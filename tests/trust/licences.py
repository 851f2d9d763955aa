"""The licences of everything that a plain `pip install` of diag brings along, from the packages' own metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
FILE = ROOT / "THIRD_PARTY_LICENSES.md"
_OSI = "License :: OSI Approved :: "
_HEAD = """\
# Licences of the packages that diag installs

`make licenses` writes this file from the packages' own metadata; a test finds what it lacks. None of these
packages is part of diag's own distribution: pip installs them beside it.

| package | licence |
|---|---|
"""
# Only for other systems, so that their metadata is not at hand everywhere.
ELSEWHERE = {
    "colorama": "BSD-3-Clause",
    "pywin32-ctypes": "BSD-3-Clause",
    "sspilib": "MIT",
    "jeepney": "MIT",
    "SecretStorage": "BSD-3-Clause",
}


def table() -> dict[str, str]:
    """The licence of each package, by name as its project spells it."""
    return {**{name: _licence(name) for name in _closure("diag-exchange-imap")}, **ELSEWHERE}


def text() -> str:
    rows = sorted(table().items(), key=lambda row: row[0].casefold())
    return _HEAD + "".join(f"| {name} | {licence} |\n" for name, licence in rows)


def _closure(root: str) -> Iterator[str]:
    seen, waiting = {_key(root)}, [root]
    while waiting:
        for line in metadata.requires(waiting.pop()) or ():
            requirement = Requirement(line)
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if not wanted or _key(requirement.name) in seen:
                continue
            seen.add(_key(requirement.name))
            name = metadata.metadata(requirement.name)["Name"]
            yield name
            waiting.append(name)
            waiting += _of_extras(requirement)


def _of_extras(requirement: Requirement) -> Iterator[str]:
    for line in metadata.requires(requirement.name) or ():
        inner = Requirement(line)
        if any(inner.marker is not None and inner.marker.evaluate({"extra": extra}) for extra in requirement.extras):
            yield inner.name


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _licence(name: str) -> str:
    about = dict(metadata.metadata(name).json)
    if expression := about.get("license_expression"):
        return str(expression)
    named = [line.removeprefix(_OSI) for line in about.get("classifier") or () if line.startswith(_OSI)]
    words = named or [str(about.get("license") or "").strip().partition("\n")[0]]
    return ", ".join(words) or "not stated"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
