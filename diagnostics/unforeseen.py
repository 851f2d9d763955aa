"""An exception that nobody foresaw, in words: a fault of diag, which costs one answer and never what was seen beside it."""

from __future__ import annotations

import traceback
from pathlib import Path

_FRAMES = 3
_LONGEST = 300


def in_words(error: BaseException) -> str:
    """Return an exception's kind, its words, and where in diag it arose, in one line; not redacted."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "diagnostics" in frame.filename]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-_FRAMES:]))
    words = " ".join(str(error).split())[:_LONGEST]
    return f"{type(error).__name__}{f': {words}' if words else ''} ({places or 'outside diag'})"
