"""The ids that people mix up, as types of their own, and how ids are compared.

Each id gets its type where it enters (profile, command line, pasted text, Graph, a token, a row of Exchange) and keeps it
up to the cmdlet's parameter, so that mypy refuses to hand one over as another. The type says in which place an id stands;
whether the right one stands there is for the checks to judge.
"""

from __future__ import annotations

import re
from typing import NewType, TypeVar, cast

TenantId = NewType("TenantId", str)
"""Directory (tenant) id: `tid` in a token; empty where it is not known."""

ApplicationId = NewType("ApplicationId", str)
"""Application (client) id: `appid` in a token, AppId in Exchange."""

EnterpriseAppObjectId = NewType("EnterpriseAppObjectId", str)
"""Object ID of the *Enterprise Application* (service principal): `oid` in an app-only token, ObjectId in Exchange."""

AppRegistrationObjectId = NewType("AppRegistrationObjectId", str)
"""Object ID of the *App registration*: the one that people paste by mistake."""

Sid = NewType("Sid", str)
"""Security identifier (S-1-5-21-…) that Exchange gives a service principal; another one after it is registered again."""

NO_TENANT_ID = TenantId("")
NO_APPLICATION_ID = ApplicationId("")
NO_ENTERPRISE_APP_OBJECT_ID = EnterpriseAppObjectId("")
NO_APP_REGISTRATION_OBJECT_ID = AppRegistrationObjectId("")
NO_SID = Sid("")

_Id = TypeVar("_Id", bound=str)

GUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_CUT = re.compile(r"(?:\.{2,}|…|\*{2,}|[xX]{4,}|<[^<>]*>)")


def is_guid(value: str) -> bool:
    """Say whether `value` is exactly one GUID."""
    return GUID.fullmatch(value) is not None


def lowered(value: _Id) -> _Id:
    """Return an id in the one spelling that is compared and hashed: lower case, of the same type."""
    return cast("_Id", value.lower())


def is_same(left: str, right: str) -> bool:
    """Compare two whole ids or addresses without regard to case; an empty one equals nothing."""
    return bool(left) and left.strip().casefold() == right.strip().casefold()


def is_cut_off(value: str) -> bool:
    """Say whether a value was shortened by Format-Table or redacted by whoever pasted it."""
    return bool(value) and not is_guid(value) and _CUT.search(value) is not None


def may_be_same(shown: str, whole: str) -> bool:
    """Say whether a cut-off value could be `whole`: its visible beginning and end agree."""
    head, _, tail = _CUT.sub("\0", shown.strip().casefold(), count=1).partition("\0")
    tail = _CUT.sub("", tail) if "\0" not in tail else ""
    return whole.casefold().startswith(head) and whole.casefold().endswith(tail)
