"""Which server a conversation or a pasted text is of: Exchange Online, another one, or it cannot be told.

What is true of Exchange Online (no passwords, a service principal, FullAccess) is not true of Exchange on premises, of a
hoster's Exchange or of another provider, and their logs look alike. Every check that accuses on the words of a server asks
here. A conversation's own lines come first, in this order, then what the rest of the text shows:

| sign                                                               | it is           | known from                              |
|--------------------------------------------------------------------|-----------------|-----------------------------------------|
| the greeting's bracket names a front end of Microsoft's            | Exchange Online | base64 of UTF-16LE, recorded greetings  |
| the bracket names another host                                     | another server  | the same                                |
| a greeting in words that Exchange does not use                     | another server  | Gimap, Dovecot, Courier, Cyrus …        |
| an answer that names a host of Microsoft's, or its kinds of users  | Exchange Online | `…PROD.OUTLOOK.COM`, `<UserType:…>`     |
| CAPABILITY with AUTH=NTLM or AUTH=GSSAPI                           | another server  | MailKit issues 322, 483, 1351           |
| Exchange's greeting with AUTH=XOAUTH2 in CAPABILITY                | Exchange Online | not on premises over IMAP               |
| the server's name                                                  | either          | clouds.py, Microsoft's domains          |
| … but only a name, Exchange's words, and a sign-in at Entra        | cannot be told  | a company's relay, email-oauth2-proxy   |
| XOAUTH2 answered in Exchange's exact words                         | Exchange Online | not on premises over IMAP               |
| what other lines of the text show, or say in words                 | either          | AADSTS, hosts, cmdlets; then products   |
| Exchange's greeting with a bracket that was masked or cut off      | Exchange Online | likely: on premises there is none       |
| Exchange's greeting without a bracket                              | another server  | MailKit issues 322, 483, 1351           |

A product's name alone proves nothing: Exchange Online itself takes its leave as "Microsoft Exchange Server 2016".
"""

from __future__ import annotations

import enum
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.clouds import CLOUDS
from diagnostics.comparison import shortened
from diagnostics.evidence import Evidence, ImapSession, ReplyStatus, SettingName, TokenClaims, Unavailable

EXCHANGE_READY = "Microsoft Exchange IMAP4 service is ready"
ONLINE_IN_LINES, ONLINE_IN_WORDS = "shows-exchange-online", "said-exchange-online"
OTHER_IN_LINES, OTHER_IN_WORDS = "shows-another-server", "said-another-server"
"""Kinds of remarks that the reader of pasted texts leaves for this judge: what a machine wrote, and what somebody says."""
A_SCOPE = "scope"

FRONT_ENDS = (
    ".outlook.com",
    ".outlook.cn",
    ".office365.us",
    ".office365.com",
    ".outlook.us",
    ".exchangelabs.com",
)
"""How the names of front ends end that greetings give (recorded greetings of every cloud)."""
_MICROSOFTS = (
    *(f".{cloud.imap_server}" for cloud in CLOUDS.values()),
    *FRONT_ENDS,
    ".office.com",
    ".hotmail.com",
    ".live.com",
)
_IN_AN_ANSWER = re.compile(
    r"\.(?:prod\.)?outlook\.com\b|\.exchangelabs\.com\b|<UserType:|BasicAuthBlocked|OAuthLog", re.IGNORECASE
)
_ONLY_ONLINE = re.compile(
    r"\b5\.7\.139\b|\b5\.5\.124\b|office365\.(?:com|us)|Suggested\s+Backoff|too many AD|NoADRecipient", re.IGNORECASE
)
_BARE_FRONT_END = re.compile(r"[A-Z]{2,3}\dP[A-Z\d]\d{2}CA\d{4}", re.IGNORECASE)  # imapflow issue 392
_HIDDEN_BRACKET = re.compile(re.escape(EXCHANGE_READY) + r"\.?[^\[\n]{0,40}\[")
WINDOWS_SIGN_IN = frozenset({"AUTH=NTLM", "AUTH=GSSAPI"})
_EXACT = re.compile(r"(?:AUTHENTICATE|LOGIN) failed(?:\.?$|\.\s*[\[(\"'`;,<&\\]|\.\s+(?:at|in|from)\b)", re.IGNORECASE)
_NOT_ON_PREMISES = "which it does not on premises"
_LONGEST = 120
_NOT_CONNECTED = "authenticated but not connected"


ON_PREMISES_OUTPUT = "output-of-exchange-on-premises"
"""Kind of the remark that stands for a cmdlet's row which is not Exchange Online's."""


class Server(enum.StrEnum):
    """Whose server it is."""

    ONLINE = "Exchange Online"
    OTHER = "another server"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Shown:
    """The verdict with the sign that decides, in words.

    `proven`: the sign leaves no doubt. `in_lines`: a machine wrote it; else somebody says so. `by_name`: it is a host's
    name and no more, behind which a company's own relay may lead to Exchange Online.
    """

    server: Server
    sign: str = ""
    proven: bool = False
    in_lines: bool = True
    by_name: bool = False

    @property
    def is_online(self) -> bool:
        """Whether something shows that it is Exchange Online."""
        return self.server is Server.ONLINE

    @property
    def is_other(self) -> bool:
        """Whether something shows that it is another server."""
        return self.server is Server.OTHER


_NOTHING = Shown(Server.UNKNOWN)


def of_host(name: str) -> Server:
    """Say whose a host is by its name; a bare or loopback name and a public address tell nothing."""
    bare = name.strip().strip("[]").rstrip(".").casefold()
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        if f".{bare}".endswith(_MICROSOFTS):
            return Server.ONLINE
        is_bare = "." not in bare or bare.endswith((".localhost", ".invalid"))
        return Server.UNKNOWN if is_bare else Server.OTHER
    private = address.is_private and not (address.is_loopback or address.is_unspecified or address.is_link_local)
    documented = any(address in network for network in _DOCUMENTED if network.version == address.version)
    return Server.OTHER if private and not documented else Server.UNKNOWN


_DOCUMENTED = tuple(
    ipaddress.ip_network(block)
    for block in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")  # RFC 5737, RFC 3849
)


def is_front_end(name: str) -> bool:
    """Say whether a name from a greeting's bracket is a front end of Exchange Online's, with its domain or bare."""
    return f".{name.casefold()}".endswith(FRONT_ENDS) or _BARE_FRONT_END.fullmatch(name) is not None


def of_session(session: ImapSession) -> Shown:
    """Judge a conversation by its own lines alone."""
    return next((shown for shown in _own_signs(session) if shown.server is not Server.UNKNOWN), _NOTHING)


def _own_signs(session: ImapSession) -> Iterator[Shown]:
    where = session.provenance.how
    yield from _of_greeting(session, where)
    for step in session.steps:
        if _IN_AN_ANSWER.search(step.text):
            said = f"{where}: the answer “{shortened(step.text, _LONGEST)}” is Exchange Online's"
            yield Shown(Server.ONLINE, said, proven=True)
    name = session.server or next((attempt.address for attempt in session.attempts), "")
    host = of_host(name) if name else Server.UNKNOWN
    yield from _of_mechanisms(session, where, is_microsofts=host is Server.ONLINE)
    if host is Server.ONLINE:
        yield Shown(host, f"{where}: the server is {name}", proven=True)
    if host is Server.OTHER:
        yield Shown(host, f"{where}: the server is {name}, no host of Exchange Online", by_name=True)
    if _refuses_xoauth2(session):
        yield Shown(Server.ONLINE, f"{where}: Exchange answers XOAUTH2, {_NOT_ON_PREMISES}", proven=True)


def _of_greeting(session: ImapSession, where: str) -> Iterator[Shown]:
    theirs = is_front_end(session.greeting_host)
    if theirs or "." in session.greeting_host:  # a bare name that is cut off tells nothing
        named = f"{where}: the greeting names {session.greeting_host}"
        said = f"{named}, a front end" if theirs else f"{named}, which is no front end of Exchange Online"
        yield Shown(Server.ONLINE if theirs else Server.OTHER, said, proven=True)
    if session.greeting and EXCHANGE_READY not in session.greeting and not session.greeting.upper().startswith("* BYE"):
        yield Shown(Server.OTHER, f"{where}: the greeting is “{shortened(session.greeting, _LONGEST)}”, not Exchange's")


def _of_mechanisms(session: ImapSession, where: str, *, is_microsofts: bool) -> Iterator[Shown]:
    """Yield what the ways to sign in tell: those that are offered, and one of Windows that was tried."""
    listed = {name.upper() for name in session.capabilities}
    offered = sorted(listed & WINDOWS_SIGN_IN)
    if offered:
        said = f"{where}: CAPABILITY offers {' and '.join(offered)}, which Exchange Online never does"
        yield Shown(Server.OTHER, said, proven=not is_microsofts)
    tried = next((step for step in session.steps if step.command.upper().endswith((" NTLM", " GSSAPI"))), None)
    if tried is not None and not is_microsofts:
        yield Shown(Server.OTHER, f"{where}: {tried.command} was tried, which Exchange Online does not offer")
    if EXCHANGE_READY in session.greeting and "AUTH=XOAUTH2" in listed:
        yield Shown(Server.ONLINE, f"{where}: Exchange offers XOAUTH2, {_NOT_ON_PREMISES}", proven=True)


def _refuses_xoauth2(session: ImapSession) -> bool:
    """Say whether XOAUTH2 was answered in Exchange's exact words."""
    steps = session.steps
    tried = [step for step in steps if step.command.upper().startswith("AUTHENTICATE XOAUTH2")]
    refused = any(step.status is ReplyStatus.NO and is_exchanges_refusal(step.text) for step in tried)
    return refused or (bool(tried) and any(_NOT_CONNECTED in step.text.casefold() for step in steps))


def is_exchanges_refusal(text: str) -> bool:
    """Say whether a refusal is in Exchange's exact words, whatever a program adds; other servers add a reason of theirs."""
    return _EXACT.match(text.strip().strip("'\"")) is not None or _NOT_CONNECTED in text.casefold()


def of_text(evidence: Evidence) -> Shown:
    """Judge what a pasted text shows as a whole: what machines wrote comes before what somebody says.

    Where both kinds of server are shown, as by a text with two accounts, none can be told.
    """
    for in_lines, online, other in (
        (True, _online_in_lines(evidence), _other_in_lines(evidence)),
        (False, _remarked(evidence, ONLINE_IN_WORDS), _remarked(evidence, OTHER_IN_WORDS)),
    ):
        if online and other:
            return _NOTHING
        if online or other:
            server = Server.ONLINE if online else Server.OTHER
            return Shown(server, online or other, proven=in_lines and bool(online), in_lines=in_lines)
    return _NOTHING


def of_remark(text: str, evidence: Evidence) -> Shown:
    """Judge the server whose answer a line of a text passes on: by the line, else by the text."""
    if _IN_AN_ANSWER.search(text) or _ONLY_ONLINE.search(text):
        return Shown(Server.ONLINE, f"the answer “{shortened(text, _LONGEST)}” is Exchange Online's", proven=True)
    return of_text(evidence)


def of(session: ImapSession, evidence: Evidence) -> Shown:
    """Judge a conversation by its own lines, else by the text that it stands in, else by the greeting's lack of a bracket."""
    own = of_session(session)
    in_its_words = any(is_exchanges_refusal(step.text) for step in session.steps)
    if own.by_name and own.is_other and in_its_words and _leads_to_exchange_online(evidence):
        return _NOTHING
    if own.server is not Server.UNKNOWN:
        return own
    never_spoke = not (session.greeting or session.steps)  # then only its own name says where it would have gone
    told = _NOTHING if evidence.live or never_spoke else of_text(evidence)
    if told.server is Server.UNKNOWN and _HIDDEN_BRACKET.search(session.greeting):
        said = f"{session.provenance.how}: the greeting has a bracket, as Exchange Online's has, whatever was in it"
        return Shown(Server.ONLINE, said, in_lines=False)
    if told.server is Server.UNKNOWN and _lacks_bracket(session):
        said = (
            f"{session.provenance.how}: Exchange greets without naming a front end, which Exchange Online always does"
        )
        return Shown(Server.OTHER, said)
    return told


def _lacks_bracket(session: ImapSession) -> bool:
    return re.search(re.escape(EXCHANGE_READY) + r"\.?\s*$", session.greeting) is not None


def _leads_to_exchange_online(evidence: Evidence) -> bool:
    """Say whether a server of another name may be a relay: Entra signs in, and no other conversation is with Microsoft."""
    with_microsoft = any(of_session(session).is_online for session in evidence.imap_sessions)
    return not (evidence.live or with_microsoft) and bool(_of_entra(evidence))


def _of_entra(evidence: Evidence) -> str:
    for error in evidence.entra_errors:
        return f"{error.provenance.how}: an answer of Microsoft Entra"
    tokens = () if isinstance(evidence.tokens, Unavailable) else evidence.tokens
    for token in tokens:
        if _is_microsofts(token):
            return f"{token.provenance.how}: a token of Microsoft Entra"
    for request in evidence.token_requests:
        if request.login or any("outlook.office" in scope or "outlook.cn" in scope for scope in request.scopes):
            return f"{request.provenance.how}: a sign-in at Microsoft Entra"
    for remark in evidence.remarks:
        if remark.kind == ONLINE_IN_LINES and remark.value("what") == A_SCOPE:
            return f"{remark.provenance.how}: it names {remark.text}"
    return ""


def _online_in_lines(evidence: Evidence) -> str:
    """Return a sign of a machine's that there is Exchange Online or its sign-in, or nothing."""
    if told := _of_entra(evidence):
        return told
    exchange = evidence.exchange
    if not isinstance(exchange.service_principals, Unavailable) or not isinstance(exchange.connection, Unavailable):
        return "the output of Exchange Online's own cmdlets"
    for setting in evidence.settings:
        if setting.name is SettingName.IMAP_SERVER and of_host(setting.raw) is Server.ONLINE:
            return f"{setting.provenance.how}: the IMAP server is {setting.raw.strip()}"
    own = (of_session(session) for session in evidence.imap_sessions)
    return next((shown.sign for shown in own if shown.is_online), "") or _remarked(evidence, ONLINE_IN_LINES)


def _other_in_lines(evidence: Evidence) -> str:
    for setting in evidence.settings:
        if setting.name is SettingName.IMAP_SERVER and of_host(setting.raw) is Server.OTHER:
            return f"{setting.provenance.how}: the IMAP server is {setting.raw.strip()}"
    own = (of_session(session) for session in evidence.imap_sessions)
    return next((shown.sign for shown in own if shown.is_other), "") or _remarked(evidence, OTHER_IN_LINES)


def _is_microsofts(token: TokenClaims) -> bool:
    return bool(token.audience or token.tenant_id or token.application_id or token.roles or token.scopes)


def _remarked(evidence: Evidence, kind: str) -> str:
    found = next((remark for remark in evidence.remarks if remark.kind == kind), None)
    return f"{found.provenance.how}: it names {found.text}" if found else ""
