"""Exchange accepts the token for the mailbox. A bare `NO AUTHENTICATE failed.` names no reason and proves none."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._reached import is_for_now, is_premature, no_answer, not_reached, refusal
from diagnostics.evidence import (
    Absent,
    Evidence,
    ImapSession,
    ImapStep,
    ReplyStatus,
    Unavailable,
)
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown
from diagnostics.invocation import Invocation

_NO_REASON = "auth-rejected-no-reason"
_BASIC = "auth-basic-auth-used"
_CHINA = "auth-21vianet-scope"
_NO_RECIPIENT = "mailbox-no-recipient-for-user"
_NOT_EXCHANGE = "auth-not-exchange-server"
# What a bare refusal can mean, most frequent first (email-oauth2-proxy issue 77 and the field's threads).
_RIVALS = ("exo-sp-not-registered", "exo-sp-wrong-object-id", "claims-roles-missing", "claims-token-expired")


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge the sign-in of each session, live or logged."""
    for mailbox in evidence.mailboxes:
        if isinstance(mailbox.imap, Unavailable):
            yield unknown("The IMAP sign-in was not tried", mailbox.imap, subject=mailbox.address)
    for session in evidence.all_imap_sessions():
        judgement = _judge_one(session, evidence)
        if judgement is not None:
            yield judgement


def _judge_one(session: ImapSession, evidence: Evidence) -> Judgement | None:
    step = session.step("AUTHENTICATE")
    if session.challenge and (step is None or step.status is not ReplyStatus.OK):
        return _challenged(session)
    login = session.step("LOGIN") or session.step("AUTHENTICATE PLAIN") or session.step("AUTHENTICATE LOGIN")
    if login is not None and login.status is not ReplyStatus.OK:
        return _password(session, login)
    if step is None:
        return _not_tried(session) if evidence.live else None
    if step.status is ReplyStatus.OK:
        if evidence.live and is_premature(session, step):
            return unknown("The sign-in was not carried out", not_reached(session), subject=session.user)
        return passed(
            "Exchange accepted the token; whether the mailbox opens is the next question", subject=session.user
        )
    if not step.status.is_answer:
        return unknown("The sign-in got no answer", no_answer(session, step), subject=session.user)
    if is_for_now(step):
        return unknown("The server cannot sign anybody in now", refusal(session, step), subject=session.user)
    return _refused(session, step, evidence)


def _challenged(session: ImapSession) -> Judgement:
    """Judge a challenge: a refusal explained in JSON is XOAUTH2 as Google defined it; other words only resemble it."""
    said = f"{session.provenance.how}: after XOAUTH2 the server sent {session.challenge}; Exchange sends no such answer"
    sure = Confidence.CERTAIN if session.challenge.lstrip().startswith("{") else Confidence.LIKELY
    return failed("The server is not Exchange", Suspect(_NOT_EXCHANGE, sure, (said,), instead_of=(_NO_REASON,)))


def _not_tried(session: ImapSession) -> Judgement:
    asked, offered = session.step("CAPABILITY"), {name.upper() for name in session.capabilities}
    listed = asked is not None and asked.status is ReplyStatus.OK and bool(offered)
    if asked is None or not listed or not session.ended or "AUTH=XOAUTH2" in offered:
        return unknown("The IMAP sign-in was not tried", not_reached(session), subject=session.user)
    said = f"{_where(session, asked)}: CAPABILITY shows {' '.join(session.capabilities)}, without AUTH=XOAUTH2"
    suspect = Suspect(_NOT_EXCHANGE, Confidence.LIKELY, (said,))
    return failed("The server offers no sign-in with a token", suspect, subject=session.user)


def _password(session: ImapSession, step: ImapStep) -> Judgement:
    said = (
        f"{_where(session, step)}: {step.command.split()[0]} with a password was answered “{step.status} {step.text}”"
    )
    return failed(
        "A password was sent; Exchange Online takes none over IMAP",
        Suspect(_BASIC, Confidence.CERTAIN, (said,)),
        subject=session.user,
    )


def _where(session: ImapSession, step: ImapStep) -> str:
    return step.provenance.how if step.provenance else session.provenance.how


def _refused(session: ImapSession, step: ImapStep, evidence: Evidence) -> Judgement:
    said = f"{_where(session, step)}: AUTHENTICATE XOAUTH2 was answered “{step.status} {step.text}”"
    folded = step.text.casefold()
    if "basicauthblocked" in folded:
        return failed(
            "Basic authentication is blocked", Suspect(_BASIC, Confidence.CERTAIN, (said,)), subject=session.user
        )
    if "noadrecipient" in folded or "toomanyadrecipients" in folded:
        return _no_recipient(session, said, evidence)
    if "throttled" in folded:
        return failed("Exchange throttles", Suspect("net-throttled", Confidence.CERTAIN, (said,)), subject=session.user)
    if "command error. 10" in folded:
        return failed(
            "The token has probably run out",
            Suspect("claims-token-expired", Confidence.LIKELY, (said,)),
            subject=session.user,
        )
    bare = f"{said}; that line names no reason"
    suspects = [Suspect(_NO_REASON, Confidence.LIKELY, (bare,))]
    if "oauthlog" in folded:
        suspects.insert(0, Suspect("exo-sp-not-registered", Confidence.LIKELY, (said,), instead_of=(_NO_REASON,)))
    if _is_at_21vianet(session, evidence):
        why = f"{said}; {session.greeting_host or session.server} is 21Vianet's, and no scope of 21Vianet is seen"
        suspects.insert(0, Suspect(_CHINA, Confidence.LIKELY, (why,)))
    if not evidence.live:
        suspects += [Suspect(cause, Confidence.POSSIBLE, (bare,)) for cause in _RIVALS]
    asks = Invocation.of(evidence.target).inline("permissions")
    hint = "" if evidence.live else f"{asks} asks Entra and Exchange, and tells them apart."
    return failed("Exchange refused the token and gave no reason", *suspects, subject=session.user, hint=hint)


def _is_at_21vianet(session: ImapSession, evidence: Evidence) -> bool:
    """Say whether a pasted log is of 21Vianet, where scopes of the global cloud do not fit (email-oauth2-proxy issue 255)."""
    if evidence.live or not isinstance(evidence.tokens, Unavailable):
        return False
    hosts = (session.server.casefold(), session.greeting_host.casefold())
    asked = " ".join(scope for request in evidence.token_requests for scope in request.scopes)
    return any(host.endswith("partner.outlook.cn") for host in hosts) and "partner.outlook.cn" not in asked


def _no_recipient(session: ImapSession, said: str, evidence: Evidence) -> Judgement:
    nobody = any(
        mailbox.address == session.user and isinstance(mailbox.recipient, Absent) for mailbox in evidence.mailboxes
    )
    suspect = Suspect(
        _NO_RECIPIENT,
        Confidence.CERTAIN if nobody else Confidence.LIKELY,
        (said,),
        instead_of=("mailbox-not-in-exchange-online", _NO_REASON),
    )
    return failed("Exchange finds no recipient for the user name", suspect, subject=session.user)


CHECK = Check(
    id="imap-sign-in",
    stage=Stage.IMAP_AUTH,
    title="Exchange accepts the token over IMAP",
    causes=(_NO_REASON, _BASIC, _CHINA, _NO_RECIPIENT, _NOT_EXCHANGE, *_RIVALS),
    judge=judge,
    order=20,
)
