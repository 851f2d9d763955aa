"""Recorded traces: what people paste when a cause cannot be acted out by the simulated tenant, and when it can.

`<cause>[.n].txt` is a text as somebody's program, terminal or ticket shows it; `healthy.n.txt` one with nothing wrong in it.
`traces.yaml` says for each where its wording was recorded. The ids, names and addresses in the texts are samples.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import yaml

HEALTHY = "healthy"
INDEX = "traces.yaml"


@dataclass(frozen=True, slots=True)
class Trace:
    """One recorded text; `cause` is what a diagnosis should name first, and empty for a healthy text.

    `rivals` are causes that show the same words, each with the reason: there, the right cause among the first three is all
    that can be asked.
    """

    name: str
    source: str
    rivals: Mapping[str, str] = field(default_factory=dict)

    @property
    def cause(self) -> str:
        """The slug of the cause, without the number of the text."""
        slug = self.name.partition(".")[0]
        return "" if slug == HEALTHY else slug

    def read(self) -> bytes:
        """Return the text as it was recorded."""
        return resources.files(__name__).joinpath(f"{self.name}.txt").read_bytes()


@functools.cache
def traces() -> Mapping[str, Trace]:
    """Return all traces by name, in the order of the index."""
    text = resources.files(__name__).joinpath(INDEX).read_text("utf-8")
    entries: Mapping[str, Any] = yaml.safe_load(text)
    return {name: _trace(name, entry) for name, entry in entries.items()}


def _trace(name: str, entry: str | Mapping[str, Any]) -> Trace:
    if isinstance(entry, str):
        return Trace(name, entry)
    return Trace(name, entry["source"], entry.get("rivals", {}))
