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

from diagnostics.comparison import shortened
from diagnostics.evidence import EntraError, Missing, Provenance, Source, Unavailable
from diagnostics.net.answers import asks_to_wait, json_object
from diagnostics.net.failures import UnexpectedAnswer, unavailable
from diagnostics.net.urls import host_of
from diagnostics.redaction import safe
from diagnostics.sources.endpoints import foreign_endpoint, is_discovery, is_of_login

_DIGITS = 10
_CODE = re.compile(r"AADSTS([0-9]{4,9})")


class MsalHttp:
    """The http_client that MSAL asks for; keeps the last answer and refuses whatever is not JSON.

    Nothing goes to a host that is not one of `login`'s, whatever discovery names.
    """

    def __init__(self, session: requests.Session, login: str) -> None:
        self._session = session
        self._login = login
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
        self._how, self.host = safe(f"{method} {url}"), safe(host_of(url) or url)
        self.refusal = {}
        if not is_of_login(url, self._login):
            self.host = safe(host_of(self._login))
            raise UnexpectedAnswer(f"{self.host} leads to {safe(host_of(url) or url)}; nothing was sent there")
        response = self._session.request(method, url, **keywords)
        later, body = asks_to_wait(response), json_object(response)
        if later and not body.get("error_codes"):
            raise UnexpectedAnswer(
                f"{self.host} answered HTTP {response.status_code} and asks to wait {later:g} seconds"
            )
        foreign = foreign_endpoint(body, self._login) if is_discovery(url) else ""
        if foreign:
            raise UnexpectedAnswer(foreign)
        self.refusal = body if "error" in body else {}
        return response

    def provenance(self) -> Provenance:
        """Say what was asked last, when, and how long it has taken since."""
        return Provenance(Source.ENTRA, self._how, self._at, time.monotonic() - self._started)

    def failed(self, error: BaseException, grant_type: str) -> EntraError | Unavailable:
        """Turn what MSAL raised into Entra's refusal, where there was one, or into words."""
        if self.refusal:
            return entra_error(self.refusal, self.provenance(), grant_type)
        if isinstance(error, requests.RequestException | OSError | UnexpectedAnswer):
            return unavailable(error, self.host, self.provenance())
        if isinstance(error, json.JSONDecodeError):
            return Unavailable(f"{self.host} did not answer with JSON", Missing.UNEXPECTED, self.provenance())
        reason = shortened(safe(str(error)).partition("\n")[0], 300) or type(error).__name__
        if not self.host:  # nothing was asked: what MSAL complains of was typed
            return Unavailable(f"MSAL could not go on: {reason}", Missing.UNEXPECTED, self.provenance())
        return Unavailable(
            f"{self.host} answered in a way that MSAL does not take: {reason}", Missing.UNEXPECTED, self.provenance()
        )


def client_credentials(application: Any, scope: str) -> dict[str, Any]:
    """Return MSAL's answer to a client credentials request; what it warns of (/common), Entra says better itself."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Using /common or /organizations")
        return dict(application.acquire_token_for_client(scopes=scope.split()))


def entra_error(body: Mapping[str, Any], provenance: Provenance, grant_type: str = "") -> EntraError:
    """Read Entra's JSON error; the codes come from `error_codes`, or from the description where these are missing."""
    description = safe(_text(body.get("error_description")))
    listed = body.get("error_codes")
    codes = tuple(filter(None, map(_number, listed))) if isinstance(listed, list) else ()
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


def _number(value: object) -> int | None:
    """Return a code that is a number, or text of one; codes have up to seven digits."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else None
