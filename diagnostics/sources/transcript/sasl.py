r"""XOAUTH2 strings that a client sent or a script builds, checked byte by byte; the token is never kept.

The form is `user=` mailbox 0x01 `auth=Bearer ` token 0x01 0x01 (Microsoft's IMAP OAuth page; it prints byte 0x01 as `^A`,
which is how the two characters come to be sent).
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from diagnostics.evidence import Provenance, SaslFault, SaslString, TokenClaims
from diagnostics.redaction import Secret
from diagnostics.sources.claims import decode_claims
from diagnostics.sources.transcript import events
from diagnostics.sources.transcript.window import View

_SENT = re.compile(
    r"AUTH(?:ENTICATE)?\s+XOAUTH2\s+[\"']?(?P<initial>[A-Za-z0-9+/_-]{16,}={0,2})"
    r"|(?<![A-Za-z0-9+/=])(?P<bare>(?:dXNlcj|dXNlciA9|dQBzAGUAcg|AHUAcwBlAHIA)[A-Za-z0-9+/]{12,}={0,2})"
)
_CONTINUED = re.compile(r"(?<=[A-Za-z0-9+/]{56})\n[ \t]*(?=[A-Za-z0-9+/]{8,}={0,2}(?:\s|$))")
_WHOLE = re.compile(rb"user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01", re.DOTALL)
_ADDRESS = re.compile(r"[^\s@:\\/<>\"'(),;]+@[^\s@:\\/<>\"'(),;]+")
_REDACTED = re.compile(r"[xX*.]{3,}|redact|removed|hidden|mask|<[^<>]*>", re.IGNORECASE)
_NOTE = re.compile(
    r"user=(?P<user>[^\x01\\^%\"'\n]{1,120}?)(?P<blank> *+)(?P<separator>\x01|\\x01|\\u0001|\^A|%x?01|\\001|)\s*+auth=Bearer\s+(?P<token>[A-Za-z0-9+/_.=-]{4,})",
    re.IGNORECASE,
)
_BUILT = re.compile(
    r"(?P<separator>\\x0?1|\\u0001|\\001|\^A|%x01|%01|\x01|chr\(1\)|\[char\](?:0x0?)?1|\\1)?(?P<joint>[\"'`\s+.,&${}()\[\]\w;:-]{0,40}?)"
    r"auth\s?=\s?Bearer\b(?P<after>[^\n]{0,200})",
    re.IGNORECASE,
)
_USER_PART = re.compile(r"[\"'`]?user\s?=", re.IGNORECASE)
_BLANK_BEFORE = re.compile(r"user=(?:(?!user=)[^\x01^\\%])*+(?<=[ \t])(?:\x01|\^A|\\x01|%x?01)")
_DOCUMENTED_USER = b"user=test@contoso.onmicrosoft.com\x01"  # the example on Microsoft's page
_DOCUMENTED = re.compile(
    r"represents? (?:a )?Control|Control ?\+ ?A\b|base64\(\"user=\" \+ userName|\{userName\}|test@contoso\.onmicrosoft\.com",
    re.IGNORECASE,
)
_INNER_BASE64 = re.compile(
    r"(?:b64encode|base64_encode|toString\(\s*['\"]base64|ToBase64String|btoa|encode64|encodeToString)", re.IGNORECASE
)
_SHELL = re.compile(r"\b(?:printf|echo|awk|sed|python3?|perl)\b")


def read(window: View) -> Iterator[tuple[SaslString, TokenClaims | None]]:
    """Yield each string found, with the claims of the token inside it where that is a JWT."""
    if "user" in window.lower or "xoauth2" in window.lower or "dxnl" in window.lower or "dqbz" in window.lower:
        yield from _encoded(window)
    if "bearer" in window.lower:
        yield from _spelled(window)


def check(data: bytes, where: Provenance) -> SaslString:
    """Return what is right and wrong with the decoded bytes of an XOAUTH2 string."""
    faults: list[SaslFault] = []
    if len(data) > 8 and data[1::2].count(0) > len(data) // 3:  # noqa: PLR2004 - long enough to be told apart
        faults.append(SaslFault.UTF_16)
        data = data[::2] if data[1] == 0 else data[1::2]
    whole = _WHOLE.fullmatch(data)
    text = data.decode("utf-8", "replace")
    user, token = (whole[1].decode("utf-8", "replace"), whole[2].decode("utf-8", "replace")) if whole else ("", "")
    if not whole:
        loose = re.match(
            r"(?s)\s*user\s*=(?P<user>.*?)(?<!\s)\s*+(?:\x01|\^A|\\x01|\\u0001|\\001|%x?01|\\1)\s*+auth=Bearer\s*(?P<token>[^\x01^\\%\s]*)",
            text,
        )
        user, token = (loose["user"], loose["token"]) if loose else ("", "")
        if not loose and (simple := re.match(r"\s*user\s*=([^\x01\s^]*)", text)):
            user = simple[1]
        faults += _separator_faults(text)
    if user != user.strip() or _BLANK_BEFORE.search(text):
        faults.append(SaslFault.BLANK_BEFORE_SEPARATOR)
    faults += _user_faults(user.strip())
    faults += _token_faults(token)
    cut_off = b"\x01auth=Bearer " in data and not data.endswith(b"\x01")
    if not whole and not faults and not cut_off:
        faults.append(SaslFault.NOT_XOAUTH2)
    claims = decode_claims(token, where) if token.startswith("eyJ") and "." in token else None
    Secret(token)
    return SaslString(where, user.strip(), tuple(dict.fromkeys(faults)), claims)


def _separator_faults(text: str) -> list[SaslFault]:
    if re.search(r"\^A\s*auth=|\^A\^A\s*$", text):
        return [SaslFault.LITERAL_CARET_A]
    if re.search(r"(?:\\x01|\\u0001|\\001|%x?01|\\1)\s*auth=", text, re.IGNORECASE):
        return [SaslFault.ESCAPED_SEPARATOR]
    return []


def _user_faults(user: str) -> list[SaslFault]:
    if not user or _REDACTED.search(user) or _ADDRESS.fullmatch(user):
        return []
    if "\\" in user and "@" in user:
        return [SaslFault.USER_WITH_BACKSLASH]
    return [SaslFault.USER_NOT_AN_ADDRESS]


def _token_faults(token: str) -> list[SaslFault]:
    if token.startswith("ZXlK"):
        return [SaslFault.TOKEN_DOUBLE_BASE64]
    if token.startswith("EwB"):
        return [SaslFault.TOKEN_OPAQUE]
    return []


def decoded(text: str) -> bytes | None:
    """Return the bytes of a base64 string; one that was cut off gives what its whole groups of four say."""
    clean = text.replace("-", "+").replace("_", "/").rstrip("=")
    clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
    try:
        return base64.b64decode(clean + "=" * (-len(clean) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _encoded(window: View) -> Iterator[tuple[SaslString, TokenClaims | None]]:
    flow = window.joined
    text = _CONTINUED.sub("", flow.text)
    at = 0
    for match in _SENT.finditer(text):
        string = match["initial"] or match["bare"]
        at = match.start() if text == flow.text else max(flow.text.find(string[:24], at), at)
        where = window.where(flow.number_at(at))
        if string.startswith("eyJ"):  # the token itself was sent where the whole string belongs
            Secret(string)
            yield SaslString(where, faults=(SaslFault.NOT_XOAUTH2,)), None
            continue
        data = decoded(string)
        if (
            data is None
            or _DOCUMENTED_USER in data
            or not (b"user" in data[:16].replace(b"\0", b"") or match["initial"])
        ):
            continue
        if b"user" not in data[:16].replace(b"\0", b"") and not _is_text(data):
            continue
        result = check(data, where)
        yield result, result.claims


def _is_text(data: bytes) -> bool:
    return bool(data) and sum(32 <= byte < 127 or byte == 1 for byte in data) > len(data) * 0.95  # noqa: PLR2004


def _spelled(window: View) -> Iterator[tuple[SaslString, TokenClaims | None]]:
    """Read strings that stand decoded in the text (a note, a debugger) or that a line of a script puts together."""
    for index, line in enumerate(window.lines):
        low = line.lower()
        if (
            "auth=bearer" not in low.replace(" ", "").replace("'", "").replace('"', "")
            or "user" not in "".join(window.lines[max(index - 6, 0) : index + 1]).lower()
        ):
            continue
        nearby = " ".join(window.lines[max(index - 3, 0) : index + 4])
        if events.explained(window, index) or _DOCUMENTED.search(nearby):
            continue
        where = window.where(window.numbers[index])
        note = _NOTE.search(line)
        if note and ("decode" in low or _looks_sent(note["token"])):
            yield _noted(note, where), None
            continue
        built = _built(window, index)
        if built:
            yield SaslString(where, "", tuple(built)), None


def _looks_sent(token: str) -> bool:
    return token.startswith(("eyJ", "ZXlK", "EwB"))


def _noted(note: re.Match[str], where: Provenance) -> SaslString:
    faults = []
    if note["separator"].startswith("^"):
        faults.append(SaslFault.LITERAL_CARET_A)
    if note["blank"] and note["separator"]:  # without one, the blank is what a page shows of byte 0x01
        faults.append(SaslFault.BLANK_BEFORE_SEPARATOR)
    faults += _user_faults(note["user"].strip()) + _token_faults(note["token"])
    Secret(note["token"])
    return SaslString(where, note["user"].strip(), tuple(faults))


def _built(window: View, index: int) -> list[SaslFault]:
    """Return what is wrong with a line of code that builds the string; a line that builds it right gives nothing."""
    line = window.lines[index]
    faults: list[SaslFault] = []
    built = _BUILT.search(line)
    if built is None or not re.search(r"[\"'`]|\$|f\"|user=(?:(?!user=).)*auth=", line):
        return faults
    if "^A" in line:
        faults.append(SaslFault.LITERAL_CARET_A)
    elif (
        (
            re.search(r"%x?01", line)
            and "%c" not in line
            and not re.search(r"url|quote|encodeURI|http", line, re.IGNORECASE)
        )
        or re.search(r"\\\\x01|\\\\u0001", line)
        or _single_quoted_escape(line)
    ):
        faults.append(SaslFault.ESCAPED_SEPARATOR)
    if re.search(
        r"user\s?=(?:(?!user\s?=)[^^\\%\x01])*? (?:\"|'|\^A|\\x01|\\u0001|%x?01|\x01|\$\(\[char\](?:0x0?)?1\)|\$\{?ctrlA)",
        line,
        re.IGNORECASE,
    ) and _blank_in_literal(line):
        faults.append(SaslFault.BLANK_BEFORE_SEPARATOR)
    inner = built["after"].partition("\n")[0]
    if _INNER_BASE64.search(inner.split("+")[1] if "+" in inner else inner[:60]) and not re.search(
        r"\)\s*\.toString\(", inner
    ):
        faults.append(SaslFault.TOKEN_DOUBLE_BASE64)
    return faults


def _single_quoted_escape(line: str) -> bool:
    r"""Say whether `\x01` stands where the language takes it for four characters: PHP and Perl single quotes, PowerShell."""
    if _SHELL.search(line):
        return False
    php = re.search(r"(?:\$\w+|base64_encode|->)", line) and re.search(r"'[^'\"]*\\(?:x01|1|001|u0001)[^'\"]*'", line)
    powershell = (
        re.search(r"^\s*\$\w+\s*=|\[char\]|\[Convert\]|\[System", line)
        and re.search(r"\"[^\"]*\\x01[^\"]*\"", line)
        and "->" not in line
        and ";" not in line
        and re.search(r"[\"\w)]\s\.(?:\s|$)", line) is None  # PHP joins strings so
    )
    return bool(php) or bool(powershell)


def _blank_in_literal(line: str) -> bool:
    r"""Say whether the blank before the separator is inside quotes and thus sent: `"user=$mailbox ^Aauth=…"`."""
    return bool(
        re.search(
            r"[\"'](?:(?!user\s?=)[^\"'])*+user\s?=[^\"']*? (?:\^A|\\x01|\\u0001|%x?01|\x01|\$\(\[char\](?:0x0?)?1\)|\$\{?ctrlA)",
            line,
            re.IGNORECASE,
        )
        or re.search(
            r"\+\s*[\"'] ++(?:\^A|\\x01|\\u0001|%x?01|\x01)?[\"']?\s*+(?:\+\s*+)?(?:\$\(\[char\](?:0x0?)?1\)|\[char\](?:0x0?)?1|chr\(1\)|[\"']?\s*auth=)",
            line,
            re.IGNORECASE,
        )
        or re.search(r"\+\s*[\"'] +(?:\^A|\\x01|\\u0001|%x?01|\x01)auth=", line, re.IGNORECASE)
    )
