"""Which ids it finally are, and who says so: one table for the checks, the fixes that are printed, and `grant`."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest

from diagnostics.changes.plan import NoPlan, application_of, registrations_of
from diagnostics.checks import run_checks
from diagnostics.diagnosis import diagnose, known_values
from diagnostics.evidence import (
    Absent,
    Evidence,
    ExchangeEvidence,
    GraphEvidence,
    Missing,
    Source,
    Target,
    TenantDiscovery,
    Unavailable,
)
from diagnostics.findings import Confidence
from diagnostics.identity import Known, Who, application_id_of, identity_of, object_id_of, tenant_of
from diagnostics.ids import ApplicationId, AppRegistrationObjectId, EnterpriseAppObjectId, TenantId
from tests.core.sample import APP, ENTERPRISE, GRAPH, LOGIN, ROW, TENANT, TOKEN, healthy, seen

OTHER = str(uuid.uuid4())
OTHER_APP, OTHER_OBJECT, OTHER_TENANT = ApplicationId(OTHER), EnterpriseAppObjectId(OTHER), TenantId(OTHER)
NOTHING = Unavailable("nobody looked", Missing.NOT_REQUESTED)
USER = replace(TOKEN, identity_type="user", scopes=("IMAP.AccessAsUser.All",), user_principal_name="a@contoso.com")
CUT = replace(TOKEN, complete=False)
ENTERPRISE_IN_GRAPH = GRAPH.enterprise_application
T, G, D, X, C, Y = Who.TOKEN, Who.GRAPH, Who.DISCOVERY, Who.EXCHANGE, Who.CUT_TOKEN, Who.TYPED


def evidence(*, graph: GraphEvidence | None = None, token: Any = None, typed: dict[str, Any], **more: Any) -> Evidence:
    bare = {
        "discoveries": NOTHING,
        "tokens": (token,) if token is not None else NOTHING,
        "graph": graph or GraphEvidence(),
    }
    exchange = replace(healthy().exchange, connection=more.pop("connection", NOTHING))
    return healthy(target=Target(login=LOGIN, profile="contoso", **typed), **bare, exchange=exchange, **more)


def in_graph(**changes: Any) -> GraphEvidence:
    assert not isinstance(ENTERPRISE_IN_GRAPH, Unavailable | Absent)
    return GraphEvidence(enterprise_application=replace(ENTERPRISE_IN_GRAPH, **changes))


def discovered(asked: str, tenant: TenantId, *, mailbox: bool = False) -> TenantDiscovery:
    return TenantDiscovery(asked, LOGIN, seen(Source.ENTRA, "discovery"), tenant, for_mailbox_domain=mailbox)


CONNECTION = healthy().exchange.connection

# typed, what else is known → the Object ID, who says it (the first decided), and whether a server said it ("recorded")
OBJECT_ID: dict[str, tuple[Evidence, str, tuple[Who, ...], bool]] = {
    "recorded: the oid of the application's own token": (
        evidence(token=TOKEN, typed={"tenant": TENANT, "application_id": APP}), ENTERPRISE, (T,), True),
    "recorded: token and Graph say the same": (
        evidence(token=TOKEN, graph=in_graph(), typed={"application_id": APP}), ENTERPRISE, (T, G), True),
    "recorded: the token outweighs Graph": (
        evidence(token=TOKEN, graph=in_graph(object_id=OTHER_OBJECT), typed={"application_id": APP}), ENTERPRISE, (T,), True),
    "recorded: token outweighs what was typed": (
        evidence(token=TOKEN, typed={"application_id": APP, "enterprise_app_object_id": OTHER_OBJECT}), ENTERPRISE, (T,), True),
    "recorded: Graph alone": (evidence(graph=in_graph(), typed={"application_id": APP}), ENTERPRISE, (G,), True),
    "recorded: Graph outweighs a token that is not whole": (
        evidence(token=replace(CUT, object_id=OTHER_OBJECT), graph=in_graph(), typed={"application_id": APP}),
        ENTERPRISE, (G,), True),
    "recorded: typed, and Graph says so too": (
        evidence(graph=in_graph(), typed={"application_id": APP, "enterprise_app_object_id": ENTERPRISE}),
        ENTERPRISE, (G, Y), True),
    "assumed: a token that is not whole": (
        evidence(token=CUT, typed={"application_id": APP, "enterprise_app_object_id": OTHER_OBJECT}), ENTERPRISE, (C,), False),
    "assumed: only typed": (
        evidence(typed={"application_id": APP, "enterprise_app_object_id": ENTERPRISE}), ENTERPRISE, (Y,), False),
    "a delegated token's oid is the user's": (
        evidence(token=USER, typed={"application_id": APP, "enterprise_app_object_id": OTHER_OBJECT}), OTHER, (Y,), False),
    "a token of another application says nothing": (
        evidence(token=replace(TOKEN, application_id=OTHER_APP), typed={"application_id": APP}), "", (), False),
    "a token of another tenant says nothing": (
        evidence(token=replace(TOKEN, tenant_id=OTHER_TENANT), typed={"tenant": TENANT, "application_id": APP}), "", (), False),
    "another application in Graph says nothing": (
        evidence(graph=in_graph(application_id=OTHER_APP), typed={"application_id": APP}), "", (), False),
    "typed, and equal to the Application ID, is none": (
        evidence(typed={"application_id": APP, "enterprise_app_object_id": EnterpriseAppObjectId(APP)}), "", (), False),
    "typed, and equal to the App registration's, is none": (
        evidence(
            typed={
                "enterprise_app_object_id": EnterpriseAppObjectId(OTHER.upper()),
                "app_registration_object_id": AppRegistrationObjectId(OTHER),
            }
        ), "", (), False),
    "typed, and no GUID, is none": (
        evidence(typed={"enterprise_app_object_id": EnterpriseAppObjectId("ERP mail")}), "", (), False),
}  # fmt: skip

APPLICATION_ID: dict[str, tuple[Evidence, str, tuple[Who, ...], bool]] = {
    "typed, and the token says so too": (evidence(token=TOKEN, typed={"application_id": APP}), APP, (Y, T), True),
    "typed outweighs the token": (evidence(token=TOKEN, typed={"application_id": OTHER_APP}), OTHER, (Y,), False),
    "typed in capitals is the same": (
        evidence(token=TOKEN, typed={"application_id": ApplicationId(APP.upper())}), APP.upper(), (Y, T), True),
    "typed, no GUID": (evidence(token=TOKEN, typed={"application_id": ApplicationId("ERP")}), APP, (T,), True),
    "typed, and equal to the tenant": (
        evidence(typed={"tenant": TENANT, "application_id": ApplicationId(TENANT.upper())}), "", (), False),
    "typed, equal to the tenant, and the token knows better": (
        evidence(token=TOKEN, typed={"tenant": TENANT, "application_id": ApplicationId(TENANT)}), APP, (T,), True),
    "only the token": (evidence(token=TOKEN, typed={}), APP, (T,), True),
    "only a user's token": (evidence(token=USER, typed={}), APP, (T,), True),
    "only Graph": (evidence(graph=in_graph(), typed={}), APP, (G,), True),
    "only typed": (evidence(typed={"application_id": APP}), APP, (Y,), False),
    "nobody": (evidence(typed={}), "", (), False),
}  # fmt: skip

TENANT_ID: dict[str, tuple[Evidence, str, tuple[Who, ...], bool]] = {
    "typed as an id": (evidence(typed={"tenant": TENANT}), TENANT, (Y,), False),
    "typed as an id, and the token says so too": (evidence(token=TOKEN, typed={"tenant": TENANT}), TENANT, (Y, T), True),
    "typed as an id outweighs the token": (evidence(token=TOKEN, typed={"tenant": OTHER}), OTHER, (Y,), False),
    "typed as a domain that nobody resolved": (evidence(typed={"tenant": "contoso.com"}), "", (), False),
    "typed for the application too": (evidence(typed={"tenant": TENANT, "application_id": ApplicationId(TENANT)}), "", (), False),
    "only the token": (evidence(token=TOKEN, typed={"tenant": "contoso.com"}), TENANT, (T,), True),
    "only the connection": (evidence(connection=CONNECTION, typed={}), TENANT, (X,), True),
    "nobody": (evidence(typed={}), "", (), False),
}  # fmt: skip
TENANT_ID["typed as a domain, discovered"] = (
    replace(evidence(token=TOKEN, typed={"tenant": "contoso.com"}), discoveries=(discovered("CONTOSO.com", TENANT),)),
    TENANT,
    (D, T),
    True,
)
SAME_TWICE = evidence(typed={"tenant": TENANT, "application_id": ApplicationId(TENANT)})
TENANT_ID["typed for the application too, discovered"] = (
    replace(SAME_TWICE, discoveries=(discovered(TENANT, TENANT),)),
    TENANT,
    (D,),
    True,
)
APPLICATION_ID["typed, and discovery knows it for a tenant"] = (
    replace(
        evidence(typed={"tenant": "contoso.com", "application_id": APP}),
        discoveries=(discovered(APP, TenantId(APP)),),
    ),
    "",
    (),
    False,
)
TENANT_ID["the tenant of a mailbox's domain is not the one that is asked"] = (
    replace(
        evidence(typed={"tenant": "contoso.com"}), discoveries=(discovered("contoso.com", OTHER_TENANT, mailbox=True),)
    ),
    "",
    (),
    False,
)


def _told(known: Any) -> tuple[str, tuple[Who, ...], bool]:
    return (known.value, known.said_by, known.is_recorded) if isinstance(known, Known) else ("", (), False)


@pytest.mark.parametrize("case", OBJECT_ID.values(), ids=list(OBJECT_ID))
def test_the_object_id(case: tuple[Evidence, str, tuple[Who, ...], bool]) -> None:
    assert _told(object_id_of(case[0])) == case[1:]


@pytest.mark.parametrize("case", APPLICATION_ID.values(), ids=list(APPLICATION_ID))
def test_the_application_id(case: tuple[Evidence, str, tuple[Who, ...], bool]) -> None:
    assert _told(application_id_of(case[0])) == case[1:]


@pytest.mark.parametrize("case", TENANT_ID.values(), ids=list(TENANT_ID))
def test_the_tenant(case: tuple[Evidence, str, tuple[Who, ...], bool]) -> None:
    assert _told(tenant_of(case[0])) == case[1:]


EVERY = {**OBJECT_ID, **APPLICATION_ID, **TENANT_ID}


@pytest.mark.parametrize("case", EVERY.values(), ids=list(EVERY))
def test_the_checks_the_fixes_and_grant_have_the_same_ids(case: tuple[Evidence, str, tuple[Who, ...], bool]) -> None:
    """No fix names an id that the checks do not compare with, and a grant takes the same or none at all."""
    seen_ = case[0]
    identity, values = identity_of(seen_), known_values(seen_)
    named = (("application_id", identity.application_id), ("enterprise_app_object_id", identity.object_id))
    for placeholder, known in (*named, ("tenant_id", identity.tenant)):
        if isinstance(known, Known):
            assert values[placeholder] == known.value
    if isinstance(identity.object_id, Unavailable):
        assert "enterprise_app_object_id" not in values
    try:
        application = application_of(seen_)
    except NoPlan:
        recorded = [known for _, known in named if isinstance(known, Known) and known.is_recorded]
        assert len(recorded) < 2 or identity.other
    else:
        assert application.application_id == values["application_id"].lower()
        assert application.object_id == values["enterprise_app_object_id"].lower()
        assert all(isinstance(known, Known) and known.is_recorded for _, known in named)


def test_the_printed_fix_has_the_id_that_was_compared() -> None:
    """Exchange holds another Object ID than the token says, and the profile a third one."""
    third = EnterpriseAppObjectId(str(uuid.uuid4()))
    wrong = replace(ROW, object_id=OTHER_OBJECT)
    seen_ = healthy(
        target=replace(healthy().target, enterprise_app_object_id=third),
        exchange=replace(healthy().exchange, service_principals=(wrong,)),
    )
    found = next(c for c in diagnose(seen_, run_checks(seen_)).causes if c.cause == "exo-sp-wrong-object-id")
    commands = "\n".join(command.text for step in found.fix for command in step.commands)
    assert f"-ObjectId '{ENTERPRISE}'" in commands
    assert third not in commands


def test_a_token_of_another_application_is_told_and_nothing_is_planned() -> None:
    seen_ = healthy(tokens=(replace(TOKEN, application_id=OTHER_APP),), graph=GraphEvidence())
    assert identity_of(seen_).other == (
        f"the token is of application {OTHER}, and {APP} is named (Application ID in the profile)"
    )
    with pytest.raises(NoPlan, match="is of application"):
        application_of(seen_)


def test_a_token_is_held_against_the_tenant_that_a_typed_domain_is() -> None:
    seen_ = healthy(
        target=replace(healthy().target, tenant="contoso.com"),
        discoveries=(discovered("contoso.com", TENANT),),
        tokens=(replace(TOKEN, tenant_id=OTHER_TENANT),),
    )
    found = next(c for c in diagnose(seen_, run_checks(seen_)).causes if c.cause == "claims-wrong-tenant-in-token")
    assert found.confidence is Confidence.CERTAIN
    assert any(OTHER in said and "discovery of contoso.com" in said for said in found.evidence)
    assert known_values(seen_)["tenant_id"] == TENANT


def test_a_typed_object_id_is_held_against_the_applications_own_token_only() -> None:
    text = healthy(
        live=False,
        target=replace(healthy().target, enterprise_app_object_id=OTHER_OBJECT),
        exchange=ExchangeEvidence(),
        graph=GraphEvidence(),
        mailboxes=(),
    )
    named = {cause.cause: cause.confidence for cause in diagnose(text, run_checks(text)).causes}
    assert named == {"exo-sp-wrong-object-id": Confidence.LIKELY}
    foreign = replace(text, tokens=(replace(TOKEN, application_id=ApplicationId(str(uuid.uuid4()))),))
    assert "exo-sp-wrong-object-id" not in {cause.cause for cause in diagnose(foreign, run_checks(foreign)).causes}


def test_exchange_of_another_tenant_is_refused() -> None:
    connection = healthy().exchange.connection
    assert not isinstance(connection, Unavailable)
    foreign = replace(healthy().exchange, connection=replace(connection, tenant_id=OTHER_TENANT))
    with pytest.raises(NoPlan, match=OTHER):
        registrations_of(healthy(exchange=foreign))
