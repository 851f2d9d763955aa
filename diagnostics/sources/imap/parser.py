"""Reads one response: tagged, untagged status, untagged data, continuation; and the atoms, strings and lists in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from diagnostics.sources.imap.lexer import Literal, NotImap, Piece

MAX_DEPTH = 32

Value: TypeAlias = "str | tuple[Value, ...] | None"

_TAGGED = re.compile(r"^([^\s*+][^\s]*) +(OK|NO|BAD)(?: +(.*))?$", re.IGNORECASE | re.DOTALL)
_STATUS = re.compile(r"^\* +(OK|NO|BAD|BYE|PREAUTH)(?: +(.*))?$", re.IGNORECASE | re.DOTALL)
_DATA = re.compile(r"^\* +(\S+) *(.*)$", re.DOTALL)
_CODE = re.compile(r"^\[([A-Za-z][A-Za-z0-9-]*)(?: ([^\]]*))?\] ?")
_TOKEN = re.compile(r'\s*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|([^\s()"]+))', re.DOTALL)
_LITERAL_MARK = re.compile(r"\{\d+\}$")


class Malformed(ValueError):
    """Values that do not follow the grammar; the response that holds them is kept without them."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """The completion of a command: `status` is OK, NO or BAD; `code` what stands in brackets, e.g. CAPABILITY."""

    tag: str
    status: str
    text: str
    code: str = ""
    code_text: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """An untagged status: the greeting, a BYE, a warning; also an untagged BAD, as Exchange sends them."""

    status: str
    text: str
    code: str = ""
    code_text: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    """Untagged data: its name in upper case and its values."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Continuation:
    """A `+` line: the server waits for more."""

    text: str


Response: TypeAlias = Tagged | Status | Data | Continuation


def parse(pieces: Sequence[Piece]) -> Response:
    """Return what a response says; data whose values are malformed has none. Raises NotImap when it is no response."""
    first = pieces[0]
    if isinstance(first, Literal):  # pragma: no cover - the reader never starts with one
        raise NotImap("a response starts with a literal")
    line = _decode(first)
    if line.startswith("+"):
        return Continuation(line[1:].lstrip(" "))
    if match := _TAGGED.match(line):
        code, code_text = _code(match[3] or "")
        return Tagged(match[1], match[2].upper(), match[3] or "", code, code_text)
    if match := _STATUS.match(line):
        code, code_text = _code(match[2] or "")
        return Status(match[1].upper(), match[2] or "", code, code_text)
    if match := _DATA.match(line):
        rest = (match[2].encode("utf-8", "surrogateescape"), *pieces[1:])
        try:
            return Data(match[1].upper(), values(rest))
        except Malformed:
            return Data(match[1].upper(), ())
    raise NotImap(f"the server sent {line[:80]!r}")


def values(pieces: Sequence[Piece]) -> tuple[Value, ...]:
    """Return the atoms, strings and lists of a line with its literals; `NIL` is None. Raises Malformed."""
    stack: list[list[Value]] = [[]]
    for index, piece in enumerate(pieces):
        if isinstance(piece, Literal):
            stack[-1].append(_decode(piece.data))
            continue
        text = _decode(piece)
        if index + 1 < len(pieces):
            text = _LITERAL_MARK.sub("", text)
        _read(text, stack)
    if len(stack) > 1:
        raise Malformed("a list is not closed")
    return tuple(stack[0])


def _read(text: str, stack: list[list[Value]]) -> None:
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise Malformed(f"{text[position : position + 40]!r} is not a value")
        position = match.end()
        if match[1]:
            if len(stack) > MAX_DEPTH:
                raise Malformed(f"lists are nested more than {MAX_DEPTH} deep")
            stack.append([])
        elif match[2]:
            if len(stack) == 1:
                raise Malformed("a list is closed that was not opened")
            done = tuple(stack.pop())
            stack[-1].append(done)
        elif match[3] is not None:
            stack[-1].append(re.sub(r"\\(.)", r"\1", match[3], flags=re.DOTALL))
        else:
            stack[-1].append(None if match[4].upper() == "NIL" else match[4])


def _code(text: str) -> tuple[str, str]:
    match = _CODE.match(text)
    return (match[1].upper(), match[2] or "") if match else ("", "")


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
