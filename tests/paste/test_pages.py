"""The commands of the cause pages, filled with hostile values: each arrives unchanged, and no other command runs."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from diagnostics import causes
from diagnostics.causes import PLACEHOLDERS, WORDS, Command, FixStep
from diagnostics.causes.filling import Filler
from diagnostics.invocation import Invocation
from tests.paste.shells import ENVIRONMENT_HAS_PWSH, POSIX, Bench
from tests.paste.test_quoting import REFUSED, TRAPS

BLOCK = re.compile(r"^[ ]*```(powershell|sh)\n(.*?)^[ ]*```[ ]*$", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"\{(?:" + "|".join(PLACEHOLDERS) + r")\}")
CMDLET = re.compile(r"\b[A-Z][A-Za-z]+-[A-Z][A-Za-z]+\b")
REAL = {"Get-Command"}
HOSTILE = [value for value in TRAPS[:20] if value not in {"--%", "$env:PATH"}]
"""Without what becomes a part of its option, and what is hidden as the place of a secret."""

PORT = {"imap_port": "993"}
LINUX = "/profiles/o'brien $x.yaml"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("bench"))
    (bench.programs / "openssl").symlink_to("diag")
    return bench


def templates(language: str) -> list[str]:
    """Every different block of all pages, in order."""
    pages = [text for slug in causes.slugs() for text in causes.page(slug).sections.values()]
    blocks = [block for text in pages for block in BLOCK.findall(text)]
    return list(dict.fromkeys(" ".join(body.split(" ")).strip() for name, body in blocks if name == language))


def filled(value: str, language: str) -> list[Command]:
    filler = Filler({**dict.fromkeys(PLACEHOLDERS, value), **PORT}, Invocation(LINUX), connected=True)
    found = [filler.block(language, text.strip()) for text in templates(language)]
    assert not [lack for _, lack in found if lack], value
    return [command for commands, _ in found for command in commands]


def expected(value: str, language: str) -> Counter[str]:
    words = (word.strip("[]") for text in templates(language) for word in text.split())
    return Counter(
        FIELD.sub(lambda field: PORT.get(field[0][1:-1], value), word) for word in words if FIELD.search(word)
    )


@pytest.mark.powershell
@pytest.mark.skipif(not ENVIRONMENT_HAS_PWSH, reason="needs a pwsh on PATH")
def test_hostile_values_in_every_powershell_block_of_every_page(bench: Bench) -> None:
    names = {name for text in templates("powershell") for name in CMDLET.findall(text)} - REAL
    stubs = "".join(f"function global:{name} {{ Write-Received (@('{name}') + $args) }}\n" for name in sorted(names))
    lines = [command.text for value in HOSTILE for command in filled(value, "powershell")]
    records = bench.run("pwsh", lines, setup=stubs, silent=False)
    assert {record[0] for record in records} <= names
    wanted = sum((expected(value, "powershell") for value in HOSTILE), Counter[str]())
    for word in [word for word in wanted if word.startswith("user=")]:
        del wanted[word]  # goes into an expression, not to a cmdlet
    assert Counter(word for record in records for word in record if word in wanted) == wanted


@pytest.mark.parametrize("shell", POSIX)
def test_hostile_values_in_every_line_of_every_page(bench: Bench, shell: str) -> None:
    lines = [command for value in HOSTILE for command in filled(value, "sh") if command.language in {"any", "sh"}]
    records = bench.run(shell, [command.text for command in lines])
    assert len(records) == len(lines)
    wanted = sum((expected(value, "sh") for value in HOSTILE), Counter[str]())
    assert Counter(word for record in records for word in record if word in wanted) == wanted
    diag = [record for command, record in zip(lines, records, strict=True) if command.text.startswith("diag ")]
    assert all(record[record.index("--profile") + 1] == LINUX for record in diag if "--profile" in record)


@pytest.mark.parametrize("slug", causes.slugs())
@pytest.mark.parametrize("value", ["", "a\nb", "erp\u202egnp", "\ud800"])
def test_what_lacks_a_value_or_must_not_carry_it_is_left_out_and_said(slug: str, value: str) -> None:
    for language in causes.LANGUAGES:
        page = causes.page(slug, language)
        steps = page.steps(dict.fromkeys(PLACEHOLDERS, value), Invocation("erp"))
        whole = page.steps(WORDS, Invocation("erp"))
        for step, shown in zip(steps, whole, strict=True):
            assert all(not value or value not in command.text for command in step.commands)
            assert not any(FIELD.search(command.text) or "''" in command.text for command in step.commands)
            if len(step.commands) < len(shown.commands):
                lost = {"en": "command is left out", "es": "comando se omite"}[language]
                assert lost in step.text
                assert not value or REFUSED.get(value, "U+") in step.text


def test_a_value_that_looks_like_a_secret_is_in_no_command() -> None:
    token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9"
    steps = causes.page("exo-sp-not-registered").steps({**WORDS, "display_name": token}, Invocation("erp"))
    assert not any("New-ServicePrincipal" in command.text for step in steps for command in step.commands)
    assert any("looks like a secret" in step.text for step in steps)


def test_a_paste_without_a_profile_gives_no_command_that_could_reach_another_tenant() -> None:
    steps = causes.page("perm-fullaccess-missing").steps(WORDS)
    assert not any(command.text.startswith("diag ") for step in steps for command in step.commands)
    assert "`diag grant --profile NAME --mailbox MAILBOX`" in _all(steps)


def test_the_sign_in_names_the_cloud_and_the_account_where_they_are_known() -> None:
    values = {**WORDS, "exchange_environment": "O365China", "operator": "admin@contoso.cn"}
    steps = causes.page("exo-sp-not-registered").steps(values, Invocation("erp"))
    first = next(command.text for step in steps for command in step.commands)
    assert first.startswith(
        "Connect-ExchangeOnline -ExchangeEnvironmentName 'O365China' -UserPrincipalName 'admin@contoso.cn'\nNew-"
    )
    assert _all(steps).count("Connect-ExchangeOnline") == 1


def test_a_block_that_was_left_out_takes_those_that_need_its_variables_with_it() -> None:
    steps = causes.page("token-sp-missing-home-tenant").steps({**WORDS, "application_id": ""}, Invocation("erp"))
    assert not any("$sp" in command.text for step in steps for command in step.commands)


def _all(steps: tuple[FixStep, ...]) -> str:
    return "\n".join(text for step in steps for text in (step.text, *(command.text for command in step.commands)))


def test_a_profile_that_turns_the_line_is_in_no_command() -> None:
    steps = causes.page("perm-fullaccess-missing").steps(WORDS, Invocation("/tmp/e\u202erp.yaml"))
    assert not any(command.text.startswith("diag ") for step in steps for command in step.commands)
    assert sum("an option of this run holds a character" in step.text for step in steps) == 2
