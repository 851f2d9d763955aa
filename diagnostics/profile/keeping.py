"""Whether each secret of a profile can be had from where it is kept, so far as that can be seen without asking anybody.

A secret that is asked for at a prompt, or that the system's own store keeps (which may ask), is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from diagnostics.profile import secrets
from diagnostics.profile.complaints import Complaint
from diagnostics.profile.loading import Profile
from diagnostics.profile.model import CertificateReference, SecretReference
from diagnostics.profile.reading import KeyPath
from diagnostics.profile.secrets import SecretUnavailable


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A secret that cannot be had, at its place in the profile, and of which of the two identities it is."""

    whose: Literal["application", "operator"]
    complaint: Complaint


def unreadable(profile: Profile) -> Iterator[Unreadable]:
    """Yield every secret and certificate that cannot be read now."""
    application, operator, exchange = profile.application, profile.operator, profile.exchange
    if application.secret is None and application.certificate is None:
        what = "the profile names neither a secret nor a certificate of the application"
        advice = "add e.g. `secret: {env: DIAG_APPLICATION_SECRET}` under `application`"
        yield Unreadable("application", Complaint(profile.place("application"), what, advice))
    yield from _of("application", profile, ("application",), application.secret, application.certificate)
    if operator is not None:
        yield from _of("operator", profile, ("operator",), operator.secret, operator.certificate)
        if operator.sign_in == "access-token-file":
            place = profile.place("operator", "file")
            try:
                secrets.read_private(profile.file(operator.file or ""), "the operator's access token")
            except SecretUnavailable as problem:
                yield Unreadable("operator", Complaint(place, problem.reason, problem.hint))
    if exchange.transport == "winrm":
        yield from _of(
            "operator", profile, ("exchange",), exchange.password, None, what="the management host's password"
        )
        if exchange.certificate is not None:
            path = ("exchange", "certificate")
            what = "the WinRM certificate's password"
            yield from _of("operator", profile, path, exchange.certificate.password, None, what=what)


def _of(
    whose: Literal["application", "operator"],
    profile: Profile,
    path: KeyPath,
    secret: SecretReference | None,
    certificate: CertificateReference | None,
    *,
    what: str = "",
) -> Iterator[Unreadable]:
    try:
        if secret is not None and not _asks(secret):
            secrets.resolve(secret, profile, what or f"the {whose}'s secret")
        elif secret is None and certificate is not None and not _asks(certificate.password):
            secrets.certificate(certificate, profile, f"the {whose}'s secret")
    except SecretUnavailable as problem:
        key = "certificate" if secret is None else "secret" if path[-1] in {"application", "operator"} else "password"
        yield Unreadable(whose, Complaint(profile.place(*path, key), problem.reason, problem.hint))


def _asks(reference: SecretReference | None) -> bool:
    return reference is not None and (bool(reference.prompt) or reference.keyring is not None)
