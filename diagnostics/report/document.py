"""The document model: what a run saw, what was judged, and what follows; every format renders this one thing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from diagnostics import __version__
from diagnostics.causes import FixStep
from diagnostics.checks import run_checks
from diagnostics.comparison import Comparison, Relation
from diagnostics.diagnosis import Diagnosis, RankedCause, diagnose, known_values
from diagnostics.evidence import Evidence
from diagnostics.exit_codes import exit_code
from diagnostics.findings import Finding
from diagnostics.invocation import Invocation
from diagnostics.redaction import safe
from diagnostics.report.words import REQUESTS, sentence
from diagnostics.unforeseen import in_words
from diagnostics.verdict import COLLECTED, Verdict, verdict

SCHEMA = "diag/report/1"
FAULT = 70
"""The exit code of a run in which a part of diag itself failed."""


@dataclass(frozen=True, slots=True)
class Report:
    """One run, judged. `started` and `finished` are UTC; `command` is what was run, without any value that is secret.

    `faults` say what failed within diag itself; what it did see is in the report all the same.
    """

    command: str
    started: dt.datetime
    finished: dt.datetime
    evidence: Evidence
    findings: tuple[Finding, ...]
    diagnosis: Diagnosis
    exit_code: int
    verdict: Verdict
    language: str = "en"
    invocation: Invocation = field(default_factory=Invocation)
    faults: tuple[str, ...] = ()
    version: str = __version__
    schema: str = SCHEMA


def build(
    evidence: Evidence,
    *,
    command: str,
    started: dt.datetime,
    language: str = "en",
    invocation: Invocation | None = None,
) -> Report:
    """Judge the evidence and return the document; pure but for the time of finishing, which is the evidence's.

    `invocation` is how the run was started, so that the commands in the report continue it.
    """
    invocation = invocation or Invocation.of(evidence.target)
    findings = run_checks(evidence)
    faults = [*evidence.faults, *(finding.judgement.fault for finding in findings if finding.judgement.fault)]
    try:
        diagnosis = diagnose(evidence, findings, language, invocation)
    except Exception as error:  # noqa: BLE001 - whatever it was, the findings stand
        faults.append(f"naming the cause: {safe(in_words(error))}")
        diagnosis = Diagnosis()
    code = FAULT if faults else exit_code(evidence, findings, diagnosis)
    return Report(
        command=command,
        started=started,
        finished=max(started, evidence.judged_at),
        evidence=evidence,
        findings=findings,
        diagnosis=diagnosis,
        exit_code=code,
        verdict=verdict(evidence, findings, diagnosis, code),
        language=language,
        invocation=invocation,
        faults=tuple(faults),
    )


def as_tree(report: Report, evidence: Mapping[str, object]) -> dict[str, object]:
    """Return the document as mappings, lists and scalars; `evidence` is the evidence in that form."""
    return {
        "schema": report.schema,
        "obstacles": [
            {"who": str(one.who), "reason": one.reason, "hint": one.hint} for one in report.evidence.obstacles
        ],
        "version": report.version,
        "command": report.command,
        "started": report.started.isoformat(timespec="seconds"),
        "finished": report.finished.isoformat(timespec="seconds"),
        "exit_code": report.exit_code,
        "verdict": _verdict(report),
        "target": _target(report),
        "causes": [_cause(cause) for cause in report.diagnosis.causes],
        "findings": [_finding(finding) for finding in report.findings],
        "left_out": list(report.evidence.left_out),
        "notes": list(report.evidence.notes),
        "faults": list(report.faults),
        "evidence": dict(evidence),
    }


def _verdict(report: Report) -> dict[str, object]:
    """Return the verdict, in English whatever the language, with what to ask for where a pasted text leaves links open."""
    found = report.verdict
    tree: dict[str, object] = {
        "kind": str(found.kind),
        "sentence": sentence(found, "en"),
        "covered": [str(stage) for stage in found.covered],
        "open": [str(stage) for stage in found.open],
        "ask_for": [
            {
                "stages": [str(stage) for stage in ask.stages],
                "what": REQUESTS["en"][ask.request],
                "commands": list(ask.commands),
            }
            for ask in found.asks
        ],
    }
    if found.asks:
        tree["or"] = list(at_once(report).values())
    return tree


def at_once(report: Report) -> dict[str, str]:
    """Return the commands that show more than one thing: the collector's `script`, where Exchange is open, and `live`."""
    asked = {stage for ask in report.verdict.asks for stage in ask.stages}
    script = {"script": report.invocation.inline("script collect")} if COLLECTED & asked else {}
    return {**script, "live": report.invocation.inline("permissions")}


def _target(report: Report) -> dict[str, object]:
    target = report.evidence.target
    values = {one.name: getattr(target, one.name) for one in fields(target)}
    values["domain"] = known_values(report.evidence).get("organization", "")
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value}


def _cause(cause: RankedCause) -> dict[str, object]:
    return {
        "cause": cause.cause,
        "confidence": str(cause.confidence),
        "stage": str(cause.stage),
        "title": cause.title,
        "subjects": list(cause.subjects),
        "evidence": list(cause.evidence),
        "fix": [_step(step) for step in cause.fix],
        "consequences": list(cause.consequences),
    }


def _step(step: FixStep) -> dict[str, object]:
    """Return a step; `languages` says for each command what reads it: a shell, or the reader alone (`text`, `http`)."""
    return {
        "step": step.text,
        "commands": [command.text for command in step.commands],
        "languages": [command.language for command in step.commands],
    }


def _finding(finding: Finding) -> dict[str, object]:
    judgement = finding.judgement
    tree: dict[str, object] = {
        "check": finding.check,
        "title": finding.title,
        "stage": str(finding.stage),
        "outcome": str(finding.outcome),
        "required": finding.required,
        "subject": judgement.subject,
        "summary": judgement.summary,
        "reason": judgement.reason,
        "hint": judgement.hint,
        "compared": [_compared(one) for one in judgement.compared],
        "suspects": [{"cause": s.cause, "confidence": str(s.confidence)} for s in judgement.suspects],
    }
    return {name: value for name, value in tree.items() if value not in ("", [])}


def _compared(one: Comparison) -> dict[str, object]:
    """Return a comparison; `equal` is null where one value was cut off, so that it cannot be told."""
    equal = None if one.relation is Relation.OPEN else one.equal
    return {one.left_name: one.left, one.right_name: one.right, "relation": str(one.relation), "equal": equal}
