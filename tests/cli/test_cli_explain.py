from __future__ import annotations

import pytest
from typer.testing import CliRunner

from diagnostics import causes
from diagnostics.cli.app import app
from diagnostics.cli.explain import find, render
from diagnostics.findings import Stage

RUNNER = CliRunner()


def explained(*arguments: str, env: dict[str, str] | None = None) -> str:
    result = RUNNER.invoke(app, ["explain", *arguments], env={"COLUMNS": "80", **(env or {})})
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("slug", causes.slugs())
@pytest.mark.parametrize("language", causes.LANGUAGES)
def test_every_page_fits_a_window_but_for_commands(slug: str, language: str) -> None:
    text = render(causes.page(slug, language), 60, color=False)
    assert text.startswith(f"{slug} (")
    assert "```" not in text
    for heading in causes.HEADINGS[language]:
        if causes.page(slug, language).language == language:
            assert f"\n{heading}\n" in text
    within = [line for line in text.splitlines() if len(line) > 60 and not line.startswith("    ")]
    assert all(max(map(len, line.split())) > 40 for line in within), within


def test_a_slug_in_any_case() -> None:
    assert explained("Perm-FullAccess-Missing").startswith("perm-fullaccess-missing (mailbox-permission)\n")


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        ("AADSTS7000222", {"token-secret-expired"}),
        ("7000215", {"input-secret-id-pasted", "input-secret-wrong-value"}),
        ("error: AADSTS700016: Application with identifier 'x' was not found", {"token-app-not-in-tenant"}),
        ("BAD User is authenticated but not connected.", {"perm-fullaccess-missing", "mailbox-imap-disabled"}),
    ],
)
def test_codes_and_error_texts_find_every_page_that_names_them(text: str, slugs: set[str]) -> None:
    assert slugs <= {page.slug for page in find(text)}


def test_free_text_is_judged_as_analyze_does() -> None:
    claims = '{"aud": "https://graph.microsoft.com", "idtyp": "app", "roles": ["Mail.Read"], "appid": "22222222-3333-4444-8555-666666666666"}'
    assert "claims-aud-graph" in {page.slug for page in find(claims)}


def test_several_pages_are_listed_with_their_titles() -> None:
    text = explained("AADSTS7000215")
    assert text.startswith("Several causes look like this:")
    assert "  input-secret-id-pasted\n" in text


def test_the_list_follows_the_chain() -> None:
    lines = explained("--list").splitlines()
    links = [line for line in lines if line and not line.startswith(" ")]
    assert links == [stage.value for stage in Stage if stage.value in links]
    assert sum(line.startswith("  ") and not line.startswith("   ") for line in lines) == len(causes.slugs())
    only = explained("--stage", "claims").splitlines()
    assert only[0] == "claims"
    assert [line for line in only if line and not line.startswith(" ")] == ["claims"]


def test_a_mistyped_slug_names_the_nearest() -> None:
    result = RUNNER.invoke(app, ["explain", "perm-fulaccess-missing"])
    assert result.exit_code == 2
    assert "perm-fullaccess-missing" in result.stderr


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "es_ES.UTF-8", "LANG": "en_US.UTF-8"},
        {"LC_ALL": "", "LC_MESSAGES": "es_MX", "LANG": "C"},
        {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "es"},
    ],
)
def test_the_locale_chooses_the_language_and_the_option_overrules_it(environment: dict[str, str]) -> None:
    assert "Qué significa" in explained("perm-fullaccess-missing", env=environment)
    assert "What it means" in explained("perm-fullaccess-missing", "--lang", "en", env=environment)


def test_spanish_by_option() -> None:
    assert "Cómo corregirlo" in explained("perm-fullaccess-missing", "--lang", "es", env={"LC_ALL": "C"})


def test_placeholders_are_told_as_such() -> None:
    text = explained("perm-fullaccess-missing")
    assert "{mailbox}" not in text
    assert "-Identity 'MAILBOX'" in text


def test_colour_only_where_it_is_wanted() -> None:
    assert "\x1b[" not in explained("perm-fullaccess-missing")
    assert "\x1b[1m" in explained("perm-fullaccess-missing", env={"FORCE_COLOR": "1"})
    assert "\x1b[" not in explained("perm-fullaccess-missing", env={"FORCE_COLOR": "1", "NO_COLOR": "1"})


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Das angegebene Netzwerkkennwort ist falsch", "operator-certificate-unusable"),
        ("Keyset does not exist", "operator-certificate-unusable"),
        ("0xffffffff80070520", "operator-wam-needs-window"),
        (
            "El término 'Connect-ExchangeOnline' no se reconoce como nombre de un cmdlet",
            "operator-module-not-installed",
        ),
        ("Server not found in Kerberos database", "operator-jump-host-refused"),
    ],
)
def test_an_operators_error_is_explained_alone_and_in_its_language(text: str, slug: str) -> None:
    assert find(text)[0].slug == slug
