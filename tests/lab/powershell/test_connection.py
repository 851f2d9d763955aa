"""Who may connect to the simulated Exchange, what a connection shows, and what exists with it."""

from __future__ import annotations

from typing import Any

import pytest
from pypsrp.exceptions import AuthenticationError
from pypsrp.powershell import RunspacePool

from diagnostics.lab.powershell.session import HostProfile
from diagnostics.lab.state import EnterpriseApplication, Tenant, new_id
from tests.lab.powershell.conftest import COMPLETED, FAILED, LabWorld, cmdlet, connect, run


def test_a_connection_shows_who_and_where(lab: LabWorld, connected: RunspacePool) -> None:
    shown = run(connected, cmdlet("Get-ConnectionInformation")).output[0]
    assert shown["TenantID"] == lab.tenant.id
    assert shown["AppId"] == lab.operator.app_id
    assert (shown["State"], shown["TokenStatus"]) == ("Connected", "Active")
    assert shown["Organization"] == "contoso.onmicrosoft.com"
    assert "AccessToken" not in shown


@pytest.mark.parametrize(
    "overrides",
    [
        {"roles": []},
        {"roles": ["IMAP.AccessAsApp"]},
        {"audience": "https://graph.microsoft.com"},
        {"lifetime": -10},
    ],
)
def test_a_token_without_the_right_is_unauthorized(lab: LabWorld, pool: RunspacePool, overrides: Any) -> None:
    answer = run(pool, connect(lab, AccessToken=lab.token(**overrides)))
    assert answer.state == FAILED
    assert answer.messages == answer.error_ids == ["UnAuthorized"]
    assert run(pool, cmdlet("Get-ConnectionInformation")).output == []


def test_tokens_that_are_none_are_unauthorized(lab: LabWorld, pool: RunspacePool) -> None:
    head, body, signature = lab.token().split(".")
    for token in ("abc", f"{head}.{body}.{signature[:-8]}AAAAAAAA", "EwB" * 20):
        assert run(pool, connect(lab, AccessToken=token)).messages == ["UnAuthorized"]


def test_the_app_role_alone_is_not_enough(lab: LabWorld, pool: RunspacePool) -> None:
    lab.operator.directory_roles.clear()
    answer = run(pool, connect(lab))
    assert answer.messages[0].startswith(f"The role assigned to application {lab.operator.app_id} isn't supported")
    assert lab.token() not in str(answer)


def test_the_organization_must_be_the_tokens(lab: LabWorld, pool: RunspacePool) -> None:
    lab.world.tenants.append(Tenant("Fabrikam", ["fabrikam.com", "fabrikam.onmicrosoft.com"]))
    assert run(pool, connect(lab, Organization="fabrikam.onmicrosoft.com")).messages == ["UnAuthorized"]
    assert run(pool, connect(lab, Organization="nowhere.onmicrosoft.com")).messages == ["UnAuthorized"]


def test_a_delegated_organization_silently_stays_in_the_tokens_tenant(lab: LabWorld, pool: RunspacePool) -> None:
    other = Tenant("Customer", ["customer.com", "customer.onmicrosoft.com"])
    lab.world.tenants.append(other)
    token = lab.token()
    name = "customer.onmicrosoft.com"
    run(pool, cmdlet("Connect-ExchangeOnline", AccessToken=token, DelegatedOrganization=name, ShowBanner=False))
    shown = run(pool, cmdlet("Get-ConnectionInformation")).output[0]
    assert (shown["DelegatedOrganization"], shown["TenantID"]) == ("customer.onmicrosoft.com", lab.tenant.id)


def test_an_access_token_needs_to_be_told_where(lab: LabWorld, pool: RunspacePool) -> None:
    answer = run(pool, cmdlet("Connect-ExchangeOnline", AccessToken=lab.token()))
    assert "-Organization" in answer.messages[0]
    other = run(pool, cmdlet("Connect-ExchangeOnline", AppId=new_id(), CertificateThumbprint="00", Organization="x"))
    assert "-AccessToken only" in other.messages[0]


def test_a_reader_has_no_cmdlet_that_writes(lab: LabWorld, pool: RunspacePool) -> None:
    lab.operator.directory_roles = {"Global Reader"}
    run(pool, connect(lab))
    assert run(pool, cmdlet("Get-ServicePrincipal")).state == COMPLETED
    refused = run(pool, cmdlet("New-ServicePrincipal", AppId=new_id(), ObjectId=new_id()))
    assert refused.error_ids == ["CommandNotFoundException"]
    assert "The term 'New-ServicePrincipal' is not recognized" in refused.messages[0]


def test_a_recipient_administrator_has_none_for_service_principals(lab: LabWorld, pool: RunspacePool) -> None:
    lab.operator.directory_roles = {"31392ffb-586c-42d1-9346-e59415a2cc4e"}
    run(pool, connect(lab))
    assert run(pool, cmdlet("Get-ServicePrincipal")).error_ids == ["CommandNotFoundException"]
    assert run(pool, cmdlet("Set-CASMailbox", "erp", PopEnabled=False)).errors == []


def test_a_user_signs_in_with_directory_roles_in_the_token(lab: LabWorld, pool: RunspacePool) -> None:
    now = int(lab.tokens.clock())
    claims = {"tid": lab.tenant.id, "scp": "Exchange.Manage", "upn": "admin@contoso.com", "iat": now, "exp": now + 600}
    claims["aud"] = "https://outlook.office365.com"
    administrator = "29232cdf-9323-42fd-ade2-1d097af3e4de"
    for roles, expected in (([administrator], COMPLETED), ([], FAILED)):
        token = lab.tokens.sign({**claims, "wids": roles})
        name = {"UserPrincipalName": "admin@contoso.com", "ShowBanner": False}
        assert run(pool, cmdlet("Connect-ExchangeOnline", AccessToken=token, **name)).state == expected


def test_only_the_named_cmdlets_are_loaded(lab: LabWorld, pool: RunspacePool) -> None:
    run(pool, connect(lab, CommandName=["Get-Recipient", "get-mailbox"]))
    assert run(pool, cmdlet("Get-Recipient", "erp")).state == COMPLETED
    assert run(pool, cmdlet("Get-ServicePrincipal")).error_ids == ["CommandNotFoundException"]


def test_the_banner_says_what_it_is(lab: LabWorld, pool: RunspacePool) -> None:
    answer = run(pool, connect(lab, ShowBanner=True))
    assert "simulated ExchangeOnlineManagement" in str(answer.streams.information[0].message_data)


def test_disconnecting_takes_the_cmdlets_away(connected: RunspacePool) -> None:
    assert run(connected, cmdlet("Disconnect-ExchangeOnline")).error_ids == ["HostException,Disconnect-ExchangeOnline"]
    assert run(connected, cmdlet("Disconnect-ExchangeOnline", Confirm=False)).errors == []
    assert run(connected, cmdlet("Get-Recipient")).error_ids == ["CommandNotFoundException"]


def test_connections_are_told_apart_by_id_and_by_prefix(lab: LabWorld, connected: RunspacePool) -> None:
    run(connected, connect(lab, Prefix="Contoso"))
    first, second = run(connected, cmdlet("Get-ConnectionInformation")).output
    assert (first["Name"], second["Name"], second["ModulePrefix"]) == (
        "ExchangeOnline_1",
        "ExchangeOnline_2",
        "Contoso",
    )
    by_prefix = run(connected, cmdlet("Get-ConnectionInformation", ModulePrefix=["contoso", "Other"])).output
    assert [found["ConnectionId"] for found in by_prefix] == [second["ConnectionId"]]
    both = [str(first["ConnectionId"]), str(second["ConnectionId"])]
    assert len(run(connected, cmdlet("Get-ConnectionInformation", ConnectionId=both)).output) == 2
    run(connected, cmdlet("Disconnect-ExchangeOnline", ModulePrefix=["Contoso"], Confirm=False))
    (left,) = run(connected, cmdlet("Get-ConnectionInformation")).output
    assert left["ConnectionId"] == first["ConnectionId"]


def test_a_connection_ends_with_its_token(lab: LabWorld, connected: RunspacePool) -> None:
    now = lab.tokens.clock
    lab.tokens.clock = lambda: now() + 4000
    assert run(connected, cmdlet("Get-Recipient")).messages[0].endswith("UnAuthorized")
    assert run(connected, cmdlet("Get-ConnectionInformation")).output[0]["TokenStatus"] == "Expired"


def test_a_host_without_the_module(lab: LabWorld) -> None:
    bare = lab.winrm(host=HostProfile(module_version=None))
    with RunspacePool(lab.wsman(bare)) as pool:
        assert run(pool, connect(lab)).error_ids == ["CommandNotFoundException"]
        listed = run(pool, cmdlet("Get-Module", Name="ExchangeOnlineManagement", ListAvailable=True))
        assert (listed.output, listed.errors) == ([], [])
        loaded = run(pool, cmdlet("Import-Module", Name="ExchangeOnlineManagement"))
        assert loaded.error_ids == ["Modules_ModuleNotFound,Microsoft.PowerShell.Commands.ImportModuleCommand"]


def test_a_connection_belongs_to_one_runspace(lab: LabWorld, endpoint: Any) -> None:
    with RunspacePool(lab.wsman(endpoint), min_runspaces=1, max_runspaces=2) as pool:
        run(pool, connect(lab))
        assert run(pool, cmdlet("Get-Recipient", "erp")).errors == []
        from tests.lab.powershell.conftest import build  # noqa: PLC0415

        sleeping = build(pool, cmdlet("Start-Sleep", Milliseconds=700))
        sleeping.begin_invoke()
        assert run(pool, cmdlet("Get-Recipient", "erp")).error_ids == ["CommandNotFoundException"]
        sleeping.end_invoke()
        sleeping.close()


def test_a_wrong_password_is_refused(lab: LabWorld, endpoint: Any) -> None:
    with pytest.raises(AuthenticationError):
        RunspacePool(lab.wsman(endpoint, password="wrong")).open()


def test_the_operators_application_must_be_in_the_directory(lab: LabWorld, pool: RunspacePool) -> None:
    stranger = EnterpriseApplication(new_id(), "Stranger", None)
    assert run(pool, connect(lab, AccessToken=lab.token(application=stranger))).messages == ["UnAuthorized"]
    lab.operator.account_enabled = False
    assert run(pool, connect(lab)).messages == ["UnAuthorized"]
