"""Exit codes, and what becomes of an exception that a command did not expect."""

from __future__ import annotations

import atexit
import contextlib
import io
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn, TextIO

OK, FAILED, USAGE, UNKNOWN, NOT_SIGNED_IN, INTERNAL, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 4, 70, 130, 143

EXIT_CODES = """\
\b
Exit codes, the first that applies:
  130  interrupted
    2  the arguments are wrong, or the profile cannot be parsed
    1  a required check failed, or a certain or likely cause is named; analyze: any, where the text fails
    4  the operator is not signed in, so that a required check could not run
    3  a required check is unknown for another reason, or a text does not show that the mailbox opened
    0  all is well
   70  diag itself failed, or could not write its output
"""

_NOT_WRITTEN = "diag: the output could not be written"
_GRACE = 5.0
"""Seconds that open connections have to end after Ctrl-C."""

_speaking = threading.Lock()


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Run the body so that it can only end with a documented exit code, and quietly when its reader has gone."""
    _quieten()
    code: object = OK
    try:
        yield
    except KeyboardInterrupt:
        say("Interrupted.")
        code = INTERRUPTED
    except BrokenPipeError:
        pass
    except SystemExit as leaving:
        code = leaving.code
    except OutputLost as lost:
        say(f"{_NOT_WRITTEN}: {lost}")
        code = INTERNAL
    except BaseException as error:  # noqa: BLE001 - nothing may leave as a traceback
        unwritten = _flush() if isinstance(error, OSError) else ""
        say(f"{_NOT_WRITTEN}: {unwritten}" if unwritten else unexpected(error))
        code = INTERNAL
    _leave(code)


def _leave(code: object) -> NoReturn:
    """Write out what is left and go; from here on Ctrl-C cannot undo what was done, and ends with its code at once."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(INTERRUPTED))
    if lost := _flush():
        say(f"{_NOT_WRITTEN}: {lost}")
        code = INTERNAL
    raise SystemExit(code) from None


class OutputLost(Exception):
    """Standard output took nothing: a full disk, say."""


def _flush() -> str:
    """Write out what is left, and say why standard output did not take it.

    Where nothing takes it, the interpreter's own flush goes nowhere. A reader that has gone is no loss.
    """
    lost = ""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError) as error:
            if stream is sys.stdout and not isinstance(error, BrokenPipeError):
                lost = getattr(error, "strerror", None) or type(error).__name__
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return lost


def say(text: str) -> None:
    """Write one whole line to stderr, if there is one that takes it: what cannot be said ends no run."""
    from diagnostics.redaction import safe  # noqa: PLC0415 - only when there is something to say

    line = f"{safe(text)}\n"
    alone = _speaking.acquire(timeout=_GRACE)  # two threads do not share a line; a thread that hangs silences nobody
    try:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(line)
            sys.stderr.flush()
    finally:
        if alone:
            _speaking.release()


def unexpected(error: BaseException) -> str:
    """Return one line for an exception that nobody foresaw: its kind, its words, and where in diag it arose."""
    from diagnostics.unforeseen import in_words  # noqa: PLC0415 - only when there is something to say

    return reported(in_words(error))


def reported(words: str) -> str:
    """Return the line that asks to report a fault of diag."""
    return f"diag failed: {words}. This is a fault of diag; please report it with this line and the command."


def _quieten() -> None:
    """Keep libraries from writing to stderr what nobody redacted, and let SIGTERM end things in order."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    logging.getLogger().addHandler(logging.NullHandler())
    threading.excepthook = lambda arguments: say(unexpected(arguments.exc_value or RuntimeError("a thread ended")))
    for descriptor in range(3):
        _occupy(descriptor)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - it is the stream itself
    sys.stdout = sys.stdout or _nowhere(1)
    sys.stderr = sys.stderr or _nowhere(2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if threading.current_thread() is threading.main_thread():
        with contextlib.suppress(ValueError, OSError):
            signal.signal(signal.SIGTERM, _terminated)
            signal.signal(signal.SIGINT, _interrupted)
            atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)  # last: what comes then would be a kill


def _occupy(descriptor: int) -> None:
    """Keep the number of a closed stream from going to the next file, which children would then write into."""
    try:
        os.fstat(descriptor)
    except OSError:
        opened = os.open(os.devnull, os.O_RDWR)
        if opened != descriptor:
            os.dup2(opened, descriptor)
            os.close(opened)


def _nowhere(descriptor: int) -> TextIO:
    """Stand in for a stream that was closed before the program started."""
    return open(descriptor, "w", encoding="utf-8", closefd=False)


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
    words = "Ended; a connection that did not answer was left as it was."
    last = threading.Thread(target=say, args=(words,), daemon=True)  # a terminal that was stopped takes nothing
    last.start()
    last.join(1.0)
    os._exit(code)
