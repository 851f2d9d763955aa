"""Where a value begins and ends: in quotes of any kind, escaped or not, or up to what separates it from the next one."""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import re

from diagnostics.redaction.known import Span

_PREFIX = re.compile(
    r"(?:[bBrRuUfFN@]{0,2}(?=[\"'])|\((?:string|String)\)[ \t]*|\[(?:string|SecureString)\][ \t]*|<!\[CDATA\[|[!&]\w{1,40}[ \t]+)"
)
_OPENING = re.compile(r"\"\"\"|'''|\\*[\"'`]|&quot;|&#3[49];|&apos;|%22|%27|“|‘|«|„")
_CLOSED_BY = {"“": "”", "‘": "’", "«": "»", "„": "“"}
_HERE = re.compile(r"@(?P<quote>[\"'])[ \t]*\r?\n")
_MORE = re.compile(r"[ \t]*+(?:[+.&]|\.\.)?[ \t]*+\\?(?:\r?\n[ \t]*+)?(?=[\"'])")
_RUN = re.compile(r"\S{1,16384}+")
_NEXT = re.compile(
    r"&(?:amp;)?(?=[\w.%-]{1,40}=)|[;,](?=[\w .-]{0,40}[=:])|</|&lt;/|[\"'](?=[,;)}\]])|\\r\\n|\\n|%0[aAdD]|%26(?=\w{1,40}%3[dD])"
)
_TRAILING = ",;)}]>\"'`"
_MASKED = re.compile(r"\*{2,}|[xX]{3,}|\.{3,}|…|•+|<[^<>\n]{0,60}>|\{\{[^{}\n]{0,60}\}\}|\$\{[^{}\n]{0,60}\}|\[[^\[\]\n]{0,60}\]?|\{[^\n]*|\(?(?i:null|none|nil|true|false|undefined|redacted|hidden|removed)\)?[,;]?|---+")  # fmt: skip
_LONGEST = 16 * 1024


def skip_opening(text: str, at: int) -> int:
    """Return where a value begins behind what may stand before its quotes: `b"`, `N'`, `(string)`, `<![CDATA[`."""
    found = _PREFIX.match(text, at)
    return found.end() if found else at


def quoted(text: str, at: int) -> Span | None:
    """Return the inside of the quotes that begin at `at`, and of strings that are joined to it; else `None`."""
    at = skip_opening(text, at)
    here = _HERE.match(text, at) or (_HERE.match(text, at - 1) if at else None)
    if here:
        end = text.find(f"\n{here['quote']}@", here.end() - 1, here.end() + _LONGEST)
        return here.end(), end if end >= 0 else min(len(text), here.end() + _LONGEST)
    opening = _OPENING.match(text, at)
    if opening is None:
        return None
    start, end, after = opening.end(), *_close(text, opening[0], opening.end())
    while more := _MORE.match(text, after):
        joint = _OPENING.match(text, more.end())
        if joint is None or (more.end() == after):
            break
        end, after = _close(text, joint[0], joint.end())
    return start, end


def _close(text: str, opening: str, at: int) -> Span:
    """Return where the quotes end inside and outside; what is not closed ends with its line."""
    quote = _CLOSED_BY.get(opening, opening)
    last = min(len(text), at + _LONGEST)
    line = text.find("\n", at, last) if len(opening) < 3 or opening[0] not in "\"'" else -1  # noqa: PLR2004
    line = line if line >= 0 else last
    found = text.find(quote, at, line)
    while found >= 0:
        after = found + len(quote)
        escaped = opening in {'"', "'"} and _is_escaped(text, found)
        doubled = opening in {'"', "'"} and text.startswith(quote, after) and found > at
        if not (escaped or doubled):
            return found, after
        found = text.find(quote, after + (len(quote) if doubled and not escaped else 0), line)
    return line, line


def _is_escaped(text: str, at: int) -> bool:
    slashes = 0
    while slashes < 8 and text[at - slashes - 1 : at - slashes] == "\\":  # noqa: PLR2004 - deep enough
        slashes += 1
    return slashes % 2 == 1


def bare(text: str, at: int) -> Span | None:
    """Return a value without quotes: up to a blank, or to what begins the next pair, without brackets that end it."""
    run = _RUN.match(text, at)
    if run is None:
        return None
    following = _NEXT.search(text, at + 1, run.end())
    end = following.start() if following else run.end()
    end = at + len(text[at:end].rstrip(_TRAILING))
    return (at, end) if end > at else None


def is_shown(value: str) -> bool:
    """Say whether a value is there to be seen at all: no mask, no placeholder, no mapping that follows."""
    bare_value = value.strip()
    if not bare_value:
        return False
    return _MASKED.fullmatch(bare_value) is None or looks_secret(bare_value.strip("<>[](){}*"))


def is_opaque(value: str, *, sure: bool, least: int = 12) -> bool:
    """Say whether a value looks like a code, a state or a token, and not like a word, a number or a sentence.

    `sure` is for places where nothing else stands, such as a query: there a short one counts, too.
    """
    bare_value = value.strip().strip("\"'").rstrip(".,:;!?")
    if (
        " " in bare_value
        or bare_value.isdigit()
        or re.fullmatch(r"(?:0x)?[0-9A-Fa-f]{1,8}|AADSTS\d+|https?:.*", bare_value)
    ):
        return False
    if not sure and (
        _NAMELIKE.fullmatch(bare_value) or bare_value.startswith(("/", "~/", ".\\", "./")) or ":\\" in bare_value
    ):
        return False  # an address, a host, a file
    letters = bare_value.replace("_", "").replace("-", "").replace(".", "")
    if letters.isalpha():
        return sure and len(letters) >= least and not re.fullmatch(r"(?:[A-Z]?[a-z]++[_.-]?)++", bare_value)
    return len(bare_value) >= (6 if sure else least)


def is_word(value: str) -> bool:
    """Say whether a value is a word of a sentence: letters alone, with a sign of punctuation behind them."""
    return value.strip().rstrip(".,:;!?)").isalpha()


def is_password(value: str) -> bool:
    """Say whether a word of a sentence looks like a password: no id, and with a digit or an odd character inside."""
    word = value.strip().rstrip(".,:;!?)\"'}")
    if len(word) < 6 or GUID.fullmatch(word) or word.isdigit():  # noqa: PLR2004 - "2024" is a year
        return False
    return any(c.isdigit() for c in word) or any(c in ODD for c in word)


ODD = frozenset("~!#$%^&*+=?;|{}<>`")
"""Characters that stand in passwords, and not in names."""
GUID = re.compile(r"\{?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?")


_NAMELIKE = re.compile(
    r"[\w.+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|(?:[A-Za-z]\d?|CN|OU|DC)=.*|https?:.*|(?:[\w-]+\.)+(?:[a-z]{2,24}|[A-Z]{2,24})|S-1-\d.*"
)
_GUIDISH = re.compile(r"[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-")  # whole, cut, or with stray characters: the diagnosis reads it
_CHANGES = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])|(?<=[A-Z])(?=[a-z])")


def looks_secret(value: str) -> bool:
    """Say whether a text that should be a name looks like a password or a key: no address, no id, no words."""
    value = value.strip()
    if len(value) < 6 or " " in value or _NAMELIKE.fullmatch(value) or _GUIDISH.search(value):  # noqa: PLR2004 - shorter ones are aliases
        return False
    kinds = sum(any(test(c) for c in value) for test in (str.islower, str.isupper, str.isdigit))
    if kinds > 1 and any(c in ODD for c in value):
        return True
    longest = max(re.split(r"[\s._\\/,@-]+", value), key=len)
    changes = len(_CHANGES.findall(longest))
    return len(longest) >= 8 and any(c.isdigit() for c in longest) and changes >= max(3, len(longest) // 4)  # noqa: PLR2004 - Team2024 is a name


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
