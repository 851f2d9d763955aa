"""Every address of the IMAP server takes a TLS connection and greets; each address is tried for itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from diagnostics import servers
from diagnostics.checks import Check
from diagnostics.clouds import CLOUDS
from diagnostics.evidence import AddressAttempt, AttemptOutcome, Evidence, ImapSession, Missing, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown

_SILENT = "net-no-greeting"
_PLAIN = "net-tls-to-plaintext-port"
_CERTIFICATE = "net-certificate-verify-failed"
_PROXY = "net-http-only-proxy-in-front"
_HOST = "net-wrong-host-or-hardcoded-ip"
_NAME = "net-name-not-resolved"
_UNRESOLVED = "cannot be resolved to an address"
_HOSTS = frozenset(cloud.imap_server.value for cloud in CLOUDS.values())

_BY_OUTCOME: Mapping[AttemptOutcome, str] = {
    AttemptOutcome.REFUSED: _SILENT,
    AttemptOutcome.TIMED_OUT: _SILENT,
    AttemptOutcome.RESET: _SILENT,
    AttemptOutcome.UNREACHABLE: _SILENT,
    AttemptOutcome.NO_GREETING: _SILENT,
    AttemptOutcome.PLAINTEXT: _PLAIN,
    AttemptOutcome.TLS_FAILED: _PLAIN,
    AttemptOutcome.CERTIFICATE_REFUSED: _CERTIFICATE,
}


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge the attempts of each session; live sessions to the same server are judged once."""
    for mailbox in evidence.mailboxes:
        if isinstance(mailbox.imap, Unavailable):
            yield unknown("The IMAP server was not tried", mailbox.imap, subject=mailbox.address)
    seen: set[tuple[object, ...]] = set()
    for session in evidence.all_imap_sessions():
        key = (session.server, session.port, tuple((a.address, a.outcome) for a in session.attempts))
        own = evidence.live or session.name_error or is_true_of_any(session)  # true of whatever server was meant
        elsewhere = not own and servers.of(session, evidence).is_other
        if key not in seen and not elsewhere and (session.attempts or session.name_error or evidence.live):
            seen.add(key)
            yield _judge_one(session, evidence)


def is_true_of_any(session: ImapSession) -> bool:
    """Say whether a connection failed in a way that tells itself, whoever's server it was: no TLS there, or HTTP."""
    return any("HTTP/" in attempt.detail or attempt.outcome is AttemptOutcome.PLAINTEXT for attempt in session.attempts)


def _judge_one(session: ImapSession, evidence: Evidence) -> Judgement:
    server = f"{session.server}:{session.port}" if session.port else session.server or "the IMAP server"
    where = session.provenance.how
    if session.name_error:
        return _nameless(session, evidence)
    bad = [attempt for attempt in session.attempts if attempt.outcome in _BY_OUTCOME]
    good = [attempt for attempt in session.attempts if attempt.outcome is AttemptOutcome.CONNECTED]
    if not bad and not good:
        why = Unavailable("no address of the server was tried", Missing.UNREACHABLE, session.provenance)
        return unknown("The IMAP server was not tried", why, subject=server)
    if not bad:
        return passed(f"{server} answers on {len(good)} of {len(good)} addresses")
    suspects = _suspects(bad, where, partly=bool(good), tls=session)
    if _is_perhaps_anothers(session, evidence):
        why = Unavailable("the text is about another server", Missing.UNEXPECTED, session.provenance)
        return unknown(f"{server}: {', '.join(dict.fromkeys(a.outcome.value for a in bad))}", why, subject=server)
    if good and evidence.live:
        hint = "; ".join(f"{attempt.address}: {attempt.outcome}" for attempt in bad)
        return passed(
            f"{server} answers on {len(good)} of {len(good) + len(bad)} addresses",
            hint=f"Not on all of them, so it can fail now and then: {hint}",
        )
    return failed(f"{server}: {', '.join(dict.fromkeys(a.outcome.value for a in bad))}", *suspects, subject=server)


def _nameless(session: ImapSession, evidence: Evidence) -> Judgement:
    """Judge a name that has no address here; one that is no server of Exchange Online may be misspelt.

    Where the sign-in host has none either, it is this machine that finds no names, and the IMAP server's is as good as any.
    """
    named = session.server or "the server's name"
    shown = repr(session.server) if session.server != session.server.strip() else named
    said = f"{session.provenance.how}: the name {shown} does not resolve: {session.name_error}"
    other = _unresolved(evidence)
    if other:
        both = f"no name resolves from this machine: {named} does not, and {other} does not either"
        return failed(
            f"No name resolves from this machine: neither {named} nor {other}",
            Suspect(_NAME, Confidence.CERTAIN, (both, said)),
        )
    suspects = [Suspect(_NAME, Confidence.CERTAIN, (said,))]
    if session.server and session.server.strip().casefold() not in _HOSTS:
        suspects.append(Suspect(_HOST, Confidence.POSSIBLE, (said,)))
    return failed(f"{shown} does not resolve", *suspects, subject=session.server.strip())


def _unresolved(evidence: Evidence) -> str:
    """Return the sign-in host where this run could not resolve its name; "" where it could, or did not try."""
    asked = evidence.discoveries
    if evidence.live and isinstance(asked, Unavailable) and _UNRESOLVED in asked.reason:
        return asked.reason.partition(" ")[0]
    return ""


def _is_perhaps_anothers(session: ImapSession, evidence: Evidence) -> bool:
    """Say whether a connection names no server, in a text about another one."""
    if evidence.live or is_true_of_any(session) or servers.of_session(session).server is not servers.Server.UNKNOWN:
        return False
    return servers.of_text(evidence).is_other


def _suspects(bad: list[AddressAttempt], where: str, *, partly: bool, tls: ImapSession) -> tuple[Suspect, ...]:
    by_cause: dict[str, list[str]] = {}
    for attempt in bad:
        detail = f" ({attempt.detail})" if attempt.detail else ""
        cause = _PROXY if "HTTP/" in attempt.detail else _BY_OUTCOME[attempt.outcome]
        by_cause.setdefault(cause, []).append(f"{where}: {attempt.address or 'the server'}: {attempt.outcome}{detail}")
    if tls.tls is not None and _CERTIFICATE in by_cause:
        by_cause[_CERTIFICATE].append(f"{where}: the certificate is of {tls.tls.subject}, issued by {tls.tls.issuer}")
    sure = Confidence.LIKELY if partly else Confidence.CERTAIN
    proven = {
        AttemptOutcome.PLAINTEXT,
        AttemptOutcome.CERTIFICATE_REFUSED,
        AttemptOutcome.REFUSED,
        AttemptOutcome.TIMED_OUT,
    }
    certain = any(attempt.outcome in proven for attempt in bad)
    return tuple(
        Suspect(cause, sure if certain else Confidence.LIKELY, tuple(said)) for cause, said in by_cause.items()
    )


CHECK = Check(
    id="imap-connection",
    stage=Stage.IMAP_NETWORK,
    title="The IMAP server can be reached over TLS",
    causes=(_NAME, _SILENT, _PLAIN, _CERTIFICATE, _PROXY, _HOST),
    judge=judge,
    order=10,
)
