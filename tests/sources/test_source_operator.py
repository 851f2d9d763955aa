from __future__ import annotations

import base64
import json
import os
import threading
import time
import urllib.parse
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from diagnostics.evidence import NOWHERE, Missing, TokenClaims
from diagnostics.ids import ApplicationId
from diagnostics.lab.server import Lab
from diagnostics.net.client import HttpSession
from diagnostics.redaction import Secret
from diagnostics.sources import operator
from diagnostics.sources.entra import EntraOptions, acquire_token
from diagnostics.sources.operator import (
    AccessTokenFile,
    Browser,
    DeviceCode,
    OperatorApplication,
    OperatorOptions,
    OperatorSignInFailed,
    Resource,
    SignIn,
    sign_in,
)
from diagnostics.sources.rights import missing_rights
from tests.sources.source_peers import Peer, as_json, http_answers

Start = Callable[..., Peer]
TENANT = "11111111-2222-3333-4444-555555555555"
EXCHANGE = "https://outlook.office365.com/.default"
GRAPH = "https://graph.microsoft.com/.default"
SCOPES = {Resource.EXCHANGE: EXCHANGE, Resource.GRAPH: GRAPH}


def jwt(lifetime: float = 3600, **claims: Any) -> str:
    payload = {"aud": "https://outlook.office365.com", "exp": int(time.time() + lifetime), **claims}
    parts = ({"typ": "JWT", "alg": "RS256"}, payload)
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + ".c2ln"
    )


def lab_options(lab: Lab, method: SignIn | None = None, scope: str = EXCHANGE) -> OperatorOptions:
    profile: dict[str, Any] = yaml.safe_load(lab.profile.read_text())
    own = OperatorApplication(profile["operator"]["application_id"], Secret(lab.env["DIAG_OPERATOR_SECRET"]))
    return OperatorOptions(profile["endpoints"]["login"], profile["tenant"], scope, method or own)


# An application


@pytest.mark.parametrize("resource", list(Resource))
def test_the_operator_signs_in_as_an_application(lab: Lab, lab_http: HttpSession, resource: Resource) -> None:
    session = sign_in(lab_options(lab, scope=SCOPES[resource]), resource, http=lab_http)
    assert session.claims.application_id == lab.setup.operator_registration.app_id
    assert session.missing == ()
    assert session.claims.is_app_only
    assert session.token.reveal() not in repr(session)


def test_swapped_credentials_fail_on_both_sides(lab: Lab, lab_http: HttpSession) -> None:
    profile: dict[str, Any] = yaml.safe_load(lab.profile.read_text())
    login, tenant = profile["endpoints"]["login"], profile["tenant"]
    applications, operators = (Secret(lab.env[f"DIAG_{name}_SECRET"]) for name in ("APPLICATION", "OPERATOR"))
    outcome = acquire_token(EntraOptions(login, tenant, profile["application"]["id"], operators), http=lab_http)
    assert [error.codes for error in outcome.errors] == [(7000215,)]
    wrong = OperatorApplication(profile["operator"]["application_id"], applications)
    with pytest.raises(OperatorSignInFailed, match="The operator could not sign in for Exchange") as failure:
        sign_in(lab_options(lab, wrong), Resource.EXCHANGE, http=lab_http)
    assert [error.codes for error in failure.value.errors] == [(7000215,)]
    assert failure.value.why.missing is Missing.NOT_SIGNED_IN
    assert applications.reveal() not in str(failure.value) + repr(failure.value.errors)


def test_the_application_under_test_lacks_the_operators_rights(lab: Lab, lab_http: HttpSession) -> None:
    profile: dict[str, Any] = yaml.safe_load(lab.profile.read_text())
    impostor = OperatorApplication(profile["application"]["id"], Secret(lab.env["DIAG_APPLICATION_SECRET"]))
    session = sign_in(lab_options(lab, impostor), Resource.EXCHANGE, http=lab_http)
    assert [(right.right, right.proven) for right in session.missing] == [("Exchange.ManageAsApp", True)]


def test_a_login_host_that_answers_html(http: HttpSession, peer: Start, tls: object) -> None:
    server = peer(http_answers(lambda _line, _body: (200, {"Content-Type": "text/html"}, b"<html>")), tls)
    options = OperatorOptions(
        f"https://localhost:{server.port}",
        TENANT,
        EXCHANGE,
        OperatorApplication(ApplicationId("a"), Secret("the secret")),
    )
    with pytest.raises(OperatorSignInFailed, match="an HTML page") as failure:
        sign_in(options, Resource.EXCHANGE, http=http)
    assert failure.value.errors == ()
    assert failure.value.why.missing is Missing.UNEXPECTED, "nobody refused the operator"


# A person


def login_host(
    peer: Start, tls: object, post: Callable[[str, dict[str, str]], Any]
) -> tuple[str, list[dict[str, str]]]:
    heard: list[dict[str, str]] = []

    def answers(line: str, body: bytes) -> Any:
        base = f"https://localhost:{server.port}/{TENANT}/oauth2/v2.0"
        if line.startswith("GET"):
            return as_json(
                {
                    "issuer": f"https://sts.windows.net/{TENANT}/",
                    "token_endpoint": f"{base}/token",
                    "authorization_endpoint": f"{base}/authorize",
                    "device_authorization_endpoint": f"{base}/devicecode",
                }
            )
        form = dict(urllib.parse.parse_qsl(body.decode()))
        heard.append(form)
        return post(line, form)

    server = peer(http_answers(answers), tls)
    return f"https://localhost:{server.port}", heard


CODE = {
    "user_code": "ABCDEFGH",
    "device_code": "the-device-code",
    "verification_uri": "https://microsoft.com/devicelogin",
    "expires_in": 900,
    "interval": 1,
    "message": "To sign in, open https://microsoft.com/devicelogin and enter the code ABCDEFGH.",
}


def test_a_device_code_is_told_and_waited_for(http: HttpSession, peer: Start, tls: object) -> None:
    pending = [{"error": "authorization_pending", "error_description": "AADSTS70016: pending", "error_codes": [70016]}]

    def post(line: str, _form: dict[str, str]) -> Any:
        if line.endswith("/devicecode"):
            return as_json(CODE)
        if pending:
            return as_json(pending.pop(), 400)
        return as_json(
            {"token_type": "Bearer", "expires_in": 3600, "access_token": jwt(upn="admin@contoso.com", scp="x")}
        )

    login, heard = login_host(peer, tls, post)
    told: list[str] = []
    options = OperatorOptions(login, TENANT, EXCHANGE, DeviceCode(told.append))
    session = sign_in(options, Resource.EXCHANGE, http=http)
    assert told == [CODE["message"]]
    assert session.claims.user_principal_name == "admin@contoso.com"
    assert not session.claims.is_app_only
    assert session.missing == ()
    assert {form["client_id"] for form in heard} == {"fb78d390-0c51-40cd-8e17-fdbfab77341b"}
    assert EXCHANGE in heard[0]["scope"].split()
    assert "offline_access" not in heard[0]["scope"]


def test_a_device_code_that_is_refused(http: HttpSession, peer: Start, tls: object) -> None:
    refusal = {
        "error": "invalid_client",
        "error_description": "AADSTS7000218: The request body must contain…",
        "error_codes": [7000218],
    }
    login, _ = login_host(peer, tls, lambda _line, _form: as_json(refusal, 401))
    told: list[str] = []
    with pytest.raises(OperatorSignInFailed) as failure:
        sign_in(OperatorOptions(login, TENANT, GRAPH, DeviceCode(told.append)), Resource.GRAPH, http=http)
    assert failure.value.errors[0].codes == (7000218,)
    assert failure.value.errors[0].grant_type.endswith("device_code")
    assert told == []


class Person(webbrowser.BaseBrowser):
    """Stands for the browser: signs in at once and posts the code back, as Entra's page does."""

    def __init__(self, answer: dict[str, str]) -> None:
        super().__init__()
        self.answer = answer
        self.asked: dict[str, str] = {}
        self.thread: threading.Thread | None = None

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        form = urllib.parse.urlencode({**self.answer, "state": self.asked["state"]}).encode()

        def post() -> None:
            with urllib.request.urlopen(self.asked["redirect_uri"], form, timeout=10) as answer:
                answer.read()

        self.thread = threading.Thread(target=post)
        self.thread.start()
        return True


@pytest.fixture
def person() -> Iterator[Callable[[dict[str, str]], Person]]:
    order = webbrowser._tryorder  # type: ignore[attr-defined]
    known = webbrowser._browsers.copy(), order if order is None else list(order)  # type: ignore[attr-defined]
    people: list[Person] = []

    def make(answer: dict[str, str]) -> Person:
        people.append(Person(answer))
        webbrowser.register("test-person", None, people[-1], preferred=True)
        return people[-1]

    yield make
    for one in people:
        if one.thread is not None:
            one.thread.join(10)
    webbrowser._browsers, webbrowser._tryorder = known  # type: ignore[attr-defined]


def test_the_browser_signs_a_person_in(
    http: HttpSession, peer: Start, tls: object, person: Callable[[dict[str, str]], Person]
) -> None:
    token = jwt(aud="https://graph.microsoft.com", upn="admin@contoso.com", scp="Application.Read.All")
    login, heard = login_host(
        peer, tls, lambda _line, _form: as_json({"token_type": "Bearer", "expires_in": 3600, "access_token": token})
    )
    someone = person({"code": "the-code"})
    session = sign_in(OperatorOptions(login, TENANT, GRAPH, Browser()), Resource.GRAPH, http=http)
    assert session.claims.user_principal_name == "admin@contoso.com"
    assert session.missing == ()
    assert someone.asked["client_id"] == "14d82eec-204b-4c2f-b7e8-296a70dab67e"
    assert someone.asked["prompt"] == "select_account"
    assert someone.asked["code_challenge_method"] == "S256"
    assert heard[0]["code"] == "the-code"


def test_a_person_who_says_no(
    http: HttpSession, peer: Start, tls: object, person: Callable[[dict[str, str]], Person]
) -> None:
    login, heard = login_host(peer, tls, lambda _line, _form: as_json({}))
    person({"error": "access_denied", "error_description": "AADSTS65004: User declined to consent."})
    with pytest.raises(OperatorSignInFailed, match="declined") as failure:
        sign_in(OperatorOptions(login, TENANT, GRAPH, Browser()), Resource.GRAPH, http=http)
    assert failure.value.errors[0].codes == (65004,)
    assert heard == []


# A file


@pytest.fixture
def token_file(tmp_path: Path) -> Callable[..., AccessTokenFile]:
    def write(*tokens: str, mode: int = 0o600) -> AccessTokenFile:
        path = tmp_path / "tokens"
        path.write_text("\n".join(tokens) + "\n")
        path.chmod(mode)
        return AccessTokenFile(path)

    return write


def from_file(http: HttpSession, method: AccessTokenFile, resource: Resource) -> Any:
    return sign_in(OperatorOptions("https://login.invalid", TENANT, SCOPES[resource], method), resource, http=http)


def test_one_file_holds_a_token_for_each(http: HttpSession, token_file: Callable[..., AccessTokenFile]) -> None:
    exchange = jwt(roles=["Exchange.ManageAsApp"], idtyp="app")
    graph = jwt(aud="00000003-0000-0000-c000-000000000000", roles=["Directory.Read.All"], idtyp="app")
    method = token_file(graph, exchange)
    assert from_file(http, method, Resource.EXCHANGE).token.reveal() == exchange
    session = from_file(http, method, Resource.GRAPH)
    assert session.token.reveal() == graph
    assert session.missing == ()


@pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX systems")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(
    http: HttpSession, token_file: Callable[..., AccessTokenFile], mode: int
) -> None:
    with pytest.raises(OperatorSignInFailed, match="can be read by others") as failure:
        from_file(http, token_file(jwt(), mode=mode), Resource.EXCHANGE)
    assert failure.value.why.hint.startswith("Run: chmod 600")


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        ([jwt(lifetime=-5)], "ends or ended"),
        ([jwt(aud="https://management.azure.com")], "holds tokens for: https://management.azure.com"),
        (["EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA"], "holds tokens for: no JWT"),
        ([], "holds tokens for: none"),
    ],
)
def test_a_file_without_a_token_that_fits(
    http: HttpSession, token_file: Callable[..., AccessTokenFile], tokens: list[str], words: str
) -> None:
    with pytest.raises(OperatorSignInFailed, match=words) as failure:
        from_file(http, token_file(*tokens), Resource.EXCHANGE)
    assert not any(token in str(failure.value) for token in tokens)


def test_a_file_that_is_not_there(http: HttpSession, tmp_path: Path) -> None:
    with pytest.raises(OperatorSignInFailed, match="cannot be read"):
        from_file(http, AccessTokenFile(tmp_path / "none"), Resource.EXCHANGE)
    with pytest.raises(OperatorSignInFailed):
        from_file(http, AccessTokenFile(tmp_path), Resource.EXCHANGE)


# Rights


def rights(*, exchange: bool, wids: tuple[str, ...] = (), **claims: Any) -> list[tuple[str, bool]]:
    found = missing_rights(TokenClaims(NOWHERE, **claims), wids, for_exchange=exchange)
    return [(right.right, right.proven) for right in found]


def test_what_a_token_proves_to_be_missing() -> None:
    app: dict[str, Any] = {"identity_type": "app"}
    assert rights(exchange=True, **app) == [("Exchange.ManageAsApp", True)]
    assert rights(exchange=True, **app, roles=("Exchange.ManageAsApp",)) == []
    assert rights(exchange=False, **app, roles=("User.Read.All",)) == [("Application.Read.All", True)]
    assert rights(exchange=False, scopes=("Directory.Read.All",)) == []
    assert rights(exchange=False, **app, scopes=("Directory.Read.All",)) == [("Application.Read.All", True)]


def test_what_a_token_only_suggests() -> None:
    reader = ("88d8e3e3-8f55-4a1e-953a-9b9898b8876b",)
    admin = ("29232CDF-9323-42fd-ade2-1d097af3e4de",)
    assert rights(exchange=True, wids=reader, scopes=("x",)) == [("Exchange Administrator", False)]
    assert rights(exchange=True, wids=admin, scopes=("x",)) == []
    assert rights(exchange=True, scopes=("x",)) == [], "a token without wids says nothing of directory roles"
    assert rights(exchange=True, opaque=True) == []
    assert rights(exchange=True, identity_type="app", complete=False) == []


@pytest.mark.parametrize("interval", [10**9, "soon", None, -5, 1e300, True])
@pytest.mark.parametrize("ends", [1e300, "never", None, float("nan")])
def test_a_device_codes_waits_are_bounded(interval: object, ends: object) -> None:
    flow = operator._bounded({"interval": interval, "expires_at": ends, "device_code": "x"})
    assert 1 <= flow["interval"] <= 30
    assert flow["expires_at"] <= time.time() + 901
    assert flow["device_code"] == "x"
