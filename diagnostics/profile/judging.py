"""The input checks of a run, asked about single values of a profile: there is no second set of rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from diagnostics import causes
from diagnostics.checks import Check, all_checks, run_checks
from diagnostics.evidence import Evidence, Provenance, SecretShape, Setting, SettingName, Source
from diagnostics.findings import Judgement, Outcome, Stage
from diagnostics.profile.complaints import Complaint, Place

TYPED = Place("typed")


def judge_value(name: SettingName, raw: str, place: Place = TYPED) -> tuple[Complaint, ...]:
    """Return what the input checks say of one value by itself."""
    setting = Setting(name, raw, Provenance(Source.PROFILE, str(place)))
    return tuple(complaint(place, judgement) for judgement in failures((setting,)))


def failures(typed: Sequence[Setting], secret: SecretShape | None = None) -> list[Judgement]:
    """Return the failed judgements of the input checks on these values together."""
    evidence = Evidence(judged_at=dt.datetime.fromtimestamp(0, dt.UTC), live=False, settings=tuple(typed))
    if secret is not None:
        evidence = replace(evidence, secret=secret)
    findings = run_checks(evidence, _input_checks())
    return [finding.judgement for finding in findings if finding.outcome is Outcome.FAIL]


def complaint(place: Place, judgement: Judgement) -> Complaint:
    """Return a failed judgement as a complaint, with the first step of its cause's fix as advice."""
    cause = judgement.suspects[0].cause if judgement.suspects else ""
    advice = judgement.hint
    if cause and not advice:
        steps = causes.page(cause).steps(causes.WORDS)
        advice = steps[0].text if steps else f"see `diag explain {cause}`"
    return Complaint(place, judgement.summary, advice, cause)


def _input_checks() -> tuple[Check, ...]:
    return tuple(check for check in all_checks() if check.stage is Stage.INPUT)
