"""No regular expression of the package takes more than linear time, whatever the text: what is pasted comes from anyone.

Of the inputs made for each pattern a sample is tried here; `make fuzz` tries them all.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.bounds.adversarial import Attack, attacks, is_bounded
from tests.bounds.measuring import superlinear
from tests.bounds.patterns import Use, uses

# What is put together while the program runs, by the source of the expression; none where a constant holds the result.
COMPUTED: dict[str, tuple[str, ...]] = {
    r"f'^/(v1\\.0|beta){pattern}$'": (r"^/(v1\.0|beta)/servicePrincipals(?:/(?P<id>[^/(]+)|\(appId='(?P<a>[^']+)'\))/x$",),
    "words": (r"Graph|graph\.microsoft",),  # of the fault matrix's own table
    "mark": (r"(?:\s*#[^\n]*\n)*\s*(?:\{\s*)?[\"']?schema[\"']?\s*:\s*[\"']?diag/plan/",),
    "fnmatch.translate(pattern.replace('%', '*'))": (r"\A(?s:(?>.*?a)(?>.*?b).*)\Z",),
    "re.escape(closing) + '(?=\\\\s*(?:[,}\\\\])>;:]|$|\\\\n))'": (r"'(?=\s*(?:[,}\])>;:]|$|\n))",),
    r"pattern.replace(' ', '\\s+')": (),
    r"f'(?<!\\\\){quote}[\\s}}\\],]*$'": (r"(?<!\\)\"[\s}\],]*$", r"(?<!\\)'[\s}\],]*$"),
    "any_blank(self.pattern)": (),
    "self.needs": (),
    "self.near": (),
}  # fmt: skip
EVERYTHING = "DIAG_FUZZ_SECONDS" in os.environ
_SAMPLE = 16
USES = [use for use in uses(COMPUTED) if not is_bounded(use.pattern)]


def _work(pattern: re.Pattern[Any], operation: str) -> Callable[[str], object]:
    method = getattr(pattern, operation)
    binary = isinstance(pattern.pattern, bytes)

    def work(text: str) -> object:
        given = text.encode("latin-1", "replace") if binary else text
        if operation in {"sub", "subn"}:
            return method(b"" if binary else "", given)
        return sum(1 for _ in method(given)) if operation == "finditer" else method(given)

    return work


def _chosen(use: Use) -> list[Attack]:
    made = attacks(use.pattern)
    if EVERYTHING or len(made) <= _SAMPLE:
        return made
    return random.Random(str(use.pattern.pattern)).sample(made, _SAMPLE)


@pytest.mark.parametrize("use", USES, ids=[min(use.places) for use in USES])
def test_time_does_not_grow_faster_than_the_text(use: Use) -> None:
    for operation in use.decisive:
        for attack in _chosen(use):
            growth = superlinear(_work(use.pattern, operation), attack.text)
            assert growth is None, f"{sorted(use.places)}: {operation} of {use.pattern.pattern!r} on {attack}: {growth}"


@pytest.mark.parametrize(
    ("pattern", "operation"),
    [
        (r"\s*x", "search"),
        (r"(?:a+)+b", "match"),
        (r"\w+@\w+", "search"),
        (r"\\+(?:r\\+n|[rn])", "sub"),
    ],
)
def test_what_is_superlinear_is_found(pattern: str, operation: str) -> None:
    compiled = re.compile(pattern)
    found = (superlinear(_work(compiled, operation), attack.text) for attack in attacks(compiled))
    assert next(filter(None, found), None)
