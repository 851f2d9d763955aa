"""The one way from a tree to YAML or JSON: redacted, and with everything that does not show written as an escape.

Controls, bidirectional and zero-width characters neither drive a terminal nor hide in an id, and `json.loads` or
`yaml.safe_load` gives back the very text. Half a character (a surrogate) is an escape in JSON; in YAML it is U+FFFD, since
libyaml reads no document that holds an escape for one.
"""

from __future__ import annotations

import json
import math
import re
from functools import cache
from typing import Any

from diagnostics.redaction import redact_tree

_IGNORABLE = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
"""What no font shows although it is a letter or a mark: Unicode's Default_Ignorable_Code_Point."""
_HIDDEN = re.compile(f"[{_IGNORABLE}]")
_HALF = re.compile("[\ud800-\udfff]")
_SUSPECT = re.compile(r"[^\x20-\x7e]")


def as_json(tree: object, *, indent: int | None = 2) -> str:
    """Return a tree as JSON without an end of line. What is no number (NaN, infinity) becomes its name as text."""
    return escaped(json.dumps(_numbers(redact_tree(tree)), indent=indent, ensure_ascii=False))


def escaped(text: str) -> str:
    """Return a JSON document with everything that does not show written as an escape."""
    return text if _shows(text.replace("\n", "")) else _SUSPECT.sub(_json_escape, text)


def as_yaml(tree: object, *, width: int = 110) -> str:
    """Return a tree as one YAML document."""
    import yaml  # noqa: PLC0415 - not for JSON

    text = yaml.dump(redact_tree(tree), Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=width)
    return text if _shows(text.replace("\n", "")) else _SUSPECT.sub(_yaml_escape, text)


@cache
def _dumper() -> Any:
    """Return libyaml's dumper, which is ten times as fast, or Python's where that is not there."""
    import yaml  # noqa: PLC0415 - not for JSON

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    made: Any = type("Dumper", (base,), {"ignore_aliases": lambda _self, _data: True})
    made.add_representer(str, _represented)
    made.add_multi_representer(str, _represented)  # the words of an enumeration
    return made


def _represented(dumper: Any, value: str) -> Any:
    """Put in double quotes what holds something to be escaped, and keep the lines of a text as lines."""
    value = _HALF.sub("\ufffd", str(value))
    style = '"' if not _shows(value.replace("\n", "")) else "|" if "\n" in value.strip() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _shows(text: str) -> bool:
    return text.isprintable() and not _HIDDEN.search(text)


def _json_escape(found: re.Match[str]) -> str:
    character = found[0]
    if character == "\n" or _shows(character):
        return character
    code = ord(character)
    if code <= 0xFFFF:  # noqa: PLR2004 - the basic plane
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


def _yaml_escape(found: re.Match[str]) -> str:
    character = found[0]
    if character == "\n" or _shows(character):
        return character
    code = ord(character)
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"  # noqa: PLR2004 - the basic plane


def _numbers(tree: object) -> object:
    """Return the tree with each number that JSON has no word for as text."""
    match tree:
        case float():
            return tree if math.isfinite(tree) else str(tree)
        case dict():
            return {key: _numbers(value) for key, value in tree.items()}
        case list():
            return [_numbers(item) for item in tree]
        case _:
            return tree
