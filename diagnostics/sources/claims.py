"""What an access token and a client secret say of themselves, read without any key and without a network.

Nothing here verifies a signature: only Microsoft can, for a token of Exchange (entra-docs, access tokens: "the contents
of the token are intended for the API only"). So these claims explain; they never prove that a token would be accepted.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from diagnostics.evidence import (
    ApplicationId,
    EnterpriseAppObjectId,
    Provenance,
    SecretShape,
    TokenClaims,
)
from diagnostics.ids import TenantId, is_guid
from diagnostics.jwt import decoded, json_object
from diagnostics.redaction import Secret
from diagnostics.slips import trimmed

_PERCENT = re.compile(r"%(?:7[eE]|2[0-9a-fA-F]|3[a-fA-F])")
_PLACEHOLDER = re.compile(
    r"\{\{.*\}\}|\$\{.*\}|<[^<>]*>|\$[A-Z_]{3,}|%[A-Za-z_]{3,}%|x{4,}|\*{3,}|\.{3,}"
    r"|(?:your|enter|insert|paste|put|my|the|client|app|change)[ _-].*(?:secret|here|value|me)\b.*"
    r"|\[(?:copy|enter|insert|paste|put|add)\b[^\[\]]+\]"
    r"|changeme|change_me|replaceme|secret|client_?secret|todo",
    re.IGNORECASE,
)
_QUOTES = "\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb"
_FIELD = re.compile(r'"(\w{2,24})"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d+|true|false|null|\[[^\[\]{}]*\])\s*[,}]')
_SMALLEST_SECONDS, _LARGEST_SECONDS = 0, 253_402_300_799  # 1970 to 9999, what datetime can hold
_TYPES: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("iss", "tid", "appid", "azp", "oid", "idtyp", "upn", "preferred_username", "unique_name"), (str,)),
    **dict.fromkeys(("aud", "roles", "scp"), (str, list)),
    **dict.fromkeys(("iat", "exp"), (int, float, str)),
}
_MOST_DIGITS = 12
_JWT_START = "eyJ"


def decode_claims(token: str, provenance: Provenance) -> TokenClaims:
    """Return what `token` says; a token that is no JWT is `opaque`, a JWT that was cut short is not `complete`."""
    parts = token.strip().split(".")
    if len(parts) < 2 or not parts[0].startswith(_JWT_START):  # noqa: PLR2004 - header and payload
        return TokenClaims(provenance, opaque=True)
    text, whole = decoded(parts[1])
    payload = json_object(text) if whole else None
    if payload is not None:
        return claims_of_payload(payload, provenance)
    return claims_of_payload(_salvage(text), provenance, complete=False)


def claims_of_payload(payload: Mapping[str, Any], provenance: Provenance, *, complete: bool = True) -> TokenClaims:
    """Return the claims of a decoded payload, of version 1.0 (`appid`, `unique_name`) or 2.0 (`azp`).

    A claim of another type than Entra gives it is left out, and the claims are not `complete`: it proves no absence.
    """
    audience = payload.get("aud")
    names = (payload.get(name) for name in ("upn", "preferred_username", "unique_name"))
    return TokenClaims(
        provenance,
        audience=_text(audience[0] if isinstance(audience, list) and audience else audience),
        issuer=_text(payload.get("iss")),
        tenant_id=TenantId(_text(payload.get("tid"))),
        application_id=ApplicationId(_text(payload.get("appid") or payload.get("azp"))),
        object_id=EnterpriseAppObjectId(_text(payload.get("oid"))),
        roles=_names(payload.get("roles")),
        scopes=_names(payload.get("scp")),
        issued_at=_moment(payload.get("iat")),
        expires_at=_moment(payload.get("exp")),
        identity_type=_text(payload.get("idtyp")),
        user_principal_name=next((name for name in names if isinstance(name, str)), ""),
        identity_provider=_text(payload.get("idp")),
        app_display_name=_text(payload.get("app_displayname")),
        version=_text(payload.get("ver")),
        complete=complete and all(_is_typed(name, value) for name, value in payload.items()),
    )


def secret_shape(secret: Secret, provenance: Provenance) -> SecretShape:
    """Return what may be known of a client secret without knowing it; a GUID is its Secret ID, not its value."""
    value = secret.reveal()
    bare = trimmed(value).strip(_QUOTES).strip()
    return SecretShape(
        length=len(value),
        hint=trimmed(value)[:3],
        provenance=provenance,
        guid=bare.lower() if is_guid(bare) else None,
        has_outer_blanks=value != trimmed(value),
        has_outer_quotes=len(value.strip()) > 1 and value.strip()[0] in _QUOTES and value.strip()[-1] in _QUOTES,
        has_invisible=any(unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for character in trimmed(value)),
        looks_url_encoded=bool(_PERCENT.search(bare)),
        looks_placeholder=not bare or bool(_PLACEHOLDER.fullmatch(bare)),
    )


def _salvage(text: str) -> dict[str, Any]:
    """Return the fields of a payload that was cut off, those that are whole."""
    found: dict[str, Any] = {}
    for name, value in _FIELD.findall(text):
        try:
            found.setdefault(name, json.loads(value))
        except ValueError:
            continue
    return found


def _is_typed(name: str, value: object) -> bool:
    """Whether a claim that is read here is of its type (entra-docs, access token claims)."""
    if value is None or name not in _TYPES:
        return True
    if isinstance(value, list) and not all(isinstance(item, str) for item in value):
        return False
    return isinstance(value, _TYPES[name]) and not isinstance(value, bool)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _names(value: object) -> tuple[str, ...] | None:
    if isinstance(value, str):
        return tuple(value.split())
    if isinstance(value, list):
        return tuple(item for item in value if isinstance(item, str))
    return None


def _moment(value: object) -> dt.datetime | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not _SMALLEST_SECONDS <= value <= _LARGEST_SECONDS:
        return None
    return dt.datetime.fromtimestamp(value, dt.UTC)
