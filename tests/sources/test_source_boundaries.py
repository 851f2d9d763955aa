"""What the sources promise to the rest of the program: two identities that cannot be swapped, and late heavy imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mypy.api
import pytest

HEAVY = ("msal", "requests", "cryptography", "dns", "pypsrp")

SWAPS = [
    ("an operator's token for IMAP", "ImapOptions('s', 'u', operator)"),
    ("the application's token for Graph", "GraphOptions('https://graph', application)"),
    ("any secret for IMAP", "ImapOptions('s', 'u', secret)"),
    ("any secret for Graph", "GraphOptions('https://graph', secret)"),
    ("the application's options for the operator", "sign_in(entra, Resource.GRAPH, http=http)"),
    ("the operator's options for the application", "acquire_token(options, http=http)"),
]

PREAMBLE = """
from diagnostics.redaction import Secret
from diagnostics.sources.entra import EntraOptions, acquire_token
from diagnostics.sources.graph import GraphOptions
from diagnostics.net.client import HttpSession
from diagnostics.sources.imap import ImapOptions
from diagnostics.sources.operator import OperatorOptions, Resource, sign_in
from diagnostics.sources.tokens import ApplicationToken, OperatorToken

def use(application: ApplicationToken, operator: OperatorToken, secret: Secret, entra: EntraOptions,
        options: OperatorOptions, http: HttpSession) -> None:
    ImapOptions('s', 'u', application)
    GraphOptions('https://graph', operator)
"""


def test_mypy_refuses_to_swap_the_two_identities(tmp_path: Path) -> None:
    swaps = tmp_path / "swaps.py"
    swaps.write_text(PREAMBLE + "".join(f"    {line}  # {what}\n" for what, line in SWAPS))
    said, problems, _ = mypy.api.run(["--strict", "--no-error-summary", "--cache-dir", str(tmp_path), str(swaps)])
    first = PREAMBLE.count("\n") + 1
    refused = {int(line.split(":")[1]) for line in said.splitlines() if f"{swaps}:" in line and "error:" in line}
    assert refused == set(range(first, first + len(SWAPS))), said + problems


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("diagnostics.sources.claims", set()),
        ("diagnostics.sources.tokens", set()),
        ("diagnostics.sources.dns", set()),
        ("diagnostics.sources.imap", set()),
        ("diagnostics.sources.credentials", set()),
        ("diagnostics.sources.entra", {"requests"}),
        ("diagnostics.sources.operator", {"requests"}),
        ("diagnostics.sources.graph", {"requests"}),
    ],
)
def test_a_source_loads_what_is_heavy_when_it_is_used(module: str, allowed: set[str]) -> None:
    program = f"import sys, {module}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= allowed
