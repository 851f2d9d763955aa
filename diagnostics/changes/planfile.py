"""Plans as files: readable, versioned, mode 0600, and refused when somebody changed what they do."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from diagnostics import files
from diagnostics.changes.consistency import contradictions
from diagnostics.changes.plan import SCHEMA, Plan
from diagnostics.formats import escaped

_NEWER = frozenset({"profile_file", "domain", "scenarios", "shape"})
_LARGEST = 64 * 1024 * 1024


class BadPlan(Exception):
    """What is no plan, of an unknown version, not as it was saved, or not for the application that it is held against."""


def plan_tree(plan: Plan) -> dict[str, object]:
    """Return a plan as JSON can hold it, with its hash. What plans of old lack is there only where it is known."""
    tree = json.loads(json.dumps(asdict(plan)))
    shown = {name: tree[name] for name in tree if name != "schema" and (tree[name] or name not in _NEWER)}
    return {"schema": plan.schema, "hash": plan.hash, **shown}


def save(plan: Plan, path: Path, *, force: bool = False) -> None:
    """Write a plan, whole or not at all, readable by its owner alone. Raises FileUnusable."""
    files.write(
        path, escaped(json.dumps(plan_tree(plan), indent=2, ensure_ascii=False)) + "\n", files.PLAN, force=force
    )


def load(path: Path) -> Plan:
    """Return a saved plan. Raises FileUnusable and BadPlan."""
    text = files.read_text(path, largest=_LARGEST)
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        raise BadPlan(f"{path} is not a plan: it is no JSON") from None
    return from_tree(tree, str(path))


def from_tree(tree: object, name: str) -> Plan:
    """Return the plan in a tree. Raises BadPlan, which names the place that does not fit."""
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - heavy

    if not isinstance(tree, dict) or tree.get("schema") != SCHEMA:
        found = tree.get("schema") if isinstance(tree, dict) else None
        raise BadPlan(f"{name} is not a plan of this version: its schema is {found!r}, this diag knows {SCHEMA}")
    content = {key: value for key, value in tree.items() if key != "hash"}
    try:
        plan = TypeAdapter(Plan).validate_python(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadPlan(f"{name} is not a plan: {place}: {first['msg']}") from None
    if plan_tree(plan) != tree:
        raise BadPlan(f"{name} was changed after it was saved: its hash {str(tree.get('hash'))[:12]} does not fit it")
    for contradiction in contradictions(plan):
        raise BadPlan(f"{name} contradicts itself, as when it was edited: {contradiction}")
    return plan
