from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

ROOT = Path(__file__).resolve().parents[2]
Diag: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a newcomer's shell has: no profile, no secrets, English, UTF-8."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    mine = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    return {**kept, **mine, "PYTHONUTF8": "1", "PYTHONWARNINGS": "error", **(extra or {})}


@pytest.fixture
def diag(tmp_path: Path) -> Diag:
    """Run `diag` as a process of its own, in an empty folder, and hold it to leaving no traceback."""

    def run(
        *arguments: str, env: Mapping[str, str] | None = None, stdin: str = "", timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "diagnostics", *arguments],
            cwd=tmp_path,
            env=environment(tmp_path, env),
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return run
