"""Tables speak the reader's language: every sentence of the code has its translation, and none is lost or garbled."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml

from diagnostics.checks import all_checks
from diagnostics.report import build, render
from diagnostics.report.translation import Catalogue, Template, catalogue, translate, translate_word
from diagnostics.report.words import CONFIDENCES, OUTCOMES, WORDS
from tests.core.sample import NOW, healthy
from tests.core.test_diagnosis import FAULTS
from tests.report.sentences import NOT_SHOWN_FILES, ROOT, form, sentences

HERE = Path(__file__).parent
SPANISH = catalogue("es")
NOT_SHOWN = {
    form(text) for group in yaml.safe_load((HERE / "not_shown.yaml").read_text("utf-8")) for text in group["texts"]
}
# Sentences that are still said in English alone, until the catalogue is replaced by gettext.
ENGLISH_FOR_NOW = {
    form(text)
    for path in sorted((HERE / "english_for_now").glob("*.yaml"))
    for text in yaml.safe_load(path.read_text("utf-8")) or []
}
# What stays as it is: servers' own words, which findings quote, and names of properties.
QUOTED = re.compile(r"AADSTS\d|^(?:\S+: )?“|^[A-Z][A-Za-z]+$|no recipient erp@contoso\.com|FullAccess was granted")


def test_every_sentence_of_the_code_is_in_the_catalogue() -> None:
    known = {form(template.english) for template in SPANISH.templates} | NOT_SHOWN | ENGLISH_FOR_NOW
    missing = [sentence for sentence in sentences() if sentence.form not in known]
    assert not missing, (
        "add these to diagnostics/report/messages/*.es.yaml (or to tests/report/english_for_now/*.yaml, or, with the reason, to tests/report/not_shown.yaml):\n"
        + "\n".join(f"{sentence.where}\n- en: {_quoted(sentence.text)}\n  es: " for sentence in missing)
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def test_every_title_of_a_check_is_translated() -> None:
    assert {check.title for check in all_checks() if translate(check.title, "es") == check.title} == set()


def test_exceptions_are_still_in_the_code() -> None:
    assert (NOT_SHOWN | ENGLISH_FOR_NOW) - {sentence.form for sentence in sentences()} == set()
    assert {name for name in NOT_SHOWN_FILES if not (ROOT / name).is_file()} == set()


def test_no_sentence_stands_twice_in_the_catalogue() -> None:
    forms = [form(template.english) for template in SPANISH.templates]
    assert {one for one in forms if forms.count(one) > 1} == set()


@pytest.mark.parametrize("template", SPANISH.templates, ids=lambda template: template.english[:60])
def test_template_gives_its_translation_with_every_value_in_place(template: Template) -> None:
    names = [name for name, _ in template.fields]
    translated = {name: mark in {"!t", "!e"} for name, mark in template.fields}
    assert len(set(names)) == len(names)
    assert set(re.findall(r"\{(\w+)\}", template.other)) >= set(names)
    assert not re.search(r"\{\w+!", template.other)
    english, spanish = template.english, template.other
    for number, name in enumerate(names):
        english = re.sub(rf"\{{{name}(![tew])?\}}", "mailbox" if translated[name] else f"value{number}", english)
        spanish = spanish.replace(f"{{{name}}}", "buzón" if translated[name] else f"value{number}")
    assert SPANISH.translate(english) == spanish


@pytest.mark.parametrize("fault", [*FAULTS, "none"])
def test_report_in_spanish_has_no_english_sentence(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[str] = []

    def translated(text: str, language: str) -> str:
        found = translate(text, language)
        if found == text and re.search("[a-z]{2}", text) and not QUOTED.search(text):
            left.append(text)
        return found

    monkeypatch.setattr("diagnostics.report.table.translate", translated)
    evidence = healthy(**(FAULTS[fault][1] if fault in FAULTS else {}))
    table = render(build(evidence, command="diag permissions", started=NOW, language="es"), width=200)
    assert [text for text in left if text not in {"Exchange Online", "ImapEnabled", "UserPrincipalName"}] == []
    assert not re.search(r"\b(?:The|the|token is|was answered|could not|not known)\b", _without_quotes(table))


def _without_quotes(table: str) -> str:
    return "\n".join(
        line
        for line in re.sub("«.*?»|“.*?”", "", table, flags=re.DOTALL).splitlines()
        if "AADSTS" not in line and ">" not in line
    )


def test_yaml_and_json_keep_their_english_sentences() -> None:
    evidence = healthy(**FAULTS["no FullAccess"][1])
    report = build(evidence, command="diag permissions", started=NOW, language="es")
    for output in ("yaml", "json"):
        assert "The application has no FullAccess" in render(report, output)
    assert "La aplicación no tiene FullAccess" in render(report)


def test_a_sentence_without_translation_is_shown_as_it_is() -> None:
    text = "Nobody has ever said this: not even here"
    assert translate(text, "es") == text
    assert translate(text, "en") == text
    assert translate("the token", "xx") == "the token"


@pytest.mark.parametrize(
    "words",
    [
        "AADSTS1002012: The provided value for scope User.Read is not valid.",
        "ticket.txt:1: AADSTS7000112: Application 'x'(ERP) is disabled.",
        "“REST API is not yet supported for this mailbox.”",
        "The object is not found because it was deleted",
        "The specified object couldn't be found",
    ],
)
def test_words_of_a_server_are_left_alone(words: str) -> None:
    assert translate(words, "es") == words


def test_quoted_words_of_a_server_stay_within_a_translated_sentence() -> None:
    said = "outlook.office365.com:993: AUTHENTICATE XOAUTH2 was answered “NO The token is valid now”; that line names no reason"
    assert translate(said, "es") == (
        "outlook.office365.com:993: AUTHENTICATE XOAUTH2 obtuvo la respuesta «NO The token is valid now»; "
        "esa línea no da ningún motivo"
    )


def test_values_are_translated_only_as_whole_words_of_the_program() -> None:
    assert translate_word("no roles at all", "es") == "ningún rol"
    assert translate_word("erp@contoso.com is a SharedMailbox", "es") == "erp@contoso.com is a SharedMailbox"


def test_lists_and_what_stands_before_a_colon_are_translated_in_parts() -> None:
    assert translate("tenant, application id", "es") == "inquilino, Id. de aplicación"
    assert translate("Graph: it does not exist", "es") == "Graph: no existe"
    assert translate("contoso.yaml:5: the secret has quotes around it and invisible characters in it", "es") == (
        "contoso.yaml:5: el secreto tiene comillas alrededor y caracteres invisibles"
    )


def test_sentences_in_a_row_are_translated_each() -> None:
    lacks = "The operator lacks Application.Read.All: the operator's token holds no roles. "
    assert translate(lacks + "Name a readable PEM file as ca_file. Give the expected ids with --profile.", "es") == (
        "Al operador le falta Application.Read.All: el token del operador no contiene ningún rol. "
        "Indique como ca_file un archivo PEM que se pueda leer. Indique los ids esperados con --profile."
    )


def test_what_was_not_tried_says_why_in_the_readers_language() -> None:
    said = "there is no token to sign in with, since “The token is for Exchange” failed"
    assert translate(said, "es") == "no hay token con el que iniciar sesión, porque falló «El token es para Exchange»"


def test_hostile_text_takes_no_time() -> None:
    for pattern in ("a: the b is c, d; e and “f” is g, ", "a: ", "; ", "tenant, ", "x was answered “", "(Graph) “"):
        for length in (150, 3900, 100_000):
            text = (pattern * length)[:length]
            started = time.perf_counter()
            translate(text, "es")
            assert time.perf_counter() - started < 1, (pattern, length)


def test_a_servers_long_words_take_milliseconds() -> None:
    text = (
        "ticket.txt:3: AADSTS7000229: The client application x is missing service principal in the tenant y. "
        "See instructions here: https://go.microsoft.com; a, b and c (d) “e” was answered by nobody, not even f."
    )
    started = time.process_time()
    for number in range(20):
        translate(f"{text} {number}", "es")
    assert time.process_time() - started < 1


def test_fixed_words_are_the_same_in_both_languages() -> None:
    for words in (WORDS, OUTCOMES, CONFIDENCES):
        assert set(words["en"]) == set(words["es"])
    for name, text in WORDS["en"].items():
        assert re.findall(r"\{\w+\}", text) == re.findall(r"\{\w+\}", WORDS["es"][name])


def test_a_template_that_says_more_comes_first() -> None:
    two = Catalogue([Template("{a} is {b}", "{a} es {b}"), Template("{a} is not {b}", "{a} no es {b}")], {})
    assert two.translate("x is not y") == "x no es y"
    assert two.translate("x is y") == "x es y"
    assert two.translate("x was y") == "x was y"


def test_a_template_that_begins_with_its_own_words_comes_before_one_that_begins_with_a_value() -> None:
    said = "The operator could not sign in for Microsoft Graph: login.contoso.com shows a certificate that this machine does not trust: it is old"
    assert translate(said, "es") == (
        "El operador no pudo iniciar sesión para Microsoft Graph: "
        "login.contoso.com presenta un certificado en el que este equipo no confía: it is old"
    )
