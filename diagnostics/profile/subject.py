"""From a profile to what a run needs: both identities with their credentials, the transport, the endpoints."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, assert_never

from diagnostics.clouds import CLOUDS
from diagnostics.evidence import (
    Missing,
    Observed,
    Provenance,
    SecretShape,
    Setting,
    SettingName,
    Source,
    Unavailable,
)
from diagnostics.exchange.options import LocalOptions, RestOptions, SshOptions, TransportOptions, WinRmOptions
from diagnostics.exchange.retired import EXPLANATION, REMEDY, is_retired
from diagnostics.ids import ApplicationId
from diagnostics.profile import secrets
from diagnostics.profile.loading import Profile
from diagnostics.profile.model import CertificateReference, Operator, SecretReference
from diagnostics.profile.reading import KeyPath
from diagnostics.profile.secrets import SecretUnavailable
from diagnostics.profile.values import exchange_base, exchange_scope, graph_scope, settings, target
from diagnostics.redaction import Secret
from diagnostics.run import Subject
from diagnostics.slips import meant, trimmed
from diagnostics.sources.claims import secret_shape
from diagnostics.sources.credentials import Credential
from diagnostics.sources.operator import AccessTokenFile, Browser, DeviceCode, OperatorApplication, SignIn


def subject(
    profile: Profile,
    tell: Callable[[str], None],
    *,
    mailboxes: Sequence[str] = (),
    exchange: bool = True,
    graph: bool = True,
    access_token_file: Path | None = None,
) -> Subject:
    """Return what is to be diagnosed; secrets are read now, and one that cannot be had becomes `Unavailable`.

    `tell` shows a device code's message. `mailboxes`, as typed on the command line, replace the profile's. Without
    `exchange` and `graph` the operator's secrets are not touched. `access_token_file` stands in the operator's place.
    """
    about, typed = target(profile), settings(profile)
    if mailboxes:
        about = replace(about, mailboxes=tuple(trimmed(mailbox) for mailbox in mailboxes))
        option = Provenance(Source.PROFILE, "--mailbox")
        typed = (
            *(setting for setting in typed if setting.name is not SettingName.MAILBOX),
            *(Setting(SettingName.MAILBOX, mailbox, option) for mailbox in mailboxes),
        )
    application = application_credential(profile)
    operator: Observed[SignIn] = Unavailable("the operator is not needed", Missing.NOT_REQUESTED)
    transport: Observed[TransportOptions] = Unavailable("Exchange PowerShell was left out", Missing.NOT_REQUESTED)
    if exchange or (graph and profile.graph):
        operator = AccessTokenFile(access_token_file) if access_token_file else _operator(profile, tell)
    if exchange:
        transport = _transport(profile)
    return Subject(
        target=about,
        settings=typed,
        application=application,
        operator=operator,
        transport=transport,
        secret=shape_of(profile, application),
        exchange_scope=exchange_scope(profile),
        graph_scope=graph_scope(profile),
        exchange_environment=CLOUDS[profile.cloud].exchange_environment.value,
        operator_credential="" if access_token_file else _kept(profile),
        ca_file=profile.ca_file,
        connect_timeout=profile.timeouts.connect,
        operation_timeout=profile.timeouts.operation,
        name_server=profile.endpoints.dns or "",
    )


def application_credential(profile: Profile) -> Observed[Credential]:
    """Return the credential of the application under test, or why it cannot be had."""
    application = profile.application
    found = _credential(application.secret, application.certificate, profile, "the application's secret")
    if found is not None:
        return found
    return Unavailable(
        "the profile names neither a secret nor a certificate of the application",
        Missing.BLOCKED,
        Provenance(Source.PROFILE, str(profile.place("application"))),
        "Add e.g. `secret: {env: DIAG_APPLICATION_SECRET}` under `application`.",
    )


def shape_of(profile: Profile, credential: Observed[Credential]) -> Observed[SecretShape]:
    """Return what the checks may know of the application's secret."""
    reference = profile.application.secret
    if isinstance(credential, Secret) and reference is not None:
        place = profile.place("application", "secret")
        return secret_shape(credential, Provenance(Source.PROFILE, f"{place} ({secrets.where(reference)})"))
    if isinstance(credential, Unavailable):
        return credential
    return Unavailable("the application signs in with a certificate", Missing.NOT_REQUESTED)


def _operator(profile: Profile, tell: Callable[[str], None]) -> Observed[SignIn]:
    operator = profile.operator
    if operator is None:
        return Unavailable(
            "the profile names no operator, so nobody signed in for Exchange PowerShell and Graph",
            Missing.NOT_SIGNED_IN,
            Provenance(Source.PROFILE, str(profile.path)),
            "Add `operator: {sign_in: device-code}` to the profile.",
        )
    match operator.sign_in:
        case "application":
            return _operator_application(profile, operator)
        case "device-code":
            return DeviceCode(tell, ApplicationId(meant(operator.application_id)))
        case "browser":
            return Browser(ApplicationId(meant(operator.application_id)))
        case "access-token-file":
            return AccessTokenFile(profile.file(operator.file or ""))
        case other:
            assert_never(other)


def _kept(profile: Profile) -> str:
    """Say where the operator's own credential is kept, and how to set it again; "" for a person's sign-in."""
    operator = profile.operator
    reference = None if operator is None else operator.secret or operator.certificate
    if operator is None or operator.sign_in != "application" or reference is None:
        return ""
    place = secrets.where(reference)
    again = secrets.how_to_set(reference)
    return (
        f"It is the operator's own, kept here: {place}. {again}"
        if again
        else f"It is the operator's own, kept here: {place}."
    )


def _operator_application(profile: Profile, operator: Operator) -> Observed[SignIn]:
    found = _credential(operator.secret, operator.certificate, profile, "the operator's secret", Missing.NOT_SIGNED_IN)
    if found is None or isinstance(found, Unavailable):
        return found or Unavailable("the operator has neither a secret nor a certificate", Missing.NOT_SIGNED_IN)
    return OperatorApplication(ApplicationId(meant(operator.application_id)), found)


def _credential(
    secret: SecretReference | None,
    certificate: CertificateReference | None,
    profile: Profile,
    what: str,
    missing: Missing = Missing.BLOCKED,
) -> Observed[Credential] | None:
    try:
        if secret is not None:
            return secrets.resolve(secret, profile, what)
        if certificate is not None:
            return secrets.certificate(certificate, profile, what.removesuffix("'s secret"))
    except SecretUnavailable as problem:
        return _unavailable(problem, profile, missing)
    return None


def _unavailable(problem: SecretUnavailable, profile: Profile, missing: Missing) -> Unavailable:
    return Unavailable(problem.reason, missing, Provenance(Source.PROFILE, str(profile.path)), problem.hint)


def _transport(profile: Profile) -> Observed[TransportOptions]:
    exchange = profile.exchange
    times = _times(profile)
    for name, address in (("connection_uri", exchange.connection_uri), ("host", exchange.host)):
        if address and is_retired(address):
            here = Provenance(Source.PROFILE, str(profile.place("exchange", name)))
            return Unavailable(EXPLANATION, Missing.UNREACHABLE, here, REMEDY)
    match exchange.transport:
        case "local":
            return LocalOptions(
                exchange.executable or "", exchange.windows_powershell, without=secrets.variables(profile), **times
            )
        case "ssh":
            return SshOptions(
                host=exchange.host or "",
                port=exchange.port,
                username=exchange.username or "",
                subsystem=exchange.subsystem,
                executable=exchange.executable or "ssh",
                options=exchange.options,
                without=secrets.variables(profile),
                **times,
            )
        case "rest":
            return RestOptions(exchange_base(profile), profile.ca_file, exchange.proxy or "", **times)
        case "winrm":
            return _winrm(profile, times)
        case other:
            assert_never(other)


def _winrm(profile: Profile, times: dict[str, Any]) -> Observed[TransportOptions]:
    exchange, certificate = profile.exchange, profile.exchange.certificate
    password = key_password = None
    try:
        if exchange.password is not None:
            password = secrets.resolve(exchange.password, profile, "the management host's password")
        if certificate is not None and certificate.password is not None:
            key_password = secrets.resolve(certificate.password, profile, "the WinRM certificate's password")
    except SecretUnavailable as problem:
        return _unavailable(problem, profile, Missing.NOT_SIGNED_IN)
    return WinRmOptions(
        host=exchange.host or "",
        port=exchange.port or 5986,
        ca_file=profile.ca_file,
        auth=exchange.auth,
        username=exchange.username or "",
        password=password,
        configuration=exchange.configuration,
        proxy=exchange.proxy or "",
        certificate_file=profile.file(certificate.file) if certificate else None,
        certificate_key_file=profile.file(certificate.key or certificate.file) if certificate else None,
        certificate_key_password=key_password,
        **times,
    )


def _times(profile: Profile) -> dict[str, Any]:
    """Return the time-outs that the profile names; a PowerShell that has to start has longer defaults of its own."""
    times = {"connect_timeout": ("timeouts", "connect"), "operation_timeout": ("timeouts", "operation")}
    return {name: getattr(profile.timeouts, path[1]) for name, path in times.items() if path in profile.places}


def shapes_without_asking(profile: Profile) -> dict[KeyPath, SecretShape]:
    """Return the shapes of both identities' client secrets where they can be read without a prompt, by their place."""
    operator = profile.operator
    references = (
        ("application", "the application's secret", profile.application.secret),
        ("operator", "the operator's secret", operator.secret if operator else None),
    )
    found: dict[KeyPath, SecretShape] = {}
    for whose, what, reference in references:
        if reference is None or reference.prompt or reference.keyring is not None:
            continue
        with contextlib.suppress(SecretUnavailable):
            secret = secrets.resolve(reference, profile, what)
            where = f"{profile.place(whose, 'secret')} ({secrets.where(reference)})"
            found[whose, "secret"] = secret_shape(secret, Provenance(Source.PROFILE, where))
    return found
