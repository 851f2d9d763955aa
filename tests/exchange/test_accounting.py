"""What became of each call of a batch, from the order of the records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.exchange.accounting import Answer, Ended, Ending, Event, Output, Problem, Warned, account
from diagnostics.exchange.port import CmdletCall, ErrorKind, ShellError

BATCH = "abc"
COMPLETED, FAILED = Ending(Ended.NOT_REACHED), Ending(Ended.TERMINATED)
CALLS = [CmdletCall("Get-Recipient"), CmdletCall("Get-MailboxPermission"), CmdletCall("Get-CASMailbox")]


def mark(name: object) -> Output:
    return Output(f"{BATCH}:{name}")


def problem(text: str, command: str = "") -> Problem:
    return Problem(ShellError(ErrorKind.OTHER, text), command)


def accounted(*events: Event, ending: Ending = COMPLETED) -> list[Answer]:
    return account(events, CALLS, BATCH, ending, 0.0)


def ended(answers: list[Answer]) -> list[str]:
    return [answer.ended.name for answer in answers]


def test_everything_ran() -> None:
    answers = accounted(mark("start"), Output("one"), mark(0), problem("two failed"), mark(1), Warned("three"), mark(2))
    assert ended(answers) == ["ANSWERED"] * 3
    assert [answer.outputs for answer in answers] == [["one"], [], []]
    assert [error.message for error in answers[1].errors] == ["two failed"]
    assert answers[2].warnings == ["three"]


def test_a_terminating_error_is_of_the_call_without_a_marker() -> None:
    answers = accounted(mark("start"), Output("one"), mark(0), problem("thrown"), ending=FAILED)
    assert ended(answers) == ["ANSWERED", "TERMINATED", "NOT_REACHED"]
    assert [error.message for error in answers[1].errors] == ["thrown"]


def test_a_pipeline_that_says_completed_but_is_not() -> None:
    """The engine does so when the first of several statements ends early (recorded from 7.6.9)."""
    assert ended(accounted(mark("start"), Output("x"), problem("thrown"))) == ["TERMINATED"] + ["NOT_REACHED"] * 2
    assert ended(accounted(mark("start"), mark(0))) == ["ANSWERED", "NOT_REACHED", "NOT_REACHED"]


def test_a_marker_that_was_jumped_over_makes_both_doubtful() -> None:
    answers = accounted(mark("start"), Output("whose?"), mark(1), mark(2))
    assert ended(answers) == ["UNCLEAR", "UNCLEAR", "ANSWERED"]


def test_an_error_that_names_another_call_is_not_guessed_about() -> None:
    answers = accounted(mark("start"), problem("x", "Get-CASMailbox"), mark(0), mark(1), mark(2))
    assert ended(answers) == ["UNCLEAR", "ANSWERED", "ANSWERED"]
    own = accounted(mark("start"), problem("x", "get-recipient"), mark(0), mark(1), mark(2))
    assert ended(own) == ["ANSWERED"] * 3


def test_a_session_that_runs_no_cmdlets() -> None:
    """Not even the first marker came: every call says so, and nothing is asked again for ever."""
    answers = accounted(problem("Write-Output is not recognized"), ending=FAILED)
    assert ended(answers) == ["TERMINATED"] * 3
    assert all("Write-Output is not recognized" in answer.errors[0].message for answer in answers)


def test_late_and_broken() -> None:
    late = ShellError(ErrorKind.TIMED_OUT, "late", outcome_known=False)
    answers = accounted(mark("start"), mark(0), ending=Ending(Ended.TIMED_OUT, late))
    assert ended(answers) == ["ANSWERED", "TIMED_OUT", "NOT_REACHED"]
    assert answers[1].errors == [late]
    broken = ShellError(ErrorKind.CONNECTION, "gone", outcome_known=False)
    answers = accounted(mark("start"), mark(0), ending=Ending(Ended.BROKEN, broken))
    assert ended(answers) == ["ANSWERED", "BROKEN", "BROKEN"]


def test_text_of_another_batch_is_output() -> None:
    answers = accounted(mark("start"), Output("other:0"), Output("abd:1"), mark(0), mark(1), mark(2))
    assert answers[0].outputs == ["other:0", "abd:1"]


@pytest.mark.parametrize("text", ["Resulting JSON is truncated as serialization has exceeded the set depth of 4."])
def test_the_bridges_own_json_warns_nobody(text: str) -> None:
    assert accounted(mark("start"), Warned(text), mark(0), mark(1), mark(2))[0].warnings == []


RECORDS = st.lists(
    st.one_of(
        st.integers(0, 2).map(mark),
        st.just(mark("start")),
        st.text(max_size=3).map(Output),
        st.text(max_size=3).map(problem),
        st.text(max_size=3).map(Warned),
    ),
    max_size=12,
)


@given(RECORDS, st.sampled_from([COMPLETED, FAILED]))
def test_only_a_marker_makes_an_answer(events: list[Event], ending: Ending) -> None:
    """Whatever comes, in whatever order: no call counts as answered without its own marker."""
    markers = {event.value for event in events if isinstance(event, Output)}
    for number, answer in enumerate(account(events, CALLS, BATCH, ending, 0.0)):
        if answer.ended is Ended.ANSWERED:
            assert f"{BATCH}:{number}" in markers
