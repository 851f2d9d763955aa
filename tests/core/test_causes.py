"""Every cause has its page in both languages, and no code names a cause that has none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from diagnostics import causes
from diagnostics.checks import all_checks
from diagnostics.findings import Stage

ROOT = Path(causes.__file__).parent
LANGUAGES = causes.LANGUAGES
PACKAGE = ROOT.parent
STAGE_PREFIXES = (
    "input",
    "discovery",
    "token",
    "claims",
    "consent",
    "exo",
    "mailbox",
    "perm",
    "net",
    "auth",
    "smtp",
    "select",
    "propagation",
    "interactive",
)
SLUG = re.compile(r"\"((?:" + "|".join(STAGE_PREFIXES) + r")(?:-[a-z0-9]+){2,})\"")


def test_there_are_pages_for_all_105_causes() -> None:
    assert len(causes.slugs()) == 105


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("slug", causes.slugs())
def test_page_has_every_heading_and_steps(slug: str, language: str) -> None:
    assert (ROOT / f"{slug}.{language}.md").is_file()
    page = causes.page(slug, language)
    assert page.language == language
    assert tuple(page.sections) == causes.HEADINGS[language]
    assert all(text.strip() for text in page.sections.values())
    assert 0 < len(page.title) <= 80
    assert not page.title.endswith(".")
    assert page.steps({})


@pytest.mark.parametrize("slug", causes.slugs())
def test_both_languages_give_the_same_commands(slug: str) -> None:
    english, spanish = (causes.page(slug, language).steps({}) for language in ("en", "es"))
    assert [step.commands for step in english] == [step.commands for step in spanish]


@pytest.mark.parametrize("slug", causes.slugs())
def test_every_placeholder_is_one_that_the_program_fills(slug: str) -> None:
    for language in LANGUAGES:
        names = set(re.findall(r"(?<!\$)\{([a-z_]+)\}", (ROOT / f"{slug}.{language}.md").read_text("utf-8")))
        assert names <= set(causes.PLACEHOLDERS)


def test_checks_name_only_causes_that_exist() -> None:
    named = {cause for check in all_checks() for cause in check.causes}
    assert named <= set(causes.slugs())


def test_every_suspect_in_the_code_of_a_check_is_declared_and_exists() -> None:
    for file in (PACKAGE / "checks").rglob("*.py"):
        for slug in SLUG.findall(file.read_text("utf-8")):
            if slug in {check.id for check in all_checks()} or file.name == "said.py":
                continue  # a table of sentences declares its causes itself
            assert slug in causes.slugs(), f"{file.name} names {slug}"


def test_stages_are_the_chain() -> None:
    assert {causes.stage_of(slug) for slug in causes.slugs()} <= set(Stage)


def test_an_unknown_value_is_shown_by_its_name_and_a_known_one_filled_in() -> None:
    assert causes.fill("-AppId {application_id} -X {unknown}", {}) == "-AppId <application-id> -X {unknown}"
    assert causes.fill("-AppId {application_id}", {"application_id": "1"}) == "-AppId 1"
