"""However a recorded text was pasted, its first cause stays; unrelated text accuses nobody."""

from __future__ import annotations

import datetime as dt
import functools
import importlib.util
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics import causes
from diagnostics.findings import Confidence
from diagnostics.lab.matrix import judge_text
from diagnostics.lab.traces import traces
from diagnostics.report import build
from diagnostics.sources.transcript import read
from tests.matrix.pasting import ALL, STAMPS, SURROUNDINGS, UNRELATED, WRAPPINGS
from tests.transcript.texts import cases

ROOT = Path(__file__).parents[2]
NAMES = sorted(traces())
CASES = {case.name: case.text for case in cases()}

# A table whose rows were broken is no table any more, and a value that was broken in its middle is not that value.
LOST_IN_WRAPPING = {
    "auth-basic-auth-used.2",
    "auth-not-exchange-server.1",  # a challenge broken in its middle is no JSON
    "auth-rejected-no-reason.1",
    "auth-rejected-no-reason.3",
    "consent-admin-consent-missing.1",
    "consent-multitenant-adminconsent-scope.2",
    "exo-sp-not-registered.1",
    "exo-sp-stale-after-recreation.1",
    "exo-sp-wrong-object-id.2",
    "input-blank-copied-along.1",
    "input-blank-copied-along.2",
    "input-mailbox-not-an-address.2",
    "input-placeholder-left-in-config.2",
    "input-stray-character-in-client-id.1",
    "mailbox-alias-used-as-username.1",
    "mailbox-imap-disabled.1",
    "mailbox-no-recipient-for-user.2",
    "net-http-only-proxy-in-front.2",
    "net-wrong-host-or-hardcoded-ip.1",
    "perm-granted-to-wrong-object.1",
    "propagation-token-older-than-consent.2",
    "smtp-auth-disabled.1",
}
# Likewise among the cases: wide tables, and lines that lose their meaning where they are broken.
CASES_LOST_IN_WRAPPING = {
    "JavaMail says what it does",
    "Ruby's logger in Zammad",
    "a client-credentials request with a named permission",
    "a library passes on LOGIN failed",
    "an admin consent address without the scope of Exchange",
    "an answer escaped in a log entry's JSON",
    "protocols of several mailboxes",
    "three protocols in one log of a proxy",
    "three scope errors in one ticket, without their numbers",
}
# The line before the text ends without an end, and is taken for the beginning of its first line.
JOINED_TO_WHAT_STANDS_BEFORE = {"token-secret-old-one-sent.2", "net-wrong-host-or-hardcoded-ip.2"}


def first(text: str | bytes) -> str:
    report = judge_text(text.encode() if isinstance(text, str) else text)
    return report.diagnosis.first.cause if report.diagnosis.first else ""


@functools.cache
def _text(name: str) -> tuple[str, str]:
    """A text's words and its first cause."""
    text = CASES[name] if name in CASES else traces()[name].read().decode()
    return text, first(text)


def _changed(names: Iterable[str], how: str) -> list[str]:
    """The texts whose first cause is another one after having been pasted so."""
    changed = []
    for name in names:
        text, cause = _text(name)
        found = first(ALL[how](text))
        if found != cause:
            changed.append(f"{name}: {cause} became {found or 'nothing'}")
    return changed


@pytest.mark.parametrize("how", [*SURROUNDINGS, *STAMPS])
def test_what_stands_around_a_text_changes_nothing(how: str) -> None:
    joined = JOINED_TO_WHAT_STANDS_BEFORE if how == "between unrelated lines" else set()
    assert _changed((name for name in NAMES if name not in joined), how) == []


@pytest.mark.parametrize("how", WRAPPINGS)
def test_wrapping_changes_nothing(how: str) -> None:
    assert _changed((name for name in NAMES if name not in LOST_IN_WRAPPING), how) == []


@pytest.mark.parametrize("how", ALL)
def test_cases_keep_their_first_cause(how: str) -> None:
    lost = CASES_LOST_IN_WRAPPING if how in WRAPPINGS else set()
    assert _changed((name for name in CASES if name not in lost), how) == []


@pytest.mark.parametrize("how", WRAPPINGS)
def test_what_wrapping_loses_is_never_replaced_by_a_wrong_certainty(how: str) -> None:
    for name in LOST_IN_WRAPPING:
        text, _ = _text(name)
        pasted = ALL[how](text)
        assert isinstance(pasted, str)
        named = judge_text(pasted.encode()).diagnosis.causes
        certain = {cause.cause for cause in named if cause.confidence is Confidence.CERTAIN} - {traces()[name].cause}
        assert certain <= {"token-app-not-in-tenant", "exo-sp-not-registered"}, name  # what the words themselves say


@given(name=st.sampled_from(NAMES), size=st.integers(1, 400), how=st.sampled_from(sorted({**SURROUNDINGS, **STAMPS})))
@settings(max_examples=100, deadline=None)
def test_the_size_of_the_chunks_changes_nothing(name: str, size: int, how: str) -> None:
    pasted = ALL[how](_text(name)[0])
    data = pasted.encode() if isinstance(pasted, str) else pasted
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    now = dt.datetime.now(dt.UTC)
    report = build(read(chunks, name="pasted text"), command="diag analyze", started=now)
    assert (report.diagnosis.first.cause if report.diagnosis.first else "") == first(data)


def _accused(text: bytes) -> list[str]:
    return [
        f"{cause.cause} ({cause.confidence})"
        for cause in judge_text(text).diagnosis.causes
        if cause.confidence is not Confidence.POSSIBLE
    ]


@pytest.mark.parametrize("slug", causes.slugs())
def test_pages_of_causes_accuse_nobody(slug: str) -> None:
    for language in causes.LANGUAGES:
        page = Path(causes.__file__).parent / f"{slug}.{language}.md"
        assert _accused(page.read_bytes()) == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")), ids=lambda path: path.name)
def test_the_products_own_documents_accuse_nobody(path: Path) -> None:
    assert _accused(path.read_bytes()) == []


@pytest.mark.parametrize(
    "module", ["msal", "msal.application", "imaplib", "smtplib", "poplib", "ssl", "imapclient", "typer"]
)
def test_source_code_accuses_nobody(module: str) -> None:
    found = importlib.util.find_spec(module)
    assert found is not None
    assert found.origin is not None
    assert _accused(Path(found.origin).read_bytes()) == []


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "noise").iterdir()), ids=lambda path: path.name)
def test_unrelated_texts_accuse_nobody(path: Path) -> None:
    text = path.read_bytes()
    assert _accused(text) == []
    assert _accused(UNRELATED.encode() + b"\n" + text) == []


@given(st.text(max_size=600))
@settings(max_examples=150, deadline=None)
def test_any_text_at_all_can_be_read(text: str) -> None:
    judge_text(text.replace("\0", "").encode())
