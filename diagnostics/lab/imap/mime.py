"""A message cut into its parts, byte for byte: what BODY[…], BODYSTRUCTURE and ENVELOPE speak of (RFC 3501, 6.4.5, 7.4.2)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from email.message import Message as Headers
from email.utils import parseaddr

MAX_DEPTH = 20
FIELD = re.compile(rb"(?m)^(?P<name>[!-9;-~]+)[ \t]*:(?P<value>[^\r\n]*(?:\r\n[ \t][^\r\n]*)*)(?:\r\n|\Z)")
ADDRESS_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|<[^<>]*>|[,:;]|[^",:;<]+|.', re.DOTALL)


@dataclass(frozen=True)
class Part:
    """A message or a part of one. `header` ends with its empty line; `parts` are those of a multipart.

    `enclosed` is the message in a message/rfc822; it is `body`, cut in turn.
    """

    header: bytes = field(repr=False)
    body: bytes = field(repr=False)
    kind: str
    subtype: str
    parameters: tuple[tuple[str, str], ...] = ()
    parts: tuple[Part, ...] = ()
    enclosed: Part | None = None

    def field(self, name: str) -> str | None:
        """Return a field's value, unfolded, or None when there is no such field."""
        for found in FIELD.finditer(self.header):
            if found["name"].decode().casefold() == name.casefold():
                return _text(found["value"].replace(b"\r\n", b"")).strip()
        return None

    def fields(self, names: Collection[str], *, others: bool = False) -> bytes:
        """Return the named fields (or all others) as they stand, and the empty line."""
        wanted = {name.casefold() for name in names}
        found = (
            field[0] for field in FIELD.finditer(self.header) if (_text(field["name"]).casefold() in wanted) != others
        )
        return b"".join(line.removesuffix(b"\r\n") + b"\r\n" for line in found) + b"\r\n"


def cut(content: bytes, default: str = "text/plain", depth: int = 0) -> Part:
    """Return `content` cut into its parts."""
    header, body = _halves(content)
    draft = Part(header, body, "", "")
    kind, _, subtype = default.partition("/")
    parameters: tuple[tuple[str, str], ...] = ()
    declared = draft.field("Content-Type")
    if declared is not None:
        headers = Headers()
        headers["Content-Type"] = declared.encode("ascii", "replace").decode()
        kind, subtype = headers.get_content_maintype(), headers.get_content_subtype()
        parameters = tuple(headers.get_params(failobj=[])[1:])
    children: tuple[Part, ...] = ()
    if kind == "multipart" and depth < MAX_DEPTH:
        inner = "message/rfc822" if subtype == "digest" else "text/plain"
        children = tuple(cut(piece, inner, depth + 1) for piece in _pieces(body, dict(parameters).get("boundary", "")))
    enclosed = cut(body, depth=depth + 1) if (kind, subtype) == ("message", "rfc822") and depth < MAX_DEPTH else None
    if kind == "multipart" and not children:  # a boundary that never comes: shown as the text that it is
        kind, subtype, parameters = "text", "plain", ()
    return Part(header, body, kind, subtype, parameters, children, enclosed)


def located(message: Part, numbers: Sequence[int]) -> Part | None:
    """Return the part that numbers such as 1.2 name, or None when there is none; a plain message is its own part 1."""
    part, within = message, message
    for depth, number in enumerate(numbers):
        if depth and not part.parts and part.enclosed is None:
            return None
        within = part.enclosed if depth and part.enclosed is not None else part
        if within.parts:
            if not 1 <= number <= len(within.parts):
                return None
            part = within.parts[number - 1]
        elif number == 1:
            part = within
        else:
            return None
    return part


def envelope(part: Part) -> str:
    """Return ENVELOPE's ten fields of a message."""
    sender = part.field("From")
    addresses = [sender, part.field("Sender") or sender, part.field("Reply-To") or sender]
    addresses += [part.field(name) for name in ("To", "Cc", "Bcc")]
    shown = [string(part.field("Date")), string(part.field("Subject")), *map(_addresses, addresses)]
    return f"({' '.join([*shown, string(part.field('In-Reply-To')), string(part.field('Message-ID'))])})"


def structure(part: Part, *, extended: bool) -> str:
    """Return BODYSTRUCTURE (`extended`) or BODY of a message or a part."""
    if part.parts:
        children = "".join(structure(child, extended=extended) for child in part.parts)
        rest = f" {_parameters(part.parameters)} {_tail(part)}" if extended else ""
        return f"({children} {string(part.subtype)}{rest})"
    parameters = part.parameters
    if part.kind == "text" and all(name.casefold() != "charset" for name, _ in parameters):
        parameters = (*parameters, ("charset", "us-ascii"))  # what it is when nothing is said: RFC 2046, 4.1.2
    words = [
        string(part.kind),
        string(part.subtype),
        _parameters(parameters),
        string(part.field("Content-ID")),
        string(part.field("Content-Description")),
        string((part.field("Content-Transfer-Encoding") or "7bit").lower()),
        str(len(part.body)),
    ]
    if part.enclosed is not None:
        words += [envelope(part.enclosed), structure(part.enclosed, extended=extended)]
    if part.kind == "text" or part.enclosed is not None:
        words.append(str(part.body.count(b"\r\n")))
    if extended:
        words += [string(part.field("Content-MD5")), _tail(part)]
    return f"({' '.join(words)})"


def string(text: str | None) -> str:
    """Return a string as IMAP writes it: NIL, quoted, or a literal where quotes cannot hold it."""
    if text is None:
        return "NIL"
    if re.search(r"[^\x20-\x7e]", text):
        return literal(text.encode("utf-8", "surrogateescape"))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def literal(data: bytes) -> str:
    """Return bytes as a literal, in the text that a session turns back into the same bytes."""
    return f"{{{len(data)}}}\r\n{_text(data)}"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _halves(content: bytes) -> tuple[bytes, bytes]:
    if content.startswith(b"\r\n"):
        return content[:2], content[2:]
    header, gap, body = content.partition(b"\r\n\r\n")
    return (header + gap, body) if gap else (content, b"")


def _pieces(body: bytes, boundary: str) -> list[bytes]:
    """Return what lies between a multipart's boundaries; a last one that is missing is forgiven."""
    if not boundary:
        return []
    delimiter = b"--" + boundary.encode()
    pieces: list[bytes] = []
    start, position = None, 0
    for line in body.split(b"\r\n"):
        ending = line.removeprefix(delimiter).rstrip(b" \t") if line.startswith(delimiter) else None
        if ending in {b"", b"--"}:
            if start is not None:
                pieces.append(body[start : max(start, position - 2)])  # the line end before it is the boundary's
            if ending:
                return pieces
            start = min(position + len(line) + 2, len(body))
        position += len(line) + 2
    return pieces if start is None else [*pieces, body[start:]]


def _addresses(value: str | None) -> str:
    """Return a list of addresses; a group begins with its name and no host, and ends with four times NIL."""
    shown, word = "", ""
    for piece in [*ADDRESS_PIECE.findall(value or ""), ","]:
        if piece == ":":
            shown += f"(NIL NIL {string(word.strip())} NIL)"
        elif piece in {",", ";"}:
            shown += _address(word) + ("(NIL NIL NIL NIL)" if piece == ";" else "")
        word = "" if piece in {",", ":", ";"} else word + piece
    return f"({shown})" if shown else "NIL"


def _address(text: str) -> str:
    name, address = parseaddr(text)
    if not address:
        return ""
    mailbox, at, host = address.rpartition("@")
    return f"({string(name or None)} NIL {string(mailbox if at else host)} {string(host if at else None)})"


def _parameters(pairs: Sequence[tuple[str, str]]) -> str:
    return f"({' '.join(f'{string(name)} {string(value)}' for name, value in pairs)})" if pairs else "NIL"


def _tail(part: Part) -> str:
    """Return disposition, language and location, the last three words of an extended structure."""
    languages = [name.strip() for name in (part.field("Content-Language") or "").split(",") if name.strip()]
    spoken = f"({' '.join(map(string, languages))})" if languages else "NIL"
    return f"{_disposition(part)} {spoken} {string(part.field('Content-Location'))}"


def _disposition(part: Part) -> str:
    declared = part.field("Content-Disposition")
    if not declared:
        return "NIL"
    headers = Headers()
    headers["Content-Disposition"] = declared.encode("ascii", "replace").decode()
    pairs = headers.get_params(failobj=[], header="Content-Disposition")
    return f"({string(pairs[0][0])} {_parameters(pairs[1:])})" if pairs else "NIL"
