"""The server and the port that somebody typed beside a sign-in of Microsoft's are Exchange Online's.

Only what a configuration says is judged here, where nobody has connected yet; a conversation tells more by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.clouds import IMAP_SERVERS
from diagnostics.comparison import compare, look_up
from diagnostics.evidence import Evidence, Setting, SettingName
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed

_HOST, _PLAIN = "net-wrong-host-or-hardcoded-ip", "net-tls-to-plaintext-port"
_MICROSOFTS = (
    ".outlook.com",
    ".outlook.cn",
    ".office365.com",
    ".office365.us",
    ".office.com",
    ".hotmail.com",
    ".live.com",
)
_IDS = {SettingName.TENANT, SettingName.APPLICATION_ID, SettingName.ENTERPRISE_APP_OBJECT_ID}
_RIGHT_PORT = "993"
_OLD_PORT = "143"
"""IMAP without TLS from the start; other ports may be of another protocol, which a text configures beside it."""


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge typed servers of other providers, then typed ports."""
    if evidence.live or not _is_microsofts_sign_in(evidence):
        return
    typed = [setting for setting in evidence.settings if setting.name is SettingName.IMAP_SERVER]
    if not any(_is_right(setting) for setting in typed):  # else one of two accounts is Exchange Online's
        for setting in typed:
            yield from _other_provider(setting, evidence)
    for setting in evidence.settings:
        if setting.name is SettingName.IMAP_PORT and setting.raw.strip() in {_RIGHT_PORT, _OLD_PORT}:
            yield _port(setting)


def _is_microsofts_sign_in(evidence: Evidence) -> bool:
    """Say whether ids of an application stand in the text, a sign-in of Entra's, or Exchange Online's own server."""
    return (
        any(setting.name in _IDS for setting in evidence.settings)
        or bool(evidence.entra_errors)
        or any(request.login for request in evidence.token_requests)
        or any(_is_right(setting) for setting in evidence.settings)
    )


def _is_right(setting: Setting) -> bool:
    return setting.name is SettingName.IMAP_SERVER and setting.raw.strip().casefold() in IMAP_SERVERS


def _other_provider(setting: Setting, evidence: Evidence) -> Iterator[Judgement]:
    name = setting.raw.strip().casefold()
    talked = any(session.server.casefold() == name and session.steps for session in evidence.imap_sessions)
    if talked or not any(c.isalpha() for c in name) or f".{name}".endswith(_MICROSOFTS) or "." not in name:
        return
    said = f"{setting.provenance.how}: the IMAP server is {name}, which is no host of Microsoft's"
    compared = (look_up("IMAP server", name, "Exchange Online", IMAP_SERVERS),)
    yield failed(
        f"{name} is not Exchange Online's IMAP server", Suspect(_HOST, Confidence.LIKELY, (said,)), compared=compared
    )


def _port(setting: Setting) -> Judgement:
    port = setting.raw.strip()
    compared = (compare("IMAP port", port, "IMAP over TLS", _RIGHT_PORT),)
    if port == _RIGHT_PORT:
        return passed("The port is IMAP's over TLS", *compared)
    said = f"{setting.provenance.how}: the port is {port}, IMAP's without TLS from the start"
    suspect = Suspect(_PLAIN, Confidence.LIKELY, (said,))
    return failed(f"Port {port} is not IMAP's over TLS", suspect, compared=compared)


CHECK = Check(
    id="typed-server",
    stage=Stage.IMAP_NETWORK,
    title="The server and the port that were typed are Exchange Online's",
    causes=(_HOST, _PLAIN),
    judge=judge,
    required=False,
    order=25,
)
