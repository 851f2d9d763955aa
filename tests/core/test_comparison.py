"""A comparison's relation is worked out of what is shown: a decision table, and that nothing else can be claimed."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from diagnostics.comparison import (
    Comparison,
    Relation,
    compare,
    compare_times,
    look_among,
    look_in,
    look_up,
    shortened,
)

NOON = dt.datetime(2026, 7, 1, 12, 0, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
AGREE, OTHER = "5b2c6a1e-93d4-4a8f-b1c7-0d9e8f7a6b5c", "c5b6a7f8-e9d0-4c7b-8f1a-4d39e1a6c2b5"


@pytest.mark.parametrize(
    ("left", "right", "relation"),
    [
        (AGREE, AGREE.upper(), Relation.EQUAL),
        (AGREE, OTHER, Relation.DIFFERENT),
        (f" {AGREE} ", AGREE, Relation.EQUAL),
        ("5b2c6a1e-93d4…", AGREE, Relation.OPEN),
        (AGREE, "5b2c6a1e-93d4…", Relation.OPEN),
        ("5b2c6a1e-93d4…", OTHER, Relation.DIFFERENT),
        ("*****@fabrikam.com", "erp@fabrikam.com", Relation.OPEN),
        ("*****@fabrikam.com", "erp@contoso.com", Relation.DIFFERENT),
        ("*****@fabrikam.com", "*****@fabrikam.com", Relation.OPEN),
        ("", AGREE, Relation.DIFFERENT),
        ("True", "true", Relation.EQUAL),
    ],
)
def test_two_values(left: str, right: str, relation: Relation) -> None:
    compared = compare("one", left, "other", right)
    assert compared.relation is relation
    assert compared.equal is (relation is Relation.EQUAL)


@pytest.mark.parametrize(
    ("left", "right", "relation"),
    [
        (NOON, NOON + SECOND, Relation.BEFORE),
        (NOON, NOON, Relation.EQUAL),
        (NOON, NOON - SECOND, Relation.AFTER),
        (NOON + SECOND / 4, NOON, Relation.EQUAL),  # to the second, as it is shown
    ],
)
def test_two_instants(left: dt.datetime, right: dt.datetime, relation: Relation) -> None:
    assert compare_times("exp in the token", left, "now", right).relation is relation


@pytest.mark.parametrize(
    ("held", "wanted", "relation"),
    [
        (["IMAP.AccessAsApp"], "IMAP.AccessAsApp", Relation.CONTAINS),
        (["POP.AccessAsApp", "imap.accessasapp"], "IMAP.AccessAsApp", Relation.CONTAINS),
        (["IMAP.AccessAsUser.All"], "IMAP.Access", Relation.LACKS),
        ([], "IMAP.AccessAsApp", Relation.LACKS),
    ],
)
def test_a_list_and_a_member(held: list[str], wanted: str, relation: Relation) -> None:
    assert look_among("roles", held, "needed", wanted, none="no roles at all").relation is relation


@pytest.mark.parametrize(
    ("value", "relation"),
    [
        ("partner.outlook.cn", Relation.ONE_OF),
        ("AM0PR01CA0001.eurprd01.prod.outlook.com", Relation.ONE_OF),
        ("notoutlook.com", Relation.NONE_OF),
        ("outlook.com", Relation.NONE_OF),
        ("partner.outlook.cn.example", Relation.NONE_OF),
        ("", Relation.NONE_OF),
    ],
)
def test_a_value_and_a_table(value: str, relation: Relation) -> None:
    assert look_up("server", value, "Exchange Online", ["*.outlook.com", "partner.outlook.cn"]).relation is relation


def test_words_in_a_text() -> None:
    assert look_in("greeting", "* OK IMAP4 ready", "Exchange's", "IMAP4").relation is Relation.CONTAINS
    assert look_in("greeting", "* OK Dovecot ready", "Exchange's", "IMAP4").relation is Relation.LACKS


def test_no_relation_can_be_handed_in() -> None:
    assert {field.name for field in dataclasses.fields(Comparison)} == {
        "left_name",
        "left",
        "right_name",
        "right",
        "kind",
    }


@pytest.mark.parametrize(
    ("text", "longest", "expected"),
    [("short", 5, "short"), ("longer", 5, "long…"), ("two\n lines", 20, "two lines"), ("four fives", 6, "four…")],
)
def test_a_shortened_text_shows_that_it_is_one(text: str, longest: int, expected: str) -> None:
    assert shortened(text, longest) == expected
    assert len(shortened(text, longest)) <= longest
