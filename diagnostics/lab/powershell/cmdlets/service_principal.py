"""Get-, New-, Set- and Remove-ServicePrincipal: Exchange's own list of applications.

Sources: office-docs-powershell, Get-, New-, Set- and Remove-ServicePrincipal.md; michev.info 4027.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from diagnostics.lab.powershell.cmdlets.common import IDENTITY, exchange_cmdlet, row
from diagnostics.lab.powershell.cmdlets.exchange_errors import (
    APP_ID_REGISTERED,
    NO_SUCH_SERVICE_PRINCIPAL,
    CmdletRefused,
)
from diagnostics.lab.powershell.declaration import Call, Parameter
from diagnostics.lab.powershell.errors import binding_error
from diagnostics.lab.powershell.objects import Row
from diagnostics.lab.state import ExchangeServicePrincipal, Tenant, utc_now


def as_row(principal: ExchangeServicePrincipal, call: Call) -> Row:
    """Return the object that the cmdlets show; on a host that is older, ObjectId has its old name, ServiceId."""
    return row(
        "ServicePrincipal",
        {
            "DisplayName": principal.display_name,
            call.runspace.host.object_id_property: principal.object_id,
            "AppId": principal.app_id,
            "Sid": principal.sid,
            "Identity": principal.identity,
            "Id": principal.identity,
            "Name": principal.object_id,
            "Guid": uuid.UUID(principal.guid),
            "IsValid": True,
            "WhenChangedUTC": principal.when_changed,
            "ObjectState": "Unchanged",
        },
    )


def matching(tenant: Tenant, identity: str) -> list[ExchangeServicePrincipal]:
    """Return the service principals that `identity` (name, GUID, AppId, ObjectId or SID) names."""
    wanted = identity.casefold()
    return [
        principal
        for principal in tenant.exchange_service_principals
        if wanted
        and wanted
        in {
            value.casefold()
            for value in (
                principal.app_id,
                principal.object_id,
                principal.guid,
                principal.sid,
                principal.display_name,
            )
        }
    ]


def _get(call: Call, tenant: Tenant) -> Iterator[Any]:
    # "If you don't use this parameter, or the value is null or non-existent, all objects are returned" (the doc page).
    found = matching(tenant, call.text("Identity"))
    for principal in found or list(tenant.exchange_service_principals):
        yield as_row(principal, call)


def _new(call: Call, tenant: Tenant) -> Iterator[Any]:
    app_id = call.text("AppId")
    object_id = call.text("ObjectId") or call.text("ServiceId")
    if not object_id:
        # The page lists both as required; either will do, ServiceId being the old name.
        raise binding_error(
            call.cmdlet.name,
            call.cmdlet.error_suffix,
            "MissingMandatoryParameter",
            "Cannot process command because of one or more missing mandatory parameters: ObjectId.",
        )
    if any(principal.app_id.casefold() == app_id.casefold() for principal in tenant.exchange_service_principals):
        raise CmdletRefused(APP_ID_REGISTERED, app_id=app_id)
    if not call.should_process(app_id, "New-ServicePrincipal"):
        return
    # Neither id is looked up in the directory (michev.info 4027).
    principal = ExchangeServicePrincipal(
        app_id=app_id, object_id=object_id, display_name=call.text("DisplayName"), when_changed=utc_now()
    )
    tenant.exchange_service_principals.append(principal)
    yield as_row(principal, call)


def _only(tenant: Tenant, identity: str) -> ExchangeServicePrincipal:
    found = matching(tenant, identity)
    if not found:
        raise CmdletRefused(NO_SUCH_SERVICE_PRINCIPAL, identity=identity)
    return found[0]


def _set(call: Call, tenant: Tenant) -> Iterator[Any]:
    principal = _only(tenant, call.text("Identity"))
    if call.should_process(principal.identity, "Set-ServicePrincipal") and call.has("DisplayName"):
        principal.display_name = call.text("DisplayName")
        principal.when_changed = utc_now()
    yield from ()


def _remove(call: Call, tenant: Tenant) -> Iterator[Any]:
    principal = _only(tenant, call.text("Identity"))
    if call.should_process(principal.identity, "Remove-ServicePrincipal", confirms=True):
        tenant.exchange_service_principals.remove(principal)
    yield from ()


CMDLETS = (
    exchange_cmdlet(
        "Get-ServicePrincipal",
        _get,
        (Parameter("Identity", position=0, pipeline="both"),),
        unsimulated=("Organization",),
    ),
    exchange_cmdlet(
        "New-ServicePrincipal",
        _new,
        (
            Parameter("AppId", mandatory=True),
            Parameter("ObjectId"),
            Parameter("ServiceId"),
            Parameter("DisplayName"),
        ),
        unsimulated=("Organization",),
        writes=True,
    ),
    exchange_cmdlet(
        "Set-ServicePrincipal",
        _set,
        (Parameter("Identity", mandatory=True), Parameter("DisplayName")),  # named, unlike the others' (the doc page)
        unsimulated=("OverrideEnforceExoAppRbacPermissions",),
        writes=True,
    ),
    exchange_cmdlet("Remove-ServicePrincipal", _remove, (IDENTITY,), writes=True),
)
