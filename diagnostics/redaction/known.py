"""Secrets that this process holds, found in a text by their value, whatever was put between their characters.

A terminal wraps a token at its width, a mail program puts `> ` before each line, PowerShell a gutter (`     | `), a
logger colours, an error message cuts it at either end. So a text is *projected* first: only letters and digits are
kept, with the place where each stood, and what belongs to such a wrapping is left out. A fragment of a secret that is
`FRAGMENT` characters long is found there; a shorter secret only as a whole.

Every look-up is linear in the text: secrets are kept as blocks of `_BLOCK` characters, each with the places where it
stands, and a fragment of `FRAGMENT` characters holds at least one whole block.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

Span = tuple[int, int]
"""Start and end of a part of a text, as in a slice."""

FRAGMENT = 16
"""Characters of a secret that are masked where they stand alone; fewer may be an ordinary word."""
SHORTEST = 6
"""A shorter value would mask ordinary words; a real secret has about 40 characters."""
_BLOCK = 8
_PLACES = 32  # of one block: the head of a token is the same in all of them

_ARMOUR = re.compile(r"-----(?:BEGIN|END)[A-Z ]{1,40}-----")
_ESCAPED = (
    r"\x1b\[[0-?]*+[ -/]*+[@-~]"  # colours and cursor movements, ECMA-48
    r"|\x1b[@-Z\\^_]"
    r"|\\u001[bB](?:\[[0-9;]*+[A-Za-z])?|\\(?:x1[bB]|e|033)\[[0-9;]*+[A-Za-z]"  # the same, made visible
    r"|(?<!\\)\\++(?:r\\++n|[rnt])|\\u00[01][0-9a-fA-F]|\\u200[b-f]|\\ufeff|_x00[01][0-9A-Fa-f]_"  # line ends of JSON and CLIXML
    r"|%0[aAdD]|&#(?:x[aAdD]|1[03]);|&(?:quot|gt|lt|amp|nbsp);|<br ?/?>"
)
_LITERAL = re.compile(rf"{_ESCAPED}|[^0-9A-Za-z]")
_WRAPPED = re.compile(rf"^[ \t]*+(?:\d{{1,5}}+[ \t]*+)?[|>+:][ \t|>]*+|{_ESCAPED}|[^0-9A-Za-z]", re.MULTILINE)
_LINE_END = re.compile(r"[\r\n\x1b]|\\[rn]|\\u00|_x00|%0|&#|<br")


class KnownSecrets:
    """The forms of every secret that was made in this process; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self._short: dict[str, str] = {}  # each with its letters and digits
        self._blocks: dict[str, list[tuple[str, int]]] = {}

    def add(self, value: str) -> None:
        """Remember a secret in the forms in which it may come back from a server or a library."""
        if value in self._seen:
            return
        with self._lock:
            self._seen.add(value)
            for form in _forms(value):
                self._index(form)

    def _index(self, form: str) -> None:
        bare = _LITERAL.sub("", _ARMOUR.sub("", form))
        if len(bare) < FRAGMENT:
            if len(form) >= SHORTEST:
                self._short = {**self._short, form: bare}  # a new one, for those who are reading the other
            return
        for start in range(0, len(bare) - _BLOCK + 1, _BLOCK):
            places = self._blocks.setdefault(bare[start : start + _BLOCK], [])
            if len(places) < _PLACES and (bare, start) not in places:
                places.append((bare, start))

    def forget(self) -> None:
        """Forget everything; for tests that look at what ordinary words become."""
        with self._lock:
            self._seen.clear()
            self._short = {}
            self._blocks = {}

    def spans(self, text: str) -> Iterator[Span]:
        """Yield where a secret stands, whole or in fragments of at least `FRAGMENT` letters and digits."""
        if len(text) < SHORTEST or not (self._short or self._blocks):
            return
        short = self._short
        for form in short:
            yield from _occurrences(text, form)
        bare, places = _projection(text)
        for form in short.values():
            for start, end in _occurrences(bare, form) if len(form) >= SHORTEST else ():
                span = places[start], places[end - 1] + 1
                if _LINE_END.search(text, *span):  # with a blank alone between, it is two words
                    yield span
        for start, end in self._fragments(bare):
            yield places[start], places[end - 1] + 1

    def _fragments(self, bare: str) -> Iterator[Span]:
        blocks = self._blocks
        at, last = 0, len(bare) - _BLOCK
        while at <= last:
            best = at
            for form, start in blocks.get(bare[at : at + _BLOCK], ()):
                left, right = _shared(bare, at, form, start)
                if right - left >= FRAGMENT and right > best:
                    yield left, right
                    best = right
            at = max(best - _BLOCK + 1, at + 1)


def _shared(text: str, at: int, form: str, start: int) -> Span:
    """Return the longest part of `text` around `at` that equals `form` around `start`."""
    left = 0
    while left < min(at, start, FRAGMENT) and text[at - left - 1] == form[start - left - 1]:
        left += 1
    right = _BLOCK
    most = min(len(text) - at, len(form) - start)
    while right < most and text[at + right] == form[start + right]:
        right += 1
    return at - left, at + right


def _occurrences(text: str, form: str) -> Iterator[Span]:
    at = text.find(form)
    while at >= 0:
        yield at, at + len(form)
        at = text.find(form, at + len(form))


def _projection(text: str) -> tuple[str, list[int]]:
    """Return the letters and digits of a text without what a wrapping adds, and where each of them stands."""
    parts: list[str] = []
    places: list[int] = []
    at = 0
    for noise in _WRAPPED.finditer(text):
        if noise.start() > at:
            parts.append(text[at : noise.start()])
            places.extend(range(at, noise.start()))
        at = noise.end()
    parts.append(text[at:])
    places.extend(range(at, len(text)))
    return "".join(parts), places


def _forms(value: str) -> set[str]:
    bare = value.strip()
    if not bare:
        return set()
    data = bare.encode("utf-8", "surrogatepass")
    encoded = {base64.b64encode(text.encode("utf-8", "surrogatepass")).decode() for text in (value, bare)}
    return {
        value,
        bare,
        quote(bare, safe="", errors="surrogatepass"),
        quote_plus(bare, errors="surrogatepass"),
        json.dumps(bare)[1:-1],
        *encoded,
        *(form.rstrip("=") for form in encoded),
        *_inside_base64(data),
        *_inside_base64(bare.encode("utf-16-le", "surrogatepass")),
    }


def _inside_base64(data: bytes) -> Iterator[str]:
    """Yield base64 of something that `data` stands inside of, at each of its three places: `user:…`, `auth=Bearer …`."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + data).decode().rstrip("=")
        first = (0, 2, 3)[before]  # characters that also depend on what stands before
        last = len(text) - (1 if (before + len(data)) % 3 else 0)
        if last - first >= FRAGMENT:
            yield text[first:last]
