"""Which scenarios there are, and how several of them are put upon one setup."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from diagnostics.lab.setup import Setup

Break = Callable[[Setup], None]

STAGES = (
    "input",
    "discovery",
    "token",
    "consent",
    "claims",
    "operator",
    "exchange_sp",
    "mailbox",
    "mailbox_permission",
    "imap_network",
    "imap_auth",
    "imap_select",
    "propagation",
)
"""The modules of this package, in the order of the chain."""


class ScenarioError(ValueError):
    """A scenario that does not exist, or two that cannot hold at once."""


@dataclass(frozen=True)
class Scenario:
    """One way of breaking a healthy lab; `cause` is what a diagnosis should name first.

    `rivals` are other causes that show the same from outside, each with the reason: there, the right cause among the
    first three is all that can be asked.
    """

    name: str
    touches: frozenset[str]
    apply: Break
    description: str
    rivals: Mapping[str, str] = field(default_factory=dict)

    @property
    def cause(self) -> str:
        """The slug of the cause, without a variant's name."""
        return self.name.partition("/")[0]


_REGISTRY: dict[str, Scenario] = {}


def scenario(name: str, *, touches: str, rivals: Mapping[str, str] | None = None) -> Callable[[Break], Break]:
    """Enter a function as the scenario `name`; `touches` is a comma-separated list of what it takes for itself."""

    def enter(function: Break) -> Break:
        if name in _REGISTRY:
            raise ScenarioError(f"there are two scenarios {name!r}")
        taken = frozenset(part.strip() for part in touches.split(","))
        description = (function.__doc__ or "").strip().splitlines()[0]
        _REGISTRY[name] = Scenario(name, taken, function, description, rivals or {})
        return function

    return enter


def scenarios() -> dict[str, Scenario]:
    """Return all scenarios by name, in the order of the chain, whichever module was imported first."""
    for stage in STAGES:
        importlib.import_module(f"{__package__}.{stage}")
    return dict(sorted(_REGISTRY.items(), key=lambda entry: _position(entry[1])))


def _position(item: Scenario) -> int:
    stage = item.apply.__module__.rpartition(".")[2]
    return STAGES.index(stage) if stage in STAGES else len(STAGES)


def apply(setup: Setup, names: Iterable[str]) -> list[Scenario]:
    """Break `setup` in each way that `names` lists, and return the scenarios in the order of the chain.

    Raises ScenarioError for an unknown name, and for two scenarios that touch the same thing.
    """
    known = scenarios()
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3) or list(known)
            raise ScenarioError(f"no scenario is called {name!r}; there are {', '.join(near)}")
    chosen = [item for name, item in known.items() if name in wanted]
    taken: dict[str, str] = {}
    for item in chosen:
        for thing in sorted(item.touches):
            if thing in taken:
                raise ScenarioError(f"{taken[thing]} and {item.name} cannot hold at once: both change the {thing}")
            taken[thing] = item.name
    for item in chosen:
        item.apply(setup)
    return chosen
