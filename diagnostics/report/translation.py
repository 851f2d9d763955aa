"""Sentences of findings in another language: checks speak English, and a catalogue of templates says them otherwise.

`messages/*.<language>.yaml` are lists of pairs, `en` and the other language. `{name}` stands for a value that is shown as
it is; `{name!t}` for one that is translated where it can be. A template fits only where `{name!e}` can be translated and
`{name!w}` is one word. Braces around anything else are text. A sentence that the catalogue lacks is shown in English:
nothing is lost, and a server's own words stay its own.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

ORIGINAL = "en"
_FIELD = re.compile(r"\{([a-z_]+[0-9]*)(![tew])?\}")
_SENTENCE_END = re.compile(r"(?<=\.) ")
_DEEPEST = 4  # sentences within sentences
_LONGEST = 4000  # characters; no sentence of a finding is longer
_JOINTS: Mapping[str, Mapping[str, str]] = {"es": {"; ": "; ", ", ": ", ", " and ": " y "}}


@dataclass(frozen=True, slots=True)
class Template:
    """One sentence with places for values, in English and in the catalogue's language."""

    english: str
    other: str

    @property
    def literals(self) -> tuple[str, ...]:
        """The fixed text before, between and after the values."""
        return tuple(_FIELD.split(self.english)[::3])

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """The names of the values in order, each with its mark: none, `!t`, `!e` or `!w`."""
        return tuple((match[1], match[2] or "") for match in _FIELD.finditer(self.english))


@dataclass(frozen=True, slots=True)
class _Prepared:
    literals: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    other: str

    def values(self, text: str) -> list[str] | None:
        """Return what stands in the template's places; each value is as short as can be. Takes one pass, whatever the text."""
        first, *between, last = self.literals
        end = len(text) - len(last)
        if end < len(first) or not (text.startswith(first) and text.endswith(last)):
            return None
        found, position = [], len(first)
        for literal in between:
            start = text.find(literal, position, end)
            if start < 0:
                return None
            found.append(text[position:start])
            position = start + len(literal)
        found.append(text[position:end])
        return found


class Catalogue:
    """All templates of one language, ready to be looked up in."""

    def __init__(self, templates: Iterable[Template], joints: Mapping[str, str]) -> None:
        self.templates = tuple(templates)
        self._joints = joints
        self._whole = {template.english: template.other for template in self.templates if not template.fields}
        prepared = [
            _Prepared(template.literals, template.fields, template.other)
            for template in self.templates
            if template.fields
        ]
        # A template that begins with its own words is surer than one that begins with a value; then the one that says most.
        self._prepared = sorted(prepared, key=lambda one: (not one.literals[0], -sum(map(len, one.literals))))
        self._known: dict[tuple[str, int], str | None] = {}

    def translate(self, text: str) -> str:
        """Return `text` in the catalogue's language, or as it is."""
        return self._find(text, 0) or text

    def translate_word(self, text: str) -> str:
        """Translate a text that is a value: only when the catalogue has exactly this one."""
        return self._whole.get(text, text)

    def _find(self, text: str, depth: int) -> str | None:
        key = (text, depth)
        if key not in self._known:
            found = self._whole.get(text)
            if found is None and depth < _DEEPEST and len(text) < _LONGEST:
                found = next(self._fitting(text, depth), None) or self._in_parts(text, depth)
            self._known[key] = found
        return self._known[key]

    def _fitting(self, text: str, depth: int) -> Iterator[str]:
        for template in self._prepared:
            values = template.values(text)
            if values is None:
                continue
            shown = self._values(template.fields, values, depth + 1)
            if shown is not None:
                yield _FIELD.sub(lambda match, shown=shown: shown[match[1]], template.other)  # type: ignore[misc]

    def _values(self, fields: Sequence[tuple[str, str]], values: list[str], depth: int) -> dict[str, str] | None:
        """Return the values as they are shown, or nothing where one is not what its mark demands."""
        if any(mark == "!w" and len(value.split()) != 1 for (_, mark), value in zip(fields, values, strict=True)):
            return None
        shown = dict(zip((name for name, _ in fields), values, strict=True))
        for name, mark in sorted(fields, key=lambda field: field[1] != "!e"):
            found = self._find(shown[name], depth) if mark in {"!t", "!e"} else None
            if found is None and mark == "!e":
                return None
            shown[name] = shown[name] if found is None else found
        return shown

    def _in_parts(self, text: str, depth: int) -> str | None:
        """Translate sentences in a row, the members of a list, or what stands before and behind a colon."""
        sentences = _SENTENCE_END.split(text)
        found = list(itertools.takewhile(bool, (self._find(sentence, depth + 1) for sentence in sentences)))
        if 1 < len(sentences) == len(found):
            return " ".join(sentence for sentence in found if sentence)
        for joint, other in self._joints.items():
            parts = text.split(joint)
            found = list(itertools.takewhile(bool, (self._find(part, depth + 1) for part in parts)))
            if 1 < len(parts) == len(found):
                return other.join(part for part in found if part)
        head, colon, rest = text.partition(": ")
        if not colon:
            return None
        before, behind = self._find(head, depth + 1), self._find(rest, depth + 1)
        return f"{before or head}: {behind or rest}" if before or behind else None


def translate(text: str, language: str) -> str:
    """Return a sentence of a finding in `language`; in English where there is no translation."""
    return text if language == ORIGINAL else catalogue(language).translate(text)


def translate_word(text: str, language: str) -> str:
    """Return a compared value in `language` when it is one of the program's own words, such as `no roles at all`."""
    return text if language == ORIGINAL else catalogue(language).translate_word(text)


@functools.cache
def catalogue(language: str) -> Catalogue:
    """Return the catalogue of a language; an empty one where there are no messages for it."""
    import yaml  # noqa: PLC0415 - only for reports that are not in English

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    templates = []
    for entry in sorted(resources.files(__package__).joinpath("messages").iterdir(), key=lambda one: one.name):
        if entry.name.endswith(f".{language}.yaml"):
            pairs = yaml.load(entry.read_text("utf-8"), Loader=loader) or []  # noqa: S506 - a safe loader
            templates += [Template(pair[ORIGINAL], pair[language]) for pair in pairs]
    return Catalogue(templates, _JOINTS.get(language, {}))
