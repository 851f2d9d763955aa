"""IMAP conversations of any client's trace to sessions: greeting, capabilities, commands with their answers.

Exchange's own sentences are recognised wherever they stand, also without a tag, since many programs only pass on the
last answer. A sentence that explains such an answer is no answer.
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from diagnostics import servers
from diagnostics.comparison import shortened
from diagnostics.evidence import ImapSession, ImapStep, Provenance, ReplyStatus
from diagnostics.redaction import redact
from diagnostics.sources.transcript import events, hosts
from diagnostics.sources.transcript.decoding import front_end
from diagnostics.sources.transcript.imap_lines import Said, Speaker, conversation
from diagnostics.sources.transcript.window import View

_GREETING = re.compile(
    r"\*\s+(?:OK|PREAUTH|BYE)\s+(?P<text>The Microsoft Exchange IMAP4\w* service is ready\.?[^\[\n]{0,40}(?:\[(?P<host>[A-Za-z0-9+/=\s]{4,400})\])?|.{0,200})",
    re.IGNORECASE,
)
_GREETS = re.compile(r"(?:[\w.-]{1,40}: )?\* OK")
_BRACKET = re.compile(r"\[(?P<host>[A-Za-z0-9+/=]{8,400})\]['\"]?")
_EXCHANGE_READY = re.compile(r"Microsoft Exchange IMAP4\w* service is ready", re.IGNORECASE)
_OTHER_READY = re.compile(
    r"^\[CAPABILITY\b|\b(?:ready|Dovecot|Gimap|Courier|Cyrus|hMailServer|MDaemon|Zimbra|IceWarp|Kerio|IMAP4rev1 (?:server|service))\b",
    re.IGNORECASE,
)
_TAG = r"(?P<tag>(?!AADSTS)[A-Za-z]{0,10}[0-9A-Fa-f]{1,12}|[A-Za-z]{1,3}|TAG\d+|tag|zd\d+|[A-Za-z0-9.]{2,20}\d)"
_REPLY = re.compile(rf"(?:^|(?<=[\s:'\"\[(>])){_TAG}\s+(?P<status>OK|NO|BAD)\s+(?P<text>\S.*)$")
_UNTAGGED = re.compile(r"(?:^|(?<=[\s:'\"\[(>]))\*\s+(?P<status>NO|BAD|BYE)\s+(?P<text>\S.*)$")
_VERBS = (
    "CAPABILITY|AUTHENTICATE|LOGIN|LOGOUT|SELECT|EXAMINE|LIST|LSUB|NAMESPACE|ID|NOOP|STATUS|EXPUNGE|ENABLE|IDLE|STARTTLS"
    "|CREATE|DELETE|RENAME|SUBSCRIBE|APPEND|COPY|MOVE|UID|FETCH|SEARCH|CHECK|CLOSE|XLIST|GETQUOTAROOT"
)
_COMMAND = re.compile(rf"^{_TAG}\s+(?P<verb>{_VERBS})\b(?P<rest>.*)$", re.IGNORECASE)
_LITERAL = re.compile(r"^(?:\+\s*|(?=eyJ))(?P<base64>[A-Za-z0-9+/]{16,}={0,2})\s*$")
_CAPABILITY = re.compile(r"\*\s+CAPABILITY\s+(?P<list>IMAP4.*)$", re.IGNORECASE)
_LISTED = re.compile(r"\*\s+LIST\s+\([^)]{0,200}\)\s+\S+\s+(?P<name>\"[^\"]*\"|\S+)")
_CLOSED = re.compile(
    r"\[ ?Server disconnected ?\]|^\s*(?:Connection (?:closed|lost)|EOF|unexpected EOF)\b", re.IGNORECASE
)
_STATUS_HINT = r"(?:\b(?P<status>NO|BAD|BYE)\b[^A-Za-z0-9]{0,6}(?:\[[A-Z-]+\]\s*)?)?"
# Sentences that only an IMAP server says, with the command they answer and the status they come with.
_KNOWN: tuple[tuple[re.Pattern[str], str, ReplyStatus], ...] = (
    (re.compile(_STATUS_HINT + r"(?P<text>AUTHENTICATE completed\.?)", re.IGNORECASE), "AUTHENTICATE", ReplyStatus.OK),
    (re.compile(_STATUS_HINT + r"(?P<text>(?:\[AUTHENTICATIONFAILED\]\s*)?AUTHENTICATE failed\b[^\n]{0,300})", re.IGNORECASE), "AUTHENTICATE", ReplyStatus.NO),
    (re.compile(_STATUS_HINT + r"(?P<text>AuthFailed:\s?LogonDenied-BasicAuthBlocked[^\n]{0,200})"), "AUTHENTICATE", ReplyStatus.NO),
    (re.compile(_STATUS_HINT + r"(?P<text>AuthFailed:\s?LogonDenied[^\n]{0,200})"), "AUTHENTICATE", ReplyStatus.NO),
    (re.compile(_STATUS_HINT + r"MailKit\.Security\.AuthenticationException:?\s*'?(?P<text>Authentication failed\.?)'?\s*$"), "AUTHENTICATE", ReplyStatus.NO),
    (re.compile(_STATUS_HINT + r"(?P<text>LOGIN failed(?:\.(?=\W|$)|(?=['\")\]}\s]*$)))"), "LOGIN", ReplyStatus.NO),
    (re.compile(_STATUS_HINT + r"(?P<text>User\s+is\s+authenticated\s+but\s+not\s+connected\.?)", re.IGNORECASE), "", ReplyStatus.BAD),
    (re.compile(_STATUS_HINT + r"(?P<text>Request\s+is\s+throttled\.\s*Suggested\s+Backoff\s+Time:?\s*\d+\s*milliseconds)", re.IGNORECASE), "", ReplyStatus.BAD),
    (re.compile(_STATUS_HINT + r"(?P<text>Command (?:Argument )?Error\.? \d+)"), "", ReplyStatus.BAD),
    (re.compile(_STATUS_HINT + r"(?P<text>Invalid SASL argument\b[^\n]{0,60})"), "AUTHENTICATE", ReplyStatus.NO),
    (re.compile(r"MailKit\.Security\.AuthenticationException: (?P<text>(?!\d{3}\b|Authentication failed|LOGIN failed|AUTHENTICATE failed)[^\n]{4,160}?)\s*$(?P<status>)"), "AUTHENTICATE", ReplyStatus.NO),
    (re.compile(_STATUS_HINT + r"(?P<text>Folder name is reserved\.?)", re.IGNORECASE), "", ReplyStatus.NO),
)  # fmt: skip
_FAILED_VERB = re.compile(
    r"^(?P<verb>AUTHENTICATE|LOGIN|SELECT|EXAMINE|CAPABILITY|LIST|NAMESPACE|ID|STATUS|LOGOUT|NOOP) (?:failed|completed)",
    re.IGNORECASE,
)
_NAMED_VERB = re.compile(
    r"\b(AUTHENTICATE|LOGIN|SELECT|EXAMINE|NAMESPACE|LIST|LSUB|STATUS|NOOP|EXPUNGE)\b(?= (?:command|INBOX|failed|error)|\W+BAD)",
    re.IGNORECASE,
)
_MASKED_LOGIN = re.compile(r"^(?P<tag>\S+)\s+login\s+\[\[ ?Credentials removed", re.IGNORECASE)
_USER = (
    re.compile(r"\bwith user \[(?P<user>[^\]\s]+)\]"),
    re.compile(r"--user1[ =]\"?(?P<user>[^\s\"]+)"),
    re.compile(r";\s*(?P<user>[^\s;()@]+@[^\s;()]+)\)\s+(?:-->|<--|\[)"),
    re.compile(r"LogonDenied[^,]{0,80},?\s*User:\s?(?P<user>[^\s\"']+)"),
    re.compile(
        r"\b(?:user|username|login|account|mailbox)['\"]?\s?[:=]\s?['\"]?<?(?P<user>[\w.+'-]+@[\w.-]+\.\w+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:\blogin (?:failed )?for|authenticat\w{1,12} (?:user|as)|logging in as|signing in as)[ :]+['\"<]?(?P<user>[\w.+'-]+@[\w.-]+\.\w+)",
        re.IGNORECASE,
    ),
)
_MECHANISM = re.compile(
    r"\bAUTHENTICATE\s+\"?(?P<sent>XOAUTH2|OAUTHBEARER|PLAIN|LOGIN|NTLM|GSSAPI|CRAM-MD5|DIGEST-MD5|SCRAM-SHA-\w+)\b"
    r"|\bSaslMechanism(?P<mailkit>OAuth2|OAuthBearer|Plain|Login|Ntlm|Gssapi|CramMd5|DigestMd5)\b"
    r"|\b(?:auth(?:entication)?[ _-]?)?(?:mechanisms?|mech|authmech\d?|method)[ '\"]{0,2}(?::|=>|=|is)?[ '\"]{0,3}(?P<named>XOAUTH2|OAUTHBEARER|PLAIN|LOGIN|NTLM|GSSAPI|CRAM-MD5|DIGEST-MD5)\b",
    re.IGNORECASE,
)
_MECHANISMS = {"OAUTH2": "XOAUTH2", "CRAMMD5": "CRAM-MD5", "DIGESTMD5": "DIGEST-MD5"}
_REACH = 3


@dataclass(slots=True)
class _Session:
    where: Provenance
    greeting: str = ""
    greeting_host: str = ""
    capabilities: tuple[str, ...] = ()
    steps: list[ImapStep] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    pending: dict[str, str] = field(default_factory=dict)
    last: str = ""
    user: str = ""
    challenge: str = ""
    server: str = ""
    port: int = 0

    continues: bool = False  # a connection that was greeted before

    def is_empty(self) -> bool:
        return not (self.steps or self.challenge or (self.greeting and not self.continues))

    def again(self, where: Provenance) -> _Session:
        """Return the next sign-in over the same connection: the server is the same."""
        return _Session(
            where,
            greeting=self.greeting,
            greeting_host=self.greeting_host,
            capabilities=self.capabilities,
            server=self.server,
            port=self.port,
            continues=True,
        )

    def frozen(self) -> ImapSession:
        return ImapSession(
            provenance=self.where,
            server=self.server,
            port=self.port,
            user=self.user,
            greeting=self.greeting,
            greeting_host=self.greeting_host,
            capabilities=self.capabilities,
            steps=tuple(self.steps),
            folders=tuple(self.folders),
            challenge=self.challenge,
        )


_WORDS = (
    "authenticate", "service is ready", "throttled", "login", " select ", "examine", "command error", "command argument error",
    "* ok", "* bye", "* bad", "* no", "sasl", "name is reserved", "connected", "logondenied", "eyjzdgf0dxmi", "mailkit",
)  # fmt: skip


def read(window: View) -> Iterator[ImapSession]:
    """Yield each conversation of the window; a new greeting or a new sign-in after an answered one begins another."""
    low = window.lower
    if not any(word in low for word in _WORDS):
        return
    sessions: list[_Session] = []
    users, named = _users(window), hosts.Hosts(window)
    for said in conversation(window):
        host = named.at(said.index)
        if sessions and host is not None and _is_elsewhere(sessions[-1], host):
            sessions.append(_Session(window.where(said.number)))
        heard = _extent(sessions)
        _hear(window, said, sessions)
        if sessions and host is not None and not sessions[-1].server and _extent(sessions) != heard:
            sessions[-1].server, sessions[-1].port = host.name, host.port
    for session in sessions:
        if session.is_empty():
            continue
        if len(users) == 1 and not session.user:
            session.user = users[0]
        yield session.frozen()


def _extent(sessions: list[_Session]) -> tuple[int, int, int]:
    """Return how much was heard so far: it grows with each line that belongs to a conversation."""
    last = sessions[-1] if sessions else None
    return (len(sessions), len(last.steps), len(last.pending)) if last else (0, 0, 0)


def _is_elsewhere(session: _Session, host: hosts.Host) -> bool:
    """Say whether a line is about the server of another provider than the conversation before it."""
    if session.is_empty() or not session.server:
        return False
    return servers.of_host(session.server) is not servers.of_host(host.name)


def _users(window: View) -> list[str]:
    found: dict[str, None] = {}
    for line in window.full:
        for pattern in _USER[:-2] if "@" not in line else _USER:
            match = pattern.search(line)
            if match and not re.search(r"[xX*]{4}|redact", match["user"]):
                found[match["user"].strip("'\".,;")] = None
    return list(found)


def _hear(window: View, said: Said, sessions: list[_Session]) -> None:
    text = said.text
    where = window.where(said.number)
    if said.speaker is not Speaker.CLIENT and _heard_server(window, said, sessions, where):
        return
    if said.speaker is not Speaker.SERVER:
        command = _COMMAND.match(text)
        if command and not (said.speaker is Speaker.UNKNOWN and events.explained(window, said.index)):
            _sent(command, sessions, where)
        elif masked := _MASKED_LOGIN.match(text):
            _current(sessions, where).pending[masked["tag"]] = ""


def _happened(window: View, said: Said, text: str) -> bool:
    """Say whether an answer that ends a part of the line was given in what was pasted."""
    line = window.lines[said.index]
    start = line.find(text[:40])  # a line of a conversation that repeats itself has it first, too
    return events.happened(window, said.index, max(start, 0), max(start, 0) + len(_core(text)))


def _place(window: View, said: Said, text: str) -> Provenance:
    """Return where in the text an answer stands, of which the line was put together from several."""
    return window.where(window.number(said.index, window.lines[said.index].find(text[:40])))


def _spoken(said: Said, text: str) -> str:
    """Return the server's words of an answer, where a trace does not show that the whole line is the server's."""
    return text if said.speaker is Speaker.SERVER else events.spoken(text, len(_core(text)))


def _core(text: str) -> str:
    """Return the sentence of the server at the start of `text`, without what others wrote behind it."""
    known = next((match for pattern, _, _ in _KNOWN if (match := pattern.search(text))), None)
    if known is None:
        return text
    tail = re.match(
        r"(?:\[[A-Z]+\]\s*)?(?:AUTHENTICATE|Invalid SASL argument|LOGIN|AuthFailed\S*)(?: failed\b\.?)?", known["text"]
    )
    return text[: known.start("text") + (tail.end() if tail else len(known["text"]))]


def _current(sessions: list[_Session], where: Provenance) -> _Session:
    if not sessions:
        sessions.append(_Session(where))
    return sessions[-1]


def _sent(command: re.Match[str], sessions: list[_Session], where: Provenance) -> None:
    verb, rest = command["verb"].upper(), command["rest"].strip()
    session = _current(sessions, where)
    if verb in {"AUTHENTICATE", "LOGIN"} and any(
        step.command.startswith(("AUTHENTICATE", "LOGIN")) for step in session.steps
    ):
        session = session.again(where)
        sessions.append(session)
    shown = verb
    if verb == "AUTHENTICATE":
        mechanism = re.match(r"\"?([A-Za-z0-9-]+)", rest)
        shown = f"AUTHENTICATE {mechanism[1].upper()}" if mechanism else verb
    elif verb == "LOGIN":
        name = re.match(r"\"?([^\s\"]+@[^\s\"]+)", rest)
        session.user = session.user or (name[1] if name else "")
    elif verb in {"SELECT", "EXAMINE", "STATUS"}:
        name = re.match(r"\"[^\"]*\"|[^\s(\\]+", rest)
        shown = f"{verb} {name[0].strip(chr(34))}" if name else verb
    elif verb == "UID":
        shown = f"UID {rest.split()[0].upper()}" if rest.split() else verb
    session.pending[command["tag"].upper()] = shown
    session.last = shown


def _heard_server(window: View, said: Said, sessions: list[_Session], where: Provenance) -> bool:
    """Take a line as the server's answer if it is one."""
    text = said.text
    greeting = _GREETING.search(text)
    if greeting and (
        _EXCHANGE_READY.search(text)
        or ((said.speaker is Speaker.SERVER or _GREETS.match(text)) and _is_foreign(greeting["text"], sessions))
    ):
        session = _Session(
            where,
            greeting=shortened(redact(" ".join(greeting["text"].split())), 300),
            greeting_host=front_end(greeting["host"] or _bracket_below(window, said.index)),
        )
        if sessions and not (sessions[-1].greeting or sessions[-1].steps):
            sessions.pop()
        sessions.append(session)
        return True
    capability = _CAPABILITY.search(text)
    if capability:
        _current(sessions, where).capabilities = tuple(capability["list"].split())
        return True
    listed = _LISTED.search(text)
    if listed:
        _current(sessions, where).folders.append(listed["name"].strip('"'))
        return True
    literal = _LITERAL.match(text.rstrip("'"))
    if literal and (text.startswith("+") or (sessions and sessions[-1].pending)):
        challenge = _challenge(literal["base64"])
        if challenge:
            _current(sessions, where).challenge = challenge
            return True
    if _CLOSED.search(text) and (sessions or said.speaker is Speaker.SERVER):
        _disconnected(_current(sessions, where), where)
        return True
    return _answered(window, said, sessions, where)


def _bracket_below(window: View, index: int) -> str:
    """Return the greeting's bracket where a window of a fixed width put it on the next line."""
    below = window.lines[index + 1].strip() if index + 1 < len(window.lines) else ""
    bracket = _BRACKET.fullmatch(below)
    return bracket["host"] if bracket else ""


def _is_foreign(text: str, sessions: list[_Session]) -> bool:
    begun = bool(sessions and sessions[-1].pending)
    return not begun and bool(_OTHER_READY.search(text))


def _disconnected(session: _Session, where: Provenance) -> None:
    if session.pending and not session.steps:
        session.steps.append(
            ImapStep(session.last, ReplyStatus.CLOSED, "the server closed the connection", provenance=where)
        )


def _answered(window: View, said: Said, sessions: list[_Session], where: Provenance) -> bool:
    text = said.text
    reply = _REPLY.search(text)
    certain = said.speaker is Speaker.SERVER
    if reply and (certain or _is_reply(reply, sessions)) and _happened(window, said, text[reply.start("status") :]):
        where = _place(window, said, text[reply.start("status") :])
        session = _current(sessions, where)
        command = session.pending.pop(reply["tag"].upper(), "") or _verb(reply["text"], window.lines[said.index])
        command = _with_mechanism(window, said.index, command, session)
        _add(session, command, ReplyStatus(reply["status"]), _spoken(said, reply["text"]), where)
        return True
    untagged = _UNTAGGED.search(text)
    if (
        untagged
        and (certain or sessions or _known(untagged["text"]))
        and _happened(window, said, text[untagged.start("status") :])
    ):
        where = _place(window, said, text[untagged.start("status") :])
        session = _current(sessions, where)
        status = ReplyStatus(untagged["status"])
        command = "" if status is ReplyStatus.BYE else (session.last or _verb(untagged["text"], text))
        _add(session, command, status, _spoken(said, untagged["text"]), where)
        return True
    return _quoted(window, said, sessions, where)


def _is_reply(reply: re.Match[str], sessions: list[_Session]) -> bool:
    return bool(
        (sessions and reply["tag"].upper() in sessions[-1].pending)
        or _known(reply["text"])
        or _FAILED_VERB.match(reply["text"])
    )


def _known(text: str) -> bool:
    return any(pattern.search(text) for pattern, _, _ in _KNOWN)


def _verb(text: str, line: str) -> str:
    match = _FAILED_VERB.match(text) or _NAMED_VERB.search(line)
    if match is None:
        return ""
    return (match["verb"] if "verb" in match.re.groupindex else match[1]).upper()


def _with_mechanism(window: View, index: int, command: str, session: _Session) -> str:
    """Return a sign-in with the mechanism that its line names, or in the words of a program one close by; else as it is."""
    if command != "AUTHENTICATE":
        return command
    reach = 0 if session.last else _REACH  # a trace has the command itself
    for at in [index, *(index + step * sign for step in range(1, reach + 1) for sign in (-1, 1))]:
        match = _MECHANISM.search(window.lines[at]) if 0 <= at < len(window.lines) else None
        if match:
            name = (match["sent"] or match["mailkit"] or match["named"]).upper()
            return f"AUTHENTICATE {_MECHANISMS.get(name, name)}"
    line = window.lines[index].lower()
    return "AUTHENTICATE XOAUTH2" if "xoauth2" in line else command


def _quoted(window: View, said: Said, sessions: list[_Session], where: Provenance) -> bool:
    """Recognise Exchange's sentences inside a program's own message."""
    line = said.text
    following = window.lines[said.index + 1] if said.index + 1 < len(window.lines) else ""
    for pattern, command, status in _KNOWN:
        match = pattern.search(line)
        if match is None and following and not _UNTAGGED.search(following) and not _REPLY.search(following):
            joined = f"{line} {following.strip()}"
            match = pattern.search(joined)
            if match and (match.start("text") >= len(line) or match.end("text") <= len(line)):
                match = None
        if match is None:
            continue
        if not _happened(window, said, line[match.start() :]) or not _is_about_imap(window, said.index, match):
            return False
        where = _place(window, said, line[match.start("text") :])
        session = _current(sessions, where)
        given = match["status"]
        pending = next(iter(session.pending.values()), "") if session.pending else ""
        named = command or _verb("", line) or (pending if given else "")
        if command == "AUTHENTICATE" and pending.startswith("AUTHENTICATE"):
            named = pending
        named = _with_mechanism(window, said.index, named, session)
        text = _unwrapped(_spoken(said, " ".join(match["text"].split())))
        if not any(step.text == text and step.status == status for step in session.steps):
            shown = ReplyStatus(given.upper()) if given and given.upper() != "BYE" else status
            _add(session, named, shown, text, where, stated=bool(given))
        return True
    return False


def _is_about_imap(window: View, index: int, match: re.Match[str]) -> bool:
    """Say whether `LOGIN failed` is an IMAP server's answer: other programs say so, too."""
    if match["status"] or "LOGIN failed" not in match["text"]:
        return True
    around = " ".join(window.full[max(index - 6, 0) : index + 3]).lower()
    return any(word in around for word in ("b'login failed", "imap", "outlook", "office365", "exchange"))


def _unwrapped(text: str) -> str:
    """Return an answer up to the bracket that a program's message closes behind it."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth < 0:
            return text[:position].rstrip("'\" ")
    return text


def _add(
    session: _Session, command: str, status: ReplyStatus, text: str, where: Provenance, *, stated: bool = True
) -> None:
    cleaned = shortened(redact(text.strip().rstrip("'\"")).removesuffix("\\r\\n"), 400)
    if len(session.steps) < 200:  # noqa: PLR2004 - enough to judge; a trace may go on for days
        session.steps.append(ImapStep(command, status, cleaned, provenance=where, stated=stated))


def _challenge(text: str) -> str:
    """Return what a `+ <base64>` after XOAUTH2 says; Google and Dovecot send JSON there, Exchange sends nothing."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return ""
    shown = data.decode("utf-8", "replace")
    return shortened(redact(shown), 300) if shown.lstrip().startswith("{") else ""
