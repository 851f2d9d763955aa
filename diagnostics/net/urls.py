"""Reads addresses that strangers wrote: a server's Location, a next page, an audience. Nothing here raises."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_HTTPS_PORT = 443
_NOTHING = SplitResult("", "", "", "", "")


def split(url: str) -> SplitResult:
    """Return the parts of a URL; of one that is none (`https://[::1`, `https://x:y`), nothing."""
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname
    except ValueError:
        return _NOTHING
    return parts


def host_of(url: str) -> str:
    """Return host and port as the URL has them, without user and password."""
    return split(url).netloc.rpartition("@")[2]


def origin_of(url: str) -> str:
    """Return `scheme://host:port` for an error's words; empty for a path alone."""
    parts = split(url)
    return f"{parts.scheme}://{host_of(url)}" if host_of(url) else ""


def is_loopback(url: str) -> bool:
    """Whether a URL is of this machine."""
    return (split(url).hostname or "") in _LOOPBACK


def same_origin(one: str, other: str) -> bool:
    """Whether two https addresses are of one host and port."""
    first, second = split(one), split(other)
    if not first.hostname or first.scheme != "https" or second.scheme != "https":
        return False
    return (first.hostname, first.port or _HTTPS_PORT) == (second.hostname, second.port or _HTTPS_PORT)
