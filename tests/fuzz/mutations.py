"""Damaged, repeated and spliced forms of real inputs, as strategies."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

import diagnostics

_ODD = ["\x00", "\x01", "\x1b[31m", "\r", "\n", "\n\n", "\t", "\\", "\\\\", '"', "'", "`", "{", "}", "[", "]", "<", ">", "&", "%0d%0a",
        "\u2028", "\u202e", "\u200b", "\ufeff", "\u00b2", "\U0001f4a9", "\ud800", "é", "’", "…", "-1", "0", "9" * 30, "1e999", "NaN",
        "null", "true", "  ", "=", ":", ",", ";", "|", "/", "@", "#", "*", "$(", "${x}", "%", "!!python/object", "&a", "*a", "<<: *a"]  # fmt: skip
_SHORT, _LONG = 3, 60


@cache
def literals(folder: str) -> tuple[str, ...]:
    """Return the texts that stand in the code of a part of the package: what its readers look for."""
    found: set[str] = set()
    for path in sorted((Path(diagnostics.__path__[0]) / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SHORT <= len(node.value) <= _LONG:
                found.add(node.value)
    return tuple(sorted(found))


def mutated(texts: Sequence[str], words: Sequence[str] = ()) -> st.SearchStrategy[str]:
    """Return a strategy of damaged forms of `texts`; `words` are put in besides odd characters."""
    piece = st.sampled_from([*_ODD, *words]) if words else st.sampled_from(_ODD)

    @st.composite
    def damaged(draw: Any) -> str:
        text: str = draw(st.sampled_from(list(texts)))
        for _ in range(draw(st.integers(0, 6))):
            start = draw(st.integers(0, len(text)))
            end = min(len(text), start + draw(st.integers(0, 80)))
            match draw(st.integers(0, 6)):
                case 0:
                    text = text[:start] + text[end:]
                case 1:
                    text = text[:end] + text[start:end] * draw(st.integers(1, 300)) + text[end:]
                case 2:
                    text = text[:start] + draw(piece) * draw(st.integers(1, 40)) + text[start:]
                case 3:
                    text = text[:start] + draw(piece) + text[end:]
                case 4:
                    other: str = draw(st.sampled_from(list(texts)))
                    text = text[:start] + other[draw(st.integers(0, len(other))) :]
                case 5:
                    text = text[:start]
                case _:
                    text = text[:start] + draw(st.text(max_size=20)) + text[end:]
        return text

    return damaged()


def mutated_bytes(texts: Sequence[bytes], words: Sequence[str] = ()) -> st.SearchStrategy[bytes]:
    """Return the same for bytes."""
    made = mutated([text.decode("latin-1") for text in texts], words)
    return made.map(lambda text: text.encode("latin-1", "replace"))


def json_like() -> st.SearchStrategy[Any]:
    """Return any value that JSON can hold, and some that it cannot."""
    leaf = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.integers(10**18, 10**40)
        | st.floats(allow_nan=True)
        | st.text(max_size=12)
        | st.sampled_from(["2024-05-06T10:00:00Z", "9" * 40, "00000000-0000-0000-0000-000000000000", "\ud800"])
    )
    return st.recursive(
        leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    )


def spoiled(tree: Any) -> st.SearchStrategy[Any]:
    """Return trees like this one in which a few values were replaced by others of any kind, or taken out."""
    paths = list(_paths(tree, ()))

    @st.composite
    def made(draw: Any) -> Any:
        changed = tree
        for _ in range(draw(st.integers(0, 4))):
            changed = _with(changed, draw(st.sampled_from(paths)), draw(json_like()))
        return changed

    return made()


def _paths(tree: Any, path: tuple[Any, ...]) -> Any:
    yield path
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _paths(value, (*path, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _paths(value, (*path, index))


def _with(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    head, *rest = path
    if isinstance(tree, dict) and head in tree:
        return {**tree, head: _with(tree[head], tuple(rest), value)}
    if isinstance(tree, list) and isinstance(head, int) and head < len(tree):
        return [*tree[:head], _with(tree[head], tuple(rest), value), *tree[head + 1 :]]
    return tree
