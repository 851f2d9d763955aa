"""Other people's OAuth libraries and Graph's own against the lab, each with its default client authentication."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientAssertionCredential
from oauthlib.oauth2 import BackendApplicationClient
from oauthlib.oauth2.rfc6749.errors import OAuth2Error
from requests_oauthlib import OAuth2Session

from diagnostics.lab.server import Lab
from tests.lab.clients import login_url, profile
from tests.lab.foreign.programs import HOST, node_module, program, python_with, run

Start = Callable[..., Lab]
EXCHANGE = "https://outlook.office365.com"
DEFAULT = f"{EXCHANGE}/.default"
SECRET_FAULTS = [("token-secret-expired", "AADSTS7000222"), ("input-secret-id-pasted", "AADSTS7000215")]


def application(lab: Lab) -> tuple[str, str]:
    """Return what the profile has: the application's id and its secret, right or wrong."""
    return str(profile(lab)["application"]["id"]), lab.env["DIAG_APPLICATION_SECRET"]


def roles(lab: Lab, token: str) -> frozenset[str]:
    return lab.tokens.verify(token, [EXCHANGE]).roles


def authlib_token(lab: Lab) -> str:
    """Authlib names the client in a Basic header unless it is told otherwise."""
    client_id, secret = application(lab)
    with AuthlibSession(client_id, secret, scope=DEFAULT) as session:
        session.verify = str(lab.ca_file)
        return str(session.fetch_token(login_url(lab), grant_type="client_credentials")["access_token"])


def requests_oauthlib_token(lab: Lab) -> str:
    """requests-oauthlib names the client in a Basic header, and its id in the body, too."""
    client_id, secret = application(lab)
    with OAuth2Session(client=BackendApplicationClient(client_id, scope=[DEFAULT])) as session:
        answer = session.fetch_token(
            login_url(lab), client_id=client_id, client_secret=secret, verify=str(lab.ca_file), include_client_id=True
        )
        return str(answer["access_token"])


def curl_token(lab: Lab) -> str:
    """curl --user sends the pair as it is, and a secret of Entra needs no encoding."""
    client_id, secret = application(lab)
    command = [
        program("curl", "Debian's curl"),
        "--silent",
        "--cacert",
        str(lab.ca_file),
        "--user",
        f"{client_id}:{secret}",
    ]
    command += ["--data", f"grant_type=client_credentials&scope={DEFAULT}", login_url(lab)]
    body = json.loads(run(command, lab)[1])
    if "access_token" not in body:
        raise ValueError(body["error_description"])
    return str(body["access_token"])


@pytest.mark.parametrize("fetch", [authlib_token, requests_oauthlib_token, curl_token])
def test_a_token_is_had_by_the_default_client_authentication(start: Start, fetch: Callable[[Lab], str]) -> None:
    lab = start()
    assert roles(lab, fetch(lab)) == {"IMAP.AccessAsApp"}


@pytest.mark.parametrize("fetch", [authlib_token, requests_oauthlib_token, curl_token])
@pytest.mark.parametrize(("scenario", "number"), SECRET_FAULTS)
def test_the_refusal_reaches_the_caller(start: Start, fetch: Callable[[Lab], str], scenario: str, number: str) -> None:
    with pytest.raises((OAuthError, OAuth2Error, ValueError), match=number):
        fetch(start(scenario))


def test_azure_identity_signs_in_with_a_certificate(start: Start) -> None:
    lab = start(shape="certificate")
    with CertificateCredential(
        lab.ready["ids"]["tenant"],
        lab.ready["ids"]["application"],
        profile(lab)["application"]["certificate"]["file"],
        authority=lab.ready["endpoints"]["login"],
        disable_instance_discovery=True,
        connection_verify=str(lab.ca_file),
    ) as credential:
        assert roles(lab, credential.get_token(DEFAULT).token) == {"IMAP.AccessAsApp"}


def test_azure_identity_shows_that_an_assertion_is_none(start: Start) -> None:
    lab = start(shape="certificate")
    with (
        ClientAssertionCredential(
            lab.ready["ids"]["tenant"],
            lab.ready["ids"]["application"],
            lambda: "eyJhbGciOiJub25lIn0.e30.",
            authority=lab.ready["endpoints"]["login"],
            disable_instance_discovery=True,
            connection_verify=str(lab.ca_file),
        ) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS700021"),
    ):
        credential.get_token(DEFAULT)


MSAL_NODE = """
const msal = require('@azure/msal-node');
const { authority, host, clientId, clientSecret, certificate, scope } = JSON.parse(process.argv[2]);
const auth = { clientId, authority, knownAuthorities: [host], ...(certificate
  ? { clientCertificate: certificate } : { clientSecret }) };
new msal.ConfidentialClientApplication({ auth }).acquireTokenByClientCredential({ scopes: [scope] })
  .then((answer) => console.log(answer.accessToken))
  .catch((error) => { console.log(error.errorMessage || error.message); process.exit(1); });
"""


def msal_node(lab: Lab, tmp_path: Path, **more: Any) -> tuple[int, str]:
    """Sign in with msal-node; a known authority is not looked up at Microsoft's instance discovery."""
    modules = node_module("@azure/msal-node")
    (tmp_path / "client.js").write_text(MSAL_NODE)
    login = lab.ready["endpoints"]["login"]
    client_id, secret = application(lab) if not more else (profile(lab)["application"]["id"], None)
    told = {
        "authority": f"{login}/{profile(lab)['tenant']}",
        "host": login.removeprefix("https://"),
        "clientId": client_id,
        "clientSecret": secret,
        "scope": DEFAULT,
        **more,
    }
    command = [program("node", "nodejs"), str(tmp_path / "client.js"), json.dumps(told)]
    return run(command, lab, variables={"NODE_PATH": str(modules)})


def test_msal_node_signs_in_with_a_secret(start: Start, tmp_path: Path) -> None:
    lab = start()
    code, text = msal_node(lab, tmp_path)
    assert code == 0, text
    assert roles(lab, text.strip()) == {"IMAP.AccessAsApp"}


def test_msal_node_signs_in_with_a_certificate(start: Start, tmp_path: Path) -> None:
    from cryptography import x509  # noqa: PLC0415 - for this test alone
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415

    lab = start(shape="certificate")
    pem = Path(profile(lab)["application"]["certificate"]["file"]).read_text()
    thumbprint = x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256()).hex()
    code, text = msal_node(lab, tmp_path, certificate={"thumbprintSha256": thumbprint, "privateKey": pem})
    assert code == 0, text
    assert lab.tokens.verify(text.strip(), [EXCHANGE]).raw["appidacr"] == "2"


@pytest.mark.parametrize(("scenario", "number"), SECRET_FAULTS)
def test_msal_node_shows_the_refusal(start: Start, tmp_path: Path, scenario: str, number: str) -> None:
    code, text = msal_node(start(scenario), tmp_path)
    assert (code, number in text) == (1, True)


MSGRAPH = """
import asyncio, json, sys
from azure.identity.aio import ClientSecretCredential
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.service_principals.service_principals_request_builder import ServicePrincipalsRequestBuilder as B

told = json.loads(sys.argv[1])

async def main():
    credential = ClientSecretCredential(told["tenant"], told["client"], told["secret"], authority=told["login"],
                                        disable_instance_discovery=True)
    provider = AzureIdentityAuthenticationProvider(
        credential, scopes=["https://graph.microsoft.com/.default"], allowed_hosts=[told["host"], told["host"].partition(":")[0]])
    adapter = GraphRequestAdapter(provider)
    adapter.base_url = told["graph"] + "/v1.0"
    client = GraphServiceClient(request_adapter=adapter)
    principal = await client.service_principals_with_app_id(told["app"]).get()
    granted = await client.service_principals.by_service_principal_id(principal.id).app_role_assignments.get()
    wanted = B.ServicePrincipalsRequestBuilderGetQueryParameters(
        filter=f"appId in ('{told['app']}') or displayName eq 'Microsoft Graph'", select=["id", "displayName"])
    listed = await client.service_principals.get(B.ServicePrincipalsRequestBuilderGetRequestConfiguration(
        query_parameters=wanted)) if not told["search"] else await client.service_principals.get(
        B.ServicePrincipalsRequestBuilderGetRequestConfiguration(
            query_parameters=B.ServicePrincipalsRequestBuilderGetQueryParameters(search='"displayName:x"')))
    print(json.dumps({"id": principal.id, "granted": [item.resource_display_name for item in granted.value],
                      "listed": sorted(item.display_name for item in listed.value)}))
    await credential.close()

try:
    asyncio.run(main())
except Exception as error:
    print(type(error).__name__, error)
    sys.exit(1)
"""


def msgraph(lab: Lab, tmp_path: Path, *, client: str, secret: str, search: bool = False) -> tuple[int, str]:
    python = python_with("msgraph")
    (tmp_path / "client.py").write_text(MSGRAPH)
    endpoints = lab.ready["endpoints"]
    told = {
        "tenant": lab.ready["ids"]["tenant"],
        "client": client,
        "secret": secret,
        "login": endpoints["login"],
        "graph": endpoints["graph"],
        "host": endpoints["graph"].removeprefix("https://"),
        "app": lab.ready["ids"]["application"],
        "search": search,
    }
    return run([python, str(tmp_path / "client.py"), json.dumps(told)], lab)


def test_msgraph_sdk_reads_what_the_operator_may(start: Start, tmp_path: Path) -> None:
    lab = start()
    operator = {"client": lab.ready["ids"]["operator_application"], "secret": lab.env["DIAG_OPERATOR_SECRET"]}
    code, text = msgraph(lab, tmp_path, **operator)
    assert code == 0, text
    assert json.loads(text.splitlines()[-1]) == {
        "id": lab.ready["ids"]["enterprise_object_id"],
        "granted": ["Office 365 Exchange Online"],
        "listed": ["Mail import", "Microsoft Graph"],
    }
    code, text = msgraph(lab, tmp_path, **operator, search=True)
    assert (code, "'$search' is not supported" in text) == (1, True), text


def test_msgraph_sdk_shows_that_rights_lack(start: Start, tmp_path: Path) -> None:
    lab = start()
    client, secret = application(lab)
    code, text = msgraph(lab, tmp_path, client=client, secret=secret)
    assert (code, "Insufficient privileges" in text) == (1, True), text
    assert HOST not in text
