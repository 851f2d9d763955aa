"""What logs and people say in sentences: each link has a table of which sentence speaks for which cause.

The sentences are recognised by the reader of pasted texts, which names them by what they say (`Remark.kind`). Whether a
sentence accuses anything is decided here alone. A server's own code can be `certain`; somebody's words never are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from diagnostics.checks import Check
from diagnostics.evidence import Evidence, Remark
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed

CERTAIN, LIKELY, POSSIBLE = Confidence.CERTAIN, Confidence.LIKELY, Confidence.POSSIBLE


@dataclass(frozen=True, slots=True)
class Says:
    """One row: a remark of this kind, whose text fits `fitting`, speaks for `cause`."""

    kind: str
    cause: str
    confidence: Confidence
    fitting: str = ""
    instead_of: tuple[str, ...] = ()


def said(stage: Stage, rows: Sequence[Says]) -> Check:
    """Return the check of one link's table."""
    return Check(
        id=f"said-of-{stage}",
        stage=stage,
        title="No sentence of a log speaks of a fault here",
        causes=tuple(dict.fromkeys(row.cause for row in rows)),
        judge=_judge(rows),
        order=90,
    )


def _judge(rows: Sequence[Says]) -> Callable[[Evidence], Iterator[Judgement]]:
    def judge(evidence: Evidence) -> Iterator[Judgement]:
        for remark in evidence.remarks:
            suspects = tuple(_suspect(row, remark) for row in rows if _fits(row, remark))
            if suspects:
                shown = " ".join(remark.text.split())[:160]
                yield failed(f"It says “{shown}”", *suspects)

    return judge


def _fits(row: Says, remark: Remark) -> bool:
    if row.kind != remark.kind:
        return False
    text = f"{remark.text} {' '.join(f'{name}={value}' for name, value in remark.values)}"
    return not row.fitting or re.search(row.fitting, text, re.IGNORECASE) is not None


def _suspect(row: Says, remark: Remark) -> Suspect:
    sentence = f"{remark.provenance.how}: “{' '.join(remark.text.split())[:200]}”"
    return Suspect(row.cause, row.confidence, (sentence,), instead_of=row.instead_of)
