"""Every sentence that the code can put into a table, read from the source: f-strings become templates.

In the checks every text is shown but patterns; elsewhere, too, everything that reads like words is taken, save what
`not_shown.yaml` and the tables below leave out with a reason. The readers of pasted texts hold patterns, and quote.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import diagnostics

ROOT = Path(diagnostics.__file__).parent
PATTERNS = [
    *(
        "checks/**/*.py",
        "servers.py",
        "purpose.py",
        "run.py",
        "diagnosis.py",
        "evidence.py",
        "profile/s*.py",
        "sources/*.py",
    ),
    *("changes/steps.py", "net/*.py", "sources/imap/*.py", "exchange/*.py", "sources/transcript/collector.py"),
    "access.py",
    "identity.py",
]
NOT_SHOWN_FILES = {
    "exchange/errors.py": "patterns of Exchange's own messages, each with its source",
    "profile/schema.py": "messages of the profile's reader, which go to stderr",
    "profile/showing.py": "the command that shows a profile has its own words",
}
# Calls whose texts are patterns, requests or messages on stderr.
NOT_SHOWN_CALLS = {"Says", "progress", "tell", "getattr", "quote", "isinstance", "field", "getpass", "filterwarnings"}
NOT_SHOWN_CALLS |= {"cast", "CollectedUnusable", "fail"}
# Calls whose texts are shown even when they are a single word.
SHOWN_CALLS: dict[str, tuple[int, ...]] = dict.fromkeys(
    ("compare", "compare_times", "look_among", "look_up", "look_in"), (0, 2)
)
SHOWN_CALLS |= {"Unavailable": (0,), "Absent": (0,), "Finding": (1,)}
SHOWN_ENUMS = {"SettingName", "DirectoryObjectKind", "AttemptOutcome", "ReplyStatus", "SaslFault"}
_WORDS = re.compile(r"(?<![\w$/.=-])[a-z]{2,}(?![\w=/-])")
_FIELD = re.compile(r"\{[a-z_]*[0-9]*(?:![tew])?\}")


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    where: str

    @property
    def form(self) -> str:
        return form(self.text)


def form(template: str) -> str:
    """The template without the names of its values, so that the catalogue may name them as it likes."""
    return _FIELD.sub("{}", template)


def sentences() -> list[Sentence]:
    found: dict[str, Sentence] = {}
    for pattern in PATTERNS:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            if name not in NOT_SHOWN_FILES:
                for node in _texts(ast.parse(path.read_text("utf-8"))):
                    sentence = Sentence(_template(node), f"diagnostics/{name}:{node.lineno}")
                    found.setdefault(sentence.form, sentence)
    return list(found.values())


def _template(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.JoinedStr)
    names: list[str] = []
    parts = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        else:
            assert isinstance(part, ast.FormattedValue)
            parts.append(f"{{{_name(part.value, names)}}}")
    return "".join(parts)


def _name(value: ast.expr, taken: list[str]) -> str:
    while isinstance(value, ast.Call | ast.Subscript | ast.BoolOp | ast.IfExp | ast.BinOp):
        match value:
            case ast.Call(args=[first, *_]):
                value = first
            case ast.Call():
                value = value.func
                if isinstance(value, ast.Attribute):
                    value = value.value
            case ast.Subscript():
                value = value.value
            case ast.BoolOp():
                value = value.values[0]
            case ast.IfExp():
                value = value.body
            case ast.BinOp():
                value = value.left
    base = value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else "value"
    base = re.sub(r"[^a-z_]", "", base.lower()).strip("_") or "value"
    base = "where" if base == "how" else base
    name, number = base, 2
    while name in taken:
        name, number = f"{base}{number}", number + 1
    taken.append(name)
    return name


def _texts(node: ast.AST) -> Iterator[ast.expr]:
    """Walk through the tree, and leave docstrings, patterns and what is not shown out."""
    match node:
        case ast.Constant(value=str() as text):
            if _reads_like_words(text):
                yield node
        case ast.JoinedStr():
            if _reads_like_words(_FIELD.sub("X", _template(node))):
                yield node
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    yield from _texts(part.value)
        case ast.ClassDef(name=name) if name in SHOWN_ENUMS:
            members = (member.value for member in node.body if isinstance(member, ast.Assign))
            yield from (value for value in members if re.search("[a-z]", str(getattr(value, "value", ""))))
        case ast.Expr(value=ast.Constant()) | ast.Call() if _is_not_shown(node):
            pass
        case _:
            yield from _single_words(node)
            for child in ast.iter_child_nodes(node):
                yield from _texts(child)


def _is_not_shown(node: ast.Expr | ast.Call) -> bool:
    called = _called(node) if isinstance(node, ast.Call) else "re."  # a docstring
    return called.startswith("re.") or called.rpartition(".")[2] in NOT_SHOWN_CALLS


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def _single_words(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the texts that are shown wherever they stand, even when they are one word."""
    shown = SHOWN_CALLS.get(_called(node), ()) if isinstance(node, ast.Call) else ()
    for position, argument in enumerate(node.args if isinstance(node, ast.Call) else ()):
        if position in shown and isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument


def _reads_like_words(text: str) -> bool:
    return " " in text.strip() and _WORDS.search(text) is not None
