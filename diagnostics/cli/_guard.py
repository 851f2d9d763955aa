"""Exit codes, and what becomes of an exception that a command did not expect."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TextIO

OK, FAILED, USAGE, UNKNOWN, NOT_SIGNED_IN, INTERNAL, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 4, 70, 130, 143

EXIT_CODES = """\
\b
Exit codes, the first that applies:
  130  interrupted
    2  the arguments are wrong, or the profile cannot be parsed
    1  a required check failed, or analyze names a cause
    4  the operator is not signed in, so that a required check could not run
    3  a required check is unknown for another reason, or a text held nothing to judge
    0  all is well
   70  diag itself failed, or could not write its output
"""

_FRAMES = 3
_GRACE = 5.0
"""Seconds that open connections have to end after Ctrl-C."""


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Run the body so that it can only end with a documented exit code, and quietly when its reader has gone."""
    _quieten()
    try:
        yield
        _flush()
    except KeyboardInterrupt:
        say("Interrupted.")
        _leave(INTERRUPTED)
    except BrokenPipeError:
        _leave(OK)
    except OutputLost as lost:
        say(f"diag: the output could not be written: {lost}")
        _leave(INTERNAL)
    except SystemExit as leaving:
        _flush()
        raise SystemExit(leaving.code) from None
    except BaseException as error:  # noqa: BLE001 - nothing may leave as a traceback
        say(unexpected(error))
        _leave(INTERNAL)


def _leave(code: int) -> None:
    _flush()
    raise SystemExit(code) from None


class OutputLost(Exception):
    """Standard output took nothing: a full disk, say."""


def _flush() -> None:
    """Write out what is left; where nothing takes it, let the interpreter's own flush go nowhere."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(text: str) -> None:
    """Write a line to stderr, if there is one."""
    from diagnostics.redaction import safe  # noqa: PLC0415 - only when there is something to say

    with contextlib.suppress(OSError, ValueError):
        print(safe(text), file=sys.stderr)


def unexpected(error: BaseException) -> str:
    """Return one line for an exception that nobody foresaw: its kind, its words, and where in diag it arose."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "diagnostics" in frame.filename]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-_FRAMES:]))
    words = " ".join(str(error).split())[:300]
    return (
        f"diag failed: {type(error).__name__}{f': {words}' if words else ''} ({places or 'outside diag'}). "
        "This is a fault of diag; please report it with this line and the command."
    )


def _quieten() -> None:
    """Keep libraries from writing to stderr what nobody redacted, and let SIGTERM end things in order."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    logging.getLogger().addHandler(logging.NullHandler())
    threading.excepthook = lambda arguments: say(unexpected(arguments.exc_value or RuntimeError("a thread ended")))
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if threading.current_thread() is threading.main_thread():
        with contextlib.suppress(ValueError, OSError):
            signal.signal(signal.SIGTERM, _terminated)
            signal.signal(signal.SIGINT, _interrupted)


def _nowhere() -> TextIO:
    """Stand in for a stream that was closed before the program started."""
    return open(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8", closefd=False)


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    """End at Ctrl-C; a second one ends at once."""
    signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(INTERRUPTED))
    _end_at_last(INTERRUPTED)
    raise KeyboardInterrupt


def _terminated(_number: int, _frame: FrameType | None) -> None:
    _end_at_last(TERMINATED)
    raise SystemExit(TERMINATED)


def _end_at_last(code: int) -> None:
    """Let open connections end in order, but not for longer than a person waits."""
    watchdog = threading.Timer(_GRACE, _give_up, (code,))
    watchdog.daemon = True
    watchdog.start()


def _give_up(code: int) -> None:
    say("Ended; a connection that did not answer was left as it was.")
    os._exit(code)
