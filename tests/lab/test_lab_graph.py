from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.lab.odata_filter import BadQuery, compiled
from diagnostics.lab.server import Lab
from diagnostics.lab.state import EXCHANGE_ONLINE_APP_ID, EnterpriseApplication, new_id

from .clients import sign_in

SCOPE = "https://graph.microsoft.com/.default"


@pytest.fixture
def get(lab: Lab, http: requests.Session) -> Callable[..., requests.Response]:
    token = sign_in(lab, http, operator=True, scope=SCOPE)["access_token"]

    def call(path: str, **options: str) -> requests.Response:
        return http.get(
            f"{lab.ready['endpoints']['graph']}/v1.0/{path}",
            params=options,
            headers={"Authorization": f"Bearer {token}"},
            verify=str(lab.ca_file),
        )

    return call


Get = Callable[..., requests.Response]


def test_the_enterprise_application_is_found_by_app_id(lab: Lab, get: Get) -> None:
    ids = lab.ready["ids"]
    path = f"servicePrincipals(appId='{ids['application']}')"
    assert get(path).json()["id"] == ids["enterprise_object_id"]
    selected = get(path, **{"$select": "id,accountEnabled"}).json()
    assert selected.keys() == {"@odata.context", "id", "accountEnabled"}
    assert get(f"servicePrincipals/{ids['enterprise_object_id']}").json()["appId"] == ids["application"]


def test_a_secret_shows_its_hint_and_never_its_value(lab: Lab, get: Get) -> None:
    answer = get(f"applications(appId='{lab.ready['ids']['application']}')")
    (shown,) = answer.json()["passwordCredentials"]
    assert shown["hint"] == lab.env["DIAG_APPLICATION_SECRET"][:3]
    assert shown["secretText"] is None
    assert lab.env["DIAG_APPLICATION_SECRET"] not in answer.text


def test_a_registration_is_found_by_its_object_id(lab: Lab, get: Get) -> None:
    ids = lab.ready["ids"]
    assert get(f"applications/{ids['registration_object_id']}").json()["appId"] == ids["application"]
    assert get(f"servicePrincipals/{ids['registration_object_id']}").status_code == 404


def test_consents_show_from_both_ends(lab: Lab, get: Get) -> None:
    exchange = get(f"servicePrincipals(appId='{EXCHANGE_ONLINE_APP_ID}')").json()
    role = next(role["id"] for role in exchange["appRoles"] if role["value"] == "IMAP.AccessAsApp")
    own = get(f"servicePrincipals/{lab.ready['ids']['enterprise_object_id']}/appRoleAssignments").json()["value"]
    assert [(grant["appRoleId"], grant["resourceId"]) for grant in own] == [(role, exchange["id"])]
    given = get(f"servicePrincipals(appId='{EXCHANGE_ONLINE_APP_ID}')/appRoleAssignedTo").json()["value"]
    assert own[0] in given
    assert len(given) == 2


def test_a_user_is_found_by_upn_and_by_address(lab: Lab, get: Get) -> None:
    (mailbox,) = lab.ready["mailboxes"]
    user = get(f"users/{mailbox}").json()
    found = get("users", **{"$filter": f"proxyAddresses/any(p:p eq 'smtp:{mailbox}')"}).json()["value"]
    assert [person["id"] for person in found] == [user["id"]]


def test_pages_are_linked_and_complete(lab: Lab, get: Get, http: requests.Session) -> None:
    with lab.world.lock:
        tenant = lab.setup.tenant
        tenant.enterprise_applications += [
            EnterpriseApplication(new_id(), f"Application {number}", tenant.id) for number in range(120)
        ]
        expected = {application.object_id for application in tenant.enterprise_applications}
    answer: dict[str, Any] = get("servicePrincipals", **{"$select": "id,displayName", "$top": "50"}).json()
    token = get("servicePrincipals").request.headers["Authorization"]
    seen = [item["id"] for item in answer["value"]]
    pages = 1
    while link := answer.get("@odata.nextLink"):
        answer = http.get(link, headers={"Authorization": token}, verify=str(lab.ca_file)).json()
        assert answer["value"][0].keys() == {"id", "displayName"}
        seen += [item["id"] for item in answer["value"]]
        pages += 1
    assert (pages, len(seen), set(seen)) == (3, len(expected), expected)


@pytest.mark.parametrize(
    ("path", "options", "status", "code"),
    [
        ("servicePrincipals(appId='00000000-0000-0000-0000-000000000001')", {}, 404, "Request_ResourceNotFound"),
        ("users/nobody@contoso.com", {}, 404, "Request_ResourceNotFound"),
        ("servicePrincipals", {"$select": "colour"}, 400, "BadRequest"),
        ("servicePrincipals", {"$filter": "displayName gt 'x'"}, 400, "BadRequest"),
        ("servicePrincipals", {"$top": "0"}, 400, "BadRequest"),
        ("nothing", {}, 400, "BadRequest"),
        ("me", {}, 400, "BadRequest"),
        ("me/messages", {}, 400, "BadRequest"),
        ("servicePrincipals/$count", {}, 400, "Request_BadRequest"),
        ("$metadata", {}, 400, "Request_BadRequest"),
        ("servicePrincipals", {"$filter": "colour eq 'red' or displayName eq 'x'"}, 400, "BadRequest"),
        ("servicePrincipals", {"$filter": "displayName eq 'x' or"}, 400, "BadRequest"),
        ("servicePrincipals", {"$filter": "displayName in ('x'"}, 400, "BadRequest"),
        ("servicePrincipals", {"$filter": "displayName eq 'x"}, 400, "BadRequest"),
        ("servicePrincipals", {"$filter": "(" * 500}, 400, "BadRequest"),
        ("servicePrincipals", {"$filter": ""}, 400, "BadRequest"),
    ],
)
def test_refusals_are_graphs_own(get: Get, path: str, options: dict[str, str], status: int, code: str) -> None:
    answer = get(path, **options)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["innerError"]["request-id"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("$search", '"displayName:ERP"'),
        ("$orderby", "displayName"),
        ("$orderBy", "displayName"),
        ("$expand", "appRoleAssignments"),
        ("$skip", "1"),
        ("$count", "true"),
        ("$apply", "groupby((appId))"),
        ("orderby", "displayName"),
    ],
)
@pytest.mark.parametrize("path", ["servicePrincipals", "users/erp@contoso.com", "organization"])
def test_an_option_that_the_lab_lacks_is_refused_by_its_name(get: Get, path: str, name: str, value: str) -> None:
    answer = get(path, **{name: value})
    assert answer.status_code == 400
    assert f"${name.removeprefix('$')}" in answer.json()["error"]["message"]


def test_one_object_is_neither_filtered_nor_cut(get: Get) -> None:
    for name, value in (("$filter", "displayName eq 'x'"), ("$top", "1")):
        assert f"'{name}'" in get("users/erp@contoso.com", **{name: value}).json()["error"]["message"]


EITHER = "displayName eq 'A or B and C' or startswith(displayName, 'O~~')".replace("~", "'")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("displayName eq 'Microsoft Graph'", {"Microsoft Graph"}),
        ("displayName EQ 'MICROSOFT GRAPH'", {"Microsoft Graph"}),
        ("displayName eq 'Microsoft Graph' or displayName eq 'O~~Hara~~s'", {"Microsoft Graph", "O'Hara's"}),
        ("displayName in ('Microsoft Graph', 'Nobody','A or B and C')", {"Microsoft Graph", "A or B and C"}),
        ("displayName eq 'A or B and C'", {"A or B and C"}),
        ("accountEnabled eq false", {"O'Hara's"}),
        ("disabledByMicrosoftStatus eq null and displayName eq 'O~~Hara~~s'", {"O'Hara's"}),
        ("startswith(displayName,'micro') and accountEnabled eq true", {"Microsoft Graph"}),
        (f"({EITHER}) and accountEnabled eq false", {"O'Hara's"}),
        (f"{EITHER} and accountEnabled eq true", {"A or B and C"}),
        ("servicePrincipalNames/any(n:n eq '00000003-0000-0000-c000-000000000000')", {"Microsoft Graph"}),
        ("appId in (00000003-0000-0000-c000-000000000000)", {"Microsoft Graph"}),
    ],
)
def test_a_filter_finds_what_it_says(lab: Lab, get: Get, expression: str, expected: set[str]) -> None:
    with lab.world.lock:
        lab.setup.tenant.enterprise_applications += [
            EnterpriseApplication(new_id(), "O'Hara's", None, account_enabled=False),
            EnterpriseApplication(new_id(), "A or B and C", None),
        ]
    for name in ("$filter", "filter"):
        found = get("servicePrincipals", **{name: expression.replace("~", "'")}).json()["value"]
        assert {item["displayName"] for item in found} == expected


@pytest.mark.parametrize(
    ("expression", "operator"),
    [("displayName ne 'x'", "ne"), ("not startswith(displayName,'x')", "not"), ("endswith(appId,'x')", "endswith")],
)
def test_an_operator_that_the_lab_lacks_is_named(get: Get, expression: str, operator: str) -> None:
    answer = get("servicePrincipals", **{"$filter": expression})
    assert answer.status_code == 400
    assert f"'{operator}'" in answer.json()["error"]["message"]


def test_a_deleted_enterprise_application_is_among_the_deleted(
    start: Callable[..., Lab], http: requests.Session
) -> None:
    lab = start("exo-sp-stale-after-recreation")
    token = sign_in(lab, http, operator=True, scope=SCOPE)["access_token"]
    (old,) = lab.setup.tenant.exchange_service_principals
    headers = {"Authorization": f"Bearer {token}"}
    base = f"{lab.ready['endpoints']['graph']}/v1.0"
    verify = str(lab.ca_file)
    assert http.get(f"{base}/servicePrincipals/{old.object_id}", headers=headers, verify=verify).status_code == 404
    deleted = http.get(f"{base}/directory/deletedItems/{old.object_id}", headers=headers, verify=verify).json()
    assert deleted["appId"] == old.app_id
    listed = http.get(
        f"{base}/directory/deletedItems/microsoft.graph.servicePrincipal", headers=headers, verify=verify
    ).json()
    assert [item["id"] for item in listed["value"]] == [old.object_id]


def test_without_a_token_graph_answers_401(lab: Lab, http: requests.Session) -> None:
    answer = http.get(f"{lab.ready['endpoints']['graph']}/v1.0/servicePrincipals", verify=str(lab.ca_file))
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"


@pytest.mark.parametrize(("scope", "status"), [(SCOPE, 403), ("https://outlook.office365.com/.default", 401)])
def test_the_application_under_test_may_not_ask_graph(
    lab: Lab, http: requests.Session, scope: str, status: int
) -> None:
    token = sign_in(lab, http, scope=scope)["access_token"]
    answer = http.get(
        f"{lab.ready['endpoints']['graph']}/v1.0/servicePrincipals",
        headers={"Authorization": f"Bearer {token}"},
        verify=str(lab.ca_file),
    )
    assert answer.status_code == status


def test_graph_is_read_only(lab: Lab, http: requests.Session) -> None:
    token = sign_in(lab, http, operator=True, scope=SCOPE)["access_token"]
    answer = http.post(
        f"{lab.ready['endpoints']['graph']}/v1.0/servicePrincipals",
        headers={"Authorization": f"Bearer {token}"},
        json={},
        verify=str(lab.ca_file),
    )
    assert answer.status_code == 405


PIECES = ["appId", "displayName", "tags", "eq", "ne", "in", "or", "and", "not", "(", ")", ",", "'x'", "'it''s'", "null", "true", "/any(t:t eq 'x')", "startswith(", "'", "/", ":", "any", "@", "\u00fc"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_a_filter_is_understood_or_refused(pieces: list[str]) -> None:
    item = {"appId": "1", "displayName": None, "tags": ["x", "y"]}
    with contextlib.suppress(BadQuery):
        assert compiled(" ".join(pieces))(item) in {True, False}


def test_any_is_for_lists() -> None:
    with pytest.raises(BadQuery, match="'appId'"):
        compiled("appId/any(t:t eq '1')")({"appId": "1"})
