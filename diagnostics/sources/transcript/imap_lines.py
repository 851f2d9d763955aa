r"""Lines of mail clients' traces to what the protocol said: who spoke, tag, command, answer.

Every client writes its trace its own way: `C:`/`S:` (MailKit), `-->`/`<--` with Python reprs (email-oauth2-proxy),
`>>`/`<<` (php-imap, FreeScout), `=>`/`<=` (node-imap), `IMAP>`/`IMAP<` (fetchmail), `Sending:`/`Read:` (imapsync), JSON
with `"src":"s"` (imapflow), `SendData:`/`CreateNewLineFromSocket:` (Thunderbird), nothing at all (JavaMail).
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.sources.transcript.window import View


class Speaker(enum.StrEnum):
    """Who said a line, where the trace shows it."""

    CLIENT = "client"
    SERVER = "server"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the conversation, with the number of the line of the text and the index in the window."""

    speaker: Speaker
    text: str
    number: int
    index: int


_CLIENT = (
    r"C:|>>>?(?=[ \t])|-->|->|=>|IMAP>|\d>(?=[ \t])|>(?=[ \t]b?['\"]?[\w.]+[ \t](?i:AUTHENTICATE|LOGIN|CAPABILITY|SELECT|EXAMINE|LIST|NAMESPACE|NOOP|LOGOUT|ID|STATUS)\b)|Sending(?:\sline)?:|SendData:|\[tx\]|\bsent:|client:"
    r"|IMAP4?\s?>|<send>|ImapCmdSent:|Client command:|REQUEST:"
)
_SERVER = (
    r"S:|<<<?(?=[ \t])|<--|<-(?=[ \t])|<=|IMAP<|\d<(?=[ \t])|<(?=[ \t]b?['\"]?(?:\*|\+|[\w.]+[ \t](?:OK|NO|BAD)))|Read:|CreateNewLineFromSocket:|\[rx\]"
    r"|\b(?:received|recv):|server:|IMAP4?\s?<|<recv>|ImapCmdResp:|Server (?:response|reply):|RESPONSE:"
)
_MARK = re.compile(
    rf"(?:(?<=^)|(?<=[\s)\]:;.\"']))(?:(?P<client>{_CLIENT})|(?P<server>{_SERVER}))(?=[ \t]|['\"]|$|\*)[ \t]*"
)
_NEXT = re.compile(r"(?<=\S)[ \t]+(?:\S+:[ \t]+)?(?=(?:-->|<--|<->|>>|<<|=>|<=|[CS]:)[ \t]+(?:b?['\"]?[*+\w]))")
_JSON = re.compile(r"\"src\"\s*:\s*\"(?P<src>\w+)\"(?:(?!\"src\")[^\n])*?\"msg\"\s*:\s*\"(?P<msg>(?:[^\"\\]|\\.)*)\"")
_ANSWER = re.compile(r"(?:\S+ )?(?:NO|BAD|BYE)[ \t]\w")  # words that no client says
_REPR = re.compile(r"""b?(?P<quote>['"])""")
_BESIDE = re.compile(r"^(?P<said>b'[^']*')\s+(?P<rest>\S.*)$")
_LIST = re.compile(r"#(?P<tag>\w{1,20})# \[(?P<status>OK|NO|BAD|BYE), (?P<text>.*)\]")
_BREAK = re.compile(r"\\r\\n|\\n|\r\n?")
_FARTHEST = 200  # a mark stands near the start: after a time and a connection, not inside a sentence


def conversation(window: View) -> Iterator[Said]:
    """Yield the window's lines as the protocol's, in order; lines without a mark have an unknown speaker."""
    for index, line in enumerate(window.lines):
        if not line.strip():
            continue
        number = window.numbers[index]
        if '"src"' in line and '"msg"' in line:
            for message in _JSON.finditer(line):
                if message["src"] in {"c", "s"}:
                    speaker = Speaker.CLIENT if message["src"] == "c" else Speaker.SERVER
                    yield Said(speaker, message["msg"].replace('\\"', '"'), number, index)
            continue
        for part in _NEXT.split(line):
            speaker, text = _marked(part)
            beside = _BESIDE.match(text)
            for bare in _lines(beside["said"] if beside else text):
                yield Said(speaker, bare, number, index)
            if beside:
                yield Said(Speaker.UNKNOWN, beside["rest"], number, index)


def _marked(line: str) -> tuple[Speaker, str]:
    mark = _MARK.search(line, 0, _FARTHEST)
    if mark is None:
        return Speaker.UNKNOWN, line.strip()
    if mark["client"] and _ANSWER.match(line, mark.end()):
        return Speaker.UNKNOWN, line.strip()  # `NAMESPACE -> BAD …`: the arrow leads to the answer
    return (Speaker.CLIENT if mark["client"] else Speaker.SERVER), line[mark.end() :].strip()


def _lines(text: str) -> Iterator[str]:
    listed = _LIST.fullmatch(text)
    if listed:  # K-9 Mail
        text = f"{'*' if listed['tag'] == 'null' else listed['tag']} {listed['status']} {listed['text']}"
    quoted = _REPR.match(text)
    if quoted:
        text = text[quoted.end() :].removesuffix(",").rstrip().removesuffix(quoted["quote"])
    for part in _BREAK.split(text):
        bare = part.strip().strip("'\"") if quoted else part.strip()
        if bare:
            yield bare
