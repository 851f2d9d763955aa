"""Values that stand behind a name that says what they are: `password=…`, `"client_secret": "…"`, `-Password …`.

A name is recognised by its last words, so that `imapClientSecret`, `ERP_IMAP_PASS` and `mail.imap.password` are, and
`token_endpoint`, `password_file` and `secretId` are not. Everything here is linear in the text: a value that was found
is never looked at again, and no look to the left or right goes farther than a fixed number of characters.
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import enum
import re
from collections.abc import Iterator

from diagnostics.redaction.known import Span
from diagnostics.redaction.values import (
    bare,
    is_opaque,
    is_password,
    is_shown,
    is_word,
    looks_secret,
    quoted,
    skip_opening,
)


class Kind(enum.Enum):
    """What a name says of its value."""

    SECRET = "a password or secret, whatever it looks like"  # noqa: S105 - no password
    HEADER = "a header that signs in: all of its line"
    OPAQUE = "a secret where it looks like one: `token`, `code` and `state` name ordinary things as well"


_CORE = re.compile(
    r"passw|passphrase|passwort|kennwort|contrase(?:ñ|n|\\u00f1)a|clave\b|senha|mot[ _]de[ _]passe|pass|pwd|pw\b"
    r"|secret|key|token|credential|assertion|saml(?:response|request)|authorization|cookie|code|state\b|nonce"
    r"|sig\b|signature|client_info|estsauth|sess(?:ion)?_?id|aspx?auth|buid=|x-ms-cpim|otp\b|bearer|pin\b",
    re.IGNORECASE,
)
_PART = re.compile(r"[A-Z]+(?![a-zñ])|[A-Z]?[a-zñ]+|\d+")
_SECRET_WORDS = (
    "password", "passwd", "passphrase", "passwort", "kennwort", "contraseña", "contrasena", "clave", "senha", "secret",
    "secrets", "passcode",
)  # fmt: skip
_SHORT_WORDS = {"pin", "pass", "pwd", "pw", "passw", "passe"}
_NO_PASSWORDS = ("bypass", "compass", "trespass", "surpass")
_AROUND = {"value", "text", "string", "plain", "plaintext", "base64", "b64", "raw", "hash", "new", "old", "confirm", "repeat", "encrypted", "source"}  # fmt: skip
_KEYS = {"api", "access", "account", "shared", "private", "secret", "subscription", "encryption", "signing", "storage",
         "primary", "secondary", "function", "functions", "master", "auth", "security", "host"}  # fmt: skip
_OPAQUE_WORDS = {"token", "assertion", "code", "state", "nonce", "sig", "signature", "credential", "otp", "bearer", "verifier", "buid", "info"}  # fmt: skip
_OPAQUE_NAMES = re.compile(r"saml(?:response|request)$|estsauth\w{0,40}$|sess(?:ion)?_?id$|aspx?auth$|x-ms-cpim[\w:-]{0,40}$", re.IGNORECASE)  # fmt: skip
_HEADERS = re.compile(r"(?:^|-)authorization$|^(?:set-)?cookie2?$", re.IGNORECASE)
_NO_CODES = {"error", "status", "exit", "http", "response", "country", "language", "result", "zip", "challenge", "sub", "reason", "return", "postal", "area", "source", "fault", "win32", "hresult"}  # fmt: skip
_NAME = re.compile(r"[\w.ñÑ-]")
_FARTHEST = 60
_LINE = 400
_NETRC = 200  # characters before a password that may hold “machine … login …”
"""Characters of a line that are looked at to see what a value is."""

_CLOSERS = r"(?:\\*[\"'`]|&quot;|&#3[49];|&apos;|%22|%27|”|’|[\])}*`])*+"
_SIGN = re.compile(
    rf"(?:[ \t](?i:value|text)\b)?(?P<closers>{_CLOSERS})(?:[ \t]*+(?P<sign>=>|:=|==?|:|=(?:3D)?|%3[dDaA]|&#(?:61|58);|<-|->)[ \t]*+|(?P<comma>,\s{{0,8}}+)"
    r"|(?P<blank>[ \t]++))"
)
_ELEMENT = re.compile(r"(?:[ \t][^<>\n]{0,200}+)?>\s{0,40}+|&gt;")
_NAMES_IT = re.compile(r"""(?:\b(?:name|key|id|type)\\*["']?[ \t]{0,4}[:=][ \t]{0,4}\\*["']?|<key>)\Z""", re.IGNORECASE)
_ITS_VALUE = re.compile(
    r"""\\*["']?(?:,|\s|\\n|[{-]|/>|</?data>){0,40}?[^<>\n=:]{0,80}?\b(?:value|content|default)\\*["']?[ \t]*+[=:][ \t]*+""",
    re.IGNORECASE,
)
_ITS_ELEMENT = re.compile(
    r"""\\*["'](?:[ \t][^<>\n]{0,80})?>\s{0,40}(?:<\w{1,20}>)?|</\w{1,20}>\s{0,40}<\w{1,20}>""", re.IGNORECASE
)
_LINE_START = re.compile(r"[ \t>|+#;*-]{0,40}(?:(?:export|set|setx|let|var|const|-e|--env|PS[^>\n]{0,80}>)[ \t]+)?(?:\$(?:env|global|script):|\$|\[\w+\][ \t]*\$)?[\"']?", re.IGNORECASE)  # fmt: skip
_FIELD = re.compile(r"&(?=[\w.%-]{1,40}=)")
_IS = re.compile(r"(?:is|was|are|es|era|ist|lautet|est|to)(?::|[ \t])[ \t]*", re.IGNORECASE)


def kind(name: str) -> Kind | None:
    """Return what a name says of its value, or `None` for a name of something else."""
    if _HEADERS.search(name):
        return Kind.HEADER
    if _OPAQUE_NAMES.search(name):
        return Kind.OPAQUE
    words = [part.lower() for part in _PART.findall(name) if not part.isdigit()]
    while words and words[-1] in _AROUND:
        words.pop()
    if not words:
        return None
    last = words[-1]
    if (
        last.endswith(_SECRET_WORDS)
        or last in _SHORT_WORDS
        or (last.endswith(("pass", "pwd")) and last not in _NO_PASSWORDS)
    ):
        return Kind.SECRET
    if last == "key" and len(words) > 1 and words[-2] in _KEYS:
        return Kind.SECRET
    if last.endswith(("apikey", "accesskey", "accountkey", "privatekey", "sharedkey", "authkey")):
        return Kind.SECRET
    if last in {"code", "state"} and len(words) > 1 and words[-2] in _NO_CODES:
        return None
    if last == "info" and words[-2:] != ["client", "info"]:
        return None
    return Kind.OPAQUE if last in _OPAQUE_WORDS or last.endswith("token") else None


def spans(text: str) -> Iterator[Span]:
    """Yield where such values stand in a text of any number of lines."""
    at = 0
    while core := _CORE.search(text, at):
        start, end = _whole_name(text, core.start(), core.end())
        at = max(end, core.end())
        about = kind(text[start:end])
        found = _value(text, start, end, about) if about else None
        if found and found[1] > found[0]:
            yield found
            at = max(at, found[1])


def _whole_name(text: str, start: int, end: int) -> Span:
    first, last = max(start - _FARTHEST, 0), min(end + _FARTHEST, len(text))
    while start > first and _NAME.match(text[start - 1]):
        start -= 1
    while end < last and _NAME.match(text[end]):
        end += 1
    while start < end and text[start] in ".-":
        start += 1
    while end > start and text[end - 1] in ".-":
        end -= 1
    return start, end


def _value(text: str, start: int, end: int, about: Kind) -> Span | None:
    before = text[max(start - 20, 0) : start]
    if (
        ("<" in before or "&lt;" in before)
        and (element := _ELEMENT.match(text, end))
        and before.endswith(("<", ":", "&lt;"))
    ):
        return _inside_element(text, element.end())
    if _NAMES_IT.search(before):
        if its := _ITS_VALUE.match(text, end):
            return _checked(text, its.end(), about, sure=True)
        if its := _ITS_ELEMENT.match(text, end):
            return _inside_element(text, its.end())
    sign = _SIGN.match(text, end)
    if sign is None:
        return None
    if sign["sign"]:
        return _assigned(text, start, sign.end(), about, sign["sign"])
    if sign["comma"]:
        is_argument = bool(sign["closers"]) and before[-1:] in {'"', "'"}
        found = quoted(text, sign.end()) if is_argument else None
        return found if found and (about is Kind.SECRET or is_opaque(text[slice(*found)], sure=False)) else None
    return _behind_blank(text, start, sign.end(), about)


def _assigned(text: str, start: int, at: int, about: Kind, sign: str) -> Span | None:
    """Return the value behind `=` or `:`; at the start of a line it is the rest of the line."""
    at = skip_opening(text, at) if text[at : at + 1] in {"!", "&"} else at  # a tag or an anchor of YAML
    line = text.rfind("\n", max(start - _FARTHEST, 0), start) + 1 or max(start - _FARTHEST, 0)
    leading = _LINE_START.fullmatch(text, line, start) is not None and line <= start
    opener = text[start - 1] if start else ""
    if about is Kind.HEADER:
        return quoted(text, at) or _header(text, at, opener)
    query = start > 0 and text[start - 1] in "?&#"
    if about is Kind.OPAQUE:
        return _checked(text, at, about, sure=query or (sign == "=" and text[at : at + 1] not in " \t"))
    whole = quoted(text, at)
    if whole:
        return whole
    if text.startswith("\n", at) or at >= len(text):
        return _next_line(text, start, at)
    if text[at] in "|>" and (block := _block(text, start, at)):
        return block if is_shown(text[slice(*block)]) else None
    end = _end_of_line(text, at) if leading and opener not in {'"', "'"} else 0
    if end and _FIELD.search(text, at, end):  # a form: the next field is none of it
        end = 0
    if opener in {'"', "'"} and not text.startswith(opener, at):  # the whole pair stands in quotes: -d 'password=…'
        close = text.find(opener, at, _end_of_line(text, at))
        end = close if close > at else 0
    if text[max(start - 4, 0) : start].rstrip(" ").endswith(";"):  # a connection string
        close = text.find(";", at, _end_of_line(text, at))
        end = close if close > at else _end_of_line(text, at)
    found = (at, end) if end else bare(text, at)
    if found and not leading and sign == ":" and text[at - 1] == " " and is_word(text[slice(*found)]):
        return None  # a sentence: “what may pass: refused connections”
    return found if found and is_shown(text[slice(*found)]) else None


def _header(text: str, at: int, opener: str) -> Span | None:
    """Return a header's value: to the end of its line, or of the quotes that it stands in, and of lines that go on."""
    end = _end_of_line(text, at)
    if opener in {'"', "'"}:
        close = text.find(opener, at, end)
        return (at, close) if close > at else (at, end)
    while end + 1 < len(text) and text[end + 1] in " \t" and _end_of_line(text, end + 1) > end + 2:
        end = _end_of_line(text, end + 1)
    return at, end


def _checked(text: str, at: int, about: Kind, *, sure: bool) -> Span | None:
    found = quoted(text, at) or bare(text, at)
    if found is None:
        return None
    value = text[slice(*found)]
    if about is Kind.OPAQUE and not is_opaque(value, sure=sure):
        return None
    return found if is_shown(value) else None


def _inside_element(text: str, at: int) -> Span | None:
    """Return the text of an XML element, CDATA or not; one that is not closed may be a placeholder: `<password>`."""
    at = skip_opening(text, at)
    ends = [end for mark in ("<", "&lt;", "]]>") if (end := text.find(mark, at, at + 8192)) >= 0]
    end = min(ends) if ends else _end_of_line(text, at)
    closed = bool(ends) and text.startswith(("</", "&lt;/", "]]>"), end)
    value = text[at:end]
    return (at, end) if is_shown(value) and (closed or is_opaque(value, sure=True)) else None


def _behind_blank(text: str, start: int, at: int, about: Kind) -> Span | None:
    """Return the value of `--password VALUE`, `-Password VALUE`, `password "…"`, `password VALUE` alone on a line."""
    dashed = text[start - 1 : start] in {"-", "/"} and text[max(start - 3, 0) : start - 1].rstrip("-")[-1:] in {
        "",
        " ",
        "\t",
        "\n",
        "(",
        '"',
        "'",
        "`",
        "[",
    }
    if dashed:
        return _checked(text, at, about, sure=True) if not text.startswith(("-", "("), at) else None
    if about is not Kind.SECRET:
        return None
    whole = quoted(text, at)
    if whole:
        return whole if text[at] != "“" else None  # a sentence that names a secret
    said = _IS.match(text, at)
    if said:
        if whole := quoted(text, said.end()):
            return whole
        found = bare(text, said.end())
        return found if found and is_password(text[slice(*found)]) else None
    line = max(text.rfind("\n", max(start - _LINE, 0), start) + 1, start - _LINE, 0)
    end = text.find("\n", at, at + _LINE)
    end = end if end >= 0 else min(len(text), at + _LINE)
    before, value = text[line:start].strip().casefold(), text[at:end].strip()
    alone = not before and value and " " not in value
    netrc = re.search(
        r"\b(?:login|user|username|account)[ \t]+\S{1,80}(?:[ \t]+(?:with|has|is))*[ \t]*$",
        text[max(line, start - _NETRC) : start].rstrip(),
        re.IGNORECASE,
    )
    found = bare(text, at)
    if found and is_shown(value) and (alone or netrc or looks_secret(text[slice(*found)])):
        return found
    return None


def _next_line(text: str, start: int, at: int) -> Span | None:
    """Return a value that stands alone on the next line, further in than its name."""
    line = text.rfind("\n", 0, start) + 1
    begin = at + 1
    end = _end_of_line(text, begin)
    value = text[begin:end]
    inner = len(value) - len(value.lstrip())
    if inner <= start - line or not value.strip() or re.search(r"[:=]\s|[:=]$|^\s*[{\[-]", value):
        return None
    return begin + inner, end


def _block(text: str, start: int, at: int) -> Span | None:
    """Return the lines of a YAML block scalar, which are further in than its name."""
    end = _end_of_line(text, at)
    if not re.fullmatch(r"[|>][+-]?\d?[+-]?[ \t]*(?:#.*)?", text[at:end]):
        return None
    line = text.rfind("\n", 0, start) + 1
    indent = len(text[line:start]) - len(text[line:start].lstrip())
    last = end
    while last < len(text):
        following = _end_of_line(text, last + 1)
        body = text[last + 1 : following]
        if body.strip() and len(body) - len(body.lstrip()) <= indent:
            break
        last = following
    return (end + 1, last) if last > end + 1 else None


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
