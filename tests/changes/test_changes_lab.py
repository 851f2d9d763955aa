"""Whole changes on simulated tenants: granted, found good, taken back, and nothing left behind."""

from __future__ import annotations

import datetime as dt
import functools
import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from diagnostics.access import Access
from diagnostics.changes import apply as applying
from diagnostics.changes import journal as journals
from diagnostics.changes import planfile, state, undo, workflow
from diagnostics.changes.outcomes import Applied, Outcome, Who
from diagnostics.changes.patient import PatientShell
from diagnostics.changes.plan import NoPlan, Plan, Wishes
from diagnostics.changes.reach import Answer, Notes, sweep
from diagnostics.changes.state import Entry
from diagnostics.changes.steps import GrantFullAccess, RegisterServicePrincipal, RemoveServicePrincipal
from diagnostics.changes.waiting import opens, wait
from diagnostics.ids import Sid
from diagnostics.lab.adminrest import AdminRestEndpoint
from diagnostics.lab.faults import Fault
from diagnostics.lab.setup import full_access
from diagnostics.lab.state import ExchangeServicePrincipal, PermissionEntry, new_id, new_sid
from tests.changes.flaky import PLAIN_TEXT, Flaky, troubled
from tests.changes.places import Place, holders, snapshot, verified

Start = Callable[..., Place]


def all_done(applied: Applied) -> bool:
    return bool(applied.results) and all(result.outcome is Outcome.DONE for result in applied.results)


@pytest.mark.parametrize("transport", ["winrm", "rest"])
def test_one_mailbox_there_and_back(start: Start, transport: str) -> None:
    place = start(transport=transport)
    before = snapshot(place.lab)
    assert all_done(place.grant())
    assert holders(place.lab) == {"erp@contoso.com": 1}
    with place.session() as session:
        assert opens(session.probe(["erp@contoso.com"])["erp@contoso.com"])
    assert all_done(place.revoke())
    assert snapshot(place.lab) == before
    assert place.revoke().nothing_to_do
    verified(place.journal)


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["winrm", "rest"])
def test_500_mailboxes_there_and_back_while_7_percent_of_the_calls_fail(start: Start, transport: str) -> None:
    place = start(500, transport=transport)
    before, seen = snapshot(place.lab), Counter[str]()
    flaky = functools.partial(Flaky, share=0.07, chance=random.Random(11), seen=seen)
    applied = place.grant(flaky)
    assert all_done(applied)
    assert len(applied.results) == 500
    assert set(holders(place.lab).values()) == {1}
    assert len(holders(place.lab)) == 500
    assert all_done(place.revoke(flaky))
    assert snapshot(place.lab) == before
    assert sum(seen.values()) > 200
    assert len(seen) == 4
    verified(place.journal)


@pytest.mark.slow
def test_500_mailboxes_while_7_percent_of_the_requests_fail_on_the_line(start: Start) -> None:
    place = start(500)
    before = snapshot(place.lab)
    troubled(place.lab.faults.exchange, 0.07)
    assert all_done(place.grant())
    assert len(holders(place.lab)) == 500
    assert all_done(place.revoke())
    assert snapshot(place.lab) == before


def test_a_management_host_whose_line_breaks(start: Start) -> None:
    place = start(40, transport="winrm")
    before = snapshot(place.lab)
    with place.session() as session, place.shell(session) as shell:
        plan = place.grant_plan(session, shell)
        troubled(place.lab.faults.winrm, 0.04, kinds=(Fault(drop=True), Fault(drop_after=True)))
        applied = place.apply(plan, shell, batch=5)
        assert all_done(applied), (applied.stopped, applied.stopped_by, applied.results[-1])
        assert applied.waits.reopened > 0
    assert len(holders(place.lab)) == 40
    place.lab.faults.winrm.queue.clear()
    assert all_done(place.revoke())
    assert snapshot(place.lab) == before


class InFlight:
    """Counts how many requests the endpoint works on at the same time."""

    def __init__(self, handle: Callable[..., Any]) -> None:
        self._handle = handle
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0

    def handle(self, endpoint: Any, request: Any) -> Any:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            return self._handle(endpoint, request)
        finally:
            with self._lock:
                self._now -= 1


@pytest.fixture
def in_flight(monkeypatch: pytest.MonkeyPatch) -> InFlight:
    counted = InFlight(AdminRestEndpoint.handle)

    def handle(endpoint: Any, request: Any) -> Any:  # a function, so that it becomes a method of the endpoint
        return counted.handle(endpoint, request)

    monkeypatch.setattr(AdminRestEndpoint, "handle", handle)
    return counted


@pytest.mark.slow
def test_throttling_is_waited_out_and_counted(start: Start, in_flight: InFlight) -> None:
    place = start(500)
    kinds = (Fault(status=429, retry_after=7, body=PLAIN_TEXT), Fault(status=429, body=PLAIN_TEXT))
    troubled(place.lab.faults.exchange, 0.05, kinds=kinds)
    applied = place.grant()
    assert all_done(applied)
    assert in_flight.most == 1
    assert 7.0 in place.slept
    assert applied.waits.throttled_seconds == pytest.approx(sum(s for s in place.slept if s >= 1), abs=60)
    end = [record for record in journals.read(place.journal) if record.kind == "end"][-1]
    assert end.fields["waited_seconds"] > 0
    assert "Exchange asked for" in applied.waits.words()


def test_throttling_beyond_patience_stops_the_run_and_says_so(start: Start) -> None:
    place = start(3)
    with place.session() as session, place.shell(session) as shell:
        plan = place.grant_plan(session, shell)
        journal = journals.Journal(place.journal)
        patient = PatientShell(session._opened, patience=60, sleep=place.slept.append)
        with patient, journal:
            steps = [False]

            def after_the_check(_text: str) -> None:
                if not steps[0]:
                    place.lab.faults.exchange.always = Fault(status=429, retry_after=50, body=PLAIN_TEXT)
                steps[0] = True

            applied = applying.apply(plan, patient, journal, who=Who(), run="r", progress=after_the_check)
    assert applied.stopped or {r.outcome for r in applied.results} == {Outcome.UNKNOWN}
    assert holders(place.lab) == {}
    assert sum(place.slept) <= 60
    assert workflow.exit_code(plan, applied) == 3


@pytest.mark.parametrize(
    "scenario",
    [
        "exo-sp-not-registered",
        "exo-sp-wrong-object-id",
        "exo-sp-appid-and-objectid-swapped",
        "exo-sp-stale-after-recreation",
        "perm-fullaccess-missing",
        "perm-readpermission-only",
        "mailbox-imap-disabled",
    ],
)
def test_what_is_missing_is_mended(start: Start, scenario: str) -> None:
    place = start(1, scenario, granted=True)
    assert all_done(place.grant(replace_service_principal=True, enable_imap=True))
    done = place.diag("permissions")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("scenario", ["exo-sp-not-registered", "perm-readpermission-only", "mailbox-imap-disabled"])
def test_what_was_mended_is_undone_to_the_letter(start: Start, scenario: str) -> None:
    place = start(1, scenario, granted=True)
    before = snapshot(place.lab)
    place.grant(replace_service_principal=True, enable_imap=True)
    assert snapshot(place.lab) != before
    assert all_done(place.revoke())
    assert snapshot(place.lab) == before


def test_a_wrong_registration_is_replaced_only_when_asked_and_with_all_that_it_orphans(start: Start) -> None:
    place = start(1, "exo-sp-wrong-object-id", granted=True)
    tenant = place.lab.setup.tenant
    (wrong,) = tenant.exchange_service_principals
    full_access(tenant.recipients[1], wrong)
    tenant.recipients[3].permissions.append(PermissionEntry(wrong.object_id, wrong.sid, ("ReadPermission",)))
    with place.session() as session, place.shell(session) as shell:
        plan = place.grant_plan(session, shell)
        assert plan.steps == ()
        assert "--replace-service-principal" in str(plan.problems[0])
        assert workflow.exit_code(plan) == 1
        plan = place.grant_plan(session, shell, replace_service_principal=True)
        kinds = [type(step) for step in plan.steps]
        assert kinds == [RemoveServicePrincipal, RegisterServicePrincipal, *[GrantFullAccess] * 3]
        assert all_done(place.apply(plan, shell))
    assert holders(place.lab) == {"erp@contoso.com": 1, "accounts@contoso.com": 1, "orders@contoso.com": 1}
    (row,) = tenant.exchange_service_principals
    assert (row.app_id, row.object_id) == (place.lab.setup.registration.app_id, place.lab.setup.enterprise.object_id)


def test_a_registration_that_others_use_as_well_is_kept(start: Start) -> None:
    place = start(1, "exo-sp-not-registered", granted=True)
    place.grant()
    tenant = place.lab.setup.tenant
    (row,) = tenant.exchange_service_principals
    full_access(tenant.recipients[1], row)
    applied = place.revoke()
    assert [type(result.step).__name__ for result in applied.results] == ["RemoveAccess"]
    assert "kept" in applied.plan.notes[-1]
    assert tenant.exchange_service_principals == [row]


def by_somebody_else(place: Place, what: str) -> None:
    tenant = place.lab.setup.tenant
    (row,) = tenant.exchange_service_principals
    first = tenant.recipient("m000@contoso.com")
    assert first is not None
    match what:
        case "granted":
            full_access(first, row)
        case "denied":
            first.permissions.append(PermissionEntry(row.object_id, row.sid, deny=True))
        case "other rights":
            first.permissions.append(PermissionEntry(row.object_id, row.sid, ("ReadPermission",)))
        case "unregistered":
            tenant.exchange_service_principals.clear()
        case "registered anew":
            tenant.exchange_service_principals[:] = [ExchangeServicePrincipal(row.app_id, new_id(), "other")]
        case "deleted":
            tenant.recipients.remove(first)


@pytest.mark.parametrize("what", ["granted", "denied", "other rights", "deleted"])
def test_a_plan_is_refused_as_a_whole_when_the_state_has_moved(start: Start, what: str) -> None:
    place = start(5)
    with place.session() as session, place.shell(session) as shell:
        plan = place.grant_plan(session, shell)
        by_somebody_else(place, what)
        between = snapshot(place.lab)
        applied = place.apply(plan, shell)
    assert len(applied.moved) == 1
    assert "m000@contoso.com" in applied.moved[0]
    assert applied.results == []
    assert snapshot(place.lab) == between
    assert journals.read(place.journal) == []
    assert workflow.exit_code(plan, applied) == 1


@pytest.mark.parametrize("what", ["unregistered", "registered anew"])
def test_a_plan_whose_service_principal_is_gone_changes_nothing(start: Start, what: str) -> None:
    place = start(2)
    with place.session() as session, place.shell(session) as shell:
        plan = place.grant_plan(session, shell)
        by_somebody_else(place, what)
        between = snapshot(place.lab)
        applied = place.apply(plan, shell)
    assert snapshot(place.lab) == between
    assert applied.moved


def test_a_plan_that_was_applied_already_is_no_change(start: Start) -> None:
    place = start(3)
    with place.session() as session, place.shell(session) as shell:
        plan = place.grant_plan(session, shell)
        assert all_done(place.apply(plan, shell))
        assert place.apply(plan, shell).nothing_to_do


def test_other_peoples_entries_may_come_and_go(start: Start) -> None:
    place = start(2)
    with place.session() as session, place.shell(session) as shell:
        plan = place.grant_plan(session, shell)
        first = place.lab.setup.tenant.recipient("m000@contoso.com")
        assert first is not None
        first.permissions.append(PermissionEntry("colleague@contoso.com", new_sid()))
        assert all_done(place.apply(plan, shell))


def test_bad_mailboxes_are_told_and_the_others_done(start: Start) -> None:
    place = start(4)
    full = place.lab.setup.tenant.recipient("m001@contoso.com")
    assert full is not None
    full.permissions += [PermissionEntry(f"u{n}@contoso.com", new_sid()) for n in range(499)]
    with place.session() as session, place.shell(session) as shell:
        names = [
            "m000@contoso.com",
            "nobody@contoso.com",
            "staff@contoso.com",
            *(f"m{n:03d}@contoso.com" for n in range(4)),
        ]
        plan = workflow.grant_plan(session, shell, names, Wishes())
        applied = place.apply(plan, shell)
    assert [problem.subject for problem in plan.problems] == ["nobody@contoso.com", "staff@contoso.com"]
    assert "MailUniversalDistributionGroup" in plan.problems[1].what
    assert any("done once" in note for note in plan.notes)
    assert sorted(holders(place.lab)) == ["m000@contoso.com", "m002@contoso.com", "m003@contoso.com"]
    (failed,) = applied.with_outcome(Outcome.FAILED)
    assert "500" in failed.message
    assert workflow.exit_code(plan, applied) == 1
    assert journals.read(place.journal)[-1].kind == "end"


def test_an_operator_without_rights_is_told_once_and_nothing_is_done(start: Start) -> None:
    place = start(3)
    before = snapshot(place.lab)
    place.lab.setup.operator_enterprise.directory_roles.clear()
    done = place.diag("grant", "--yes")
    assert done.returncode in {1, 3, 4}, done.stderr
    assert "role" in done.stderr.casefold()
    assert snapshot(place.lab) == before


def test_what_somebody_else_granted_is_not_taken_away(start: Start) -> None:
    place = start(3)
    place.grant()
    tenant = place.lab.setup.tenant
    (row,) = tenant.exchange_service_principals
    first, second = tenant.recipient("m000@contoso.com"), tenant.recipient("m001@contoso.com")
    assert first is not None
    assert second is not None
    first.permissions[:] = [entry for entry in first.permissions if entry.user_sid != row.sid]
    second.permissions[-1].access_rights = ("FullAccess", "ReadPermission")
    full_access(tenant.recipients[0], row)
    place.revoke()
    assert holders(place.lab) == {"erp@contoso.com": 1, "m001@contoso.com": 1}
    assert list(second.permissions[-1].access_rights) == ["ReadPermission"]


def test_by_run_and_by_mailbox(start: Start) -> None:
    place = start(4)
    with place.session() as session, place.shell(session) as shell:
        first = workflow.grant_plan(session, shell, ["m000@contoso.com", "m001@contoso.com"], Wishes())
        place.apply(first, shell)
        place.apply(place.grant_plan(session, shell), shell)
    place.revoke(scope=workflow.Scope(mailboxes=("m000@contoso.com",)))
    assert sorted(holders(place.lab)) == ["m001@contoso.com", "m002@contoso.com", "m003@contoso.com"]
    place.revoke(scope=workflow.Scope(run="run-2"))
    assert sorted(holders(place.lab)) == ["m001@contoso.com"]
    with pytest.raises(NoPlan, match="no run nothing"):
        place.revoke(scope=workflow.Scope(run="nothing"))


def test_plans_survive_a_file_and_tell_when_they_were_changed(start: Start, tmp_path: Any) -> None:
    place = start(1, "exo-sp-wrong-object-id", granted=True)
    with place.session() as session, place.shell(session) as shell:
        plan = place.grant_plan(session, shell, replace_service_principal=True)
    path = tmp_path / "plan.json"
    planfile.save(plan, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert planfile.load(path) == plan
    for secret in place.lab.env.values():
        assert secret not in path.read_text()
    path.write_text(path.read_text().replace("erp@contoso.com", "ceo@contoso.com"))
    with pytest.raises(planfile.BadPlan, match="changed after it was saved"):
        planfile.load(path)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"schema":"diag/plan/9"}', '{"schema":"diag/plan/1","operation":"x"}']
)
def test_what_is_no_plan_is_refused(tmp_path: Any, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(planfile.BadPlan):
        planfile.load(path)


def test_the_ids_come_from_graph_where_the_token_is_refused(start: Start) -> None:
    place = start(2, "token-secret-expired")
    with place.session() as session, place.shell(session) as shell:
        plan: Plan = place.grant_plan(session, shell)
        assert "Graph" in plan.application.source
        assert plan.application.object_id == place.lab.setup.enterprise.object_id
        assert all_done(place.apply(plan, shell))


def test_reach_asks_no_more_at_once_than_allowed_and_obeys_retry_after(start: Start, in_flight: InFlight) -> None:
    place = start(300)
    place.grant()
    in_flight.most = 0
    troubled(place.lab.faults.exchange, 0.05, kinds=(Fault(status=429, retry_after=1, body=PLAIN_TEXT),))
    names = [recipient.primary_smtp_address for recipient in place.lab.setup.tenant.recipients if recipient.is_mailbox]
    with place.session() as session, place.shell(session) as shell:
        plan = place.grant_plan(session, shell)
        principal = undo.runs(journals.read(place.journal))[0].plan.application
        now = state.read(shell, ())
        row = now.registration(principal.application_id, principal.object_id)
        assert row is not None
        found = list(sweep(names, [row], lambda: place.shell(session), at_once=3))
    assert plan.steps == ()
    assert sorted(answer.mailbox for answer in found) == sorted(names)
    assert sum(answer.access is Access.OPEN for answer in found) == 300
    assert in_flight.most <= 3


def test_reach_notes_are_read_back_but_not_those_of_another_application(tmp_path: Any) -> None:

    path = tmp_path / "notes.jsonl"
    answer = Answer("erp@contoso.com", Access.OPEN, (Entry("u", Sid("S-1"), ("FullAccess",)),))
    notes = Notes(path, "a")
    notes.start()
    notes.add(answer)
    notes.add(Answer("x@contoso.com", Access.UNKNOWN))
    with path.open("a") as file:
        file.write('{"key": "a", "mail')
    assert Notes(path, "a").known() == {"erp@contoso.com": answer}
    assert Notes(path, "b").known() == {}


def test_waiting_ends_as_soon_as_the_mailbox_opens(start: Start) -> None:
    place = start(1, "exo-sp-not-registered", granted=True)
    place.grant()
    (row,) = place.lab.setup.tenant.exchange_service_principals
    row.known_to_imap_from = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    said: list[str] = []
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            row.known_to_imap_from = None

    with place.session() as session:
        waited = wait(["erp@contoso.com"], session.probe, limit=1800, progress=said.append, sleep=sleep)
    assert list(waited.open_after) == ["erp@contoso.com"]
    assert len(slept) == 3
    assert "20 to 30 minutes" in said[0]


def test_a_young_change_is_named_by_the_judgement(start: Start) -> None:
    place = start(1)
    place.grant()
    (row,) = place.lab.setup.tenant.exchange_service_principals
    row.known_to_imap_from = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    folder = place.folder / "state" / "diag"
    folder.mkdir(parents=True)
    place.journal.rename(folder / "journal.jsonl")
    done = place.diag("permissions")
    assert done.returncode == 3, done.stdout
    assert "propagation-change-still-spreading" in done.stdout
    assert "FullAccess on erp@contoso.com was granted" in " ".join(done.stdout.split())
