"""Changes that can be trusted and undone: plan, confirm, apply, read back, journal, undo, review."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from diagnostics.evidence import RecordedChange


def recorded(
    tenant: str, application_id: str, mailboxes: Sequence[str] = (), *, path: Path | None = None
) -> tuple[RecordedChange, ...]:
    """Return what diag changed for an application, with the times, so that a young change can be told.

    A journal that cannot be read gives nothing here: the judgement then rests on what Graph and Exchange say.
    """
    from diagnostics.changes import journal, undo  # noqa: PLC0415 - only where there is a journal

    try:
        found = undo.runs(journal.read(path or journal.default_path()))
    except journal.JournalUnusable:
        return ()
    return undo.recorded(undo.of_application(found, tenant, application_id), mailboxes)
