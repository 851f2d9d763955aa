"""Exchange accepts the token for the mailbox. A bare `NO AUTHENTICATE failed.` names no reason and proves none.

In a pasted text, what is said of Exchange Online needs something that shows Exchange Online (diagnostics/servers): with that
in the lines a password is `certain` to be wrong there, in somebody's words `likely`; with nothing it is `possible`, and only
where the refusal is in Exchange's exact words. A log of another server is not judged here.
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics import purpose, servers
from diagnostics.checks import Check
from diagnostics.checks._reached import is_for_now, is_premature, no_answer, not_reached, refusal
from diagnostics.clouds import CHINA
from diagnostics.evidence import (
    Absent,
    Evidence,
    ImapSession,
    ImapStep,
    Missing,
    ReplyStatus,
    Unavailable,
)
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, skipped, unknown
from diagnostics.invocation import Invocation

_NO_REASON = "auth-rejected-no-reason"
_BASIC = "auth-basic-auth-used"
_CHINA = "auth-21vianet-scope"
_NO_RECIPIENT = "mailbox-no-recipient-for-user"
_NOT_EXCHANGE, _NOT_ONLINE = "auth-not-exchange-server", "server-is-not-exchange-online"
_ELSEWHERE = "A sign-in at another server is not judged"
_WITH_A_PASSWORD = ("LOGIN", *(f"AUTHENTICATE {name}" for name in ("PLAIN", "LOGIN", "NTLM", "CRAM-MD5", "DIGEST-MD5")))
# What a bare refusal can mean, most frequent first (email-oauth2-proxy issue 77 and the field's threads).
_OF_PERSONS = ("interactive-wrong-account-selected", "mailbox-imap-disabled", "claims-token-expired")
_RIVALS = ("exo-sp-not-registered", "exo-sp-wrong-object-id", "claims-roles-missing", "claims-token-expired")


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge the sign-in of each session, live or logged."""
    for mailbox in evidence.mailboxes:
        if isinstance(mailbox.imap, Unavailable):
            yield unknown("The IMAP sign-in was not tried", mailbox.imap, subject=mailbox.address)
    elsewhere: set[object] = set()
    for session in evidence.all_imap_sessions():
        judgement = _judge_one(session, evidence)
        if judgement is None:
            continue
        if judgement.summary == _ELSEWHERE:
            connection = (session.server, session.greeting, session.capabilities)
            if connection in elsewhere:
                continue
            elsewhere.add(connection)
        yield judgement


def _judge_one(session: ImapSession, evidence: Evidence) -> Judgement | None:
    step = session.step("AUTHENTICATE")
    if session.challenge and (step is None or step.status is not ReplyStatus.OK):
        return _challenged(session)
    shown = servers.of(session, evidence)
    login = next((found for name in _WITH_A_PASSWORD if (found := session.step(name)) is not None), None)
    if shown.is_other and not evidence.live:
        tried = step or login
        return None if tried is None else _of_another(session, tried, shown)
    if login is not None and login.status is not ReplyStatus.OK:
        return _password(session, login, shown)
    if step is None:
        return _not_tried(session) if evidence.live else None
    if step.status is ReplyStatus.OK:
        if evidence.live and is_premature(session, step):
            return unknown("The sign-in was not carried out", not_reached(session), subject=session.user)
        with_token = evidence.live or (shown.is_online and step.command not in _WITH_A_PASSWORD)
        who = "Exchange accepted the token" if with_token else "The sign-in succeeded"
        return passed(f"{who}; whether the mailbox opens is the next question", subject=session.user)
    if not step.status.is_answer:
        return unknown("The sign-in got no answer", no_answer(session, step), subject=session.user)
    if is_for_now(step):
        return unknown("The server cannot sign anybody in now", refusal(session, step), subject=session.user)
    return _refused(session, step, evidence, shown)


def _of_another(session: ImapSession, step: ImapStep, shown: servers.Shown) -> Judgement:
    """Leave a sign-in at another server to its administrator; whether it matters at all, the server's own check says."""
    if step.status is ReplyStatus.OK:
        return skipped(_ELSEWHERE, shown.sign, subject=session.user, missing=Missing.NOT_IN_TEXT)
    why = Unavailable(shown.sign, Missing.REMOTE_ERROR, session.provenance)
    return unknown(_ELSEWHERE, why, subject=session.user)


def _challenged(session: ImapSession) -> Judgement:
    """Judge a challenge: a refusal explained in JSON is XOAUTH2 as Google defined it; other words only resemble it."""
    said = f"{session.provenance.how}: after XOAUTH2 the server sent {session.challenge}; Exchange sends no such answer"
    if session.challenge.lstrip().startswith("{"):
        suspect = Suspect(_NOT_EXCHANGE, Confidence.CERTAIN, (said,), instead_of=(_NO_REASON, _NOT_ONLINE))
    else:
        suspect = Suspect(_NOT_ONLINE, Confidence.LIKELY, (said,), instead_of=(_NO_REASON,))
    return failed("The server is not Exchange", suspect)


def _not_tried(session: ImapSession) -> Judgement:
    asked, offered = session.step("CAPABILITY"), {name.upper() for name in session.capabilities}
    listed = asked is not None and asked.status is ReplyStatus.OK and bool(offered)
    if asked is None or not listed or not session.ended or "AUTH=XOAUTH2" in offered:
        return unknown("The IMAP sign-in was not tried", not_reached(session), subject=session.user)
    said = f"{_where(session, asked)}: CAPABILITY shows {' '.join(session.capabilities)}, without AUTH=XOAUTH2"
    suspect = Suspect(_NOT_ONLINE, Confidence.LIKELY, (said,))
    return failed("The server offers no sign-in with a token", suspect, subject=session.user)


def _password(session: ImapSession, step: ImapStep, shown: servers.Shown) -> Judgement:
    answered = f"{step.command} with a password was answered “{step.answer}”"
    said = f"{_where(session, step)}: {answered}"
    if shown.is_online:
        sure = Confidence.CERTAIN if shown.in_lines else Confidence.LIKELY
        return failed(
            "A password was sent; Exchange Online takes none over IMAP",
            Suspect(_BASIC, sure, (said,), instead_of=(_NO_REASON,)),
            subject=session.user,
        )
    if not servers.is_exchanges_refusal(step.text):
        why = Unavailable(said, Missing.REMOTE_ERROR, session.provenance)
        return unknown("A sign-in was refused by a server that is not known", why, subject=session.user)
    doubtful = f"{said}; nothing shows that the server is Exchange Online"
    return failed(
        "A password was refused in Exchange's words",
        Suspect(_BASIC, Confidence.POSSIBLE, (doubtful,)),
        subject=session.user,
    )


def _where(session: ImapSession, step: ImapStep) -> str:
    return step.provenance.how if step.provenance else session.provenance.how


def _refused(session: ImapSession, step: ImapStep, evidence: Evidence, shown: servers.Shown) -> Judgement:
    command = step.command if " " in step.command else "the sign-in"
    said = f"{_where(session, step)}: {command} was answered “{step.answer}”"
    folded = step.text.casefold()
    if "basicauthblocked" in folded:
        return failed(
            "Basic authentication is blocked", Suspect(_BASIC, Confidence.CERTAIN, (said,)), subject=session.user
        )
    if "noadrecipient" in folded or "toomanyadrecipients" in folded:
        return _no_recipient(session, said, evidence)
    if "throttled" in folded:
        return failed("Exchange throttles", Suspect("net-throttled", Confidence.CERTAIN, (said,)), subject=session.user)
    if not (evidence.live or shown.is_online):
        return _refused_somewhere(session, step, said, evidence)
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
        rivals = _OF_PERSONS if purpose.whose(evidence) is purpose.Whose.PERSON else _RIVALS
        suspects += [Suspect(cause, Confidence.POSSIBLE, (bare,)) for cause in rivals]
    asks = Invocation.of(evidence.target).inline("permissions")
    hint = "" if evidence.live else f"{asks} asks Entra and Exchange, and tells them apart."
    with_token = evidence.live or step.command.endswith(("XOAUTH2", "OAUTHBEARER"))
    said = (
        "Exchange refused the token and gave no reason"
        if with_token
        else "Exchange refused the sign-in without a reason"
    )
    return failed(said, *suspects, subject=session.user, hint=hint)


def _refused_somewhere(session: ImapSession, step: ImapStep, said: str, evidence: Evidence) -> Judgement:
    """Judge a refusal of which nothing shows whose it is: in Exchange's exact words it may be Exchange Online's."""
    if not servers.is_exchanges_refusal(step.text):
        why = Unavailable(said, Missing.REMOTE_ERROR, session.provenance)
        return unknown("A sign-in was refused by a server that is not known", why, subject=session.user)
    doubtful = f"{said}; nothing shows that the server is Exchange Online"
    retried = any(remark.kind == "imap-plain-retried" for remark in evidence.remarks)
    causes = (_BASIC, _NO_REASON) if retried else (_NO_REASON, _BASIC)
    suspects = (Suspect(cause, Confidence.POSSIBLE, (doubtful,)) for cause in causes)
    return failed("A sign-in was refused in Exchange's words", *suspects, subject=session.user)


def _is_at_21vianet(session: ImapSession, evidence: Evidence) -> bool:
    """Say whether a pasted log is of 21Vianet, where scopes of the global cloud do not fit (email-oauth2-proxy issue 255)."""
    if evidence.live or not isinstance(evidence.tokens, Unavailable):
        return False
    hosts = (session.server.casefold(), session.greeting_host.casefold())
    asked = " ".join(scope for request in evidence.token_requests for scope in request.scopes)
    return any(host.endswith(CHINA.imap_server.value) for host in hosts) and CHINA.imap_server.value not in asked


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
    causes=(_NO_REASON, _BASIC, _CHINA, _NO_RECIPIENT, _NOT_EXCHANGE, _NOT_ONLINE, *_RIVALS, *_OF_PERSONS[:2]),
    judge=judge,
    order=20,
)
