"""Runs a command of diag and kills the process, as by SIGKILL, at one write of the journal.

Arguments: the number of the write, `before`, `torn` or `after` it, the size of a batch, and diag's own arguments.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import Any

from diagnostics.changes import apply as applying
from diagnostics.changes import journal as journals
from diagnostics.cli.main import run
from tests import posix


def main() -> None:
    assert sys.platform != "win32"
    number, moment, batch, *words = sys.argv[1:]
    applying.apply = functools.partial(applying.apply, batch=int(batch))
    applying.resume = functools.partial(applying.resume, batch=int(batch))
    genuine = journals.Journal._write
    writes = 0

    def write(journal: Any, data: bytes) -> None:
        nonlocal writes
        writes += 1
        if writes == int(number):
            if moment == "torn":
                os.write(journal._file.fileno(), data[: len(data) * 2 // 3])
            if moment == "after":
                genuine(journal, data)
            os.kill(os.getpid(), posix.SIGKILL)
        genuine(journal, data)

    journals.Journal._write = write  # type: ignore[method-assign,assignment]
    run(words)


main()
