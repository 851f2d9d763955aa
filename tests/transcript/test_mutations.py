"""However a text was pasted, the same facts are read from it."""

from __future__ import annotations

import datetime as dt
import html
import textwrap
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.sources.transcript import read
from tests.transcript.facts import gist
from tests.transcript.texts import UNRELATED, Case, cases

WHEN = dt.datetime(2024, 5, 6, tzinfo=dt.UTC)

CASES = cases()
STAMPS = (
    "2024-05-06 10:00:{:02d} ",
    "2024-05-06T10:00:{:02d}.123Z INFO  app[1234]: ",
    "May  6 10:00:{:02d} host app[12]: ",
    "[2024-05-06 10:00:{:02d}] ",
    "2024-05-06 10:00:{:02d},123 - mail - ERROR - ",
    "10:00:{:02d}.123 [main] DEBUG com.example.Mail - ",
    "06.05.2024 10:00:{:02d} ",
    "app_1  | 2024-05-06 10:00:{:02d} ",
)


def stamped(text: str, stamp: str) -> str:
    return "\n".join(stamp.format(index % 60) + line for index, line in enumerate(text.split("\n")))


def wrapped(text: str, width: int) -> str:
    return "\n".join("\n".join(textwrap.wrap(line, width)) if len(line) > width else line for line in text.split("\n"))


def chopped(text: str, width: int) -> str:
    return "\n".join("\n".join(line[i : i + width] for i in range(0, len(line), width)) for line in text.split("\n"))


LOSSLESS: dict[str, Callable[[str], str | bytes]] = {
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "UTF-16 with a mark": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "UTF-16 without one": lambda text: text.encode("utf-16-le"),
    "UTF-16 big endian": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "UTF-8 with a mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "indented": lambda text: textwrap.indent(text, "    "),
    "indented by a tab": lambda text: textwrap.indent(text, "\t"),
    "between unrelated lines": lambda text: f"{UNRELATED}\n{text}\n{UNRELATED}",
    "between empty lines and unrelated ones": lambda text: f"{UNRELATED}\n\n{text}\n\n{UNRELATED}",
    "blanks at the ends": lambda text: "\n".join(line + "   " for line in text.split("\n")),
    "HTML entities": html.escape,
    "in a fence": lambda text: f"Hello, I get this:\n\n```\n{text}\n```\n\nAny idea?\n",
}


@given(case=st.sampled_from(CASES), how=st.sampled_from(sorted(LOSSLESS)))
@settings(max_examples=200, deadline=None)
def test_what_loses_nothing_changes_nothing(case: Case, how: str) -> None:
    changed = LOSSLESS[how](case.text)
    data = changed.encode() if isinstance(changed, str) else changed
    assert gist(read([data], name="t")) >= gist(read([case.text.encode()], name="t"))


@given(case=st.sampled_from(CASES), stamp=st.sampled_from(STAMPS))
@settings(max_examples=150, deadline=None)
def test_a_loggers_prefix_changes_nothing(case: Case, stamp: str) -> None:
    data = stamped(case.text, stamp).encode()
    assert gist(read([data], name="t")) == gist(read([case.text.encode()], name="t"))


@given(case=st.sampled_from(CASES), size=st.integers(1, 300))
@settings(max_examples=60, deadline=None)
def test_the_size_of_the_chunks_changes_nothing(case: Case, size: int) -> None:
    data = case.text.encode()
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    assert read(chunks, name="t", judged_at=WHEN) == read([data], name="t", judged_at=WHEN)


@pytest.mark.parametrize(("change", "share"), [(wrapped, 0.01), (chopped, 0.03)])
def test_wrapping_costs_next_to_nothing(change: Callable[[str, int], str], share: float) -> None:
    """A line can be cut so that nobody can tell a torn word from two; that may happen seldom."""
    texts = [case for case in CASES if max(map(len, case.text.split("\n"))) > 60]
    whole = {case.name: gist(read([case.text.encode()], name="t")) for case in texts}
    lost = tried = 0
    for width in range(64, 141, 19):
        for case in texts:
            tried += 1
            lost += not whole[case.name] <= gist(read([change(case.text, width).encode()], name="t"))
    assert lost <= tried * share
