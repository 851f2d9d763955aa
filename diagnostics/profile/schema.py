"""The JSON Schema of profiles, generated from the models, so that an editor complains while somebody types."""

from __future__ import annotations

import json
from typing import Any

from diagnostics.profile.model import Document


def schema() -> dict[str, Any]:
    """Return the schema (JSON Schema 2020-12)."""
    return Document.model_json_schema()


def text() -> str:
    """Return the schema as the file profiles/profile.schema.json holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
