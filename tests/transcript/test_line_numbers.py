"""Where a sentence stands is told by the line on which it begins, however the lines of a text were put together."""

from __future__ import annotations

import pytest

from diagnostics.sources.transcript import read

IMAP = "A3 BAD User is authenticated but not connected."
ENTRA = "AADSTS7000222: The provided client secret keys for app '0b1c2d3e-1111-4222-8333-444455556666' are expired."
TEXTS: dict[str, tuple[str | bytes, list[str]]] = {
    "line feeds": (f"a\nb\n{IMAP}\nc\n{ENTRA}\n", ["t:3", "t:5"]),
    "carriage returns and line feeds": (f"a\r\nb\r\n{IMAP}\r\nc\r\n{ENTRA}\r\n", ["t:3", "t:5"]),
    "carriage returns": (f"a\rb\r{IMAP}\rc\r{ENTRA}", ["t:3", "t:5"]),
    "two carriage returns a line": (f"a\r\r\nb\r\r\n{IMAP}\r\r\n{ENTRA}\r\r\n", ["t:3", "t:4"]),
    "two bytes a character": (f"a\nb\n{IMAP}\n{ENTRA}".encode("utf-16"), ["t:3", "t:4"]),
    "a mark of the encoding": (f"\ufeffa\n{IMAP}\n{ENTRA}", ["t:2", "t:3"]),
    "a blank line after each": (f"a\n\nb\n\n{IMAP}\n\n{ENTRA}\n", ["t:5", "t:7"]),
    "a forwarded mail": (f"> Hello\n> there\n>\n> {IMAP}\n> {ENTRA}\n", ["t:4", "t:5"]),
    "HTML": (f"<html>\n<body>\n<p>Hello</p>\n<pre>\n{IMAP}\n</pre>\n<p>{ENTRA}</p>\n", ["t:5", "t:7"]),
    "a wrapped log line": (
        f"2025-01-01 10:00:00 ERROR imap: A3 BAD User is authenticated but\nnot connected.\n{ENTRA}\n",
        ["t:1", "t:3"],
    ),
    "a wrapped paragraph": (
        f"We have had the import running for several years without a problem until now\nand then our log began to say that the User is authenticated but not connected.\n{ENTRA}\n",
        ["t:2", "t:3"],
    ),
    "one text in one line": (
        f'a\n{{"log":"l1\\nC: A1 NOOP\\nS: {IMAP}\\nx"}}\n{ENTRA}\n',
        ["t:2", "t:3"],
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_an_answer_has_the_line_where_it_begins(name: str) -> None:
    text, places = TEXTS[name]
    evidence = read([text.encode() if isinstance(text, str) else text], name="t")
    steps = [step.provenance.how for session in evidence.imap_sessions for step in session.steps if step.provenance]
    assert [*steps, *(error.provenance.how for error in evidence.entra_errors)] == places


def test_a_remark_within_a_paragraph_has_its_own_line() -> None:
    text = (
        "one two three four five six seven eight nine ten eleven\n"
        "twelve thirteen fourteen fifteen and our import says it all the time now\n"
        "and again the wrong object id was used in the service principal there.\n"
    )
    (remark,) = (r for r in read([text.encode()], name="t").remarks if r.kind == "said-object-id-confusion")
    assert remark.provenance.how == "t:3"
