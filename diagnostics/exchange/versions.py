"""Which ExchangeOnlineManagement goes with which PowerShell, as data; checked before connecting.

A pair that does not go together fails inside the module with an assembly error that names neither (prowler issue
12644 is a whole product stopped by it).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MODULE = "ExchangeOnlineManagement"
Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Modules from `module` up to the next line of the table need PowerShell 7 of at least `powershell`."""

    module: Version
    powershell: Version
    source: str


PAIRS = (
    Pair((3, 10, 0), (7, 6, 0), "exchange-online-powershell-v2.md: 3.10.0 and later need PowerShell 7.6.0"),
    Pair((3, 5, 0), (7, 4, 0), "exchange-online-powershell-v2.md: 3.5.0 to 3.9.2 need PowerShell 7.4.0"),
    Pair((3, 0, 0), (7, 2, 0), "exchange-online-powershell-v2.md: 3.0 to 3.4 need PowerShell 7.2"),
)
"""Newest first. Windows PowerShell 5.1 works with all of them."""

OLDEST_MODULE: Version = (3, 1, 0)
"""The first with `-AccessToken` (Connect-ExchangeOnline.md)."""
_WINDOWS_POWERSHELL: Version = (5, 1)


def version_of(text: str) -> Version:
    """Return the numbers of a version, without its preview label; empty when there are none."""
    found = re.match(r"\s*v?(\d+(?:\.\d+)*)", text)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def unsupported(powershell: str, module: str) -> str:
    """Return why this pair cannot be used, or an empty string. A version that is not known is not held against it."""
    engine, exchange = version_of(powershell), version_of(module)
    if exchange and exchange < OLDEST_MODULE:
        return f"{MODULE} {module} cannot take an access token, which came with {_shown(OLDEST_MODULE)}"
    if not engine or not exchange:
        return ""
    if engine[0] < 6:  # noqa: PLR2004 - Windows PowerShell ended at 5.1, PowerShell began at 6
        older = engine[:2] < _WINDOWS_POWERSHELL
        return f"{MODULE} {module} needs Windows PowerShell 5.1; this is {powershell}" if older else ""
    pair = next((pair for pair in PAIRS if exchange >= pair.module), None)
    if pair is None or engine >= pair.powershell:
        return ""
    return f"{MODULE} {module} needs PowerShell {_shown(pair.powershell)} or later; this is {powershell}"


def choose(powershell: str, modules: Sequence[str]) -> tuple[str, str]:
    """Return the newest module that goes with this PowerShell, and why the newest of all does not, if so.

    Without any that does, the first part is empty.
    """
    newest_first = sorted(modules, key=version_of, reverse=True)
    why = unsupported(powershell, newest_first[0]) if newest_first else ""
    return next((module for module in newest_first if not unsupported(powershell, module)), ""), why


def _shown(version: Version) -> str:
    return ".".join(str(part) for part in version)
