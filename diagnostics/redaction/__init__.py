"""The one place where secrets are kept out of sight.

A `Secret` never shows its value by itself. `redact` is what every text passes on its way out of the program (screen,
report, journal, error): it removes each secret that the run has handled, in the forms in which it may come back from a
server or a library (as it is, form-url-encoded, base64, JSON-escaped), and everything that looks like a token.
`printable` takes out control characters, so that a server's answer cannot drive the terminal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from diagnostics.redaction import columns, keys, places
from diagnostics.redaction.known import KnownSecrets, Span
from diagnostics.redaction.pasted import PastedSecrets
from diagnostics.redaction.values import GUID, looks_secret

__all__ = [
    "GUID",
    "PastedSecrets",
    "Secret",
    "Span",
    "Tail",
    "looks_secret",
    "masked",
    "printable",
    "redact",
    "redact_tree",
    "safe",
    "show",
    "spans",
]

_MASK = "***"
_ROOM = 32 * 1024  # bytes: the longest token that is told from its beginning

_TOKEN_PATTERNS = (
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,2}"),  # a JWT: base64 of {"
    re.compile(r"\bZXlK[A-Za-z0-9+/_-]{16,}={0,2}"),  # the same, base64-encoded once more
    re.compile(r"\bdXNlcj[0-9A-Za-z+/]{16,}={0,2}"),  # base64 of user=…: an XOAUTH2 string
    re.compile(r"\bEwB[A-Za-z0-9+/_-]{24,}={0,2}"),  # opaque token of a personal account
    re.compile(r"\b[01]\.A[A-Za-z0-9_-]{40,}(?:\.[A-Za-z0-9_-]+)*"),  # refresh token or authorization code
    re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/-]{16,}=*"),
    re.compile(r"(?<![\w~.-])[A-Za-z0-9_.~-]{3}\dQ~[A-Za-z0-9_.~-]{31,37}"),  # the shape of Entra's client secrets
)

_known = KnownSecrets()
_shown: set[str] = set()


class Secret:
    """A value that must not show: a secret, a password or a token.

    Making one registers its forms with `redact` for the rest of the process. Only `reveal` opens it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str, *, known: bool = True) -> None:
        """Hold `value`; `known=False` is for what stands in a secret's place and is none, such as a Secret ID."""
        self._value = value
        if known:
            _known.add(value)

    def reveal(self) -> str:
        """Return the value, for the one call that has to send it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({_MASK})"

    def __str__(self) -> str:
        return _MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not written anywhere")


def redact(text: str, also: PastedSecrets | None = None) -> str:
    """Return `text` without any secret of this run and without anything that looks like a token.

    Give it the whole text, and cut afterwards: of a token that was cut before, only a long part can be recognised.
    Line ends stay where they are. `also` are secrets of the paste that the text is of.
    """
    return _masked(text, spans(text, also))


def masked(text: str, hidden: Iterable[Span], start: int = 0, end: int | None = None) -> str:
    """Return `text[start:end]` with what is hidden of the whole text masked: redacted first, cut afterwards."""
    end = len(text) if end is None else min(end, len(text))
    inside = (
        (max(first, start) - start, min(last, end) - start) for first, last in hidden if first < end and last > start
    )
    return _masked(text[start:end], inside)


def show(code: str) -> None:
    """Let a device code be shown in this process: the operator has to type it."""
    _shown.add(code)


def spans(text: str, also: PastedSecrets | None = None) -> Iterator[Span]:
    """Yield where secrets stand in a text: those known by value, and others by their shape or by their place."""
    yield from _known.spans(text)
    if also is not None:
        yield from also.spans(text)
    for start, end in _carried(text):
        if text[start:end] not in _shown:
            yield start, end


_QUOTED_MASK = re.compile(r"\*{3}[”»](?![^\s.,;:)\]])")
"""The end of a quotation that was masked before: the sentence that quotes it goes on behind it."""


def _carried(text: str) -> Iterator[Span]:
    for pattern in _TOKEN_PATTERNS:
        for match in pattern.finditer(text):
            yield match.span()
    for rule in (keys.spans, places.spans, columns.spans):
        for start, end in rule(text):
            quoted = _QUOTED_MASK.search(text, start, end)
            yield start, min(quoted.end() - 1, end) if quoted else end


def _masked(text: str, hidden: Iterable[Span]) -> str:
    """Return `text` with every span as a mask, one for each line that it touches."""
    parts: list[str] = []
    at = 0
    for start, end in _united(hidden):
        parts += text[at:start], "\n".join(_mask(part) for part in text[start:end].split("\n"))
        at = end
    return "".join(parts) + text[at:]


def _mask(part: str) -> str:
    """Return the mask of a part of a line; blanks before it stay, since YAML reads them."""
    bare = part.lstrip(" \t")
    return part[: len(part) - len(bare)] + _MASK if bare.strip() else part


def _united(hidden: Iterable[Span]) -> list[Span]:
    united: list[Span] = []
    for start, end in sorted(hidden):
        if united and start <= united[-1][1]:
            united[-1] = united[-1][0], max(end, united[-1][1])
        else:
            united.append((start, end))
    return united


class Tail:
    """The last words of a stream of any length, such as a child's stderr: redacted as a whole, cut afterwards.

    What is kept is bounded by about 100 kB: more than what is shown by `_ROOM` bytes, the longest token that there
    may be, so that no token is cut where the kept part begins.
    """

    def __init__(self, keep: int = 2000) -> None:
        """Keep what the last `keep` characters need."""
        self._keep = keep
        self._most = keep * 4 + _ROOM
        self._kept = bytearray()
        self._cut = False

    def add(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        self._kept += data
        if len(self._kept) > 2 * self._most:
            del self._kept[: -self._most]
            self._cut = True

    def text(self) -> str:
        """Return the last `keep` characters at most, safe to show; a stream that was cut begins with `…`."""
        text = bytes(self._kept).decode("utf-8", "replace")
        hidden = _united(spans(text))
        start = _ROOM // 2 if self._cut else 0
        start = next((first for first, end in hidden if first <= start < end), start)
        shown = safe(masked(text, hidden, start))
        shown = shown.strip()
        cut = self._cut or len(shown) > self._keep
        return ("…" if cut else "") + shown[-self._keep :].lstrip()


def redact_tree(value: object) -> object:
    """Return a copy of a tree of mappings, lists and scalars with every string redacted, keys included."""
    match value:
        case str():
            return redact(value)
        case Mapping():
            return {redact(str(key)): redact_tree(item) for key, item in value.items()}
        case list() | tuple():
            return [redact_tree(item) for item in value]
        case _:
            return value


def printable(text: str) -> str:
    """Return `text` with control, format and surrogate characters made visible or removed; newlines and tabs stay.

    Covers C0, C1, escape sequences, bidirectional overrides and zero-width characters.
    """
    kept = []
    for character in text:
        if character in "\n\t":
            kept.append(character)
        elif unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
            kept.append(f"\\u{ord(character):04x}" if character != "\r" else "")
        else:
            kept.append(character)
    return "".join(kept)


def safe(text: str) -> str:
    """Return `text` fit for a screen, a report or an error: redacted and printable."""
    return redact(printable(redact(text)))
