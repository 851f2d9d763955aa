"""Failures of names, connections and TLS in any client's words: towards IMAP as attempts, towards the sign-in host as remarks."""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.evidence import AddressAttempt, AttemptOutcome, ImapSession, Remark, Setting, SettingName
from diagnostics.sources.transcript import events, hosts
from diagnostics.sources.transcript.window import View

_O = AttemptOutcome


@dataclass(frozen=True, slots=True)
class Failure:
    """One way in which clients report that a connection failed; `source` is where the words were read."""

    kind: str
    pattern: re.Pattern[str]
    outcome: AttemptOutcome
    source: str


def _f(kind: str, pattern: str, outcome: AttemptOutcome, source: str) -> Failure:
    return Failure(kind, re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE), outcome, source)


FAILURES: tuple[Failure, ...] = (
    _f("no-ca-bundle", r"Can't verify SSL peers without knowing which Certificate Authorities to trust", _O.CERTIFICATE_REFUSED, "imapsync issue 395"),
    _f("tls-to-plaintext-port", r"Are you attempting an encrypted connection|to a non-encrypted server\?", _O.PLAINTEXT, "email-oauth2-proxy issue 393"),
    _f("wrong-version-number", r"WRONG_VERSION_NUMBER|wrong version number|unknown protocol:\s?s23_clnt|Unsupported or unrecognized SSL message|packet length too long|first record does not look like a TLS handshake|not an SSL/TLS record", _O.PLAINTEXT, "OpenSSL, JSSE, Go and GnuTLS messages"),
    _f("certificate-verify-failed", r"Remotezertifikat (?:ist|wurde)|certificado remoto no es v[aá]lido|certificat distant n'est pas valide|certificato remoto non è valido|certificado remoto [eé] inv[aá]lido|certificate[_ ]verif(?:y|ication)[_ ]failed|CERTIFICATE_VERIFY_FAILED|unable to get (?:local )?issuer certificate|self[- ]signed certificate|PKIX path building failed|The remote certificate (?:is|was) (?:invalid|rejected)|certificate is not trusted|x509: certificate signed by unknown authority|RemoteCertificate(?:ChainErrors|NameMismatch)|SSL certificate problem|server certificate (?:verification|does not match)|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)|DEPTH_ZERO_SELF_SIGNED_CERT|ERR_TLS_CERT_ALTNAME_INVALID|certificate has expired|did not match expected CN|(?:hostname|IP address) '[^']{1,120}' doesn't match|certificate error for \S+:|(?:hostname|IP address) mismatch, certificate is not valid", _O.CERTIFICATE_REFUSED, "imapsync issue 476; messages of OpenSSL, .NET, Java, Go and Node"),
    _f("name-not-resolved", r"Host desconocido|(?:angegebene )?Host ist unbekannt|H[oô]te inconnu|Host sconosciuto|Este host n[aã]o [eé] conhecido|Nombre o servicio (?:des)?conocido|Der Name oder der Dienst ist nicht bekannt|Nom ou service inconnu|Nome o servizio sconosciuto|No se pudo resolver el (?:nombre|host)|query(?:A|AAAA|Any) E(?:SERVFAIL|TIMEOUT|REFUSED|NOTFOUND|NODATA)|getaddrinfo (?:ENOTFOUND|EAI_AGAIN|failed)|Name or service not known|nodename nor servname provided|Temporary failure in name resolution|No such host is known|UnknownHostException|Could not resolve host|no such host|php_network_getaddresses|Name does not resolve|Name has no usable address|SocketException \(11001\)|WSAHOST_NOT_FOUND|errno: -300[178]|\[Errno (?:-[235]|8|11001|11004)\](?! No such file)", _O.UNREACHABLE, "libc, Node, .NET, Java, curl, Go and PHP messages"),
    _f("connection-refused", r"SocketException \(10061\)|Verbindungsaufbau abgelehnt|Zielcomputer die Verbindung verweiger|Conexi[oó]n (?:rehusada|rechazada)|deneg[oó] expresamente dicha conexi[oó]n|Connexion refus[ée]e|l'ordinateur cible l'a expressément refusée|Connessione rifiutata|rifiuto persistente del computer di destinazione|Conex[aã]o recusada|recusou ativamente|Connection refused|ECONNREFUSED|actively refused|WinError 10061", _O.REFUSED, "libc, Node and Windows messages"),
    _f("connection-timed-out", r"SocketException \(10060\)|SocketTimeoutException|no respondi[oó] adecuadamente|tiempo de espera (?:agotado|superado)|se agot[oó] el tiempo|nicht (?:richtig|ordnungsgemäß) reagiert|Zeit(?:ü|ue)berschreitung|n'a pas répondu convenablement|délai d'attente (?:de la connexion )?(?:dépassé|expiré)|tempo limite|non ha risposto correttamente|não respondeu corretamente|connessione scaduta|Connection timed out|connect(?:ion)? timeout|ETIMEDOUT|ConnectTimeout|WinError 10060|did not properly respond after a period of time|connect timed out|i/o timeout|Operation timed out|Timed out while (?:connecting|waiting for server)|timeout waiting for (?:greeting|server)|Greeting never received|Failed to receive greeting|GREEE?TING_TIMEOUT", _O.TIMED_OUT, "libc, Node, Windows, Java, Go; imapflow"),
    _f("connection-reset", r"SocketException \(10054\)|vom Remotehost geschlossen|forzad[oa] la interrupci[oó]n de una conexi[oó]n existente|conexi[oó]n reinicializada|fermée par l'hôte distant|réinitialisée par le correspondant|chiusa forzatamente dal(?:l'host| computer) remoto|foi forçado o cancelamento de uma conexão|Connection reset by peer|ECONNRESET|forcibly closed by the remote host|WinError 10054", _O.RESET, "libc, Node and Windows messages"),
    _f("network-unreachable", r"Network is unreachable|ENETUNREACH|No route to host|EHOSTUNREACH", _O.UNREACHABLE, "libc messages"),
    _f("proxy-refused", r"Tunnel connection failed:? \d{3}|Cannot connect to proxy|\bProxyError\b|Proxy Authentication Required|tunneling socket could not be established|Received HTTP code \d{3} from proxy", _O.UNREACHABLE, "urllib3, curl and Node messages"),
    _f("no-greeting", r"<--\s*\[ Server disconnected \]|no greeting|(?:did not|didn't) (?:send|receive) a greeting|unexpected (?:end of file|EOF)|server (?:unexpectedly )?(?:closed|disconnected|hung up)(?: the connection)? (?:before|without)|unexpectedly disconnected", _O.NO_GREETING, "email-oauth2-proxy issue 200; MailKit"),
    _f("http-answer-on-mail-port", r"(?:\* )?HTTP/1\.[01] (?:400|403|404|405|408|426|501|502|503)\b", _O.NO_GREETING, "answers of HTTP proxies on port 993"),
    _f("tls-handshake-failed", r"SSL_ERROR_SYSCALL|handshake[_ ](?:failure|failed)|TLS (?:handshake|negotiation) (?:failed|error)|sslv3 alert|tlsv1 alert|SSLHandshakeException|Could not create SSL/TLS secure channel|no protocols available", _O.TLS_FAILED, "OpenSSL, Java and .NET messages"),
)  # fmt: skip
_LOGIN = re.compile(
    r"\b(?:msal|adal)(?:4j)?\b|login\.(?:microsoftonline|partner\.microsoftonline|windows|chinacloudapi)|/oauth2/|oauth2?[_/]?token|token endpoint|imapsync_auth|acquire_?token|\bauthority\b|sts\.windows\.net|openid-configuration|No code from https?:",
    re.IGNORECASE,
)
_IMAP = re.compile(
    r"\bIMAPS?\b|\bimapsync\b|:99[35]\b|\bport[ =:]+99[35]\b|\b99[35]\b|outlook\.office365|imap-mail|outlook\.live|partner\.outlook\.cn|\b1?1?143\b|1993\b",
    re.IGNORECASE,
)
_SMTP = re.compile(r"\bSMTPS?\b|smtp\.office365|:587\b|:465\b|:25\b|postfix", re.IGNORECASE)
_HOST = re.compile(
    r"(?<![\w@.-])(?P<host>(?:[A-Za-z0-9-]+\.)+(?:com|us|cn|net|org|local|de|invalid|example|test)|\d{1,3}(?:\.\d{1,3}){3}|\[?[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){3,7}\]?)(?::(?P<port>\d{2,5}))?\b"
)
_MAIL_HOST = re.compile(r"outlook|office365|imap|mail", re.IGNORECASE)
_NAMED = re.compile(r"\w://|\w-*\.[a-z]{2,}+:\d{2,5}\b|\b\d{1,3}(?:\.\d{1,3}){3}:\d{2,5}\b|\[\d[\d.]+\]:\d+")
_IP = re.compile(r"[\d.]+|[0-9a-fA-F]*+:[0-9a-fA-F:]*")
_REACH = 4
_HTTP_REQUEST = re.compile(r"\s{0,8}(?:> ?)?(?:GET|POST|PUT|PATCH|DELETE|HEAD) (?:https?://|/)\S")
_HTTP_HEADER = re.compile(r"\s{0,8}(?:[<>] ?)?[A-Za-z][\w-]{1,40}:\s|\s{0,8}[<>]?\s*$")
_HEADERS = 20
_USED = re.compile(  # the name as it was used, with the blanks that came along
    r"getaddrinfo for (?P<php>[^:;()\n]{1,120}?) failed"
    r"|\b[a-z]{2,6}://(?P<url>[\w.-]+[ \t\u00a0]*):\d{2,5}\b"
    r"|(?:ENOTFOUND|EAI_AGAIN|\bhost(?:name)?[\"']?\s{0,3}(?:=>|[:=])|IMAP4(?:_SSL)?\()\s{0,3}(?P<quote>[\"'])(?P<quoted>[^\"'\n]{3,120})(?P=quote)"
)
_PORTS = {993: 993, 995: 995, 143: 143}


def read(window: View) -> Iterator[ImapSession | Remark | Setting]:
    """Yield each distinct failure: a session with one attempt where IMAP was meant, else a remark; and a name with blanks."""
    seen: set[tuple[str, str]] = set()
    explained = -1
    for index, line in enumerate(window.lines):
        for failure in FAILURES:
            match = failure.pattern.search(line)
            if match is None:
                continue
            if not events.happened(window, index, *match.span()):
                break
            if failure.kind == "connection-reset" and index <= explained:
                break
            if failure.kind == "http-answer-on-mail-port" and _was_asked(window, index, match.start()):
                break
            if failure.outcome in {_O.PLAINTEXT, _O.CERTIFICATE_REFUSED}:
                explained = index + 2
            purpose = _purpose(window, index)
            if (failure.kind, purpose) not in seen and purpose:
                seen.add((failure.kind, purpose))
                found = _evidence(window, index, failure, purpose, match)
                yield found
                if isinstance(found, ImapSession) and found.name_error and found.server != found.server.strip():
                    yield Setting(SettingName.IMAP_SERVER, found.server, found.provenance)
            break


def _was_asked(window: View, index: int, start: int) -> bool:
    """Say whether an HTTP answer follows its request, with headers between them: then it came on no mail port."""
    if _HTTP_REQUEST.match(window.lines[index][:start]):
        return True
    for at in range(index - 1, max(index - 1 - _HEADERS, -1), -1):
        if _HTTP_REQUEST.match(window.lines[at]):
            return True
        if not _HTTP_HEADER.match(window.lines[at]):
            return False
    return False


def _purpose(window: View, index: int) -> str:
    """Say what the connection was for: `login`, `imap`, `smtp`, or nothing that can be told."""
    line = window.full[index]
    named = bool(_NAMED.search(window.lines[index]))
    first = max(index - (1 if window.stamped[index] else _REACH), 0)
    nearby = [text for text in window.full[first : index + 3] if "HTTP/1." not in text and "HTTP/2" not in text]
    for text in (line, "" if named else " ".join(nearby)):
        for name, pattern in (("login", _LOGIN), ("imap", _IMAP), ("smtp", _SMTP)):
            if pattern.search(text):
                return name
    return "unknown" if _alone(window) and not named else ""


def _alone(window: View) -> bool:
    """Say whether the text is so short that the failure is what was pasted."""
    few = 3
    return sum(bool(line.strip()) for line in window.lines) <= few


def _evidence(window: View, index: int, failure: Failure, purpose: str, match: re.Match[str]) -> ImapSession | Remark:
    where = window.where(window.number(index, match.start()))
    line = window.quote(index, max(match.start() - 160, 0), match.end() + 80).strip()
    host, port = _peer(window, index)
    if purpose == "imap" and failure.kind != "no-ca-bundle":
        other = None if host else hosts.named(window.full[index])
        host, port = (other.name, other.port) if other else (host, port)
        name_error = line if failure.kind == "name-not-resolved" else ""
        attempt = AddressAttempt(host, port, failure.outcome, line)
        if name_error:
            host = _as_used(window, index, host)
        named = "" if _IP.fullmatch(host) and not host.startswith("127.") else host  # what the name led to
        return ImapSession(
            where, server=named, port=port, attempts=() if name_error else (attempt,), name_error=name_error
        )
    values = (("for", purpose), *((("host", host),) if host else ()), *((("port", str(port)),) if port else ()))
    return Remark(f"network-{failure.kind}", line, where, values)


def _as_used(window: View, index: int, host: str) -> str:
    """Return the name that was looked up, blanks and all, where the lines around show it; else `host`."""
    near = "\n".join(window.full[max(index - _REACH, 0) : index + _REACH])
    names = [match["php"] or match["url"] or match["quoted"] for match in _USED.finditer(near)]
    padded = [name for name in names if name != name.strip() and "." in name]
    return padded[0] if padded else host


def _peer(window: View, index: int) -> tuple[str, int]:
    for at in (index, *range(index - 1, max(index - _REACH, -1), -1)):
        named = [
            match for match in _HOST.finditer(window.full[at]) if _MAIL_HOST.search(match["host"]) or match["port"]
        ]
        if named:
            match = next((match for match in named if _MAIL_HOST.search(match["host"])), named[-1])
            port = int(match["port"] or 0)
            ported = re.search(r"\b(993|995|143|587)\b", window.full[at])
            return match["host"].strip("[]"), port or (int(ported[1]) if ported else 0)
    return "", 0
