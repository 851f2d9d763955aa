"""The secrets of a pasted text: found by place or shape anywhere in it, then masked by value wherever they stand.

A password that stands in a configuration also stands in an error message, as the name of a mailbox, or cut in half at
the end of a line that is quoted. So a text is read for secrets before anything of it is shown.
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from diagnostics.redaction.columns import spans as columns
from diagnostics.redaction.keys import spans as keys
from diagnostics.redaction.known import KnownSecrets, Span
from diagnostics.redaction.places import decoded
from diagnostics.redaction.places import spans as places
from diagnostics.redaction.values import GUID, is_shown, looks_secret

_MOST = 2000
"""Secrets that are remembered of one text; a log that repeats itself has few."""
_LONGEST = 8192
_PARTS = re.compile(r"(?:[\s;,&]|\\[rn]|=(?![=\s]|$))+")
_PAIR = re.compile(r"[\s;,&][\w.-]{1,40}[=:]")
_PART = 10
_ADDRESS = re.compile(
    r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+|(?:https?|imaps?|ssl|tls)://\S*|(?:[\w-]+\.)+(?:[a-z]{2,24}|[A-Z]{2,24})(?::\d+)?(?:/\S*)?"
)
_JOINTS = str.maketrans("", "", "_-./:")
_FAMILIAR = ("outlook", "office", "microsoft", "exchange", "oauth", "imap", "contoso", "windows", "password", "secret", "client", "bearer", "basic", "default")  # fmt: skip


class PastedSecrets:
    """What `learn` has read of one paste."""

    def __init__(self) -> None:
        self._known = KnownSecrets()
        self._seen: set[str] = set()

    def learn(self, text: str) -> None:
        """Remember the values of all secrets that stand in `text` in places of their own."""
        for rule in (keys, places, columns):
            for start, end in rule(text):
                if len(self._seen) >= _MOST:
                    return
                if end - start <= _LONGEST:
                    self._remember(text[start:end])

    def _remember(self, value: str) -> None:
        value = value.strip().strip("\"'`")
        if value in self._seen:
            return
        self._seen.add(value)
        parts = [part.strip("\"'") for part in _PARTS.split(value) if len(part) >= _PART]
        others = any(_ADDRESS.fullmatch(part) or GUID.fullmatch(part) for part in parts) or _PAIR.search(value)
        if not others:  # else it is the rest of a line, which says more than the secret
            parts.append(value)
        parts += [rest for part in parts if (rest := part.partition(":")[2])]  # of `user:password`
        parts += [plain for part in parts if "%" in part and (plain := unquote(part)) != part]
        parts += [inside for part in parts for inside in _inside(part)]
        for part in parts:
            if is_telling(part):
                self._known.add(part)

    def spans(self, text: str) -> Iterator[Span]:
        """Yield where one of them stands, whole or in a long fragment; an address that stood beside one is none."""
        for start, end in self._known.spans(text):
            piece = text[start:end]
            if not (_ADDRESS.fullmatch(piece) or GUID.fullmatch(piece)):
                yield start, end


def _inside(value: str) -> Iterator[str]:
    """Yield the password in base64 of `user:password` or of SASL PLAIN."""
    inside = decoded(value) if len(value) % 4 == 0 else ""
    if "\x01" in inside:  # an XOAUTH2 string: its user is no secret
        yield inside.rpartition("Bearer ")[2].strip("\x01")
        return
    user, separator, password = inside.rpartition("\0") if "\0" in inside else inside.partition(":")
    if separator and not re.search(r"[\s{\"]", user):
        yield password
    elif not inside.startswith("{"):
        yield inside


def is_telling(value: str) -> bool:
    """Say whether a value can be looked for by itself: no word, address, id or number that stands elsewhere anyway."""
    if len(value) < 6 or not is_shown(value) or value.isdigit() or GUID.fullmatch(value) or _ADDRESS.fullmatch(value):  # noqa: PLR2004 - shorter ones are parts of words
        return False
    low = value.casefold()
    if any(low == word or low in {f"{word}{end}" for end in ("365", "2", "1", "s")} for word in _FAMILIAR):
        return False
    letters = value.translate(_JOINTS)
    if letters.isalpha():  # `client_credentials`, `connection-refused`
        return len(value) >= _PART and (looks_secret(value) or not re.fullmatch(r"(?:[A-Z]?[a-z]++)++", letters))
    kinds = sum(any(test(c) for c in value) for test in (str.isalpha, str.isdigit)) + any(
        not c.isalnum() for c in value
    )
    return kinds > 1
