"""Inputs that are made to keep a regular expression busy, from the expression's own structure.

What makes a backtracking matcher slow is a repeat that can be left at many places, or begun at many, before what follows
fails: so every repeat is pumped behind what must stand before it and ended with what cannot follow, pairs of repeats are
pumped one after the other, and every beginning of the whole is repeated without its end, for searches that start anew.
"""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import random
import re
from collections.abc import Iterator
from typing import Any, Final

_PARSER: Final[Any] = importlib.import_module("re._parser")
_ALPHABET: Final = "".join(map(chr, range(1, 127))) + "\x85\xa0’“”…：é–•中"
_FAVOURITES: Final = "a0 xA-_.=:'\"\\/\n\t@,"
_ENDS: Final = ("", "\x00", "!")
_ALWAYS: Final = ("a", "0", "A", "x", "f", "_", "-", ".", "=", " ", "\t", "\n", "\\", '"', "'", "/", ":", "@", "<", "[", "{", "(", "|", "*", "#",
                  "a ", " a", "a.", "a-", 'a"', "\\n", '\\"', "a\n", "\n\n ", "a: ", "a=", "0-", "<a", "a@", "{}", "a,", "''", "a'")  # fmt: skip
_MOST_VARIANTS = 3
_REPEATS: Final = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_UNBOUNDED: Final = 4096


@dataclasses.dataclass(frozen=True, slots=True)
class Attack:
    """A text of any length: `before`, then `unit` as often as fits, then `end`."""

    before: str
    unit: str
    end: str

    def text(self, size: int) -> str:
        """Return about `size` characters."""
        return self.before + self.unit * max(size // len(self.unit), 1) + self.end

    def __str__(self) -> str:
        return f"{self.before!r} + {self.unit!r} * n + {self.end!r}"


def is_bounded(pattern: re.Pattern[Any]) -> bool:
    """Say whether a match can only be of a limited length, so that no input is looked at again and again."""
    return all(_longest(node) < _UNBOUNDED for node in _tree(pattern))


def attacks(pattern: re.Pattern[Any]) -> list[Attack]:
    """Return the attacks on a pattern, each once, always the same ones."""
    tree = _tree(pattern)
    samples = _Samples(tree)
    found = dict.fromkeys(_made(tree, samples))
    return [attack for attack in found if attack.unit]


def _tree(pattern: re.Pattern[Any]) -> Any:
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    return _PARSER.parse(text, flags & ~re.DEBUG)


def _longest(node: Any) -> int:
    """Return the most characters that a node looks at, repeats within repeats multiplied."""
    inner = max((sum(map(_longest, branch)) for branch in _children(node)), default=1)
    return int(node[1][1]) * inner if str(node[0]) in _REPEATS else inner


def _made(tree: Any, samples: _Samples) -> Iterator[Attack]:
    repeats = list(_repeats(tree, (), ()))
    for repeat in repeats:
        yield from _on_repeat(repeat, samples)
    for whole in (samples.of(tree, variant) for variant in range(_MOST_VARIANTS)):
        cut = whole[:-1]
        for unit in (whole, whole + "\n", cut, cut + " ", whole[: len(whole) // 2], whole + "\x00", cut + "\x00"):
            yield Attack("", unit, "")
    few = list(dict.fromkeys(body for repeat in repeats for body in samples.pumps(repeat.body)))[:6]
    for first, second in itertools.permutations(few, 2):
        yield Attack("", first + second, "\x00")
        yield Attack(first * 3000, second, "\x00")
    for unit in _ALWAYS:
        yield from (Attack("", unit, ""), Attack("", unit, "\x00"), Attack("x", unit, "x\x00"))


def _on_repeat(repeat: _Repeat, samples: _Samples) -> Iterator[Attack]:
    befores = dict.fromkeys(("", samples.of(repeat.before, 0), samples.of(repeat.before, 1)))
    behind = samples.of(repeat.behind, 0)
    for body in samples.pumps(repeat.body):
        for before in befores:
            for end in dict.fromkeys((*_ENDS, behind[:-1] + "\x00")):
                yield Attack(before, body, end)
            yield Attack("", before + body, "\x00")
            yield Attack("", before + body * 8, "")
            yield Attack("", before + body + " ", "")


@dataclasses.dataclass(frozen=True, slots=True)
class _Repeat:
    before: tuple[Any, ...]
    body: tuple[Any, ...]
    behind: tuple[Any, ...]


def _repeats(tree: Any, before: tuple[Any, ...], behind: tuple[Any, ...]) -> Iterator[_Repeat]:
    """Yield each repeat with the nodes that must match before it and those that must match behind it."""
    items = list(tree)
    for index, node in enumerate(items):
        ahead, rest = (*before, *items[:index]), (*items[index + 1 :], *behind)
        if str(node[0]) in _REPEATS and node[1][1] > 1:
            yield _Repeat(ahead, tuple(node[1][2]), rest)
        for inner in _children(node):
            yield from _repeats(inner, ahead, rest)


class _Samples:
    """Makes texts that parts of one pattern match; of each class it prefers characters that other classes know, too."""

    def __init__(self, tree: Any) -> None:
        self._sets = [frozenset(c for c in _ALPHABET if _fits(node, c)) for node in _single(tree)]
        self._order = sorted(
            _ALPHABET,
            key=lambda c: (-sum(c in one for one in self._sets), _FAVOURITES.find(c) if c in _FAVOURITES else 99, c),
        )

    def of(self, nodes: Any, variant: int) -> str:
        """Return a text that the nodes match, lookarounds aside; each variant takes other branches and characters."""
        return self._text(nodes, random.Random(variant), variant)

    def pumps(self, body: tuple[Any, ...]) -> list[str]:
        """Return a few different texts for the body of a repeat."""
        if len(body) == 1 and _is_single(body[0]):
            return self._characters(body[0])[:4]
        return list(dict.fromkeys(text for v in range(5) if (text := self.of(body, v))))[:4]

    def _characters(self, node: Any) -> list[str]:
        fitting = [c for c in self._order if _fits(node, c)]
        spread = [c for c in (" ", "\n", "a", "0", "\\", "-", '"') if c in fitting]
        return list(dict.fromkeys((*fitting[:2], *spread)))

    def _text(self, nodes: Any, chance: random.Random, variant: int) -> str:
        return "".join(self._one(node, chance, variant) for node in nodes)

    def _one(self, node: Any, chance: random.Random, variant: int) -> str:
        operator, argument = node
        name = str(operator)
        if name == "LITERAL":
            return chr(argument)
        if _is_single(node):
            characters = self._characters(node)
            return (characters[0] if not variant else chance.choice(characters)) if characters else "中"
        if name in _REPEATS:
            least, most, body = argument
            count = least if least > 1 else min(most, max(least, variant % 2 + (least or not variant)))
            return "".join(self._text(body, chance, variant) for _ in range(min(int(count), 64)))
        if name == "SUBPATTERN":
            return self._text(argument[3], chance, variant)
        if name == "BRANCH":
            branches = argument[1]
            return self._text(branches[0] if not variant else chance.choice(branches), chance, variant)
        if name == "ATOMIC_GROUP":
            return self._text(argument, chance, variant)
        if name == "GROUPREF_EXISTS":
            return self._text(argument[1], chance, variant)
        return ""  # places, lookarounds and references


def _is_single(node: Any) -> bool:
    return str(node[0]) in {"LITERAL", "NOT_LITERAL", "ANY", "IN"}


def _single(tree: Any) -> Iterator[Any]:
    for node in tree:
        if _is_single(node):
            yield node
        for inner in _children(node):
            yield from _single(inner)


def _children(node: Any) -> Iterator[Any]:
    operator, argument = node
    name = str(operator)
    if name in _REPEATS:
        yield argument[2]
    elif name == "SUBPATTERN":
        yield argument[3]
    elif name == "BRANCH":
        yield from argument[1]
    elif name in {"ASSERT", "ASSERT_NOT"}:
        yield argument[1]
    elif name == "ATOMIC_GROUP":
        yield argument
    elif name == "GROUPREF_EXISTS":
        yield from (branch for branch in argument[1:] if branch)


_CATEGORIES: Final = {
    "CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_SPACE": r"\s", "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W",
}  # fmt: skip


def _fits(node: Any, character: str) -> bool:
    """Say whether a node that stands for one character stands for this one."""
    operator, argument = node
    name = str(operator)
    if name == "LITERAL":
        return bool(ord(character) == argument)
    if name == "NOT_LITERAL":
        return bool(ord(character) != argument)
    if name == "ANY":
        return character != "\n"
    if name == "RANGE":
        return bool(argument[0] <= ord(character) <= argument[1])
    if name == "CATEGORY":
        return re.match(_CATEGORIES[str(argument)], character) is not None
    negated = bool(argument) and str(argument[0][0]) == "NEGATE"
    return any(_fits(item, character) for item in argument[negated:]) is not negated
