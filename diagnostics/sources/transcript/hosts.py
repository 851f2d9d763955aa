"""Which mail server the lines of a text are about, and what else in it shows whose server that is.

A ticket may hold two accounts, of two providers: a conversation belongs to the host that was named last before it, or else
to the only one after it. What shows Exchange Online or another server beside that becomes a remark for diagnostics/servers.
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics import purpose, servers
from diagnostics.evidence import Remark
from diagnostics.sources.transcript.decoding import front_end
from diagnostics.sources.transcript.window import View

_NAME = r"(?=\w)[\w-]++(?:\.[\w-]++)++"
_WHOLE = re.compile(
    r"(?:[A-Za-z0-9-]{1,63}\.)+(?:[a-z]{2}|[A-Z]{2}|(?i:com|net|org|edu|gov|mil|int|info|biz|name|pro|cloud|email|online|app|dev|tech|shop|site|web|group"
    r"|systems|network|software|solutions|services|company|gmbh|consulting|local|lan|internal|intranet|corp|home|domain|localdomain))"
    r"|\d{1,3}(?:\.\d{1,3}){3}"
)
_MICROSOFTS = re.compile(
    r"(?<!https://)(?<!http://)(?<![\w@.-])(?P<host>outlook\.office365\.(?:com|us)|outlook-dod\.office365\.us|partner\.outlook\.cn|imap-mail\.outlook\.com|imap\.outlook\.com"
    r"|imap\.office365\.com|ps\.outlook\.com|outlook\.live\.com|imap-mail\.hotmail\.com|smtp-hve\.office365\.com|outlook\.office\.com(?!/))(?![\w./-]*(?:\.default|Access))(?::(?P<port>\d{2,5}))?"
)
_OTHERS = (
    re.compile(rf"(?<![\w@.-])(?P<host>(?!\d++\.\d++\.\d){_NAME}):(?P<port>143|993|110|995|1143|1993)\b"),
    re.compile(
        rf"\b(?:imap|pop3?)s?://(?:[^\s/@]{{1,120}}@)?(?P<host>{_NAME})(?::(?P<port>\d{{2,5}}))?", re.IGNORECASE
    ),
    re.compile(
        r"(?<![\w@.-])(?P<host>(?:imaps?|pop3?)[\w-]*+(?:\.[\w-]++){2,}+)(?![@(])(?::(?P<port>\d{2,5}))?", re.IGNORECASE
    ),
    re.compile(
        rf"(?<![A-Za-z])(?:imap[ _-]?)?(?:host\d?|server\d?|servidor|serveur|hostname|peeraddr)(?![\w.-])['\"]?\s{{0,3}}(?:=>|[:=]|\bis\b)?\s{{0,3}}[\['\"{{<(]{{0,2}}(?P<host>{_NAME})(?!@)(?::(?P<port>\d{{2,5}}))?",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?:on|at|host\d?)\s\[(?P<host>{_NAME})\](?::(?P<port>\d{{2,5}}))?", re.IGNORECASE),
    re.compile(
        rf"\b(?:connect(?:ed|ing|ion)?\s(?:to|with)|telnet|-connect|querying)\s(?:server\s|host\s)?['\"\[(]?(?P<host>{_NAME})(?!@)(?::(?P<port>\d{{2,5}}))?",
        re.IGNORECASE,
    ),
)
_LOOSE = re.compile(
    r"(?<![\w@.-])(?P<host>(?:mail|mailbox|exchange|owa|webmail|correo|ex\d{1,3}|mx\d{0,3})[\w-]*+(?:\.[\w-]++){2,}+)(?![@(])(?::(?P<port>\d{2,5}))?",
    re.IGNORECASE,
)
"""Names that may be those of mail servers: of one that is asked only where it stands before an answer."""
_NO_MAIL = re.compile(
    r"^(?:smtp|login|graph|autodiscover|www|api|docs|learn|support|github|stackoverflow|accounts|oauth2?|sts|portal|admin|kb|forum|community)[\w-]*\."
    r"|\.(?:py|cs|js|ts|rb|go|md|sh|ps|microsoftonline\.\w+|onmicrosoft\.com|protection\.outlook\.com)$"
    r"|^(?:javax?|jakarta|com|org|net|mailkit|system|microsoft|self|this)\.",
    re.IGNORECASE,
)


_SENTENCE_END = re.compile(r"[.!?)] (?=[A-Z])")
_POP_GREETING = re.compile(r"POP3 service is ready\.\s*\[(?P<bracket>[A-Za-z0-9+/=]{8,400})\]")
_ANSWER = re.compile(r"\b(?:NO|BAD|BYE) (?=[A-Z\[])")


@dataclass(frozen=True, slots=True)
class Host:
    """A mail server as a text names it; `port` 0 where none is named."""

    name: str
    port: int = 0


def named(line: str) -> Host | None:
    """Return the mail server that a line names last, Microsoft's or another's; sending servers are none.

    Of two providers' servers it is the last one before an answer on the same line, and none where there is no answer.
    """
    found = list(_MICROSOFTS.finditer(line))
    for pattern in _OTHERS:
        found += [match for match in pattern.finditer(line) if _is_mail_server(match["host"])]
    answer = _ANSWER.search(line)
    if not found and answer:
        loose = [match for match in _LOOSE.finditer(line, 0, answer.start()) if _is_mail_server(match["host"])]
        found = [match for match in loose if not _SENTENCE_END.search(line, match.end(), answer.start())]
    if len({servers.of_host(match["host"]) for match in found}) > 1:
        found = [match for match in found if answer and match.start() < answer.start()]
    if not found:
        return None
    last = max(found, key=lambda match: match.start("host"))
    return Host(last["host"], int(last["port"] or 0))


def _is_mail_server(name: str) -> bool:
    return bool(
        _WHOLE.fullmatch(name) and not _NO_MAIL.search(name) and servers.of_host(name) is not servers.Server.UNKNOWN
    )


class Hosts:
    """The mail servers of a window by line."""

    def __init__(self, window: View) -> None:
        self._by_line: dict[int, Host] = {}
        self._lines: list[int] = []
        for index, line in enumerate(window.full):
            host = named(line) if "." in line else None
            if host is not None and index not in window.commented:
                self._by_line[index] = host
                self._lines.append(index)

    def here(self, index: int) -> Host | None:
        """Return the server that a line itself names."""
        return self._by_line.get(index)

    def at(self, index: int) -> Host | None:
        """Return the server that a line is about: named in it or last before it, else the only one after it."""
        position = bisect.bisect_right(self._lines, index)
        if position:
            return self._by_line[self._lines[position - 1]]
        owners = {servers.of_host(host.name) for host in self._by_line.values()}
        return self._by_line[self._lines[0]] if len(owners) == 1 else None


@dataclass(frozen=True, slots=True)
class Sign:
    """What shows, or says, whose server a text is of; `words` are needed in the text, in lower case."""

    kind: str
    name: str
    pattern: re.Pattern[str]
    words: tuple[str, ...]


_I = re.IGNORECASE | re.MULTILINE
SIGNS: tuple[Sign, ...] = (
    Sign(servers.ONLINE_IN_LINES, "a host of Exchange Online", re.compile(r"(?<![\w@-])(?:outlook\.office365\.(?:com|us)|outlook\.office\.com|outlook-dod\.office365\.us|partner\.outlook\.cn|prod\.outlook\.com|exchangelabs\.com|mail\.protection\.outlook\.com|(?:smtp|imap)\.office365\.com|ps\.outlook\.com|imap-mail\.outlook\.com)\b", _I), ("outlook", "exchangelabs", "office365")),
    Sign(servers.ONLINE_IN_LINES, "a tenant's own domain", re.compile(r"\b[\w-]+\.onmicrosoft\.(?:com|us|cn)\b", _I), ("onmicrosoft",)),
    Sign(servers.ONLINE_IN_LINES, "the module of Exchange Online", re.compile(r"\bConnect-ExchangeOnline\b|\bGet-EXO\w+|\bNew-ServicePrincipal\b|\bGet-ConnectionInformation\b|adminapi/beta", _I), ("connect-exchangeonline", "get-exo", "serviceprincipal", "get-connectioninformation", "adminapi")),
    Sign(servers.ONLINE_IN_LINES, "Exchange Online's version", re.compile(r"Microsoft\.Exchange\.Imap4[\w.]{0,40}\"? \"version\" \"15\.20|\bVersion 15\.20 \(Build", _I), ("15.20",)),
    Sign(servers.ONLINE_IN_LINES, servers.A_SCOPE, re.compile(r"\b(?:IMAP|POP|SMTP)\.(?:AccessAsApp|AccessAsUser|SendAsApp|Send)\b|outlook\.office(?:365)?\.(?:com|us)/\.default|partner\.outlook\.cn/\.default", _I), ("accessas", "smtp.send", "/.default")),
    Sign(servers.ONLINE_IN_WORDS, "Exchange Online", re.compile(r"(?<!not )(?<!no )(?<!kein )(?<!sin )(?<!from )(?<!without )\b(?:exchange[ -]?online|(?:office|microsoft) ?365|[OM]365|outlook ?365|outlook office)\b", _I), ("exchange online", "exchange-online", "exchangeonline", "365", "outlook office")),
    Sign(servers.ONLINE_IN_WORDS, "Microsoft Entra", re.compile(r"\b(?:Azure AD|Entra(?: ID)?|app registration|SaslMechanismOAuth2|XOAUTH2?)\b", _I), ("azure ad", "entra", "app registration", "oauth2")),
    Sign(servers.OTHER_IN_LINES, "Exchange on premises", re.compile(r"\bAUTH=(?:NTLM|GSSAPI)\b|Microsoft\.Exchange\.Imap4[\w.]{0,40}\"? \"version\" \"15\.[012]\b|service is ready\. Using Client Access Server|\b250[ -]AUTH\b[^\n]{0,40}\b(?:NTLM|GSSAPI)\b|#Log-type: IMAP4 Log|\+OK (?!The Microsoft Exchange)[^\n]{0,60}\bready\b|\.(?:local|lan|intern|intranet|corp) Microsoft ESMTP", _I), ("auth=ntlm", "auth=gssapi", "imap4server", "client access server", "250-auth", "250 auth", "imap4 log", "+ok ", "microsoft esmtp")),
    Sign(servers.OTHER_IN_WORDS, "Exchange on premises", re.compile(r"\bExchange(?: Server)? ?(?:20(?:03|07|10|13|16|19)|SE|Subscription Edition)\b(?! IMAP4 server signing)|\bExchange\b[^\n.]{0,40}\bon[- ]?prem|\bon[- ]?prem\w*[^\n.]{0,30}\bExchange\b|\bhosted exchange\b|\b(?:lokale[nrsm]?|eigene[nrsm]?) Exchange|\bExchange local\b|\bBuild 15\.[012]\b|\bVersion 15\.[012]\b|\b15\.0?[012]\.\d{3,4}\.\d+\b", _I), ("exchange", "15.")),
    Sign(servers.OTHER_IN_WORDS, "no Microsoft 365", re.compile(r"\b(?:not?|isn't|kein|nicht|sin|without)(?: (?:an?|in|on|at|with|by|of|hosted|using|de|en|ein|einen|bei|von|auf|un|una|domain)){0,3} (?:exchange ?online|(?:office|microsoft) ?365|[OM]365)\b(?!-?\s?(?:licen|subscription|plan|permission|lizenz|abonn|suscrip|admin|app))", _I), ("365", "online")),
    Sign(servers.OTHER_IN_WORDS, "another product", re.compile(r"\b(?:Dovecot|Courier|Cyrus|Zimbra|hMailServer|MDaemon|Kerio|IceWarp|Gmail|Gimap|Google Workspace|G ?Suite|Yahoo|GMX|web\.de|Strato|IONOS|1&1|Zoho|Fastmail|iCloud|Apache James|GreenMail|Stalwart|Mailcow|Plesk|cPanel|OX App Suite|Yandex|ProtonMail)\b", _I), ("dovecot", "courier", "cyrus", "zimbra", "hmail", "mdaemon", "kerio", "icewarp", "gmail", "gimap", "google", "suite", "yahoo", "gmx", "web.de", "strato", "ionos", "1&1", "zoho", "fastmail", "icloud", "james", "greenmail", "stalwart", "mailcow", "plesk", "cpanel", "ox app", "yandex", "proton")),
    Sign(purpose.ANOTHER_WAY, "Graph or EWS", re.compile(r"graph\.microsoft\.\w+/(?:v1\.0|beta)/(?:users|me|groups)\b|/EWS/(?:Exchange\.asmx|Services)|\bexchangelib\b|Exchange\.WebServices\b|\bExchangeService\(|\bSend-MgUserMail\b|\bGet-MgUserMessage\b", _I), ("graph.microsoft", "ews", "exchange.webservices", "exchangelib", "exchangeservice", "mguser")),
    Sign(purpose.IMAP_NAMED, "IMAP", re.compile(r"imap|xoauth2|\bPOP3?S?\b|:99[35]\b", _I), ("imap", "xoauth2", "pop", ":99")),
    Sign(purpose.PERSON_NAMED, "a person's sign-in", re.compile(r"\bauthori[sz]ation[ _-]code\b|\bcódigo de (?:autorización|dispositivo)\b|\btoken de actualización\b|\b(?:Autorisierungs|Geräte)code\b|\bAktualisierungstoken\b|\boutlook\.\w+\.\w+/IMAP\.AccessAsUser\.All\b|\bscp\b\W{1,6}(?:\w+ ){0,4}\w+\.\w+|\bdevice[ _-]?(?:code|flow|login)\b|(?<![A-Za-z])refresh(?:ing|ed)?[ _-]?(?:access[ _-])?token\b|\bPKCE\b|acquire_?token_?(?:by_device_flow|interactive|by_auth\w*|silent)|\b(?:InteractiveBrowser|DeviceCode|UsernamePassword)Credential\b|\bPublicClientApplication\b|\bresponse_type=code\b", _I), ("code", "código", "device", "actualización", "aktualisierung", "accessasuser", "scp", "refresh", "pkce", "acquire", "credential", "publicclient")),
    Sign(purpose.APPLICATION_NAMED, "an application's sign-in", re.compile(r"\bclient[ _-]?credentials?\b|\bIMAP\.AccessAsApp\b|acquire_?token_?for_?client|acquireTokenByClientCredential|\bConfidentialClientApplication\b|\bClientSecretCredential\b|\bapp(?:lication)?[ -](?:only|permissions?)\b", _I), ("credential", "accessasapp", "acquire", "confidentialclient", "app")),
)  # fmt: skip


def read(window: View) -> Iterator[Remark]:
    """Yield what shows whose server the text is of, once for each sign."""
    low, flow = window.lower, window.joined
    yield from _others(window)
    yield from _front_ends(window)
    for sign in SIGNS:
        if not any(word in low for word in sign.words):
            continue
        for match in sign.pattern.finditer(flow.text):
            index = flow.index_at(match.start())
            if index not in window.commented:
                shown = " ".join(match[0].split())
                yield Remark(sign.kind, shown, window.where(flow.number_at(match.start())), (("what", sign.name),))
                break


def _others(window: View) -> Iterator[Remark]:
    """Yield the first mail server of another provider's that a text names, where none of Microsoft's is named."""
    told = [
        (index, host) for index, line in enumerate(window.full) if "." in line and (host := named(line)) is not None
    ]
    if any(servers.of_host(host.name) is servers.Server.ONLINE for _, host in told):
        return
    for index, host in told[:1]:
        yield Remark(
            servers.OTHER_IN_LINES, host.name, window.where(window.numbers[index]), (("what", "another host"),)
        )


def _front_ends(window: View) -> Iterator[Remark]:
    """Yield whose front end the greeting of Exchange's POP service names in its bracket."""
    for index, line in enumerate(window.lines):
        match = _POP_GREETING.search(line)
        name = front_end(match["bracket"]) if match else ""
        theirs = servers.is_front_end(name)
        if theirs or "." in name:
            kind = servers.ONLINE_IN_LINES if theirs else servers.OTHER_IN_LINES
            yield Remark(kind, name, window.where(window.numbers[index]), (("what", "front end"),))
            return
