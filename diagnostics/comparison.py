"""Two values held against each other, with the relation between them, which is worked out of what is shown.

No relation is ever handed in, so that no screen can claim one that does not hold. What is compared, and how:

| function        | the values                                         | relations                                     |
|-----------------|----------------------------------------------------|-----------------------------------------------|
| `compare`       | two ids, addresses or words, without case          | equal, different; open: one was cut off       |
| `compare_times` | two instants, to the second                        | before, equal, after                          |
| `look_among`    | a list, and the member that is looked for          | contains, lacks                               |
| `look_up`       | one value, and a table; `*.x` stands for an ending | one-of, none-of                               |
| `look_in`       | a text, and the words that are looked for          | contains, lacks                               |
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from diagnostics.ids import is_cut_off, may_be_same

_INSTANT = "%Y-%m-%d %H:%M:%S UTC"
_BETWEEN = re.compile(r"[,\s]+")


class Relation(enum.StrEnum):
    """What holds between the left value and the right one. `open`: one was cut off, so that it cannot be told."""

    EQUAL = "equal"
    DIFFERENT = "different"
    OPEN = "open"
    BEFORE = "before"
    AFTER = "after"
    CONTAINS = "contains"
    LACKS = "lacks"
    ONE_OF = "one-of"
    NONE_OF = "none-of"


class _Kind(enum.Enum):
    SAME = enum.auto()
    TIMES = enum.auto()
    MEMBER = enum.auto()
    TABLE = enum.auto()
    WORDS = enum.auto()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values as they are shown, each with what it is. Made by the functions of this module."""

    left_name: str
    left: str
    right_name: str
    right: str
    kind: _Kind = _Kind.SAME

    @property
    def relation(self) -> Relation:
        """What holds between the two values."""
        return _RELATIONS[self.kind](self.left.strip(), self.right.strip())

    @property
    def equal(self) -> bool:
        """Say whether both values are the same, without regard to case."""
        return self.relation is Relation.EQUAL


def compare(left_name: str, left: str, right_name: str, right: str) -> Comparison:
    """Compare two ids, addresses or words without regard to case."""
    return Comparison(left_name, left, right_name, right)


def compare_times(left_name: str, left: dt.datetime, right_name: str, right: dt.datetime) -> Comparison:
    """Compare two instants (UTC) to the second."""
    return Comparison(left_name, instant(left), right_name, instant(right), _Kind.TIMES)


def look_among(left_name: str, left: Iterable[str], right_name: str, right: str, none: str) -> Comparison:
    """Look for a member in a list, without regard to case; `none` says in words that the list is empty."""
    return Comparison(left_name, ", ".join(left) or none, right_name, right, _Kind.MEMBER)


def look_up(left_name: str, left: str, right_name: str, right: Iterable[str]) -> Comparison:
    """Look a value up in a table, without regard to case; a row `*.x` stands for all that ends in `.x`."""
    return Comparison(left_name, left, right_name, ", ".join(right), _Kind.TABLE)


def look_in(left_name: str, left: str, right_name: str, right: str) -> Comparison:
    """Look for words in a text, with regard to case."""
    return Comparison(left_name, left, right_name, right, _Kind.WORDS)


def instant(moment: dt.datetime) -> str:
    """Return an instant (UTC) as comparisons show it."""
    return f"{moment:{_INSTANT}}"


def listed(names: Sequence[str], most: int, joint: str = ", ") -> str:
    """Return a list of at most so many names; what was left out is shown by an ellipsis."""
    return joint.join(names[:most]) + (f"{joint}…" if len(names) > most else "")


def shortened(text: str, longest: int) -> str:
    """Return a text on one line, of at most so many characters; what was cut off is shown by an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def _same(left: str, right: str) -> Relation:
    cut = [one for one in (left, right) if is_cut_off(one)]
    if len(cut) == 1 and may_be_same(cut[0], right if cut[0] is left else left):
        return Relation.OPEN
    if len(cut) > 1:
        return Relation.OPEN
    return Relation.EQUAL if left.casefold() == right.casefold() else Relation.DIFFERENT


def _times(left: str, right: str) -> Relation:
    one, other = (dt.datetime.strptime(text, _INSTANT).replace(tzinfo=dt.UTC) for text in (left, right))
    return Relation.BEFORE if one < other else Relation.AFTER if one > other else Relation.EQUAL


def _member(left: str, right: str) -> Relation:
    return Relation.CONTAINS if right.casefold() in _BETWEEN.split(left.casefold()) else Relation.LACKS


def _table(left: str, right: str) -> Relation:
    value = left.casefold()
    for row in _BETWEEN.split(right.casefold()):
        if value == row or (row.startswith("*.") and value.endswith(row[1:])):
            return Relation.ONE_OF
    return Relation.NONE_OF


def _words(left: str, right: str) -> Relation:
    return Relation.CONTAINS if right in left else Relation.LACKS


_RELATIONS: Mapping[_Kind, Callable[[str, str], Relation]] = {
    _Kind.SAME: _same,
    _Kind.TIMES: _times,
    _Kind.MEMBER: _member,
    _Kind.TABLE: _table,
    _Kind.WORDS: _words,
}
