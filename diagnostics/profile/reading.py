"""YAML to a tree that remembers where every key and value stands.

Only what a profile needs is read: mappings, lists and scalars. Anchors, aliases and tags are refused, so that a profile
means what it shows, and a few lines cannot grow into a million.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import yaml

from diagnostics import files
from diagnostics.profile.complaints import Complaint, Place, ProfileError
from diagnostics.profile.model import Scalar
from diagnostics.redaction import safe

KeyPath: TypeAlias = tuple[str | int, ...]
Tree: TypeAlias = "dict[str, Tree] | list[Tree] | Scalar"

LARGEST_FILE = 256 * 1024
_DEEPEST = 20
_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = {_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")}


@dataclass(slots=True)
class Source:
    """A profile as read: its tree, and the places of its keys and values by path such as ("mailboxes", 0)."""

    file: str
    text: str
    tree: dict[str, Tree] = field(default_factory=dict)
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    values: dict[KeyPath, Place] = field(default_factory=dict)

    def place(self, path: KeyPath) -> Place:
        """Return where the value at `path` stands, or the nearest thing around it that is there."""
        while path:
            for places in (self.values, self.keys):
                if path in places:
                    return places[path]
            path = path[:-1]
        return Place(self.file, 1, 1)


def read_text(path: Path, shown: str) -> str:
    """Return a profile's text: UTF-8, or UTF-16 with its mark, as Windows PowerShell writes it. Raises ProfileError."""
    try:
        return files.read_text(path, largest=LARGEST_FILE)
    except files.NotUtf8 as problem:
        place = Place(shown, problem.line, problem.column)
        raise ProfileError(Complaint(place, "it is not UTF-8 text", "save it as UTF-8")) from None
    except files.FileUnusable as problem:
        advice = problem.hint[:1].lower() + problem.hint[1:]
        raise ProfileError(Complaint(Place(shown), f"it {problem.what}", advice)) from None


def _unreadable(shown: str, before: str, what: str, advice: str) -> Complaint:
    line = before.count("\n") + 1
    return Complaint(Place(shown, line, len(before) - before.rfind("\n")), what, advice)


def parse(text: str, shown: str) -> Source:
    """Parse a profile's text. Raises ProfileError with every complaint there is about its form."""
    source = Source(shown, text)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        position = error.position if isinstance(error.position, int) else 0
        what = f"the character U+{int(error.character):04X} cannot stand in YAML"
        raise ProfileError(_unreadable(shown, text[:position], what, "delete it")) from None
    except yaml.MarkedYAMLError as error:
        raise ProfileError(_syntax(error, shown)) from None
    except RecursionError:
        raise ProfileError(Complaint(Place(shown, 1, 1), "it is nested too deeply", "write plain YAML")) from None
    if not isinstance(root, yaml.MappingNode):
        found = "empty" if root is None else "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
        advice = "write `tenant: …`, `application: …` and so on; `diag profile new` makes one"
        raise ProfileError(Complaint(Place(shown, 1, 1), f"it is {found}, not a mapping", advice))
    walker = _Walker(source)
    source.tree = walker.mapping(root, ())
    if walker.complaints:
        raise ProfileError(*walker.complaints)
    return source


_ADVICE = (
    ("'\\t'", "indent with blanks, not with tabs"),
    ("cannot start any token", "put the value in single quotes"),
    ("chomping or indentation", "put the value in single quotes"),
    ("mapping values are not allowed", "write one `key: value` to a line; put a value with a colon in single quotes"),
    ("could not find expected ':'", "write `key: value`, with a blank after the colon"),
    ("<block end>", "indent it like its neighbours; put a value with brackets or quotes in single quotes"),
    ("undefined alias", "put a value that starts with * in single quotes"),
    ("expected alphabetic or numeric", "put a value that starts with * or & in single quotes"),
    ("unexpected end of stream", "close the quote or bracket"),
    ("another document", "keep one profile to a file"),
)


def _syntax(error: yaml.MarkedYAMLError, shown: str) -> Complaint:
    """Say what YAML's parser found; its own words carry no value of the file beyond single characters."""
    mark = error.problem_mark or error.context_mark
    place = Place(shown, mark.line + 1, mark.column + 1) if mark else Place(shown, 1, 1)
    problem = str(error.problem or error.context or "it cannot be parsed")
    whole = f"{error.context or ''} {problem}"
    if "undefined alias" in problem:
        problem = "found a * in front of a value"
    advice = next((advice for sign, advice in _ADVICE if sign in whole), "fix the line or the one above it")
    return Complaint(place, f"this is not YAML: {safe(problem)}", advice)


class _Walker:
    """Turns YAML nodes into the tree, and notes places and what is not allowed."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.complaints: list[Complaint] = []
        self._seen: set[int] = set()

    def mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Tree]:
        found: dict[str, Tree] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._complain(key, "a key must be a word", "write `key: value`")
                continue
            name = str(key.value)
            if self._broken(key):
                continue
            here = (*path, name)
            if here in self.source.keys:
                first = self.source.keys[here]
                self._complain(
                    key, f"`{safe(name)}` stands here for the second time", f"keep line {first.line} or this"
                )
                continue
            self.source.keys[here] = self._place(key)
            tree = self.tree(value, here)
            if tree is not None:
                found[name] = tree
        return found

    def tree(self, node: yaml.Node, path: KeyPath) -> Tree | None:
        """Return the node's tree; `None` for an empty value, which is as good as none."""
        if id(node) in self._seen:
            self._complain(node, "anchors and aliases are not used in profiles", "write the value out")
            return None
        self._seen.add(id(node))
        if node.tag not in _PLAIN_TAGS:
            self._complain(node, "tags (!…) are not used in profiles", "put a value that starts with ! in quotes")
            return None
        if len(path) > _DEEPEST:
            self._complain(node, "it is nested too deeply", "write plain YAML")
            return None
        self.source.values[path] = self._place(node)
        if isinstance(node, yaml.ScalarNode):
            if self._broken(node):
                return None
            scalar = _scalar(node)
            return None if scalar.value is None else scalar
        bracketed = self._bracketed(node)
        if bracketed is not None:
            return bracketed
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        return list(self._items(node, path))

    def _items(self, node: yaml.Node, path: KeyPath) -> Iterator[Tree]:
        for index, item in enumerate(node.value):
            tree = self.tree(item, (*path, index))
            if tree is not None:
                yield tree
            elif isinstance(item, yaml.ScalarNode) and item.tag == _TAG + "null":
                self._complain(item, "an empty item", "fill it in or delete it")

    def _broken(self, node: yaml.ScalarNode) -> bool:
        """Complain about half a character, which only an escape can bring into a text."""
        broken = any("\ud800" <= character <= "\udfff" for character in str(node.value))
        if broken:
            self._complain(node, "half a character (a surrogate) stands in it", "type the character itself")
        return broken

    def _bracketed(self, node: yaml.Node) -> Scalar | None:
        """Take a template's variable, which YAML reads as a mapping of a mapping, for the text that it is."""
        text = self.source.text[node.start_mark.index : node.end_mark.index]
        return Scalar(text, text) if text.startswith("{{") and text.endswith("}}") and "\n" not in text else None

    def _place(self, node: yaml.Node) -> Place:
        return Place(self.source.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _complain(self, node: yaml.Node, what: str, advice: str) -> None:
        self.complaints.append(Complaint(self._place(node), what, advice))


_CONSTRUCTOR = yaml.constructor.SafeConstructor()


def _scalar(node: yaml.ScalarNode) -> Scalar:
    """Read a scalar; what YAML takes for a date stays the text that it is."""
    raw = str(node.value)
    if node.style is not None or node.tag in {_TAG + "str", _TAG + "timestamp"}:
        return Scalar(raw, raw, quoted=node.style is not None)
    try:
        value = _CONSTRUCTOR.construct_object(node)
    except (ValueError, OverflowError):
        value = raw
    return Scalar(raw, value)
