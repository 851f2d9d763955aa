from __future__ import annotations

import dataclasses
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from diagnostics.evidence import Missing, TenantDiscovery, Unavailable
from diagnostics.ids import ApplicationId
from diagnostics.lab import assertion, certificates
from diagnostics.lab.server import Lab
from diagnostics.net.client import HttpOptions, HttpSession, open_session
from diagnostics.redaction import Secret
from diagnostics.sources import entra
from diagnostics.sources.entra import (
    ClientCertificate,
    EntraOptions,
    TokenOutcome,
    acquire_token,
    discover,
    discover_clouds,
)
from tests.sources.source_peers import Peer, as_json, http_answers, server_context

Start = Callable[..., Peer]
TENANT = "11111111-2222-3333-4444-555555555555"


def options(lab: Lab) -> EntraOptions:
    profile: dict[str, Any] = yaml.safe_load(lab.profile.read_text())
    return EntraOptions(
        profile["endpoints"]["login"],
        profile["tenant"],
        profile["application"]["id"],
        Secret(lab.env["DIAG_APPLICATION_SECRET"]),
    )


def test_a_tenant_is_found_by_id_and_by_domain(lab: Lab, lab_http: HttpSession) -> None:
    login = options(lab).login
    for asked in (lab.setup.tenant.id, lab.setup.tenant.domains[0]):
        found = discover(asked, login=login, http=lab_http)
        assert isinstance(found, TenantDiscovery)
        assert found.tenant_id == lab.setup.tenant.id
        assert found.region_scope == "EU"
        assert found.error_codes == ()


def test_an_unknown_tenant_is_an_observation(lab: Lab, lab_http: HttpSession) -> None:
    found = discover("nobody.example", login=options(lab).login, http=lab_http)
    assert isinstance(found, TenantDiscovery)
    assert found.tenant_id is None
    assert found.error_codes == (90002,)
    assert "not found" in found.error


def test_common_belongs_to_no_tenant(lab: Lab, lab_http: HttpSession) -> None:
    found = discover("common", login=options(lab).login, http=lab_http)
    assert isinstance(found, TenantDiscovery)
    assert (found.tenant_id, found.error_codes) == (None, ())


def test_a_private_login_host_is_the_only_one_asked(lab: Lab, lab_http: HttpSession) -> None:
    found = discover_clouds("nobody.example", login=options(lab).login, http=lab_http)
    assert isinstance(found, tuple)
    assert len(found) == 1


def test_an_unknown_tenant_is_looked_for_in_the_other_clouds(
    http: HttpSession, peer: Start, tls: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = as_json(
        {"error": "invalid_tenant", "error_description": "AADSTS90002: Tenant…", "error_codes": [90002]}, 400
    )
    known = as_json({"issuer": f"https://login.example/{TENANT}/v2.0", "tenant_region_scope": "USGov"})
    answers: list[Any] = [unknown, known, (503, {"Content-Type": "text/html"}, b"<html>")]
    servers = [peer(http_answers(lambda *_request, answer=answer: answer), tls) for answer in answers]
    logins = tuple(f"https://localhost:{server.port}" for server in servers)
    monkeypatch.setattr(entra, "PUBLIC_LOGINS", logins)
    found = discover_clouds("contoso.example", login=logins[0], http=http)
    assert isinstance(found, tuple)
    assert [(one.login, one.tenant_id) for one in found] == [(logins[0], None), (logins[1], TENANT)]
    again = discover_clouds("contoso.example", login=logins[1], http=http)
    assert isinstance(again, tuple)
    assert len(again) == 1


@pytest.mark.parametrize("asked", ["{{tenantid}}", "a/b", "a b", "\u200bx", "", "..", "a?b#c"])
def test_whatever_was_typed_as_tenant_goes_as_one_segment(
    http: HttpSession, peer: Start, tls: object, asked: str
) -> None:
    heard: list[str] = []

    def answer(line: str, _body: bytes) -> Any:
        heard.append(line)
        return as_json({"error": "invalid_tenant", "error_description": "AADSTS900023: Specified…"}, 400)

    server = peer(http_answers(answer), tls)
    found = discover(asked, login=f"https://localhost:{server.port}", http=http)
    assert isinstance(found, TenantDiscovery)
    assert found.error_codes == (900023,)
    if asked not in {"", ".."}:
        assert heard[0].count("/") == 4


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        ((200, {"Content-Type": "text/html"}, b"<html>"), Missing.UNEXPECTED),
        (as_json({}), Missing.UNEXPECTED),
        (as_json({}, 404), Missing.REMOTE_ERROR),
        (as_json({"error": "server_error"}, 500), Missing.REMOTE_ERROR),
    ],
)
def test_no_answer_is_not_an_unknown_tenant(
    http: HttpSession, peer: Start, tls: object, answer: Any, missing: Missing
) -> None:
    server = peer(http_answers(lambda _line, _body: answer), tls)
    found = discover(TENANT, login=f"https://localhost:{server.port}", http=http)
    assert isinstance(found, Unavailable)
    assert found.missing is missing


def test_the_application_gets_its_token(lab: Lab, lab_http: HttpSession) -> None:
    outcome = acquire_token(options(lab), http=lab_http)
    assert outcome.token is not None
    assert not isinstance(outcome.claims, Unavailable)
    assert outcome.claims.application_id == lab.setup.registration.app_id
    assert outcome.claims.object_id == lab.setup.enterprise.object_id
    assert outcome.claims.roles == ("IMAP.AccessAsApp",)
    assert outcome.errors == ()
    assert outcome.request.scopes == ("https://outlook.office365.com/.default",)
    assert outcome.token.reveal() not in repr(outcome)


def test_each_run_asks_anew(lab: Lab, lab_http: HttpSession) -> None:
    before = lab.faults.login.requests
    first, second = (acquire_token(options(lab), http=lab_http) for _ in range(2))
    assert first.token != second.token
    assert lab.faults.login.requests == before + 4


CASES = [
    ("input-secret-id-pasted", 7000215),
    ("input-secret-wrong-value", 7000215),
    ("discovery-tenant-not-found", 90002),
    ("token-app-not-in-tenant", 700016),
    ("token-sp-missing-home-tenant", 7000229),
    ("token-app-disabled", 7000112),
    ("token-secret-expired", 7000222),
    ("token-single-tenant-via-common", 9001023),
]


@pytest.mark.parametrize(("scenario", "code"), CASES)
def test_a_refusal_keeps_its_codes(scenario: str, code: int) -> None:
    with Lab(scenarios=[scenario]) as lab, http_for(lab) as http:
        outcome = acquire_token(options(lab), http=http)
    assert [error.codes for error in outcome.errors] == [(code,)]
    assert outcome.errors[0].grant_type == "client_credentials"
    assert outcome.errors[0].trace_id
    assert outcome.token is None
    assert isinstance(outcome.claims, Unavailable)
    assert f"AADSTS{code}" in outcome.claims.reason
    assert lab.env["DIAG_APPLICATION_SECRET"] not in repr(outcome)


def http_for(lab: Lab) -> HttpSession:
    return open_session(HttpOptions(ca_file=lab.ca_file, connect_timeout=5, timeout=10))


@pytest.fixture
def certified(lab: Lab) -> Any:
    pem, certificate = certificates.application_certificate("mail import")
    lab.setup.registration.key_credentials.append(assertion.key_credential(certificate))
    yield pem, certificate
    lab.setup.registration.key_credentials.clear()


def with_certificate(lab: Lab, path: Path, password: str | None = None) -> EntraOptions:
    secret = Secret(password) if password is not None else None
    return dataclasses.replace(options(lab), credential=ClientCertificate(path, secret))


def test_a_certificate_in_pem_signs_in(lab: Lab, lab_http: HttpSession, certified: Any, tmp_path: Path) -> None:
    path = tmp_path / "app.pem"
    path.write_bytes(certified[0])
    assert acquire_token(with_certificate(lab, path), http=lab_http).token is not None
    head, _, tail = certified[0].partition(b"-----BEGIN CERTIFICATE-----")
    path.write_bytes(b"-----BEGIN CERTIFICATE-----" + tail + head)
    assert acquire_token(with_certificate(lab, path), http=lab_http).token is not None, "the order does not matter"


def test_a_certificate_in_pfx_signs_in(lab: Lab, lab_http: HttpSession, certified: Any, tmp_path: Path) -> None:
    pem, certificate = certified
    key: Any = load_pem_private_key(pem, None)
    path = tmp_path / "app.pfx"
    protected = BestAvailableEncryption(b"the password")
    path.write_bytes(serialize_key_and_certificates(b"x", key, certificate, None, protected))
    assert acquire_token(with_certificate(lab, path, "the password"), http=lab_http).token is not None
    wrong = acquire_token(with_certificate(lab, path, "another password"), http=lab_http)
    assert isinstance(wrong.claims, Unavailable)
    assert "password is wrong or missing" in wrong.claims.reason


def test_an_unknown_certificate_is_refused_by_entra(lab: Lab, lab_http: HttpSession, tmp_path: Path) -> None:
    path = tmp_path / "app.pem"
    path.write_bytes(certificates.application_certificate("mail import")[0])
    outcome = acquire_token(with_certificate(lab, path), http=lab_http)
    assert [error.codes for error in outcome.errors] == [(700027,)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"nonsense", "cannot be opened"),
        (b"-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n", "holds no private key"),
        (b"-----BEGIN PRIVATE KEY-----\nMII=\n-----END PRIVATE KEY-----\n", "cannot be opened"),
    ],
)
def test_an_unusable_certificate_file_is_named(
    lab: Lab, lab_http: HttpSession, tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "app.pem"
    if content is not None:
        path.write_bytes(content)
    outcome = acquire_token(with_certificate(lab, path), http=lab_http)
    assert isinstance(outcome.claims, Unavailable)
    assert words in outcome.claims.reason


def test_a_key_without_its_certificate_is_named(lab: Lab, lab_http: HttpSession, tmp_path: Path) -> None:
    mine, others = (certificates.application_certificate(name)[0] for name in "ab")
    path = tmp_path / "app.pem"
    path.write_bytes(mine.partition(b"-----BEGIN CERTIFICATE")[0])
    outcome = acquire_token(with_certificate(lab, path), http=lab_http)
    assert "no certificate" in outcome.claims.reason  # type: ignore[union-attr]
    path.write_bytes(
        mine.partition(b"-----BEGIN CERT")[0] + b"-----BEGIN CERT" + others.partition(b"-----BEGIN CERT")[2]
    )
    outcome = acquire_token(with_certificate(lab, path), http=lab_http)
    assert "belongs to none" in outcome.claims.reason  # type: ignore[union-attr]


def failing(http: HttpSession, login: str) -> TokenOutcome:
    return acquire_token(
        EntraOptions(login, TENANT, ApplicationId("22222222-2222-3333-4444-555555555555"), Secret("hidden secret")),
        http=http,
    )


def discovery(port: int) -> dict[str, str]:
    base = f"https://localhost:{port}/{TENANT}"
    return {
        "issuer": f"https://sts.windows.net/{TENANT}/",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
    }


HTML = (200, {"Content-Type": "text/html"}, b"<html>Sign in to the network</html>")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (HTML, (Missing.UNEXPECTED, "an HTML page")),
        ((503, {"Content-Type": "text/plain"}, b"busy"), (Missing.UNEXPECTED, "HTTP 503")),
        (as_json({"token_type": "Bearer"}), (Missing.UNEXPECTED, "neither a token nor an error")),
        (None, (Missing.TIMED_OUT, "did not answer in time")),
    ],
)
def test_a_token_endpoint_that_is_none(
    http: HttpSession, peer: Start, tls: object, answer: Any, expected: tuple[Missing, str]
) -> None:
    def answers(line: str, _body: bytes) -> Any:
        return as_json(discovery(server.port)) if line.startswith("GET") else answer

    server = peer(http_answers(answers), tls)
    outcome = failing(http, f"https://localhost:{server.port}")
    assert isinstance(outcome.claims, Unavailable)
    assert outcome.claims.missing is expected[0]
    assert expected[1] in outcome.claims.reason
    assert outcome.errors == ()
    assert "hidden secret" not in repr(outcome)


def test_an_error_in_json_with_status_500_is_entras(http: HttpSession, peer: Start, tls: object) -> None:
    refusal = {"error": "temporarily_unavailable", "error_description": "AADSTS90033: A transient error has occurred."}

    def answers(line: str, _body: bytes) -> Any:
        return as_json(discovery(server.port)) if line.startswith("GET") else as_json(refusal, 500)

    server = peer(http_answers(answers), tls)
    assert failing(http, f"https://localhost:{server.port}").errors[0].codes == (90033,)


def test_discovery_that_answers_html(http: HttpSession, peer: Start, tls: object) -> None:
    server = peer(http_answers(lambda _line, _body: HTML), tls)
    outcome = failing(http, f"https://localhost:{server.port}")
    assert isinstance(outcome.claims, Unavailable)
    assert outcome.claims.missing is Missing.UNEXPECTED


def test_a_login_host_with_a_foreign_certificate(http: HttpSession, peer: Start) -> None:
    stranger = server_context(trustme.CA(organization_name="Example Web Gateway"))
    server = peer(http_answers(lambda _line, _body: HTML), stranger)
    outcome = failing(http, f"https://localhost:{server.port}")
    assert isinstance(outcome.claims, Unavailable)
    assert outcome.claims.missing is Missing.UNREACHABLE
    assert "does not trust" in outcome.claims.reason


def test_a_login_host_that_is_not_there(http: HttpSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    outcome = failing(http, f"https://localhost:{port}")
    assert isinstance(outcome.claims, Unavailable)
    assert outcome.claims.missing is Missing.UNREACHABLE


@pytest.mark.parametrize("login", ["http://localhost", "nonsense", ""])
def test_a_login_that_is_no_https_address(http: HttpSession, login: str) -> None:
    outcome = failing(http, login)
    assert isinstance(outcome.claims, Unavailable)


def test_an_empty_secret_is_not_sent(lab: Lab, lab_http: HttpSession) -> None:
    before = lab.faults.login.requests
    outcome = acquire_token(dataclasses.replace(options(lab), credential=Secret("")), http=lab_http)
    assert isinstance(outcome.claims, Unavailable)
    assert outcome.claims.reason == "the client secret is empty"
    assert lab.faults.login.requests == before
