"""What loggers, terminals and people put around a text, taken off again line by line, so that line numbers stay true.

`clean` undoes what concerns one line (colours, HTML entities). `prefix_length` says how much of a line a logger wrote.
`unescape` undoes JSON, Python and Ruby escapes however often they were nested. `hard_breaks` finds the line ends that a
terminal of a fixed width put into a text (Windows PowerShell wraps its error records so).
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Sequence
from urllib.parse import unquote_plus

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_ENTITY = re.compile(r"&(?:quot|apos|amp|lt|gt|nbsp|#\d{2,5}|#x[0-9a-fA-F]{2,4});")
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,9}|:\d{3})?(?:\s?[AP]M\b)?"
_ZONE = r"(?:\s?(?:Z\b|[+-]\d{2}:?\d{2}\b|UTC\b|GMT\b|CES?T\b))?"
_LEVEL = (
    r"(?:TRACE|DEBUG|INFO|INFORMATION|NOTICE|WARN|WARNING|ERROR|ERR|FATAL|CRITICAL|SEVERE|FINE|VERBOSE"
    r"|trace|debug|info|notice|warn|warning|error|err|fatal|critical|dbug|fail|crit)"
)
_STAMP = re.compile(
    rf"""[ \t]*(?:[A-Z],[ ])?[\[(]?(?:
      \d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?:[T_]|[ ,]{{1,2}}){_CLOCK}{_ZONE}
     |\d{{1,2}}[-/.](?:\d{{1,2}}|{_MONTH})[-/.]\d{{2,4}}[ :,T]{{1,2}}{_CLOCK}{_ZONE}
     |(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?[ ])?{_MONTH}[ ]{{1,2}}\d{{1,2}},?(?:[ ]\d{{4}})?[ ]{_CLOCK}{_ZONE}(?:[ ]\d{{4}})?
     |\d{{2}}:\d{{2}}:\d{{2}}(?:[.,]\d{{1,9}})?
     |\d{{2}}:\d{{2}}\.\d{{2}}(?=\ [<>])
    )(?:[ ]\#\d+(?:-\d+)?)?[\])]?[:,]?(?=[ \t]|$)""",
    re.VERBOSE,
)
_AFTER_STAMP = re.compile(
    rf"""[ \t]*(?:
      \[?\(?{_LEVEL}\b\)?\]?[:|]?(?=[ \t]|$)
     |\[[\w.$:/\#@ +-]{{1,60}}\](?=[ \t:])[:]?
     |[\w./@-]{{1,60}}\[\d+\](?::(?=[ \t]|$)|(?=[ \t]))
     |[\w.-]{{1,40}}[ ](?=[\w./@-]{{1,60}}\[\d+\]:)
     |(?:[\w-]+\.)+[\w$-]+(?::\d+)?[ ]?[-:|](?=[ \t])
     |-[ ][\w.$:/-]{{1,60}}[ ](?=-[ ])
     |--[ ][\w:.-]*:(?=[ \t]|$)
     |[-|](?=[ \t])
    )""",
    re.VERBOSE,
)
_CONTAINER = re.compile(r"[ \t]*[\w.-]{1,40}[ ]*\|[ ](?=\S)")
_ESCAPE = re.compile(r"""(?<!\\)\\++(?:r\\++n|[rn](?![a-z]{2})|t(?![a-z]{2})|["'/]|u00[0-9a-fA-F]{2})""")
_TOKENS = re.compile(
    r"AADSTS\d{4,8}(?=[:\s])|\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b|(?:Trace|Correlation) ID: ?(?=[0-9a-f])"
)
_URL_ENCODED = re.compile(r"(?:AADSTS\d+%3[aA]|(?<=error_description=)[A-Za-z]+(?:%20|\+)(?=[A-Za-z]))[^\s\"'<>]*")
_NARROWEST = 40
_WRAPPED = 56  # nobody wraps a line that is narrower
_TERMINALS = {70, 72, 75, 76, 78, 79, 80, 90, 98, 99, 100, 110, 118, 119, 120, 130, 131, 132, 140, 150, 160}
_EMBEDDED = 2
_SAME_START = 8
_WORDS = frozenset(  # that end or begin at a line's end only where a text was wrapped between words
    re.findall(
        r"\w+",
        "about access after also an and application are as at authentication bad be been before but by can check client"
        " connected connection could credentials directory does error exchange failed failure for found from has have id"
        " identifier if in input into is it login mail mailbox may more must name no not of on only or outlook password"
        " permission provided request scope secret sent server service should such tenant than that the then there these"
        " they this to token unknown use user using valid value was when which will with you your",
    )
)
_PARAMETER_END = re.compile(r"(?:^|[ \t])--?[A-Za-z][A-Za-z-]{2,30}$")
_VALUES = frozenset("0123456789'\"")
_WIRE = re.compile(r"(?:-->|<--|=>|<=|>>|<<)[ \t]+b?['\"]")
_WIRE_END = re.compile(r"\\r\\n['\"]?[ \t]*$")
_OPENING = re.compile(r"""^\s*(?:\{\s*|[\w.$-]+\s*[=:]\s*)?(?:["'][\w.@-]{1,40}["']\s*:\s*)?[bu]?(?P<quote>["'])""")
_OPEN_BYTES = re.compile(r"\bb'[^']+$")  # a Python repr that is not closed on its line
_SPEAKS = re.compile(
    r"(?:[CS]:|<<|>>|-->|<--|=>|<=|IMAP[<>])\s|[\w.]{1,24}\s(?:OK|NO|BAD)\s|\*\s(?:OK|BAD|NO|BYE)\s|\d{1,3}(?:\.\d{1,3}){3}\s"
)
_BEGINS = re.compile(
    r"""(?:[CS]:|<<|>>|-->|<--|<->|->|=>|<=|[<>]\s|>>>|IMAP[<>]|\d[<>]|Read:|Sending:|\*\s|\+\s|\+$|[\w.]{1,24}\s(?:OK|NO|BAD)\s
    |[A-Za-z]{0,6}\d[\w.]*\s(?:AUTHENTICATE|LOGIN|CAPABILITY|SELECT|EXAMINE|LIST|NAMESPACE|LOGOUT|NOOP|ID)\b|[-+]ERR|\+OK|[245]\d\d[ -]
    |(?:AUTH|EHLO|HELO|USER|PASS|STLS|STARTTLS|QUIT|MAIL\sFROM|RCPT\sTO)\b|\d{1,3}(?:\.\d{1,3}){3}\s|(?:DEBUG|INFO|WARN|ERROR|TRACE|WARNING)\b|PS\s|\$\s|\#|//|at\s[\w.$<]+\(|File\s\"|Traceback|[A-Za-z][\w.-]*(?:\s*=|\s*:\s)|[-*\u2022]\s|\d+[.)]\s|\||-{3,}|={3,}|\[[A-Z]|\{|</?\w|```|[A-Z][a-z]+-[A-Z]\w+)""",
    re.VERBOSE,
)
_REACH = 45
_NAMED = re.compile(r"[ \t]*[\"']?[A-Za-z][\w.-]{2,40}[\"']?[ \t]*[:=]")
_SETTING = re.compile(r"[ \t]*[\"']?[A-Za-z][\w.-]{2,40}[\"']?[ \t]*[:=][ \t]*[\"']?[\w*-]{4,}[\"']?,?")


def clean(line: str) -> str:
    """Return a line without terminal colours and with HTML entities replaced by their characters."""
    if "\x1b" in line:
        line = _ANSI.sub("", line)
    if "&" in line and _ENTITY.search(line):
        line = _ENTITY.sub(lambda match: html.unescape(match[0]), line)
        if _ENTITY.search(line):  # escaped twice
            line = _ENTITY.sub(lambda match: html.unescape(match[0]), line)
    return line


def prefix_length(line: str) -> int:
    """Return how many characters at the start a logger wrote: times, levels, thread and program names."""
    stamp = _STAMP.match(line)
    if stamp is None:
        container = _CONTAINER.match(line)
        if container is None:
            return 0
        stamp = _STAMP.match(line, container.end())
        if stamp is None:
            return 0
    end = stamp.end()
    second = _STAMP.match(line, end)
    if second:
        end = second.end()
    for _ in range(5):
        match = _AFTER_STAMP.match(line, end)
        if match is None:
            break
        end = match.end()
    if end < len(line) and line[end] in " \t":
        end += 1
    return end


def unescape(text: str) -> str:
    r"""Return `text` with `\r\n`, `\"`, `\/`, `\u0027` and the like undone, nested ones too; `\x01` is left alone."""
    # A refusal that came back in a redirect: error_description=AADSTS50011%3a+The+reply+URL…
    if "%3" in text or "error_description=" in text:
        text = _URL_ENCODED.sub(_url_decoded, text)
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_unescaped, text)


def _url_decoded(match: re.Match[str]) -> str:
    value, ampersand, rest = match[0].partition("&")
    return " ".join(unquote_plus(value).split("\r\n")) + ampersand + rest


def _unescaped(match: re.Match[str]) -> str:
    bare = match[0].lstrip("\\")
    if bare.startswith("u"):
        return chr(int(bare[1:], 16))
    return {"r": "\n", "n": "\n", "t": "\t"}.get(bare[0], bare)


def embedded_lines(line: str) -> list[str]:
    r"""Return the lines of a text that was pasted as one string, `{"log": "C: A1 …\nS: A1 NO …"}`; else the line alone.

    Protocol lines that a client logs with their `\r\n` (`b'A1 OK …\r\n'`) are not such a text.
    """
    if line.count("\\n") < _EMBEDDED or _is_wire(line):
        return [line]
    opening = _OPENING.match(line)
    if opening is None:
        return [line]
    quote = opening["quote"]
    parts = re.split(r"(?<!\\)(?:\\r)?\\n", line[opening.end() :])
    parts[-1] = re.sub(rf"(?<!\\){quote}[\s}}\],]*$", "", parts[-1])
    return [re.sub(r"\\([\"'\\/])", r"\1", part).replace("\\t", "\t") for part in parts]


def _is_wire(line: str) -> bool:
    r"""Say whether a line is one that a client sent or received, written with its `\r\n` and no other line's end."""
    end = _WIRE_END.search(line)
    return bool(end and _WIRE.search(line, max(line.rfind("\\n", 0, end.start()), 0), end.start()))


def is_double_spaced(lines: Sequence[str]) -> bool:
    """Say whether every line is followed by an empty one, as pasting through some programs does."""
    filled = [index for index, line in enumerate(lines) if line.strip()]
    gaps = [right - left for left, right in itertools.pairwise(filled)]
    return len(gaps) > 1 and gaps.count(2) >= len(gaps) * 0.8


def hard_breaks(lines: Sequence[str], stamped: Sequence[bool]) -> set[int]:
    """Return the indexes of lines whose end a terminal put in, so that the next line goes on in the middle of a word.

    `stamped` says which lines a logger had put something before: such a line seldom goes on from the one before it.
    """
    breaks: set[int] = set()
    widths = [len(line) for line in lines]
    exact = _exact_widths(widths)
    for index in range(len(lines) - 1):
        left, right = lines[index], lines[index + 1]
        if not left or not right:
            continue
        if _is_torn(left, right.lstrip()):
            breaks.add(index)
        elif widths[index + 1] > widths[index] or _SPEAKS.match(right):
            continue
        elif _in_run(widths, index) and not _is_between_words(left, right) and not _are_settings(left, right):
            if lines[index][:_SAME_START] != lines[index - 1][:_SAME_START]:  # lines of a log begin alike
                breaks.add(index)
        elif widths[index] in exact and not stamped[index + 1] and not _BEGINS.match(right):
            sure = widths.count(widths[index]) > 1
            if (_is_mid_word(left, right) and not _has_whole_words(left, right)) if sure else is_cut(left, right):
                breaks.add(index)
    return breaks


def is_cut(left: str, right: str) -> bool:
    """Say whether a line as wide as a terminal ends in the middle of a word."""
    if len(left) not in _TERMINALS or not right:
        return False
    return left[-1].isalpha() and right[0].islower() and not _has_whole_words(left, right)


def _is_between_words(left: str, right: str) -> bool:
    """Say whether a line of a terminal's width ends between two words all the same: a sentence ends, or words are whole."""
    return (left[-1] in ".,;:!?" and right[0].isupper()) or (
        left[-1] != " " and right[0] != " " and _has_whole_words(left, right)
    )


def _has_whole_words(left: str, right: str) -> bool:
    """Say whether a common word ends or begins at the line's end, so that the line was wrapped between two words.

    The name of a parameter with its value on the next line is one, too: `… -ServiceId` and then an id.
    """
    if right.lstrip()[:1] in _VALUES and _PARAMETER_END.search(left):
        return True
    return (
        bool({left.rsplit(maxsplit=1)[-1].casefold(), right.split(maxsplit=1)[0].casefold()} & _WORDS)
        if left.strip() and right.strip()
        else False
    )


def _exact_widths(widths: Sequence[int]) -> set[int]:
    """Return the widths at which a terminal cut: lines are exactly that long, or clearly shorter."""
    counts: dict[int, int] = {}
    for width in widths:
        counts[width] = counts.get(width, 0) + 1
    found = set()
    for width, count in counts.items():
        if width < _NARROWEST:
            continue
        near = sum(counts.get(width + shift, 0) for shift in range(-6, 7) if shift)
        if not near and (count > 1 or width in _TERMINALS):
            found.add(width)
    return found


def _are_settings(left: str, right: str) -> bool:
    """Say whether two lines are settings, each whole on its line: ids are of one length, and so are such lines."""
    return bool(_SETTING.fullmatch(left) and _NAMED.match(right))


def _is_mid_word(left: str, right: str) -> bool:
    return bool(left[-1].isalnum() or left[-1] in "-_/.:@=+,\\") and (right[0].isalnum() or right[0] in "-_/.:@=+,'\\")


def _in_run(widths: Sequence[int], index: int) -> bool:
    """Say whether lines of exactly one width stand around this line end."""
    width = widths[index]
    if width < _NARROWEST:
        return False
    neighbours = (
        index > 0 and widths[index - 1] == width,
        widths[index + 1] == width and index + 2 < len(widths) and 0 < widths[index + 2] <= width,
    )
    return any(neighbours)


def _is_torn(left: str, right: str) -> bool:
    """Say whether an error code or a GUID stands across the line end, whole only when both halves are put together."""
    if not (left[-1].isalnum() or left[-1] in "-: ") or not right:
        return False
    head, tail = left[-_REACH:], right[:_REACH]
    return any(match.start() < len(head) < match.end() for match in _TOKENS.finditer(head + tail))


def rest_of(left: str, right: str) -> str:
    """Return what a torn-off line adds to the one before it: without the indentation that both have."""
    indent = min(len(left) - len(left.lstrip()), len(right) - len(right.lstrip()))
    return right[indent:]


def goes_on(left: str, right: str, *, stamped: bool) -> bool:
    """Say whether `right` looks like the rest of a sentence or command that was wrapped between two words."""
    left, right = left.rstrip(), right.strip()
    if not left or not right:
        return False
    if _OPEN_BYTES.search(left) and not _SPEAKS.match(right):
        return True
    if _BEGINS.match(right):
        return False
    first_word = len(right.split(" ", 1)[0])
    if len(left) + 1 + first_word < _WRAPPED or (left[-1] in ".!?;}]" and not left.endswith((" .", "..."))):
        return False
    if left[-1] in "'\"" and left.count(left[-1]) % 2 == 0 and not right[0].islower():
        return False
    return not stamped or right[0].islower() or not right[0].isalnum() or left.endswith(("Bearer", ",", "("))
