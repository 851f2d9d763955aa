"""Healthy evidence with one thing in it that was not seen, or is not what it should be: every field, one at a time."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from diagnostics.evidence import Evidence, Missing, Provenance, Target, Unavailable


@dataclass(frozen=True)
class Mutation:
    """One change: the path of the field (`mailboxes.permissions`), what stands there now, and the evidence with it."""

    path: str
    now: str
    evidence: Evidence

    def __str__(self) -> str:
        return f"{self.path}={self.now}"


ODD = ("", "NaN", "null", "{}", "None", "…")
NOT_EVIDENCE = (Provenance, Target)


def unavailable(evidence: Evidence) -> Iterator[Mutation]:
    """Put `Unavailable`, of every kind, in the place of each thing that can be observed."""
    for path, value, put in _fields(evidence, (), lambda changed: changed):
        if Unavailable in _alternatives(value[1]):
            for missing in Missing:
                thing = Unavailable(f"nobody could look: {missing}", missing)
                yield Mutation(".".join(path), missing.value, put(thing))


def odd(evidence: Evidence) -> Iterator[Mutation]:
    """Put what is empty, null or not what it should be in the place of each list, text, flag and date."""
    for path, (value, annotation), put in _fields(evidence, (), lambda changed: changed):
        name = ".".join(path)
        if isinstance(value, tuple) and value:
            yield Mutation(name, "()", put(()))
        if isinstance(value, str) and value and type(value) is str:
            for text in ODD:
                yield Mutation(name, repr(text), put(text))
        if type(None) in _alternatives(annotation) and isinstance(value, bool | dt.datetime | tuple | str):
            yield Mutation(name, "None", put(None))


_Field = tuple[tuple[str, ...], tuple[Any, Any], Callable[[Any], Evidence]]


def _fields(thing: Any, path: tuple[str, ...], put: Callable[[Any], Evidence]) -> Iterator[_Field]:
    """Walk through every field of the evidence, with what puts another value in its place."""
    hints = typing.get_type_hints(type(thing))
    for field in dataclasses.fields(thing):
        value = getattr(thing, field.name)
        if isinstance(value, NOT_EVIDENCE) or field.name in {"judged_at", "live"}:
            continue

        def put_here(new: Any, name: str = field.name) -> Evidence:
            return put(dataclasses.replace(thing, **{name: new}))

        here = (*path, field.name)
        yield here, (value, hints[field.name]), put_here
        if dataclasses.is_dataclass(value) and not isinstance(value, Unavailable):
            yield from _fields(value, here, put_here)
        for index, item in enumerate(value if isinstance(value, tuple) else ()):
            if dataclasses.is_dataclass(item):

                def put_item(
                    new: Any, at: int = index, whole: tuple[Any, ...] = value, up: Callable[[Any], Evidence] = put_here
                ) -> Evidence:
                    return up((*whole[:at], new, *whole[at + 1 :]))

                yield from _fields(item, (*here, str(index)), put_item)


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return typing.get_args(annotation) or (annotation,)
