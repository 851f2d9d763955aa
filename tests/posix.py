"""What only POSIX has, for tests that are left out elsewhere: mypy takes it as it comes, on every platform."""

from __future__ import annotations

import importlib
import os as _os
import signal
import sys
from typing import Any

SIGKILL: signal.Signals = getattr(signal, "SIGKILL", signal.SIGTERM)
os: Any = _os
pwd: Any = None
grp: Any = None
pty: Any = None
resource: Any = None

if sys.platform != "win32":
    pwd, grp, pty, resource = (importlib.import_module(name) for name in ("pwd", "grp", "pty", "resource"))
