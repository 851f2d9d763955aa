"""`python -m diagnostics` is `diag`."""

from __future__ import annotations

from diagnostics.cli.main import run

if __name__ == "__main__":
    run()
