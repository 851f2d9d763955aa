"""What the check of FullAccess says of each rule: outcome, cause, how sure it is, and which values it shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.comparison import Relation
from diagnostics.diagnosis import diagnose
from diagnostics.evidence import ExchangeServicePrincipal, ImapSession, MailboxPermission, Missing, Unavailable
from diagnostics.findings import Confidence, Judgement, Outcome
from diagnostics.ids import NO_SID, ApplicationId, EnterpriseAppObjectId, Sid
from tests.core.sample import FULL_ACCESS, NOT_CONNECTED, ROW, SELF_ROW, SESSION, healthy, mailbox

DENY = replace(FULL_ACCESS, deny=True)
READ = replace(FULL_ACCESS, rights=("ReadPermission",))
ABOVE = replace(FULL_ACCESS, inherited=True)
DENY_ABOVE = replace(DENY, inherited=True)
OLDER = replace(FULL_ACCESS, user_sid=Sid("S-1-5-21-9-9-9-3007"))
NAMED = replace(FULL_ACCESS, user="CONTOSO\\ERP mail")
OTHER_OBJECT = EnterpriseAppObjectId("88888888-0000-4000-8000-000000000004")
NOT_TRIED = Unavailable("it was left out", Missing.NOT_REQUESTED)

PASS, FAIL, UNKNOWN, SKIPPED = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.SKIPPED
MISSING, WRONG = "perm-fullaccess-missing", "perm-granted-to-wrong-object"
DENIED, RIGHTS = "perm-deny-entry", "perm-readpermission-only"
CERTAIN, LIKELY, POSSIBLE = Confidence.CERTAIN, Confidence.LIKELY, Confidence.POSSIBLE


def judged(
    *rows: MailboxPermission,
    imap: ImapSession | Unavailable = NOT_CONNECTED,
    registered: tuple[ExchangeServicePrincipal, ...] = (ROW,),
) -> Judgement:
    evidence = healthy(mailboxes=(mailbox(permissions=(SELF_ROW, *rows), imap=imap),))
    evidence = replace(evidence, exchange=replace(evidence.exchange, service_principals=registered))
    (finding,) = [finding for finding in run_checks(evidence) if finding.check == "full-access"]
    return finding.judgement


CASES = [
    ("given", (FULL_ACCESS,), NOT_CONNECTED, PASS, None),
    ("given, another right denied", (FULL_ACCESS, replace(READ, deny=True)), NOT_CONNECTED, PASS, None),
    ("denied", (FULL_ACCESS, DENY), NOT_CONNECTED, FAIL, (DENIED, LIKELY)),
    ("denied alone", (DENY,), NOT_TRIED, FAIL, (DENIED, LIKELY)),
    ("other rights", (READ,), NOT_CONNECTED, FAIL, (RIGHTS, CERTAIN)),
    ("nothing", (), NOT_CONNECTED, FAIL, (MISSING, CERTAIN)),
    ("inherited denial beside a grant, closed", (FULL_ACCESS, DENY_ABOVE), NOT_CONNECTED, UNKNOWN, (DENIED, POSSIBLE)),
    ("the same, IMAP left out", (FULL_ACCESS, DENY_ABOVE), NOT_TRIED, UNKNOWN, (DENIED, POSSIBLE)),
    ("the same, and IMAP opens it", (FULL_ACCESS, DENY_ABOVE), SESSION, PASS, None),
    ("inherited grant, IMAP left out", (ABOVE,), NOT_TRIED, PASS, None),
    ("inherited grant, and IMAP opens it", (ABOVE,), SESSION, PASS, None),
    ("inherited grant, and IMAP does not", (ABOVE,), NOT_CONNECTED, UNKNOWN, (MISSING, POSSIBLE)),
    ("inherited grant and denial", (ABOVE, DENY_ABOVE), NOT_CONNECTED, FAIL, (MISSING, LIKELY)),
    ("of an earlier registration", (OLDER,), NOT_CONNECTED, FAIL, (WRONG, CERTAIN)),
    ("a denial of an earlier registration", (FULL_ACCESS, replace(OLDER, deny=True)), SESSION, PASS, None),
    ("another name, the same SID", (NAMED,), SESSION, PASS, None),
    ("no SID, a name", (replace(NAMED, user="ERP mail", user_sid=NO_SID),), SESSION, UNKNOWN, None),
]


@pytest.mark.parametrize(("what", "rows", "imap", "outcome", "suspect"), CASES, ids=[case[0] for case in CASES])
def test_each_rule_has_its_answer(
    what: str,
    rows: tuple[MailboxPermission, ...],
    imap: ImapSession | Unavailable,
    outcome: Outcome,
    suspect: tuple[str, Confidence] | None,
) -> None:
    judgement = judged(*rows, imap=imap)
    assert judgement.outcome is outcome, what
    found = [(one.cause, one.confidence) for one in judgement.suspects]
    assert found[:1] == ([suspect] if suspect else [])
    if outcome is PASS:
        assert {one.relation for one in judgement.compared} == {Relation.EQUAL}
    assert outcome in {PASS, FAIL} or judgement.reason


def test_the_sids_are_shown_where_a_row_matched_by_them() -> None:
    (only,) = judged(NAMED, imap=SESSION).compared
    assert (only.left, only.right) == (FULL_ACCESS.user_sid, ROW.sid)
    of_user, of_sid = judged(FULL_ACCESS, imap=SESSION).compared
    assert (of_user.left, of_sid.left) == (FULL_ACCESS.user, FULL_ACCESS.user_sid)
    of_user, of_sid = judged(OLDER).compared
    assert (of_user.relation, of_sid.relation) == (Relation.EQUAL, Relation.DIFFERENT)


@pytest.mark.parametrize(
    ("user", "registered", "said"),
    [
        (f"{ROW.object_id[:14]}…", (ROW,), "cut off"),
        ("ERP mail", (ROW,), "a name alone"),
        (OLDER.user_sid, (replace(ROW, sid=NO_SID),), "the SID"),
        (ROW.object_id, (ROW, replace(ROW, app_id=ApplicationId(OTHER_OBJECT), sid=NO_SID)), "another application"),
    ],
)
def test_it_says_why_a_row_does_not_prove_whose_it_is(
    user: str, registered: tuple[ExchangeServicePrincipal, ...], said: str
) -> None:
    judgement = judged(replace(FULL_ACCESS, user=user, user_sid=NO_SID), registered=registered)
    assert judgement.outcome is UNKNOWN
    assert said in judgement.reason
    assert "UserSid" in judgement.hint


def test_the_command_that_removes_an_entry_names_its_holder_and_nobody_else() -> None:
    older = judged(OLDER).suspects[0].values["principal"]
    assert older == OLDER.user_sid
    assert judged(replace(NAMED, deny=True)).suspects[0].values["principal"] == ROW.object_id
    stranger = replace(FULL_ACCESS, user="a@contoso.com", user_sid=OLDER.user_sid)
    assert judged(stranger).suspects[-1].values["principal"] == "a@contoso.com"


def test_what_is_denied_beside_it_is_noted() -> None:
    assert "ReadPermission is denied" in judged(FULL_ACCESS, replace(READ, deny=True)).hint


def test_an_inherited_grant_proves_nothing_against_imap() -> None:
    assert judged(FULL_ACCESS).rules_out
    assert not judged(ABOVE, imap=NOT_TRIED).rules_out
    assert MISSING in judged(FULL_ACCESS, DENY_ABOVE).rules_out


def test_an_inherited_denial_has_no_command_that_removes_it() -> None:
    evidence = healthy(mailboxes=(mailbox(permissions=(SELF_ROW, FULL_ACCESS, DENY_ABOVE), imap=NOT_CONNECTED),))
    first = diagnose(evidence, run_checks(evidence)).causes[0]
    assert (first.cause, first.confidence) == (DENIED, POSSIBLE)
    assert not [line for step in first.fix for line in step.commands if "-Deny" in line.text]


WRONG_ID = replace(ROW, object_id=OTHER_OBJECT)


@pytest.mark.parametrize(
    ("registered", "rows", "outcome"),
    [
        ((WRONG_ID,), (replace(FULL_ACCESS, user=OTHER_OBJECT),), SKIPPED),
        ((WRONG_ID,), (), FAIL),
        ((WRONG_ID,), (DENY,), FAIL),
        ((), (FULL_ACCESS,), SKIPPED),
        ((WRONG_ID, ROW), (FULL_ACCESS,), PASS),
        ((replace(ROW, app_id=ApplicationId(ROW.object_id), object_id=EnterpriseAppObjectId(ROW.app_id)), ROW), (FULL_ACCESS,), PASS),
        ((replace(ROW, sid=Sid("S-1-5-21-5-5-5-5")), ROW), (FULL_ACCESS,), UNKNOWN),
        ((replace(ROW, sid=Sid("S-1-5-21-5-5-5-5")), ROW), (), FAIL),
    ],
    ids=[
        "given to a wrong registration",
        "nothing given to a wrong registration",
        "denied to a wrong registration",
        "not registered",
        "a wrong one beside the right one",
        "a swapped one beside the right one",
        "listed twice, one of them with an entry",
        "listed twice, none of them with an entry",
    ],
)  # fmt: skip
def test_what_a_registration_makes_of_it(
    registered: tuple[ExchangeServicePrincipal, ...], rows: tuple[MailboxPermission, ...], outcome: Outcome
) -> None:
    assert judged(*rows, registered=registered).outcome is outcome
