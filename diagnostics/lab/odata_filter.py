"""OData's $filter, as far as the lab's Graph understands it: one expression into a predicate over an object.

either    = both *( "or" both )
both      = term *( "and" term )
term      = "(" either ")" / name "eq" value / name "in" "(" value *( "," value ) ")"
          / "startswith(" name "," value ")" / name "/any(" x ":" x "eq" value ")"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Predicate = Callable[[Mapping[str, Any]], bool]
TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<word>[\w.@$-]+)|(?P<sign>[()/,:]))")
UNKNOWN = frozenset({"ne", "gt", "ge", "lt", "le", "has", "not", "endswith", "contains", "all"})
"""What Graph knows, for some properties and with ConsistencyLevel only (aad-advanced-queries.md), and the lab does not."""
MAX_DEPTH = 20


class BadQuery(Exception):
    """A query that Graph refuses with 400; the text is Graph's message, `code` the one of its error."""

    def __init__(self, message: str, code: str = "BadRequest") -> None:
        super().__init__(message)
        self.code = code


def compiled(text: str) -> Predicate:
    """Return the predicate that `text` means; raise BadQuery for what the lab or Graph does not understand."""
    reader = _Reader(text)
    predicate = _either(reader, 0)
    if reader.peek():
        raise reader.syntax_error()
    return predicate


class _Reader:
    """The tokens of a filter, and the refusals that quote it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, int]] = []
        self.next = 0
        position, end = 0, len(text.rstrip())
        while position < end:
            found = TOKEN.match(text, position)
            if found is None:
                raise self.syntax_error(position)
            self.tokens.append((found[0].strip(), found.end()))
            position = found.end()

    def peek(self) -> str:
        """Return the token that is next, or an empty string at the end."""
        return self.tokens[self.next][0] if self.next < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        """Return the next token and go past it; with `wanted`, it must be one of these, in any case."""
        token = self.peek()
        if not token or (wanted and token.casefold() not in wanted):
            raise self.refusal(token)
        self.next += 1
        return token

    def refusal(self, token: str) -> BadQuery:
        """Return what to answer to a token that does not belong here."""
        if token.casefold() in UNKNOWN:
            return BadQuery(f"Unsupported or invalid query filter clause specified: '{token}' in '{self.text}'.")
        return self.syntax_error()

    def syntax_error(self, position: int | None = None) -> BadQuery:
        """Return Graph's answer to what is no filter at all."""
        if position is None:
            position = self.tokens[self.next - 1][1] if self.next else 0
        return BadQuery(f"Invalid filter clause: Syntax error at position {position} in '{self.text}'.")


def _either(reader: _Reader, depth: int) -> Predicate:
    if depth > MAX_DEPTH:
        raise reader.syntax_error()
    terms = [_both(reader, depth)]
    while reader.peek().casefold() == "or":
        reader.take()
        terms.append(_both(reader, depth))
    return lambda item: any([term(item) for term in terms])  # noqa: C419 - an unknown property is refused in each


def _both(reader: _Reader, depth: int) -> Predicate:
    terms = [_term(reader, depth)]
    while reader.peek().casefold() == "and":
        reader.take()
        terms.append(_term(reader, depth))
    return lambda item: all([term(item) for term in terms])  # noqa: C419 - an unknown property is refused in each


def _term(reader: _Reader, depth: int) -> Predicate:
    if reader.peek() == "(":
        reader.take()
        inner = _either(reader, depth + 1)
        reader.take(")")
        return inner
    name = reader.take()
    if name.casefold() in UNKNOWN or not re.fullmatch(r"\w+", name):
        raise reader.refusal(name)
    if name.casefold() == "startswith" and reader.peek() == "(":
        return _starts_with(reader)
    operator = reader.take("eq", "in", "/").casefold()
    if operator == "/":
        return _any(reader, name)
    values = [_value(reader)] if operator == "eq" else _values(reader)
    return lambda item: _comparable(_property(item, name)) in values


def _starts_with(reader: _Reader) -> Predicate:
    reader.take("(")
    name = reader.take()
    reader.take(",")
    start = _value(reader)
    reader.take(")")
    return lambda item: (_comparable(_property(item, name)) or "").startswith(start or "")


def _any(reader: _Reader, name: str) -> Predicate:
    """Read the rest of `name/any(x:x eq 'value')`."""
    reader.take("any")
    reader.take("(")
    variable = reader.take()
    reader.take(":")
    reader.take(variable.casefold())
    reader.take("eq")
    wanted = _value(reader)
    reader.take(")")

    def judge(item: Mapping[str, Any]) -> bool:
        values = _property(item, name)
        if not isinstance(values, list | tuple):
            raise BadQuery(f"Any/All may only be used following a collection; '{name}' is none.")
        return wanted in [_comparable(value) for value in values]

    return judge


def _values(reader: _Reader) -> list[str | None]:
    reader.take("(")
    values = [_value(reader)]
    while reader.peek() == ",":
        reader.take()
        values.append(_value(reader))
    reader.take(")")
    return values


def _value(reader: _Reader) -> str | None:
    """Return a literal as it is compared: without quotes and case; None for null."""
    literal = reader.take()
    if literal in "()/,:":
        raise reader.syntax_error()
    if literal.startswith("'"):
        return literal[1:-1].replace("''", "'").casefold()
    return None if literal.casefold() == "null" else literal.casefold()


def _comparable(value: Any) -> str | None:
    """Return a property's value as text without case, as the directory compares: true and false as JSON spells them."""
    return None if value is None else str(value).casefold()


def _property(item: Mapping[str, Any], name: str) -> Any:
    if name not in item:
        raise BadQuery(f"Could not find a property named '{name}'.")
    return item[name]
