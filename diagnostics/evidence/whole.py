"""One mailbox, and one whole run."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, field

from diagnostics.evidence.base import NOT_COLLECTED, Absent, Missing, Observed, Provenance, Unavailable
from diagnostics.evidence.entra import EntraError, GraphEvidence, TenantDiscovery, TokenClaims, TokenRequest
from diagnostics.evidence.exchange import CasMailbox, ExchangeEvidence, MailboxPermission, Recipient
from diagnostics.evidence.imap import ImapSession, SaslString
from diagnostics.evidence.typed import SecretShape, Setting, Target


@dataclass(frozen=True, slots=True)
class MailboxEvidence:
    """What is known about one mailbox that the application must read."""

    address: str
    recipient: Observed[Recipient | Absent] = NOT_COLLECTED
    permissions: Observed[tuple[MailboxPermission, ...]] = NOT_COLLECTED
    cas: Observed[CasMailbox] = NOT_COLLECTED
    imap: Observed[ImapSession] = NOT_COLLECTED
    soft_deleted: Observed[bool] = NOT_COLLECTED
    domain_mx: Observed[tuple[str, ...]] = NOT_COLLECTED


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence of a log or a server that is recognised by a table of signatures and fits no richer type.

    `kind` says what was said, not what causes it (`smtp-auth-disabled-for-tenant`, `rest-api-not-supported`); `values`
    are the parts that the signature captured.
    """

    kind: str
    text: str
    provenance: Provenance
    values: tuple[tuple[str, str], ...] = ()

    def value(self, name: str) -> str:
        """Return the captured part `name`, or an empty string where the signature captured none."""
        return dict(self.values).get(name, "")


class Identity(enum.StrEnum):
    """The two who sign in; they are never merged."""

    APPLICATION = "application"  # under test
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What has to be put in order before a run can see anything: whose it is, what is missing, and what to type."""

    who: Identity
    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class FailureLine:
    """A line of a pasted text that says in any words that something failed; `number` is the line's, from 1."""

    text: str
    number: int
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """A change whose time is known: from the journal, Graph (createdDateTime) or Exchange (WhenChangedUTC)."""

    what: str
    at: dt.datetime
    provenance: Provenance
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One run's evidence. `judged_at` (UTC) is the present that checks compare times with, so that they stay pure."""

    judged_at: dt.datetime
    live: bool = True
    target: Target = field(default_factory=Target)
    settings: tuple[Setting, ...] = ()
    secret: Observed[SecretShape] = NOT_COLLECTED
    discoveries: Observed[tuple[TenantDiscovery, ...]] = NOT_COLLECTED
    token_requests: tuple[TokenRequest, ...] = ()
    entra_errors: tuple[EntraError, ...] = ()
    tokens: Observed[tuple[TokenClaims, ...]] = NOT_COLLECTED
    graph: GraphEvidence = field(default_factory=GraphEvidence)
    exchange: ExchangeEvidence = field(default_factory=ExchangeEvidence)
    mailboxes: tuple[MailboxEvidence, ...] = ()
    imap_sessions: tuple[ImapSession, ...] = ()  # of pasted texts; live sessions hang on their mailbox
    sasl_strings: tuple[SaslString, ...] = ()
    remarks: tuple[Remark, ...] = ()
    failure_lines: tuple[FailureLine, ...] = ()
    changes: tuple[RecordedChange, ...] = ()
    operator_errors: tuple[EntraError, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    left_out: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()  # what failed within diag itself, so that it did not see what there was to see
    notes: tuple[str, ...] = ()  # what the reader of the report must know of how it came about

    def all_imap_sessions(self) -> tuple[ImapSession, ...]:
        """Return live sessions and pasted ones alike."""
        live = (mailbox.imap for mailbox in self.mailboxes if isinstance(mailbox.imap, ImapSession))
        return (*live, *self.imap_sessions)

    def token(self) -> Observed[TokenClaims]:
        """Return the token to judge (the last one seen), or why there is none."""
        if isinstance(self.tokens, Unavailable):
            return self.tokens
        if not self.tokens:
            return Unavailable("no token was seen", Missing.NOT_IN_TEXT if not self.live else Missing.BLOCKED)
        return self.tokens[-1]
