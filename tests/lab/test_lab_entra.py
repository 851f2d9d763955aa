from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import msal
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes

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
