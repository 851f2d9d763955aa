"""Which tenant, application and Enterprise Application it finally is, and who says so: for every command the same.

An application signs in with what somebody typed, so the tenant and the Application ID are those that were named; a token
of another tenant or application is held against them. The Enterprise Application's Object ID cannot be chosen: Entra made
it, so a server's word comes first and what somebody typed comes last. What a server says is recorded
(`Who.is_recorded`); what somebody typed, or a token that is not whole shows, is assumed, and nothing is granted on it.

| id             | in this order                                                                                    |
|----------------|--------------------------------------------------------------------------------------------------|
| tenant         | typed as an id; discovery of the domain that was typed; the token's tid; the Exchange connection |
| application id | typed; appid of the token; Graph                                                                 |
| object id      | oid of the application's own token; Graph; oid of an own token that is not whole; typed          |

A token is the application's own when it is app-only, and neither its appid nor its tid is another than the one named. An
Object ID that was typed is none where it is the Application ID, the tenant id or the App registration's Object ID. Where one
id was typed for tenant and application, only a server knows whose it is; an Application ID that discovery knows for a
tenant is none.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeAlias, TypeVar

from diagnostics.evidence import (
    AppRegistration,
    EnterpriseApplication,
    Evidence,
    ExchangeConnection,
    Missing,
    Observed,
    TokenClaims,
    Unavailable,
)
from diagnostics.ids import ApplicationId, EnterpriseAppObjectId, TenantId, is_guid, is_same

_Id = TypeVar("_Id", bound=str)


class Who(enum.StrEnum):
    """Who says what an id is."""

    TOKEN = "token"  # noqa: S105 - a name
    GRAPH = "graph"
    DISCOVERY = "discovery"
    EXCHANGE = "exchange"
    CUT_TOKEN = "cut-token"  # noqa: S105 - a token of which a part is not known
    TYPED = "typed"  # in the profile, on the command line, or in a pasted text

    @property
    def is_recorded(self) -> bool:
        """Whether a server said it of its own; anything else is assumed."""
        return self not in {Who.CUT_TOKEN, Who.TYPED}


@dataclass(frozen=True, slots=True)
class Known(Generic[_Id]):
    """An id, in words where it was read, and everybody who says the same; the first one decided."""

    value: _Id
    source: str
    said_by: tuple[Who, ...]

    @property
    def is_recorded(self) -> bool:
        """Whether a server says so too."""
        return any(who.is_recorded for who in self.said_by)


KnownTenant: TypeAlias = Known[TenantId]
KnownApplication: TypeAlias = Known[ApplicationId]
KnownObjectId: TypeAlias = Known[EnterpriseAppObjectId]


@dataclass(frozen=True, slots=True)
class Identity:
    """Which application it is, in which tenant; `display_name` is empty where nobody says it.

    `other` says in words that the token is of another application or tenant than the one named, "" where it is not.
    """

    tenant: Observed[KnownTenant]
    application_id: Observed[KnownApplication]
    object_id: Observed[KnownObjectId]
    display_name: str = ""
    other: str = ""


def identity_of(evidence: Evidence) -> Identity:
    """Return who the application under test is; pure, so that a saved report gives the same as its run."""
    tenant, application_id = tenant_of(evidence), application_id_of(evidence)
    token = _app_only(evidence)
    other = "" if token is None else _other(token, tenant, application_id)
    own = None if other else token
    return Identity(tenant, application_id, _object_id(evidence, own, other), _display_name(evidence, own), other)


def tenant_of(evidence: Evidence) -> Observed[KnownTenant]:
    """Return the id of the tenant in which the application is looked for."""
    why = "neither the profile nor discovery nor a token tells the tenant's id"
    return _settled(_tenants(evidence), _not_said(evidence, why, ""))


def application_id_of(evidence: Evidence) -> Observed[KnownApplication]:
    """Return the Application ID to look for."""
    hint = "App registrations > your application > Overview > Application (client) ID"
    why = "neither the profile nor a token nor Graph tells the Application ID"
    return _settled(_application_ids(evidence), _not_said(evidence, why, hint))


def object_id_of(evidence: Evidence) -> Observed[KnownObjectId]:
    """Return the Enterprise Application's Object ID that Exchange has to hold."""
    return identity_of(evidence).object_id


def _tenants(evidence: Evidence) -> Iterable[KnownTenant]:
    target, token, connection = evidence.target, evidence.token(), evidence.exchange.connection
    where = "tenant of the profile" if target.profile else "tenant"
    if not is_same(target.tenant, target.application_id):
        yield Known(TenantId(target.tenant), where, (Who.TYPED,))
    for found in () if isinstance(evidence.discoveries, Unavailable) else evidence.discoveries:
        if found.tenant_id and not found.for_mailbox_domain and is_same(found.asked, target.tenant):
            yield Known(found.tenant_id, f"discovery of {found.asked}", (Who.DISCOVERY,))
    if isinstance(token, TokenClaims):
        yield Known(token.tenant_id, "tid in the token", (_who(token),))
    if isinstance(connection, ExchangeConnection):
        yield Known(connection.tenant_id, "tenant of the Exchange connection", (Who.EXCHANGE,))


def _application_ids(evidence: Evidence) -> Iterable[KnownApplication]:
    target, token, graph = evidence.target, evidence.token(), evidence.graph
    where = "Application ID in the profile" if target.profile else "Application ID"
    if not is_same(target.application_id, target.tenant) and not _is_a_tenant(target.application_id, evidence):
        yield Known(target.application_id, where, (Who.TYPED,))
    if isinstance(token, TokenClaims):
        yield Known(token.application_id, "appid in the token", (_who(token),))
    for thing in (graph.enterprise_application, graph.registration):
        if isinstance(thing, EnterpriseApplication | AppRegistration):
            yield Known(thing.application_id, "Application ID in Graph", (Who.GRAPH,))


def _object_id(evidence: Evidence, own: TokenClaims | None, other: str) -> Observed[KnownObjectId]:
    hint = (
        "Enterprise applications > your application > Overview > Object ID, then `enterprise_object_id` in the profile"
    )
    why = _not_said(
        evidence, "neither a token nor Graph nor the profile tells the Enterprise Application's Object ID", hint
    )
    return _settled(_object_ids(evidence, own), replace(why, reason=f"{why.reason}: {other}") if other else why)


def _object_ids(evidence: Evidence, own: TokenClaims | None) -> Iterable[KnownObjectId]:
    of_token = (
        None
        if own is None
        else Known(own.object_id, "oid in the token (Enterprise Application Object ID)", (_who(own),))
    )
    if of_token is not None and of_token.is_recorded:
        yield of_token
    enterprise = own_in_graph(evidence)
    if enterprise is not None:
        yield Known(enterprise.object_id, "Object ID of the Enterprise Application in Graph", (Who.GRAPH,))
    if of_token is not None and not of_token.is_recorded:
        yield of_token
    target = evidence.target
    others = (target.application_id, target.app_registration_object_id, target.tenant)
    if not any(is_same(target.enterprise_app_object_id, other) for other in others):
        where = (
            "Enterprise Application Object ID in the profile" if target.profile else "Enterprise Application Object ID"
        )
        yield Known(target.enterprise_app_object_id, where, (Who.TYPED,))


def _is_a_tenant(value: str, evidence: Evidence) -> bool:
    found = () if isinstance(evidence.discoveries, Unavailable) else evidence.discoveries
    return any(is_same(one.asked, value) and one.tenant_id and not one.for_mailbox_domain for one in found)


def own_in_graph(evidence: Evidence) -> EnterpriseApplication | None:
    """Return the application's service principal as Graph has it; one of another application is not it."""
    enterprise, known = evidence.graph.enterprise_application, application_id_of(evidence)
    if not isinstance(enterprise, EnterpriseApplication):
        return None
    differs = (
        isinstance(known, Known) and enterprise.application_id and not is_same(known.value, enterprise.application_id)
    )
    return None if differs else enterprise


def _app_only(evidence: Evidence) -> TokenClaims | None:
    token = evidence.token()
    return token if isinstance(token, TokenClaims) and token.is_app_only else None


def _other(token: TokenClaims, tenant: Observed[KnownTenant], application_id: Observed[KnownApplication]) -> str:
    for what, shown, named in (
        ("application", token.application_id, application_id),
        ("tenant", token.tenant_id, tenant),
    ):
        if isinstance(named, Known) and is_guid(shown) and not is_same(shown, named.value):
            return f"the token is of {what} {shown}, and {named.value} is named ({named.source})"
    return ""


def _display_name(evidence: Evidence, own: TokenClaims | None) -> str:
    enterprise = own_in_graph(evidence)
    return (enterprise.display_name if enterprise is not None else "") or (own.app_display_name if own else "")


def _who(token: TokenClaims) -> Who:
    return Who.TOKEN if token.complete else Who.CUT_TOKEN


def _settled(candidates: Iterable[Known[_Id]], why: Unavailable) -> Observed[Known[_Id]]:
    found = [candidate for candidate in candidates if is_guid(candidate.value)]
    if not found:
        return why
    same = (who for candidate in found if is_same(candidate.value, found[0].value) for who in candidate.said_by)
    return replace(found[0], said_by=tuple(dict.fromkeys(same)))


def _not_said(evidence: Evidence, reason: str, hint: str) -> Unavailable:
    missing = Missing.BLOCKED if evidence.live else Missing.NOT_IN_TEXT
    return Unavailable(reason, missing, hint=hint)
