"""What counts as something to be put in order first, and whose it is."""

from __future__ import annotations

import pytest

from diagnostics.evidence import (
    ExchangeConnection,
    Identity,
    Missing,
    Observed,
    Provenance,
    Source,
    TokenClaims,
    Unavailable,
)
from diagnostics.ids import TenantId
from diagnostics.obstacles import hint_lines, obstacles

PROFILE = Provenance(Source.PROFILE, "erp.yaml")
CONNECTED = ExchangeConnection(TenantId("t"), "contoso.onmicrosoft.com", Provenance(Source.EXCHANGE, "x"))


def no(missing: Missing, source: Source = Source.EXCHANGE) -> Unavailable:
    return Unavailable("why", missing, Provenance(source, "how"), "do this")


@pytest.mark.parametrize(
    ("tokens", "connection", "who"),
    [
        ((), CONNECTED, []),
        (no(Missing.BLOCKED, Source.PROFILE), CONNECTED, [Identity.APPLICATION]),
        (no(Missing.BLOCKED, Source.ENTRA), CONNECTED, []),  # Entra was asked, and refused
        (no(Missing.UNREACHABLE, Source.ENTRA), CONNECTED, []),
        ((), no(Missing.NOT_SIGNED_IN), [Identity.OPERATOR]),
        ((), no(Missing.NO_RIGHTS), [Identity.OPERATOR]),
        ((), no(Missing.UNREACHABLE), []),
        ((), no(Missing.TIMED_OUT), []),
        ((), no(Missing.UNREACHABLE, Source.PROFILE), [Identity.OPERATOR]),  # an address that is of no use
        ((), no(Missing.NOT_REQUESTED, Source.PROFILE), []),
        (
            no(Missing.BLOCKED, Source.PROFILE),
            no(Missing.NOT_SIGNED_IN, Source.PROFILE),
            [Identity.APPLICATION, Identity.OPERATOR],
        ),
    ],
)
def test_whose_it_is(
    tokens: Observed[tuple[TokenClaims, ...]], connection: Observed[ExchangeConnection], who: list[Identity]
) -> None:
    found = obstacles(tokens, connection)
    assert [one.who for one in found] == who
    assert all((one.reason, one.hint) == ("why", "do this") for one in found)


def test_a_command_is_never_wrapped_and_prose_is() -> None:
    command = "read -rs DIAG_A_RATHER_LONG_NAME_OF_A_VARIABLE && export DIAG_A_RATHER_LONG_NAME_OF_A_VARIABLE"
    assert list(hint_lines(f"Set it: {command}", "> ", 40)) == ["> Set it:", f"  {command}"]
    assert next(iter(hint_lines(f"Set it: {command}", "> ", 40, f"Establézcala: {command}"))) == "> Establézcala:"
    assert all(len(line) <= 40 for line in hint_lines("words " * 30, "> ", 40))
    assert list(hint_lines("", "> ", 40)) == []
