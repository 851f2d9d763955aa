"""Reports: one document, and one file per format that renders it."""

from __future__ import annotations

from pathlib import Path

from diagnostics import files
from diagnostics.report.document import Report, build

__all__ = ["FORMATS", "Report", "build", "render", "rendered", "save"]

FORMATS = ("table", "yaml", "json")


def render(report: Report, output: str = "table", *, width: int = 100, color: bool = False) -> str:
    """Return the report in one format; every text in it is redacted and free of control characters.

    `width` is in columns and concerns tables only. Raises ValueError for a format that does not exist.
    """
    if output == "table":
        from diagnostics.report import table  # noqa: PLC0415 - tabulate only for tables

        return table.render(report, width=width, color=color)
    from diagnostics.report import structured  # noqa: PLC0415 - pydantic only for these

    match output:
        case "yaml":
            return structured.as_yaml(report)
        case "json":
            return structured.as_json(report)
    raise ValueError(f"no such format: {output}; there are {', '.join(FORMATS)}")


def rendered(report: Report, output: str = "table", *, width: int = 100, color: bool = False) -> tuple[str, str]:
    """Return the report in one format, and in words what failed: then it is as plain as it can be, and not lost."""
    try:
        return render(report, output, width=width, color=color), ""
    except Exception as error:  # noqa: BLE001 - whatever it was, what was seen is told
        from diagnostics.report import bare  # noqa: PLC0415 - for accidents only
        from diagnostics.unforeseen import in_words  # noqa: PLC0415

        fault = in_words(error)
        return bare.render(report, fault, output), fault


def save(report: Report, path: Path, *, force: bool = False) -> str:
    """Write the report as YAML, readable by its owner alone, whole or not at all. Raises FileUnusable.

    Returns in words what failed while it was rendered. `force` overwrites a file that is no report of diag.
    """
    text, fault = rendered(report, "yaml")
    files.write(path, text, files.REPORT, force=force)
    return fault
