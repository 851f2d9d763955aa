from __future__ import annotations

import pytest

from diagnostics.lab import matrix
from diagnostics.lab.matrix import Job, Row


@pytest.fixture(scope="session")
def rows() -> dict[Job, Row]:
    """Every scenario and every healthy shape, run once through the real path, a few at a time."""
    labs = [job for job in matrix.jobs() if job.kind != matrix.TRACE]
    return dict(zip(labs, matrix.run_all(labs), strict=True))
