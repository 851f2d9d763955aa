"""A report as plainly as it can be written, for when a renderer fails: what was seen is not lost with it."""

from __future__ import annotations

import datetime as dt
import enum
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from diagnostics.redaction import redact_tree, safe
from diagnostics.report.document import FAULT, Report


def render(report: Report, fault: str, output: str) -> str:
    """Return findings as lines for `table`, else findings and evidence as JSON, which is YAML as well."""
    if output == "table":
        return "\n".join([*_lines(report), f"diag failed while it rendered the report: {safe(fault)}", ""])
    return json.dumps(redact_tree(_tree(report, fault)), indent=2) + "\n"


def _lines(report: Report) -> list[str]:
    named = [f"Cause: {cause.cause} ({cause.confidence})" for cause in report.diagnosis.causes]
    findings = [f"{one.outcome}: {one.title}: {one.judgement.summary}" for one in report.findings]
    return [safe(line) for line in (*named, *findings)]


def _tree(report: Report, fault: str) -> dict[str, object]:
    return {
        "schema": report.schema,
        "version": report.version,
        "command": report.command,
        "started": report.started.isoformat(timespec="seconds"),
        "finished": report.finished.isoformat(timespec="seconds"),
        "exit_code": FAULT,
        "causes": [{"cause": cause.cause, "confidence": str(cause.confidence)} for cause in report.diagnosis.causes],
        "findings": [
            {
                "check": one.check,
                "outcome": str(one.outcome),
                "subject": one.judgement.subject,
                "summary": one.judgement.summary,
                "reason": one.judgement.reason,
            }
            for one in report.findings
        ],
        "faults": [*report.faults, fault],
        "evidence": _plain(report.evidence),
    }


def _plain(value: object) -> object:
    """Return any evidence as mappings, lists and scalars."""
    match value:
        case enum.Enum():
            return str(value.value)
        case None | bool() | int() | float() | str():
            return value
        case dt.datetime():
            return value.isoformat()
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return str(value)
