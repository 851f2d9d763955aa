"""The application was made under App registrations; an Enterprise Application alone has no secret and no permissions."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.evidence import Absent, AppRegistration, EnterpriseApplication, Evidence, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown
from diagnostics.identity import Known, tenant_of
from diagnostics.ids import is_same

_ODD_TYPES = {"legacy", "managedidentity"}
_CAUSE = "input-configured-in-enterprise-applications"


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Hold what Graph shows of the registration against what it shows of the Enterprise Application."""
    enterprise, registration = evidence.graph.enterprise_application, evidence.graph.registration
    if isinstance(registration, Unavailable):
        yield unknown("Whether there is an App registration was not looked up", registration)
        return
    if isinstance(registration, AppRegistration):
        bare = not (
            registration.required_permissions or registration.password_credentials or registration.key_credentials
        )
        if bare and not isinstance(enterprise, Unavailable):
            said = "Graph: the App registration has neither a secret, nor a certificate, nor an API permission"
            yield failed(said, Suspect(_CAUSE, Confidence.LIKELY, (said,)))
        else:
            yield passed(f"App registration “{registration.display_name}” found, Object ID {registration.object_id}")
        return
    if isinstance(enterprise, EnterpriseApplication):
        yield _without_registration(enterprise, registration, evidence)


def _without_registration(enterprise: EnterpriseApplication, registration: Absent, evidence: Evidence) -> Judgement:
    owner = enterprise.owner_tenant_id
    tenant = tenant_of(evidence)
    own = not owner or (isinstance(tenant, Known) and is_same(owner, tenant.value))
    if own or enterprise.service_principal_type.casefold() in _ODD_TYPES:
        kind = enterprise.service_principal_type or "Application"
        said = f"Graph: Enterprise Application “{enterprise.display_name}” ({kind}) exists, but {registration.absent}"
        return failed(
            "There is an Enterprise Application without an App registration",
            Suspect(_CAUSE, Confidence.CERTAIN, (said,)),
        )
    return passed(f"The App registration lives in its owner's tenant {owner}")


CHECK = Check(
    id="app-registration",
    stage=Stage.INPUT,
    title="The application has an App registration",
    causes=(_CAUSE,),
    judge=judge,
    required=False,
    order=50,
)
