"""Tokens in a text: whole or cut JWTs, opaque ones of personal accounts, decoded payloads, dumps of claims."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from diagnostics.evidence import TokenClaims
from diagnostics.sources.claims import claims_of_payload, decode_claims
from diagnostics.sources.transcript import events, programs
from diagnostics.sources.transcript.jsontext import Found, salvage
from diagnostics.sources.transcript.window import View

_JWT = re.compile(r"\beyJ(?:(?!-eyJ)[A-Za-z0-9_-]){10,}+\s?\.\s?eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?")
_OPAQUE = re.compile(r"(?<![A-Za-z0-9+/_-])EwB[A-Za-z0-9+/_-]{20,}={0,2}")
_DOCUMENTED = "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA"  # the token of the example on Microsoft's page
_NAMES = {
    "aud", "iss", "iat", "nbf", "exp", "aio", "appid", "azp", "appidacr", "azpacr", "idp", "idtyp", "oid", "rh", "roles", "scp",
    "sub", "tid", "upn", "unique_name", "uti", "ver", "wids", "app_displayname", "sid", "xms_tcdt", "preferred_username",
}  # fmt: skip
_LINE = re.compile(
    r"\s*+[|\"'*-]*+\s*+\"?(?P<name>[a-z_]{3,20}+)\"?+(?:\s*+[:=|]\s*+|\s{2,}+)(?P<value>\S.*)", re.DOTALL
)
_ROLES = re.compile(
    r"^\W{0,8}roles[\"']?\s*[:=]\s*(?P<roles>[\[{(]?[\"']?(?:full_access_as_app|(?:IMAP|POP|SMTP|Mail|Exchange|EWS)\.\w+)[^\n]*)$"
)
_FEWEST = 4


def from_strings(window: View) -> Iterator[TokenClaims]:
    """Yield the claims of every token that stands in the text itself; a placeholder of documentation is none."""
    flow = window.joined
    if "eyJ" in flow.text:
        text = re.sub(r"(?<=[A-Za-z0-9_-]{60})\n[ \t]*(?=[A-Za-z0-9_.-]{20,}(?:\s|$|\"|'))", "", flow.text)
        shift = len(flow.text) - len(text)
        at = 0
        for match in _JWT.finditer(text):
            at = match.start() if not shift else max(flow.text.find(match[0][:40], at), at)
            claims = decode_claims(re.sub(r"\s", "", match[0]), window.where(flow.number_at(at)))
            if claims.audience or claims.application_id or claims.tenant_id:
                yield claims
    if "EwB" in flow.text:
        for match in _OPAQUE.finditer(flow.text):
            if match[0].startswith(_DOCUMENTED):
                continue
            yield TokenClaims(window.where(flow.number_at(match.start())), opaque=True)


def is_payload(fields: Mapping[str, Any]) -> bool:
    """Say whether an object is the payload of an access token of Entra."""
    return len(_NAMES.intersection(fields)) >= _FEWEST and ("aud" in fields or "appid" in fields or "roles" in fields)


def from_object(window: View, found: Found) -> TokenClaims:
    """Return the claims of a decoded payload; of a cut one `complete` is false."""
    number = window.joined.number_at(found.offset)
    return claims_of_payload(_spelled_out(found.fields), window.where(number), complete=found.whole)


def from_roles(window: View) -> Iterator[TokenClaims]:
    """Yield what a line says that shows the roles of a token and nothing else of it."""
    for index, line in enumerate(window.lines):
        match = _ROLES.search(line)
        if match and not events.explained(window, index) and not programs.is_program(line):
            fields = _spelled_out({"roles": match["roles"].rstrip().removesuffix(",").rstrip()})
            yield claims_of_payload(fields, window.where(window.numbers[index]), complete=False)


def from_dump(window: View) -> Iterator[TokenClaims]:
    """Yield claims that were printed one to a line (`aud: https://…`), as token viewers and scripts do."""
    block: dict[str, str] = {}
    first = 0
    for index, line in enumerate([*window.lines, ""]):
        match = _LINE.match(line)
        value = _trimmed(match["value"]) if match else ""
        if match and match["name"] in _NAMES and ("{" not in line or value.endswith("}")):
            if match["name"] in block and match["name"] != "roles":
                yield from _dumped(window, block, first)
                block = {}
            first = first if block else index
            block[match["name"]] = value
        elif not line.strip() or (block and not match):
            yield from _dumped(window, block, first)
            block = {}


def _dumped(window: View, block: Mapping[str, str], first: int) -> Iterator[TokenClaims]:
    values = {name: value for name, value in block.items() if not re.match(r"[\[{]?$", value)}
    if len(values) < _FEWEST or "aud" not in values or events.explained(window, first):
        return
    if any(
        value.lstrip("\"'[").lower().startswith(("the ", "a ", "an ", "string", "identifies", "int,"))
        for value in values.values()
    ):
        return  # a table that says what claims mean
    fields: dict[str, Any] = {name: salvage(f'"{name}": {_bare(value)}').get(name) for name, value in values.items()}
    whole = "roles" in fields or "scp" in fields or {"tid", "ver"} <= set(fields)
    yield claims_of_payload(_spelled_out(fields), window.where(window.numbers[first]), complete=whole)


def _trimmed(value: str) -> str:
    """Return a value without the bar or comma that ends its line."""
    return value[0] + value[1:].rstrip().rstrip("|,").rstrip()


def _bare(value: str) -> str:
    value = value.strip().rstrip(",")
    if value[:1] in "\"'[" or re.fullmatch(r"\d+", value):
        return value
    if value[:1] == "{":
        return "[" + value[1:].rstrip("}") + "]"
    return '"' + value.replace('"', "") + '"'


def _spelled_out(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Bring what dumps do to lists and times back to what a payload has."""
    result = dict(fields)
    roles = result.get("roles")
    if isinstance(roles, str):
        result["roles"] = [role for role in re.split(r"[\s,;{}\[\]\"']+", roles) if role]
    for name in ("iat", "exp", "nbf"):
        if isinstance(result.get(name), str) and str(result[name])[:10].isdecimal():
            result[name] = int(str(result[name])[:10])
    return result
