"""Every regular expression of the package, with the operations that the code applies to it."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

import diagnostics

OPERATIONS: Final = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split")
_SEARCHING: Final = frozenset({"search", "finditer", "findall", "sub", "subn", "split"})
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_DEEPEST = 8


@dataclasses.dataclass(slots=True)
class Use:
    """A pattern with the operations that are applied to it and the places (`module:line`) where it stands."""

    pattern: re.Pattern[Any]
    operations: set[str] = dataclasses.field(default_factory=set)
    places: set[str] = dataclasses.field(default_factory=set)

    @property
    def decisive(self) -> tuple[str, ...]:
        """The operations that are worth measuring: one of those that look at every position stands for all of them."""
        searching = [one for one in OPERATIONS if one in self.operations & _SEARCHING]
        anchored = [one for one in ("match", "fullmatch") if one in self.operations]
        return (*searching[:1], *anchored) if "split" not in searching else (*{searching[0], "split"}, *anchored)


class Unseen(AssertionError):
    """An expression whose pattern this module cannot find out."""


def modules() -> Iterator[ModuleType]:
    """Import and yield every module of the package."""
    for info in pkgutil.walk_packages(diagnostics.__path__, "diagnostics."):
        if not info.name.endswith("__main__"):
            yield importlib.import_module(info.name)


def uses(computed: Mapping[str, Sequence[str]]) -> list[Use]:
    """Return every pattern once, with its operations.

    `computed` gives examples for what is put together while the program runs, by the source of the expression. Raises
    Unseen for an expression that is neither a constant of its module, nor a field of a table, nor named there.
    """
    found: dict[tuple[str | bytes, int], Use] = {}
    loaded = list(modules())
    trees = [(module, ast.parse(Path(str(module.__file__)).read_text("utf-8"))) for module in loaded]
    for pattern, operations, place in (*_constants(trees), *_calls(trees, computed)):
        use = found.setdefault((pattern.pattern, pattern.flags), Use(pattern))
        use.operations |= operations
        use.places.add(place)
    for use in found.values():
        use.operations = use.operations or {"search", "fullmatch"}
    return list(found.values())


def _constants(trees: Sequence[tuple[ModuleType, ast.Module]]) -> Iterator[tuple[re.Pattern[Any], set[str], str]]:
    """Yield the patterns in the constants of modules, with what is done to constants and fields of that name."""
    named = _named_operations(trees)
    for module, _ in trees:
        for name, value in vars(module).items():
            for pattern, field in _patterns(value):
                operations = named.get(_scoped(module, name) if value is pattern else field, set())
                yield pattern, operations or {"search", "finditer"}, f"{module.__name__}.{name}"


def _calls(
    trees: Sequence[tuple[ModuleType, ast.Module]], computed: Mapping[str, Sequence[str]]
) -> Iterator[tuple[re.Pattern[Any], set[str], str]]:
    """Yield what is given to `re.search`, `re.compile` and the like."""
    fields = _fields([module for module, _ in trees])
    for module, tree in trees:
        functions = (node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS))
        at_run_time = {id(inner) for function in functions for inner in ast.walk(function)}
        for call in ast.walk(tree):
            if not _is_of_re(call):
                continue
            assert isinstance(call, ast.Call)
            assert isinstance(call.func, ast.Attribute)
            place = f"{module.__name__}:{call.lineno}"
            operations = set() if call.func.attr == "compile" else {call.func.attr}
            try:
                for pattern in _compiled(module, call, fields, computed, place):
                    yield pattern, operations, place
            except Unseen:
                if id(call) in at_run_time:
                    raise  # else its result is a constant of the module, or in a table there


def _is_of_re(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in {*OPERATIONS, "compile"}
    )


def _compiled(
    module: ModuleType,
    call: ast.Call,
    fields: Mapping[str, set[str]],
    computed: Mapping[str, Sequence[str]],
    place: str,
) -> list[re.Pattern[Any]]:
    """Return what a call of `re` compiles: its first argument, with the flags that it is given."""
    source = call.args[0]
    assert isinstance(call.func, ast.Attribute)
    position = {"compile": 1, "sub": 4, "subn": 4, "split": 3}.get(call.func.attr, 2)
    given = [keyword.value for keyword in call.keywords if keyword.arg == "flags"] or call.args[position : position + 1]
    flags = _evaluated(module, given[0]) if given else 0
    text = ast.unparse(source)
    if text in computed:
        return [re.compile(example, flags) for example in computed[text]]
    try:
        value = _evaluated(module, source)
    except NameError:
        if isinstance(source, ast.Attribute) and source.attr in fields:
            return [re.compile(value, flags) for value in fields[source.attr]]
        raise Unseen(f"{place}: {text} is computed: give examples") from None
    return [value if isinstance(value, re.Pattern) else re.compile(value, flags)]


def _evaluated(module: ModuleType, node: ast.expr) -> Any:
    return eval(compile(ast.Expression(node), "<pattern>", "eval"), dict(vars(module)))


def _named_operations(trees: Sequence[tuple[ModuleType, ast.Module]]) -> dict[str, set[str]]:
    """Return by the last name of what they are called on which operations occur: `row.pattern.search`, `_LINE.match`.

    A private name counts in its own module only: `module._LINE`.
    """
    named: dict[str, set[str]] = {}
    for module, tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in OPERATIONS:
                target = node.value
                name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
                named.setdefault(_scoped(module, name), set()).add(node.attr)
    return named


def _scoped(module: ModuleType, name: str) -> str:
    return f"{module.__name__}.{name}" if name.startswith("_") else name


def _patterns(value: Any, field: str = "", depth: int = 0) -> Iterator[tuple[re.Pattern[Any], str]]:
    """Yield the patterns in a constant of a module, however deep in its tables, with the field that holds each."""
    if isinstance(value, re.Pattern):
        yield value, field
    elif depth < _DEEPEST:
        for name, inner in _inside(value):
            yield from _patterns(inner, name or field, depth + 1)


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from (("", inner) for pair in value.items() for inner in pair)
    elif isinstance(value, list | tuple | set | frozenset):
        yield from (("", inner) for inner in value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from ((item.name, getattr(value, item.name, None)) for item in dataclasses.fields(value))
    elif isinstance(value, FunctionType):
        yield from (("", cell.cell_contents) for cell in value.__closure__ or ())


def _fields(loaded: Sequence[ModuleType]) -> dict[str, set[str]]:
    """Return every text in a field of a dataclass among the packages' constants, by the field's name."""
    texts: dict[str, set[str]] = {}

    def walk(value: Any, depth: int) -> None:
        if depth >= _DEEPEST:
            return
        for name, inner in _inside(value):
            for text in inner if isinstance(inner, tuple) else (inner,):
                if name and isinstance(text, str):
                    texts.setdefault(name, set()).add(text)
            walk(inner, depth + 1)

    for module in loaded:
        for value in vars(module).values():
            walk(value, 0)
    return texts
