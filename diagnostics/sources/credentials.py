"""The credentials that somebody can sign in with: a secret, or a certificate in a PEM or PFX file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from diagnostics import files
from diagnostics.comparison import shortened
from diagnostics.redaction import Secret, safe

LARGEST_FILE = 1024 * 1024
"""Bytes of a certificate's file."""


class CredentialUnusable(Exception):
    """A certificate file that cannot be used, in words; never quotes what is in it."""


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate with its private key, in one PEM or PFX (PKCS #12) file; `content` is what was read of it already."""

    path: Path
    password: Secret | None = None
    content: bytes = field(default=b"", repr=False, compare=False)


Credential: TypeAlias = Secret | ClientCertificate


def for_msal(credential: Credential) -> str | dict[str, Any]:
    """Return `credential` in the form that MSAL takes. Raises CredentialUnusable.

    MSAL gets key and certificate as PEM text, so that both file formats fail here, in the same words.
    """
    if isinstance(credential, Secret):
        if not credential.reveal():
            raise CredentialUnusable("the client secret is empty")
        return credential.reveal()
    key, certificate = _load(credential)
    return {"private_key": key, "public_certificate": certificate}


def _load(source: ClientCertificate) -> tuple[str, str]:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - heavy
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    try:
        data = source.content or files.read(source.path, largest=LARGEST_FILE)
    except files.FileUnusable as problem:
        raise CredentialUnusable(str(problem)) from problem
    password = source.password.reveal().encode() if source.password else None
    key, certificate = _from_pem(source.path, data, password) if b"-----BEGIN" in data else _from_pfx(source, data)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode(), certificate.public_bytes(Encoding.PEM).decode()


def _from_pem(path: Path, data: bytes, password: bytes | None) -> tuple[Any, Any]:
    from cryptography import x509  # noqa: PLC0415 - heavy
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - heavy

    if b"PRIVATE KEY-----" not in data:
        raise CredentialUnusable(f"{path} holds no private key; put certificate and key into one PEM file, or use PFX")
    encrypted = b"ENCRYPTED" in data
    start = data.index(b"-----BEGIN", data.rindex(b"-----BEGIN", 0, data.index(b"PRIVATE KEY-----")))
    try:
        key = load_pem_private_key(data[start:], password if encrypted else None)
    except (TypeError, ValueError) as error:
        raise CredentialUnusable(_words(path, "the private key", error, encrypted=encrypted)) from error
    try:
        certificates = x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise CredentialUnusable(f"{path} holds a private key but no certificate") from error
    fitting = [certificate for certificate in certificates if certificate.public_key() == key.public_key()]
    if not fitting:
        raise CredentialUnusable(f"the private key in {path} belongs to none of the certificates in it")
    return key, fitting[0]


def _from_pfx(source: ClientCertificate, data: bytes) -> tuple[Any, Any]:
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates  # noqa: PLC0415 - heavy

    password = source.password.reveal().encode() if source.password else None
    try:
        key, certificate, _ = load_key_and_certificates(data, password)
    except (TypeError, ValueError) as error:
        raise CredentialUnusable(_words(source.path, "the file", error, encrypted=True)) from error
    if key is None or certificate is None:
        raise CredentialUnusable(f"{source.path} holds no private key with its certificate")
    return key, certificate


def _words(path: Path, what: str, error: Exception, *, encrypted: bool) -> str:
    reason = "its password is wrong or missing, or it is damaged" if encrypted else shortened(safe(str(error)), 120)
    return (
        f"{what} of {path} cannot be opened: {reason}" if what != "the file" else f"{path} cannot be opened: {reason}"
    )
