"""The options of a Graph query: $select, $filter, $top and pages; every other one is refused by name."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from diagnostics.lab.https import Request
from diagnostics.lab.odata_filter import BadQuery, compiled

PAGE_SIZE = 100
MAX_PAGE = 999
KNOWN = frozenset({"$select", "$filter", "$top", "$skiptoken"})
OTHERS = frozenset({"$search", "$orderby", "$expand", "$skip", "$count"})
"""Options of Graph that the lab lacks; their `$` may be missing (query-parameters.md)."""


def option(request: Request, name: str) -> str | None:
    """Return the value of a query option such as `$select`, in any case and with or without its `$`, or None."""
    for given, values in request.query.items():
        if given.casefold() in (name, name.removeprefix("$")):
            return values[-1]
    return None


def refuse_unknown(request: Request) -> None:
    """Raise BadQuery for an option that the lab's Graph does not know, by its name: none is ignored in silence.

    Graph's words are recorded for `$skip` (microsoft-graph-docs issue 9279); that it says the same of the others is
    invented: it knows most of them, with the header ConsistencyLevel.
    """
    for given in request.query:
        name = f"${given.removeprefix('$')}"
        if name.casefold() in OTHERS or (given.startswith("$") and name.casefold() not in KNOWN):
            raise BadQuery(f"'{name}' is not supported by the service.", "Request_BadRequest")


def refuse_of_one(request: Request) -> None:
    """Raise BadQuery for an option that makes sense for a list only; invented, as above."""
    for name in ("$filter", "$top", "$skiptoken"):
        if option(request, name) is not None:
            raise BadQuery(f"'{name}' is not supported by the service.", "Request_BadRequest")


def select(item: Mapping[str, Any], request: Request, kind: str) -> dict[str, Any]:
    """Return the properties that $select names, or all of them; raise BadQuery for one that does not exist."""
    names = option(request, "$select")
    wanted = [name.strip() for name in (names or "*").split(",") if name.strip()]
    if "*" in wanted:
        return dict(item)
    for name in wanted:
        if name not in item:
            raise BadQuery(f"Could not find a property named '{name}' on type 'microsoft.graph.{kind}'.")
    return {"id": item["id"], **{name: item[name] for name in wanted}}


def fitting(items: Iterable[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """Return the items that fit $filter, in their order; raise BadQuery for one that is not understood."""
    text = option(request, "$filter")
    if text is None:
        return list(items)
    predicate = compiled(text)
    return [item for item in items if predicate(item)]


def page(items: Sequence[Any], request: Request, base: str) -> tuple[list[Any], str | None]:
    """Return one page of `items` and the link to the next one, as $top and $skiptoken ask."""
    top = option(request, "$top")
    if top is not None and not (top.isdigit() and 1 <= int(top) <= MAX_PAGE):
        raise BadQuery(f"Invalid page size specified: '{top}'. Must be between 1 and {MAX_PAGE} inclusive.")
    size = int(top) if top else PAGE_SIZE
    start = _start(option(request, "$skiptoken"))
    rest = start + size
    if rest >= len(items):
        return list(items[start:]), None
    link = f"{base}{request.target.partition('?')[0]}?$skiptoken={_token(rest)}"
    for name in ("$select", "$filter", "$top"):
        if value := option(request, name):
            link += f"&{name}={_quote(value)}"
    return list(items[start:rest]), link


def _token(position: int) -> str:
    return base64.urlsafe_b64encode(f"RFNwd{position}".encode()).decode().rstrip("=")


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().removeprefix("RFNwd"))
    except ValueError:
        raise BadQuery("The specified skiptoken value is invalid.") from None


def _quote(value: str) -> str:
    return value.replace("%", "%25").replace(" ", "%20").replace("&", "%26").replace("#", "%23").replace("+", "%2B")
