"""Client assertions: whether a signed JWT proves that the caller holds a certificate of the application."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterable, Mapping

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from diagnostics.lab.state import Tenant, new_id
from diagnostics.lab.tokens import PART_COUNT, b64url, unb64url


def key_credential(certificate: x509.Certificate) -> dict[str, object]:
    """Return the `keyCredentials` entry of a certificate as Graph shows it, with the public certificate as `key`."""
    thumbprint = certificate.fingerprint(hashes.SHA1())  # noqa: S303 - Entra names certificates by it
    return {
        "customKeyIdentifier": thumbprint.hex().upper(),
        "displayName": certificate.subject.rfc4514_string(),
        "endDateTime": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "key": base64.b64encode(certificate.public_bytes(Encoding.DER)).decode(),
        "keyId": new_id(),
        "startDateTime": certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    }


def proves(
    token: str,
    app_id: str,
    credentials: Iterable[Mapping[str, object]],
    place: tuple[Tenant, str],
    now: dt.datetime,
) -> bool:
    """Say whether `token` is signed by one of `credentials`, for `app_id`, for this tenant's endpoint, and valid now.

    `place` is the tenant and the host that was asked. RS256 with `x5t` and PS256 with `x5t#S256` are known, the two
    that MSAL sends.
    """
    parts = token.split(".")
    if len(parts) != PART_COUNT:
        return False
    try:
        header, payload = (json.loads(unb64url(part)) for part in parts[:2])
        signature = unb64url(parts[2])
    except ValueError:
        return False
    if not _claims_fit(payload, app_id, place, now):
        return False
    signed = f"{parts[0]}.{parts[1]}".encode()
    certificates = (_certificate(credential) for credential in credentials)
    return any(_signed_by(certificate, header, signed, signature) for certificate in certificates)


def _claims_fit(payload: Mapping[str, object], app_id: str, place: tuple[Tenant, str], now: dt.datetime) -> bool:
    tenant, host = place
    audience = str(payload.get("aud", ""))
    expires = payload.get("exp")
    return (
        str(payload.get("iss", "")).lower() == app_id
        and str(payload.get("sub", "")).lower() == app_id
        and audience.startswith(f"https://{host}/")
        and any(f"/{name}/" in audience for name in (tenant.id, *tenant.domains))
        and isinstance(expires, int | float)
        and expires > now.timestamp()
    )


def _certificate(credential: Mapping[str, object]) -> x509.Certificate:
    return x509.load_der_x509_certificate(base64.b64decode(str(credential["key"])))


def _signed_by(certificate: x509.Certificate, header: Mapping[str, object], signed: bytes, signature: bytes) -> bool:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    sha1 = b64url(certificate.fingerprint(hashes.SHA1()))  # noqa: S303 - Entra names certificates by it
    sha256 = b64url(certificate.fingerprint(hashes.SHA256()))
    if sha1 != str(header.get("x5t")).rstrip("=") and sha256 != str(header.get("x5t#S256")).rstrip("="):
        return False
    scheme: padding.AsymmetricPadding
    if header.get("alg") == "PS256":
        scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
    else:
        scheme = padding.PKCS1v15()
    try:
        key.verify(signature, signed, scheme, hashes.SHA256())
    except InvalidSignature:
        return False
    return True
