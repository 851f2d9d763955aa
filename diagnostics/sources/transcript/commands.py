"""Commands that registered the application with Exchange, as people paste them: which id went into which parameter.

`New-ServicePrincipal` validates neither id (michev.info 4027), so the command itself shows the mistake: the App
registration's Object ID, one id after another, or both in each other's place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.comparison import shortened
from diagnostics.evidence import Remark
from diagnostics.sources.transcript import events
from diagnostics.sources.transcript.window import View

_COMMAND = re.compile(r"\bNew-ServicePrincipal\b(?P<rest>[^\n|;]*)", re.IGNORECASE)
_VALUE = r"[ :]+[\"']?(?P<value>\$?[A-Za-z0-9_.-]{2,80})"
_APP = re.compile(rf"-AppId{_VALUE}", re.IGNORECASE)
_OBJECT = re.compile(rf"-(?:ServiceId|ObjectId){_VALUE}", re.IGNORECASE)
_GRANT = re.compile(r"\bAdd-MailboxPermission\b(?P<rest>[^\n|;]*)", re.IGNORECASE)
_USER = re.compile(r"-User[ :]+[\"'<]?(?P<value>[A-Za-z0-9_@.-]{2,80})", re.IGNORECASE)
_MAILBOX = re.compile(r"-Identity[ :]+[\"'<]?(?P<value>[^\s\"'<>|;]{2,120}@[^\s\"'<>|;]{2,120})", re.IGNORECASE)
_OF_REGISTRATION = re.compile(r"\$(?:app|application|(?:app_?)?reg(?:istration)?)_?object_?id", re.IGNORECASE)
_IS_APP_ID = re.compile(r"\$[\w.]*?(?:app|application|client)_?id", re.IGNORECASE)
_IS_OBJECT_ID = re.compile(r"\$[\w.]*?(?:\.id|object_?id)", re.IGNORECASE)


def read(window: View) -> Iterator[Remark]:
    """Yield what the window's commands show; an angle-bracketed stand-in of a guide shows nothing."""
    yield from _grants(window)
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
        if index in window.commented:  # was tried, and runs no more
            continue
        kind = "said-tried-several-object-ids" if len(ids) > 1 else _kind(app["value"], given["value"])
        if kind:
            said = shortened(window.quote(index), 300)
            yield Remark(kind, said, window.where(window.numbers[index]), (("object_id", given["value"]),))


def _grants(window: View) -> Iterator[Remark]:
    """Yield to whom `Add-MailboxPermission` gave which mailbox; variables are nobody."""
    if "add-mailboxpermission" not in window.lower:
        return
    for index, line in enumerate(window.lines):
        grant = _GRANT.search(line)
        user = _USER.search(grant["rest"]) if grant else None
        if grant is None or user is None or events.explained(window, index):
            continue
        mailbox = _MAILBOX.search(grant["rest"])
        values = (("user", user["value"]), *((("mailbox", mailbox["value"]),) if mailbox else ()))
        said = shortened(window.quote(index), 300)
        yield Remark("command-add-mailbox-permission", said, window.where(window.numbers[index]), values)


def _kind(app: str, given: str) -> str:
    if app.startswith("$") and app.casefold() == given.casefold():
        return "registered-with-one-id-twice"
    if _IS_OBJECT_ID.fullmatch(app) and _IS_APP_ID.fullmatch(given):
        return "registered-with-ids-swapped"
    return "said-registered-registrations-id" if _OF_REGISTRATION.fullmatch(given) else ""
