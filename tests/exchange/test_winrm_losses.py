"""Fragments that do not reach the client of a WSMan shell: each answer is the right one or none at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.port import CmdletCall, CmdletResult
from diagnostics.lab.powershell.pool import Outbox
from tests.exchange.conftest import Tenant

Put = Callable[[Outbox, bytes], None]


def answers(tenant: Tenant, seconds: float = 15) -> list[CmdletResult]:
    calls = [
        CmdletCall("Get-ServicePrincipal"),
        CmdletCall("Get-MailboxPermission", {"Identity": tenant.mailbox}),
        CmdletCall("Get-CASMailbox", {"Identity": tenant.mailbox}),
    ]
    with open_shell(tenant.winrm(operation_timeout=seconds), tenant.request()) as shell:
        return shell.invoke_many(calls)


def number(data: bytes) -> int:
    return int.from_bytes(data[:8], "big")


def spoiled(put: Put, how: str, at: int) -> Put:
    held: list[bytes] = []

    def spoil(box: Outbox, data: bytes) -> None:
        if number(data) != at:
            put(box, data)
            if held and number(data) == at + 1:
                put(box, held.pop())
        elif how == "twice":
            put(box, data)
            put(box, data)
        elif how == "late":
            held.append(data)
        elif how == "cut":
            put(box, data[:-1])

    return spoil


@pytest.mark.parametrize("how", ["lost", "twice", "late", "cut"])
def test_a_fragment_that_is_spoiled(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    right = answers(tenant)
    assert all(result.ok for result in right)
    genuine = Outbox.put
    numbers: set[int] = set()

    def counted(box: Outbox, data: bytes) -> None:
        numbers.add(number(data))
        genuine(box, data)

    monkeypatch.setattr(Outbox, "put", counted)
    answers(tenant)
    spoilt = 0
    for at in sorted(numbers)[-9:-5]:  # the rows' own; the last ones are those of the end
        monkeypatch.setattr(Outbox, "put", spoiled(genuine, how, at))
        found = answers(tenant, seconds=3)
        for result, expected in zip(found, right, strict=True):
            assert not result.ok or result.rows == expected.rows
        spoilt += not all(result.ok for result in found)
    assert spoilt == 4
