"""Stage discovery: the tenant is not where the profile looks for it."""

from __future__ import annotations

from diagnostics.lab.clouds import GLOBAL, US_GOV
from diagnostics.lab.scenarios.registry import scenario
from diagnostics.lab.setup import Setup
from diagnostics.lab.state import new_id


@scenario("discovery-tenant-not-found", touches="tenant")
def tenant_not_found(setup: Setup) -> None:
    """No tenant has the id that the profile names."""
    setup.profile.tenant = new_id()


@scenario("discovery-wrong-cloud", touches="tenant")
def wrong_cloud(setup: Setup) -> None:
    """The tenant lives in another cloud than the one that the profile names."""
    setup.tenant.cloud = US_GOV if setup.world.cloud is GLOBAL else GLOBAL
