"""Whether what stands on a line happened in what was pasted: the one judge for every reader of sentences.

A machine's own line (a log's, a protocol's, an answer's, or the bare sentence) is evidence whatever people write above
it, unless they say under which condition a server would answer so. A sentence that people quote within their own words
is one if they tell that it happens to them; not if they explain, document, plan or ask, or tell of the past or of
others. What a program would say, and what is commented out, is nobody's answer.
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from diagnostics.sources.transcript import programs, prose
from diagnostics.sources.transcript.window import View

_ALIVE = re.compile(
    r"""^\s*(?:[>|\s]*)(?:Traceback|Uncaught|Caused\ by:|\[?(?:ERROR|WARN(?:ING)?|FATAL|SEVERE|CRITICAL|DEBUG|INFO|TRACE|NOTICE)\b|at\ |PHP\ |[\w.\\/-]{2,80}\(\):|[\w.$:\\]*(?:Exception|Error|error|Warning)\b(?:\ \[\w+\])?:|b['"]
       |(?:C|S):\s|<{1,3}\s|>{1,3}\s|<--|-->|[*+]\s(?:OK|NO|BAD|BYE)\b|\+OK\b|-ERR\b|\d{3}[ -]\d\.\d\.\d)
     |\b(?:error_description|error_codes|trace_id|correlation_id)\b|Trace\ ID:?\s[0-9a-f*x<]{4}|^[\w.]{1,20}=\S+(?:\s[\w.]{1,20}=\S+)+|"(?:src|level|cid)"\s*:|\b(?:NO|BAD)\ \[?b?['"]|\b\w+\(\)\ failed:""",
    re.VERBOSE,
)
_WORD = re.compile(r"(?<![\w@./\\:=-])[^\W\d_]{2,}(?:['’][^\W\d_]+)?(?![\w@/\\=(]|[.:]\w)")
_MACHINES = re.compile(  # other sentences of machines on the same line
    r"\"[^\"]{0,300}+\"|(?:\b(?:NO|BAD)\s)?(?:\b(?:AUTHENTICATE|LOGIN) (?:failed|completed)\b|Request is throttled.{0,60}?milliseconds|User is authenticated but not connected)|AADSTS\d{4,8}:[^.]{0,300}+\."
)
_LABELS = {
    "error", "errors", "no", "bad", "ok", "imap", "login", "failed", "failure", "message", "exception", "code", "status", "response", "answer",
    "reply", "server", "result", "fehler", "fehlermeldung", "meldung", "mensaje", "respuesta", "erreur", "errore", "erro", "messaggio", "reason",
    "smtp", "pop", "operation", "command", "exchange", "warning", "info", "debug", "fatal", "log", "the", "and", "from", "with", "for",
}  # fmt: skip
_QUOTES = "\"'“”„‘’«»`"
_FEW = 3
_ENDS = re.compile(r"[.!?:;]['\")\]”»`]*\s*$")
_SENTENCE = re.compile(r"(?<=[.!?])['\")\]”»]*\s+(?=[^\sa-z])")
_CLAUSE = re.compile(r"[;,]\s|\s(?:but|because|pero|aber|mais|ma|porque|weil)\s")
_QUOTATION_ENDS = re.compile(r"^[.,!]?[\"'”“’»`](?=[\s).,\]]|$)")
_OF_PEOPLE = re.compile(r"\b(?:I|my|My|our|Our)\b|^\s*We (?:are|have|had|did|do|use|can|want|tried|checked|renewed)\b")
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])(?=\s)")
_DEFINES = re.compile(r"^[\"'”’»`*]+\s*(?::|-|–|—)\s|^[\"'”’»`*]*\s*(?:→|=>?|\bis\b|\bmeans\b|\s{3})\s")
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,2}[.)])\s")
_DASH = re.compile(r"^\s*(?:-|–|—|:)\s")
_CLOSED = re.compile(r"^[.,!]?[\"'”“’»`]")
_REACH = 3
_CONTEXT = 600  # characters before and behind a sentence that tell what it is
_REMEMBERED = 256


def happened(view: View, index: int, start: int = 0, end: int | None = None, *, alive: bool = False) -> bool:
    """Say whether what stands from `start` to `end` of a line was said by a machine in what was pasted.

    `alive` tells that the reader saw more of the answer than this line (a trace id, the fields of a JSON answer).
    """
    whole = view.lines[index]
    end = len(whole) if end is None else min(end, len(whole))
    line = whole[max(start - _CONTEXT, 0) : end + _CONTEXT]
    start, end = min(start, _CONTEXT), end - max(start - _CONTEXT, 0)
    before, after = line[:start], line[end:]
    alive = alive or view.stamped[index] or _is_alive(whole[:_CONTEXT]) or _is_alive(line) or programs.tells(before)
    if index in view.commented and not view.stamped[index]:
        return False
    if not alive and (programs.is_program(line, before) or programs.in_program(view.lines, index, before, after)):
        return False
    if not alive and (prose.is_listed(view.lines, index) or _is_defined(before, after)):
        return False
    before = _carried(view, index, before) + before
    words = _words(before)
    if words or _CLOSED.match(after):
        words += _words(after)
    if not alive and _is_asked_or_listed(view, before, after):
        return False
    if len(words) < _FEW or (alive and not _is_told(before, words)):
        return not _is_introduced(view, index) and not (words and not alive and _is_closed(view, index, before))
    return _is_reported(view, index, before, after)


def explained(view: View, index: int) -> bool:
    """Say whether a line that quotes nobody speaks of what may happen in general, or is commented out."""
    return index in view.commented or prose.is_general(view.lines[index]) or _is_introduced(view, index)


def told_of_others(view: View, index: int, start: int) -> bool:
    """Say whether a person's words at `start` of a line are about the past or others, were solved, or are a wish or a plan."""
    line = view.lines[index]
    own = (
        _SENTENCE.split(line[max(start - _CONTEXT, 0) : start])[-1] + _SENTENCE.split(line[start : start + _CONTEXT])[0]
    )
    if prose.is_planned(own):
        return True
    if prose.is_present(own):
        return False
    around = _paragraph(view, index)
    return (
        prose.is_of_others(own) or prose.is_closed(around) or (prose.is_of_others(around) and prose.is_settled(around))
    )


def spoken(text: str, known: int) -> str:
    """Return what a machine said of `text`, whose first `known` characters are its sentence for certain.

    A quotation ends with its mark; behind a sentence, words of people are theirs and not the machine's.
    """
    rest = text[known:]
    if _QUOTATION_ENDS.match(rest):
        return text[:known] + ("." if rest.startswith(".") else "")
    sentences = _SENTENCE_ENDS.split(rest)
    kept = sentences[:1] if known and len(_words(sentences[0])) < _FEW else [] if known else sentences[:1]
    for sentence in sentences[1:] if kept else ():
        if (
            _OF_PEOPLE.search(sentence)
            or sentence.endswith("?")
            or (sentence.lstrip()[:1].islower() and len(_words(sentence)) >= _FEW)
        ):
            break
        kept.append(sentence)
    return text[:known] + "".join(kept).rstrip()


def _carried(view: View, index: int, before: str) -> str:
    """Return the line above where its sentence goes on before the quotation."""
    natural = 5
    above = view.lines[index - 1][-_CONTEXT:] if index else ""
    goes_on = before[:1].islower() and not _ENDS.search(above) and len(_WORD.findall(above)) >= natural
    return f"{_SENTENCE.split(above)[-1]} " if goes_on else ""


def _is_asked_or_listed(view: View, before: str, after: str) -> bool:
    """Say whether a sentence is what a question asks about, or an item of a document's list."""
    own = f"{_SENTENCE.split(before)[-1]} … {_SENTENCE.split(after)[0]}"
    asked = re.match(r"[.!]?[\"'”’»`]\s?\?", after) is not None and not (prose.is_report(own) or prose.is_present(own))
    return asked or (bool(_words(before)) and prose.is_general(own)) or (view.is_document and bool(_ITEM.match(before)))


def _is_defined(before: str, after: str) -> bool:
    """Say whether a sentence is the term of a list or of a table, and what follows tells what it means."""
    if _words(before) or len(_words(after)) < _FEW:
        return False
    return bool(_DEFINES.match(after) or (_ITEM.match(before) and _DASH.match(after)))


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(_MACHINES.sub(" ", text)) if word.lower() not in _LABELS]


@lru_cache(_REMEMBERED)
def _is_alive(line: str) -> bool:
    return _ALIVE.search(line) is not None


def _is_told(before: str, words: list[str]) -> bool:
    """Say whether a line that a program stamped is a person's sentence all the same, as in a chat."""
    natural = 5
    return (
        len(words) >= natural
        and bool(re.match(r"\s*[<\[]?\w[\w .-]{0,20}[>\]]?:\s", before))
        and prose.is_general(before)
    )


def _is_introduced(view: View, index: int) -> bool:
    """Say whether the sentence above a line names a condition, or a time or a person that are not the writer's now."""
    previous = next(_above(view, index), "")
    if not previous.rstrip().endswith(":"):
        return False
    sentence = _SENTENCE.split(previous.strip())[-1]
    return prose.supposes(sentence) or (prose.is_of_others(sentence) and not prose.is_present(sentence))


def _above(view: View, index: int) -> Iterator[str]:
    """Yield the line above that is neither blank nor a fence, if it is near."""
    for before in range(index - 1, max(index - 1 - _REACH, -1), -1):
        text = view.lines[before].strip()
        if text and not text.startswith("```"):
            yield view.lines[before][-_CONTEXT:]
            return


def _paragraph(view: View, index: int) -> str:
    first = last = index
    while first > 0 and view.lines[first - 1].strip() and index - first < _REACH * 2:
        first -= 1
    while last + 1 < len(view.lines) and view.lines[last + 1].strip() and last - index < _REACH * 2:
        last += 1
    return "\n".join(line[: _CONTEXT * 2] for line in view.lines[first : last + 1])


def _is_closed(view: View, index: int, before: str) -> bool:
    """Say whether a line with a label or a word before the quotation belongs to an incident that was solved."""
    return bool(before.strip()) and (view.is_document or prose.is_settled(_paragraph(view, index)))


def _is_reported(view: View, index: int, before: str, after: str) -> bool:
    """Say whether people's words around a quotation tell that it happens to them."""
    own = _sentence(view, index, before, after)
    clause = next((part for part in _CLAUSE.split(own) if "…" in part), own)
    if prose.is_general(own) or (prose.is_of_others(own) and not prose.is_present(clause)):
        return False
    if view.is_document or (prose.is_settled(_paragraph(view, index)) and not prose.is_present(own)):
        return False
    if prose.is_first_person(own) or prose.is_present(own) or prose.is_report(own):
        return True
    bare = before.rstrip().rstrip(_QUOTES).rstrip()
    quoted = before.rstrip()[-1:] in _QUOTES or (before.rstrip()[-4:].strip(_QUOTES) != before.rstrip()[-4:])
    return bare.endswith(":") or not quoted


def _sentence(view: View, index: int, before: str, after: str) -> str:
    """Return the words of the sentence around a quotation, also where it began on the line above or ends on the next."""
    head = _SENTENCE.split(before)[-1]
    tail = _SENTENCE.split(after)[0]
    if (
        tail == after
        and not _ENDS.search(after)
        and index + 1 < len(view.lines)
        and view.lines[index + 1][:1].islower()
    ):
        tail = f"{tail} {_SENTENCE.split(view.lines[index + 1][:_CONTEXT])[0]}"
    return f"{head} … {tail}"
