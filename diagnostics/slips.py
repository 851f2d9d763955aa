"""What a slip of the hand leaves in or around a value, and the value as it is meant and sent.

What is typed is kept as it was typed, since it is what the input checks judge. What is sent, compared and printed is
`meant(typed)`, in every command alike; a secret alone is sent as it was typed.
"""

from __future__ import annotations

import re
import unicodedata

from diagnostics.ids import GUID, is_guid

_BLANK = {"Cc", "Zs", "Zl", "Zp"}  # Unicode's categories of control characters, blanks and separators
_INVISIBLE = _BLANK | {"Cf"}  # and those of no width
_SLIP = 8  # more characters than this around an id are no slip of the hand


def trimmed(value: str) -> str:
    """Return a value without the blanks, tabs, line ends, no-break spaces and characters of no width at either end."""
    start, end = 0, len(value)
    while start < end and _is_invisible(value[start]):
        start += 1
    while end > start and _is_invisible(value[end - 1]):
        end -= 1
    return value[start:end]


def copied_along(value: str) -> str:
    """Return, described, what `trimmed` takes off; empty when it takes off nothing."""
    core = trimmed(value)
    start = value.find(core)
    return describe([*value[:start], *value[start + len(core) :]]) if core != value else ""


def stray_characters(value: str) -> str:
    """Return, described, what stands around or inside an id and does not belong to it; empty when nothing does.

    A redacted id keeps its stray characters: in `>xxxx` the `>` is one.
    """
    core = GUID.search(value) or re.search(r"[xX]{3,}(?:-[xX]{3,})*|\*{3,}", value)
    if core is None:
        hidden = [character for character in value if _is_invisible(character)]
        squeezed = "".join(character for character in value if character not in hidden)
        return describe(hidden) if hidden and is_guid(squeezed) else ""
    around = value[: core.start()] + value[core.end() :]
    if len(around) > _SLIP or any(character.isalnum() or character in "-*" for character in around):
        return ""
    return describe(list(around))


def is_blank_only(value: str) -> bool:
    """Say whether nothing but blanks, tabs and line ends stands around a whole id."""
    core = trimmed(value)
    return core != value and is_guid(core) and not any(unicodedata.category(one) == "Cf" for one in value)


def describe(characters: list[str]) -> str:
    """Name characters so that invisible ones can be seen: `'>'`, `U+0020 SPACE`, `U+200B ZERO WIDTH SPACE`."""
    named = []
    for character in dict.fromkeys(characters):
        visible = character.isprintable() and not character.isspace()
        name = unicodedata.name(character, _CONTROL.get(character, "CONTROL CHARACTER"))
        named.append(f"'{character}'" if visible else f"U+{ord(character):04X} {name}")
    return ", ".join(named)


_CONTROL = {"\t": "TAB", "\n": "LINE FEED", "\r": "CARRIAGE RETURN"}


def meant(typed: str | None) -> str:
    """Return a value as it was meant: without outer blanks, and without what a slip of the hand put around or into a GUID."""
    bare = trimmed(typed or "")
    if not stray_characters(bare):
        return bare
    within = GUID.search(bare)
    return within[0] if within else "".join(character for character in bare if character.isalnum() or character == "-")


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE
