"""Microsoft's own applications in a tenant: Office 365 Exchange Online and Microsoft Graph, with their permissions.

Ids of Exchange's permissions: community permission tables and scripts, cross-checked with each other; those of Graph:
its permissions reference. Note that Graph and Exchange publish delegated permissions of the same names and other ids.
"""

from __future__ import annotations

from diagnostics.lab.state import EXCHANGE_ONLINE_APP_ID, MICROSOFT_GRAPH_APP_ID, EnterpriseApplication

MICROSOFT_TENANT_ID = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"

EXCHANGE_ROLES = {
    "IMAP.AccessAsApp": "5e5addcd-3e8d-4e90-baf5-964efab2b20a",
    "POP.AccessAsApp": "cb842b43-da6e-4506-86fe-bb12199c656d",
    "SMTP.SendAsApp": "7146a1f0-8703-45b3-9eae-527a64c00995",
    "full_access_as_app": "dc890d15-9560-4a4c-9b7f-a736ec74ec40",
    "Exchange.ManageAsApp": "dc50a0fb-09a3-484d-be87-e023b12c6440",
    "Mail.Read": "810c84a8-4a9e-49e6-bf7d-12d183f40d01",
}
EXCHANGE_SCOPES = {
    "IMAP.AccessAsUser.All": "195adc35-e27b-454b-a7ed-1ecdffa1c09f",
    "POP.AccessAsUser.All": "fb698133-92fa-453e-a9ed-688e10f2e5ac",
    "SMTP.Send": "76faac2a-0f20-42f1-928a-50de5b9dbe52",
    "EWS.AccessAsUser.All": "3b5f3d61-589b-4a3c-a359-5dd4b5ee5bd5",
}
GRAPH_ROLES = {
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
    "Mail.Read": "810c84a8-4a9e-49e6-bf7d-12d183f40d01",
}
GRAPH_SCOPES = {
    "IMAP.AccessAsUser.All": "652390e4-393a-48de-9484-05f9b1212954",
    "SMTP.Send": "258f6531-6087-4cc4-bb90-092c5fb3ed3f",
    "User.Read": "e1fe6dd8-ba31-4d61-89e7-88639da4683d",
}


def _roles(roles: dict[str, str]) -> list[dict[str, object]]:
    return [
        {
            "id": role_id,
            "value": value,
            "displayName": value,
            "description": value,
            "isEnabled": True,
            "allowedMemberTypes": ["Application"],
            "origin": "Application",
        }
        for value, role_id in roles.items()
    ]


def _scopes(scopes: dict[str, str]) -> list[dict[str, object]]:
    return [
        {
            "id": scope_id,
            "value": value,
            "adminConsentDisplayName": value,
            "adminConsentDescription": value,
            "userConsentDisplayName": value,
            "userConsentDescription": value,
            "isEnabled": True,
            "type": "User",
        }
        for value, scope_id in scopes.items()
    ]


def exchange_online() -> EnterpriseApplication:
    """Return a tenant's service principal of Office 365 Exchange Online."""
    return EnterpriseApplication(
        EXCHANGE_ONLINE_APP_ID,
        "Office 365 Exchange Online",
        MICROSOFT_TENANT_ID,
        app_roles=_roles(EXCHANGE_ROLES),
        oauth2_permission_scopes=_scopes(EXCHANGE_SCOPES),
    )


def microsoft_graph() -> EnterpriseApplication:
    """Return a tenant's service principal of Microsoft Graph."""
    return EnterpriseApplication(
        MICROSOFT_GRAPH_APP_ID,
        "Microsoft Graph",
        MICROSOFT_TENANT_ID,
        app_roles=_roles(GRAPH_ROLES),
        oauth2_permission_scopes=_scopes(GRAPH_SCOPES),
    )


def required(resource_app_id: str, kind: str, *permission_ids: str) -> dict[str, object]:
    """Return one entry of `requiredResourceAccess`; `kind` is Role or Scope."""
    access = [{"id": permission_id, "type": kind} for permission_id in permission_ids]
    return {"resourceAppId": resource_app_id, "resourceAccess": access}
