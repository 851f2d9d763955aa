"""How the configured secret begins is shown where somebody asks for it, and the judgement is the same without."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.cli.conftest import Diag


@pytest.mark.parametrize("scenario", [None, "token-secret-expired", "input-secret-wrong-value"])
def test_shown_only_on_request(diag: Diag, scenario: str | None) -> None:
    words = [
        "permissions",
        "--profile",
        "demo",
        "--no-imap",
        "-o",
        "yaml",
        *(["--scenario", scenario] if scenario else []),
    ]
    asked = yaml.safe_load(diag(*words, "--show-secret-hint").stdout)
    plain = yaml.safe_load(diag(*words).stdout)
    assert [cause["cause"] for cause in plain["causes"]] == [cause["cause"] for cause in asked["causes"]]
    outcomes = [[(finding["check"], finding["outcome"]) for finding in tree["findings"]] for tree in (plain, asked)]
    assert outcomes[0] == outcomes[1]
    assert len(asked["evidence"]["secret"]["hint"]) == 3
    assert plain["evidence"]["secret"]["hint"] == ""
    keys = plain["evidence"]["graph"]["registration"]["password_credentials"]
    assert keys
    assert {key["hint"] for key in keys} == {""}
    assert not re.search(r"begins with “[^”]", yaml.safe_dump([plain["findings"], plain["causes"]], allow_unicode=True))
