"""The mailbox really opens: `OK AUTHENTICATE completed.` alone is no success.

Exchange then answers `BAD User is authenticated but not connected.` to the first command that needs the mailbox
(email-oauth2-proxy issue 74). Microsoft's own test script reads that line as IMAP switched off or permission missing
(ThisandThat, Get-IMAPAccessToken.ps1).
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics import purpose, servers
from diagnostics.checks import Check
from diagnostics.checks._reached import is_for_now, no_answer, not_reached, refusal
from diagnostics.evidence import Evidence, ImapSession, ImapStep, Missing, ReplyStatus, TokenClaims, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, skipped, unknown
from diagnostics.fitting import mailbox_to_fill
from diagnostics.ids import is_same
from diagnostics.quoting import powershell_line

_NEEDS_MAILBOX = ("EXAMINE", "SELECT", "LIST", "LSUB", "NAMESPACE", "STATUS", "ID", "NOOP", "EXPUNGE", "IDLE", "ENABLE")
_NOT_CONNECTED = "authenticated but not connected"
_MISSING, _DISABLED = "perm-fullaccess-missing", "mailbox-imap-disabled"
# What the line can mean, in order of likelihood, when nothing else is known.
_APP_ONLY = (
    _MISSING,
    _DISABLED,
    "mailbox-upn-differs-from-smtp",
    "mailbox-licence-or-deleted",
    "net-too-many-connections",
)
_WRONG_ACCOUNT = "interactive-wrong-account-selected"
_UNKNOWN = (_MISSING, _DISABLED, _WRONG_ACCOUNT, *_APP_ONLY[2:])
_DELEGATED = (_MISSING, _WRONG_ACCOUNT, _DISABLED, *_APP_ONLY[2:])  # whose token it was is not to be seen
_USER = (
    _WRONG_ACCOUNT,
    _DISABLED,
    _MISSING,
    "mailbox-protocol-follows-user-for-delegated",
    "mailbox-upn-differs-from-smtp",
)


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge the first mailbox command of each session that signed in."""
    for session in evidence.all_imap_sessions():
        judgement = _judge_one(session, evidence)
        if judgement is not None:
            yield judgement


def _judge_one(session: ImapSession, evidence: Evidence) -> Judgement | None:
    shown = servers.of(session, evidence)
    if shown.is_other and not evidence.live:
        return None  # its own check says so
    refused = next((step for step in session.steps if _NOT_CONNECTED in step.text.casefold()), None)
    if refused is not None:
        return _not_connected(session, refused, evidence, shown)
    if evidence.live:
        return _tried(session, evidence)
    steps = [step for step in session.steps if step.command.upper().split(" ")[0] in _NEEDS_MAILBOX]
    signed_in = session.step("AUTHENTICATE")
    if signed_in is not None and signed_in.status is ReplyStatus.OK and not steps:
        return skipped(
            "Whether the mailbox opens was not tried",
            "the log ends after the sign-in",
            subject=session.user,
            missing=Missing.NOT_IN_TEXT,
        )
    opened = next((s for s in steps if s.command.upper().startswith(("EXAMINE", "SELECT"))), None)
    if opened is None:
        return None
    if opened.status is ReplyStatus.OK:
        return passed(f"{opened.command} succeeds: the mailbox opens", subject=session.user)
    if not opened.status.is_answer:
        return unknown("Opening the mailbox got no answer", no_answer(session, opened), subject=session.user)
    return None


def _tried(session: ImapSession, evidence: Evidence) -> Judgement:
    """Judge a live conversation: only an OK to EXAMINE INBOX, which every mailbox has, shows that the mailbox opens."""
    opened = session.step("EXAMINE INBOX")
    if opened is None:
        return unknown("Whether the mailbox opens was not tried", _not_tried(session), subject=session.user)
    if opened.status is ReplyStatus.OK:
        return passed(f"{opened.command} succeeds: the mailbox opens", subject=session.user)
    if not opened.status.is_answer:
        return unknown("Opening the mailbox got no answer", no_answer(session, opened), subject=session.user)
    if is_for_now(opened):
        return unknown("The server cannot open the mailbox now", refusal(session, opened), subject=session.user)
    return _not_connected(session, opened, evidence, servers.of(session, evidence))


def _not_tried(session: ImapSession) -> Unavailable:
    step = session.step("AUTHENTICATE")
    if step is not None and step.status in {ReplyStatus.NO, ReplyStatus.BAD}:
        return Unavailable("the sign-in was refused", Missing.BLOCKED, session.provenance)
    return not_reached(session)


def _not_connected(session: ImapSession, step: ImapStep, evidence: Evidence, shown: servers.Shown) -> Judgement:
    where = step.provenance.how if step.provenance else session.provenance.how
    said = f"{where}: {step.command or 'a mailbox command'} was answered “{step.answer}”"
    causes = _rivals(evidence)
    likely = shown.is_online and not evidence.live and not _permissions_are_seen(evidence, session.user)
    first = Confidence.LIKELY if likely else Confidence.POSSIBLE
    suspects = [
        Suspect(cause, first if position == 0 else Confidence.POSSIBLE, (said,))
        for position, cause in enumerate(causes)
    ]
    mailbox = mailbox_to_fill((session.user,), evidence.target.mailboxes) or "MAILBOX"
    line = powershell_line("Get-CASMailbox", Identity=mailbox) or "Get-CASMailbox"
    hint = f"{line} | Format-List ImapEnabled tells IMAP switched off from a missing permission."
    return failed(
        "Signed in, but the mailbox does not open", *suspects, subject=session.user, hint="" if evidence.live else hint
    )


def _permissions_are_seen(evidence: Evidence, user: str) -> bool:
    """Say whether the mailbox's permission rows are there; then their own check knows more than this line does."""
    return any(
        not isinstance(mailbox.permissions, Unavailable) and (not user or is_same(mailbox.address, user))
        for mailbox in evidence.mailboxes
    )


def _rivals(evidence: Evidence) -> tuple[str, ...]:
    """Return what the line can mean for the kind of token that was used: an application's, a user's, or not known."""
    token = evidence.token()
    if isinstance(token, TokenClaims):
        return _APP_ONLY if token.is_app_only else _USER
    who = purpose.whose(evidence)
    if who is purpose.Whose.APPLICATION:
        return _APP_ONLY
    return _DELEGATED if who is purpose.Whose.PERSON else _UNKNOWN


CHECK = Check(
    id="imap-mailbox-opens",
    stage=Stage.IMAP_SELECT,
    title="The mailbox opens over IMAP",
    causes=tuple(dict.fromkeys((*_UNKNOWN, *_USER))),
    judge=judge,
    order=10,
)
