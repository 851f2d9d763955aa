"""Whose a permission entry is, and what entries come to: every line of the two tables, with what it stands on.

*recorded*: somebody saw it and wrote it down. *documented*: Microsoft's page on Get-MailboxPermission says so, often with
"typically". *assumed*: neither; such an answer is never certain, or is that it is not known.
"""

from __future__ import annotations

import itertools

import pytest

from diagnostics.access import (
    Access,
    Bond,
    Principal,
    Rule,
    access_of,
    bond,
    concerning,
    decide,
    opens,
    principals,
    rightly_registered,
    standing,
)
from diagnostics.changes.state import Entry, Registration
from diagnostics.evidence import MailboxPermission, Provenance, Source
from diagnostics.ids import NO_SID, ApplicationId, EnterpriseAppObjectId, Sid

APP, OTHER_APP = (ApplicationId(f"5b1d9a5c-0000-4000-8000-00000000000{n}") for n in (1, 3))
OBJECT, OTHER_OBJECT = (EnterpriseAppObjectId(f"1ca6f684-0000-4000-8000-00000000000{n}") for n in (2, 4))
SID, OLDER_SID = Sid("S-1-5-21-1-2-3-4001"), Sid("S-1-5-21-1-2-3-3007")
NAME = "ERP mail"
WHERE = Provenance(Source.EXCHANGE, "Get-MailboxPermission")


def row(
    user: str = OBJECT,
    sid: str = SID,
    rights: tuple[str, ...] = ("FullAccess",),
    *,
    deny: bool = False,
    inherited: bool = False,
) -> MailboxPermission:
    return MailboxPermission(user, rights, WHERE, Sid(sid), deny=deny, inherited=inherited)


ME = Principal(OBJECT, SID, frozenset({NAME.casefold()}))
WITHOUT_SID = Principal(OBJECT, NO_SID, frozenset({NAME.casefold()}))

BONDS = [
    ("an equal SID proves, whatever the name says", row("CONTOSO\\something", SID), ME, Bond.SID),
    ("a SID is compared without case", row(OBJECT, SID.lower()), ME, Bond.SID),
    ("the SID may stand where the name stands", row(SID, ""), ME, Bond.SID),
    ("another SID disproves, though the ObjectId is equal", row(OBJECT, OLDER_SID), ME, Bond.EARLIER),
    ("a bare SID of an earlier registration is nobody's", row(OLDER_SID, OLDER_SID), ME, Bond.NONE),
    ("another SID disproves an equal name as well", row(NAME, OLDER_SID), ME, Bond.NONE),
    ("an equal ObjectId proves where the entry has no SID", row(OBJECT, ""), ME, Bond.OBJECT_ID),
    ("an equal ObjectId proves where the principal has no SID", row(OBJECT, SID), WITHOUT_SID, Bond.OBJECT_ID),
    ("an ObjectId is compared without case", row(OBJECT.upper(), ""), ME, Bond.OBJECT_ID),
    ("a redacted SID is not known", row(OBJECT, "xxxx"), ME, Bond.OBJECT_ID),
    ("a SID that was cut off is not known", row(OBJECT, "S-1-5-21-1-2…"), ME, Bond.OBJECT_ID),
    ("a bare SID may be anybody's where the principal's is not known", row(OLDER_SID, ""), WITHOUT_SID, Bond.NAME),
    ("a name alone proves nothing", row(NAME, ""), ME, Bond.NAME),
    ("an ObjectId that was cut off proves nothing", row(f"{OBJECT[:12]}…", ""), ME, Bond.NAME),
    ("one that was cut off and begins otherwise is another one", row("99999999-00…", ""), ME, Bond.NONE),
    ("another ObjectId without a SID is another one", row(OTHER_OBJECT, ""), ME, Bond.NONE),
    ("an Application ID is no principal", row(APP, ""), ME, Bond.NONE),
    ("the mailbox's owner is not the application", row("NT AUTHORITY\\SELF", "S-1-5-10"), ME, Bond.NONE),
    (
        "an ObjectId that two applications are registered with proves nothing",
        row(OBJECT, ""),
        Principal(OBJECT, SID, unique=False),
        Bond.NAME,
    ),
    (
        "there, a SID still does",
        row(OBJECT, SID),
        Principal(OBJECT, SID, unique=False),
        Bond.SID,
    ),
]


@pytest.mark.parametrize(("why", "entry", "principal", "expected"), BONDS, ids=[line[0] for line in BONDS])
def test_whose_an_entry_is(why: str, entry: MailboxPermission, principal: Principal, expected: Bond) -> None:
    assert bond(entry, principal) is expected, why


ALLOW, DENY = row(), row(deny=True)
ALLOW_ABOVE, DENY_ABOVE = row(inherited=True), row(deny=True, inherited=True)
READ, DENY_READ = row(rights=("ReadPermission",)), row(rights=("ReadPermission",), deny=True)
READ_ABOVE = row(rights=("ReadPermission",), inherited=True)
UNREADABLE = row(rights=())

DECISIONS = [
    ("recorded", (), Access.NONE, Rule.NOTHING),
    ("recorded", (ALLOW,), Access.OPEN, Rule.GRANTED),
    ("recorded: rights come joined", (row(rights=("ReadPermission", "fullaccess")),), Access.OPEN, Rule.GRANTED),
    ("documented", (READ,), Access.OTHER, Rule.OTHER_RIGHTS),
    ("documented: typically", (DENY,), Access.DENIED, Rule.DENIED),
    ("documented: typically", (ALLOW, DENY), Access.DENIED, Rule.DENIED),
    ("documented: typically", (ALLOW_ABOVE, DENY), Access.DENIED, Rule.DENIED),
    ("documented: typically", (DENY, DENY_READ), Access.DENIED, Rule.DENIED),
    ("assumed: a Deny takes what it names", (ALLOW, DENY_READ), Access.OPEN, Rule.GRANTED),
    ("assumed: a Deny takes what it names", (DENY_READ,), Access.NONE, Rule.NOTHING),
    ("not proven: documented the other way round, typically", (ALLOW, DENY_ABOVE), Access.UNKNOWN, Rule.DENIED_ABOVE),
    ("documented, not recorded for an application", (ALLOW_ABOVE,), Access.OPEN, Rule.GRANTED_ABOVE),
    ("documented, not recorded for an application", (ALLOW_ABOVE, READ), Access.OPEN, Rule.GRANTED_ABOVE),
    ("documented, not recorded for an application", (ALLOW_ABOVE, DENY_READ), Access.OPEN, Rule.GRANTED_ABOVE),
    ("recorded: an entry made on the mailbox", (ALLOW, ALLOW_ABOVE), Access.OPEN, Rule.GRANTED),
    ("documented for groups", (ALLOW_ABOVE, DENY_ABOVE), Access.NONE, Rule.ONLY_ABOVE),
    ("recorded: nothing is given", (DENY_ABOVE,), Access.NONE, Rule.NOTHING),
    ("recorded: nothing is given", (READ_ABOVE,), Access.NONE, Rule.NOTHING),
    ("not read", (UNREADABLE,), Access.UNKNOWN, Rule.UNREADABLE),
    ("documented: typically, whatever else is there", (UNREADABLE, DENY), Access.DENIED, Rule.DENIED),
]


@pytest.mark.parametrize(
    ("stands_on", "own", "access", "rule"), DECISIONS, ids=[f"{n}-{line[3].name}" for n, line in enumerate(DECISIONS)]
)
def test_what_entries_come_to(stands_on: str, own: tuple[MailboxPermission, ...], access: Access, rule: Rule) -> None:
    for order in itertools.permutations(own):
        decision = decide(order)
        assert (decision.access, decision.rule) == (access, rule)
        if "typically" in stands_on or "not " in stands_on:
            assert not rule.proven


def test_entries_that_a_plan_keeps_are_judged_like_rows() -> None:
    for _, own, access, rule in DECISIONS:
        kept = [Entry(one.user, one.user_sid, one.rights, one.deny, one.inherited) for one in own]
        assert (decide(kept).access, decide(kept).rule) == (access, rule)


def test_what_is_denied_beside_full_access_is_told() -> None:
    decision = decide((ALLOW, DENY_READ))
    assert decision.note.startswith("ReadPermission is denied")
    assert decide((ALLOW,)).note == ""
    assert "only an inherited entry" in decide((ALLOW_ABOVE,)).note
    assert decide((ALLOW_ABOVE, DENY_READ)).note.startswith(Rule.GRANTED_ABOVE.value)


def test_other_peoples_entries_decide_nothing() -> None:
    others = (row(OTHER_OBJECT, OLDER_SID), row(OTHER_OBJECT, OLDER_SID, deny=True), row("SELF", "S-1-5-10"))
    assert access_of((*others, ALLOW), [ME]).access is Access.OPEN
    assert access_of(others, [ME]).access is Access.NONE


def test_an_entry_of_an_earlier_registration_neither_opens_nor_denies() -> None:
    assert access_of((row(OBJECT, OLDER_SID),), [ME]).rule is Rule.NOTHING
    assert access_of((row(OBJECT, OLDER_SID, deny=True), ALLOW), [ME]).access is Access.OPEN


@pytest.mark.parametrize(
    ("own", "namesake", "access"),
    [
        ((), row(NAME, ""), Access.UNKNOWN),
        ((ALLOW,), row(NAME, "", deny=True), Access.UNKNOWN),
        ((ALLOW,), row(NAME, ""), Access.OPEN),
        ((READ,), row(NAME, ""), Access.UNKNOWN),
        ((), row(NAME, "", deny=True), Access.NONE),
        ((), row(NAME, "", ("ReadPermission",)), Access.NONE),
        ((DENY,), row(NAME, ""), Access.DENIED),
    ],
)
def test_a_namesake_leaves_open_only_what_it_could_change(
    own: tuple[MailboxPermission, ...], namesake: MailboxPermission, access: Access
) -> None:
    assert access_of((*own, namesake), [ME]).access is access


def registered(app: str = APP, object_id: str = OBJECT, sid: Sid = SID) -> Registration:
    return Registration(ApplicationId(app), EnterpriseAppObjectId(object_id), sid, NAME)


def test_an_application_that_is_listed_twice_opens_what_both_open() -> None:
    twice = [registered(), registered(sid=OLDER_SID)]
    mine = principals(rightly_registered(twice, APP, OBJECT), twice)
    assert len(mine) == 2
    assert access_of((row(sid=SID),), mine).rule is Rule.SEVERAL
    assert access_of((row(sid=SID), row(sid=OLDER_SID)), mine).access is Access.OPEN
    assert access_of((), mine).access is Access.NONE
    assert opens((row(OBJECT, ""),), mine)


def test_an_application_that_is_not_registered_opens_nothing() -> None:
    assert access_of((ALLOW,), ()).rule is Rule.NOT_REGISTERED


STANDINGS = [
    ("both ids", (APP, OBJECT), (APP, OBJECT), True),
    ("in upper case", (APP.upper(), OBJECT.upper()), (APP, OBJECT), True),
    ("the ObjectId is not known", (APP, OTHER_OBJECT), (APP, ""), True),
    ("the AppId is not known", (OTHER_APP, OBJECT), ("", OBJECT), True),
    ("a wrong ObjectId", (APP, OTHER_OBJECT), (APP, OBJECT), False),
    ("the AppId in both places", (APP, APP), (APP, OBJECT), False),
    ("swapped", (OBJECT, APP), (APP, OBJECT), False),
    ("the ObjectId in both places", (OBJECT, OBJECT), (APP, OBJECT), False),
    ("the ObjectId under another AppId", (OTHER_APP, OBJECT), (APP, OBJECT), None),
    ("another application", (OTHER_APP, OTHER_OBJECT), (APP, OBJECT), None),
    ("the ObjectId under no readable AppId", ("", OBJECT), (APP, OBJECT), None),
    ("nothing is known", (APP, OBJECT), ("", ""), None),
]


@pytest.mark.parametrize(("why", "held", "wanted", "right"), STANDINGS, ids=[line[0] for line in STANDINGS])
def test_which_registration_stands_for_the_application(
    why: str, held: tuple[str, str], wanted: tuple[str, str], right: bool | None
) -> None:
    found = standing([registered(*held)], ApplicationId(wanted[0]), EnterpriseAppObjectId(wanted[1]))
    assert (found.right if found.rows else None) is right, why


def test_a_right_registration_counts_whatever_stands_beside_it() -> None:
    rows = [registered(OBJECT, APP), registered(APP, OTHER_OBJECT), registered()]
    assert standing(rows, APP, OBJECT).rows == (registered(),)
    assert set(concerning(rows, APP, OBJECT)) == set(rows)


def test_an_object_id_is_not_unique_where_another_application_has_it() -> None:
    rows = [registered(), registered(OTHER_APP, OBJECT, OLDER_SID)]
    (mine,) = principals(rightly_registered(rows, APP, OBJECT), rows)
    assert access_of((row(OBJECT, ""),), [mine]).rule is Rule.NAMESAKE
    assert access_of((row(OBJECT, SID),), [mine]).access is Access.OPEN
