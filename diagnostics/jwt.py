"""The payload of a JWT as text and as JSON, read without a key (RFC 7519); nothing here raises.

Nothing verifies a signature: only Microsoft can, for a token of Exchange.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


def payload_of(token: str) -> Mapping[str, Any]:
    """Return the whole payload of a JWT; an empty one of a token that is none, or that was cut short."""
    parts = token.strip().split(".", 2)
    text, whole = decoded(parts[1]) if len(parts) > 1 else ("", False)
    return (json_object(text) or {}) if whole else {}


def json_object(text: str) -> dict[str, Any] | None:
    """Return a JSON object; None of what is none, is too deep, or has a number of thousands of digits."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def decoded(part: str) -> tuple[str, bool]:
    """Decode a base64url part as far as it goes, and say whether it was whole."""
    bare = part.rstrip("=")
    clean = _BASE64URL.match(bare)
    kept = clean.group() if clean else ""
    whole = len(kept) == len(bare) and len(kept) % 4 != 1
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    try:
        data = base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4))
    except (binascii.Error, ValueError):  # pragma: no cover - the pattern leaves nothing else
        return "", False
    return data.decode("utf-8", "replace"), whole
