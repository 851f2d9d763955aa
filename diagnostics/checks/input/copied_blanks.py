"""No blank, tab, line end or no-break space was copied along with a value: programs send it, and nobody sees it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from diagnostics.checks import Check
from diagnostics.checks.input._values import is_domain
from diagnostics.checks.input.mailbox_address import is_address
from diagnostics.evidence import Evidence, SecretShape, Setting, SettingName, Source, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed
from diagnostics.ids import is_guid
from diagnostics.slips import copied_along, is_blank_only, trimmed

_CAUSE = "input-blank-copied-along"
_WRONG_SECRET = 7000215
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


def _is_tenant(value: str) -> bool:
    return is_guid(value) or is_domain(value)


def _is_host(value: str) -> bool:
    return _HOST.fullmatch(value) is not None


_WELL_FORMED: Mapping[SettingName, Callable[[str], bool]] = {
    SettingName.TENANT: _is_tenant,
    SettingName.ORGANIZATION: is_domain,
    SettingName.APPLICATION_ID: is_guid,
    SettingName.ENTERPRISE_APP_OBJECT_ID: is_guid,
    SettingName.APP_REGISTRATION_OBJECT_ID: is_guid,
    SettingName.MAILBOX: is_address,
    SettingName.IMAP_SERVER: _is_host,
}
"""Which value each is without the blanks; what is still none of it is for the other checks."""

_PLACEHOLDER = {
    SettingName.TENANT: "tenant_id",
    SettingName.APPLICATION_ID: "application_id",
    SettingName.ENTERPRISE_APP_OBJECT_ID: "enterprise_app_object_id",
    SettingName.MAILBOX: "mailbox",
    SettingName.IMAP_SERVER: "imap_server",
}
_EXPLAINS = (
    "token-app-not-in-tenant",
    "discovery-tenant-not-found",
    "net-name-not-resolved",
    "input-secret-wrong-value",
)


_PLAIN = " \t\r\n"
"""Blanks that are a value's own where it stands in quotes; others may come of how a text was formatted before it was pasted."""


def is_blank_alone(setting: Setting) -> bool:
    """Say whether a setting is right but for the blanks around it; the other checks then have nothing to say of it."""
    fits = _WELL_FORMED.get(setting.name)
    core = trimmed(setting.raw)
    if fits is None or core == setting.raw or not fits(core):
        return False
    return fits is not is_guid or is_blank_only(setting.raw)  # what has no width in an id is a stray character


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Compare each value with itself without outer blanks, and say so of a secret without showing it."""
    for setting in evidence.settings:
        if is_blank_alone(setting):
            yield _of_setting(setting)
    secret = evidence.secret
    if not isinstance(secret, Unavailable) and secret.has_outer_blanks and not secret.looks_placeholder:
        yield _of_secret(evidence, secret)


def _of_setting(setting: Setting) -> Judgement:
    core, blanks = trimmed(setting.raw), copied_along(setting.raw)
    said = f"{setting.provenance.how}: the {setting.name} is {setting.raw!r}, with {blanks}; without: {core!r}"
    own = setting.provenance.source is Source.PROFILE or any(blank in setting.raw for blank in _PLAIN)
    values = {_PLACEHOLDER[setting.name]: core} if setting.name in _PLACEHOLDER else {}
    return failed(
        f"The {setting.name} has {blanks} at its end or beginning: it is meant to be {core}",
        Suspect(_CAUSE, Confidence.CERTAIN if own else Confidence.LIKELY, (said,), values, instead_of=_EXPLAINS),
        subject=core if setting.name is SettingName.MAILBOX else "",
    )


def _of_secret(evidence: Evidence, secret: SecretShape) -> Judgement:
    """Judge by what Entra made of it: diag sends a secret as it stands."""
    said = (
        f"{secret.provenance.how}: the secret has a blank or a line end around it ({secret.length} characters with it)"
    )
    refused = any(_WRONG_SECRET in error.codes for error in evidence.entra_errors)
    if evidence.live and not refused and not isinstance(evidence.tokens, Unavailable):
        return passed("The secret has a blank or a line end around it, and Entra takes it", hint="Take it away.")
    sure = Confidence.CERTAIN if refused and evidence.live else Confidence.LIKELY
    return failed(
        "The secret has a blank or a line end around it",
        Suspect(_CAUSE, sure, (said,), instead_of=_EXPLAINS),
    )


CHECK = Check(
    id="copied-blanks",
    stage=Stage.INPUT,
    title="No blank was copied along with a value",
    causes=(_CAUSE,),
    judge=judge,
    order=5,
)
