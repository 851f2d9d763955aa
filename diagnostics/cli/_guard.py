"""Exit codes, and what becomes of an exception that a command did not expect."""

from __future__ import annotations

import contextlib
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
   70  diag itself failed: please report it
"""

_FRAMES = 3


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
    except SystemExit as leaving:
        _flush()
        raise SystemExit(leaving.code) from None
    except BaseException as error:  # noqa: BLE001 - nothing may leave as a traceback
        say(unexpected(error))
        _leave(INTERNAL)


def _leave(code: int) -> None:
    _flush()
    raise SystemExit(code) from None


def _flush() -> None:
    """Write out what is left; where nobody reads any more, let the interpreter's own flush go nowhere."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError, AttributeError):
            with contextlib.suppress(Exception):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        except OSError as error:
            with contextlib.suppress(Exception):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
                if stream is sys.stdout:
                    say(f"diag: the output could not be written: {error.strerror}")


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
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if threading.current_thread() is threading.main_thread():
        with contextlib.suppress(ValueError, OSError):
            signal.signal(signal.SIGTERM, _terminated)


def _terminated(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(TERMINATED)
