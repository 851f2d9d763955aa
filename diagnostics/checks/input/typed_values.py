"""Every id that somebody typed is what it says it is: no placeholder, no URL, no stray character, no broken GUID."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._ids import GUID, is_guid
from diagnostics.checks.input._values import guid_fault, is_placeholder, is_redaction, tenant_fault
from diagnostics.checks.input.copied_blanks import is_blank_alone
from diagnostics.evidence import Evidence, Setting, SettingName, Source
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed
from diagnostics.slips import stray_characters

_IDS = {SettingName.APPLICATION_ID, SettingName.ENTERPRISE_APP_OBJECT_ID, SettingName.APP_REGISTRATION_OBJECT_ID}


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge each typed tenant and id by its own text alone."""
    seen = [s for s in evidence.settings if s.name in _IDS or s.name is SettingName.TENANT]
    broken = [judgement for setting in seen if (judgement := _judge_one(setting)) is not None]
    yield from broken
    if seen and not broken:
        yield passed(f"{len(seen)} ids are well formed: {', '.join(dict.fromkeys(s.name for s in seen))}")


def _judge_one(setting: Setting) -> Judgement | None:
    raw = setting.raw
    if not raw or is_guid(raw) or is_blank_alone(setting):
        return None
    said = f"{setting.provenance.how}: {setting.name} is {raw!r}"
    if setting.name is SettingName.TENANT:
        fault = tenant_fault(raw)
        if fault is None or is_redaction(raw):
            return None
        return failed(
            f"The tenant is {raw!r}: {fault.why}", Suspect(fault.cause, Confidence.CERTAIN, (f"{said}: {fault.why}",))
        )
    stray = stray_characters(raw)
    if stray:
        within = GUID.search(raw)
        left = (f"without it: {within[0]}",) if within else ()
        values = {"application_id": within[0]} if within and setting.name is SettingName.APPLICATION_ID else {}
        suspect = Suspect(
            "input-stray-character-in-client-id",
            Confidence.CERTAIN,
            (f"{said}: {stray} does not belong there", *left),
            values,
            instead_of=("token-app-not-in-tenant",),
        )
        return failed(f"The {setting.name} has {stray} in it", suspect)
    if is_placeholder(raw) and not is_redaction(raw):
        return failed(
            f"The {setting.name} is still a placeholder: {raw!r}",
            Suspect("input-placeholder-left-in-config", Confidence.CERTAIN, (said,)),
        )
    return _no_guid(setting) if setting.provenance.source is Source.PROFILE else None


_EXPLAINS = ("token-app-not-in-tenant",)


def _no_guid(setting: Setting) -> Judgement:
    """Say that a profile's id is none; pasted texts are spared, where ids are cut off and made unrecognisable."""
    fault = guid_fault(setting.raw)
    suspects: tuple[Suspect, ...] = ()
    said = f"{setting.provenance.how}: {setting.name} is {setting.raw!r}: {fault}"
    if GUID.search(setting.raw):
        suspects = (Suspect("input-stray-character-in-client-id", Confidence.LIKELY, (said,)),)
    elif setting.name is SettingName.APPLICATION_ID:
        suspects = (Suspect("input-client-id-not-a-guid", Confidence.CERTAIN, (said,), instead_of=_EXPLAINS),)
    return failed(
        f"The {setting.name} is {setting.raw!r}: {fault}",
        *suspects,
        hint=f"Copy the {setting.name} again with the portal's copy button; it has 36 characters.",
    )


CHECK = Check(
    id="typed-ids",
    stage=Stage.INPUT,
    title="The ids are well formed",
    causes=(
        "input-placeholder-left-in-config",
        "input-stray-character-in-client-id",
        "input-tenant-field-got-url",
        "input-tenant-guid-truncated",
        "input-client-id-not-a-guid",
    ),
    judge=judge,
    order=10,
)
