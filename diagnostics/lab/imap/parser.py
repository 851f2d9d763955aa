"""Tokens into commands: tag, name in capitals, and arguments as strings or nested lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from diagnostics.lab.imap.lexer import Atom, BadSyntax, Close, Open, String, Token

MAX_DEPTH = 40
Argument = str | list["Argument"]


@dataclass(frozen=True)
class Command:
    """One command of the client; `UID SEARCH` and its like keep UID as the name and the rest as arguments."""

    tag: str
    name: str
    arguments: tuple[Argument, ...] = ()

    def text(self, position: int) -> str:
        """Return the argument at `position`, which must be a string; raise BadSyntax when it is not there."""
        if position >= len(self.arguments):
            raise BadSyntax(self.tag)
        argument = self.arguments[position]
        if not isinstance(argument, str):
            raise BadSyntax(self.tag)
        return argument


def parse(tokens: Sequence[Token]) -> Command:
    """Return the command; raise BadSyntax when there is no tag, no name, or parentheses do not match."""
    if not tokens or not isinstance(tokens[0], Atom):
        raise BadSyntax
    tag = tokens[0].text
    if len(tokens) == 1 or not isinstance(tokens[1], Atom):
        raise BadSyntax(tag)
    rest = iter(tokens[2:])
    arguments = tuple(_arguments(rest, tag, depth=0))
    return Command(tag, tokens[1].text.upper(), arguments)


def _arguments(tokens: Iterator[Token], tag: str, *, depth: int) -> list[Argument]:
    found: list[Argument] = []
    if depth > MAX_DEPTH:
        raise BadSyntax(tag)
    for token in tokens:
        if isinstance(token, Atom | String):
            found.append(token.text)
        elif isinstance(token, Open):
            found.append(_arguments(tokens, tag, depth=depth + 1))
        elif isinstance(token, Close):
            if not depth:
                raise BadSyntax(tag)
            return found
    if depth:
        raise BadSyntax(tag)
    return found
