"""Questions to Microsoft Graph that were answered with nothing: an object that is not there, a list without a row."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.evidence import Provenance
from diagnostics.sources.transcript.window import View


class Asked(enum.StrEnum):
    """What was asked for."""

    REGISTRATION = "App registration"
    ENTERPRISE = "Enterprise Application"
    ASSIGNMENTS = "app role assignments"


@dataclass(frozen=True, slots=True)
class NotThere:
    """An answer of Graph that says that there is none; `id` is the one that was asked for, where it is shown."""

    asked: Asked
    id: str
    provenance: Provenance


_ID = r"['\"]?(?P<id>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
_QUESTIONS = re.compile(
    rf"(?P<list>/appRoleAssignments\b)"
    rf"|(?P<object>/applications|/servicePrincipals|\baz ad (?:app|sp) show --id)(?:\(appId=|/|\?\$filter=appId eq | ){_ID}",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"Request_ResourceNotFound|does not exist or one of its queried reference-property objects")
_NO_ROWS = re.compile(r"[\"']value[\"']\s*:\s*\[\s*\]")
_ANSWERS_WITHIN = 400


def read(view: View) -> Iterator[NotThere]:
    """Yield each question whose answer, before the next question, is that there is nothing."""
    low = view.lower
    if not any(word in low for word in ("resourcenotfound", "queried reference-property", '"value"', "'value'")):
        return
    flow = view.joined
    found = list(_QUESTIONS.finditer(flow.text))
    for position, match in enumerate(found):
        after = found[position + 1].start() if position + 1 < len(found) else len(flow.text)
        answer = flow.text[match.end() : min(after, match.end() + _ANSWERS_WITHIN)]
        asked = _asked(match)
        if _NO_ROWS.search(answer) or (asked is not Asked.ASSIGNMENTS and _NOTHING.search(answer)):
            yield NotThere(asked, match["id"] or "", view.where(flow.number_at(match.start())))


def _asked(match: re.Match[str]) -> Asked:
    if match["list"]:
        return Asked.ASSIGNMENTS
    return Asked.REGISTRATION if "app" in match["object"].lower() else Asked.ENTERPRISE
