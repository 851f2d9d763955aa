"""Message sets such as `1:3,7,*` (RFC 3501, 9, sequence-set)."""

from __future__ import annotations

import re

SET = re.compile(r"^(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?(?:,(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?)*$")


class BadSet(Exception):
    """What is no message set."""


class MessageSet:
    """A set of numbers, sequence numbers or UIDs; `largest` is what `*` stands for."""

    def __init__(self, text: str, largest: int) -> None:
        if not SET.match(text):
            raise BadSet(text)
        self.ranges: list[tuple[int, int]] = []
        for part in text.split(","):
            ends = [largest if end == "*" else int(end) for end in part.split(":")]
            if "0" in part.split(":"):
                raise BadSet(text)
            self.ranges.append((min(ends), max(ends)))

    def __contains__(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self.ranges)

    @property
    def highest(self) -> int:
        """The largest number in the set."""
        return max(last for _, last in self.ranges)
