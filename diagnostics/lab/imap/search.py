"""SEARCH: the client's keys into a judgement about a message (RFC 3501, 6.4.4)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime

from diagnostics.lab.imap import mime
from diagnostics.lab.imap.fetch import MONTHS
from diagnostics.lab.imap.parser import Argument
from diagnostics.lab.imap.sets import BadSet, MessageSet
from diagnostics.lab.mail import Message

DATE = re.compile(r"^(?P<day>\d{1,2})-(?P<month>[A-Za-z]{3})-(?P<year>\d{4})$")
MAX_DEPTH = 20


@dataclass(frozen=True)
class Candidate:
    """A message with its place in the folder and whether it is new to this session."""

    message: Message
    number: int
    is_recent: bool


Judge = Callable[[Candidate], bool]


@dataclass(frozen=True)
class Largest:
    """What `*` stands for, as a sequence number and as a UID."""

    number: int
    uid: int


def criteria(arguments: Sequence[Argument], largest: Largest) -> Judge:
    """Return whether a message fits all of `arguments`; raise BadSet for what is no key."""
    return _all(arguments, largest, 0)


def _all(arguments: Sequence[Argument], largest: Largest, depth: int) -> Judge:
    if not arguments or depth > MAX_DEPTH:
        raise BadSet
    words = iter(arguments)
    judges = [_key(word, words, largest, depth) for word in words]
    return lambda candidate: all(judge(candidate) for judge in judges)


def _key(word: Argument, rest: Iterator[Argument], largest: Largest, depth: int) -> Judge:
    if depth > MAX_DEPTH:
        raise BadSet
    if isinstance(word, list):
        return _all(word, largest, depth + 1)
    key = word.upper()
    if key in _PLAIN:
        return _PLAIN[key]
    if key == "NOT":
        inner = _key(_next(rest), rest, largest, depth + 1)
        return lambda candidate: not inner(candidate)
    if key == "OR":
        one = _key(_next(rest), rest, largest, depth + 1)
        other = _key(_next(rest), rest, largest, depth + 1)
        return lambda candidate: one(candidate) or other(candidate)
    if key == "UID":
        uids = MessageSet(_word(rest), largest.uid)
        return lambda candidate: candidate.message.uid in uids
    if key == "HEADER":
        return _header(_word(rest), _word(rest))
    if key in _FIELDS:
        return _header(key, _word(rest))
    if key in _WITH_TEXT:
        return _WITH_TEXT[key](_word(rest))
    numbers = MessageSet(word, largest.number)
    return lambda candidate: candidate.number in numbers


def _next(rest: Iterator[Argument]) -> Argument:
    try:
        return next(rest)
    except StopIteration:
        raise BadSet from None


def _word(rest: Iterator[Argument]) -> str:
    word = _next(rest)
    if isinstance(word, list):
        raise BadSet
    return word


def _flag(flag: str, *, wanted: bool = True) -> Judge:
    return lambda candidate: (flag in candidate.message.flags) == wanted


def _keyword(name: str, *, wanted: bool = True) -> Judge:
    folded = name.casefold()
    return lambda candidate: (folded in (flag.casefold() for flag in candidate.message.flags)) == wanted


def _header(name: str, text: str) -> Judge:
    def judge(candidate: Candidate) -> bool:
        value = mime.cut(candidate.message.content).field(name)
        return value is not None and text.casefold() in _decoded(value).casefold()

    return judge


def _decoded(value: str) -> str:
    """Return a header's value with its encoded words as text."""
    try:
        return str(make_header(decode_header(value)))
    except (MessageError, LookupError, ValueError):
        return value


def _texts(message: Message, *, header: bool) -> Iterator[str]:
    whole = mime.cut(message.content)
    if header:
        yield "\n".join(_decoded(line) for line in whole.header.decode("utf-8", "replace").splitlines())
    for part in message_from_bytes(message.content).walk():
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes) and part.get_content_maintype() == "text":
            try:
                yield payload.decode(part.get_content_charset() or "utf-8", "replace")
            except LookupError:
                yield payload.decode("utf-8", "replace")


def _text(wanted: str, *, header: bool) -> Judge:
    folded = wanted.casefold()
    return lambda candidate: any(folded in text.casefold() for text in _texts(candidate.message, header=header))


def _date(text: str) -> dt.date:
    found = DATE.match(text)
    names = [month.casefold() for month in MONTHS]
    if found is None or found["month"].casefold() not in names:
        raise BadSet(text)
    try:
        return dt.date(int(found["year"]), names.index(found["month"].casefold()) + 1, int(found["day"]))
    except ValueError:
        raise BadSet(text) from None


def _sent(message: Message) -> dt.date | None:
    try:
        return parsedate_to_datetime(mime.cut(message.content).field("Date") or "").date()
    except (ValueError, TypeError, IndexError):
        return None


def _dated(compare: Callable[[dt.date, dt.date], bool], *, sent: bool) -> Callable[[str], Judge]:
    def of(text: str) -> Judge:
        wanted = _date(text)

        def judge(candidate: Candidate) -> bool:
            moment = _sent(candidate.message) if sent else candidate.message.received.date()
            return moment is not None and compare(moment, wanted)

        return judge

    return of


def _size(*, larger: bool) -> Callable[[str], Judge]:
    def of(text: str) -> Judge:
        if not re.fullmatch(r"\d{1,10}", text):
            raise BadSet(text)
        limit = int(text)
        if larger:
            return lambda candidate: len(candidate.message.content) > limit
        return lambda candidate: len(candidate.message.content) < limit

    return of


_FIELDS = frozenset({"BCC", "CC", "FROM", "SUBJECT", "TO"})
_PLAIN: Mapping[str, Judge] = {
    "ALL": lambda _candidate: True,
    "ANSWERED": _flag(r"\Answered"),
    "DELETED": _flag(r"\Deleted"),
    "DRAFT": _flag(r"\Draft"),
    "FLAGGED": _flag(r"\Flagged"),
    "SEEN": _flag(r"\Seen"),
    "UNANSWERED": _flag(r"\Answered", wanted=False),
    "UNDELETED": _flag(r"\Deleted", wanted=False),
    "UNDRAFT": _flag(r"\Draft", wanted=False),
    "UNFLAGGED": _flag(r"\Flagged", wanted=False),
    "UNSEEN": _flag(r"\Seen", wanted=False),
    "RECENT": lambda candidate: candidate.is_recent,
    "OLD": lambda candidate: not candidate.is_recent,
    "NEW": lambda candidate: candidate.is_recent and r"\Seen" not in candidate.message.flags,
}
_WITH_TEXT: Mapping[str, Callable[[str], Judge]] = {
    "BODY": lambda text: _text(text, header=False),
    "TEXT": lambda text: _text(text, header=True),
    "KEYWORD": _keyword,
    "UNKEYWORD": lambda name: _keyword(name, wanted=False),
    "LARGER": _size(larger=True),
    "SMALLER": _size(larger=False),
    "BEFORE": _dated(dt.date.__lt__, sent=False),
    "ON": _dated(dt.date.__eq__, sent=False),
    "SINCE": _dated(dt.date.__ge__, sent=False),
    "SENTBEFORE": _dated(dt.date.__lt__, sent=True),
    "SENTON": _dated(dt.date.__eq__, sent=True),
    "SENTSINCE": _dated(dt.date.__ge__, sent=True),
}
