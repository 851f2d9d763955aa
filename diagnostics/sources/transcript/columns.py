"""Lines of a table to cells: by the ruler under its header, and where the columns have moved by what the values look like."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ID = re.compile(
    r"(?<![\w-])(?:[0-9a-fA-Fx*]{8}-[0-9a-fA-Fx*]{1,4}[0-9a-fA-Fx*.…-]*|[0-9a-fA-F]{3,8}(?:-[0-9a-fA-F]*)*(?:\.\.\.|…)|[xX*]{4,}(?:-[xX*]+)*)"
)
_RIGHTS_ROW = re.compile(
    r"^(?P<head>.{2,}?)(?<=\s)(?:\{(?P<rights>[^}]{0,300}?)(?:\}|\.\.\.\}?|…\}?)|(?P<bare>FullAccess|ReadPermission|SendAs|ExternalAccount"
    r"|ChangePermission|DeleteItem|ChangeOwner)(?:, ?\w++){0,12}+)(?P<rest>(?=\s|$).*)$"
)
_USER = re.compile(r"(?P<user>NT AUTHORITY\\[\w ]+?|(?<!\S)(?:\S+\\.+|S-1-[\d-]+\S*|\S+))$")
_TELLS_ITSELF = re.compile(r"NT AUTHORITY\\.+|S-1-[\d-]+\S*|[0-9a-fA-F]{8}-\S+|\S+@\S+|\S+\\\S.*|\S+(?:\.\.\.|…)")
_SHARE = 2


def cut(line: str, spans: Sequence[tuple[int, int]]) -> list[str] | None:
    """Return a line's cells where each stands in its column: from where the ruler begins, or up to where it ends.

    PowerShell sets numbers and switches to the right, and everything else to the left.
    """
    line = line.rstrip()
    starts = [_start(line, *span) for span in spans]
    if None in starts:
        return None
    bounds = [start for start in starts if start is not None]
    cells = [line[begin:end] for begin, end in zip(bounds, (*bounds[1:], None), strict=True)]
    for cell, begin, (_, end) in zip(cells, bounds, spans, strict=True):
        if cell[:1].isspace() and cell.strip() and begin + len(cell.rstrip()) != end:
            return None
    found = [cell.strip() for cell in cells]
    alone = bool(found[0]) and not any(found[1:])
    return found if alone or sum(map(bool, found)) > 1 else None


def _start(line: str, begin: int, end: int) -> int | None:
    """Return where a column's cell may begin: at its ruler, or before it with a word that ends where the ruler ends."""
    if begin == 0 or begin >= len(line) or line[begin - 1].isspace():
        return begin
    first = max(line.rfind(" ", 0, begin), line.rfind("\t", 0, begin)) + 1
    return first if first and line[first:end].split() == [line[first:end]] and not line[end : end + 1].strip() else None


def flattened(line: str, names: Sequence[str]) -> dict[str, str] | None:
    """Read a row whose columns have moved: by what the values look like."""
    if "AccessRights" in names:
        return _permission(line, names)
    cells = re.split(r"\s{2,}|\t+", line.strip())
    if len(cells) == len(names):
        return dict(zip(names, cells, strict=True))
    ids = [name for name in names if name in {"ServiceId", "ObjectId", "AppId"}]
    found = list(_ID.finditer(line))
    if ids and found:
        values = dict(zip(ids, (match[0] for match in found), strict=False))
        rest = line[: found[0].start()].strip()
        if rest and "DisplayName" in names:
            values["DisplayName"] = rest
        return values
    return _by_booleans(line, names)


def _by_booleans(line: str, names: Sequence[str]) -> dict[str, str] | None:
    """Read a row of a name and switches, whose name may have blanks in it: the switches are counted from the right."""
    words = line.split()
    flags = 0
    while flags < len(words) and words[-1 - flags] in {"True", "False"}:
        flags += 1
    if flags and flags >= len(names) - _SHARE and flags < len(names) + 1:
        values = dict(zip(names[len(names) - flags :], words[len(words) - flags :], strict=True))
        values[names[0]] = " ".join(words[: len(words) - flags]) if flags < len(names) else values[names[0]]
        return values
    return dict(zip(names, words, strict=True)) if len(words) == len(names) else None


def _permission(line: str, names: Sequence[str]) -> dict[str, str] | None:
    match = _RIGHTS_ROW.match(line)
    if match is None:
        return None
    rights = (
        match["rights"]
        if match["rights"] is not None
        else line[match.start("bare") : match.end()].split("  ", maxsplit=1)[0]
    )
    values = {"AccessRights": rights}
    flags = re.findall(r"\b(?:True|False)\b", match["rest"])
    flagged = [name for name in names if name in {"IsInherited", "Deny", "IsValid", "IsOwner"}]
    values |= dict(zip(flagged, flags, strict=False))
    head = match["head"].strip()
    cells = re.split(r"\s{2,}|\t+", head)
    before = [name for name in names[: names.index("AccessRights")] if name in {"Identity", "User"}]
    if before == ["User"]:
        return values | {"User": head}
    if len(cells) == len(before):
        return values | dict(zip(before, cells, strict=True))
    user = _USER.search(head)
    alone = len(head.split()) == _SHARE or (user is not None and _TELLS_ITSELF.fullmatch(user["user"]))
    if user is None or not alone:  # two names with blanks in them: nobody can tell where the second begins
        return values | {"User": "…"}
    return values | {"User": user["user"], "Identity": head[: user.start()].strip()}
