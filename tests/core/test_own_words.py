"""Redaction leaves what diag itself says as it is: its pages, its sentences, its help, its examples."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from diagnostics.redaction import redact

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    sorted((ROOT / "diagnostics" / "causes").glob("*.md"))
    + sorted(ROOT.glob("*.md"))
    + sorted((ROOT / "profiles").glob("*.y*ml"))
)
CATALOGUES = sorted((ROOT / "diagnostics" / "report" / "messages").glob("*.yaml"))
OF_A_SERVER = "eyJzdGF0dXMi"  # what Google answers, as the pages quote it: it looks like a token


@pytest.mark.parametrize("path", PAGES, ids=[path.name for path in PAGES])
def test_pages_keep_their_words(path: Path) -> None:
    for line, shown in zip(*(text.splitlines() for text in _both(path.read_text(encoding="utf-8"))), strict=True):
        assert OF_A_SERVER in line or shown == line


@pytest.mark.parametrize("path", CATALOGUES, ids=[path.name for path in CATALOGUES])
def test_sentences_keep_their_words(path: Path) -> None:
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
        for text in (entry["en"], entry["es"]):
            filled = _filled(str(text))
            if "`secret: {" in text:  # in its place stands a reference, `{env: NAME}`
                continue
            assert redact(filled) == filled


@pytest.mark.parametrize(
    "command",
    [["--help"], ["permissions", "--help"], ["profile", "--help"], ["analyze", "--help"], ["grant", "--help"]],
)
def test_help_keeps_its_words(command: list[str]) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "diagnostics", *command], capture_output=True, check=True, text=True, encoding="utf-8"
    ).stdout
    assert redact(shown) == shown


def _both(text: str) -> tuple[str, str]:
    return text, redact(text)


def _filled(text: str) -> str:
    """Put ordinary values where a template has names."""
    values = iter(
        ("erp@contoso.com", "11111111-2222-3333-4444-555555555555", "3", "outlook.office365.com", "Full access")
    )
    parts = text.replace("{{", "").replace("}}", "").split("{")
    return parts[0] + "".join(next(values, "x") + part.partition("}")[2] for part in parts[1:])
