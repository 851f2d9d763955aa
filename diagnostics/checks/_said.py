"""What logs and people say in sentences: each link has a table of which sentence speaks for which cause.

The sentences are recognised by the reader of pasted texts, which names them by what they say (`Remark.kind`). Whether a
sentence accuses anything is decided here alone. A server's own code can be `certain`; somebody's words never are, and
where nothing in the text fails they are no more than `possible`. What a mail server answers is no more than `possible` where
nothing shows that it is Exchange Online's, and nothing where it is another's (diagnostics/servers).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from diagnostics import servers
from diagnostics.checks import Check
from diagnostics.comparison import shortened
from diagnostics.evidence import AttemptOutcome, Evidence, ImapSession, Remark, ReplyStatus, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed

CERTAIN, LIKELY, POSSIBLE = Confidence.CERTAIN, Confidence.LIKELY, Confidence.POSSIBLE

_WORDS_OF_PEOPLE = "said-"
_BESIDE_A_FAILURE = ("rbac-", "application-access-policy-", "imapsync-", "guest-account")
"""What is right in itself, and explains a failure where there is one: a role for Graph, a guest's name, an option."""
_REFUSALS = ("smtp-", "pop-", "network-", "imap-", "logon-", "no-ad-", "basic-auth", "token-", "client-")
_OF_MAIL_SERVERS = ("smtp-", "pop-", "imap-", "logon-", "no-ad-", "too-many-", "retrieval-", "folder-", "mailkit-")
_OF_ANY = ("too-many-", "retrieval-")  # true of whatever server says so
_GOOD = {ReplyStatus.OK, ReplyStatus.CHALLENGE, ReplyStatus.BYE}


@dataclass(frozen=True, slots=True)
class Says:
    """One row: a remark of this kind, whose text fits `fitting`, speaks for `cause`.

    `over` are causes that a bare answer makes one guess; the sentence outranks them until something else speaks for them.
    """

    kind: str
    cause: str
    confidence: Confidence
    fitting: str = ""
    instead_of: tuple[str, ...] = ()
    over: tuple[str, ...] = ()


def said(stage: Stage, rows: Sequence[Says]) -> Check:
    """Return the check of one link's table; of several rows that fit, the first in the table is named first."""
    return Check(
        id=f"said-of-{stage}",
        stage=stage,
        title="No sentence of a log speaks of a fault here",
        causes=tuple(dict.fromkeys(row.cause for row in rows)),
        judge=_judge(rows),
        order=90,
    )


def _judge(rows: Sequence[Says]) -> Callable[[Evidence], Iterator[Judgement]]:
    def judge(evidence: Evidence) -> Iterator[Judgement]:
        fitting = (
            (remark, [row for row in rows if _fits(row, remark)])
            for remark in evidence.remarks
            if not _whose(remark, evidence).is_other
            and (not remark.kind.startswith(_BESIDE_A_FAILURE) or something_fails(evidence))
        )
        for remark, found in sorted(((r, f) for r, f in fitting if f), key=lambda pair: rows.index(pair[1][0])):
            shown = shortened(remark.text, 160)
            yield failed(f"It says “{shown}”", *(_suspect(row, remark, evidence) for row in found))

    return judge


def _fits(row: Says, remark: Remark) -> bool:
    if row.kind != remark.kind:
        return False
    text = f"{remark.text} {' '.join(f'{name}={value}' for name, value in remark.values)}"
    return not row.fitting or re.search(row.fitting, text, re.IGNORECASE) is not None


def _suspect(row: Says, remark: Remark, evidence: Evidence) -> Suspect:
    sentence = f"{remark.provenance.how}: “{shortened(remark.text, 200)}”"
    alone = row.kind.startswith(_WORDS_OF_PEOPLE) and not something_fails(evidence)
    outranked = tuple(slug for slug in row.over if is_a_guess(slug, evidence))
    whose = _whose(remark, evidence)
    untold = whose.server is servers.Server.UNKNOWN and not remark.kind.startswith(_OF_ANY)
    sure = POSSIBLE if alone or untold else row.confidence
    sure = LIKELY if sure is CERTAIN and not whose.in_lines else sure
    return Suspect(row.cause, sure, (sentence,), instead_of=(*row.instead_of, *outranked))


def _whose(remark: Remark, evidence: Evidence) -> servers.Shown:
    """Judge whose answer a remark is; what is no answer of a mail server needs none."""
    if evidence.live or not remark.kind.startswith(_OF_MAIL_SERVERS):
        return servers.Shown(servers.Server.ONLINE)
    return servers.of_remark(remark.text, evidence)


def something_fails(evidence: Evidence) -> bool:
    """Say whether a server, a library or the network refused anything in a text; else it is prose."""
    return bool(
        evidence.entra_errors
        or any(is_failing(session) for session in evidence.all_imap_sessions())
        or evidence.exchange.errors
        or any(remark.kind.startswith(_REFUSALS) for remark in evidence.remarks)
    )


def is_failing(session: ImapSession) -> bool:
    """Say whether anything in a session was refused."""
    return bool(
        session.name_error
        or session.challenge
        or any(attempt.outcome is not AttemptOutcome.CONNECTED for attempt in session.attempts)
        or any(step.status not in _GOOD for step in session.steps)
    )


def is_a_guess(slug: str, evidence: Evidence) -> bool:
    """Say whether the objects that could prove a cause are out of sight, so that only a bare answer speaks for it."""
    if slug.startswith("perm-"):
        return all(isinstance(mailbox.permissions, Unavailable) for mailbox in evidence.mailboxes)
    if slug.startswith("claims-"):
        return isinstance(evidence.tokens, Unavailable)
    if slug.startswith("exo-sp-"):
        return isinstance(evidence.exchange.service_principals, Unavailable)
    return True
