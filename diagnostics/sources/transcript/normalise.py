"""What loggers, terminals and people put around a text, taken off again line by line, so that line numbers stay true.

`clean` undoes what concerns one line (colours, HTML entities). `prefix_length` says how much of a line a logger wrote.
`unescape` undoes JSON, Python and Ruby escapes however often they were nested. `hard_breaks` finds the line ends that a
terminal of a fixed width put into a text (Windows PowerShell wraps its error records so).
"""

from __future__ import annotations

import html
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
    rf"""[ \t]*[\[(]?(?:
      \d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?:[T_]|[ ,]{{1,2}}){_CLOCK}{_ZONE}
     |\d{{1,2}}[-/.](?:\d{{1,2}}|{_MONTH})[-/.]\d{{2,4}}[ :,T]{{1,2}}{_CLOCK}{_ZONE}
     |(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?[ ])?{_MONTH}[ ]{{1,2}}\d{{1,2}},?(?:[ ]\d{{4}})?[ ]{_CLOCK}{_ZONE}(?:[ ]\d{{4}})?
     |\d{{2}}:\d{{2}}:\d{{2}}(?:[.,]\d{{1,9}})?
     |\d{{2}}:\d{{2}}\.\d{{2}}(?=\ [<>])
    )[\])]?[:,]?(?=[ \t]|$)""",
    re.VERBOSE,
)
_AFTER_STAMP = re.compile(
    rf"""[ \t]*(?:
      \[?\(?{_LEVEL}\b\)?\]?[:|]?(?=[ \t]|$)
     |\[[\w.$:/\#@ +-]{{1,60}}\](?=[ \t:])[:]?
     |[\w./@-]{{1,60}}\[\d+\](?::(?=[ \t]|$)|(?=[ \t]))
     |[\w.-]{{1,40}}[ ](?=[\w./@-]{{1,60}}\[\d+\]:)
     |(?:[\w-]+\.)+[\w$-]+(?::\d+)?[ ]?[-:|](?=[ \t])
     |[-|](?=[ \t])
    )""",
    re.VERBOSE,
)
_CONTAINER = re.compile(r"[ \t]*[\w.-]{1,40}[ ]*\|[ ](?=\S)")
_ESCAPE = re.compile(r"""\\+(?:r\\+n|[rn](?![a-z]{2})|t(?![a-z]{2})|["'/]|u00[0-9a-fA-F]{2})""")
_TOKENS = re.compile(
    r"AADSTS\d{4,8}(?=[:\s])|\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b|(?:Trace|Correlation) ID: ?(?=[0-9a-f])"
)
_URL_ENCODED = re.compile(r"AADSTS\d+%3[aA][^\s\"'<>]*")
_NARROWEST = 40
_REACH = 45


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
    if "%3" in text:  # a refusal that came back in a redirect: error_description=AADSTS50011%3a+The+reply+URL…
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


def hard_breaks(lines: Sequence[str]) -> set[int]:
    """Return the indexes of lines whose end a terminal put in, so that the next line goes on in the middle of a word."""
    breaks: set[int] = set()
    widths = [len(line) for line in lines]
    for index in range(len(lines) - 1):
        left, right = lines[index], lines[index + 1]
        if not left or not right:
            continue
        if _is_torn(left, right.lstrip()) or _in_run(widths, index):
            breaks.add(index)
    return breaks


def _in_run(widths: Sequence[int], index: int) -> bool:
    """Say whether lines of exactly one width stand around this line end, and the last one is not longer."""
    width = widths[index]
    if width < _NARROWEST or widths[index + 1] > width:
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
