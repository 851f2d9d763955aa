"""Whether a line reports something that happened, or explains, documents or programs what may happen.

A README that lists error codes, a knowledge-base article and a test's source quote the same sentences as a log. What is
decided here keeps them from accusing anybody.
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_EXPLAINS = re.compile(
    r"""
      \b(?:if|when|whenever|should|in\ case|once)\ (?:you|your|users?|they|an?\ (?:user|admin\w*|client|application))\b[^.]{0,40}
        \b(?:see|sees|get|gets|receive|receives|encounter|encounters|got|run\ into|face|notice)\b
     |\byou(?:'ll|\ may|\ might|\ can|\ could|\ will|\ would|\ should|\ probably)(?:\ also|\ then|\ probably)?\ (?:see|get|receive|encounter|find)\b
     |\b(?:this|the|these|that|such|an?|each|every)\ (?:\w+\ ){0,2}(?:error|message|code|response|status|answer|reply|failure)s?
        \ (?:\S+\ ){0,2}?(?:means?|indicates?|occurs?|happens?|appears?\ (?:when|if)|is\ (?:returned|raised|thrown|caused|shown|sent|reported)|can\ be|may\ be|usually|typically)\b
     |(?:^|[.:]\s+)If\ (?:the|your|an?|it|this|there|that)\b
     |\b(?:means|indicates)\ that\b|\bis\ due\ to\ (?:a|an|the)\ (?!request\ using)|^\s*(?:Q|R\d*|A)\.\s
     |\b(?:common|typical|possible|known|frequent|popular|other|following)\ (?:\w+\ )?(?:errors?|error\ (?:codes?|messages?)|failures?|problems?|causes?)\b
     |\b(?:is|are)\ (?:returned|raised|thrown|sent)\ (?:when|if|by|for)\b
     |\bresults?\ in\ (?:an?\ |the\ )?[`'"]?(?:AADSTS|error|NO\b|BAD\b|\d{3}\ )
     |\b(?:for\ (?:example|instance)|e\.\ ?g\.|such\ as|examples?:)
     |\b(?:troubleshooting|error\ (?:code\ )?reference|error\ codes?\ (?:table|list))\b
     |\b(?:unlike|instead\ of|rather\ than)\ [`'"]?(?:AADSTS|NO\b|BAD\b)
     |\b(?:fix|fixes|fixed|fixing|resolves?|solves?|handles?|handling|mitigates?|avoids?|prevents?|detects?|catch(?:es)?|retry\ on)\b[^.:]{0,50}(?:AADSTS|['"`]|NO\ AUTH|BAD\ User|errors?\b)
     |\b(?:servers?|exchange(?:\ online)?|microsoft|entra(?:\ id)?|office\ ?365|azure(?:\ ad)?|it)\ (?:will\ |would\ |may\ |then\ |simply\ |usually\ |often\ |just\ )?
        (?:answers?|repl(?:y|ies)|returns?|responds?|rejects?|refuses?)\b
     |^\s*[-*+•]\s+(?:Support|Handl|Retry|Retries|Improv|Fix|Add|Remov|Chang|Mak|Us|Allow|Detect|Show|Report|Recogni[sz])\w{0,3}\b
     |^\s*[-*+•]\s[^`]*`[^`]*(?:AADSTS|AUTHENTICATE|LOGIN\ failed|not\ connected|throttled|5\.7\.)[^`]*`
     |\b(?:servidor|exchange(?:\ online)?|microsoft|entra)\ (?:responde|contesta|devuelve|rechaza|antwortet|meldet)\b
     |\b(?:bedeutet|tritt\ auf|erscheint|wenn\ Sie|significa\ que|si\ (?:recibe|aparece|ve))\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_INTRODUCES = re.compile(  # "Microsoft returns:" and then what it returned, this once
    r"^(?!.*\b(?:if|when|whenever|once|otherwise|then|always|usually|often|for|every|each|any|will|would|may)\b)[^.]{0,60}\b"
    r"(?:microsoft|entra(?: id)?|azure(?: ad)?|exchange(?: online)?|server|it) (?:now |still |just )?(?:answers|replies|returns|responds)(?: with)?:\s*$",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(
    r"\b(?:I|we|I'm|we're|I've|we've)\b(?:\ \w+){0,4}?\ (?:get|gets|getting|got|see|seeing|saw|receive|received|receiving|have|had|face|facing)\b"
    r"|\b(?:my|our)\ (?:\w+\ ){0,3}(?:log|logs|application|app|script|server|client|code|mailbox|account|output)\b"
    r"|\b(?:gives?|giving|gave|throws?|threw|shows?|logs?)\ (?:me|us)\b|\bunable\ to\ (?:log|sign|connect|authenticate)",
    re.IGNORECASE,
)
_PROGRAM = re.compile(
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
    r"""(?:(?:^|[;{}])\s*(?:el(?:se\ ?)?)?if\b[^.]{0,100}(?=['"/]$)|\bin\ (?=[bru]?['"])|==|!=|\.includes\(|\.contains\(|\bcontains\(|\.match\(|-match\s|-like\s|=~|\.test\(|\.indexOf\(|\.startswith\(|-eq\s
      |\b(?:match|expected\w*|pattern|toThrow\w*|toEqual|toMatch|toBe|raises\w*|assert\w+)\s*[=(])\s*+[bruf]?['"/]?$""",
    re.VERBOSE | re.IGNORECASE,
)
_COMMENT = re.compile(
    r"^\s*(?://|/\*|\*(?!\ (?:OK|BAD|NO|BYE|PREAUTH|CAPABILITY|LIST|\d))\s|<!--|--\ (?![-:])|;\s|REM\s|\"\"\"|''')"
)
_ARTICLE = re.compile(
    r"^\s{0,3}#{1,6}\s+(?:\d+[.)]\s*)?(?P<kind>symptoms?|(?:root )?causes?|resolutions?|workarounds?|more information|sources?|fuentes"
    r"|how to (?:fix|mend|prove|avoid|solve|resolve|prevent)|what you see|what it means|qué se ve|qué significa"
    r"|cómo (?:comprobarlo|corregirlo|evitarlo))\b[^\n]{0,20}$",
    re.IGNORECASE,
)
_ARTICLE_HEADINGS = 3
_HEADING = re.compile(r"^\s*#{1,6}\s+\S")
_CODE_LIKE = re.compile(
    r"""[;{}]\s*$|^\s*(?:def|class|import|from|return|if|elif|else|for|while|with|try|except|finally|const|let|var|public|private|function|func|assert
    |raise|throw|async|await|yield|switch|case|foreach|param|end)\b|^\s*[@$]?[\w.\[\]]+\s*[+.]?=\s*\S|^\s*[\w.$>-]+\([^)]*+\)?[;,]?\s*$""",
    re.VERBOSE,
)
_CONDITIONS_REACH = 300  # characters before a quotation that `_CONDITION` looks at
_REMEMBERED = 128  # lines: many matches may stand on one, and each asks the same of it
_UNDERLINE = re.compile(r"^\s*([=\-~^\"'*+#.])\1{3,}\s*$")
_TABLE_ROW = re.compile(r"^\s*\|(?:[^|\n]*+\|){2,}+\s*$")
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d{1,2}[.)])\s+")


@lru_cache(_REMEMBERED)
def _is_first_person(line: str) -> bool:
    return _FIRST_PERSON.search(line) is not None


@lru_cache(_REMEMBERED)
def _is_general(line: str) -> bool:
    return _EXPLAINS.search(line) is not None


@lru_cache(_REMEMBERED)
def _introduces(line: str) -> bool:
    return _INTRODUCES.match(line) is not None


@lru_cache(_REMEMBERED)
def _is_code_like(line: str) -> bool:
    return _CODE_LIKE.search(line) is not None


def explains(lines: Sequence[str], index: int) -> bool:
    """Say whether the line at `index`, or the sentence just before it, speaks of what may happen in general."""
    line = lines[index]
    if _is_first_person(line):
        return False
    if _is_general(line):
        return True
    before = index - 1
    for _ in range(3):
        if before < 0:
            return False
        previous = lines[before]
        if previous.strip() and not previous.strip().startswith("```"):
            ends_open = previous.rstrip().endswith(":")
            if _is_first_person(previous) or _introduces(previous):
                return False
            if ends_open or before == index - 1:
                return _is_general(previous) and (ends_open or _is_prose(previous))
            return False
        before -= 1
    return False


@lru_cache(_REMEMBERED)
def _is_statement(line: str) -> bool:
    return _PROGRAM.match(line) is not None


def is_program(line: str, before: str = "") -> bool:
    """Say whether a line is a statement of a program; `before` is what stands in it before the matter of interest."""
    return bool(_is_statement(line) or (before and _CONDITION.search(before, max(len(before) - _CONDITIONS_REACH, 0))))


def is_article(lines: Sequence[str]) -> bool:
    """Say whether a text is an article about a fault: Markdown with headings for its symptom, its cause and its cure."""
    headings = (_ARTICLE.match(line) for line in lines)
    return len({heading["kind"].lower() for heading in headings if heading}) >= _ARTICLE_HEADINGS


def in_program(lines: Sequence[str], index: int) -> bool:
    """Say whether a line stands among a program's statements and looks like one of them."""
    if not _is_code_like(lines[index]):
        return False
    around = [line for line in (*lines[max(index - 4, 0) : index], *lines[index + 1 : index + 5]) if line.strip()]
    few = 4
    return len(around) >= few and sum(_is_code_like(line) for line in around) >= len(around) * 0.6


def is_comment(line: str) -> bool:
    """Say whether a line is a comment of a program."""
    return bool(_COMMENT.match(line))


def is_listed(lines: Sequence[str], index: int) -> bool:
    """Say whether a line is a heading, or a row of a table with bars, as documents have and logs don't."""
    if _HEADING.match(lines[index]) or _TABLE_ROW.match(lines[index]):
        return True
    after = lines[index + 1] if index + 1 < len(lines) else ""
    return bool(_UNDERLINE.match(after)) and len(after.strip()) >= len(lines[index].strip()) - 3


def is_bullet(line: str) -> bool:
    """Say whether a line is an item of a list."""
    return bool(_BULLET.match(line))


def _is_prose(line: str) -> bool:
    words = line.split()
    return len(words) > 4 and sum(word.strip(".,:;()'\"").isalpha() for word in words) > len(words) * 0.7  # noqa: PLR2004
