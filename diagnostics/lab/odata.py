"""The part of OData that the lab's Graph understands: $select, $filter by equality, $top, and pages."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from diagnostics.lab.https import Request

PAGE_SIZE = 100
MAX_PAGE = 999
COMPARISON = re.compile(r"^(?P<name>\w+)\s+eq\s+(?:'(?P<text>(?:[^']|'')*)'|(?P<word>\w[\w-]*))$", re.IGNORECASE)
STARTS_WITH = re.compile(r"^startswith\((?P<name>\w+),\s*'(?P<text>(?:[^']|'')*)'\)$", re.IGNORECASE)
PROXY_ADDRESS = re.compile(r"^proxyAddresses/any\((\w+):\s*\1\s+eq\s+'(?P<text>[^']*)'\)$", re.IGNORECASE)


class BadQuery(Exception):
    """A query that Graph refuses with 400; the text is Graph's message."""


def option(request: Request, name: str) -> str | None:
    """Return the value of a query option such as `$select`, or None."""
    values = request.query.get(name)
    return values[-1] if values else None


def select(item: Mapping[str, Any], request: Request, kind: str) -> dict[str, Any]:
    """Return the properties that $select names, or all of them; raise BadQuery for one that does not exist."""
    names = option(request, "$select")
    if not names:
        return dict(item)
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in item:
            raise BadQuery(f"Could not find a property named '{name}' on type 'microsoft.graph.{kind}'.")
    return {"id": item["id"], **{name: item[name] for name in wanted}}


def matches(item: Mapping[str, Any], request: Request) -> bool:
    """Say whether `item` fits $filter: comparisons by `eq`, `startswith`, and `any` over addresses, joined by `and`."""
    text = option(request, "$filter")
    if not text:
        return True
    return all(_term(item, part.strip()) for part in re.split(r"(?<!\s)\s++and\s+", text, flags=re.IGNORECASE))


def _term(item: Mapping[str, Any], term: str) -> bool:
    if found := PROXY_ADDRESS.match(term):
        return found["text"].casefold() in (address.casefold() for address in item.get("proxyAddresses", ()))
    if found := STARTS_WITH.match(term):
        return str(_property(item, found["name"])).casefold().startswith(found["text"].replace("''", "'").casefold())
    if found := COMPARISON.match(term):
        value = _property(item, found["name"])
        if found["text"] is not None:
            return str(value).casefold() == found["text"].replace("''", "'").casefold()
        return str(value).casefold() == found["word"].casefold()
    raise BadQuery(f"Invalid filter clause: Syntax error at position 0 in '{term}'.")


def _property(item: Mapping[str, Any], name: str) -> Any:
    if name not in item:
        raise BadQuery(f"Could not find a property named '{name}'.")
    return item[name]


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
