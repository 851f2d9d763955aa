"""The server is Exchange Online's own, by its name and by its greeting, and not an old name, a fixed address or a relay."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.comparison import compare, look_in, look_up, shortened
from diagnostics.evidence import Evidence, ImapSession, ReplyStatus, SettingName
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed

_RIGHT = {"outlook.office365.com", "outlook.office365.us", "outlook-dod.office365.us", "partner.outlook.cn"}
_OLD = {
    "imap-mail.outlook.com",
    "imap.outlook.com",
    "imap.office365.com",
    "outlook.live.com",
    "outlook.office.com",
    "smtp.office365.com",
    "smtp-hve.office365.com",
    "imap-mail.hotmail.com",
}
_HOST, _PROXY = "net-wrong-host-or-hardcoded-ip", "net-http-only-proxy-in-front"
_FRONT_ENDS = (
    ".outlook.com",
    ".outlook.cn",
    ".office365.us",
    ".office365.com",
    ".outlook.us",
    ".exchangelabs.com",
)  # greeting facts: imap_server
_OF_ADDRESS = re.compile(r"IP address mismatch|IP address '|not valid for '\d", re.IGNORECASE)
_READY = "Microsoft Exchange IMAP4 service is ready"


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge the configured names, then each greeting."""
    names = {s.raw.strip().casefold(): s.provenance.how for s in evidence.settings if s.name is SettingName.IMAP_SERVER}
    for session in evidence.all_imap_sessions():
        if session.server:
            names.setdefault(session.server.strip().casefold(), session.provenance.how)
    for name, where in names.items():
        yield from _judge_name(name, where, evidence)
    for session in evidence.all_imap_sessions():
        sent_away = session.greeting.upper().startswith("* BYE")  # which says who is busy, not who it is
        if session.greeting and not sent_away and (evidence.live or _is_exchanges(session) or _is_refused(session)):
            yield from _judge_greeting(session)


def _judge_name(name: str, where: str, evidence: Evidence) -> Iterator[Judgement]:
    compared = compare("IMAP server", name, "Exchange Online", "outlook.office365.com")
    if not compared.equal:
        compared = look_up("IMAP server", name, "Exchange Online", sorted(_RIGHT))
    if name in _RIGHT:
        yield passed(f"{name} is Exchange Online's IMAP server", compared)
    elif name in _OLD or (_is_address(name) and not _is_loopback(name) and not evidence.live):
        said = f"{where}: the IMAP server is {name}"
        yield failed(
            f"{name} is not Exchange Online's IMAP server",
            Suspect(_HOST, Confidence.LIKELY, (said,), instead_of=_explained(name, evidence)),
            compared=(compared,),
        )


def _explained(name: str, evidence: Evidence) -> tuple[str, ...]:
    """Say what a fixed address explains: the server's certificate names hosts, never addresses."""
    details = (attempt.detail for session in evidence.all_imap_sessions() for attempt in session.attempts)
    mismatch = _is_address(name) and any(_OF_ADDRESS.search(detail) for detail in details)
    return ("net-certificate-verify-failed",) if mismatch else ()


def _is_exchanges(session: ImapSession) -> bool:
    return _READY in session.greeting


def _is_refused(session: ImapSession) -> bool:
    """Say whether the sign-in failed; a log of another server that works is nobody's fault."""
    signing_in = [step for step in session.steps if step.command.upper().startswith(("AUTHENTICATE", "LOGIN"))]
    return bool(session.challenge) or any(step.status in {ReplyStatus.NO, ReplyStatus.BAD} for step in signing_in)


def _judge_greeting(session: ImapSession) -> Iterator[Judgement]:
    if _is_exchanges(session):
        yield _judge_front_end(session)
        return
    shown = shortened(session.greeting, 120)
    said = f"{session.provenance.how}: the greeting is “{shown}”"
    yield failed(
        "The greeting is not Exchange's",
        Suspect("auth-not-exchange-server", Confidence.LIKELY, (said,)),
        Suspect(_PROXY, Confidence.POSSIBLE, (said,)),
        compared=(look_in("greeting", shown, "Exchange's", _READY),),
    )


def _judge_front_end(session: ImapSession) -> Judgement:
    """Judge the front end that the greeting names in its bracket: Exchange Online's, or the company's own server."""
    host = session.greeting_host.casefold()
    if not host:
        return passed("The greeting is Exchange's")
    endings = (f"*{ending}" for ending in _FRONT_ENDS)
    compared = look_up("front end in the greeting", session.greeting_host, "Exchange Online's", endings)
    if host.endswith(_FRONT_ENDS):
        return passed(f"The greeting is Exchange Online's ({session.greeting_host})", compared)
    said = f"{session.provenance.how}: the greeting names {session.greeting_host}, which is no front end of Exchange Online"
    suspect = Suspect(_HOST, Confidence.LIKELY, (said,), instead_of=("auth-rejected-no-reason",))
    return failed("The server is an Exchange, but not Exchange Online", suspect, compared=(compared,))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    return ipaddress.ip_address(name).is_loopback


CHECK = Check(
    id="imap-server",
    stage=Stage.IMAP_NETWORK,
    title="The server is Exchange Online's own",
    causes=(_HOST, _PROXY, "auth-not-exchange-server"),
    judge=judge,
    required=False,
    order=20,
)
