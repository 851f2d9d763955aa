"""What has to be put in order before a run can see anything: a credential, PowerShell, its module, a refused operator.

Told before everything else: whoever runs `diag` for the first time needs that, and not what follows from it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from diagnostics.evidence import (
    ExchangeConnection,
    Identity,
    Missing,
    Observed,
    Obstacle,
    Source,
    TokenClaims,
    Unavailable,
)

_COMMAND = re.compile(r"(?:Set it|Put it there): (.+)$")
_OPERATORS = frozenset({Missing.NOT_SIGNED_IN, Missing.NO_RIGHTS})
"""What the operator can put in order; a host that cannot be reached is no such thing."""


def obstacles(
    tokens: Observed[Sequence[TokenClaims]], connection: Observed[ExchangeConnection]
) -> tuple[Obstacle, ...]:
    """Return the application's obstacle and the operator's, in this order.

    The application's is a credential that the profile does not give or that cannot be read, so that Entra was not asked.
    """
    found = []
    if isinstance(tokens, Unavailable) and tokens.provenance.source is Source.PROFILE:
        found.append(Obstacle(Identity.APPLICATION, tokens.reason, tokens.hint))
    if isinstance(connection, Unavailable) and _is_the_operators(connection):
        found.append(Obstacle(Identity.OPERATOR, connection.reason, connection.hint))
    return tuple(found)


def _is_the_operators(connection: Unavailable) -> bool:
    """Say whether it is in the operator's hands: a sign-in, a right, or what the profile names wrongly."""
    named = connection.provenance.source is Source.PROFILE and connection.missing is not Missing.NOT_REQUESTED
    return named or connection.missing in _OPERATORS


def hint_lines(hint: str, prefix: str, width: int, shown: str = "") -> Iterator[str]:
    """Yield a hint's lines, wrapped at `width` columns; the command that it ends with stands on a line of its own, whole.

    `shown` is the hint in the reader's language.
    """
    command = _COMMAND.search(hint)
    text = shown or hint
    alone = command is not None and text.endswith(command[1])
    sentence = text.removesuffix(command[1]).rstrip() if command is not None and alone else text
    indent = " " * len(prefix)
    yield from textwrap.wrap(
        sentence,
        width,
        initial_indent=prefix,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    if command is not None and alone:
        yield f"{indent}{command[1]}"
