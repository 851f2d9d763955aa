"""FETCH: which data items a client asks for, and each of them of one message (RFC 3501, 6.4.5 and 7.4.2)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from diagnostics.lab.imap import mime
from diagnostics.lab.imap.parser import Argument
from diagnostics.lab.mail import Message

MACROS = {
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SECTION = re.compile(
    r"^(?P<name>BODY(?P<peek>\.PEEK)?)\[(?P<numbers>[1-9]\d{0,3}(?:\.[1-9]\d{0,3})*)?(?P<dot>\.)?"
    r"(?P<what>HEADER|TEXT|MIME|HEADER\.FIELDS(?P<others>\.NOT)? \((?P<fields>[^()]+)\))?\]"
    r"(?:<(?P<start>\d{1,9})\.(?P<count>[1-9]\d{0,9})>)?$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Item:
    """One data item: what the answer calls it, its value, and whether asking for it marks the message as read."""

    label: str
    value: Callable[[Message, mime.Part], str]
    reads: bool = False


def items(arguments: Sequence[Argument]) -> list[Item] | None:
    """Return the items that FETCH's arguments after the message set ask for, or None for what is none."""
    first = arguments[0] if arguments else ""
    words = _joined(first if len(arguments) == 1 and isinstance(first, list) else arguments)
    if words is None:
        return None
    if len(words) == 1:
        words = list(MACROS.get(words[0].upper(), words))
    found = [_item(word) for word in words]
    return [item for item in found if item is not None] if found and None not in found else None


def internal_date(moment: dt.datetime) -> str:
    """Return a time as INTERNALDATE shows it, with English names of months in every locale."""
    return f'"{moment.day:2}-{MONTHS[moment.month - 1]}-{moment:%Y %H:%M:%S %z}"'


def flags(message: Message, *, recent: bool) -> str:
    """Return a message's flags in parentheses, in Exchange's order."""
    shown = [flag for flag in FLAGS if flag in message.flags]
    return f"({' '.join([*shown, *([RECENT] if recent else [])])})"


FLAGS = (r"\Seen", r"\Answered", r"\Flagged", r"\Deleted", r"\Draft", "$MDNSent")
"""The flags that Exchange keeps; it takes no others (its PERMANENTFLAGS have no \\*)."""
RECENT = r"\Recent"


def _joined(words: Sequence[Argument]) -> list[str] | None:
    """Return the words with every `BODY[HEADER.FIELDS (A B)]` made whole again, or None when brackets are open."""
    found: list[str] = []
    for word in words:
        is_open = bool(found) and "[" in found[-1] and "]" not in found[-1]
        if isinstance(word, list):
            if not is_open or not all(isinstance(name, str) for name in word):
                return None
            found[-1] += f" ({' '.join(map(str, word))})"
        elif is_open:
            found[-1] += word
        else:
            found.append(word)
    return None if found and "[" in found[-1] and "]" not in found[-1] else found


def _item(word: str) -> Item | None:
    name = word.upper()
    if name in _SIMPLE:
        return Item(name, _SIMPLE[name], name in {"RFC822", "RFC822.TEXT"})
    found = SECTION.match(word)
    if found is None or bool(found["dot"]) != bool(found["numbers"] and found["what"]):
        return None
    if (found["what"] or "").upper() == "MIME" and not found["numbers"]:
        return None
    inside = word[word.index("[") + 1 : word.index("]")]
    start = int(found["start"]) if found["start"] else None
    label = f"BODY[{inside}]" if start is None else f"BODY[{inside}]<{start}>"

    def value(_message: Message, whole: mime.Part) -> str:
        data = _section(whole, found)
        if data is not None and start is not None:
            data = data[start : start + int(found["count"])]
        return "NIL" if data is None else mime.literal(data)

    return Item(label, value, not found["peek"])


def _section(whole: mime.Part, asked: re.Match[str]) -> bytes | None:
    numbers = [int(number) for number in (asked["numbers"] or "").split(".") if number]
    part = mime.located(whole, numbers)
    if part is None:
        return None
    what = (asked["what"] or "").upper()
    if not what:
        return part.body if numbers else whole.header + whole.body
    if what == "MIME":
        return part.header
    message = part.enclosed if numbers else whole
    if message is None:
        return None
    if what == "TEXT":
        return message.body
    if what == "HEADER":
        return message.header
    names = [name.strip('"') for name in asked["fields"].split()]
    return message.fields(names, others=bool(asked["others"]))


_SIMPLE: Mapping[str, Callable[[Message, mime.Part], str]] = {
    "UID": lambda message, _whole: str(message.uid),
    "FLAGS": lambda message, _whole: flags(message, recent=False),
    "INTERNALDATE": lambda message, _whole: internal_date(message.received),
    "RFC822.SIZE": lambda message, _whole: str(len(message.content)),
    "ENVELOPE": lambda _message, whole: mime.envelope(whole),
    "BODY": lambda _message, whole: mime.structure(whole, extended=False),
    "BODYSTRUCTURE": lambda _message, whole: mime.structure(whole, extended=True),
    "RFC822": lambda message, _whole: mime.literal(message.content),
    "RFC822.HEADER": lambda _message, whole: mime.literal(whole.header),
    "RFC822.TEXT": lambda _message, whole: mime.literal(whole.body),
}
