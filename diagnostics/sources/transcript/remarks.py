"""Applies the table of signatures to a window; a sentence that a document or a program only quotes is no remark."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.comparison import shortened
from diagnostics.evidence import Remark
from diagnostics.sources.transcript import events, programs, prose
from diagnostics.sources.transcript.clients import CLIENTS
from diagnostics.sources.transcript.explanations import EXPLANATIONS
from diagnostics.sources.transcript.reports import REPORTS
from diagnostics.sources.transcript.signatures import SIGNATURES, Signature
from diagnostics.sources.transcript.window import View

_DENIED = re.compile(
    r"\b(?:not|no|isn['’]t|aren['’]t|never|kein\w{0,2}|nicht|ning[uú]na?|nunca|pas|non)\s+(?:an?\s+|the\s+|any\s+|un[ae]?\s+)?$",
    re.IGNORECASE,
)
_LONGEST = 300
_SHOWN = ("portal-", "rbac-", "command-", "application-access-", "imapsync-", "policy-", "guest-", "adminconsent-", "delegated-",
          "foreign-", "client-access-rule", "mailbox-plan", "mailbox-soft", "hosts-file")  # fmt: skip
"""Beginnings of the kinds that are no sentence of a machine: lists, commands, addresses."""


def read(window: View) -> Iterator[Remark]:
    """Yield each remark once for each distinct set of values, at its first line."""
    low = window.lower
    seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    flow = window.joined
    for signature in (*SIGNATURES, *REPORTS, *CLIENTS, *EXPLANATIONS):
        if not any(word in low for word in signature.words):
            continue
        for match in signature.compiled.finditer(flow.text):
            index = flow.index_at(match.start())
            if not signature.fits(flow.text, *match.span()):
                continue
            if not signature.anywhere and _is_quoted(
                window, signature, index, match.start() - flow.starts[index], match.end() - flow.starts[index]
            ):
                continue
            values = tuple((name, value) for name, value in match.groupdict().items() if value)
            if (signature.kind, values) in seen:
                continue
            seen.add((signature.kind, values))
            yield Remark(signature.kind, _sentence(window, index), window.where(flow.number_at(match.start())), values)


def _is_quoted(window: View, signature: Signature, index: int, start: int, end: int) -> bool:
    line = window.lines[index]
    if not signature.kind.startswith(("said-", *_SHOWN)):
        return not events.happened(window, index, start, end)
    if (
        index in window.commented
        or programs.is_program(line, line[:start])
        or (programs.in_program(window.lines, index) and not programs.is_field(line))
        or prose.is_listed(window.lines, index)
    ):
        return True
    if signature.kind.startswith("said-"):
        denied = _DENIED.search(line[max(start - 20, 0) : start]) is not None
        return denied or (not signature.of_others and events.told_of_others(window, index, start))
    return events.explained(window, index)


def _sentence(window: View, index: int) -> str:
    return shortened(window.quote(index), _LONGEST)
