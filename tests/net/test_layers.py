"""The HTTP client lies below everything that speaks HTTP, and nobody loads it who does not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import diagnostics

PACKAGE = Path(diagnostics.__file__).parent


@pytest.mark.parametrize(
    ("folder", "above"),
    [
        ("net", ("sources", "exchange", "profile", "checks", "cli")),
        ("exchange", ("sources", "checks", "cli")),
        ("sources", ("cli", "changes")),
    ],
)
def test_arrows_point_one_way(folder: str, above: tuple[str, ...]) -> None:
    upwards = re.compile(rf"^\s*(?:from|import) diagnostics\.(?:{'|'.join(above)})\b", re.MULTILINE)
    assert [path.name for path in (PACKAGE / folder).rglob("*.py") if upwards.search(path.read_text("utf-8"))] == []


def test_nothing_else_makes_requests_of_its_own() -> None:
    """One client: elsewhere requests and urllib3 give names of errors and types, and open nothing."""
    opening = re.compile(
        r"requests\.(?:get|post|request|Session\()|HTTPAdapter|urlopen|http\.client\.HTTPS?Connection\("
    )
    own = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "lab" not in path.relative_to(PACKAGE).parts and opening.search(path.read_text("utf-8"))
    }
    assert own == {"net/client.py"}


@pytest.mark.parametrize("arguments", ["--help", "explain perm-fullaccess-missing"])
def test_help_loads_no_client(arguments: str) -> None:
    program = (
        "import sys\nfrom diagnostics.cli.main import run\n"
        f"sys.argv = ['diag', *{arguments.split()!r}]\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        "print(*({'requests', 'urllib3', 'msal', 'pypsrp'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.split() == []
