"""The application exists in this tenant with both its halves, and neither it nor Exchange Online is switched off."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._ids import is_same
from diagnostics.evidence import (
    Absent,
    AppRegistration,
    DirectoryObjectKind,
    EnterpriseApplication,
    Evidence,
    Unavailable,
)
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge the Enterprise Application, then the resource that it needs."""
    yield from _application(evidence)
    yield from _exchange_online(evidence)


def _application(evidence: Evidence) -> Iterator[Judgement]:
    enterprise, registration = evidence.graph.enterprise_application, evidence.graph.registration
    if isinstance(enterprise, Unavailable):
        yield unknown("Whether the Enterprise Application exists was not looked up", enterprise)
    elif isinstance(enterprise, EnterpriseApplication):
        yield _enabled(enterprise)
    elif isinstance(registration, AppRegistration):
        said = (f"Graph: App registration “{registration.display_name}” exists", f"Graph: {enterprise.absent}")
        yield failed(
            "The Enterprise Application is missing", Suspect("token-sp-missing-home-tenant", Confidence.CERTAIN, said)
        )
    elif isinstance(registration, Absent):
        yield _nowhere(evidence, enterprise, registration)


def _enabled(enterprise: EnterpriseApplication) -> Judgement:
    if enterprise.disabled_by_microsoft_status:
        said = f"Graph: disabledByMicrosoftStatus is {enterprise.disabled_by_microsoft_status}"
        return failed(
            "Microsoft has disabled the application", Suspect("token-app-disabled", Confidence.CERTAIN, (said,))
        )
    if enterprise.account_enabled is False:
        said = f"Graph: accountEnabled of “{enterprise.display_name}” is false"
        return failed(
            "The Enterprise Application is switched off", Suspect("token-app-disabled", Confidence.CERTAIN, (said,))
        )
    return passed(
        f"Enterprise Application “{enterprise.display_name}” is there and enabled, Object ID {enterprise.object_id}"
    )


def _nowhere(evidence: Evidence, enterprise: Absent, registration: Absent) -> Judgement:
    said = [f"Graph: {enterprise.absent}", f"Graph: {registration.absent}"]
    values: dict[str, str] = {}
    for thing in evidence.graph.objects:
        if is_same(thing.id, evidence.target.application_id) and thing.kind is not DirectoryObjectKind.NOTHING:
            said.append(
                f"{thing.id} is the Object ID of the {thing.kind} “{thing.display_name}”, Application ID {thing.application_id}"
            )
            values["application_id"] = thing.application_id
    suspect = Suspect("token-app-not-in-tenant", Confidence.CERTAIN, tuple(said), values, ("exo-sp-not-registered",))
    return failed("This tenant does not know the application", suspect)


def _exchange_online(evidence: Evidence) -> Iterator[Judgement]:
    resource = evidence.graph.exchange_online
    if isinstance(resource, Absent):
        said = f"Graph: {resource.absent}"
        yield failed(
            "This tenant has no Exchange Online", Suspect("token-resource-sp-not-found", Confidence.LIKELY, (said,))
        )
    elif isinstance(resource, EnterpriseApplication) and resource.account_enabled is False:
        said = "Graph: accountEnabled of Office 365 Exchange Online is false"
        yield failed(
            "Office 365 Exchange Online is switched off",
            Suspect("token-resource-sp-disabled", Confidence.CERTAIN, (said,)),
        )


CHECK = Check(
    id="directory-objects",
    stage=Stage.TOKEN,
    title="The application exists in this tenant and is enabled",
    causes=(
        "token-sp-missing-home-tenant",
        "token-app-disabled",
        "token-app-not-in-tenant",
        "token-resource-sp-not-found",
        "token-resource-sp-disabled",
    ),
    judge=judge,
    required=False,
    order=20,
)
