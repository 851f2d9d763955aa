"""Certificates that the lab makes when it starts: its authority, a stranger's, and an application's own."""

from __future__ import annotations

import datetime as dt
import secrets
import ssl

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from diagnostics.lab.faults import Conduct

NAMES = ("localhost", "127.0.0.1")
ELSEWHERE = "elsewhere.example"


def authority(name: str) -> trustme.CA:
    """Return a new certificate authority."""
    return trustme.CA(organization_name=name)


def server_context(issuer: trustme.CA) -> ssl.SSLContext:
    """Return a server's TLS context with a certificate of `issuer` for localhost and 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert(*NAMES, common_name=NAMES[0]).configure_cert(context)
    return context


def misissued(issuer: trustme.CA, conduct: Conduct) -> ssl.SSLContext:
    """Return a server's TLS context whose certificate no client may accept: of a stranger, expired, for another host."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if conduct is Conduct.OTHER_CA:
        return server_context(authority("Example Web Gateway"))
    if conduct is Conduct.WRONG_HOST:
        issuer.issue_cert(ELSEWHERE, common_name=ELSEWHERE).configure_cert(context)
        return context
    now = dt.datetime.now(dt.UTC)
    since, until = now - dt.timedelta(days=60), now - dt.timedelta(days=2)
    issuer.issue_cert(*NAMES, common_name=NAMES[0], not_before=since, not_after=until).configure_cert(context)
    return context


def application_certificate(name: str) -> tuple[bytes, x509.Certificate]:
    """Return a self-signed certificate with its private key in PEM, as an administrator makes one for an app."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=30))
        .not_valid_after(now + dt.timedelta(days=335))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM), certificate


def locked(pem: bytes) -> bytes:
    """Return the same key and certificate with the key encrypted, under a password that nobody knows."""
    certificate = pem[pem.index(b"-----BEGIN CERTIFICATE") :]
    encryption = BestAvailableEncryption(secrets.token_bytes(24))
    key = load_pem_private_key(pem, None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption) + certificate
