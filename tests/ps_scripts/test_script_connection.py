"""Signing in: the pair of module and PowerShell, the tenant, and what is loaded."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from diagnostics import resources
from diagnostics.exchange.collect import READ_CMDLETS, WRITE_CMDLETS
from diagnostics.exchange.versions import unsupported
from diagnostics.lab.state import new_id
from tests.exchange.peers import MODULES
from tests.ps_scripts.engine import Session

pytestmark = pytest.mark.powershell
CONNECT, EXPORT = "Connect-DiagExchange.ps1", "Export-DiagEvidence.ps1"


def connections(session: Session) -> list[str]:
    ran = session.text("Get-ConnectionInformation | ForEach-Object { $_.TenantID }")
    return [str(item) for item in ran.objects]


def test_it_says_where_it_is_connected(unconnected: Session) -> None:
    setup = unconnected.tenant.lab.setup
    assert unconnected.connect().one == {
        "TenantId": setup.tenant.id,
        "Organization": setup.tenant.initial_domain,
        "UserPrincipalName": "",
        "AppId": setup.operator_registration.app_id,
        "PowerShellVersion": "7.6.9",
        "ModuleVersion": "3.10.0",
    }
    assert connections(unconnected) == [setup.tenant.id]


def test_only_the_cmdlets_that_are_needed_are_loaded(connected: Session) -> None:
    def there(name: str) -> bool:
        return not connected.text(f"Get-Command -Name '{name}'").errors

    assert all(map(there, READ_CMDLETS))
    assert not there("Set-CASMailbox")
    text = resources.script(CONNECT)
    default = set(re.findall(r"'((?:Get|New|Remove|Add)-[A-Za-z]+)'", text.partition("Set-StrictMode")[0]))
    assert default == {*READ_CMDLETS, *WRITE_CMDLETS} - {"Set-CASMailbox"}


def test_the_collector_loads_what_reading_needs(unconnected: Session) -> None:
    body = resources.script(EXPORT).partition("CommandName = @(")[2].partition(")")[0]
    assert set(re.findall(r"'([A-Za-z-]+)'", body)) == set(READ_CMDLETS)


@pytest.mark.parametrize("preference", ["Continue", "SilentlyContinue", "Ignore"])
def test_a_connection_to_a_foreign_tenant_is_closed_and_refused(preference: str, unconnected: Session) -> None:
    ran = unconnected.connect(TenantId=new_id(), ErrorAction=preference)
    assert ran.refusal == "DiagForeignTenant"
    assert ran.objects == []
    assert connections(unconnected) == []
    assert unconnected.tenant.lab.setup.tenant.id in ran.errors[-1][1]


def test_a_session_that_is_connected_elsewhere_is_left_as_it_is(connected: Session) -> None:
    setup = connected.tenant.lab.setup
    assert connected.connect(TenantId=new_id()).refusal == "DiagForeignTenant"
    assert connections(connected) == [setup.tenant.id]


@pytest.mark.parametrize(
    "more",
    [
        {"Organization": ""},
        {"Device": True},
        {"AccessToken": ""},
    ],
    ids=["token without organization", "token and device", "organization without token"],
)
def test_what_does_not_go_together_is_refused_before_anything_is_loaded(
    more: dict[str, object], unconnected: Session
) -> None:
    assert unconnected.connect(**more).refusal == "DiagSignInUnclear"
    assert unconnected.text("Get-Module -Name ExchangeOnlineManagement").objects == []


@pytest.mark.parametrize("value", ["contoso.com", "", "11111111-2222", "{}'; exit"])
def test_a_tenant_is_named_by_its_id(value: str, unconnected: Session) -> None:
    ran = unconnected.connect(TenantId=value)
    assert ran.ended
    assert ran.errors[-1][0].startswith("ParameterArgumentTransformationError")


def test_a_token_that_is_refused_ends_it_and_shows_nowhere(unconnected: Session) -> None:
    ran = unconnected.connect(AccessToken=unconnected.tenant.token(audience="https://graph.microsoft.com").reveal())
    assert ran.ended
    assert "UnAuthorized" in ran.errors[-1][1]
    assert "eyJ" not in repr(ran)
    assert connections(unconnected) == []


def module_folder(folder: Path, version: str) -> Path:
    """A module of another version, which says so when it is loaded."""
    place = folder / "ExchangeOnlineManagement" / version
    place.mkdir(parents=True)
    (place / "ExchangeOnlineManagement.psm1").write_text("throw 'it was loaded'\n")
    (place / "ExchangeOnlineManagement.psd1").write_text(
        f"@{{ RootModule = 'ExchangeOnlineManagement.psm1'; ModuleVersion = '{version}'; FunctionsToExport = '*' }}\n"
    )
    return folder


def with_modules(session: Session, *folders: Path) -> None:
    ran = session.text("param($Path) $env:PSModulePath = $Path", {"Path": ":".join(map(str, folders))})
    assert not ran.ended


def test_without_the_module_it_says_how_to_install_it(unconnected: Session, tmp_path: Path) -> None:
    with_modules(unconnected, tmp_path)
    ran = unconnected.connect()
    assert ran.refusal == "DiagNoModule"
    assert "Install-Module ExchangeOnlineManagement" in ran.errors[-1][1]


@pytest.mark.parametrize("version", ["2.0.5", "3.0.0"])
def test_a_module_that_does_not_fit_is_refused_before_it_is_loaded(
    version: str, unconnected: Session, tmp_path: Path
) -> None:
    with_modules(unconnected, module_folder(tmp_path, version))
    ran = unconnected.connect()
    assert ran.refusal == "DiagUnsupportedPair"
    assert version in ran.errors[-1][1]
    assert "it was loaded" not in repr(ran)


def test_the_newest_module_that_fits_is_taken(unconnected: Session, tmp_path: Path) -> None:
    with_modules(unconnected, module_folder(tmp_path, "3.2.0"), MODULES, module_folder(tmp_path / "b", "3.0.0"))
    assert unconnected.connect().one["ModuleVersion"] == "3.10.0"


def test_the_pairs_are_those_of_the_bridge(unconnected: Session) -> None:
    powershells = ["5.0", "5.1.19041.1", "7.0.13", "7.2.24", "7.3.9", "7.4.0", "7.4.6", "7.5.0", "7.6.0", "7.6.9"]
    modules = ["3.0.0", "3.1.0", "3.4.0", "3.5.0", "3.9.2", "3.10.0", "3.11.4"]
    function = resources.script(CONNECT).partition("function Get-PairProblem")[2].partition("\nfunction ")[0]
    text = (
        f"param($PowerShells, $Modules)\nfunction Get-PairProblem{function}\n"
        "foreach ($p in $PowerShells) { foreach ($m in $Modules) { '{0} {1} {2}' -f $p, $m, [bool] (Get-PairProblem $p $m $true) } }"
    )
    ran = unconnected.text(text, {"PowerShells": powershells, "Modules": modules})
    assert not ran.ended, ran.errors
    assert ran.objects == [f"{p} {m} {bool(unsupported(p, m))}" for p in powershells for m in modules]


def test_the_collector_refuses_a_foreign_tenant_and_writes_nothing(unconnected: Session, tmp_path: Path) -> None:
    setup = unconnected.tenant.lab.setup
    file = tmp_path / "evidence.json"
    ran = unconnected.run(
        EXPORT,
        Mailbox=["erp@contoso.com"],
        TenantId=new_id(),
        Path=str(file),
        AccessToken=unconnected.tenant.token().reveal(),
        Organization=setup.tenant.initial_domain,
    )
    assert ran.refusal == "DiagForeignTenant"
    assert not file.exists()
    assert connections(unconnected) == []


def test_the_collector_uses_a_connection_that_is_there_and_leaves_it(connected: Session, tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    ran = connected.run(EXPORT, Mailbox=["erp@contoso.com"], Path=str(file))
    assert ran.one == {"Path": str(file), "Mailboxes": 1, "Calls": 6, "Failed": 0}
    assert json.loads(file.read_bytes())["application_id"] == ""
    assert connections(connected) == [connected.tenant.lab.setup.tenant.id]


def test_a_file_is_written_over_only_when_told(connected: Session, tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    file.write_text("mine")
    assert connected.run(EXPORT, Mailbox=["erp@contoso.com"], Path=str(file)).refusal == "DiagFileExists"
    assert file.read_text() == "mine"
    assert connected.run(EXPORT, Mailbox=["erp@contoso.com"], Path=str(file), Force=True).one["Failed"] == 0
