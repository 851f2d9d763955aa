"""The one way from a tree to YAML or JSON: redacted, and with everything that does not show written as an escape.

Controls, bidirectional and zero-width characters, and half characters (surrogates) neither drive a terminal nor hide in
an id, and `json.loads` or `yaml.safe_load` gives back the very text. Libyaml reads no escape for half a character: see
`loader_for`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any, cast

from diagnostics.redaction import redact_tree

_IGNORABLE = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
"""What no font shows although it is a letter or a mark: Unicode's Default_Ignorable_Code_Point."""
_HIDDEN = re.compile(f"[{_IGNORABLE}]")
_HALF = re.compile(r"\\u[Dd][89A-Fa-f]")
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

    clean = redact_tree(tree)
    options: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "width": width}
    quick, patient = _dumpers()
    try:
        text = yaml.dump(clean, Dumper=quick, **options)
    except UnicodeEncodeError:
        text = yaml.dump(clean, Dumper=patient, **options)
    return text if _shows(text.replace("\n", "")) else _SUSPECT.sub(_yaml_escape, text)


def loader_for(text: str) -> Any:
    """Return a safe loader of YAML: libyaml's, ten times as fast, or Python's, which takes half a character's escape."""
    import yaml  # noqa: PLC0415 - not for JSON

    return yaml.SafeLoader if _HALF.search(text) else getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(text: str) -> object:
    """Return the tree of a JSON or YAML document, in time proportional to its length. Raises ValueError.

    An alias is refused: nothing here writes one, and a few lines of them stand for a tree without end.
    """
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        try:
            return json.loads(text.lstrip("\ufeff"))
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        except ValueError:
            pass  # YAML may begin so, too
    import yaml  # noqa: PLC0415 - not for JSON

    try:
        return _tree(yaml.parse(text, Loader=loader_for(text)))
    except (yaml.YAMLError, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _tree(events: Iterable[Any]) -> object:
    """Build the tree from libyaml's events: PyYAML's own way over nodes takes fourteen times as long as the events."""
    import yaml  # noqa: PLC0415 - not for JSON

    documents: list[object] = []
    open_ones: list[list[Any]] = [documents]
    mappings = [False]
    for event in events:
        match event:
            case yaml.ScalarEvent():
                plain = event.tag is None and event.implicit[0] and not event.style
                open_ones[-1].append(_plain(event.value) if plain else event.value)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                open_ones.append([])
                mappings.append(isinstance(event, yaml.MappingStartEvent))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                items = open_ones.pop()
                open_ones[-1].append(_mapping(items) if mappings.pop() else items)
            case yaml.AliasEvent():
                raise ValueError(f"it uses an alias, *{event.anchor}")
            case yaml.DocumentStartEvent() if documents:
                raise ValueError("it is more than one document")
    return documents[0] if documents else None


def _mapping(items: list[Any]) -> dict[Any, Any]:
    try:
        return dict(zip(items[::2], items[1::2], strict=True))
    except TypeError as error:
        raise ValueError("a key is no word") from error


@lru_cache(4096)
def _plain(value: str) -> Any:
    """Return what a word without quotes stands for in YAML: text, a number, a truth value, a time, nothing."""
    from yaml import ScalarNode  # noqa: PLC0415 - not for JSON
    from yaml.constructor import SafeConstructor  # noqa: PLC0415 - not for JSON
    from yaml.resolver import Resolver  # noqa: PLC0415 - not for JSON

    tag = cast("Any", Resolver()).resolve(ScalarNode, value, (True, False))
    return SafeConstructor().construct_object(ScalarNode(tag, value))


@cache
def _dumpers() -> tuple[Any, Any]:
    """Return libyaml's dumper, which is ten times as fast and refuses half characters, and Python's, which escapes them."""
    import yaml  # noqa: PLC0415 - not for JSON

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return _dumper(base), _dumper(yaml.SafeDumper)


def _dumper(base: Any) -> Any:
    made: Any = type("Dumper", (base,), {"ignore_aliases": lambda _self, _data: True})
    made.add_representer(str, _represented)
    made.add_multi_representer(str, _represented)  # the words of an enumeration
    return made


def _represented(dumper: Any, value: str) -> Any:
    """Put in double quotes what holds something to be escaped, and keep the lines of a text as lines."""
    style = '"' if not _shows(value.replace("\n", "")) else "|" if "\n" in value.strip() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style=style)


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
