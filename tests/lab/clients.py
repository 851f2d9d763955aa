"""Independent clients of the lab: MSAL and imapclient, with what its profile says."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import msal
import requests
import yaml
from imapclient import IMAPClient

from diagnostics.lab.server import Lab


def profile(lab: Lab) -> dict[str, Any]:
    loaded = yaml.safe_load(lab.profile.read_text())
    assert isinstance(loaded, dict)
    return loaded


def login_url(lab: Lab, name: str = "oauth2/v2.0/token") -> str:
    return f"{lab.ready['endpoints']['login']}/{profile(lab)['tenant']}/{name}"


def sign_in(lab: Lab, http: requests.Session, *, operator: bool = False, scope: str | None = None) -> dict[str, Any]:
    """Sign in through the real MSAL, as the application or as the operator, with what the profile says."""
    values = profile(lab)
    http.verify = str(lab.ca_file)
    section = values["operator"] if operator else values["application"]
    credential: Any
    if "certificate" in section:
        pem = Path(section["certificate"]["file"]).read_text()
        credential = {"private_key": pem, "public_certificate": pem}
    else:
        credential = lab.env[section["secret"]["env"]]
    application = msal.ConfidentialClientApplication(
        section["application_id"] if operator else section["id"],
        authority=f"{values['endpoints']['login']}/{values['tenant']}",
        client_credential=credential,
        instance_discovery=False,
        http_client=http,
    )
    result = application.acquire_token_for_client([scope or f"{lab.world.cloud.exchange}/.default"])
    assert isinstance(result, dict)
    return result


def imap_client(lab: Lab) -> IMAPClient:
    values = profile(lab)
    context = ssl.create_default_context(cafile=str(lab.ca_file))
    return IMAPClient(values["imap"]["server"], values["imap"]["port"], ssl_context=context, timeout=5)
