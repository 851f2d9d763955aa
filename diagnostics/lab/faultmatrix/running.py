"""Runs cells: a lab and a process of diag for each, two at once, and the verdict of the oracle."""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import yaml

from diagnostics.formats import loader_for
from diagnostics.lab.faultmatrix import oracle
from diagnostics.lab.faultmatrix.cells import NO_KIND, Boundary, Cell, Errand, Moment
from diagnostics.lab.faultmatrix.measuring import Measured, measure
from diagnostics.lab.faultmatrix.places import NEVER, OPERATION_SECONDS, Place, connect_seconds, placed, transport
from diagnostics.lab.faults import UNHEARD, Conduct, Fault

PROCESSES = 2
HEALTHY_SECONDS = 120.0
_LEAST = 8.0
"""Seconds that a start and a healthy run may take on a busy machine, whatever was measured."""

_UNHEARD_EXCHANGES = 8
"""Exchanges that a run begins at most with one boundary; where nobody listens, nobody can count them."""

USUAL = {Boundary.DNS: 1}
"""Exit codes of runs in which nothing misbehaves, where that is not 0."""

REPORT, JOURNAL = "report.yaml", "journal.jsonl"
UNCOUNTED = UNHEARD | {Conduct.RESET_AT_CONNECT, Conduct.SILENT_AT_CONNECT}


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one cell: `wrong` is empty where all is as the oracle says."""

    name: str
    exit_code: int
    seconds: float
    megabytes: int
    met: int
    wrong: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether the oracle found nothing wrong."""
        return not self.wrong

    @property
    def verdict(self) -> str:
        """Right, or what is wrong."""
        return f"WRONG: {'; '.join(self.wrong)}" if self.wrong else "right"


@functools.cache
def healthy(boundary: Boundary, fitting: str, errand: Errand, conduct: Conduct | None) -> tuple[int, float]:
    """Return how many exchanges fit in a healthy run, and how many seconds it takes. Raises RuntimeError if it fails.

    `conduct` is what waits for an exchange that never comes.
    """
    with tempfile.TemporaryDirectory(prefix="diag-faults-") as folder:
        home, kind = Path(folder), replace(NO_KIND, fault=Fault(conduct=conduct))
        with placed(Cell(boundary, kind, Moment("never", fitting, NEVER), errand), home, NEVER) as place:
            done = measure(*_command(place), home, lambda: HEALTHY_SECONDS)
            if done.exit_code != USUAL.get(boundary, 0):
                words = done.stderr.decode("utf-8", "replace").strip()[-300:]
                raise RuntimeError(f"a healthy run over {transport(boundary)} ends with {done.exit_code}: {words}")
            return place.seen, done.seconds


def run(cell: Cell) -> Row:
    """Run one cell."""
    counted = cell.kind.conduct if cell.kind.conduct is Conduct.RESET_MID_REQUEST else None  # a stream's requests
    seen, usual = healthy(cell.boundary, cell.moment.fitting, cell.errand, counted)
    with tempfile.TemporaryDirectory(prefix="diag-faults-") as folder:
        home = Path(folder)
        with placed(cell, home, cell.moment.at(seen)) as place:
            words, environment = _command(place)
            done = measure(words, environment, home, lambda: _limit(cell, place, usual))
            found = list(oracle.problems(cell, _run(cell, place, done)))
            return Row(
                cell.name,
                done.exit_code,
                round(done.seconds, 1),
                done.memory // oracle.MEGABYTE,
                place.met,
                tuple(found),
            )


def _limit(cell: Cell, place: Place, usual: float) -> float:
    """Return the seconds that the run may take: those of a healthy one, and three times the deadlines it has met."""
    begun = _UNHEARD_EXCHANGES if cell.kind.conduct in UNHEARD else max(1, place.met)
    return max(_LEAST, 2 * usual) + oracle.PATIENCE * (connect_seconds(cell) + OPERATION_SECONDS) * begun


def _command(place: Place) -> tuple[list[str], dict[str, str]]:
    diag = [sys.executable, "-m", "diagnostics"]
    if place.cell.errand is Errand.LOOK:
        words = [*diag, "permissions", "--report", str(place.home / REPORT)]
    else:
        words = [*diag, "grant", "--yes", "--journal", str(place.home / JOURNAL)]
    words += ["--profile", str(place.profile)]
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LANG") if name in os.environ}
    folders = {"HOME": str(place.home), "XDG_STATE_HOME": str(place.home / "state"), "PYTHONUTF8": "1"}
    return words, {**kept, **folders, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **place.lab.env}


def _run(cell: Cell, place: Place, done: Measured) -> oracle.Run:
    written = {name: (place.home / name).read_bytes() for name in (REPORT, JOURNAL) if (place.home / name).exists()}
    return oracle.Run(
        measured=done,
        report=_read(written.get(REPORT, b"")),
        shown=b"\n".join((done.stdout, done.stderr, *written.values())),
        words=place.words,
        secrets=place.secrets(),
        met=None if cell.kind.conduct in UNCOUNTED else place.met,
        visitors=place.trap.visitors,
        access=place.access(),
        before=place.before,
        journal=place.home / JOURNAL,
    )


def _read(text: bytes) -> dict[str, Any] | None:
    loader = loader_for(text.decode("utf-8", "replace"))
    try:
        tree = yaml.load(text, Loader=loader) if text else None  # noqa: S506 - a safe loader
    except yaml.YAMLError:
        return None
    return tree if isinstance(tree, dict) else None


def run_all(chosen: Sequence[Cell], done: Callable[[Row], None] = lambda _row: None) -> list[Row]:
    """Run the cells and return their rows in the same order; `done` is told of each row in that order."""
    rows: list[Row] = []
    # Processes that start afresh: a fork would take the locks of running threads along.
    with ProcessPoolExecutor(min(PROCESSES, len(chosen) or 1), mp_context=get_context("spawn")) as pool:
        try:
            for row in pool.map(run, chosen):
                done(row)
                rows.append(row)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return rows
