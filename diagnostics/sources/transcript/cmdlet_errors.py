"""Errors of cmdlets and of the way to them, in the wording that module, REST and terminals give them.

Which sentences there are, and what each means, is the table that live errors are judged by (`errors.rules`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.comparison import shortened
from diagnostics.errors.rules import RULES, Rule
from diagnostics.evidence import CmdletError
from diagnostics.sources.transcript import events
from diagnostics.sources.transcript.window import View

_ERROR_ID = re.compile(r"FullyQualifiedErrorId\s*:\s*(?P<id>[^\n]+)")
_CATEGORY = re.compile(r"CategoryInfo\s*:\s*(?P<category>\w+)")
_CMDLET = re.compile(r"\b(?P<cmdlet>(?:Get|Set|New|Add|Remove|Test|Connect|Import|Install)-[A-Z]\w+)\b")
_RECORD = 700
_NEAR = 3000
"""Characters around a sentence in which something shows what it is about."""
_MACHINE = re.compile(
    r"^\s*(?:[A-Z][A-Za-z]{1,20}-\w{1,60}|OperationStopped|InnerException|(?:\w+\.)+\w*(?:Error|Exception))\s?:\s|^\[?PS\b[^>\n]{0,200}>"
    r"|FullyQualifiedErrorId|CategoryInfo|\bConnecting to remote server \S{1,200} failed with"
    r"|\bWinRM[ -][Cc]lient|\b[Cc]liente? WinRM|authGSSClientStep\(\)|\bGSS failure|HRESULT|InnerException"
)
"""What only PowerShell or a program's exception writes: such a line reports, whatever words it is in."""
_SENTENCE = 240
_BEGINS = re.compile(r"(?:(?<=[\n.:])[ ]|(?<=[\n|])|\A)(?:[^\n.:|]|[.:](?! ))*+\Z")
_ENDS = re.compile(r"[.!](?=\s|$)|\n|\Z")
_SAID = re.compile(r"[.!](?=\s|$)|\n|[`\"”»](?=[\s:,.;)]|$)")
"""Where a machine's sentence ends, also within quotation marks; what follows are somebody's words."""
READ = tuple(rule for rule in RULES if rule.words)


def read(window: View) -> Iterator[CmdletError]:
    """Yield each error once, in the order of the text; of rules that find the same sentence the first one has it."""
    rules = [rule for rule in READ if any(word in window.lower for word in rule.words)]
    if not rules:
        return
    flow = window.joined
    taken: list[tuple[int, int]] = []
    found: dict[tuple[str, str], tuple[int, CmdletError]] = {}
    for rule in rules:
        for match in rule.compiled.finditer(flow.text):
            index = flow.index_at(match.start())
            around = flow.text[max(match.start() - _NEAR, 0) : match.end() + _NEAR]
            if not _happened(window, match, index) or not rule.needed.search(around):
                continue
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            taken.append(match.span())
            groups = match.groupdict()
            named = groups.get("cmdlet") or _named(flow.text, match.start(), match.end())
            key = (rule.kind, named if groups.get("cmdlet") else match[0])
            record = _record(window, rule, match, named, in_context=rule.context.search(around) is not None)
            if key not in found or match.start() < found[key][0]:
                found[key] = (match.start(), record)
    yield from (record for _, record in sorted(found.values(), key=lambda one: one[0]))


def _happened(window: View, match: re.Match[str], index: int) -> bool:
    begin = window.joined.starts[index]
    text = window.joined.text
    behind = _SAID.search(text, match.end(), match.end() + _SENTENCE)
    end = behind.start() if behind else match.end()
    alive = _MACHINE.search(window.lines[index]) is not None
    return events.happened(window, index, match.start() - begin, end - begin, alive=alive)


def _record(window: View, rule: Rule, match: re.Match[str], cmdlet: str, *, in_context: bool) -> CmdletError:
    flow = window.joined
    record = flow.text[match.start() : match.end() + _RECORD]
    error_id, category = _ERROR_ID.search(record), _CATEGORY.search(record)
    return CmdletError(
        cmdlet=cmdlet,
        message=shortened(" ".join(flow.quote(*_sentence(flow.text, *match.span())).split()), _RECORD),
        provenance=window.where(flow.number_at(match.start())),
        error_id=error_id["id"].strip() if error_id else "",
        category=category["category"] if category else "",
        kind=rule.kind,
        in_context=in_context,
    )


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the sentence begins and ends that a match stands in, no further than its line."""
    before = _BEGINS.search(text[max(start - _SENTENCE, 0) : start])
    behind = _ENDS.search(text[end : end + _SENTENCE])
    return start - (len(before[0].lstrip()) if before else 0), end + (behind.start() if behind else 0)


def _named(text: str, start: int, end: int) -> str:
    """Return the cmdlet that is named last before a sentence, else first behind it."""
    found = list(_CMDLET.finditer(text[max(start - 300, 0) : start]))
    behind = _CMDLET.search(text[start : end + _RECORD])
    return found[-1]["cmdlet"] if found else behind["cmdlet"] if behind else ""
