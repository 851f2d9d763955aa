from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from diagnostics.findings import Outcome
from diagnostics.lab import matrix
from diagnostics.lab.matrix import Job, Row
from diagnostics.redaction import safe
from diagnostics.report import Report, render

WIDE = 100_000  # columns, so that nothing is wrapped


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison with its values as they are shown, and the outcome of its check."""

    outcome: str
    left_name: str
    left: str
    right_name: str
    right: str
    relation: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a job: its row, the comparisons of its report, and the report as a table in each language."""

    row: Row
    compared: tuple[Compared, ...]
    tables: tuple[str, ...]


def see(job: Job) -> Seen:
    """Run a job in this process."""
    row, report = matrix.judged(job)
    return shown(row, report)


def shown(row: Row, report: Report) -> Seen:
    found = tuple(
        Compared(
            str(finding.outcome), one.left_name, safe(one.left), one.right_name, safe(one.right), str(one.relation)
        )
        for finding in report.findings
        if not (finding.outcome is Outcome.SKIPPED and finding.judgement.missing)
        for one in finding.judgement.compared
    )
    tables = tuple(render(replace(report, language=language), width=WIDE) for language in ("en", "es"))
    return Seen(row, found, tables)


@pytest.fixture(scope="session")
def seen() -> dict[Job, Seen]:
    """Every scenario and every healthy shape, run once through the real path, a few at a time."""
    labs = [job for job in matrix.jobs() if job.kind != matrix.TRACE]
    return dict(zip(labs, matrix.in_processes(labs, see), strict=True))


@pytest.fixture(scope="session")
def rows(seen: dict[Job, Seen]) -> dict[Job, Row]:
    """The rows of them."""
    return {job: one.row for job, one in seen.items()}
