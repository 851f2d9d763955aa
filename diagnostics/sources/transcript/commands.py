"""Commands that registered the application with Exchange, as people paste them: which id went into which parameter.

`New-ServicePrincipal` validates neither id (michev.info 4027), so the command itself shows the mistake: the App
registration's Object ID, one id after another, or both in each other's place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.comparison import shortened
from diagnostics.evidence import Remark
from diagnostics.sources.transcript.window import View

_COMMAND = re.compile(r"\bNew-ServicePrincipal\b(?P<rest>[^\n|;]*)", re.IGNORECASE)
_VALUE = r"[ :]+[\"']?(?P<value>\$?[A-Za-z0-9_.-]{2,80})"
_APP = re.compile(rf"-AppId{_VALUE}", re.IGNORECASE)
_OBJECT = re.compile(rf"-(?:ServiceId|ObjectId){_VALUE}", re.IGNORECASE)
_OF_REGISTRATION = re.compile(r"\$(?:app|application|(?:app_?)?reg(?:istration)?)_?object_?id", re.IGNORECASE)
_IS_APP_ID = re.compile(r"\$[\w.]*?(?:app|application|client)_?id", re.IGNORECASE)
_IS_OBJECT_ID = re.compile(r"\$[\w.]*?(?:\.id|object_?id)", re.IGNORECASE)


def read(window: View) -> Iterator[Remark]:
    """Yield what the window's commands show; an angle-bracketed stand-in of a guide shows nothing."""
    if "new-serviceprincipal" not in window.lower:
        return
    tried: dict[str, set[str]] = {}
    for index, line in enumerate(window.lines):
        command = _COMMAND.search(line)
        app, given = (_APP.search(command["rest"]), _OBJECT.search(command["rest"])) if command else (None, None)
        if app is None or given is None:
            continue
        ids = tried.setdefault(app["value"].casefold(), set())
        ids.add(given["value"].casefold())
        kind = "said-tried-several-object-ids" if len(ids) > 1 else _kind(app["value"], given["value"])
        if kind:
            said = shortened(window.quote(index), 300)
            yield Remark(kind, said, window.where(window.numbers[index]), (("object_id", given["value"]),))


def _kind(app: str, given: str) -> str:
    if _IS_OBJECT_ID.fullmatch(app) and _IS_APP_ID.fullmatch(given):
        return "registered-with-ids-swapped"
    return "said-registered-registrations-id" if _OF_REGISTRATION.fullmatch(given) else ""
