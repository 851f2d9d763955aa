"""Finds the files that ship beside the code: PowerShell scripts and example profiles.

In a wheel they lie inside the package, in a checkout at its top.
"""

from __future__ import annotations

import re
from pathlib import Path

_PACKAGE = Path(__file__).parent
_SCRIPT = re.compile(r"[A-Z][a-z]+-Diag[A-Za-z]+\.ps1")


def scripts_folder() -> Path:
    """Return the folder of the PowerShell scripts. Raises FileNotFoundError when the installation lacks it."""
    return _folder("ps_scripts")


def profiles_folder() -> Path:
    """Return the folder of the example profiles. Raises FileNotFoundError when the installation lacks it."""
    return _folder("profiles")


def script_names() -> tuple[str, ...]:
    """Return the names of all scripts, e.g. `Export-DiagEvidence.ps1`, in alphabetical order."""
    return tuple(sorted(path.name for path in scripts_folder().glob("*.ps1")))


def script(name: str) -> str:
    """Return the text of a script, constant as it ships; what varies travels as bound parameters.

    Raises ValueError for what is not the name of such a script, FileNotFoundError when there is none of that name.
    """
    if not _SCRIPT.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a script")
    return (scripts_folder() / name).read_text(encoding="ascii")


def _folder(name: str) -> Path:
    for place in (_PACKAGE / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"this installation lacks its folder {name}")
