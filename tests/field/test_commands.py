"""The command that registered the application shows which id went where; a right one and a guide's show nothing."""

from __future__ import annotations

import pytest

from diagnostics.sources.transcript import read

APP, OBJECT, OTHER = "$AppID", "$EnterpriseAppObjectID", "$ExchangeServiceObjectID"
SHOWN = {
    f"New-ServicePrincipal -AppId {APP} -ServiceId $AppObjectId -Organization $TenantID": "said-registered-registrations-id",
    f"New-ServicePrincipal -AppId {APP} -ObjectId $RegistrationObjectId": "said-registered-registrations-id",
    f"#New-ServicePrincipal -AppId {APP} -ServiceId {OTHER}\nNew-ServicePrincipal -AppId {APP} -ServiceId {OBJECT}": (
        "said-tried-several-object-ids"
    ),
    "New-ServicePrincipal -AppId $sp.Id -ObjectId $sp.AppId": "registered-with-ids-swapped",
    "New-ServicePrincipal -AppId $ObjectId -ObjectId $ClientId": "registered-with-ids-swapped",
}
NEARLY = [
    f"New-ServicePrincipal -AppId {APP} -ServiceId {OBJECT}",
    "New-ServicePrincipal -AppId $sp.AppId -ObjectId $sp.Id -DisplayName Mail",
    "New-ServicePrincipal -AppId <APPLICATION_ID> -ObjectId <OBJECT_ID> [-Organization <ORGANIZATION_ID>]",
    "New-MgServicePrincipal -AppId $AppID",
    "New-ServicePrincipal -AppId $first -ObjectId $a\nNew-ServicePrincipal -AppId $second -ObjectId $b",
    f"New-ServicePrincipal -AppId {APP} -ObjectId {OBJECT}\nNew-ServicePrincipal -AppId {APP} -ObjectId {OBJECT}",
]


def kinds(text: str) -> set[str]:
    found = {remark.kind for remark in read([text.encode()], name="t").remarks}
    return found & {*SHOWN.values()}


@pytest.mark.parametrize("text", SHOWN)
def test_a_mistaken_command_is_read(text: str) -> None:
    assert kinds(text) == {SHOWN[text]}


@pytest.mark.parametrize("text", NEARLY)
def test_a_right_command_shows_nothing(text: str) -> None:
    assert kinds(text) == set()
