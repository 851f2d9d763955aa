"""The greeting of Exchange Online: its bracket holds the front end's name, as base64 of UTF-16LE."""

from __future__ import annotations

import base64
import binascii
import re

_BRACKET = re.compile(r"\[([A-Za-z0-9+/]{8,}={0,2})\]\s*$")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


def front_end(greeting: str) -> str:
    """Return the front-end name, e.g. `FR4P281CA0348.DEUP281.PROD.OUTLOOK.COM`, or "" when the greeting has none.

    It tells the cloud, or that something stands in between. Newer front ends put `(BACKENDAUTHENTICATE)` before the
    bracket (freescout issue 5101).
    """
    match = _BRACKET.search(greeting)
    if match is None:
        return ""
    try:
        name = base64.b64decode(match[1], validate=True).decode("utf-16-le")
    except (binascii.Error, ValueError):
        return ""
    name = name.strip("\0 ")
    return name if _HOST.fullmatch(name) else ""
