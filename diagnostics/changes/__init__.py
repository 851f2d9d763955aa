"""Changes that can be trusted and undone: plan, confirm, apply, read back, journal, undo, review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from diagnostics.evidence import Evidence, Recipient, RecordedChange
from diagnostics.identity import Known, tenant_of
from diagnostics.ids import ApplicationId
from diagnostics.redaction import safe
from diagnostics.unforeseen import in_words


def recorded(
    tenant: str, application_id: ApplicationId, mailboxes: Sequence[str] = (), *, path: Path | None = None
) -> tuple[RecordedChange, ...]:
    """Return what diag changed for an application, with the times, so that a young change can be told.

    Raises JournalUnusable for a journal that cannot be read, or that was changed or damaged.
    """
    from diagnostics.changes import journal, undo  # noqa: PLC0415 - only where there is a journal

    found = undo.runs(journal.read(path or journal.default_path()))
    return undo.recorded(undo.of_application(found, tenant, application_id), mailboxes)


def with_recorded(evidence: Evidence, *, path: Path | None = None) -> Evidence:
    """Return evidence that also holds what diag changed for its application and mailboxes, by the journal.

    A journal that cannot be trusted gives a note instead: the judgement then rests on what Graph and Exchange say.
    """
    from diagnostics.changes import journal  # noqa: PLC0415 - only for live runs

    known = tenant_of(evidence)
    tenant = known.value if isinstance(known, Known) else ""
    names = [mailbox.address for mailbox in evidence.mailboxes]
    for mailbox in evidence.mailboxes:
        if isinstance(mailbox.recipient, Recipient):
            names += [mailbox.recipient.primary_address, *mailbox.recipient.addresses]
    try:
        found = recorded(tenant, evidence.target.application_id, names, path=path)
    except journal.JournalBroken as problem:
        note = f"the journal of changes was left out, since it was changed or damaged: {problem.complaint}"
        return replace(evidence, notes=(*evidence.notes, note))
    except journal.JournalUnusable as problem:
        return replace(evidence, notes=(*evidence.notes, f"the journal of changes was left out: {problem}"))
    except Exception as error:  # noqa: BLE001 - whatever it was, what was seen of the tenant stands
        words = f"diag failed while reading its journal: {safe(in_words(error))}"
        return replace(evidence, faults=(*evidence.faults, words))
    return replace(evidence, changes=(*evidence.changes, *found)) if found else evidence
