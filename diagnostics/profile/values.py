"""What a profile means: settings for the checks, the target of the run, and what the input checks say of its values.

There is no second set of rules: a value is complained about when, and only when, an input check would fail on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from types import MappingProxyType

from diagnostics.checks.input._values import is_placeholder
from diagnostics.checks.input.mailbox_address import has_address
from diagnostics.clouds import CLOUDS
from diagnostics.evidence import (
    ApplicationId,
    AppRegistrationObjectId,
    EnterpriseAppObjectId,
    Evidence,
    Provenance,
    SecretShape,
    Setting,
    SettingName,
    Source,
    Target,
)
from diagnostics.exchange.retired import EXPLANATION, REMEDY, is_retired
from diagnostics.findings import Judgement
from diagnostics.profile.complaints import Complaint, Place
from diagnostics.profile.finding import DEMO
from diagnostics.profile.judging import complaint, failures
from diagnostics.profile.loading import Profile
from diagnostics.profile.reading import KeyPath
from diagnostics.redaction import Secret, looks_secret
from diagnostics.slips import meant, trimmed

_ENTERPRISE, _REGISTRATION = SettingName.ENTERPRISE_APP_OBJECT_ID, SettingName.APP_REGISTRATION_OBJECT_ID
_SETTINGS: tuple[tuple[SettingName, KeyPath], ...] = (
    (SettingName.TENANT, ("tenant",)),
    (SettingName.ORGANIZATION, ("organization",)),
    (SettingName.CLOUD, ("cloud",)),
    (SettingName.APPLICATION_ID, ("application", "id")),
    (_ENTERPRISE, ("application", "enterprise_object_id")),
    (_REGISTRATION, ("application", "registration_object_id")),
    (SettingName.IMAP_SERVER, ("imap", "server")),
    (SettingName.IMAP_PORT, ("imap", "port")),
    (SettingName.POWERSHELL_URI, ("exchange", "connection_uri")),
    (SettingName.AUTHORITY, ("endpoints", "login")),
)


def settings(profile: Profile) -> tuple[Setting, ...]:
    """Return what somebody typed, raw, each with `file:line:column`; defaults are nobody's words and are left out."""
    typed = [(name, path) for name, path in _SETTINGS if path in profile.places]
    typed += [(SettingName.MAILBOX, ("mailboxes", index)) for index in range(len(profile.mailboxes))]
    found = [Setting(name, str(_value(profile, path)), _provenance(profile.place(*path))) for name, path in typed]
    for setting in found:
        if _is_secret(setting.raw):
            Secret(setting.raw)  # no output may repeat it
    return tuple(found)


def _is_secret(value: str) -> bool:
    """Say whether a value looks like a secret in the wrong place: it is neither shown nor sent as a mailbox."""
    return looks_secret(value) and not is_placeholder(value) and not has_address(value)


def _value(profile: Profile, path: KeyPath) -> object:
    value: object = profile.document
    for step in path:
        value = value[step] if isinstance(step, int) and isinstance(value, tuple) else getattr(value, str(step))
    return value


def _provenance(place: Place) -> Provenance:
    return Provenance(Source.PROFILE, str(place))


def target(profile: Profile) -> Target:
    """Return what the run is about: values without stray characters, endpoints of the cloud unless the profile has its own."""
    cloud, own = CLOUDS[profile.cloud], profile.endpoints
    application = profile.application
    return Target(
        tenant=meant(profile.tenant),
        organization=meant(profile.document.organization),
        application_id=ApplicationId(meant(application.id)),
        enterprise_app_object_id=EnterpriseAppObjectId(meant(application.enterprise_object_id)),
        app_registration_object_id=AppRegistrationObjectId(meant(application.registration_object_id)),
        mailboxes=tuple(mailbox for typed in profile.mailboxes if not _is_secret(mailbox := trimmed(typed))),
        cloud=profile.cloud,
        login=_base(own.login or cloud.login.value),
        graph=_base(own.graph or cloud.graph.value),
        scope=cloud.scope.value,
        imap_server=trimmed(profile.imap.server or "") or cloud.imap_server.value,
        imap_port=profile.imap.port,
        profile=profile.option or str(profile.path.absolute()),
        profile_file="" if profile.option == DEMO else str(profile.path.absolute()),
        scenarios=profile.scenarios,
        shape=profile.shape,
    )


def exchange_base(profile: Profile) -> str:
    """Return scheme and host of Exchange's admin REST endpoint."""
    return _base(profile.endpoints.exchange or CLOUDS[profile.cloud].exchange.value)


def exchange_scope(profile: Profile) -> str:
    """Return the scope that the operator's token for Exchange PowerShell is asked for."""
    return f"{CLOUDS[profile.cloud].exchange.value}/.default"


def graph_scope(profile: Profile) -> str:
    """Return the scope that the operator's token for Graph is asked for."""
    return f"{CLOUDS[profile.cloud].graph.value}/.default"


def _base(url: str) -> str:
    return url.strip().rstrip("/")


def complaints(profile: Profile, shapes: Mapping[KeyPath, SecretShape] = MappingProxyType({})) -> tuple[Complaint, ...]:
    """Return what the input checks say of the profile's values, each with the place of the value.

    `shapes` are those of the secrets that could be read, by where their references stand in the profile.
    """
    typed = settings(profile)
    single: list[Complaint] = []
    told: set[str] = set()
    for setting in (*typed, *_operator_settings(profile)):
        for judgement in failures((setting,)):
            single.append(complaint(_place_of(profile, setting), judgement))
            told.add(judgement.summary)
    found = [
        *single,
        *(complaint(_place_of_pair(profile, j), j) for j in failures(typed) if j.summary not in told),
        *(complaint(profile.place(*path), j) for path, shape in shapes.items() for j in failures((), shape)),
        *_retired(profile),
    ]
    return tuple(sorted(found, key=lambda found: (found.place.line, found.place.column)))


def _place_of_pair(profile: Profile, judgement: Judgement) -> Place:
    """Return the place of the second of two ids that were compared: the more likely one to be wrong."""
    second = judgement.compared[0].right_name if judgement.compared else ""
    return profile.place(*next((path for name, path in _SETTINGS if name == second), ("application", "id")))


def _retired(profile: Profile) -> Iterator[Complaint]:
    exchange = profile.exchange
    for name, address in (("connection_uri", exchange.connection_uri), ("host", exchange.host)):
        if address and is_retired(address):
            yield Complaint(profile.place("exchange", name), EXPLANATION, REMEDY)


def _operator_settings(profile: Profile) -> Iterator[Setting]:
    operator = profile.operator
    if operator is not None and operator.application_id:
        place = profile.place("operator", "application_id")
        yield Setting(SettingName.APPLICATION_ID, operator.application_id, _provenance(place))


def _place_of(profile: Profile, setting: Setting) -> Place:
    where = setting.provenance.how
    return next((place for place in profile.places.values() if str(place) == where), Place(str(profile.path)))


def about(evidence: Evidence, profile: Profile) -> Evidence:
    """Return a pasted text's evidence, held against what a profile says the application and its ids are."""
    known, seen = target(profile), evidence.target
    values = {
        field.name: getattr(known, field.name) or getattr(seen, field.name)
        for field in fields(Target)
        if field.name not in {"cloud", "imap_port", "scenarios", "shape"}
    }
    merged = replace(known, **values)
    return replace(evidence, target=merged, settings=(*evidence.settings, *settings(profile)))
