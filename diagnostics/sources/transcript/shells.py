r"""Whose Exchange the output of a cmdlet is of: the same cmdlets exist on premises, and their rows look alike.

What decides about a row, the first that applies:

| sign                                                                        | it is           | known from                          |
|-----------------------------------------------------------------------------|-----------------|-------------------------------------|
| RecipientTypeDetails Remote…                                                | on premises     | Get-RemoteMailbox.md                |
| AdminDisplayVersion 15.20; Database or ServerName of Microsoft's own form   | Exchange Online | EURPR01DG123-db045, AM0PR01MB1234   |
| AdminDisplayVersion 8 to 15.2, another Database or ServerName               | on premises     | Exchange Server build numbers       |
| an object named by its path in the company's own domain                     | on premises     | `corp.fabrikam.local/Users/ERP`     |
| above it: the last prompt, banner or cmdlet that exists on one side only    | either          | `[PS] C:\>`, Connect-ExchangeOnline |
| in the rest of the text: such signs of one side only                        | either          | the same                            |
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from diagnostics.sources.transcript.window import View

_ON_PREMISES = re.compile(
    r"Exchange Management Shell|\bConnect-ExchangeServer\b|\bRemoteExchange\.ps1\b|\bAdd-PSSnapin\b[^\n]{0,20}Exchange"
    r"|\b(?:Get|Set|New|Enable|Disable)-RemoteMailbox\b|\bGet-ExchangeServer\b|\b(?:Get|Mount|Dismount)-MailboxDatabase\b(?!Copy)|\b(?:Get|Set)-ImapSettings\b|\bGet-ExchangeCertificate\b"
    r"|\bConnectionUri\b[^\n]{0,20}https?://(?!outlook\.|ps\.|partner\.outlook)[\w.-]+/powershell\b|\bVersion (?:8|14|15)\.[0-3] \(Build"
    r"|\bConnect(?:ing|ed) to [\w.-]+\.(?:local|lan|intern|internal|intranet|corp)\b|\bVERBOSE: Connect(?:ing|ed) to (?!outlook)[\w.-]+\.$",
    re.IGNORECASE,
)
_ONLINE = re.compile(
    r"\bConnect-ExchangeOnline\b|\bGet-EXO\w+|\b(?:Get|New|Set|Remove)-ServicePrincipal\b|\bGet-ConnectionInformation\b|\bVersion 15\.20 \(|PROD\.OUTLOOK\.COM",
    re.IGNORECASE,
)
_PROMPT = re.compile(
    r"^\s*(?:(?P<own>\[PS\])|PS) ?(?:[A-Z]:|/|>)", re.IGNORECASE
)  # `[PS]` is the management shell's own
_DATABASE = re.compile(r"[A-Z]{3,4}\w{0,6}DG\d+-db\d+", re.IGNORECASE)
_SERVER = re.compile(r"[a-z]{2,3}\d?p\w{1,4}\d{2}mb\d{3,5}(?:\.\S+)?", re.IGNORECASE)
_VERSION = re.compile(r"Version (?P<major>\d+)\.(?P<minor>\d+)\b", re.IGNORECASE)
_ONLINE_MINOR = 20
_PATH = re.compile(r"(?!\S*(?:outlook\.com|onmicrosoft))[\w-]+(?:\.[\w-]+)+/\S.*", re.IGNORECASE)


def on_premises(window: View, index: int, fields: Mapping[str, Any], before: str = "") -> str:
    """Return the sign that a row, whose record stands at `index`, is of Exchange on premises; empty when it is not.

    `before` is the sign that an earlier row of the text had of itself.
    """
    told = by_fields(fields)
    if told is not None:
        return told
    prompt = None
    for line in reversed(window.lines[: index + 1]):
        found = _sign(line)
        if found is not None:
            return found
        asked = _PROMPT.match(line)
        if asked is not None and prompt is None:
            prompt = asked
            if asked["own"]:
                return f"the prompt {asked[0].strip()}"
    signs = [found for line in window.lines[index + 1 :] if (found := _sign(line)) is not None]
    return (signs[0] if signs else before) if all(signs) else ""


def _sign(line: str) -> str | None:
    """Return a line's sign of Exchange on premises, "" for one of Exchange Online, `None` for neither."""
    match = _ON_PREMISES.search(line)
    if match is not None:
        return match[0].strip()
    return "" if _ONLINE.search(line) else None


def by_fields(row: Mapping[str, Any]) -> str | None:
    """Return a row's own sign of Exchange on premises, "" for one of Exchange Online, `None` for neither."""
    fields = {name: str(value) for name, value in row.items() if value not in (None, "")}
    kind = fields.get("RecipientTypeDetails", "")
    if kind.lower().startswith("remote"):
        return f"RecipientTypeDetails {kind}"
    version = _VERSION.search(fields.get("AdminDisplayVersion", ""))
    if version is not None:
        return "" if int(version["minor"]) >= _ONLINE_MINOR else version[0]
    for name, form in (("Database", _DATABASE), ("ServerName", _SERVER)):
        value = fields.get(name, "").strip()
        if value and "..." not in value and "…" not in value:
            return "" if form.fullmatch(value) else f"{name} {value}"
    for name in ("Identity", "OrganizationalUnit", "DistinguishedName"):
        if _PATH.fullmatch(fields.get(name, "").strip()):
            return f"{name} {fields[name].strip()}"
    return None
