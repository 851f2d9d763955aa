"""Checks: one folder per stage, one file per check, pure functions over evidence.

A check's file defines one module-level `CHECK`. `all_checks` finds them, so that a new file is all that a new check needs.
Checks never fetch, never import a source or the lab, and never read the clock.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from diagnostics import purpose
from diagnostics.evidence import Evidence, MailboxEvidence, Missing, Unavailable
from diagnostics.findings import Finding, Judgement, Outcome, Stage, skipped, unknown
from diagnostics.redaction import safe
from diagnostics.unforeseen import in_words

Judge: TypeAlias = Callable[[Evidence], Iterable[Judgement]]
JudgeAfter: TypeAlias = Callable[[Evidence, Sequence[Finding]], Iterable[Judgement]]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: what it is called, which causes it can name, what it needs, and the pure function that judges.

    `judge_after` is for the few rules that need the findings of earlier stages (propagation). `required` checks decide the
    exit code; those that need Graph are not required.
    """

    id: str
    stage: Stage
    title: str
    causes: tuple[str, ...]
    judge: Judge | None = None
    judge_after: JudgeAfter | None = None
    required: bool = True
    order: int = 50


@functools.cache
def all_checks() -> tuple[Check, ...]:
    """Return every check of this package in the order of the chain."""
    found: list[Check] = []
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        check = getattr(importlib.import_module(module.name), "CHECK", None)
        if isinstance(check, Check):
            found.append(check)
    return tuple(sorted(found, key=lambda check: (check.stage.position, check.order, check.id)))


def run_checks(evidence: Evidence, checks: Sequence[Check] | None = None) -> tuple[Finding, ...]:
    """Judge `evidence` with every check, along the chain.

    What could not be tried because an earlier link is broken is `skipped`, and its reason names that link; without a broken
    link before it, it stays `unknown`. Only a required check breaks a link: others may fail beside a run that ends well.
    The operator's link leads to what Exchange PowerShell shows, and to nothing else.
    """
    evidence = _with_every_mailbox(evidence)
    findings: list[Finding] = []
    for check in all_checks() if checks is None else checks:
        for judgement in _guarded(check, evidence, findings):
            judged = _after_broken_link(check, _to_the_point(judgement, evidence), findings)
            findings.append(Finding(check.id, check.title, check.stage, check.required, judged))
    return tuple(findings)


def _with_every_mailbox(evidence: Evidence) -> Evidence:
    """Add the mailboxes that were to be looked at and of which nothing is known: they are not forgotten, but unknown."""
    if not evidence.live:
        return evidence
    seen = {mailbox.address.casefold() for mailbox in evidence.mailboxes}
    why = Unavailable("nobody looked at this mailbox", Missing.UNEXPECTED)
    rest = [one for one in evidence.target.mailboxes if one.casefold() not in seen]
    return replace(
        evidence, mailboxes=(*evidence.mailboxes, *(MailboxEvidence(one, why, why, why, why) for one in rest))
    )


def _guarded(check: Check, evidence: Evidence, findings: Sequence[Finding]) -> list[Judgement]:
    """Return what a check says; one that fails costs its own judgement and no other."""
    said: list[Judgement] = []
    try:
        said.extend(_judge(check, evidence, findings))
    except Exception as error:  # noqa: BLE001 - whatever it was, the other checks stand
        words = safe(in_words(error))
        reason = f"diag failed in this check: {words}"
        said.append(replace(unknown("This could not be judged", reason), fault=f"check {check.id}: {words}"))
    return said


def _judge(check: Check, evidence: Evidence, findings: Sequence[Finding]) -> Iterator[Judgement]:
    if check.judge is not None:
        yield from check.judge(evidence)
    if check.judge_after is not None:
        yield from check.judge_after(evidence, tuple(findings))


def _to_the_point(judgement: Judgement, evidence: Evidence) -> Judgement:
    """Leave out causes that a text cannot be about; a judgement that only they spoke for was not asked for."""
    beside = {s.cause: why for s in judgement.suspects if (why := purpose.is_beside_the_point(s.cause, evidence))}
    if not beside:
        return judgement
    left = tuple(suspect for suspect in judgement.suspects if suspect.cause not in beside)
    if left:
        return replace(judgement, suspects=left)
    reason = next(iter(beside.values()))
    return skipped(judgement.summary, reason, subject=judgement.subject, missing=Missing.NOT_IN_TEXT)


def _after_broken_link(check: Check, judgement: Judgement, earlier: Sequence[Finding]) -> Judgement:
    if judgement.outcome is not Outcome.UNKNOWN or judgement.missing is not Missing.BLOCKED:
        return judgement
    failed = (finding for finding in earlier if finding.required and finding.outcome is Outcome.FAIL)
    broken = next((finding for finding in failed if _leads_to(finding.stage, check.stage)), None)
    if broken is None:
        return judgement
    return replace(judgement, outcome=Outcome.SKIPPED, reason=f"{judgement.reason}, since “{broken.title}” failed")


_SHOWN_BY_EXCHANGE = frozenset({Stage.OPERATOR, Stage.EXCHANGE_SP, Stage.MAILBOX, Stage.MAILBOX_PERMISSION})


def _leads_to(earlier: Stage, later: Stage) -> bool:
    if earlier is Stage.OPERATOR and later not in _SHOWN_BY_EXCHANGE:
        return False
    return earlier.position <= later.position
