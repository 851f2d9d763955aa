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

from diagnostics.lab.aadsts import Refused
from diagnostics.lab.state import Tenant, new_id
from diagnostics.lab.tokens import CLOCK_SKEW, PART_COUNT, b64url, unb64url


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


def judge(
    token: str,
    app_id: str,
    credentials: Iterable[Mapping[str, object]],
    place: tuple[Tenant, str],
    now: dt.datetime,
) -> None:
    """Raise Refused unless `token` is signed by one of `credentials`, for `app_id`, for this endpoint, and valid now.

    `place` is the tenant and the host that was asked. RS256 with `x5t` and PS256 with `x5t#S256` are known, the two
    that MSAL sends. Each refusal is recorded alone; their order (form, names, audience, signature, time) is invented.
    """
    parts = token.split(".")
    if len(parts) != PART_COUNT:
        raise Refused(50027)
    try:
        header, payload = (json.loads(unb64url(part)) for part in parts[:2])
        signature = unb64url(parts[2])
    except ValueError:
        raise Refused(50027) from None
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise Refused(50027)
    if any(str(payload.get(claim, "")).lower() != app_id for claim in ("iss", "sub")):
        raise Refused(700021)
    if not _meant_for(str(payload.get("aud", "")), *place):
        raise Refused(700023)
    signed = f"{parts[0]}.{parts[1]}".encode()
    certificates = (_certificate(credential) for credential in credentials)
    if not any(_signed_by(certificate, header, signed, signature) for certificate in certificates):
        raise Refused(700027, thumbprint=_thumbprint(header))
    _check_times(payload, now)


def _meant_for(audience: str, tenant: Tenant, host: str) -> bool:
    """Say whether an audience is the token endpoint that was asked, or the authority that it belongs to."""
    wanted = audience.casefold().rstrip("/")
    return any(
        wanted == f"https://{host}/{name}{ending}".casefold()
        for name in (tenant.id, *tenant.domains)
        for ending in ("", "/v2.0", "/oauth2/token", "/oauth2/v2.0/token")
    )


def _check_times(payload: Mapping[str, object], now: dt.datetime) -> None:
    """Raise Refused when the assertion has ended or has not begun; a missing `nbf` shows as 1970, as in the records.

    That a clock may be five minutes fast is invented, after Microsoft's libraries; that nothing is forgiven at the
    end is, too.
    """
    begins, ends = _moment(payload.get("nbf", 0)), _moment(payload.get("exp", 0))
    if begins is None or ends is None:
        raise Refused(50027)
    if ends <= now or begins > now + dt.timedelta(seconds=CLOCK_SKEW):
        shown = {"now": now, "begins": begins, "ends": ends}
        raise Refused(700024, **{name: f"{value:%Y-%m-%dT%H:%M:%S.%f}0Z" for name, value in shown.items()})


def _moment(seconds: object) -> dt.datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _thumbprint(header: Mapping[str, object]) -> str:
    """Return the SHA-1 thumbprint that the header names, in hexadecimal, or what it names instead of one."""
    try:
        return unb64url(str(header["x5t"])).hex().upper()
    except (KeyError, ValueError):
        return str(header.get("x5t#S256") or header.get("kid") or "")


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
