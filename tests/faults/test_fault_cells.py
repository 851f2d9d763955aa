"""The cells are complete: every boundary and every fault, each with an expectation, or with a reason why it makes none."""

from __future__ import annotations

import pytest

from diagnostics.lab.faultmatrix import oracle
from diagnostics.lab.faultmatrix.cells import (
    Boundary,
    Cell,
    Errand,
    NothingChosen,
    Senseless,
    cells,
    generated,
    kinds,
)


def test_every_boundary_meets_every_fault_or_says_why_not() -> None:
    everything = list(generated())
    tried = {(cell.boundary, cell.kind.name) for cell in everything if isinstance(cell, Cell)}
    left_out = {(cell.boundary, cell.kind.name) for cell in everything if isinstance(cell, Senseless)}
    assert tried | left_out == {(boundary, kind.name) for boundary in Boundary for kind in kinds()}
    assert not tried & left_out
    assert all(cell.reason for cell in everything if isinstance(cell, Senseless))


def test_no_two_cells_have_one_name() -> None:
    names = [cell.name for cell in generated()]
    assert len(names) == len(set(names))


def test_every_cell_has_an_expectation() -> None:
    looks = [cell for cell in generated() if isinstance(cell, Cell) and cell.errand is Errand.LOOK]
    assert all(oracle.expected(cell).exits for cell in looks)


def test_statuses_from_400_to_504_and_redirects() -> None:
    names = {kind.name for kind in kinds()}
    assert {f"status-{status}" for status in (400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504)} <= names
    assert {f"redirect-{status}" for status in (301, 302, 303, 307, 308)} <= names


@pytest.mark.parametrize(
    ("wanted", "first"),
    [
        ("graph/silent", "graph/silent/first"),
        ("imap/*/examine", "imap/reset-mid-request/examine"),
        ("grant/rest", "grant/rest/reset-mid-request/first"),
    ],
)
def test_a_part_of_a_name_chooses_all_that_begin_with_it(wanted: str, first: str) -> None:
    assert cells([wanted])[0].name == first


def test_a_name_that_nothing_has_is_refused() -> None:
    with pytest.raises(NothingChosen, match="no-such-cell"):
        cells(["no-such-cell"])
