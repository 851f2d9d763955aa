"""Which endpoints a login host may name: its own, or those of other sign-in hosts of the same cloud.

OpenID discovery (OpenID Connect Discovery 1.0, section 4) says where secrets are to be sent. Whoever answers in the
place of the login host, or a profile that names a stranger as login host, must not lead them elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diagnostics.clouds import LOGIN_HOSTS
from diagnostics.net.urls import host_of, origin_of, same_origin, split

_DISCOVERY = "/.well-known/openid-configuration"
_ENDPOINTS = ("token_endpoint", "authorization_endpoint", "device_authorization_endpoint", "jwks_uri")
"""What discovery names that gets a secret or a person's password, or says whose signatures count."""
_HTTPS_PORT = 443


def is_of_login(url: str, login: str) -> bool:
    """Whether an https address is of the login host, or of another sign-in host of that cloud."""
    if same_origin(url, login):
        return True
    one, other = split(url), split(login)
    if one.scheme != "https" or {one.port or _HTTPS_PORT, other.port or _HTTPS_PORT} != {_HTTPS_PORT}:
        return False
    return any({one.hostname, other.hostname} <= hosts for hosts in LOGIN_HOSTS)


def is_discovery(url: str) -> bool:
    """Whether an address is that of a discovery document."""
    return split(url).path.endswith(_DISCOVERY)


def is_of_microsoft(url: str) -> bool:
    """Whether an https address is of a sign-in host of any of Microsoft's clouds."""
    return any(is_of_login(url, f"https://{host}") for hosts in LOGIN_HOSTS for host in hosts)


def foreign_endpoint(document: Mapping[str, Any], login: str, *, may_be_other_cloud: bool = False) -> str:
    """Return why a discovery document is not followed; an empty string where it is in order.

    With `may_be_other_cloud`, where nothing secret is going to be sent, a host of Microsoft's may name one of another
    cloud: that says where the tenant is.
    """
    may_be_other_cloud = may_be_other_cloud and is_of_microsoft(login)
    for name in _ENDPOINTS:
        value = document.get(name)
        ours = isinstance(value, str) and (is_of_login(value, login) or (may_be_other_cloud and is_of_microsoft(value)))
        if value is not None and not ours:
            place = (origin_of(value) if isinstance(value, str) else "") or "no address"
            return f"{host_of(login)} names {place} as its {name}; no secret was sent there"
    return ""
