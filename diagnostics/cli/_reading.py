"""Where `diag analyze` takes its texts from: files, standard input, what the collector wrote, and saved reports."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from diagnostics import files
from diagnostics.evidence import Evidence
from diagnostics.sources import collected
from diagnostics.sources.transcript import read_all

STDIN = "-"
_CHUNK = 256 * 1024
_HEAD = 4096
_LARGEST_REPORT = 64 * 1024 * 1024
_REPORT = re.compile(r"\A\s*(?:\{\s*)?[\"']?schema[\"']?:\s*[\"']?diag/report/")


def evidence_of(names: Sequence[str]) -> Evidence:
    """Return the evidence in all the texts together.

    A single saved report yields the evidence that it holds; a collector's file may stand alone or beside texts. Raises
    FileUnusable, OSError, NotText, NotAReport for a report that is damaged, CollectedUnusable for a collector's file
    that is.
    """
    texts = [_Text(name) for name in names]
    if len(texts) == 1 and texts[0].is_report():
        from diagnostics.report.structured import load_evidence  # noqa: PLC0415 - pydantic is heavy

        return load_evidence(texts[0].whole(_LARGEST_REPORT))
    taken = [text for text in texts if collected.is_collected(text.head)]
    if len(taken) > 1:
        raise collected.CollectedUnusable("give one file of the collector at a time")
    others = [text for text in texts if text not in taken]
    if not taken:
        return _read(others)
    evidence = collected.read(taken[0].bytes(collected.LARGEST), taken[0].name)
    return collected.with_texts(evidence, _read(others)) if others else evidence


def _read(texts: Sequence[_Text]) -> Evidence:
    return read_all((text.name, text.chunks()) for text in texts)


class _Text:
    """A text that is read once, from a file, a pipe or standard input; `head` is how it begins."""

    def __init__(self, name: str) -> None:
        self.name = "pasted text" if name == STDIN else name
        self.head = b"" if name == STDIN else files.head(Path(name), _HEAD)
        self._first = b""
        self._rest = _chunks(name)
        if not self.head:  # what can be read only once, a pipe, is opened now, and a file when its turn comes
            for chunk in self._rest:
                self._first += chunk
                if len(self._first) >= _HEAD:
                    break
            self.head = self._first[:_HEAD]

    def is_report(self) -> bool:
        """Whether it begins like a saved report, in UTF-8 or in UTF-16 with its mark."""
        return _REPORT.match(files.decoded(self.head, self.name, errors="replace")) is not None

    def chunks(self) -> Iterator[bytes]:
        """Yield the text in pieces."""
        yield self._first
        yield from self._rest

    def bytes(self, largest: int) -> bytes:
        """Return the whole. Raises FileUnusable for one that is too large."""
        whole = bytearray()
        for chunk in self.chunks():
            whole += chunk
            if len(whole) > largest:
                raise files.FileUnusable(self.name, f"is larger than {largest // 1024**2} MiB", "Name the right file")
        return bytes(whole)

    def whole(self, largest: int) -> str:
        """Return the whole as text, with a sign in the place of what is none. Raises FileUnusable."""
        return files.decoded(self.bytes(largest), self.name, errors="replace")


def _chunks(name: str) -> Iterator[bytes]:
    yield from _standard_input() if name == STDIN else files.chunks(Path(name))


def _standard_input() -> Iterator[bytes]:
    """Yield what comes in until its end; on a terminal, Ctrl-D is the end also behind a line that has none."""
    try:
        sys.stdin.fileno()
    except (OSError, ValueError):  # a stream within the process
        yield sys.stdin.buffer.read()
        return
    typed = sys.stdin.isatty()
    while chunk := os.read(sys.stdin.fileno(), _CHUNK):
        yield chunk
        if typed and not chunk.endswith(b"\n"):  # a terminal hands over whole lines, or what Ctrl-D cut off
            return
