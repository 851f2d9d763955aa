"""Where `diag analyze` takes its texts from: files, standard input, what the collector wrote, and saved reports."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from diagnostics.evidence import Evidence
from diagnostics.sources import collected
from diagnostics.sources.transcript import read_all

STDIN = "-"
_CHUNK = 256 * 1024
_HEAD = 4096
_LARGEST_REPORT = 64 * 1024 * 1024
_REPORT = re.compile(rb"\A\s*(?:\{\s*)?[\"']?schema[\"']?:\s*[\"']?diag/report/")


def evidence_of(names: Sequence[str]) -> Evidence:
    """Return the evidence in all the texts together.

    A single saved report yields the evidence that it holds; a collector's file may stand alone or beside texts. Raises
    OSError, NotText, NotAReport for a report that is damaged, CollectedUnusable for a collector's file that is.
    """
    if len(names) == 1 and names[0] != STDIN and _is_report(Path(names[0])):
        from diagnostics.report.structured import load_evidence  # noqa: PLC0415 - pydantic is heavy

        with Path(names[0]).open("rb") as file:
            return load_evidence(file.read(_LARGEST_REPORT).decode("utf-8", "replace"))
    taken = [name for name in names if name != STDIN and collected.is_collected(_head(Path(name)))]
    if len(taken) > 1:
        raise collected.CollectedUnusable("give one file of the collector at a time")
    texts = [name for name in names if name not in taken]
    if not taken:
        return _read(texts)
    evidence = collected.read(Path(taken[0]))
    return collected.with_texts(evidence, _read(texts)) if texts else evidence


def _read(names: Sequence[str]) -> Evidence:
    return read_all(("pasted text" if name == STDIN else name, _chunks(name)) for name in names)


def _head(path: Path) -> bytes:
    if not path.is_file():  # a pipe can be read only once
        return b""
    with path.open("rb") as file:
        return file.read(_HEAD)


def _is_report(path: Path) -> bool:
    return _REPORT.match(_head(path)) is not None


def _chunks(name: str) -> Iterator[bytes]:
    if name == STDIN:
        while chunk := sys.stdin.buffer.read(_CHUNK):
            yield chunk
        return
    with closing(Path(name).open("rb")) as file:
        while chunk := file.read(_CHUNK):
            yield chunk
