"""Lines that say, in anybody's words, that something failed: they accuse nobody, but no text that has one shows that all is well.

The words are those of programs in several languages, without the ones that deny ("no errors", "0 failed").
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from diagnostics.comparison import shortened
from diagnostics.evidence import FailureLine, Provenance, Source
from diagnostics.sources.transcript import programs
from diagnostics.sources.transcript.stream import RawLine
from diagnostics.sources.transcript.window import View

_LONGEST = 160
_FAILS = re.compile(
    r"""
      \bfail(?:ed|ures?|s|ing)?\b|(?<![a-z])errors?\b|(?<=[a-z])(?:Error|Exception|Failure)\b|\bexceptions?\b|\btraceback\b|\bpanic\b|\bfatal\b|\berr\b|\b0x8[0-9a-f]{7}\b
     |\btime[ds]?[ -]?out\b|\brefused\b|\bdenied\b|\brejected\b|\babort(?:ed|ing)\b|\bun(?:reach|avail)able\b|\bforbidden\b|\bunauthori[sz]ed\b
     |\b(?:unable|not\ able)\ to\b|\b(?:could|can|did|does|was|is)(?:\ ?n[o'’]t)\ (?:be\ )?(?:open|connect|log|sign|auth|read|reach|fetch|resolve|verif|accept|allow|respond|answer|establish|load|access|find|found)\w*
     |\bconnection\ (?:was\ |has\ been\ )?(?:reset|lost|dropped|(?:forcibly\ )?closed\ by)\b|\bunexpected(?:ly)?\b|\b(?:gave|giving)\ up\b|\binvalid\b|\bincorrect\b|\bwrong\b|\bexpired\b|\bstalled\b|\bcrash\w*|\bstatus[ :=]{1,3}[45]\d\d\b|\bno\ (?:response|answer|route)\b
     |\bfehler\w*|\bfehlgeschlagen\b|\bgescheitert\b|\babgelehnt\b|\bverweigert\b|\bzeitüberschreitung\b|\bnicht\ (?:möglich|erreichbar|gefunden)\b|\bkonnte\ (?:\w+\ ){0,4}nicht\b
     |\bfall[oó]\b|\bfallid[oa]s?\b|\bno\ se\ (?:pudo|puede|ha\ podido)\b|\brechazad[oa]\b|\bdenegad[oa]\b|\bagotado\b|\bincorrect[oa]\b
     |\béchec\b|\bécho\w+|\berreurs?\b|\bimpossible\ de\b|\bdélai\b[^.]{0,20}\bdépassé|\brefusée?\b
     |\bfalh\w+|\bnão\ foi\ possível\b|\berros?\b|\brecusad[oa]\b|\berrori?\b|\bnon\ riuscit\w+|\bimpossibile\b|\bfallit[oa]\b
     |\bmislukt\b|\bfout(?:en)?\b|\bgeweigerd\b|\bbłąd\w*|\bnie\ (?:udało|powiod)\w*|\bошибк\w*|\bне\ удалось\b|\bhata\b|\bbaşarısız\b|失敗|エラー|错误|失败|錯誤|실패|오류
    """,
    re.VERBOSE | re.IGNORECASE,
)
_REFUSES = re.compile(
    r"(?:^|[\s>:'\"])(?:[A-Za-z.]{0,6}\d{1,9}[A-Za-z]{0,3}|\*) (?:NO|BAD)\s+\S"
)  # a server, to a command
_SENDS_AWAY = re.compile(r"(?:^|[\s>:'\"])\* BYE\s+(?:\[|(?i:.{0,60}(?:closed|unavailable|throttl|too many|shut)))")
_LOGOUT = re.compile(r"\bLOGOUT\b|\blog(?:ging)? ?out\b", re.IGNORECASE)
_NEAR = 3  # lines
_DENIES = re.compile(
    r"""
      \b(?:no|without(?:\ any)?|zero|0|ohne|keine?|sin|sans|aucune?|senza|sem|nenhum)\ (?:\w+\ )?(?:errors?|fail\w*|exceptions?|fehler|errores|erreurs?|errori|erros?)\b
     |\b(?:errors?|fail(?:ed|ures?)|exceptions?|fehler|errores)['"]?\s*[:=]\s*['"]?(?:0|none|null|false|no|nil|n/a|\[\]|-)(?![\w.])
     |\b(?:error|exception|failure)[-_ ]?(?:log|handl\w*|report\w*|level|page|count|codes?\ list)\b|\bnot?\ fail\w*|\bon[-_ ]?(?:error|failure)\b|\b(?:error|warning)action\b
    """,
    re.VERBOSE | re.IGNORECASE,
)


def read(window: View) -> Iterator[FailureLine]:
    """Yield the last line of the window that says so; earlier ones are of the same trouble, or over."""
    for index in range(len(window.lines) - 1, -1, -1):
        line = window.lines[index]
        if (says_so(line) or _is_sent_away(window, index)) and not (
            index in window.commented or programs.is_program(line) or programs.in_program(window.lines, index)
        ):
            number = window.numbers[index]
            yield FailureLine(shortened(window.quote(index), _LONGEST), number, window.where(number))
            return


def last(lines: Sequence[RawLine], name: str) -> FailureLine | None:
    """Return the last of a long text's lines that says so; `name` is the text's."""
    for line in reversed(lines):
        text = line.data.decode("utf-8", "replace")
        if says_so(text) and not programs.is_program(text) and not programs.is_comment(text):
            where = Provenance(Source.TEXT, f"{name}:{line.number}")
            return FailureLine(shortened(text, _LONGEST), line.number, where)
    return None


def _is_sent_away(window: View, index: int) -> bool:
    """Say whether a server ends the conversation of its own; a BYE beside LOGOUT answers it."""
    if not _SENDS_AWAY.search(window.lines[index]):
        return False
    around = window.lines[max(index - _NEAR, 0) : index + _NEAR + 1]
    return not any(_LOGOUT.search(line) for line in around)


def says_so(line: str) -> bool:
    """Say whether a line says that something failed."""
    line = line[:2000]
    return _REFUSES.search(line) is not None or _FAILS.search(_DENIES.sub(" ", line)) is not None
