"""Every way of breaking the simulated tenant, every healthy shape and every recorded trace, each through the real path.

A scenario runs in a lab and a process of its own, through the sources, the checks and the diagnosis that a command uses. The
rows say which cause came first and at which rank the right one stands.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, TypeVar

from diagnostics import formats
from diagnostics.lab.catalog import SHAPES
from diagnostics.lab.scenarios.registry import scenarios
from diagnostics.lab.traces import traces

if TYPE_CHECKING:
    from diagnostics.report import Report

T = TypeVar("T")
SCENARIO, SHAPE, TRACE = "scenario", "shape", "trace"
AMBIGUOUS_RANK = 3
"""Where a cause with rivals must stand at least."""
PROCESSES = 4


class NothingChosen(ValueError):
    """No scenario, shape or trace has the name that was asked for."""


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one run: `expected` is empty for what is healthy, `rank` is 0 where the cause was not named."""

    kind: str
    name: str
    expected: str
    named: tuple[tuple[str, str], ...]
    exit_code: int
    seconds: float
    rivals: Mapping[str, str] = field(default_factory=dict)

    @property
    def first(self) -> str:
        """The first cause named, or nothing."""
        return self.named[0][0] if self.named else ""

    @property
    def rank(self) -> int:
        """At which place the right cause stands, from 1; 0 when it is not there."""
        names = [cause for cause, _ in self.named]
        return names.index(self.expected) + 1 if self.expected in names else 0

    @property
    def is_right(self) -> bool:
        """Whether the right cause is first, or nothing is named where nothing is wrong."""
        if not self.expected:
            return not self.named and self.exit_code in ({0} if self.kind == SHAPE else {0, 3})
        return 0 < self.rank <= (AMBIGUOUS_RANK if self.rivals else 1)

    def as_tree(self) -> dict[str, Any]:
        """Return the row as mappings, lists and scalars."""
        named = [{"cause": cause, "confidence": confidence} for cause, confidence in self.named]
        return {**asdict(self), "named": named, "first": self.first, "rank": self.rank, "right": self.is_right}


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to run; `name` is the scenario's, the shape's or the trace's."""

    kind: str
    name: str
    shape: str = ""


def jobs(only: Sequence[str] = ()) -> list[Job]:
    """Return everything there is to run, or what `only` names: whole names, or causes with all their variants and traces.

    Raises NothingChosen for a name that is neither.
    """
    known = [Job(SCENARIO, name) for name in scenarios()]
    known += [Job(SHAPE, name) for name in SHAPES]
    known += [Job(TRACE, name) for name in traces()]
    wanted = {name: [job for job in known if _matches(job, name)] for name in only}
    for name, found in wanted.items():
        if not found:
            raise NothingChosen(f"no scenario, shape or trace is called {name!r}")
    return [job for job in known if not only or any(job in found for found in wanted.values())]


def _matches(job: Job, name: str) -> bool:
    return name in {job.name, job.name.partition("/")[0].partition(".")[0]}


def run(job: Job) -> Row:
    """Run one job in this process, whose environment holds the lab's secrets meanwhile."""
    return judged(job)[0]


def judged(job: Job) -> tuple[Row, Report]:
    """Run one job like `run`; return its report, too."""
    started = time.monotonic()
    if job.kind == TRACE:
        trace = traces()[job.name]
        report, expected, rivals = judge_text(trace.read()), trace.cause, trace.rivals
    elif job.kind == SHAPE:
        report, expected, rivals = judge_lab((), job.name), "", {}
    else:
        scenario = scenarios()[job.name]
        report, expected, rivals = judge_lab((job.name,), job.shape), scenario.cause, scenario.rivals
    return _row(job, expected, report, started, rivals), report


def run_all(chosen: Sequence[Job], done: Callable[[Row], None] = lambda _row: None) -> list[Row]:
    """Run the jobs and return their rows in the same order; `done` is told of each row in that order."""
    return list(_told(in_processes(chosen, run), done))


def in_processes(chosen: Sequence[Job], work: Callable[[Job], T]) -> Iterator[T]:
    """Yield what `work` returns for each job, in the same order.

    Labs run in a few processes of their own, since most of their time is spent waiting. Texts take no time.
    """
    labs = [job for job in chosen if job.kind != TRACE]
    if len(labs) < PROCESSES:
        yield from map(work, chosen)
        return
    # Processes that start afresh: a fork would take the locks of running threads along.
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        pending = {job: pool.submit(work, job) for job in labs}
        try:
            for job in chosen:
                yield pending[job].result() if job in pending else work(job)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _told(rows: Iterable[Row], done: Callable[[Row], None]) -> Iterator[Row]:
    for row in rows:
        done(row)
        yield row


def judge_lab(names: Sequence[str], shape: str = "") -> Report:
    """Do what `diag permissions` does against a lab that is broken in these ways."""
    from diagnostics.lab.server import DEFAULT_SHAPE, Lab  # noqa: PLC0415 - heavy
    from diagnostics.profile import load  # noqa: PLC0415 - heavy
    from diagnostics.profile.subject import subject  # noqa: PLC0415 - heavy
    from diagnostics.report import build  # noqa: PLC0415 - heavy
    from diagnostics.run import RunOptions, observe  # noqa: PLC0415 - heavy

    started = dt.datetime.now(dt.UTC)
    with Lab(shape or DEFAULT_SHAPE, names) as lab, _environment(lab.env):
        profile = load(lab.profile)
        about = subject(profile, _silent, graph=profile.graph)
        evidence = observe(about, RunOptions(graph=profile.graph), _silent)
    return build(evidence, command="diag lab matrix", started=started)


def judge_text(text: bytes) -> Report:
    """Do what `diag analyze` does with a text."""
    from diagnostics.report import build  # noqa: PLC0415 - heavy
    from diagnostics.sources.transcript import read  # noqa: PLC0415 - heavy

    started = dt.datetime.now(dt.UTC)
    return build(read([text], name="pasted text"), command="diag lab matrix", started=started)


def _row(job: Job, expected: str, report: Report, started: float, rivals: Mapping[str, str]) -> Row:
    named = tuple((cause.cause, cause.confidence.value) for cause in report.diagnosis.causes)
    seconds = round(time.monotonic() - started, 2)
    return Row(job.kind, job.name, expected, named, report.exit_code, seconds, dict(rivals))


def _silent(_text: str) -> None:
    """Take the messages of a run that nobody watches."""


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set the lab's variables for the body, and put back what was there."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def render(rows: Sequence[Row], output: str = "table") -> str:
    """Return the rows as a table with a closing line, or as JSON. Raises ValueError for a format that does not exist."""
    if output == "json":
        return formats.as_json({"rows": [row.as_tree() for row in rows], "right": _right(rows), "all": len(rows)})
    if output != "table":
        raise ValueError(f"no such format: {output}; there are table, json")
    from tabulate import tabulate  # noqa: PLC0415 - only for tables

    headers = ("Scenario or trace", "First cause named", "Rank", "Exit", "Seconds", "Verdict")
    cells = [
        (row.name, row.first or "-", row.rank or "-", row.exit_code, f"{row.seconds:.2f}", _verdict(row))
        for row in rows
    ]
    table = tabulate(cells, headers=headers, tablefmt="simple", disable_numparse=True)
    return f"{table}\n\n{_right(rows)} of {len(rows)} as expected.\n"


def _right(rows: Sequence[Row]) -> int:
    return sum(row.is_right for row in rows)


def _verdict(row: Row) -> str:
    if not row.is_right:
        return "WRONG"
    return f"right; rivals: {', '.join(row.rivals)}" if row.rivals else "right"
