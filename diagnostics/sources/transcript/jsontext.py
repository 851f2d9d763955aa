"""JSON objects inside a text: whole ones parsed, cut or redacted ones read field by field.

People paste the half of a token, a payload with `***` in it, or an object inside a string of another object. What a cut
object does not show is not known to be missing, so each object says whether its closing brace was there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from diagnostics.sources.transcript.window import Flow

_INTERESTING = re.compile(
    r"""["'](?:aud|appid|appId|AppId|access_token|accessToken|id_token|roles|requiredResourceAccess|resourceAppId|passwordCredentials|appRoleId
    |servicePrincipalType|ServiceId|ObjectId|AccessRights|ImapEnabled|RecipientTypeDetails|AllowBasicAuthImap|TenantID|RoleAssigneeName
    |AccessRight|token_endpoint|oauth2PermissionScopes|consentType|InScope|AccessCheckResult)["']\s*(?:=>|:)""",
    re.VERBOSE,
)
_FIELD = re.compile(
    r"""["']?\b(?P<name>[A-Za-z][\w.@]{1,40})["']?\s*(?:=>|[:=])\s*
    (?P<value>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\[[^\[\]{}]*\]|\{[^{}]*\}|-?\d+(?![\w-])|true\b|false\b|null\b|True\b|False\b|None\b|nil\b|[^\s"',{}\[\]][^\n,{}]*)""",
    re.VERBOSE,
)
_LARGEST = 256 * 1024
_DEEPEST = 12
_MOST = 400


@dataclass(frozen=True, slots=True)
class Found:
    """An object, where it begins, and whether it was whole."""

    fields: Mapping[str, Any]
    offset: int
    whole: bool


def objects(flow: Flow) -> Iterator[Found]:
    """Yield each object that has a field worth reading, nested ones of whole objects after the one around them."""
    if not _INTERESTING.search(flow.text):
        return
    covered = 0
    count = 0
    for opening in re.finditer(r"[\[{]", flow.text):
        start = opening.start()
        if start < covered or count > _MOST:
            continue
        end = _closing(flow.text, start)
        body = flow.text[start : end or min(len(flow.text), start + 20000)]
        if not _INTERESTING.search(body):
            if end:
                covered = end
            continue
        parsed = _parse(body) if end else None
        if parsed is not None:
            covered = end or start
            for fields in _nested(parsed, 0):
                count += 1
                yield Found(fields, start, whole=True)
        elif opening[0] == "{":
            if end is None and "{" in body[1:] and not _INTERESTING.search(body[: body.find("{", 1)]):
                continue  # the fields belong to an object further in
            covered = end or start + len(_cut_body(body))
            count += 1
            yield Found(salvage(body if end else _cut_body(body)), start, whole=end is not None)


def salvage(text: str) -> dict[str, Any]:
    """Return the fields of an object that is not valid JSON: single quotes, `=>`, redactions, no end."""
    found: dict[str, Any] = {}
    for match in _FIELD.finditer(text):
        found.setdefault(match["name"], _value(match["value"].strip()))
    return found


def _cut_body(body: str) -> str:
    """Return the part of an unfinished object that still looks like one: up to the first blank line or foreign line."""
    lines = body.split("\n")
    kept = [lines[0]]
    for line in lines[1:]:
        bare = line.strip()
        if not bare or not re.match(r"""["'}\]{\[\d]|[\w.]+["']?\s*(?:[:=]|=>)|\.\.\.|…|[\w-]+["']?,?$""", bare):
            break
        kept.append(line)
    return "\n".join(kept)


def _value(text: str) -> Any:
    if text[:1] == "[":
        items = re.findall(r"""(?<!\\)"((?:[^"\\]|\\.)*)"|(?<!\\)'((?:[^'\\]|\\.)*)'|([^\s,\[\]"']+)""", text)
        return [next(part for part in item if part) for item in items if any(item)]
    if text[:1] in "\"'":
        return text[1:-1]
    if re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    return {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None, "nil": None}.get(
        text, text
    )


def _closing(text: str, start: int) -> int | None:
    """Return the offset behind the bracket that closes the one at `start`; strings are stepped over."""
    depth = 0
    position = start
    limit = min(len(text), start + _LARGEST)
    for match in _STRUCTURE.finditer(text, start, limit):
        bracket = match[0]
        position = match.end()
        if bracket in "{[":
            depth += 1
            if depth > _DEEPEST * 4:
                return None
        elif bracket in "}]":
            depth -= 1
            if depth == 0:
                return position
    return None


_STRUCTURE = re.compile(r"""[\[\]{}]|(?<!\\)"(?:[^"\\\n]|\\.)*\"""")


def _parse(body: str) -> Any:
    try:
        return json.loads(body, strict=False)
    except (ValueError, RecursionError):
        pass
    repaired = re.sub(r",(\s*[}\]])", r"\1", body)
    if "=>" in repaired:
        repaired = re.sub(r"\"\s*=>\s*", '": ', repaired).replace(": nil", ": null")
    elif "'" in repaired and '"' not in repaired:
        repaired = repaired.replace("'", '"')
    repaired = re.sub(
        r"(?<=[:\[,\s])(?:True|False|None)(?=\s*[,}\]])",
        lambda m: {"True": "true", "False": "false"}.get(m[0], "null"),
        repaired,
    )
    try:
        return json.loads(repaired, strict=False)
    except (ValueError, RecursionError):
        return None


def _nested(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _nested(item, depth + 1)
    elif isinstance(value, list):
        for item in value[:_MOST]:
            yield from _nested(item, depth + 1)
