"""A pasted cmdlet found no such mailbox: Exchange's own "couldn't be found on" names the object that it looked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.comparison import shortened
from diagnostics.evidence import ErrorKind, Evidence
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed
from diagnostics.quoting import powershell_line

_ADDRESS = re.compile(
    r"['\"‘’‚“”„«»](?P<object>[^'\"‘’‚“”„«»\s]{1,200}@[^'\"‘’‚“”„«»\s]{1,200})['\"‘’“”«»]"
)  # whatever the language
_OF_MAILBOXES = re.compile(r"(?:Get|Set|Add|Remove)-(?:EXO)?(?:CAS)?(?:Mailbox|Recipient)\w*", re.IGNORECASE)


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge the errors of a text; in a live run the recipient itself was looked for."""
    if evidence.live:
        return
    for error in evidence.exchange.errors:
        match = _ADDRESS.search(error.message) if error.kind is ErrorKind.NOT_FOUND else None
        if match and (not error.cmdlet or _OF_MAILBOXES.fullmatch(error.cmdlet)):
            said = f"{error.provenance.how}: {shortened(error.message, 200)}"
            suspects = (
                Suspect("mailbox-not-in-exchange-online", Confidence.LIKELY, (said,)),
                Suspect("mailbox-licence-or-deleted", Confidence.POSSIBLE, (said,)),
            )
            line = powershell_line("Get-Mailbox", Identity=match["object"]) or "Get-Mailbox"
            hint = f"{line} -SoftDeletedMailbox tells a deleted mailbox from none at all."
            yield failed(
                f"Exchange Online does not find {match['object']}", *suspects, subject=match["object"], hint=hint
            )


CHECK = Check(
    id="mailbox-not-found",
    stage=Stage.MAILBOX,
    title="Exchange Online finds the mailbox",
    causes=("mailbox-not-in-exchange-online", "mailbox-licence-or-deleted"),
    judge=judge,
    order=15,
)
