"""JSON Schema of the file that the collector writes, version 1; a change that breaks readers needs a version 2."""

from __future__ import annotations

from typing import Any

_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$"}
_ROW = {
    "type": "object",
    "additionalProperties": {"anyOf": [_TEXT, {"type": ["boolean", "null"]}, _TEXTS]},
}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_closed(
        {
            "schema": {"const": "diag/collected/1"},
            "collected_at": _MOMENT,
            "powershell": _TEXT,
            "module": _TEXT,
            "application_id": {"type": "string", "pattern": "^([0-9a-f-]{36})?$"},
            "mailboxes": _TEXTS,
            "connection": {"type": "object", "additionalProperties": _TEXT},
            "calls": {
                "type": "array",
                "items": _closed(
                    {
                        "cmdlet": {"type": "string", "pattern": "^Get-[A-Za-z]+$"},
                        "parameters": {"type": "object", "additionalProperties": {"type": ["string", "boolean"]}},
                        "worked": {"type": "boolean"},
                        "finished": {"type": "boolean"},
                        "at": _MOMENT,
                        "milliseconds": {"type": "integer", "minimum": 0},
                        "rows": {"type": "array", "items": _ROW},
                        "errors": {
                            "type": "array",
                            "items": _closed({"message": _TEXT, "id": _TEXT, "category": _TEXT, "type": _TEXT}),
                        },
                        "warnings": _TEXTS,
                    }
                ),
            },
        }
    ),
}
