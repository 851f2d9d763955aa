"""Stage operator: the way to Exchange PowerShell itself is closed; the application under test is all right."""

from __future__ import annotations

import dataclasses

from diagnostics.lab.certificates import application_certificate, locked
from diagnostics.lab.scenarios.registry import scenario
from diagnostics.lab.setup import Setup
from diagnostics.lab.state import EXCHANGE_ONLINE_APP_ID


@scenario("operator-module-not-installed", touches="management host")
def module_not_installed(setup: Setup) -> None:
    """The management host has PowerShell, and not the module."""
    setup.world.management = dataclasses.replace(setup.world.management, module_version=None)


@scenario("operator-module-not-installed/too-new", touches="management host")
def module_too_new(setup: Setup) -> None:
    """The only module on the management host needs a newer PowerShell."""
    setup.world.management = dataclasses.replace(setup.world.management, powershell_version="7.4.6")


@scenario("operator-app-lacks-exchange-role", touches="operator's roles")
def lacks_directory_role(setup: Setup) -> None:
    """The operator's application has Exchange.ManageAsApp, and no directory role."""
    setup.operator_enterprise.directory_roles.clear()


@scenario("operator-app-lacks-exchange-role/permission", touches="operator's roles")
def lacks_permission(setup: Setup) -> None:
    """The operator's application has the directory role, and not Exchange.ManageAsApp."""
    exchange = setup.tenant.enterprise_application(EXCHANGE_ONLINE_APP_ID)
    assert exchange is not None
    grants = setup.operator_enterprise.app_role_assignments
    grants[:] = [grant for grant in grants if grant.resource_id != exchange.object_id]


@scenario("operator-certificate-unusable", touches="operator's credential")
def certificate_locked(setup: Setup) -> None:
    """The operator's certificate is locked with a password that the profile does not name."""
    pem, _ = application_certificate("exchange-administration")
    setup.profile.operator_certificate = locked(pem)


@scenario("operator-jump-host-refused", touches="management host")
def management_host_refuses(setup: Setup) -> None:
    """The management host knows another password for the account."""
    setup.world.management = dataclasses.replace(setup.world.management, knows_the_password=False)
