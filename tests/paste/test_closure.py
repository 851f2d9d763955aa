"""A fix closes: the PowerShell that a run prints, and nothing else, leaves a tenant in which nothing is wrong any more.

Every scenario whose fix is in Exchange is fixed so. Where two of them hold at once, the earlier link of the chain is named first and
both are named; pasting what is printed for the first cause, and then what is printed next, ends in a tenant that is well.
The lines run in the real engine, with the lab's stand-in of Microsoft's module. All pairs are pasted by `make paste`
(DIAG_PASTE_ALL=1), a few with every run of the tests.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from diagnostics import causes
from diagnostics.lab import matrix
from diagnostics.lab.scenarios.registry import scenarios
from diagnostics.lab.server import Lab
from tests.paste.pasting import Desk, commands
from tests.paste.shells import ENVIRONMENT_HAS_PWSH
from tests.paste.test_scenarios import ALL, COMPLETE, only_the_labs_authority

__all__ = ["only_the_labs_authority"]

FIXED_IN_EXCHANGE = [name for name in scenarios() if name in COMPLETE]
PAIRS = [
    pair
    for pair in itertools.combinations(FIXED_IN_EXCHANGE, 2)
    if not scenarios()[pair[0]].touches & scenarios()[pair[1]].touches
]
PASTED_PAIRS = [
    ("exo-sp-wrong-object-id", "perm-deny-entry"),
    ("exo-sp-appid-and-objectid-swapped", "mailbox-imap-disabled"),
    ("mailbox-imap-disabled", "perm-granted-to-wrong-object/orphan"),
]

with_pwsh = pytest.mark.skipif(not ENVIRONMENT_HAS_PWSH, reason="needs a pwsh on PATH")


def paste_until_well(names: tuple[str, ...], home: Path) -> list[str]:
    """Paste the PowerShell of each run's first cause until nothing is printed; return the causes in their order."""
    first: list[str] = []
    with Lab(scenarios=names, transport="rest") as lab:
        desk = Desk(lab, home)
        for _ in names:
            document = desk.report()
            if not document["causes"]:
                break
            cause = document["causes"][0]
            first.append(str(cause["cause"]))
            lines = commands(cause, "powershell")
            assert lines, f"{first[-1]} prints no PowerShell"
            desk.window(lines)
        after = desk.report()
    assert (after["exit_code"], after["causes"]) == (0, [])
    return first


@pytest.mark.powershell
@with_pwsh
@pytest.mark.parametrize("name", FIXED_IN_EXCHANGE)
def test_the_printed_powershell_alone_fixes_the_scenario(name: str, tmp_path: Path) -> None:
    assert len(paste_until_well((name,), tmp_path)) == 1


@pytest.mark.powershell
@with_pwsh
@pytest.mark.parametrize("pair", PAIRS if ALL else PASTED_PAIRS, ids=" + ".join)
def test_the_printed_powershell_alone_fixes_two_scenarios(pair: tuple[str, str], tmp_path: Path) -> None:
    assert paste_until_well(pair, tmp_path)[0] == scenarios()[pair[0]].cause


@pytest.mark.parametrize("pair", PAIRS, ids=" + ".join)
def test_of_two_scenarios_the_earlier_is_named_first_and_both_are_named(pair: tuple[str, str]) -> None:
    named = [ranked.cause for ranked in matrix.judge_lab(pair).diagnosis.causes]
    earlier, later = (scenarios()[name].cause for name in pair)
    assert causes.stage_of(earlier).position <= causes.stage_of(later).position
    assert named[0] == earlier
    assert later in named
