"""The server is Exchange Online's own, and not an old name, a fixed address, a relay, or another server altogether."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import replace

from diagnostics import servers
from diagnostics.checks import Check
from diagnostics.checks._said import is_failing
from diagnostics.checks.imap_network.connect import is_true_of_any
from diagnostics.clouds import EXCHANGE_ALIAS, IMAP_SERVERS, OLD_EXCHANGE
from diagnostics.comparison import Comparison, compare, look_among, look_in, look_up, shortened
from diagnostics.evidence import Evidence, ImapSession, Missing, SettingName, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, skipped, unknown
from diagnostics.net.urls import host_of

_OLD = {
    "imap-mail.outlook.com",
    "imap.outlook.com",
    "imap.office365.com",
    "outlook.live.com",
    host_of(EXCHANGE_ALIAS),
    "smtp.office365.com",
    "smtp-hve.office365.com",
    "imap-mail.hotmail.com",
    host_of(OLD_EXCHANGE),
    "pop-mail.outlook.com",
}
_HOST, _PROXY = "net-wrong-host-or-hardcoded-ip", "net-http-only-proxy-in-front"
_NOT_ONLINE = "server-is-not-exchange-online"
_MEANS_NOTHING = ("auth-rejected-no-reason", "auth-basic-auth-used", _HOST)
"""What would be said of Exchange Online."""
_GREETING_SHOWN = 120
_OF_ADDRESS = re.compile(r"IP address mismatch|IP address '|not valid for '\d", re.IGNORECASE)


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge the configured names, then each greeting."""
    names = {s.raw.strip().casefold(): s.provenance.how for s in evidence.settings if s.name is SettingName.IMAP_SERVER}
    for session in evidence.all_imap_sessions():
        if session.server:
            names.setdefault(session.server.strip().casefold(), session.provenance.how)
    for name, where in names.items():
        yield from _judge_name(name, where, evidence)
    yield from _judge_output(evidence)
    told: set[object] = set()
    for session in evidence.all_imap_sessions():
        sent_away = session.greeting.upper().startswith("* BYE")  # which says who is busy, not who it is
        for judgement in () if sent_away or session.name_error else _judge_server(session, evidence):
            connection = (judgement.summary, session.server, session.greeting, session.capabilities)
            if evidence.live or connection not in told:  # one connection may hold several sign-ins
                told.add(connection)
                yield judgement


def _judge_output(evidence: Evidence) -> Iterator[Judgement]:
    """Tell that rows of cmdlets were left out, since they are of Exchange on premises, where the same names mean other things."""
    for remark in evidence.remarks:
        if remark.kind == servers.ON_PREMISES_OUTPUT:
            why = f"{remark.provenance.how}: {remark.text} is of Exchange on premises"
            hint = "There RemoteUserMailbox is a mailbox that is in the cloud. Run the cmdlet in Exchange Online."
            reason = Unavailable(why, Missing.UNEXPECTED, remark.provenance)
            yield replace(unknown("Output of Exchange on premises is not judged", reason), hint=hint)
            return


def _judge_name(name: str, where: str, evidence: Evidence) -> Iterator[Judgement]:
    compared = compare("IMAP server", name, "Exchange Online", IMAP_SERVERS[0])
    if not compared.equal:
        compared = look_up("IMAP server", name, "Exchange Online", sorted(IMAP_SERVERS))
    if name in IMAP_SERVERS:
        yield passed(f"{name} is Exchange Online's IMAP server", compared)
    elif name in _OLD or (_is_public(name) and not evidence.live):
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


def _judge_server(session: ImapSession, evidence: Evidence) -> Iterator[Judgement]:
    """Judge whose server a conversation was with; a log of another server that works is nobody's fault."""
    shown = servers.of(session, evidence)
    if shown.is_online and session.greeting_host:
        yield passed(f"The greeting is Exchange Online's ({session.greeting_host})", *_compared(session))
    elif shown.is_other and (evidence.live or _is_refused(session)):
        yield _not_online(session, shown, evidence) if shown.in_lines else _perhaps_not(session, shown)
    elif shown.is_other:
        yield skipped("The server is another one, and nothing failed there", shown.sign, missing=Missing.NOT_IN_TEXT)
    elif session.greeting and evidence.live:
        yield passed("The greeting is Exchange's")


def _perhaps_not(session: ImapSession, shown: servers.Shown) -> Judgement:
    """Leave open whose server it is, where only somebody's words name another: a product's name alone proves nothing."""
    why = Unavailable(shown.sign, Missing.UNEXPECTED, session.provenance)
    return unknown("The server is perhaps not Exchange Online", why, subject=session.user)


def _not_online(session: ImapSession, shown: servers.Shown, evidence: Evidence) -> Judgement:
    sure = Confidence.CERTAIN if shown.proven else Confidence.LIKELY
    suspects = [Suspect(_NOT_ONLINE, sure, (shown.sign,), instead_of=_MEANS_NOTHING)]
    is_asked_for = evidence.live or servers.of_host(session.server) is servers.Server.ONLINE
    if is_asked_for and session.greeting and servers.EXCHANGE_READY not in session.greeting:
        suspects.append(Suspect(_PROXY, Confidence.POSSIBLE, (shown.sign,)))
    return failed("The server is not Exchange Online", *suspects, compared=_compared(session), subject=session.user)


def _compared(session: ImapSession) -> tuple[Comparison, ...]:
    if session.greeting_host:
        if "." not in session.greeting_host:
            return ()
        endings = [f"*{ending}" for ending in servers.FRONT_ENDS]
        return (look_up("front end in the greeting", session.greeting_host, "Exchange Online's", endings),)
    if session.greeting and servers.EXCHANGE_READY not in session.greeting:
        return (
            look_in("greeting", shortened(session.greeting, _GREETING_SHOWN), "Exchange's", servers.EXCHANGE_READY),
        )
    offered = [name for name in session.capabilities if name.upper() in servers.WINDOWS_SIGN_IN]
    if offered:
        return (look_among("CAPABILITY", session.capabilities, "Windows sign-in", offered[0], "nothing"),)
    if session.server:
        return (look_up("IMAP server", session.server, "Exchange Online", sorted(IMAP_SERVERS)),)
    return ()


def _is_refused(session: ImapSession) -> bool:
    """Say whether anything failed that other checks do not judge: a challenge in JSON, a lost name, no TLS or HTTP."""
    return is_failing(session) and not (session.challenge or session.name_error or is_true_of_any(session))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_public(name: str) -> bool:
    """Say whether a name is an address that may once have been Exchange Online's; a private one is a server nearby."""
    return _is_address(name) and servers.of_host(name) is servers.Server.UNKNOWN and not _is_loopback(name)


def _is_loopback(name: str) -> bool:
    return ipaddress.ip_address(name).is_loopback


CHECK = Check(
    id="imap-server",
    stage=Stage.IMAP_NETWORK,
    title="The server is Exchange Online's own",
    causes=(_HOST, _PROXY, _NOT_ONLINE),
    judge=judge,
    required=False,
    order=20,
)
