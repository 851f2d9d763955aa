"""The document as YAML and JSON, and the evidence of a saved one read back, so that it can be judged again."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError

from diagnostics import formats
from diagnostics.evidence import Evidence
from diagnostics.redaction import redact_tree
from diagnostics.report.document import SCHEMA, Report, as_tree

_EVIDENCE: TypeAdapter[Evidence] = TypeAdapter(Evidence)


_LAST = "left_out"
"""Stands behind all that is judged. YAML that was cut off between two lines is still YAML, of a shorter list."""


class NotAReport(ValueError):
    """The text is no report of this program, or one of a version that it does not know."""


def tree(report: Report) -> dict[str, object]:
    """Return the redacted document as mappings, lists and scalars."""
    evidence = _EVIDENCE.dump_python(report.evidence, mode="json")
    redacted = redact_tree(as_tree(report, evidence))
    assert isinstance(redacted, dict)
    return redacted


def as_json(report: Report) -> str:
    """Return the document as JSON in UTF-8, unprintable characters escaped."""
    return formats.as_json(tree(report)) + "\n"


def as_yaml(report: Report) -> str:
    """Return the document as YAML in UTF-8, unprintable characters escaped."""
    return formats.as_yaml(tree(report))


def load_evidence(text: str) -> Evidence:
    """Return the evidence of a saved report (YAML or JSON). Raises NotAReport."""
    try:
        document = formats.read(text)
    except ValueError as error:
        raise NotAReport(f"it is no YAML: {error}") from error
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, Mapping) else None
        raise NotAReport(f"its schema is {found!r}, not {SCHEMA!r}")
    found = document.get("evidence")
    if not isinstance(found, Mapping) or _LAST not in found:
        raise NotAReport("it was cut off: the end of its evidence is missing, and half of a list proves nothing")
    try:
        return _EVIDENCE.validate_python(found)
    except ValidationError as error:
        first = error.errors()[0]
        raise NotAReport(f"evidence.{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
