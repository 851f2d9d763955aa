"""GET a JSON object, or say why there is none."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from diagnostics.evidence import Missing, Provenance, Source, Unavailable
from diagnostics.net.client import RETRY_STATUSES, retry_after_seconds
from diagnostics.net.failures import UnexpectedAnswer, unavailable
from diagnostics.net.urls import host_of
from diagnostics.redaction import safe

MOST_VALUES = 100_000
"""Values in one JSON text: each takes up to 250 bytes in memory, and Graph is asked four questions at a time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer that holds a JSON object."""

    status: int
    body: Mapping[str, Any]
    provenance: Provenance
    host: str = ""


def get_json(
    session: requests.Session,
    url: str,
    source: Source,
    *,
    how: str = "",
    headers: Callable[[], Mapping[str, str]] | None = None,
) -> Answer | Unavailable:
    """GET a JSON object, or say why there is none; an HTTP error with a JSON body is an answer."""
    started, at = time.monotonic(), dt.datetime.now(dt.UTC)
    how, host = safe(how or f"GET {url}"), host_of(url)
    try:
        response = session.get(url, headers=dict(headers()) if headers else None)
        later = asks_to_wait(response)
        body = {} if later else json_object(response)
    except (requests.RequestException, UnexpectedAnswer, OSError) as error:
        return unavailable(error, host or safe(url), Provenance(source, how, at, time.monotonic() - started))
    provenance = Provenance(source, how, at, time.monotonic() - started)
    if later:
        reason = f"{host} answered HTTP {response.status_code} and asks to wait {later:g} seconds"
        hint = "That is longer than this run waits (timeouts in the profile). Run it again later."
        return Unavailable(reason, Missing.REMOTE_ERROR, provenance, hint)
    return Answer(response.status_code, body, provenance, host)


def asks_to_wait(response: requests.Response) -> float:
    """Return the seconds that a refusal asks to wait, zero where it asks for none; the session waits for short ones."""
    if response.status_code not in RETRY_STATUSES:
        return 0.0
    return retry_after_seconds(response.headers.get("Retry-After", "")) or 0.0


def json_object(response: requests.Response) -> Mapping[str, Any]:
    """Return the JSON object of an answer. Raises UnexpectedAnswer that says what came instead."""
    host = host_of(response.url)
    try:
        body = load_json(response.content)
    except ValueError:
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip() or "no content type"
        what = "an HTML page" if "html" in kind.lower() or _looks_like_html(response.content) else f"no JSON ({kind})"
        raise UnexpectedAnswer(f"{host} answered HTTP {response.status_code} with {safe(what)}") from None
    if not isinstance(body, dict):
        raise UnexpectedAnswer(f"{host} answered HTTP {response.status_code} with JSON that is not an object")
    return body


def load_json(data: bytes, most: int = MOST_VALUES) -> Any:
    """Return the value of a JSON text. Raises ValueError, also for one that is too deep or has too many values."""
    if sum(map(data.count, (b",", b"[", b"{"))) > most:
        raise ValueError("too many values")
    try:
        return json.loads(data, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("too deep") from None


def _no_number(name: str) -> Any:
    """Refuse NaN and Infinity, which are no JSON (RFC 8259, section 6)."""
    raise ValueError(name)


def _looks_like_html(content: bytes) -> bool:
    start = content[:200].lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html"))
