"""Every cause has its page in both languages, and no code names a cause that has none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from diagnostics import causes
from diagnostics.causes.filling import EXCHANGE_CMDLETS, needs_exchange
from diagnostics.checks import all_checks
from diagnostics.findings import Stage
from diagnostics.invocation import Invocation

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
    "operator",
    "server",
)
CMDLET = re.compile(r"\b[A-Z][A-Za-z]+-[A-Z][A-Za-z]+\b")
SLUG = re.compile(r"\"((?:" + "|".join(STAGE_PREFIXES) + r")(?:-[a-z0-9]+){2,})\"")


def test_there_is_a_page_for_each_of_more_than_100_causes() -> None:
    assert len(causes.slugs()) > 100  # as README says


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
    english, spanish = (causes.page(slug, language).steps(causes.WORDS, Invocation("erp")) for language in ("en", "es"))
    assert [step.commands for step in english] == [step.commands for step in spanish]


BLOCK = re.compile(r"^[ ]*```(\w*)\n(.*?)^[ ]*```[ ]*$", re.MULTILINE | re.DOTALL)
BLOCK_LANGUAGES = {"powershell", "sh", "python", "http", "text"}
FIELD = r"\{(?:" + "|".join(causes.PLACEHOLDERS) + r")\}"
QUOTED = re.compile(rf"""(["'])[^"'\n]*{FIELD}[^"'\n]*\1""")
OTHER_CMDLETS = {
    "Connect-ExchangeOnline",
    "Connect-MgGraph",
    "Disconnect-ExchangeOnline",
    "Format-List",
    "Format-Table",
    "Get-Command",
    "Get-Module",
    "Get-MgServicePrincipal",
    "Install-Module",
    "Invoke-RestMethod",
    "New-MgServicePrincipal",
    "Resolve-DnsName",
    "Test-NetConnection",
    "Test-WSMan",
    "Update-Module",
    "Update-MgServicePrincipal",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("slug", causes.slugs())
def test_every_block_is_labelled_and_leaves_quoting_to_the_program(slug: str, language: str) -> None:
    text = (ROOT / f"{slug}.{language}.md").read_text("utf-8")
    blocks = BLOCK.findall(text)
    assert text.count("```") == 2 * len(blocks)
    assert {name for name, _ in blocks} <= BLOCK_LANGUAGES
    for name, body in blocks:
        assert not QUOTED.search(body), body
        assert (name == "sh") == body.lstrip().startswith(("diag ", "openssl ")), body
        if name == "powershell":
            assert set(CMDLET.findall(body)) <= EXCHANGE_CMDLETS | OTHER_CMDLETS
            assert "Connect-ExchangeOnline" not in body.replace("Disconnect-ExchangeOnline", "") or "Disconnect" in body


@pytest.mark.parametrize("slug", causes.slugs())
def test_a_remedy_connects_once_and_names_no_example(slug: str) -> None:
    steps = causes.page(slug).steps(causes.WORDS, Invocation("erp"))
    commands = [command for step in steps for command in step.commands if command.language not in {"text", "http"}]
    exchange = [command.text for command in commands if needs_exchange(command.text)]
    assert [text.count("\nConnect-ExchangeOnline") + text.startswith("Connect-") for text in exchange][:1] in ([], [1])
    assert all("Connect-ExchangeOnline" not in text for text in exchange[1:])
    for command in commands:
        assert "contoso" not in command.text
        assert "<" not in command.text
        assert "{" not in command.text


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
