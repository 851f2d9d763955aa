"""YAML and JSON of every command: nothing in them drives a terminal or hides, and the very text comes back."""

from __future__ import annotations

import contextlib
import json
import re
import unicodedata
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.formats import as_json, as_yaml, loader_for, read
from tests.bounds.measuring import superlinear

HIDDEN = {
    "C1": "\x80\x85\x9b\x9f",
    "C0": "\x00\x07\x08\x1b\x7f\r",
    "bidi": "\u202a\u202e\u2066\u2069\u200e\u061c",
    "zero width": "\u200b\u200c\u200d\u2060\ufeff",
    "lines": "\u2028\u2029\x0b\x0c",
    "soft hyphen": "\u00ad",
    "tags": "\U000e0041\U000e007f",
    "selectors": "\ufe0f\U000e0100\u034f",
    "fillers": "\u3164\uffa0\u115f",
    "astral format": "\U0001d173\U000110bd",
    "surrogates": "\ud800 \udc80 \udfff",
    "private": "\ue000\U0010fffd",
    "not assigned": "\U000e0fff\ufffe",
    "blanks": "\u00a0\u3000\u202f",
}
CASES = [pytest.param(text, id=name) for name, text in HIDDEN.items()]


def shown(text: str) -> None:
    """Fail where something of a document would not show."""
    bad = [c for c in text if c != "\n" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}]
    assert not bad, bad
    text.encode()


@pytest.mark.parametrize("hidden", CASES)
@pytest.mark.parametrize("place", ["{}", "before{}", "{}after", "a\n{}\nb", "x: {} # no", '"{}\\', "{}" * 100])
def test_what_does_not_show_is_escaped_and_comes_back(hidden: str, place: str) -> None:
    text = place.replace("{}", hidden)
    tree = {"name": text, text: [text, {"deep": text}], "n": 1, "none": None, "yes": True}
    for document in (as_json(tree), as_json(tree, indent=None)):
        shown(document)
        assert json.loads(document) == tree
    comes_back_as_yaml(tree)


def comes_back_as_yaml(tree: Any) -> None:
    """Libyaml reads no escape for half a character; `loader_for` knows."""
    document = as_yaml(tree)
    shown(document)
    assert yaml.safe_load(document) == tree
    assert yaml.load(document, Loader=loader_for(document)) == tree


TEXT = st.text(st.characters()).filter(lambda text: not re.search("[\ud800-\udbff][\udc00-\udfff]", text))
"""Two halves side by side are one character to JSON."""


@given(st.recursive(TEXT | st.none() | st.booleans() | st.integers(), lambda t: st.lists(t) | st.dictionaries(TEXT, t)))
def test_any_tree_comes_back(tree: Any) -> None:
    document = as_json(tree)
    shown(document)
    assert json.loads(document) == tree
    comes_back_as_yaml(tree)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_in_json_is_text(number: float) -> None:
    assert json.loads(as_json({"x": [number, 1.5]}), parse_constant=pytest.fail) == {"x": [str(number), 1.5]}


def test_readable_text_stays_readable() -> None:
    tree = {"name": "Peñarol 日本", "lines": "one\ntwo\n"}
    assert "Peñarol 日本 😀" in as_json({"name": "Peñarol 日本 😀"})
    assert as_yaml(tree) == "name: Peñarol 日本\nlines: |\n  one\n  two\n"


def test_secrets_do_not_pass() -> None:
    token = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJ4In0.c2ln"
    for document in (as_json({"x": token, token: 1}), as_yaml({"x": token, token: 1})):
        assert token not in document


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: [yes, ~, 2024-05-06, 1.5, 'x', 0x1f]\n",
        "- |\n  two\n  lines\n- {a: {b: c}}\n",
        "",
        "plain",
        "? k\n: v\n",
        '{a: "b"}',
        '"\\u00e9"',
    ],
)
def test_a_document_is_read_as_pyyaml_reads_it(text: str) -> None:
    assert read(text) == yaml.safe_load(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1]\nb: *x\n",
        "<<: {a: b}\n",
        "a: 1\n---\nb: 2\n",
        "{[a]: b}",
        "a: [",
        "!!python/name:os.system a",
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_what_is_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert read(text) == "a"  # a tag of a stranger is passed over: text is text


def test_a_long_document_is_read_in_proportion_to_its_length() -> None:
    for unit in ("- a: b\n", "- [x, y]\n", "- 'q'\n", "- |\n  text\n", "- ? a\n"):
        growth = superlinear(read, lambda size, unit=unit: unit * (size // len(unit)), sizes=(20_000,))  # type: ignore[misc]
        assert growth is None, f"{unit!r}: {growth}"
