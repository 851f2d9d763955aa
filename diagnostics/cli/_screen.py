"""What the commands have in common on the screen: width, colour, language, output format, progress."""

from __future__ import annotations

import contextlib
import enum
import io
import os
import shutil
import sys
import threading
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self, TextIO

from diagnostics.cli._guard import OutputLost, say
from diagnostics.redaction import safe

_FALLBACK_COLUMNS = 100
_PATIENCE = 1.0
"""Seconds after which a run that is not watched on a terminal says what it is doing."""


class Output(enum.StrEnum):
    """How a report is rendered."""

    TABLE = "table"
    YAML = "yaml"
    JSON = "json"


class Language(enum.StrEnum):
    """Languages of reports and pages."""

    EN = "en"
    ES = "es"


def language(chosen: Language | None) -> str:
    """Return the language that was asked for, else the locale's, else English."""
    if chosen is not None:
        return chosen.value
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return "es" if locale.lower().startswith("es") else "en"


def width() -> int:
    """Return the columns of the window, COLUMNS first."""
    return shutil.get_terminal_size((_FALLBACK_COLUMNS, 24)).columns


def color() -> bool:
    """Say whether stdout takes colours: a terminal, unless NO_COLOR (no-color.org) or a dumb one."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def emit(text: str, output: Output = Output.TABLE) -> None:
    """Write a report to stdout; YAML and JSON are UTF-8 whatever the terminal's encoding is.

    Raises OutputLost. A reader that has gone (`| head`) does not change the exit code.
    """
    if output is not Output.TABLE and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    try:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _devour(sys.stdout)
    except OSError as error:
        raise OutputLost(error.strerror or type(error).__name__) from None


def _devour(stream: TextIO) -> None:
    """Let what is still written to a stream without a reader go nowhere."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


tell = say
"""Write a message for the person at the terminal to stderr."""


_UNSAID = (OSError, ValueError)
"""What a terminal that has gone, or a closed stream, raises: progress that cannot be shown ends no run."""


def agrees(question: str) -> bool:
    """Ask on the terminal, and return whether the answer is yes; without a terminal nobody agrees."""
    if not (sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print(f"{safe(question)} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().casefold() in {"y", "yes", "s", "sí", "si"}


class Progress(AbstractContextManager["Progress"]):
    """Says on stderr what is being done: a line that changes on a terminal, else plain lines once it takes long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._pending = ""
        self._timer: threading.Timer | None = None
        self._status: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            from rich.console import Console  # noqa: PLC0415 - only for terminals

            self._status = Console(stderr=True).status("…", spinner="line")
            with contextlib.suppress(*_UNSAID):
                self._status.start()
        else:
            self._timer = threading.Timer(_PATIENCE, self._tell_pending)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            with contextlib.suppress(*_UNSAID):
                self._status.stop()
        if self._timer is not None:
            self._timer.cancel()

    def __call__(self, text: str) -> None:
        """Say what is being done now."""
        if self._status is not None:
            from rich.markup import escape  # noqa: PLC0415 - only for terminals

            with contextlib.suppress(*_UNSAID):
                self._status.update(escape(f"{safe(text)} …"))
            return
        with self._lock:
            self._pending = text
            impatient = time.monotonic() - self._started >= _PATIENCE
        if impatient:
            self._tell_pending()

    def _tell_pending(self) -> None:
        with self._lock:
            text, self._pending = self._pending, ""
        if text:
            tell(f"{text} …")

    def message(self, text: str) -> None:
        """Show a message that stays, such as a device code."""
        if self._status is not None:
            with contextlib.suppress(*_UNSAID):
                self._status.console.print(safe(text), markup=False, highlight=False, soft_wrap=True)
        else:
            tell(text)
