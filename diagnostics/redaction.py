"""The one place where secrets are kept out of sight.

A `Secret` never shows its value by itself. `redact` is what every text passes on its way out of the program (screen,
report, journal, error): it removes each secret that the run has handled, in the forms in which it may come back from a
server or a library (as it is, form-url-encoded, base64, JSON-escaped), and everything that looks like a token.
`printable` takes out control characters, so that a server's answer cannot drive the terminal.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import quote, quote_plus

_MASK = "***"
_SHORTEST = 6  # a shorter value would mask ordinary words; a real secret has about 40 characters

_TOKEN_PATTERNS = (
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,2}"),  # a JWT: base64 of {"
    re.compile(r"\bZXlK[A-Za-z0-9+/_-]{16,}={0,2}"),  # the same, base64-encoded once more
    re.compile(r"\bdXNlcj[0-9A-Za-z+/]{16,}={0,2}"),  # base64 of user=…: an XOAUTH2 string
    re.compile(r"\bEwB[A-Za-z0-9+/_-]{24,}={0,2}"),  # opaque token of a personal account
    re.compile(r"\b[01]\.A[A-Za-z0-9_-]{40,}(?:\.[A-Za-z0-9_-]+)*"),  # refresh token or authorization code
    re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/-]{16,}=*"),
    re.compile(r"(?i)(?<=client_secret=)[^&\s\"']+"),
    re.compile(r"(?i)(?<=client_assertion=)[^&\s\"']+"),
    re.compile(r"(?<![\w~.-])[A-Za-z0-9_.~-]{3}\dQ~[A-Za-z0-9_.~-]{31,37}"),  # the shape of Entra's client secrets
)

_known: set[str] = set()


class Secret:
    """A value that must not show: a secret, a password or a token.

    Making one registers its forms with `redact` for the rest of the process. Only `reveal` opens it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        _known.update(form for form in _forms(value) if len(form) >= _SHORTEST)

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


def _forms(value: str) -> set[str]:
    bare = value.strip()
    if not bare:
        return set()
    encoded = {base64.b64encode(text.encode("utf-8", "surrogatepass")).decode() for text in (value, bare)}
    return {
        value,
        bare,
        quote(bare, safe="", errors="surrogatepass"),
        quote_plus(bare, errors="surrogatepass"),
        json.dumps(bare)[1:-1],
        *encoded,
        *(form.rstrip("=") for form in encoded),
    }


def redact(text: str) -> str:
    """Return `text` without any secret of this run and without anything that looks like a token."""
    for form in sorted(_known, key=len, reverse=True):
        if form in text:
            text = text.replace(form, _MASK)
    for pattern in _TOKEN_PATTERNS:
        text = pattern.sub(_MASK, text)
    return text


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
