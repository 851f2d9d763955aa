"""Where `diag analyze` takes its texts from: files, standard input, and saved reports, which are judged again."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from diagnostics.evidence import Evidence
from diagnostics.sources.transcript import read_all

STDIN = "-"
_CHUNK = 256 * 1024
_HEAD = 4096
_LARGEST_REPORT = 64 * 1024 * 1024
_REPORT = re.compile(rb"\A\s*(?:\{\s*)?[\"']?schema[\"']?:\s*[\"']?diag/report/")


def evidence_of(names: Sequence[str]) -> Evidence:
    """Return the evidence in all the texts together. Raises OSError, NotText, and NotAReport for a report that is damaged.

    A single saved report yields the evidence that it holds.
    """
    if len(names) == 1 and names[0] != STDIN and _is_report(Path(names[0])):
        from diagnostics.report.structured import load_evidence  # noqa: PLC0415 - pydantic is heavy

        with Path(names[0]).open("rb") as file:
            return load_evidence(file.read(_LARGEST_REPORT).decode("utf-8", "replace"))
    return read_all(("pasted text" if name == STDIN else name, _chunks(name)) for name in names)


def _is_report(path: Path) -> bool:
    with path.open("rb") as file:
        return path.is_file() and _REPORT.match(file.read(_HEAD)) is not None


def _chunks(name: str) -> Iterator[bytes]:
    if name == STDIN:
        while chunk := sys.stdin.buffer.read(_CHUNK):
            yield chunk
        return
    with closing(Path(name).open("rb")) as file:
        while chunk := file.read(_CHUNK):
            yield chunk
