"""A blank that was copied along is named at each kind of value, and never taken for another fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.checks.input import copied_blanks
from diagnostics.diagnosis import diagnose
from diagnostics.evidence import EntraError, Missing, Provenance, SecretShape, Setting, SettingName, Source, Unavailable
from diagnostics.findings import Confidence, Outcome, Stage
from diagnostics.profile.judging import judge_value
from diagnostics.redaction import Secret
from diagnostics.slips import copied_along, describe, meant, stray_characters, trimmed
from diagnostics.sources.claims import secret_shape
from diagnostics.sources.transcript.reader import read
from tests.core.sample import APP, ENTERPRISE, REGISTRATION, TENANT, healthy, seen

CAUSE = "input-blank-copied-along"
BLANKS = {"a blank": " ", "a tab": "\t", "a line end": "\n", "CRLF": "\r\n", "no-break": "\u00a0", "narrow": "\u202f"}
RIGHT = {
    SettingName.TENANT: ("contoso.onmicrosoft.com", TENANT),
    SettingName.ORGANIZATION: ("contoso.onmicrosoft.com",),
    SettingName.APPLICATION_ID: (APP, APP.upper()),
    SettingName.ENTERPRISE_APP_OBJECT_ID: (ENTERPRISE,),
    SettingName.APP_REGISTRATION_OBJECT_ID: (REGISTRATION,),
    SettingName.MAILBOX: ("erp@contoso.com",),
    SettingName.IMAP_SERVER: ("outlook.office365.com", "192.0.2.7"),
}
EACH = [(name, value) for name, values in RIGHT.items() for value in values]


@pytest.mark.parametrize("blank", BLANKS.values(), ids=list(BLANKS))
@pytest.mark.parametrize(("name", "value"), EACH)
@pytest.mark.parametrize("end", ["before", "behind", "both"])
def test_a_blank_at_either_end_is_named_with_the_value_without_it(
    name: SettingName, value: str, end: str, blank: str
) -> None:
    raw = f"{blank if end != 'behind' else ''}{value}{blank if end != 'before' else ''}"
    (found,) = judge_value(name, raw)
    assert found.cause == CAUSE
    assert value in found.what
    assert f"U+{ord(blank[0]):04X}" in found.what
    assert meant(raw) == value


@pytest.mark.parametrize(("name", "value"), EACH)
def test_without_a_blank_nothing_is_said(name: SettingName, value: str) -> None:
    assert judge_value(name, value) == ()


@pytest.mark.parametrize(
    ("name", "raw", "cause"),
    [
        (SettingName.TENANT, "{{tenant}} ", "input-placeholder-left-in-config"),
        (SettingName.TENANT, f"{TENANT[:-1]} ", "input-tenant-guid-truncated"),
        (SettingName.APPLICATION_ID, f" >{APP}", "input-stray-character-in-client-id"),
        (SettingName.APPLICATION_ID, f"{APP}\u200b", "input-stray-character-in-client-id"),
        (SettingName.APPLICATION_ID, "ERP mail ", "input-client-id-not-a-guid"),
        (SettingName.MAILBOX, "erp@contoso.com:1 ", "input-mailbox-not-an-address"),
        (SettingName.MAILBOX, "erp ", "input-mailbox-not-an-address"),
    ],
)
def test_what_is_wrong_without_its_blanks_too_is_told_by_the_other_checks(
    name: SettingName, raw: str, cause: str
) -> None:
    assert [found.cause for found in judge_value(name, raw)] == [cause]


def test_blanks_around_an_id_hide_nothing_that_two_ids_have_in_common() -> None:
    settings = (
        Setting(SettingName.TENANT, f"{TENANT} ", Provenance(Source.PROFILE, "a.yaml:1")),
        Setting(SettingName.APPLICATION_ID, TENANT.upper(), Provenance(Source.PROFILE, "a.yaml:3")),
    )
    named = {c.cause for c in diagnose(healthy(settings=settings), run_checks(healthy(settings=settings))).causes}
    assert {CAUSE, "input-tenant-and-client-swapped-or-same"} <= named


SHAPE = secret_shape(Secret(" abc8Q~abcdefghijklmnopqrstuvwxyz0123456\n"), Provenance(Source.PROFILE, "a.yaml:5"))
REFUSED = Unavailable("Entra refuses", Missing.BLOCKED)
ERROR = EntraError(
    (7000215,), "AADSTS7000215: Invalid client secret provided.", seen(Source.ENTRA, "token"), "invalid_client"
)


@pytest.mark.parametrize(
    ("changes", "outcome", "confidence"),
    [
        ({"tokens": REFUSED, "entra_errors": (ERROR,)}, Outcome.FAIL, Confidence.CERTAIN),
        ({"tokens": REFUSED}, Outcome.FAIL, Confidence.LIKELY),
        ({"tokens": REFUSED, "entra_errors": (ERROR,), "live": False}, Outcome.FAIL, Confidence.LIKELY),
        ({}, Outcome.PASS, None),
    ],
    ids=["refused", "not tried", "in a text", "Entra takes it"],
)
def test_a_secret_is_judged_by_what_entra_made_of_it(
    changes: dict[str, object], outcome: Outcome, confidence: Confidence | None
) -> None:
    (judgement,) = copied_blanks.judge(replace(healthy(secret=SHAPE), **changes))  # type: ignore[arg-type]
    assert judgement.outcome is outcome
    assert [suspect.confidence for suspect in judgement.suspects] == ([confidence] if confidence else [])
    assert "abc8Q" not in str(judgement)


def test_a_secret_with_a_blank_is_not_said_to_be_another_applications() -> None:
    evidence = healthy(secret=SHAPE, tokens=REFUSED, entra_errors=(ERROR,))
    first = diagnose(evidence, run_checks(evidence)).first
    assert first is not None
    assert (first.cause, first.confidence) == (CAUSE, Confidence.CERTAIN)
    assert "input-secret-wrong-value" in first.consequences


def test_the_hint_of_a_secret_is_that_of_the_secret_itself() -> None:
    assert isinstance(SHAPE, SecretShape)
    assert (SHAPE.hint, SHAPE.has_outer_blanks) == ("abc", True)


@pytest.mark.parametrize(
    ("value", "core", "named"),
    [
        ("a", "a", ""),
        (" a\t", "a", "U+0020 SPACE, U+0009 TAB"),
        ("\ufeffa\u200b", "a", "U+FEFF ZERO WIDTH NO-BREAK SPACE, U+200B ZERO WIDTH SPACE"),
        ("a b", "a b", ""),
        ("", "", ""),
        ("  ", "", "U+0020 SPACE"),
    ],
)
def test_what_is_taken_off(value: str, core: str, named: str) -> None:
    assert (trimmed(value), copied_along(value)) == (core, named)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        (f" {APP}\n", APP),
        (f"'{APP}'", APP),
        (f">{APP}", APP),
        (f"{APP[:9]}\u200b{APP[9:]}", APP),
        (f"https://portal/{APP}/", f"https://portal/{APP}/"),
        ("{{tenant}}", "{{tenant}}"),
        ("\u00a0contoso.com", "contoso.com"),
        (None, ""),
    ],
)
def test_what_is_sent_of_what_was_typed(typed: str | None, sent: str) -> None:
    assert meant(typed) == sent


GUID = "25cf03b0-b61d-4140-9053-8bc7d0b59cad"
NOT_FOUND = "was not found in the directory 'Contoso'. This can happen if the application has not been installed."
PASTED = {
    "JSON": f'{{"tenantId": "{GUID} ", "clientId": "b9a79d18-37fd-4a73-b040-8eed4755bd8d"}}',
    "a tab in a script": f"client_id = '{GUID}\t'",
    "a sheet with a no-break space": f"Client ID: {GUID}\u00a0\nTenant ID: contoso.com",
    "a mailbox": "mailbox = 'erp@fabrikam.com '",
    "a server": 'imap_server = "outlook.office365.com "',
    "a server of another cloud": 'IMAP_HOST: " outlook.office365.us"',
    "AADSTS900023": f"AADSTS900023: Specified tenant identifier '{GUID} ' is neither a valid DNS name, nor a valid domain.",
    "AADSTS900023, a domain": "AADSTS900023: Specified tenant identifier ' contoso.com' is neither a valid DNS name, nor x.",
    "AADSTS700016": f"AADSTS700016: Application with identifier '{GUID} ' {NOT_FOUND}",
    "AADSTS700016 and the value": f"client_id = '{GUID} '\nAADSTS700016: Application with identifier '{GUID} ' {NOT_FOUND}",
}


@pytest.mark.parametrize("text", PASTED.values(), ids=list(PASTED))
def test_a_blank_in_a_pasted_text_is_named_and_nothing_else(text: str) -> None:
    evidence = read([text.encode()], name="ticket.txt")
    found = diagnose(evidence, run_checks(evidence)).causes
    sure = Confidence.LIKELY if "\u00a0" in text else Confidence.CERTAIN
    assert [(cause.cause, cause.confidence) for cause in found] == [(CAUSE, sure)]


@pytest.mark.parametrize(
    "text",
    [
        f"client_id = '{GUID}'   \ntenant_id = 'contoso.com'\t\n",
        f"  Client ID:   {GUID}   \n  Tenant ID:\tcontoso.com\n",
        f"| Client ID | {GUID} |\n| Tenant ID | contoso.com |",
        f"client_id={GUID} tenant_id=contoso.com ",
        "mailbox: erp@fabrikam.com \nserver: outlook.office365.com \n",
        f"Client ID\u00a0:\u00a0{GUID}\nTenant ID :\u202fcontoso.com\n",
        "client_secret: abc8Q~abcdefghijklmnopqrstuvwxyz0123456\u00a0\nAADSTS7000215: Invalid client secret provided.",
    ],
)
def test_blanks_between_a_value_and_what_follows_are_none_of_the_values(text: str) -> None:
    evidence = read([text.encode()], name="ticket.txt")
    assert CAUSE not in {cause.cause for cause in diagnose(evidence, run_checks(evidence)).causes}


def test_characters_are_named_once() -> None:
    assert describe(["x", " ", " "]) == "'x', U+0020 SPACE"
    assert stray_characters(f"<{APP}>") == "'<', '>'"
    assert copied_blanks.CHECK.stage is Stage.INPUT
