"""The fault matrix as a table and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import asdict

from diagnostics.formats import as_json
from diagnostics.lab.faultmatrix.cells import Senseless
from diagnostics.lab.faultmatrix.running import Row

_VERDICT_WIDTH = 70


def render(rows: Sequence[Row], left_out: Sequence[Senseless], output: str = "table") -> str:
    """Return the rows and what was left out, as a table or as JSON. Raises ValueError for another format."""
    right = sum(row.is_right for row in rows)
    if output == "json":
        tree = {
            "rows": [{**asdict(row), "right": row.is_right} for row in rows],
            "senseless": [{"name": item.name, "reason": item.reason} for item in left_out],
            "right": right,
            "all": len(rows),
        }
        return as_json(tree)
    if output != "table":
        raise ValueError(f"no such format: {output}; there are table, json")
    return "\n".join([_table(rows), *_senseless(left_out), f"{right} of {len(rows)} as expected.", ""])


def _table(rows: Sequence[Row]) -> str:
    from tabulate import tabulate  # noqa: PLC0415 - only for tables

    headers = ("Cell", "Exit", "Seconds", "MB", "Met", "Verdict")
    cells = [
        (
            row.name,
            row.exit_code,
            f"{row.seconds:.1f}",
            row.megabytes,
            row.met,
            textwrap.fill(row.verdict, _VERDICT_WIDTH),
        )
        for row in rows
    ]
    return tabulate(cells, headers=headers, tablefmt="simple", disable_numparse=True) + "\n"


def _senseless(left_out: Sequence[Senseless]) -> list[str]:
    """Return the reasons, each with the cells that it rules out."""
    reasons: dict[str, list[str]] = {}
    for item in left_out:
        reasons.setdefault(f"{item.boundary}: {item.reason}", []).append(item.kind.name)
    lines = [f"{len(left_out)} combinations of boundary and fault make no sense:"] if left_out else []
    for reason, names in reasons.items():
        lines += textwrap.wrap(f"{reason}: {', '.join(names)}", 110, initial_indent="  ", subsequent_indent="    ")
    return [*lines, ""] if lines else []
