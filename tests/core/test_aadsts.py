"""One table of Entra's numbers: what judges, what reads and what explains know the same ones."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest

from diagnostics import causes
from diagnostics.aadsts import BY_CODE, BY_RULE, KNOWN, NO_FAULT, causes_of
from diagnostics.checks.token import sign_in
from diagnostics.cli.explain import find
from diagnostics.evidence import EntraError, Evidence, Provenance, Source
from diagnostics.report import build, render
from diagnostics.report.document import Report
from diagnostics.report.translation import translate
from diagnostics.sources.transcript import read

NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
EXPIRED = (
    "AADSTS700024: Client assertion is not within its valid time range. Current time: 2025-08-29T05:47:32.1501147Z, "
    "assertion valid from 1970-01-01T00:00:00.0000000Z, expiry time of assertion 2025-08-29T00:30:05.0000000Z."
)
EARLY = (
    "AADSTS700024: Client assertion is not within its valid time range. Current time: 2025-03-01T09:00:00.0000000Z, "
    "assertion valid from 2025-03-01T09:59:28.0000000Z, expiry time of assertion 2025-03-01T10:09:28.0000000Z."
)


def judged(text: str) -> Report:
    return build(read([text.encode()], name="pasted"), command="diag analyze", started=NOW)


def first(text: str) -> str:
    named = judged(text).diagnosis.first
    return named.cause if named else ""


def test_every_rule_is_in_the_table_and_the_other_way_round() -> None:
    assert set(sign_in._RULES) == set(BY_RULE)
    assert not set(BY_CODE) & set(BY_RULE)
    assert not set(NO_FAULT) & (set(BY_CODE) | set(BY_RULE))


@pytest.mark.parametrize("code", sorted(KNOWN - set(NO_FAULT)))
def test_a_bare_number_and_an_explanation_name_the_same_causes(code: int) -> None:
    evidence = Evidence(
        judged_at=NOW, live=False, entra_errors=(EntraError((code,), "", Provenance(Source.TEXT, "t:1")),)
    )
    named = [cause.cause for cause in build(evidence, command="diag", started=NOW).diagnosis.causes]
    assert named
    assert set(named) <= set(causes_of(code))
    assert [page.slug for page in find(f"AADSTS{code}")] == list(causes_of(code))


@pytest.mark.parametrize("code", sorted(KNOWN - set(NO_FAULT)))
@pytest.mark.parametrize(
    "label",
    [
        "Sign-in error code: {}",
        "Código de error: {}",
        "Fehlercode {}",
        "Code d'erreur : {}",
        "Código de error de inicio de sesión: {}",
        "Code d'erreur de connexion : {}",
        "Código de error\n{}",
    ],
)
def test_every_number_is_read_beside_a_label_in_any_language(code: int, label: str) -> None:
    label = f"{label}, Microsoft Entra" if code % 1000 == 0 else label
    assert first(label.format(code)) in causes_of(code)


@pytest.mark.parametrize("slug", causes.slugs())
def test_a_number_among_a_pages_names_leads_to_that_page(slug: str) -> None:
    numbers = [
        int(found[1]) for alias in causes.page(slug).aliases if (found := re.fullmatch(r"(?:AADSTS)?(\d{5,8})", alias))
    ]
    assert [number for number in numbers if slug not in causes_of(number)] == []


@pytest.mark.parametrize(
    "text",
    [
        "SQLSTATE error code: 28000 invalid authorization specification",
        "Active code page error: 65001",
        "error on line 50011 of the dump\n\nanother\n\nand another\n\nand one more",
        "error 404",
        "Fehler: 16000 Zeichen sind zu viel",
        "Fehler in Datensatz 50126\nSatz\nFeld\nWert\nEnde",
    ],
)
def test_a_number_of_another_program_is_not_entras(text: str) -> None:
    assert judged(text).diagnosis.causes == ()


@pytest.mark.parametrize("code", sorted(NO_FAULT))
def test_a_number_that_accuses_nothing_is_told_first_by_both(code: int) -> None:
    report = judged(f"Sign-in error code: {code}")
    assert report.exit_code == 3
    for language in ("en", "es"):
        said = translate(f"AADSTS{code} says: {NO_FAULT[code]}", language)
        shown = render(replace(report, language=language), width=400)
        assert said in shown.splitlines()[0]
        assert (said == f"AADSTS{code} says: {NO_FAULT[code]}") == (language == "en")


def test_a_bare_number_is_shown_as_what_was_seen() -> None:
    named = judged("Sign-in error code: 53003").diagnosis.first
    assert named is not None
    assert named.evidence == ("pasted:1: AADSTS53003",)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("AADSTS900144: The request body must contain the following parameter: 'refresh_token'.", "interactive-no-offline-access"),
        ("AADSTS900144: The request body must contain the following parameter: 'scope'.", "token-scope-parameter-missing"),
        ("AADSTS900144: The request body must contain the following parameter: 'client_id'.", "token-scope-parameter-missing"),
        ("AADSTS900144: The request body must contain the following parameter: 'grant_type'.", "token-scope-parameter-missing"),
        ("AADSTS90014: The required field 'refresh_token' is missing from the credential.", "interactive-no-offline-access"),
        ("AADSTS900561: This endpoint only accepts POST requests. Received a GET request.", "token-endpoint-not-posted"),
        ("This endpoint only accepts POST, OPTIONS requests. Received a GET request.", "token-endpoint-not-posted"),
        ("AADSTS90112: Application identifier is expected to be a GUID.", "input-client-id-not-a-guid"),
        ("AADSTS700021: Client assertion application identifier doesn't match 'client_id' parameter.", "token-cert-assertion-invalid"),
        ("AADSTS700023: Client assertion audience claim does not match Realm issuer.", "token-cert-assertion-invalid"),
    ],
)  # fmt: skip
def test_what_a_sentence_speaks_for(text: str, cause: str) -> None:
    assert first(text) == cause


def test_the_parameter_that_is_missing_is_named() -> None:
    named = judged("AADSTS900144: The request body must contain the following parameter: 'grant_type'.").diagnosis.first
    assert named is not None
    assert "the parameter that is missing is grant_type" in named.evidence


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (EXPIRED, ("2025-08-29 05:47:32 UTC", "2025-08-29 00:30:05 UTC", "5 h 17 min", "kept")),
        (EARLY, ("2025-03-01 09:00:00 UTC", "2025-03-01 09:59:28 UTC", "59 min 28 s", "ahead")),
    ],
)
def test_an_assertion_out_of_its_time_shows_both_instants_and_its_own_fix(text: str, shown: tuple[str, ...]) -> None:
    named = judged(text).diagnosis.first
    assert named is not None
    assert named.cause == "token-cert-assertion-invalid"
    assert all(part in " ".join(named.evidence) for part in shown)
    steps = [step.text for step in named.fix]
    assert steps[0].startswith("With AADSTS700024: ")
    assert not any("AADSTS700027" in step or "AADSTS700021" in step for step in steps)


def test_a_page_shows_every_step_where_no_number_is_known() -> None:
    english = causes.page("token-cert-assertion-invalid")
    assert len(english.steps({})) == 5
    for language in ("en", "es"):
        page = causes.page("token-cert-assertion-invalid", language)
        assert [len(page.steps({"aadsts": number})) for number in ("700024", "700023", "700021", "700027", "1")] == [
            2,
            2,
            2,
            2,
            5,
        ]
