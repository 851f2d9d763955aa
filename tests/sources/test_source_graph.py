from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from diagnostics.evidence import (
    Absent,
    AppRegistration,
    DirectoryObjectKind,
    EnterpriseApplication,
    GraphEvidence,
    Missing,
    Unavailable,
)
from diagnostics.ids import ApplicationId
from diagnostics.lab.faults import Fault
from diagnostics.lab.server import Lab
from diagnostics.lab.state import new_id
from diagnostics.net.client import HttpOptions, HttpSession, open_session
from diagnostics.redaction import Secret
from diagnostics.sources.graph import GraphOptions, collect_graph
from diagnostics.sources.operator import OperatorApplication, OperatorOptions, Resource, sign_in
from diagnostics.sources.tokens import OperatorToken
from tests.sources.source_peers import Peer, as_json, http_answers

Start = Callable[..., Peer]
GRAPH = "https://graph.microsoft.com/.default"


def collect(lab: Lab, application_id: str = "", *ids: str, scope: str = GRAPH) -> GraphEvidence:
    profile: dict[str, Any] = yaml.safe_load(lab.profile.read_text())
    own = OperatorApplication(profile["operator"]["application_id"], Secret(lab.env["DIAG_OPERATOR_SECRET"]))
    login = OperatorOptions(profile["endpoints"]["login"], profile["tenant"], scope, own)
    with open_session(HttpOptions(ca_file=lab.ca_file, connect_timeout=5, timeout=10, retries=0)) as http:
        token = sign_in(login, Resource.GRAPH, http=http).token
        found = collect_graph(
            GraphOptions(profile["endpoints"]["graph"], token),
            ApplicationId(application_id or lab.setup.registration.app_id),
            http=http,
            exchange_object_ids=ids,
        )
    assert token.reveal() not in repr(found)
    return found


def kinds(found: GraphEvidence) -> dict[str, DirectoryObjectKind]:
    return {item.id: item.kind for item in found.objects}


def test_a_healthy_application_is_described(lab: Lab) -> None:
    found = collect(lab)
    setup = lab.setup
    assert isinstance(found.enterprise_application, EnterpriseApplication)
    assert found.enterprise_application.object_id == setup.enterprise.object_id
    assert found.enterprise_application.account_enabled is True
    assert found.enterprise_application.owner_tenant_id == setup.tenant.id
    assert isinstance(found.registration, AppRegistration)
    assert found.registration.object_id == setup.registration.object_id
    credential = found.registration.password_credentials[0]
    assert credential.hint == lab.env["DIAG_APPLICATION_SECRET"][:3]
    assert credential.ends_at == setup.registration.password_credentials[0].end
    assert isinstance(found.exchange_online, EnterpriseApplication)
    names = {permission.id: permission.value for permission in found.exchange_online.permissions}
    assert isinstance(found.role_assignments, tuple)
    assert [names[grant.app_role_id] for grant in found.role_assignments] == ["IMAP.AccessAsApp"]
    assert found.role_assignments[0].resource_id == found.exchange_online.object_id
    assert found.role_assignments[0].created_at is not None
    assert {names.get(wanted.id) for wanted in found.registration.required_permissions} >= {"IMAP.AccessAsApp"}
    assert found.delegated_grants == ()
    assert found.objects == ()


def test_unknown_ids_are_named(lab: Lab) -> None:
    setup, tenant = lab.setup, lab.setup.tenant
    deleted = copy.deepcopy(setup.enterprise)
    deleted.object_id = new_id()
    tenant.deleted_service_principals.append(deleted)
    exchange = tenant.enterprise_application("00000002-0000-0ff1-ce00-000000000000")
    assert exchange is not None
    nothing = new_id()
    ids = (setup.registration.object_id, setup.enterprise.object_id, deleted.object_id, exchange.object_id, nothing)
    try:
        found = collect(lab, "", *ids, nothing.upper(), "")
    finally:
        tenant.deleted_service_principals.remove(deleted)
    assert kinds(found) == {
        setup.registration.object_id: DirectoryObjectKind.APP_REGISTRATION,
        setup.enterprise.object_id: DirectoryObjectKind.ENTERPRISE_APPLICATION,
        deleted.object_id: DirectoryObjectKind.DELETED_ENTERPRISE_APPLICATION,
        exchange.object_id: DirectoryObjectKind.EXCHANGE_ONLINE,
        nothing: DirectoryObjectKind.NOTHING,
    }
    named = next(item for item in found.objects if item.id == setup.registration.object_id)
    assert named.application_id == setup.registration.app_id


def test_an_object_id_in_place_of_the_application_id_is_named(lab: Lab) -> None:
    found = collect(lab, lab.setup.registration.object_id)
    assert isinstance(found.registration, Absent)
    assert isinstance(found.enterprise_application, Absent)
    assert isinstance(found.role_assignments, Unavailable)
    assert found.role_assignments.missing is Missing.BLOCKED
    assert kinds(found) == {lab.setup.registration.object_id: DirectoryObjectKind.APP_REGISTRATION}


@pytest.mark.parametrize("typed", ["not a guid", "a'b", "a/b?c#d", ">" + "1" * 8, "\u200b", "')/x"])
def test_whatever_was_typed_is_one_value_of_one_question(lab: Lab, typed: str) -> None:
    found = collect(lab, typed)
    assert isinstance(found.registration, Absent | Unavailable)
    assert isinstance(found.exchange_online, EnterpriseApplication)


def test_an_operator_without_rights_leaves_everything_open(lab: Lab) -> None:
    operator = lab.setup.operator_enterprise
    held = list(operator.app_role_assignments)
    operator.app_role_assignments.clear()
    try:
        found = collect(lab, "", new_id())
    finally:
        operator.app_role_assignments.extend(held)
    parts = (found.enterprise_application, found.registration, found.exchange_online, found.role_assignments)
    assert {part.missing for part in parts if isinstance(part, Unavailable)} == {Missing.NO_RIGHTS}
    assert all(isinstance(part, Unavailable) for part in parts)
    assert found.objects == (), "could not look is never nothing there"


def test_a_token_for_another_audience_is_no_sign_in(lab: Lab) -> None:
    found = collect(lab, scope="https://outlook.office365.com/.default")
    assert isinstance(found.registration, Unavailable)
    assert found.registration.missing is Missing.NOT_SIGNED_IN


def test_a_server_error_is_not_absence(lab: Lab) -> None:
    lab.faults.graph.add(Fault(status=500, body=b"{}", content_type="application/json"), times=3)
    found = collect(lab)
    assert isinstance(found.registration, Unavailable)
    assert found.registration.missing is Missing.REMOTE_ERROR
    assert isinstance(found.enterprise_application, Unavailable)
    assert isinstance(found.role_assignments, Unavailable)


def test_every_page_is_read(lab: Lab) -> None:
    setup = lab.setup
    held = list(setup.enterprise.app_role_assignments)
    for _ in range(250):
        setup.enterprise.app_role_assignments.append(copy.deepcopy(held[0]))
    try:
        found = collect(lab)
    finally:
        setup.enterprise.app_role_assignments[:] = held
    assert isinstance(found.role_assignments, tuple)
    assert len(found.role_assignments) == 251


SERVICE_PRINCIPAL = {"id": "33333333-2222-3333-4444-555555555555", "appId": "x", "displayName": "Mail import"}


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ({"value": [], "@odata.nextLink": "https://graph.example/v1.0/next"}, "on another server, graph.example"),
        ({"value": [], "@odata.nextLink": "again"}, None),
        ({"value": {}}, "without a list"),
        ({}, "without a list"),
    ],
)
def test_a_page_that_cannot_be_read_leaves_the_list_open(
    http: HttpSession, peer: Start, tls: object, page: dict[str, Any], words: str | None
) -> None:
    def answers(line: str, _body: bytes) -> Any:
        if "appRoleAssignments" in line or "oauth2PermissionGrants" in line:
            return as_json(page)
        return as_json(SERVICE_PRINCIPAL)

    server = peer(http_answers(answers), tls)
    base = f"https://localhost:{server.port}"
    if words is None:
        page = {"value": [], "@odata.nextLink": f"{base}/v1.0/servicePrincipals/x/appRoleAssignments"}
        words = "more than 50 pages"
    found = collect_graph(GraphOptions(base, OperatorToken("the operator's token")), ApplicationId("x"), http=http)
    assert isinstance(found.role_assignments, Unavailable)
    assert words in found.role_assignments.reason


def test_an_answer_of_another_shape_is_unexpected(http: HttpSession, peer: Start, tls: object) -> None:
    server = peer(http_answers(lambda _line, _body: as_json({"id": 7})), tls)
    found = collect_graph(
        GraphOptions(f"https://localhost:{server.port}", OperatorToken("token")), ApplicationId("x"), http=http
    )
    for part in (found.enterprise_application, found.registration, found.exchange_online):
        assert isinstance(part, Unavailable)
        assert part.missing is Missing.UNEXPECTED


FOREIGN = {
    "an empty object": {},
    "another service's code": {"error": {"code": "ResourceNotFound", "message": "Resource not found"}},
    "a gateway's": {"statusCode": 404, "message": "Resource not found"},
    "words": {"error": "not found"},
    "a code of another type": {"error": {"code": 404, "message": "no"}},
    "a list": {"error": ["Request_ResourceNotFound"]},
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_404_that_is_not_graphs_is_no_absence(http: HttpSession, peer: Start, tls: object, name: str) -> None:
    server = peer(http_answers(lambda _line, _body: as_json(FOREIGN[name], 404)), tls)
    found = collect_graph(
        GraphOptions(f"https://localhost:{server.port}", OperatorToken("token")), ApplicationId("x"), http=http
    )
    for part in (found.enterprise_application, found.registration, found.exchange_online):
        assert isinstance(part, Unavailable)
        assert part.missing is Missing.UNEXPECTED
    assert found.objects == ()


WRONG: dict[str, Any] = {
    "id": 7,
    "appId": ["x"],
    "displayName": {"a": "b"},
    "accountEnabled": "true",
    "appRoles": [7],
    "passwordCredentials": {},
    "keyCredentials": ["x"],
    "requiredResourceAccess": [{"resourceAccess": "x"}],
    "web": {"redirectUris": [7]},
    "spa": [],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_property_of_another_type_is_not_understood(http: HttpSession, peer: Start, tls: object, name: str) -> None:
    server = peer(http_answers(lambda _line, _body: as_json({**SERVICE_PRINCIPAL, name: WRONG[name]})), tls)
    found = collect_graph(
        GraphOptions(f"https://localhost:{server.port}", OperatorToken("token")), ApplicationId("x"), http=http
    )
    parts = (found.enterprise_application, found.registration)
    assert any(isinstance(part, Unavailable) and part.missing is Missing.UNEXPECTED for part in parts)
    assert not any(isinstance(part, Absent) for part in parts)


@pytest.mark.parametrize(
    "row",
    [7, None, {}, {"appRoleId": 7, "resourceId": "r"}, {"appRoleId": "a"}, {"appRoleId": "a", "resourceId": None}, []],
)
def test_a_row_that_is_not_understood_leaves_the_list_open(
    http: HttpSession, peer: Start, tls: object, row: Any
) -> None:
    def answers(line: str, _body: bytes) -> Any:
        return as_json({"value": [row]} if "Assignments" in line or "Grants" in line else SERVICE_PRINCIPAL)

    server = peer(http_answers(answers), tls)
    found = collect_graph(
        GraphOptions(f"https://localhost:{server.port}", OperatorToken("token")), ApplicationId("x"), http=http
    )
    for part in (found.role_assignments, found.delegated_grants):
        assert isinstance(part, Unavailable)
        assert part.missing is Missing.UNEXPECTED


def test_the_answer_about_another_application_is_none(http: HttpSession, peer: Start, tls: object) -> None:
    server = peer(http_answers(lambda _line, _body: as_json(SERVICE_PRINCIPAL)), tls)
    found = collect_graph(
        GraphOptions(f"https://localhost:{server.port}", OperatorToken("token")), ApplicationId("y"), http=http
    )
    assert isinstance(found.registration, Unavailable)
    assert isinstance(found.enterprise_application, Unavailable)
    assert "another application" in found.registration.reason
