"""Secrets go to the login host, or to another sign-in host of its cloud, whatever discovery names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from diagnostics.clouds import CLOUDS, LOGIN_HOSTS
from diagnostics.evidence import Missing, TenantDiscovery, Unavailable
from diagnostics.ids import ApplicationId
from diagnostics.net.client import HttpSession
from diagnostics.redaction import Secret
from diagnostics.sources.endpoints import foreign_endpoint, is_of_login
from diagnostics.sources.entra import EntraOptions, acquire_token, discover
from diagnostics.sources.operator import (
    Browser,
    DeviceCode,
    OperatorApplication,
    OperatorOptions,
    OperatorSignInFailed,
    Resource,
    sign_in,
)
from tests.sources.source_peers import Peer, as_json, http_answers

Start = Callable[..., Peer]
TENANT = "11111111-2222-3333-4444-555555555555"
APPLICATION = ApplicationId("22222222-2222-3333-4444-555555555555")
SECRET = "a secret that stays where it belongs"
SCOPE = "https://outlook.office365.com/.default"
NAMES = ("token_endpoint", "authorization_endpoint", "device_authorization_endpoint", "jwks_uri")


class Thief:
    """A peer that discovery leads to; what it hears is kept."""

    def __init__(self, peer: Start, tls: object) -> None:
        self.heard: list[bytes] = []
        self.peer = peer(http_answers(self.answer), tls)

    def answer(self, line: str, body: bytes) -> Any:
        self.heard.append(line.encode() + body)
        return as_json({"token_type": "Bearer", "access_token": "x", "user_code": "A", "device_code": "B"})


def login_host(peer: Start, tls: object, endpoints: Callable[[str], dict[str, Any]]) -> str:
    def answer(line: str, _body: bytes) -> Any:
        base = f"https://localhost:{server.port}/{TENANT}"
        own = {name: f"{base}/oauth2/v2.0/{name}" for name in NAMES}
        return as_json({"issuer": f"https://sts.windows.net/{TENANT}/", **own, **endpoints(base)})

    server = peer(http_answers(answer), tls)
    return f"https://localhost:{server.port}"


PLACES: dict[str, Callable[[int], Any]] = {
    "another port": lambda port: f"https://localhost:{port}/token",
    "another name of the same machine": lambda port: f"https://127.0.0.1:{port}/token",
    "without TLS": lambda port: f"http://localhost:{port}/token",
    "user and password": lambda port: f"https://localhost@127.0.0.1:{port}/token",
    "no address": lambda _port: "https://[::1",
    "a list": lambda port: [f"https://localhost:{port}/token"],
    "a path": lambda _port: "/oauth2/v2.0/token",
}


@pytest.mark.parametrize("place", PLACES)
def test_the_applications_secret_goes_nowhere_else(http: HttpSession, peer: Start, tls: object, place: str) -> None:
    thief = Thief(peer, tls)
    login = login_host(peer, tls, lambda _base: {"token_endpoint": PLACES[place](thief.peer.port)})
    outcome = acquire_token(EntraOptions(login, TENANT, APPLICATION, Secret(SECRET)), http=http)
    assert outcome.token is None
    assert isinstance(outcome.claims, Unavailable)
    assert outcome.claims.missing is Missing.UNEXPECTED
    assert "token_endpoint" in outcome.claims.reason
    assert login.removeprefix("https://") in outcome.claims.reason
    assert thief.heard == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "method",
    [OperatorApplication(APPLICATION, Secret(SECRET)), DeviceCode(lambda _told: None), Browser(timeout=1)],
    ids=["application", "device code", "browser"],
)
def test_the_operators_sign_in_goes_nowhere_else(
    http: HttpSession, peer: Start, tls: object, name: str, method: Any
) -> None:
    thief = Thief(peer, tls)
    login = login_host(peer, tls, lambda _base: {name: f"https://localhost:{thief.peer.port}/x"})
    with pytest.raises(OperatorSignInFailed, match=name):
        sign_in(OperatorOptions(login, TENANT, SCOPE, method), Resource.EXCHANGE, http=http)
    assert thief.heard == []


def test_a_redirect_of_the_token_endpoint_leads_nowhere(http: HttpSession, peer: Start, tls: object) -> None:
    thief = Thief(peer, tls)

    def answer(line: str, _body: bytes) -> Any:
        base = f"https://localhost:{server.port}/{TENANT}"
        if line.startswith("POST"):
            return 307, {"Location": f"https://localhost:{thief.peer.port}/"}, b""
        return as_json({"issuer": base, "token_endpoint": f"{base}/t", "authorization_endpoint": f"{base}/a"})

    server = peer(http_answers(answer), tls)
    outcome = acquire_token(
        EntraOptions(f"https://localhost:{server.port}", TENANT, APPLICATION, Secret(SECRET)), http=http
    )
    assert isinstance(outcome.claims, Unavailable)
    assert f"a redirect to https://localhost:{thief.peer.port}" in outcome.claims.reason
    assert thief.heard == []


def test_discovery_that_leads_elsewhere_describes_no_tenant(http: HttpSession, peer: Start, tls: object) -> None:
    login = login_host(peer, tls, lambda _base: {"token_endpoint": "https://login.example/token"})
    found = discover("contoso.example", login=login, http=http)
    assert isinstance(found, Unavailable)
    assert "https://login.example" in found.reason
    found = discover("contoso.example", login=login_host(peer, tls, lambda _base: {}), http=http)
    assert isinstance(found, TenantDiscovery)


@pytest.mark.parametrize(
    ("url", "login", "ours"),
    [
        ("https://login.microsoftonline.com/t/token", "https://login.microsoftonline.com", True),
        ("https://LOGIN.microsoftonline.com:443/t", "https://login.microsoftonline.com/", True),
        ("https://login.windows.net/t/token", "https://login.microsoftonline.com", True),
        ("https://login.microsoftonline.us/t", "https://login.microsoftonline.com", False),
        ("https://login.partner.microsoftonline.cn/t", "https://login.chinacloudapi.cn", True),
        ("https://login.windows.net:8443/t", "https://login.microsoftonline.com", False),
        ("https://login.microsoftonline.com.example/t", "https://login.microsoftonline.com", False),
        ("https://login.microsoftonline.com@evil.example/t", "https://login.microsoftonline.com", False),
        ("http://login.microsoftonline.com/t", "https://login.microsoftonline.com", False),
        ("https://evil.example/login.microsoftonline.com", "https://login.microsoftonline.com", False),
        ("https://[::1", "https://[::1", False),
        ("", "", False),
    ],
)
def test_hosts_of_one_cloud(url: str, login: str, ours: bool) -> None:
    assert is_of_login(url, login) is ours


def test_every_clouds_login_host_is_known() -> None:
    for cloud in CLOUDS.values():
        assert sum(cloud.login.value.removeprefix("https://") in hosts for hosts in LOGIN_HOSTS) == 1
        assert foreign_endpoint({"token_endpoint": f"{cloud.login}/t/oauth2/v2.0/token"}, cloud.login.value) == ""


@pytest.mark.parametrize(
    ("login", "host", "described"),
    [
        ("https://login.microsoftonline.com", "login.microsoftonline.us", True),
        ("https://login.microsoftonline.com", "login.example", False),
        ("https://login.example", "login.microsoftonline.us", False),
    ],
)
def test_a_tenant_of_another_cloud_is_described_and_sent_nothing(login: str, host: str, described: bool) -> None:
    document = {"token_endpoint": f"https://{host}/t/oauth2/v2.0/token"}
    assert foreign_endpoint(document, login) != ""
    assert (foreign_endpoint(document, login, may_be_other_cloud=True) == "") is described


TOKENS = {
    "no JWT": "an opaque token",
    "of a personal account": "EwB4A8l6BAAU" + "a" * 60,
    "a number": 7,
    "a JWT without claims": "eyJhbGciOiJSUzI1NiJ9.e30.x",
    "a JWT of lists": "eyJhbGciOiJSUzI1NiJ9.W10.x",
    "half a JWT": "eyJhbGciOiJSUzI1NiJ9",
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_that_is_not_entras(http: HttpSession, peer: Start, tls: object, name: str) -> None:
    def answer(line: str, _body: bytes) -> Any:
        base = f"https://localhost:{server.port}/{TENANT}"
        if line.startswith("POST"):
            return as_json({"token_type": "Bearer", "expires_in": 3599, "access_token": TOKENS[name]})
        return as_json({"issuer": base, "token_endpoint": f"{base}/t", "authorization_endpoint": f"{base}/a"})

    server = peer(http_answers(answer), tls)
    login = f"https://localhost:{server.port}"
    outcome = acquire_token(EntraOptions(login, TENANT, APPLICATION, Secret(SECRET)), http=http)
    assert outcome.token is None
    assert isinstance(outcome.claims, Unavailable)
    assert outcome.claims.missing is Missing.UNEXPECTED
    assert f"localhost:{server.port}" in outcome.claims.reason
