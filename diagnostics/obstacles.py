"""What has to be put in order before a run can see anything: a credential, PowerShell, its module, a refused operator.

Told before everything else: whoever runs `diag` for the first time needs that, and not what follows from it.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    if isinstance(connection, Unavailable) and connection.missing in _OPERATORS:
        found.append(Obstacle(Identity.OPERATOR, connection.reason, connection.hint))
    return tuple(found)
