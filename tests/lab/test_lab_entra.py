from __future__ import annotations

import base64
import hashlib
import re
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import msal
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from diagnostics.lab.server import Lab
from diagnostics.lab.tokens import InvalidToken, TokenAuthority

from .clients import login_url, profile, sign_in

EXCHANGE = "https://outlook.office365.com"
DEFAULT = f"{EXCHANGE}/.default"


def test_msal_gets_a_token_of_the_recorded_shape(lab: Lab, http: requests.Session) -> None:
    claims = lab.tokens.verify(sign_in(lab, http)["access_token"], [EXCHANGE])
    ids = lab.ready["ids"]
    raw = claims.raw
    assert (claims.tenant_id, claims.app_id) == (ids["tenant"], ids["application"])
    assert raw["oid"] == raw["sub"] == ids["enterprise_object_id"]
    assert raw["roles"] == ["IMAP.AccessAsApp"]
    assert raw["aud"] == EXCHANGE
    assert raw["iss"] == f"https://sts.windows.net/{ids['tenant']}/"
    assert (raw["ver"], raw["idtyp"], raw["appidacr"]) == ("1.0", "app", "1")
    assert raw["exp"] - raw["iat"] == 3900


def test_audience_is_the_resource_as_it_was_asked_for(lab: Lab, http: requests.Session) -> None:
    result = sign_in(lab, http, scope=f"{EXCHANGE}//.default")
    assert lab.tokens.verify(result["access_token"], [EXCHANGE]).audience == f"{EXCHANGE}/"


def test_roles_are_absent_when_nothing_was_granted(start: Callable[..., Lab], http: requests.Session) -> None:
    lab = start("consent-admin-consent-missing")
    assert "roles" not in lab.tokens.verify(sign_in(lab, http)["access_token"], [EXCHANGE]).raw


@pytest.mark.parametrize("named_by", ["sha1", "sha256"])
def test_msal_signs_in_with_a_certificate(start: Callable[..., Lab], http: requests.Session, named_by: str) -> None:
    lab = start(shape="certificate")
    values = profile(lab)
    pem = Path(values["application"]["certificate"]["file"]).read_text()
    credential = {"private_key": pem, "public_certificate": pem}
    if named_by == "sha1":
        certificate = x509.load_pem_x509_certificate(pem.encode())
        credential["thumbprint"] = certificate.fingerprint(hashes.SHA1()).hex()
    http.verify = str(lab.ca_file)
    application = msal.ConfidentialClientApplication(
        values["application"]["id"],
        authority=f"{values['endpoints']['login']}/{values['tenant']}",
        client_credential=credential,
        instance_discovery=False,
        http_client=http,
    )
    result = application.acquire_token_for_client([DEFAULT])
    assert lab.tokens.verify(result["access_token"], [EXCHANGE]).raw["appidacr"] == "2"


def test_azure_identity_gets_a_token(lab: Lab) -> None:
    ids = lab.ready["ids"]
    with ClientSecretCredential(
        ids["tenant"],
        ids["application"],
        lab.env["DIAG_APPLICATION_SECRET"],
        authority=lab.ready["endpoints"]["login"],
        disable_instance_discovery=True,
        connection_verify=str(lab.ca_file),
    ) as credential:
        token = credential.get_token(DEFAULT)
    assert lab.tokens.verify(token.token, [EXCHANGE]).roles == {"IMAP.AccessAsApp"}


def test_azure_identity_shows_the_refusal(start: Callable[..., Lab]) -> None:
    lab = start("token-secret-expired")
    ids = lab.ready["ids"]
    credential = ClientSecretCredential(
        ids["tenant"],
        ids["application"],
        lab.env["DIAG_APPLICATION_SECRET"],
        authority=lab.ready["endpoints"]["login"],
        disable_instance_discovery=True,
        connection_verify=str(lab.ca_file),
    )
    with credential, pytest.raises(ClientAuthenticationError, match="AADSTS7000222"):
        credential.get_token(DEFAULT)


def test_an_error_has_every_field_that_entra_writes(start: Callable[..., Lab], http: requests.Session) -> None:
    lab = start("input-secret-id-pasted")
    form = {
        "client_id": lab.ready["ids"]["application"],
        "client_secret": lab.env["DIAG_APPLICATION_SECRET"],
        "grant_type": "client_credentials",
        "scope": DEFAULT,
    }
    answer = http.post(login_url(lab), data=form, verify=str(lab.ca_file))
    assert answer.status_code == 401
    body = answer.json()
    assert body.keys() == {
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
        "error_uri",
    }
    assert body["error"] == "invalid_client"
    assert body["error_codes"] == [7000215]
    assert re.search(
        r"^AADSTS7000215: Invalid client secret.*\r\nTrace ID: .*\r\nCorrelation ID: .*\r\nTimestamp: ",
        body["error_description"],
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"scope": ""}, 900144),
        ({"grant_type": ""}, 900144),
        ({"client_id": ""}, 900144),
        ({"grant_type": "password"}, 70003),
        ({"grant_type": "refresh_token", "refresh_token": "x", "scope": ""}, 9002313),
        ({"grant_type": "authorization_code", "code": "x"}, 9002313),
        ({"scope": f"{EXCHANGE}/IMAP.AccessAsApp"}, 1002012),
        ({"scope": "/.default"}, 70011),
        ({"scope": f"{DEFAULT} https://graph.microsoft.com/.default"}, 70011),
        ({"scope": "https://graph.microsoft.com/SMTP.Send/.default"}, 500011),
        ({"client_secret": ""}, 7000218),
        ({"client_secret": "abc"}, 7000215),
        ({"client_id": "00000000-0000-0000-0000-000000000001"}, 700016),
    ],
)
def test_each_mistake_has_its_code(lab: Lab, http: requests.Session, change: dict[str, str], code: int) -> None:
    form = {
        "client_id": lab.ready["ids"]["application"],
        "client_secret": lab.env["DIAG_APPLICATION_SECRET"],
        "grant_type": "client_credentials",
        "scope": DEFAULT,
    }
    body = http.post(login_url(lab), data={**form, **change}, verify=str(lab.ca_file)).json()
    assert body["error_codes"] == [code]


def test_the_older_endpoint_takes_a_resource(lab: Lab, http: requests.Session) -> None:
    form = {
        "client_id": lab.ready["ids"]["application"],
        "client_secret": lab.env["DIAG_APPLICATION_SECRET"],
        "grant_type": "client_credentials",
        "resource": EXCHANGE,
    }
    body = http.post(login_url(lab, "oauth2/token"), data=form, verify=str(lab.ca_file)).json()
    assert lab.tokens.verify(body["access_token"], [EXCHANGE]).audience == EXCHANGE


@pytest.mark.parametrize(
    ("tenant", "code"),
    [("contoso.invalid", 90002), ("{{tenantid}}", 900023), ("1f5b2a0e-0000-0000-0000-00000000000", 900023)],
)
def test_discovery_refuses_what_is_no_tenant(lab: Lab, http: requests.Session, tenant: str, code: int) -> None:
    url = f"{lab.ready['endpoints']['login']}/{tenant}/v2.0/.well-known/openid-configuration"
    answer = http.get(url, verify=str(lab.ca_file))
    assert answer.status_code == 400
    assert answer.json()["error_codes"] == [code]


@pytest.mark.parametrize(
    ("shape", "instance"), [("user-mailbox", "microsoftonline.com"), ("us-gov", "microsoftonline.us")]
)
def test_discovery_names_tenant_and_cloud(
    start: Callable[..., Lab], http: requests.Session, shape: str, instance: str
) -> None:
    lab = start(shape=shape)
    base = lab.ready["endpoints"]["login"]
    for name in lab.setup.tenant.domains:
        document = http.get(f"{base}/{name}/v2.0/.well-known/openid-configuration", verify=str(lab.ca_file)).json()
        assert lab.ready["ids"]["tenant"] in document["issuer"]
        assert document["cloud_instance_name"] == instance
        assert document["token_endpoint"].startswith(base)
        keys = http.get(document["jwks_uri"], verify=str(lab.ca_file)).json()
        assert keys["keys"][0]["kid"] == lab.tokens.key_id


def test_the_older_document_names_the_older_endpoints(lab: Lab, http: requests.Session) -> None:
    url = login_url(lab, ".well-known/openid-configuration")
    document = http.get(url, verify=str(lab.ca_file)).json()
    assert document["token_endpoint"] == f"{lab.ready['endpoints']['login']}/{lab.ready['ids']['tenant']}/oauth2/token"
    assert document["issuer"] == f"https://sts.windows.net/{lab.ready['ids']['tenant']}/"
    assert http.get(document["jwks_uri"], verify=str(lab.ca_file)).json()["keys"]


def test_swapped_credentials_are_refused(lab: Lab, http: requests.Session) -> None:
    lab.env["DIAG_APPLICATION_SECRET"], lab.env["DIAG_OPERATOR_SECRET"] = (
        lab.env["DIAG_OPERATOR_SECRET"],
        lab.env["DIAG_APPLICATION_SECRET"],
    )
    assert sign_in(lab, http)["error_codes"] == [7000215]
    assert sign_in(lab, http, operator=True)["error_codes"] == [7000215]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda token: token.rpartition(".")[0], "malformed"),
        (lambda token: "x.y.z", "malformed"),
        (lambda token: token[:-8] + "AAAAAAAA", "signature"),
        (lambda token: TokenAuthority().sign({"aud": EXCHANGE, "exp": 2**40}), "signature"),
    ],
)
def test_a_forged_token_is_told_from_a_real_one(
    lab: Lab, http: requests.Session, change: Callable[[str], str], reason: str
) -> None:
    token = sign_in(lab, http)["access_token"]
    with pytest.raises(InvalidToken) as refused:
        lab.tokens.verify(change(token), [EXCHANGE])
    assert refused.value.reason == reason


def test_audience_and_time_are_verified(lab: Lab) -> None:
    token = lab.tokens.sign({"aud": EXCHANGE, "iat": 0, "nbf": 0, "exp": 2**40})
    with pytest.raises(InvalidToken, match="audience"):
        lab.tokens.verify(token, ["https://graph.microsoft.com"])
    with pytest.raises(InvalidToken, match="expired"):
        lab.tokens.verify(lab.tokens.sign({"aud": EXCHANGE, "exp": 1}), [EXCHANGE])
    with pytest.raises(InvalidToken, match="not-yet-valid"):
        lab.tokens.verify(lab.tokens.sign({"aud": EXCHANGE, "nbf": 2**39, "exp": 2**40}), [EXCHANGE])


def test_secrets_and_tokens_stay_out_of_representations(lab: Lab, http: requests.Session) -> None:
    token = sign_in(lab, http)["access_token"]
    claims = lab.tokens.verify(token, [EXCHANGE])
    assert token not in repr(claims)
    assert hashlib.sha256(token.encode()).hexdigest() not in repr(claims)


def _signed(pem: str, claims: dict[str, object]) -> str:
    """Return `claims` as a client assertion, signed by another library's hand than the lab's."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    key = load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA1())).rstrip(b"=").decode()
    return jwt.encode(claims, key, algorithm="RS256", headers={"x5t": thumbprint})


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({}, 0, ""),
        ({"exp": -60}, 700024, "expiry time of assertion"),
        ({"nbf": 3600, "exp": 7200}, 700024, "assertion valid from"),
        ({"nbf": 120}, 0, ""),
        ({"aud": "https://login.microsoftonline.com/common/oauth2/v2.0/token"}, 700023, "audience"),
        ({"iss": "00000000-0000-0000-0000-000000000001"}, 700021, "client_id"),
        ({"sub": "00000000-0000-0000-0000-000000000001"}, 700021, "client_id"),
        ({"exp": "tomorrow"}, 50027, "malformed"),
    ],
)
def test_a_client_assertion_is_refused_for_what_is_wrong_with_it(
    start: Callable[..., Lab], http: requests.Session, change: dict[str, Any], code: int, said: str
) -> None:
    lab = start(shape="certificate")
    now = int(time.time())
    app_id = lab.ready["ids"]["application"]
    moments = {name: now + value for name, value in change.items() if isinstance(value, int)}
    claims = {"iss": app_id, "sub": app_id, "aud": login_url(lab), "jti": "1", "exp": now + 600, **change, **moments}
    body = _with_assertion(lab, http, _signed(_pem(lab), claims))
    if not code:
        assert lab.tokens.verify(body["access_token"], [EXCHANGE]).app_id == app_id
        return
    assert body["error_codes"] == [code]
    assert said in body["error_description"]


def test_an_assertion_signed_by_another_certificate_names_its_thumbprint(
    start: Callable[..., Lab], http: requests.Session
) -> None:
    lab, other = start(shape="certificate"), start(shape="certificate")
    app_id = lab.ready["ids"]["application"]
    claims = {"iss": app_id, "sub": app_id, "aud": login_url(lab), "exp": int(time.time()) + 600}
    body = _with_assertion(lab, http, _signed(_pem(other), claims))
    certificate = x509.load_pem_x509_certificate(_pem(other).encode())
    assert body["error_codes"] == [700027]
    assert certificate.fingerprint(hashes.SHA1()).hex().upper() in body["error_description"]


@pytest.mark.parametrize("text", ["abc", "a.b.c", "e30.W10.x", "W10.e30.x"])
def test_what_is_no_assertion_is_malformed(start: Callable[..., Lab], http: requests.Session, text: str) -> None:
    assert _with_assertion(start(shape="certificate"), http, text)["error_codes"] == [50027]


def _pem(lab: Lab) -> str:
    return Path(profile(lab)["application"]["certificate"]["file"]).read_text()


def _with_assertion(lab: Lab, http: requests.Session, assertion: str) -> dict[str, Any]:
    form = {
        "client_id": lab.ready["ids"]["application"],
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
        "grant_type": "client_credentials",
        "scope": DEFAULT,
    }
    body = http.post(login_url(lab), data=form, verify=str(lab.ca_file)).json()
    assert isinstance(body, dict)
    return body


@pytest.mark.parametrize(
    ("secret", "encoded", "code"),
    [
        ("abc%2F:+ß", True, 0),
        ("abc%2F:+ß", False, 7000215),
        ("abc~._-", False, 0),
        ("", True, 7000218),
    ],
)
def test_the_client_may_name_itself_in_a_header(
    lab: Lab, http: requests.Session, secret: str, encoded: bool, code: int
) -> None:
    lab.setup.registration.password_credentials[0].secret = secret or "another"
    pair = f"{lab.ready['ids']['application']}:{urllib.parse.quote_plus(secret) if encoded else secret}"
    header = f"Basic {base64.b64encode(pair.encode()).decode()}"
    form = {"grant_type": "client_credentials", "scope": DEFAULT}
    body = http.post(login_url(lab), data=form, headers={"Authorization": header}, verify=str(lab.ca_file)).json()
    assert body["error_codes"] == [code] if code else lab.tokens.verify(body["access_token"], [EXCHANGE])


@pytest.mark.parametrize("header", ["Basic", "Basic ///", "Basic YWJj", "Bearer abc", "Basic /w=="])
def test_a_header_that_names_nobody_is_as_none(lab: Lab, http: requests.Session, header: str) -> None:
    form = {"grant_type": "client_credentials", "scope": DEFAULT}
    body = http.post(login_url(lab), data=form, headers={"Authorization": header}, verify=str(lab.ca_file)).json()
    assert body["error_codes"] == [900144]
    assert "'client_id'" in body["error_description"]


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_the_token_endpoint_takes_post_only(lab: Lab, http: requests.Session, method: str) -> None:
    body = http.request(method, login_url(lab), verify=str(lab.ca_file)).json()
    assert body["error_codes"] == [900561]
    assert f"Received a {method} request." in body["error_description"]
