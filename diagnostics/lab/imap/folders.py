"""Folders as IMAP names them: LIST's patterns, quoting, and modified UTF-7 (RFC 3501, 5.1.3)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator

ATOM = re.compile(r"^[A-Za-z0-9]+$")
SPECIAL_USE = {"Sent Items": r" \Sent", "Drafts": r" \Drafts", "Deleted Items": r" \Trash"}
"""Attributes that some folders show besides \\HasNoChildren (MailKit issue 607, and logs of German mailboxes)."""


def encoded(folder: str) -> str:
    """Return a folder's name in modified UTF-7: `Gelöschte Elemente` is `Gel&APY-schte Elemente`."""

    def run(found: re.Match[str]) -> str:
        if found[0] == "&":
            return "&-"
        return f"&{base64.b64encode(found[0].encode('utf-16-be')).rstrip(b'=').replace(b'/', b',').decode()}-"

    return re.sub(r"&|[^\x20-\x7e]+", run, folder)


def quoted(folder: str) -> str:
    """Return a folder's name as Exchange writes it: quoted only where that is needed."""
    name = encoded(folder)
    return name if ATOM.match(name) else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def named(name: str, folders: Iterable[str]) -> str | None:
    """Return the folder that a client's `name` means, if there is one; case makes no difference in Exchange."""
    return next((folder for folder in folders if encoded(folder).casefold() == name.casefold()), None)


def listed(command: str, pattern: str, folders: Iterable[str]) -> Iterator[str]:
    """Yield the lines of LIST or LSUB: `*` stands for anything, `%` for anything within one level."""
    for folder in folders:
        if _fits(encoded(folder).casefold(), pattern.casefold()):
            yield rf'* {command} (\HasNoChildren{SPECIAL_USE.get(folder, "")}) "/" {quoted(folder)}'


def _fits(name: str, pattern: str) -> bool:
    """Say whether a name fits a pattern, by following every place in the name that the pattern may have reached."""
    places = {0}
    for letter in pattern:
        if letter == "*":
            places = set(range(min(places), len(name) + 1))
        elif letter == "%":
            ends = {place: name.find("/", place) for place in places}
            places = {
                reached for place, end in ends.items() for reached in range(place, (len(name) if end < 0 else end) + 1)
            }
        else:
            places = {place + 1 for place in places if name[place : place + 1] == letter}
        if not places:
            return False
    return len(name) in places
