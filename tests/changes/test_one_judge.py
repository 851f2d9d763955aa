"""`permissions`, `reach`, `grant --dry-run` and IMAP are asked of the same mailboxes, and none contradicts another.

The tenants are made of every way in which an application may be registered, and the mailboxes of the entries of all kinds,
alone and in pairs. Whoever says that a mailbox is open or closed has to say the same as everybody else who says it; that it
is not known may be said only where the rules in `diagnostics.access` leave it open.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from diagnostics.access import Access
from diagnostics.changes import review, workflow
from diagnostics.changes.outcomes import Outcome as Done
from diagnostics.changes.plan import Plan, Wishes
from diagnostics.changes.reach import Notes
from diagnostics.changes.steps import GrantFullAccess
from diagnostics.changes.waiting import opens
from diagnostics.checks import run_checks
from diagnostics.diagnosis import diagnose
from diagnostics.evidence import Evidence
from diagnostics.findings import Confidence, Finding, Outcome
from diagnostics.lab.catalog import mailbox
from diagnostics.lab.setup import Setup
from diagnostics.lab.state import ExchangeServicePrincipal, PermissionEntry, Recipient, new_id, new_sid
from diagnostics.run import RunOptions, observe
from tests.changes.places import Place, snapshot

FULL, READ = ("FullAccess",), ("ReadPermission",)


@dataclass(frozen=True)
class Cast:
    """Who is in a tenant: the application as it stands in entries, and the others."""

    own: ExchangeServicePrincipal
    other: ExchangeServicePrincipal
    colleague: Recipient


Maker = Callable[[Cast], PermissionEntry]


def own(rights: tuple[str, ...] = FULL, *, deny: bool = False, inherited: bool = False) -> Maker:
    return lambda cast: PermissionEntry(cast.own.object_id, cast.own.sid, rights, deny, inherited)


def bare_sid(sid: str) -> PermissionEntry:
    return PermissionEntry(sid, sid)


ENTRIES: dict[str, Maker] = {
    "allow": own(),
    "deny": own(deny=True),
    "read": own(READ),
    "deny-read": own(READ, deny=True),
    "inherited-allow": own(inherited=True),
    "inherited-deny": own(deny=True, inherited=True),
    "inherited-read": own(READ, inherited=True),
    "older-sid": lambda cast: PermissionEntry(cast.own.object_id, new_sid()),
    "older-sid-deny": lambda cast: PermissionEntry(cast.own.object_id, new_sid(), deny=True),
    "unresolved": lambda _cast: bare_sid(new_sid()),
    "other-application": lambda cast: PermissionEntry(cast.other.object_id, cast.other.sid),
    "colleague": lambda cast: PermissionEntry(cast.colleague.user_principal_name or "", cast.colleague.sid),
    "namesake": lambda cast: PermissionEntry(cast.own.display_name, new_sid()),
    "name-only": lambda cast: PermissionEntry(cast.own.display_name, ""),
}
LEFT_OPEN = ({"allow", "inherited-deny"}, {"name-only"})
"""Entries whose meaning together is not recorded, or that do not prove whose they are."""

SINGLES = [(), *((kind,) for kind in ENTRIES)]
OWN = list(ENTRIES)[:7]
PAIRS = [pair for pair in itertools.combinations(ENTRIES, 2) if pair[0] in OWN]
TRIPLES = random.Random(7).sample(list(itertools.combinations(ENTRIES, 3)), 12)


def as_registered(_setup: Setup, _cast: Cast) -> None:
    """Leave the application registered once, rightly."""


def with_wrong_ones_beside(setup: Setup, cast: Cast) -> None:
    app, obj = cast.own.app_id, cast.own.object_id
    setup.tenant.exchange_service_principals[:0] = [
        ExchangeServicePrincipal(obj, app, "swapped"),
        ExchangeServicePrincipal(app, setup.registration.object_id, "wrong"),
        ExchangeServicePrincipal(app, app, "one id twice"),
    ]


def object_id_of_another_too(setup: Setup, cast: Cast) -> None:
    setup.tenant.exchange_service_principals.insert(0, ExchangeServicePrincipal(new_id(), cast.own.object_id, "older"))


def twice(setup: Setup, cast: Cast) -> None:
    setup.tenant.exchange_service_principals.insert(
        0, ExchangeServicePrincipal(cast.own.app_id, cast.own.object_id, "again")
    )


def with_a_wrong_object_id(setup: Setup, cast: Cast) -> None:
    cast.own.object_id = setup.registration.object_id


def with_one_id_twice(_setup: Setup, cast: Cast) -> None:
    cast.own.object_id = cast.own.app_id


def swapped(_setup: Setup, cast: Cast) -> None:
    cast.own.app_id, cast.own.object_id = cast.own.object_id, cast.own.app_id


def not_at_all(setup: Setup, cast: Cast) -> None:
    setup.tenant.exchange_service_principals.remove(cast.own)


def removed_and_registered_again(setup: Setup, cast: Cast) -> None:
    rows = setup.tenant.exchange_service_principals
    rows[rows.index(cast.own)] = ExchangeServicePrincipal(cast.own.app_id, cast.own.object_id, cast.own.display_name)


TENANTS: list[tuple[Callable[[Setup, Cast], None], Sequence[tuple[str, ...]]]] = [
    (as_registered, [*SINGLES, *PAIRS, *TRIPLES]),
    (with_wrong_ones_beside, SINGLES),
    (object_id_of_another_too, SINGLES),
    (twice, SINGLES),
    (with_a_wrong_object_id, SINGLES),
    (with_one_id_twice, SINGLES),
    (swapped, SINGLES),
    (not_at_all, SINGLES),
    (removed_and_registered_again, [*SINGLES, *PAIRS[:13]]),
]


def people(setup: Setup, made: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the tenant a mailbox for each combination of entries, and yield its address and the kinds."""
    other = ExchangeServicePrincipal(
        setup.operator_registration.app_id, setup.operator_enterprise.object_id, "Exchange administration"
    )
    cast = Cast(setup.exchange_principal, other, setup.tenant.recipients[1])
    for number, kinds in enumerate(made):
        address = f"m{number:03d}@contoso.com"
        found = mailbox(address, address)
        found.permissions += [ENTRIES[kind](cast) for kind in kinds]
        setup.tenant.recipients.append(found)
        yield address, kinds


def permissions_say(findings: Sequence[Finding], address: str) -> bool | None:
    """What the checks of registration and permission say together: open, closed, or not known."""
    relevant = [
        finding.outcome
        for finding in findings
        if finding.check == "exchange-service-principal"
        or (finding.check == "full-access" and finding.judgement.subject == address)
    ]
    assert len(relevant) == 2
    if Outcome.FAIL in relevant:
        return False
    return True if relevant == [Outcome.PASS, Outcome.PASS] else None


def grant_says(plan: Plan, address: str) -> bool | None:
    problems = {problem.subject: problem for problem in plan.problems}
    if address in plan.settled:
        return True
    problem = problems.get(address) or problems.get("service principal")
    if problem is not None:
        assert not [step for step in plan.steps if step.mailbox == address]
        return False if problem.missing is None else None
    (step,) = [step for step in plan.steps if step.mailbox == address]
    assert isinstance(step, GrantFullAccess)
    return False


def reach_says(access: Access) -> bool | None:
    return None if access is Access.UNKNOWN else access is Access.OPEN


@pytest.mark.parametrize(("arrange", "made"), TENANTS, ids=[arrange.__name__ for arrange, _ in TENANTS])
def test_nobody_contradicts_anybody(
    start: Callable[..., Place],
    arrange: Callable[[Setup, Cast], None],
    made: Sequence[tuple[str, ...]],
) -> None:
    place = start()
    setup = place.lab.setup
    asked = dict(people(setup, made))
    cast = Cast(setup.exchange_principal, setup.exchange_principal, setup.tenant.recipients[1])
    arrange(setup, cast)
    names = tuple(asked)
    with place.session() as session, place.shell(session) as shell:
        evidence = observe(session.subject, RunOptions(mailboxes=names, graph=False), lambda _text: None)
        plan = workflow.grant_plan(session, shell, names, Wishes())
        prepared = review.prepare(session, shell, names, names)
        swept = review.answers(prepared, session.shell, Notes(place.folder / "notes", "key"), at_once=2, resume=False)
        reached = {answer.mailbox: answer for answer in swept}
    findings = run_checks(evidence)
    ambiguous = arrange in {twice, object_id_of_another_too}
    for address, kinds in asked.items():
        said = {
            "permissions": permissions_say(findings, address),
            "reach": reach_says(reached[address].access),
            "grant": grant_says(plan, address),
            "imap": imap_says(evidence, address),
        }
        definite = {answer for answer in said.values() if answer is not None}
        assert len(definite) == 1, (kinds, said)
        assert said["imap"] is not None
        if None in said.values():
            assert any(some <= set(kinds) for some in LEFT_OPEN) or ambiguous, (kinds, said)
            assert said["reach"] is None
    assert_nothing_is_certain_that_is_invented(findings)


def test_what_is_planned_opens_what_can_be_opened_and_is_undone_to_the_letter(start: Callable[..., Place]) -> None:
    place = start()
    setup = place.lab.setup
    asked = dict(people(setup, [*SINGLES, *PAIRS[:13], ("inherited-deny", "read")]))
    before = snapshot(place.lab)
    with place.session() as session, place.shell(session) as shell:
        plan = workflow.grant_plan(session, shell, list(asked), Wishes())
        applied = place.apply(plan, shell)
        assert {result.outcome for result in applied.results} == {Done.DONE}
        sessions = session.probe(list(asked))
    for address, kinds in asked.items():
        closed = bool({"deny", "inherited-deny"} & set(kinds)) or kinds == ("name-only",)
        assert opens(sessions[address]) is not closed, kinds
    assert {result.outcome for result in place.revoke().results} == {Done.DONE}
    assert snapshot(place.lab) == before


def imap_says(evidence: Evidence, address: str) -> bool | None:
    return next(opens(one.imap) for one in evidence.mailboxes if one.address == address)


def assert_nothing_is_certain_that_is_invented(findings: Sequence[Finding]) -> None:
    sure = {
        suspect.cause
        for finding in findings
        if finding.check == "full-access"
        for suspect in finding.judgement.suspects
        if suspect.confidence is Confidence.CERTAIN
    }
    assert "perm-deny-entry" not in sure


def test_after_registering_anew_nobody_is_sent_to_wait_and_a_grant_opens_the_mailbox(
    start: Callable[..., Place],
) -> None:
    place = start(granted=True)
    setup = place.lab.setup
    ids = {"AppId": setup.registration.app_id, "ObjectId": setup.enterprise.object_id}
    with place.session() as session, place.shell(session) as shell:
        removed = shell.invoke("Remove-ServicePrincipal", Identity=ids["ObjectId"], Confirm=False)
        assert removed.ok
        assert shell.invoke("New-ServicePrincipal", DisplayName="Mail import", **ids).ok
        evidence = observe(session.subject, RunOptions(), lambda _text: None)
        shown = shell.invoke("Get-MailboxPermission", Identity=setup.mailbox.primary_smtp_address)
        assert [row["User"] for row in shown.rows] == ["NT AUTHORITY\\SELF"]
    first, *others = diagnose(evidence, run_checks(evidence)).causes
    assert first.cause == "perm-granted-to-wrong-object"
    assert not [cause for cause in others if cause.cause.startswith("propagation-")]
    place.grant()
    assert place.diag("permissions").returncode == 0
