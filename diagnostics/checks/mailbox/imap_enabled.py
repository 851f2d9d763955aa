"""IMAP is on for the mailbox; when it is off, sign-in succeeds and the mailbox stays closed all the same."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.comparison import compare
from diagnostics.evidence import Evidence, Missing, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown

_CAUSE = "mailbox-imap-disabled"


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge ImapEnabled of Get-CASMailbox for each mailbox."""
    for mailbox in evidence.mailboxes:
        cas, address = mailbox.cas, mailbox.address
        if isinstance(cas, Unavailable):
            yield unknown("Whether IMAP is on could not be read", cas, subject=address)
        elif cas.imap_enabled is None:
            yield unknown(
                "Whether IMAP is on was not said",
                Unavailable("the row has no ImapEnabled", Missing.CUT_OFF),
                subject=address,
            )
        else:
            compared = compare("ImapEnabled", str(cas.imap_enabled), "needed", "True")
            if cas.imap_enabled:
                yield passed("IMAP is on for the mailbox", compared, subject=address, rules_out=(_CAUSE,))
            else:
                said = f"{cas.provenance.how}: ImapEnabled is False"
                suspect = Suspect(_CAUSE, Confidence.CERTAIN, (said,))
                yield failed("IMAP is off for the mailbox", suspect, compared=(compared,), subject=address)


CHECK = Check(
    id="imap-enabled",
    stage=Stage.MAILBOX,
    title="IMAP is on for the mailbox",
    causes=(_CAUSE,),
    judge=judge,
    order=30,
)
