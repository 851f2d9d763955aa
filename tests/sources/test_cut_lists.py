"""Lists that break off: a page that is lost, a list that is full, a report that was cut. None of them shows an absence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from diagnostics.evidence import AppRoleAssignment, EnterpriseApplication, Missing, Unavailable
from diagnostics.exchange.collect import collect, permissions_of, service_principals
from diagnostics.exchange.port import CmdletCall, CmdletResult
from diagnostics.findings import Confidence, Outcome
from diagnostics.net.client import HttpSession
from diagnostics.report import build, render
from diagnostics.report.structured import NotAReport, load_evidence
from diagnostics.sources.graph import GraphOptions, collect_graph
from diagnostics.sources.tokens import OperatorToken
from tests.core.sample import APP, ENTERPRISE, EXCHANGE_OBJECT, GRAPH, MAILBOX, NOW, ROLE, TOKEN, healthy
from tests.sources.source_peers import Peer, as_json, http_answers

Start = Callable[..., Peer]
Answer = tuple[int, Mapping[str, str], bytes]
PRINCIPAL = {"id": ENTERPRISE, "appId": APP, "displayName": "ERP mail"}
OTHER = {"appRoleId": "11111111-2222-4333-8444-555555555555", "resourceId": EXCHANGE_OBJECT}
WANTED = {"appRoleId": ROLE, "resourceId": EXCHANGE_OBJECT}
HTML = {"Content-Type": "text/html"}


def consents(http: HttpSession, peer: Start, tls: object, second: Callable[[str], Answer]) -> Any:
    """Return the grants that are read where the first page names a second one."""
    base = ""

    def answer(line: str, _body: bytes) -> Answer:
        path = line.split(" ")[1]
        if "page2" in path:
            return second(base)
        if "appRoleAssignments" in path:
            return as_json({"value": [OTHER], "@odata.nextLink": f"{base}/v1.0/page2"})
        if "servicePrincipals(appId=" in path and str(APP) in path:
            return as_json(PRINCIPAL)
        return as_json({"error": {"code": "Request_ResourceNotFound", "message": "no"}}, 404)

    server = peer(http_answers(answer), tls)
    base = f"https://localhost:{server.port}"
    options = GraphOptions(base, OperatorToken("an operator's token"))
    found = collect_graph(options, APP, http=http)
    assert isinstance(found.enterprise_application, EnterpriseApplication)
    return found.role_assignments


def test_two_pages_are_one_list(http: HttpSession, peer: Start, tls: object) -> None:
    found = consents(http, peer, tls, lambda _base: as_json({"value": [WANTED]}))
    assert [one.app_role_id for one in found] == [OTHER["appRoleId"], ROLE]


@pytest.mark.parametrize(
    "second",
    [
        lambda base: as_json({"error": {"code": "Request_ResourceNotFound"}}, 404),
        lambda base: as_json({"error": {"code": "TooManyRequests"}}, 429),
        lambda base: as_json({"error": {"code": "InternalServerError"}}, 500),
        lambda base: as_json({"error": {"code": "InvalidAuthenticationToken"}}, 401),
        lambda base: (200, HTML, b"<html>sign in</html>"),
        lambda base: (200, {"Content-Type": "application/json"}, b'{"value": [{"appRoleId": "5e5ad'),
        lambda base: (200, {"Content-Type": "application/json"}, b""),
        lambda base: as_json({}),
        lambda base: as_json({"value": {}}),
        lambda base: as_json({"value": [None]}),
        lambda base: as_json({"value": [{"appRoleId": None, "resourceId": EXCHANGE_OBJECT}]}),
        lambda base: as_json({"value": [], "@odata.nextLink": 7}),
        lambda base: as_json({"value": [], "@odata.nextLink": {"href": "x"}}),
        lambda base: as_json({"value": [], "@odata.nextLink": "https://graph.example/v1.0/page3"}),
        lambda base: as_json({"value": [], "@odata.nextLink": f"{base}/v1.0/page2"}),  # without end
    ],
)
def test_a_list_that_breaks_off_is_no_list(
    http: HttpSession, peer: Start, tls: object, second: Callable[[str], Answer]
) -> None:
    found = consents(http, peer, tls, second)
    assert isinstance(found, Unavailable)
    report = build(healthy(graph=replace(GRAPH, role_assignments=found)), command="", started=NOW)
    assert [f.outcome for f in report.findings if f.check == "admin-consent"] == [Outcome.UNKNOWN]
    assert report.diagnosis.causes == ()


def test_a_page_that_was_lost_without_a_trace_does_not_outdo_the_token() -> None:
    short = (AppRoleAssignment(OTHER["appRoleId"], EXCHANGE_OBJECT),)
    report = build(healthy(graph=replace(GRAPH, role_assignments=short)), command="", started=NOW)
    assert report.diagnosis.causes == ()
    assert report.exit_code == 0
    refused = healthy(graph=replace(GRAPH, role_assignments=short), tokens=(replace(TOKEN, roles=None),))
    first = build(refused, command="", started=NOW).diagnosis.first
    assert first is not None
    assert (first.cause, first.confidence) == ("consent-admin-consent-missing", Confidence.CERTAIN)


# Exchange


def rows(count: int, **last: object) -> tuple[Mapping[str, object], ...]:
    made = [
        {"AppId": f"{number:08d}-0000-4000-8000-000000000000", "ObjectId": f"{number:08d}-0000-4000-9000-000000000000"}
        for number in range(count)
    ]
    return (*made, last) if last else tuple(made)


@pytest.mark.parametrize(
    "warnings",
    [
        (),  # in whatever language it was said, or not at all
        ("Hay más resultados disponibles de los que se muestran.",),
        ("There are more results available than are currently displayed.",),
    ],
)
def test_a_full_list_shows_no_absence(warnings: tuple[str, ...]) -> None:
    full = CmdletResult(CmdletCall("Get-ServicePrincipal"), rows(1000), warnings=warnings)
    found = service_principals(full, APP)
    assert isinstance(found, Unavailable)
    assert found.missing is Missing.CUT_OFF


def test_a_list_that_is_not_full_does() -> None:
    found = service_principals(CmdletResult(CmdletCall("Get-ServicePrincipal"), rows(999)), APP)
    assert not isinstance(found, Unavailable)
    assert len(found) == 999


def test_permissions_that_stop_at_the_limit_are_cut_off() -> None:
    entry = {"User": "S-1-5-21-1-2-3-4", "AccessRights": ["FullAccess"], "Deny": False, "IsInherited": False}
    found = permissions_of(CmdletResult(CmdletCall("Get-MailboxPermission"), (entry,) * 1000))
    assert isinstance(found, Unavailable)


class Listing:
    """A shell that answers Get-ServicePrincipal with a full list, and by its id with what is given."""

    connection = None
    remarks: tuple[str, ...] = ()

    def __init__(self, by_id: Sequence[Mapping[str, object]]) -> None:
        self._by_id = tuple(by_id)

    def invoke_many(self, calls: Sequence[CmdletCall]) -> list[CmdletResult]:
        return [CmdletResult(call, self._rows(call)) for call in calls]

    def _rows(self, call: CmdletCall) -> tuple[Mapping[str, object], ...]:
        if call.cmdlet != "Get-ServicePrincipal":
            return ()
        return self._by_id if "Identity" in call.parameters else rows(1000)


@pytest.mark.parametrize(
    ("by_id", "found"), [((), False), (rows(3), False), (rows(3, AppId=APP, ObjectId=ENTERPRISE), True)]
)
def test_what_a_full_list_does_not_show_is_asked_for(by_id: Sequence[Mapping[str, object]], *, found: bool) -> None:
    exchange = collect(Listing(by_id), [MAILBOX], APP).exchange  # type: ignore[arg-type]
    principals = exchange.service_principals
    assert isinstance(principals, Unavailable) is not found
    report = build(
        healthy(exchange=replace(healthy().exchange, service_principals=principals)), command="", started=NOW
    )
    assert report.exit_code == (0 if found else 3)


# Reports


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_report_that_was_cut_is_no_report(form: str) -> None:
    evidence = healthy()
    whole = render(build(evidence, command="", started=NOW), form)
    lines = whole.splitlines(keepends=True)
    last = next(number for number, line in enumerate(lines) if "left_out:" in line.replace('"', "") and number > 50)
    for number in range(1, last if form == "yaml" else len(lines) - 1, 5):
        with pytest.raises(NotAReport):
            load_evidence("".join(lines[:number]))
    assert load_evidence(whole) == evidence
