"""Access tokens of the lab: signed for real (RS256), in the shape that Entra gives app-only tokens for Exchange.

The shape follows two recorded payloads (MailKit issue 1811, Stack Overflow answer 78418440): version 1.0 claims even
from the v2.0 endpoint, `oid` and `sub` are the enterprise application's object id, `roles` is absent when nothing was
granted, and `exp - iat` is 3900 seconds.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from diagnostics.lab.state import EnterpriseApplication, Tenant, new_id

APP_ONLY_LIFETIME = 3900
"""Seconds between `iat` and `exp` in both recorded payloads."""

PART_COUNT = 3
CLOCK_SKEW = 300
"""Seconds of difference that a verifier forgives for `nbf`, as Microsoft's libraries do."""


class InvalidToken(Exception):
    """A token that an endpoint refuses; `reason` is malformed, signature, audience, expired or not-yet-valid."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Claims:
    """What a verified token says about its bearer; the token itself is not kept."""

    tenant_id: str
    app_id: str
    object_id: str
    audience: str
    roles: frozenset[str]
    scopes: frozenset[str]
    issued_at: int
    expires_at: int
    raw: Mapping[str, Any] = field(repr=False)


def b64url(data: bytes) -> str:
    """Encode as base64url without padding, as JWTs do."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text: str) -> bytes:
    """Decode base64url with or without padding; raise ValueError when it is not base64url."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(str(error)) from error


def same_audience(left: str, right: str) -> bool:
    """Say whether two audiences name the same resource: a trailing slash and case make no difference."""
    return left.rstrip("/").casefold() == right.rstrip("/").casefold()


def _number(value: int) -> str:
    return b64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class TokenAuthority:
    """Signs and verifies the lab's tokens with a key of its own, made when the lab starts.

    `clock` gives the present in seconds since 1970; a lab that needs expired tokens replaces it.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.signed: list[str] = []  # every token, for whoever looks where they went
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        numbers = self._key.public_key().public_numbers()
        self._modulus, self._exponent = _number(numbers.n), _number(numbers.e)
        thumbprint = hashlib.sha256(
            json.dumps({"e": self._exponent, "kty": "RSA", "n": self._modulus}, separators=(",", ":")).encode()
        )
        self.key_id = b64url(thumbprint.digest()[:20])

    def jwks(self) -> dict[str, Any]:
        """Return the key set that the keys endpoint publishes."""
        key = {"kty": "RSA", "use": "sig", "kid": self.key_id, "x5t": self.key_id}
        return {"keys": [{**key, "n": self._modulus, "e": self._exponent}]}

    def issue(
        self,
        *,
        tenant: Tenant,
        application: EnterpriseApplication,
        audience: str,
        roles: Collection[str] = (),
        credential: str = "1",
        lifetime: int = APP_ONLY_LIFETIME,
        issued_at: int | None = None,
        issuer: str = "https://sts.windows.net",
    ) -> str:
        """Return an app-only token of `application` in `tenant` for `audience`.

        `credential` is the `appidacr` claim ("1" secret, "2" certificate), `lifetime` and `issued_at` are seconds.
        """
        start = int(self.clock()) if issued_at is None else issued_at
        payload: dict[str, Any] = {
            "aud": audience,
            "iss": f"{issuer}/{tenant.id}/",
            "iat": start,
            "nbf": start,
            "exp": start + lifetime,
            "aio": base64.b64encode(secrets.token_bytes(30)).decode(),
            "app_displayname": application.display_name,
            "appid": application.app_id,
            "appidacr": credential,
            "idp": f"{issuer}/{tenant.id}/",
            "idtyp": "app",
            "oid": application.object_id,
            "rh": f"0.{b64url(secrets.token_bytes(24))}.",
            "sub": application.object_id,
            "tid": tenant.id,
            "uti": b64url(secrets.token_bytes(16)),
            "ver": "1.0",
        }
        if roles:
            payload["roles"] = sorted(roles)
        return self.sign(payload)

    def sign(self, payload: Mapping[str, Any]) -> str:
        """Return `payload` as a signed token; the header carries `nonce` also for Exchange (MailKit issue 1811)."""
        header = {
            "typ": "JWT",
            "nonce": b64url(secrets.token_bytes(32)),
            "alg": "RS256",
            "x5t": self.key_id,
            "kid": self.key_id,
        }
        parts = (b64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, payload))
        signed = ".".join(parts)
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        self.signed.append(f"{signed}.{b64url(signature)}")
        return self.signed[-1]

    def verify(self, token: str, audiences: Collection[str]) -> Claims:
        """Return the claims of `token`, judged in this order: shape, signature, audience, time.

        Raises InvalidToken, whose `reason` names the first of them that fails.
        """
        payload = self._signed_payload(token)
        audience = str(payload.get("aud", ""))
        if not any(same_audience(audience, wanted) for wanted in audiences):
            raise InvalidToken("audience")
        now = self.clock()
        issued_at, expires_at = int(payload.get("iat", 0)), int(payload.get("exp", 0))
        if expires_at <= now:
            raise InvalidToken("expired")
        if int(payload.get("nbf", 0)) > now + CLOCK_SKEW:
            raise InvalidToken("not-yet-valid")
        return Claims(
            tenant_id=str(payload.get("tid", "")),
            app_id=str(payload.get("appid", "")),
            object_id=str(payload.get("oid", "")),
            audience=audience,
            roles=frozenset(payload.get("roles", ())),
            scopes=frozenset(str(payload.get("scp", "")).split()),
            issued_at=issued_at,
            expires_at=expires_at,
            raw=payload,
        )

    def _signed_payload(self, token: str) -> dict[str, Any]:
        parts = token.split(".")
        if len(parts) != PART_COUNT:
            raise InvalidToken("malformed")
        try:
            header, payload = (json.loads(unb64url(part)) for part in parts[:2])
            signature = unb64url(parts[2])
        except ValueError:
            raise InvalidToken("malformed") from None
        if not isinstance(header, dict) or not isinstance(payload, dict):
            raise InvalidToken("malformed")
        if header.get("alg") != "RS256" or header.get("kid") != self.key_id:
            raise InvalidToken("signature")
        signed = f"{parts[0]}.{parts[1]}".encode()
        try:
            self._key.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise InvalidToken("signature") from None
        return payload


def new_trace() -> dict[str, str]:
    """Return the pair of ids that Entra adds to every error."""
    return {"trace_id": new_id(), "correlation_id": new_id()}
