"""The admin REST endpoint as a client meets it: bodies, pages, batches, and three shapes of error."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from diagnostics.lab.adminrest import AdminRestEndpoint, throttled
from diagnostics.lab.state import PermissionEntry, Recipient, Tenant, new_id, new_sid
from tests.lab.powershell.conftest import LabWorld


class Client:
    def __init__(self, lab: LabWorld, endpoint: AdminRestEndpoint) -> None:
        self.lab = lab
        self.base = f"{endpoint.url}/adminapi/beta/{lab.tenant.id}"
        self.headers = {"Authorization": f"Bearer {lab.token()}", "X-ResponseFormat": "json"}

    def post(self, body: Any, url: str | None = None, **headers: str) -> requests.Response:
        return requests.post(
            url or f"{self.base}/InvokeCommand",
            json=body,
            headers={**self.headers, **headers},
            verify=str(self.lab.ca_file),
            timeout=10,
        )

    def invoke(self, cmdlet: str, **parameters: Any) -> requests.Response:
        return self.post(body_of(cmdlet, **parameters), **{"X-CmdletName": cmdlet})


def body_of(cmdlet: str, **parameters: Any) -> dict[str, Any]:
    return {"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}}


@pytest.fixture
def rest(lab: LabWorld) -> AdminRestEndpoint:
    return lab.rest()


@pytest.fixture
def client(lab: LabWorld, rest: AdminRestEndpoint) -> Client:
    return Client(lab, rest)


def test_rows_warnings_and_context(lab: LabWorld, client: Client) -> None:
    answer = client.invoke("Get-ServicePrincipal").json()
    assert answer["value"][0]["ObjectId"] == lab.principal.object_id
    assert answer["value"][0]["Guid@odata.type"] == "#Guid"
    assert answer["@adminapi.warnings"] == []
    assert answer["adminapi.warnings@odata.type"] == "#Collection(String)"
    assert "@odata.nextLink" not in answer
    entry = client.invoke("Get-MailboxPermission", Identity="erp").json()["value"][0]
    recorded = {"User": "NT AUTHORITY\\SELF", "AccessRights": ["FullAccess, ReadPermission"], "Deny": False}
    assert recorded.items() <= entry.items()
    assert (entry["UserSid"], entry["PrimarySmtpAddress"]) == ("S-1-5-10", "")


def test_writes_are_seen_at_once_and_ask_nothing(lab: LabWorld, client: Client) -> None:
    who = {"Identity": "erp", "User": lab.principal.object_id, "AccessRights": ["FullAccess"]}
    assert client.invoke("Add-MailboxPermission", **who, InheritanceType="All", AutoMapping=False).status_code == 200
    assert lab.mailbox.permissions[0].user == lab.principal.object_id
    again = client.invoke("Add-MailboxPermission", **who).json()
    assert "already present" in again["@adminapi.warnings"][0]
    assert client.invoke("Remove-MailboxPermission", **who).json()["value"] == []
    assert lab.mailbox.permissions == []


def test_pages_follow_the_next_link_with_the_same_body(lab: LabWorld, client: Client) -> None:
    lab.tenant.recipients += [Recipient(f"u{n}", f"u{n}@contoso.com", f"u{n}@contoso.com") for n in range(25)]
    body = body_of("Get-Recipient", ResultSize="Unlimited")
    prefer = {"Prefer": "odata.maxpagesize=10"}
    answer = client.post(body, **prefer).json()
    seen = [row["Alias"] for row in answer["value"]]
    while link := answer.get("@odata.nextLink"):
        assert link.startswith(client.base)
        answer = client.post(body, link, **prefer).json()
        seen += [row["Alias"] for row in answer["value"]]
    assert len(seen) == len(set(seen)) == 29
    first = client.post(body, **prefer).json()["@odata.nextLink"]
    for wrong in (client.post(body_of("Get-Mailbox"), first), client.post(body, first[:-4] + "0000")):
        assert wrong.status_code == 400
        assert "Expired or Invalid pagination request" in wrong.json()["error"]["message"]


def test_three_shapes_of_error(lab: LabWorld, client: Client) -> None:
    missing = client.invoke("Get-Mailbox", Identity="nobody")
    assert missing.status_code == 404
    code, kind, text = missing.json()["error"]["details"][0]["message"].split("|")
    assert (code, kind.rpartition(".")[2]) == ("Ex6F9304", "ManagementObjectNotFoundException")
    assert "'nobody' couldn't be found on" in text
    lab.mailbox.permissions += [PermissionEntry(f"u{n}@contoso.com", new_sid()) for n in range(499)]
    full = client.invoke("Add-MailboxPermission", Identity="erp", User="info", AccessRights="FullAccess").json()
    assert "entries of 500" in full["error"]["innererror"]["internalexception"]["message"]
    plain = client.invoke("Get-Mailbox", Nothing=1).json()["error"]
    assert plain["message"] == "A parameter cannot be found that matches parameter name 'Nothing'."
    assert "details" not in plain
    assert "not recognized" in client.invoke("Get-Process").json()["error"]["message"]
    assert "not recognized" in client.invoke("Connect-ExchangeOnline").json()["error"]["message"]


def test_parameters_are_an_object(client: Client) -> None:
    bodies: tuple[Any, ...] = (
        {"CmdletInput": {"CmdletName": "Get-Mailbox", "Parameters": None}},
        {"CmdletInput": {"CmdletName": "Get-Mailbox"}},
        {"CmdletInput": {"Parameters": {}}},
        {},
        [],
    )
    for body in bodies:
        assert client.post(body).status_code == 400


def test_who_may_call(lab: LabWorld, client: Client) -> None:
    client.headers["Authorization"] = f"Bearer {lab.token(roles=[])}"
    refused = client.invoke("Get-Mailbox")
    assert (refused.status_code, refused.content) == (401, b"")
    client.headers["Authorization"] = "Basic eDp5"
    assert client.invoke("Get-Mailbox").status_code == 401
    client.headers["Authorization"] = f"Bearer {lab.token(audience='https://graph.microsoft.com')}"
    assert client.invoke("Get-Mailbox").status_code == 401
    client.headers["Authorization"] = f"Bearer {lab.token()}"
    lab.operator.directory_roles.clear()
    forbidden = client.invoke("Get-Mailbox")
    assert forbidden.status_code == 403
    assert set(forbidden.content) == {0}
    assert "isn't supported in this scenario" in forbidden.headers["x-ms-diagnostics"]
    lab.operator.directory_roles = {"Global Reader"}
    assert client.invoke("Get-Mailbox").status_code == 200
    reader = client.invoke("New-ServicePrincipal", AppId=new_id(), ObjectId=new_id())
    assert reader.status_code == 403
    assert "not present in the role definition" in reader.json()["error"]["message"]


def test_another_tenants_path_is_closed(lab: LabWorld, client: Client, rest: AdminRestEndpoint) -> None:
    other = Tenant("Fabrikam", ["fabrikam.com"])
    lab.world.tenants.append(other)
    url = f"{rest.url}/adminapi/beta/{other.id}/InvokeCommand"
    assert client.post(body_of("Get-Mailbox"), url).status_code == 401
    assert client.post(body_of("Get-Mailbox"), f"{rest.url}/adminapi/beta/{new_id()}/InvokeCommand").status_code == 401
    assert client.post({}, f"{rest.url}/other").status_code == 404


def test_a_batch_answers_each_request(lab: LabWorld, client: Client) -> None:
    def item(number: int, cmdlet: str, **parameters: Any) -> dict[str, Any]:
        url = f"/adminapi/beta/{lab.tenant.id}/InvokeCommand"
        return {"id": str(number), "method": "POST", "url": url, "body": body_of(cmdlet, **parameters)}

    asked = [
        item(1, "Get-Mailbox", Identity="erp"),
        item(2, "Get-Mailbox", Identity="nobody"),
        item(3, "Get-Process"),
        {"id": "4", "method": "GET", "url": "/"},
        {"id": "5", "method": "POST", "url": f"/adminapi/beta/{new_id()}/InvokeCommand", "body": {}},
    ]
    answers = client.post({"requests": asked}, f"{client.base}/$batch").json()["responses"]
    assert [(answer["id"], answer["status"]) for answer in answers] == [
        ("1", 200),
        ("2", 404),
        ("3", 400),
        ("4", 404),
        ("5", 401),
    ]
    assert answers[0]["body"]["value"][0]["Alias"] == "erp"
    too_many = client.post({"requests": [asked[0]] * 11}, f"{client.base}/$batch")
    assert too_many.status_code == 400
    assert client.post({}, f"{client.base}/$batch").status_code == 400


def test_throttling_says_when_to_come_back(client: Client, rest: AdminRestEndpoint) -> None:
    rest.faults.add(throttled(3))
    before = rest.requests
    slow = client.invoke("Get-Mailbox")
    assert (slow.status_code, slow.headers["Retry-After"]) == (429, "3")
    assert slow.text.startswith("You have reached the maximum number of concurrent requests per tenant")
    assert client.invoke("Get-Mailbox").status_code == 200
    assert rest.requests - before == 2


def test_a_cmdlet_that_is_not_simulated_says_so(client: Client) -> None:
    lacking, nothing = client.invoke("Get-TransportConfig"), client.invoke("Get-Nothing")
    assert "is not simulated" in lacking.text
    assert "is not recognized" in nothing.text
    assert {lacking.status_code, nothing.status_code} == {400}
