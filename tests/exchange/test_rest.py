"""The admin REST transport against the lab's endpoint, and against one that answers what it is told."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import trustme

from diagnostics.evidence import Missing, Unavailable
from diagnostics.exchange.collect import collect, uncollected
from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.options import RestOptions
from diagnostics.exchange.port import CmdletCall, ErrorKind, Shell, ShellUnavailable
from diagnostics.exchange.rest_answers import Reply, error_of, page_of, retry_after
from diagnostics.ids import ApplicationId
from diagnostics.lab.adminrest import THROTTLED_TEXT, throttled
from diagnostics.lab.certificates import authority, server_context
from diagnostics.lab.faults import Fault
from diagnostics.lab.https import HttpsEndpoint, Request, Response
from diagnostics.lab.state import ExchangeServicePrincipal, Recipient
from tests.exchange.conftest import Tenant


@pytest.fixture
def shell(tenant: Tenant) -> Iterator[Shell]:
    with open_shell(tenant.rest(operation_timeout=6), tenant.request()) as opened:
        yield opened


def read(shell: Shell, count: int = 1) -> list[Any]:
    return shell.invoke_many([CmdletCall("Get-ServicePrincipal")] * count)


def test_it_says_that_microsoft_does_not_support_it(tenant: Tenant, shell: Shell) -> None:
    collected = collect(shell, [tenant.mailbox])
    assert any("Microsoft supports for its own" in warning for warning in collected.exchange.warnings)
    assert any("Microsoft supports for its own" in step.found for step in shell.steps)


def test_reads_go_ten_at_a_time(tenant: Tenant, shell: Shell) -> None:
    before = tenant.lab.faults.exchange.requests
    assert all(result.ok for result in read(shell, 25))
    assert tenant.lab.faults.exchange.requests - before == 3


def many(tenant: Tenant, count: int) -> None:
    for number in range(count):
        tenant.lab.setup.tenant.recipients.append(Recipient(f"b{number}", f"b{number}@contoso.com"))


def test_pages_are_followed_to_the_end(tenant: Tenant, shell: Shell) -> None:
    before = len(shell.invoke("Get-Recipient").rows)
    many(tenant, 2500)
    assert len(shell.invoke("Get-Recipient").rows) == before + 2500
    together = shell.invoke_many([CmdletCall("Get-Recipient")] * 2)
    assert [len(result.rows) for result in together] == [before + 2500] * 2


def test_a_list_that_breaks_off_is_no_answer(tenant: Tenant, shell: Shell) -> None:
    many(tenant, 1500)
    faults = tenant.lab.faults.exchange
    faults.add(Fault())
    faults.add(Fault(status=400, body=b'{"error":{"message":"Expired or Invalid pagination request."}}'))
    result: Any = shell.invoke("Get-Recipient")
    assert not result.answered
    assert result.rows == ()
    assert "breaks off after 1000 rows" in result.error.message


def test_a_list_that_exchange_itself_cuts_off_proves_no_absence(tenant: Tenant, shell: Shell) -> None:
    held = tenant.lab.setup.tenant.exchange_service_principals
    ours = held.pop()
    held.extend(ExchangeServicePrincipal(f"{n}", f"o{n}", f"App {n}") for n in range(1500))
    absent = collect(shell, [], ApplicationId(ours.app_id)).exchange.service_principals
    assert isinstance(absent, Unavailable)
    assert absent.missing is Missing.CUT_OFF
    held.append(ours)
    found = collect(shell, [], ApplicationId(ours.app_id)).exchange.service_principals
    assert not isinstance(found, Unavailable)
    assert found[0].object_id == ours.object_id


@pytest.mark.parametrize("count", [1, 4])
def test_a_throttled_read_waits_as_long_as_asked(tenant: Tenant, shell: Shell, count: int) -> None:
    tenant.lab.faults.exchange.add(throttled(1))
    started = time.monotonic()
    assert all(result.ok for result in read(shell, count))
    assert 1 <= time.monotonic() - started < 4


def test_without_retry_after_it_backs_off(tenant: Tenant, shell: Shell) -> None:
    tenant.lab.faults.exchange.add(throttled(None), 2)
    assert read(shell)[0].ok


def test_throttled_for_longer_than_there_is_time(tenant: Tenant, shell: Shell) -> None:
    tenant.lab.faults.exchange.always = throttled(600)
    started = time.monotonic()
    (result,) = read(shell)
    assert time.monotonic() - started < 3
    assert result.error.kind is ErrorKind.THROTTLED
    assert result.error.retry_after == 600
    assert not result.answered


@pytest.mark.parametrize("status", [503, 504])
def test_a_read_outlasts_a_gateways_bad_moment(tenant: Tenant, shell: Shell, status: int) -> None:
    tenant.lab.faults.exchange.add(Fault(status=status, body=b"busy"))
    assert read(shell)[0].ok


def test_a_transient_directory_exception_is_asked_again(tenant: Tenant, shell: Shell) -> None:
    text = b'{"error":{"message":"|Microsoft.Exchange.Data.Directory.ADTransientException|The server is busy."}}'
    tenant.lab.faults.exchange.add(Fault(status=400, body=text, content_type="application/json"))
    assert read(shell)[0].ok


def disable_imap(tenant: Tenant, shell: Shell) -> tuple[Any, int]:
    before = tenant.lab.faults.exchange.requests
    result = shell.invoke("Set-CASMailbox", Identity=tenant.mailbox, ImapEnabled=False)
    return result, tenant.lab.faults.exchange.requests - before


def test_a_throttled_write_is_sent_again(tenant: Tenant, shell: Shell) -> None:
    tenant.lab.faults.exchange.add(throttled(0))
    result, requests = disable_imap(tenant, shell)
    assert result.ok
    assert requests == 2
    assert tenant.lab.setup.mailbox.imap_enabled is False


@pytest.mark.parametrize(
    "fault",
    [Fault(status=503, body=b"busy"), Fault(status=504), Fault(status=500), Fault(drop=True), Fault(drop_after=True)],
    ids=["503", "504", "500", "cut before", "cut after"],
)
def test_a_write_of_unknown_outcome_is_not_sent_again(tenant: Tenant, shell: Shell, fault: Fault) -> None:
    tenant.lab.faults.exchange.add(fault)
    result, requests = disable_imap(tenant, shell)
    assert requests == 1
    assert not result.answered
    assert not result.error.outcome_known


def test_writes_and_reads_keep_their_order(tenant: Tenant, shell: Shell) -> None:
    mailbox = {"Identity": tenant.mailbox}
    calls = [
        CmdletCall("Get-CASMailbox", mailbox),
        CmdletCall("Set-CASMailbox", {**mailbox, "ImapEnabled": False}),
        CmdletCall("Get-CASMailbox", mailbox),
    ]
    before, _, after = shell.invoke_many(calls)
    assert (before.rows[0]["ImapEnabled"], after.rows[0]["ImapEnabled"]) == (True, False)


def test_a_hanging_endpoint_is_late_and_not_empty(tenant: Tenant) -> None:
    with open_shell(tenant.rest(operation_timeout=1), tenant.request()) as shell:
        tenant.lab.faults.exchange.always = Fault(latency=30)
        started = time.monotonic()
        results = read(shell, 25)
        assert time.monotonic() - started < 8
    assert {result.error.kind for result in results} == {ErrorKind.TIMED_OUT, ErrorKind.NOT_REACHED}
    assert not any(result.answered for result in results)


def test_a_line_that_is_cut(tenant: Tenant, shell: Shell) -> None:
    tenant.lab.faults.exchange.always = Fault(drop=True)
    for result in read(shell, 3):
        assert result.error.kind is ErrorKind.CONNECTION
        assert not result.answered


class Told(HttpsEndpoint):
    """An endpoint that answers the probe, then what it is told."""

    def __init__(self, context: Any, *answers: Response) -> None:
        super().__init__(context)
        self.answers = list(answers)
        self.seen: list[Request] = []

    def handle(self, request: Request) -> Response:
        self.seen.append(request)
        if len(self.seen) == 1:
            return Response.from_json({"value": []})
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def told(tenant: Tenant, tmp_path: Any) -> Iterator[Any]:
    certificates: trustme.CA = authority("test")
    ca_file = tmp_path / "ca.pem"
    certificates.cert_pem.write_to_path(str(ca_file))
    running: list[Told] = []

    def answers(*responses: Response) -> tuple[RestOptions, Told]:
        endpoint = Told(server_context(certificates), *responses)
        endpoint.start()
        running.append(endpoint)
        return tenant.rest(base=endpoint.url, ca_file=ca_file, operation_timeout=4), endpoint

    yield answers
    for endpoint in running:
        endpoint.close()


def asked(tenant: Tenant, options: RestOptions, cmdlet: str = "Get-ServicePrincipal") -> Any:
    with open_shell(options, tenant.request()) as shell:
        return shell.invoke(cmdlet)


def test_what_a_request_looks_like(tenant: Tenant, told: Any) -> None:
    options, endpoint = told(Response.from_json({"value": []}))
    request = tenant.request()
    with open_shell(options, request) as shell:
        shell.invoke("Get-ServicePrincipal")
    seen = endpoint.seen[1]
    assert seen.path == f"/adminapi/beta/{request.tenant_id}/InvokeCommand"
    assert seen.json() == {"CmdletInput": {"CmdletName": "Get-ServicePrincipal", "Parameters": {}}}
    assert seen.headers["Authorization"] == f"Bearer {request.access_token.reveal()}"
    assert seen.headers["X-CmdletName"] == "Get-ServicePrincipal"
    assert seen.headers["Prefer"] == "odata.maxpagesize=1000"
    assert seen.headers["X-ResponseFormat"] == "json"
    system = "SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}"
    assert seen.headers["X-AnchorMailbox"] == f"APP:{system}@{request.tenant_id}"
    assert seen.headers["connection-id"] == endpoint.seen[0].headers["connection-id"]
    assert seen.headers["client-request-id"] != endpoint.seen[0].headers["client-request-id"]


def test_a_delegated_operator_is_the_anchor(tenant: Tenant, told: Any) -> None:
    options, endpoint = told(Response.from_json({"value": []}))
    with open_shell(options, tenant.request(organization="", user_principal_name="admin@contoso.com")):
        pass
    assert endpoint.seen[0].headers["X-AnchorMailbox"] == "UPN:admin@contoso.com"


def test_another_origin_gets_nothing(tenant: Tenant, told: Any) -> None:
    other, stranger = told(Response.from_json({"value": [{"AppId": "x"}]}))
    link = f"{other.base}/adminapi/beta/x/InvokeCommand?$skiptoken=1"
    options, _ = told(Response.from_json({"value": [{"AppId": "a"}], "@odata.nextLink": link}))
    result = asked(tenant, options)
    assert result.rows == ()
    assert not result.answered
    assert "where nothing was sent" in result.error.message
    assert stranger.seen == []


def test_pages_without_end(tenant: Tenant, told: Any) -> None:
    options, endpoint = told(Response())
    link = f"{options.base}/adminapi/beta/x/InvokeCommand?$skiptoken=1"
    endpoint.answers = [Response.from_json({"value": [{"AppId": "a"}], "@odata.nextLink": link})]
    assert "no end" in asked(tenant, options).error.message


def test_a_redirect_is_not_followed(tenant: Tenant, told: Any) -> None:
    other, stranger = told(Response.from_json({"value": []}))
    options, _ = told(Response(302, b"", {"Location": other.base}))
    assert not asked(tenant, options).answered
    assert stranger.seen == []


@pytest.mark.parametrize(
    "response",
    [
        Response(200, b"<html>sign in</html>", {"Content-Type": "text/html"}),
        Response(200, b""),
        Response(200, b"[]"),
        Response(200, b'{"value": null}'),
        Response(200, b"{" * 100_000),
        Response(200, b'{"value": [], "@odata.nextLink": 7}'),
        Response(200, b'{"value": [], "@adminapi.warnings": "There are more results available"}'),
        Response(200, b'{"value": [{"AppId": NaN}]}'),
        Response(204, b""),
        Response(418, b"short and stout"),
    ],
    ids=["html", "nothing", "a list", "no value", "deep", "link", "warning", "nan", "204", "418"],
)
@pytest.mark.parametrize("count", [1, 3])
def test_an_answer_of_another_shape_is_no_empty_list(tenant: Tenant, told: Any, response: Response, count: int) -> None:
    options, _ = told(response)
    with open_shell(options, tenant.request()) as shell:
        for result in read(shell, count):
            assert not result.answered
            assert result.error is not None


def test_a_batch_that_forgets_a_part(tenant: Tenant, told: Any) -> None:
    value = {"value": [{"AppId": "a"}]}
    batch = {"responses": [{"id": "1", "status": 200, "body": value}, {"id": "7", "status": 200, "body": value}]}
    options, endpoint = told(Response.from_json(batch), Response.from_json({"value": []}))
    with open_shell(options, tenant.request()) as shell:
        results = read(shell, 2)
    assert [len(result.rows) for result in results] == [0, 1]
    assert len(endpoint.seen) == 3, "the part without an answer is asked alone"


SHAPES = [
    ({"error": {"innererror": {"internalexception": {"message": "inner"}}, "message": "outer"}}, "inner"),
    ({"error": {"InnerError": {"InternalException": {"Message": "inner"}}, "message": "outer"}}, "inner"),
    ({"error": {"details": [{"message": "Ex6F9304|a.b.C|the text"}], "message": "outer"}}, "the text"),
    ({"error": {"message": "outer"}}, "outer"),
]


@pytest.mark.parametrize(("body", "message"), SHAPES)
def test_the_three_shapes_of_an_error(body: dict[str, Any], message: str) -> None:
    assert error_of(Reply(400, {}, json.dumps(body).encode())).message == message


def test_a_refusal_of_nul_bytes_says_why_in_its_header() -> None:
    reply = Reply(403, {"X-MS-Diagnostics": '2000001;reason="no role here";error_category="x"'}, b"\0" * 64)
    error = error_of(reply)
    assert (error.kind, error.message) == (ErrorKind.NO_RIGHTS, "no role here")


def test_refusals_without_words() -> None:
    assert error_of(Reply(401, {}, b"")).kind is ErrorKind.NOT_SIGNED_IN
    assert error_of(Reply(403, {}, b"\0")).kind is ErrorKind.NO_RIGHTS
    assert "HTTP 500" in error_of(Reply(500, {}, b"")).message


def test_throttling_in_plain_text() -> None:
    error = error_of(Reply(429, {"Retry-After": "7"}, THROTTLED_TEXT))
    assert (error.kind, error.retry_after) == (ErrorKind.THROTTLED, 7.0)


@pytest.mark.parametrize("value", ["soon", "", "-3"])
def test_a_retry_after_that_is_none(value: str) -> None:
    assert retry_after(Reply(429, {"Retry-After": value}, b"")) is None


def test_a_retry_after_as_a_date() -> None:
    assert retry_after(Reply(429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, b"")) == 0.0


def test_annotations_are_not_properties() -> None:
    page = page_of(Reply(200, {}, b'{"value":[{"Guid@odata.type":"#Guid","Guid":"x"}],"@adminapi.warnings":["w"]}'))
    assert page is not None
    assert page.rows == ({"Guid": "x"},)
    assert page.warnings == ("w",)


@pytest.mark.parametrize(
    ("base", "words"),
    [("http://outlook.office365.com", "not an https address"), ("outlook.office365.com", "not an https address")],
)
def test_the_base_is_https(tenant: Tenant, base: str, words: str) -> None:
    with pytest.raises(ShellUnavailable, match=words):
        open_shell(replace(tenant.rest(), base=base), tenant.request()).__enter__()


def test_a_closed_port(tenant: Tenant) -> None:
    with pytest.raises(ShellUnavailable) as raised:
        open_shell(replace(tenant.rest(), base="https://127.0.0.1:1"), tenant.request()).__enter__()
    assert raised.value.kind is ErrorKind.CONNECTION
    evidence = uncollected(raised.value, [tenant.mailbox], "rest")
    assert "sign in to Exchange Online" in str(evidence.exchange.connection)
