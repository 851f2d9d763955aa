"""Which certificates the program trusts: the system's, certifi's and the profile's CA file; always verified."""

from __future__ import annotations

import ssl
from pathlib import Path

from diagnostics import files

_LARGEST_FILE = 4 * 1024 * 1024
"""Bytes; ten times the bundle of every public CA."""


class CaFileUnusable(Exception):
    """The CA file cannot be read or holds no certificate; says which file and why."""


def trusting_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return a context that verifies chain and host name against the system's CAs, certifi's and those of `ca_file`.

    A company that inspects TLS has its CA in the system's store or in `ca_file`; neither ever takes the public CAs
    away. Raises CaFileUnusable.
    """
    import certifi  # noqa: PLC0415 - not needed for offline work

    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(certifi.where())
    if ca_file is not None:
        _add(context, ca_file)
    return context


def _add(context: ssl.SSLContext, ca_file: Path) -> None:
    try:
        text = files.read_text(ca_file, largest=_LARGEST_FILE, fallback="latin-1")
    except files.FileUnusable as problem:
        raise CaFileUnusable(f"the CA file {problem}") from problem
    try:
        context.load_verify_locations(cadata=text.encode("ascii", "ignore").decode())
    except (ssl.SSLError, ValueError) as error:
        raise CaFileUnusable(f"the CA file {ca_file} holds no PEM certificate") from error


def why_refused(error: ssl.SSLCertVerificationError) -> str:
    """Return OpenSSL's reason in its own words, e.g. `unable to get local issuer certificate`."""
    return error.verify_message or str(error)
