"""One set of rules says what an error means, whether the bridge brought it or somebody pasted it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from diagnostics.checks.operator.way_to_exchange import CAUSES
from diagnostics.errors.rules import OPERATOR_RULES, RULES, classify
from diagnostics.evidence import CmdletError, ErrorKind
from diagnostics.sources.transcript import read
from diagnostics.sources.transcript.cmdlet_errors import READ

HERE = Path(__file__).parent
TABLE: list[tuple[str, bool, str]] = yaml.safe_load((HERE / "errors.yaml").read_text("utf-8"))
NEAR: list[str] = yaml.safe_load((HERE / "near_errors.yaml").read_text("utf-8"))


def pasted(text: str) -> tuple[CmdletError, ...]:
    return read([text.encode()], name="t").exchange.errors


@pytest.mark.parametrize(("kind", "in_context", "text"), TABLE, ids=[row[2][:60] for row in TABLE])
def test_live_and_pasted_alike(kind: str, in_context: bool, text: str) -> None:
    assert classify("", "", text) is ErrorKind(kind)
    assert {(error.kind, error.in_context) for error in pasted(text)} == {(ErrorKind(kind), in_context)}


@pytest.mark.parametrize("text", NEAR, ids=[text[:60] for text in NEAR])
def test_near_misses_are_none(text: str) -> None:
    assert pasted(text) == ()


@pytest.mark.parametrize(("kind", "in_context", "text"), TABLE, ids=[row[2][:60] for row in TABLE])
def test_a_wrapped_sentence_is_the_same(kind: str, in_context: bool, text: str) -> None:
    words, lines = text.split(" "), [""]
    for word in words:
        if len(lines[-1]) + len(word) > 60:
            lines.append("")
        lines[-1] += f"{word} "
    wrapped = "\n".join(line.rstrip() for line in lines)
    assert {error.kind for error in pasted(wrapped)} == {ErrorKind(kind)}


@pytest.mark.parametrize(
    ("error_id", "kind"),
    [
        ("CommandNotFoundException", ErrorKind.COMMAND_NOT_FOUND),
        ("Modules_ModuleNotFound,Microsoft.PowerShell.Commands.ImportModuleCommand", ErrorKind.MODULE_MISSING),
        ("NamedParameterNotFound,Connect-ExchangeOnline", ErrorKind.PARAMETER),
        ("Ex6F9304", ErrorKind.NOT_FOUND),
    ],
)
def test_an_id_tells_where_the_sentence_is_in_a_language_that_nobody_knows(error_id: str, kind: ErrorKind) -> None:
    assert classify(error_id, "", "Qo' vItu'laHbe'") is kind


def test_every_rule_for_pasted_texts_has_a_row() -> None:
    texts = [text for _, _, text in TABLE]
    unused = [rule for rule in READ if not any(rule.compiled.search(text) for text in texts)]
    assert {rule.source for rule in unused} <= {
        "admin REST: 403 for an application without a directory role",
        "x-ms-diagnostics of the admin REST",
        "Exchange RBAC, of an application",
        "people's words",
        "MailKit issue 1126: people's words",
        "HRESULTs of assembly loading",
        "Connect-ExchangeOnline of module 2.0.x",
        "Import-Module in PowerShell's languages",
    }


def test_the_kinds_of_the_operator_are_those_that_have_a_cause() -> None:
    assert {rule.kind for rule in OPERATOR_RULES} == set(CAUSES)
    assert all(len(rule.source) > 10 for rule in RULES)
