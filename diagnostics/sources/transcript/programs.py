"""Lines of programs and of configurations: what a program would say is not said, and what is commented out does not run."""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_STATEMENT = re.compile(
    r"""^\s*(?:
      (?:el)?if\b[^:]{0,200}[:{(]|else\b|case\b|when\ ['"]|assert\w*\b|expect\(|raise\ \w+\(|throw\ (?:new\b|\w+\()|return\b|def\ |function\b|class\ |import\ |from\ \S+\ import
     |(?:const|let|var|final|static|public|private|val)\ |self\.assert|it\(['"]|describe\(|test\(['"]|mock|@|\#include|\#define
     |(?:print|console\.\w+|Write-(?:Host|Output|Error|Warning|Verbose)|echo|puts|log(?:ger)?\.\w+|fmt\.\w+|System\.out\.\w+)\s*[\('"]
     |\w+\s*(?:==|!=|=~|\|\||&&)\s|re\.(?:compile|search|match)\(|\w+\.(?:includes|contains|indexOf|match|startsWith|test)\(
     |['"]?(?:AADSTS)?\d{4,8}['"]?\s*(?:=>|:)\s*(?:['"\[{(]|function|\w+\() # an entry of a table in a program
     |['"](?:AADSTS\d|NO\ |BAD\ |AUTHENTICATE|User\ is)[^'"]{0,80}['"]\s*(?:=>|:|,)\s
     |\w{2,40}\(['"](?:AADSTS|NO|BAD|AUTHENTICATE)
    )""",
    re.VERBOSE,
)
_CONDITION = re.compile(
    r"""(?:(?:^|[;{}])\s*(?:el(?:se\ ?)?)?if\b[^.]{0,100}(?=['"/]$)|\bin\ (?=[bru]?['"])|==|!=|\|[=~]|\bmatch\s*=>\s*+\{?(?:\s*+"\w{1,40}"\s*=>)?|\.includes\(|\.contains\(|\bcontains\(|\.match\(|-match\s|-like\s|=~|\.test\(|\.indexOf\(|\.startswith\(|-eq\s
      |\b(?:match|expected\w*|pattern|toThrow\w*|toEqual|toMatch|toBe|raises\w*|assert\w+)\s*[=(])\s*+[bruf]?['"/]?$""",
    re.VERBOSE | re.IGNORECASE,
)
_SAYS = re.compile(  # a statement that would say what stands in its quotation marks
    r"""(?:^|[;{)&|]|\b(?:then|else|do|try|catch)\b)\s*(?:Write-(?:Host|Output|Error|Warning|Verbose|Log|EventLog)|echo|print(?:f|ln)?|puts|console\.\w+|log(?:ger|ging)?\.\w+|throw|raise|return|die|exit|sys\.exit|alert|error_log|fail|abort)
      \b[^'"]{0,80}['"][^'"]*$""",
    re.VERBOSE | re.IGNORECASE,
)
_ASSIGNED = re.compile(  # `name = "…`, `'name' => '…`, `"name": "…`, `name=…` to the quotation
    r"""^\s*(?:(?:const|let|var|final|static|public|private|readonly|string|String|export|local|my|our|set)\s+)*
      (?P<name>\$?['"]?[\w.*:\[\]$-]{1,80}?['"]?)\s*(?P<sign>=>|->|:=|\+?=|:)\s*(?:new\s\w+\(|throw\snew\s\w+\(|\w{1,3}\()?[bruft]?(?P<quote>['"`]?)(?:[A-Za-z]{0,3}\d{1,4}\ )?(?:(?:NO|BAD)\ )?$""",
    re.VERBOSE,
)
_CATALOGUE = re.compile(r"^\s*(?:msgid|msgid_plural|msgstr|msgctxt)(?:\[\d\])?\s")
_PARENT = re.compile(r"^\s*[\w.-]{1,60}:\s*$")
_JSON_FIELD = re.compile(r"^\s*\"[\w.@-]{1,80}\"\s*:\s")
_FIELD = re.compile(r"^\s*['\"]?[\w.*-]{1,80}['\"]?\s*(?:=>|->|:=|=|:)\s*[bruf]?['\"`\w]")
_LITERAL_BEFORE = re.compile(r"^\s*+(?:[-,(\[{]\s*+)?[bruf]?['\"](?:\w{1,6}\ )?(?:(?:NO|BAD)\ )?$")
_LITERAL_AFTER = re.compile(r"^[^'\"]{0,200}+['\"]\s*+(?:(?:,|=>|\)|\]|;)\s*+)?$")
_TOLD = re.compile(  # names under which a program tells what happened
    r"err|msg|messag|mensaje|meldung|nachricht|reason|respon|repl(?:y|ies)|answer|antwort|status|result|detail|descri|text|exception|output|stdout|stderr|log|cause|info|data|body|said|title|content|line|last|fail|fehler|note|code|type|kind|sasl",
    re.IGNORECASE,
)
_COMMENT = re.compile(
    r"""^\s*(?://|/\*|<!--|<\#|--\ (?![-:|])|;\s|REM\s|::\s|\#(?![\d!])(?=\s?[\w"'\[{($<-])|\"{3}|'{3}|'\ [^'\n]*+$|(?:TODO|FIXME|XXX)\b)""",
    re.VERBOSE | re.IGNORECASE,
)
_BLOCKS = (("<!--", "-->"), ("/*", "*/"), ("<#", "#>"), ("=begin", "=end"), ("--[[", "]]"))
_CODE_LIKE = re.compile(
    r"""[;{}\[(]\s*+$|[=-]>\s*+['\"\[{(]|^\s*[\])}]+[;,)]*\s*(?:catch|else|from|while)?|^\s*(?:def|class|import|from|return|if|elif|else|for|while|with|try|except|finally|const|let|var|public|private|function|func|assert
    |raise|throw|async|await|yield|switch|case|foreach|param|end|esac|fi|done|default|export|using|namespace|catch|use|require|package|<\?php|\#!|echo|print)\b|^\s*<\?php|^\#!/
    |^\s*[@$]?[\w.\[\]]+\s*[+.]?=(?!>)\s*\S|^\s*[\w.$>-]+\([^)]*+\)?[;,]?\s*$|^\s*['"][^'"]{0,200}['"]\s*+(?:[,\])]++\s*+)?$|^\s*['"][\w.-]{1,40}['"]\s*:\s""",
    re.VERBOSE,
)
_CONDITIONS_REACH = 300  # characters before a quotation that `_CONDITION` looks at
_REMEMBERED = 256  # lines: many matches may stand on one, and each asks the same of it
_AROUND = 5
_FEW = 3


@lru_cache(_REMEMBERED)
def _is_statement(line: str) -> bool:
    return _STATEMENT.match(line) is not None


@lru_cache(_REMEMBERED)
def _is_code_like(line: str) -> bool:
    return _CODE_LIKE.search(line) is not None


def is_program(line: str, before: str = "") -> bool:
    """Say whether a line is a statement of a program; `before` is what stands in it before the matter of interest."""
    if _is_statement(line):
        return True
    near = before[max(len(before) - _CONDITIONS_REACH, 0) :]
    return bool(before and (_CONDITION.search(near) or _SAYS.search(near)))


def is_field(line: str) -> bool:
    """Say whether a line is a field of a JSON object, which is an answer or a token as often as a program's."""
    return _JSON_FIELD.match(line) is not None


_OPEN_ENDS = (" .", " +", " -", " &", "&&", "||", ",", "(", "=", "`", " \\")
"""How a line ends whose statement goes on."""


def are_statements(first: str, second: str) -> bool:
    """Say whether two lines are statements of a program, of which none is the other's rest."""
    return _is_code_like(first) and _is_code_like(second) and not first.rstrip().endswith(_OPEN_ENDS)


def in_program(lines: Sequence[str], index: int, before: str = "", after: str = "") -> bool:
    """Say whether a line, or what stands in it between `before` and `after`, is a program's: a literal, a line among its lines."""
    line = lines[index]
    if before and _is_constant(lines, index, before):
        return True
    literal = bool(before and _LITERAL_BEFORE.match(before) and _LITERAL_AFTER.match(after))
    beside = [lines[at] for at in (index - 1, index + 1) if 0 <= at < len(lines)]
    if _CATALOGUE.match(line) or (literal and any(map(_CATALOGUE.match, beside))):
        return True
    if not (literal or _is_code_like(line)):
        return False
    around = [
        line
        for line in (*lines[max(index - _AROUND, 0) : index], *lines[index + 1 : index + 1 + _AROUND])
        if line.strip()
    ]
    return len(around) >= _FEW and sum(_is_code_like(line) for line in around) >= len(around) * 0.6


def tells(before: str) -> bool:
    """Say whether what stands before a quotation is the name under which a program tells what happened: `"message": "`."""
    named = _ASSIGNED.match(before)
    return named is not None and named["sign"] == ":" and bool(_TOLD.search(named["name"]))


def _is_constant(lines: Sequence[str], index: int, before: str) -> bool:
    """Say whether a quotation is the value of a name among others: a table of messages, not a field of an answer."""
    named = _ASSIGNED.match(before)
    if named is None or _TOLD.search(named["name"]) or (named["sign"] in {":", "->", "=>"} and not named["quote"]):
        return False
    beside = [lines[at] for at in (index - 1, index + 1) if 0 <= at < len(lines)]
    return any(_FIELD.match(line) or (named["quote"] and _PARENT.match(line)) for line in beside)


def is_comment(line: str) -> bool:
    """Say whether a line is a comment of a program or of a configuration."""
    return bool(_COMMENT.match(line))


def commented(lines: Sequence[str]) -> frozenset[int]:
    """Return the indexes of the lines that are comments, those inside of blocks of comments included."""
    found = set()
    closing = ""
    for index, line in enumerate(lines):
        bare = line.strip()
        if closing:
            found.add(index)
            closing = "" if closing in bare else closing
            continue
        block = next((end for begin, end in _BLOCKS if bare.startswith(begin)), "")
        if block and block not in bare and any(block in later for later in lines[index + 1 :]):
            closing = block
        if block or is_comment(line):
            found.add(index)
    return frozenset(found)
