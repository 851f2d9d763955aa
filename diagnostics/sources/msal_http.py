"""The HTTP side of MSAL, and what Entra's refusals say.

MSAL gets this client, so that its requests go through the program's own session, and so that an answer is kept as it
came: MSAL itself wraps a refusal of OIDC discovery in a ValueError whose wording changes from version to version.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import time
import warnings
from collections.abc import Mapping
from typing import Any

import requests

from diagnostics.evidence import EntraError, Missing, Provenance, Source, Unavailable
from diagnostics.net.answers import json_object
from diagnostics.net.failures import unavailable
from diagnostics.redaction import safe

_CODE = re.compile(r"AADSTS(\d{4,9})")


class MsalHttp:
    """The http_client that MSAL asks for; keeps the last answer and refuses whatever is not JSON."""

    def __init__(self, session: requests.Session) -> None:
        self._session = session
        self._started = time.monotonic()
        self._at = dt.datetime.now(dt.UTC)
        self._how = "MSAL"
        self.host = ""
        self.refusal: Mapping[str, Any] = {}

    def post(self, url: str, **keywords: Any) -> requests.Response:
        """POST as MSAL asks."""
        return self._ask("POST", url, **keywords)

    def get(self, url: str, **keywords: Any) -> requests.Response:
        """GET as MSAL asks."""
        return self._ask("GET", url, **keywords)

    def close(self) -> None:
        """Leave the session open: it belongs to the caller."""

    def _ask(self, method: str, url: str, **keywords: Any) -> requests.Response:
        self._started, self._at = time.monotonic(), dt.datetime.now(dt.UTC)
        self._how, self.host = safe(f"{method} {url}"), url.split("/")[2] if url.count("/") > 1 else url
        self.refusal = {}
        response = self._session.request(method, url, **keywords)
        body = json_object(response)
        self.refusal = body if "error" in body else {}
        return response

    def provenance(self) -> Provenance:
        """Say what was asked last, when, and how long it has taken since."""
        return Provenance(Source.ENTRA, self._how, self._at, time.monotonic() - self._started)

    def failed(self, error: BaseException, grant_type: str) -> EntraError | Unavailable:
        """Turn what MSAL raised into Entra's refusal, where there was one, or into words."""
        if self.refusal:
            return entra_error(self.refusal, self.provenance(), grant_type)
        if isinstance(error, requests.RequestException | OSError) or type(error).__module__.startswith("diagnostics"):
            return unavailable(error, self.host, self.provenance())
        if isinstance(error, json.JSONDecodeError):
            return Unavailable(f"{self.host} did not answer with JSON", Missing.UNEXPECTED, self.provenance())
        reason = safe(str(error)).partition("\n")[0][:300] or type(error).__name__
        return Unavailable(f"MSAL could not go on: {reason}", Missing.UNEXPECTED, self.provenance())


def client_credentials(application: Any, scope: str) -> dict[str, Any]:
    """Return MSAL's answer to a client credentials request; what it warns of (/common), Entra says better itself."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Using /common or /organizations")
        return dict(application.acquire_token_for_client(scopes=scope.split()))


def entra_error(body: Mapping[str, Any], provenance: Provenance, grant_type: str = "") -> EntraError:
    """Read Entra's JSON error; the codes come from `error_codes`, or from the description where these are missing."""
    description = safe(_text(body.get("error_description")))
    listed = body.get("error_codes")
    codes = tuple(int(code) for code in listed if str(code).isdecimal()) if isinstance(listed, list) else ()
    if not codes:
        codes = tuple(dict.fromkeys(int(code) for code in _CODE.findall(description)))
    return EntraError(
        codes=codes,
        description=description,
        provenance=provenance,
        error=safe(_text(body.get("error"))),
        suberror=safe(_text(body.get("suberror"))),
        timestamp=safe(_text(body.get("timestamp"))),
        trace_id=safe(_text(body.get("trace_id"))),
        correlation_id=safe(_text(body.get("correlation_id"))),
        grant_type=grant_type,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
