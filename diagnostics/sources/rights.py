"""Which rights the operator's token lacks, as far as a token can show that.

App-only Exchange PowerShell needs two things: the app role Exchange.ManageAsApp, which the token shows, and a directory
role or an Exchange role group, which it need not show (`wids` in app-only tokens is not recorded). So the first can be
proven missing, the second only suspected.
"""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.evidence import TokenClaims

MANAGE_AS_APP = "Exchange.ManageAsApp"

EXCHANGE_ROLES = {
    "62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
    "29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator",
    "31392ffb-586c-42d1-9346-e59415a2cc4e": "Exchange Recipient Administrator",
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451": "Global Reader",
}
"""Directory roles (template ids, entra-docs permissions-reference.md) with which the Exchange cmdlets can be read."""

_READ_APPLICATIONS = {
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
}


@dataclass(frozen=True, slots=True)
class MissingRight:
    """A right that the operator seems to lack. `proven`: the token shows that it is missing."""

    right: str
    proven: bool
    why: str
    fix: str


def missing_rights(
    claims: TokenClaims, directory_roles: tuple[str, ...], *, for_exchange: bool
) -> tuple[MissingRight, ...]:
    """Return what the operator's token lacks for Exchange PowerShell or for Graph; nothing for opaque tokens."""
    if claims.opaque or not claims.complete:
        return ()
    return tuple(_for_exchange(claims, directory_roles) if for_exchange else _for_graph(claims))


def _for_exchange(claims: TokenClaims, directory_roles: tuple[str, ...]) -> list[MissingRight]:
    missing: list[MissingRight] = []
    if claims.is_app_only and MANAGE_AS_APP not in (claims.roles or ()):
        missing.append(
            MissingRight(
                MANAGE_AS_APP,
                proven=True,
                why=f"the operator's token holds {_listed(claims.roles)}",
                fix="Add the application permission Exchange.ManageAsApp of Office 365 Exchange Online to the "
                "operator's app registration, and grant admin consent.",
            )
        )
    if directory_roles and not EXCHANGE_ROLES.keys() & {role.lower() for role in directory_roles}:
        missing.append(
            MissingRight(
                "Exchange Administrator",
                proven=False,
                why="the directory roles in the operator's token are no Exchange roles",
                fix="Assign the directory role Exchange Administrator to the operator, or put it into an Exchange role "
                "group.",
            )
        )
    return missing


def _for_graph(claims: TokenClaims) -> list[MissingRight]:
    held = (claims.roles if claims.is_app_only else claims.scopes) or ()
    if _READ_APPLICATIONS & set(held):
        return []
    kind = "application" if claims.is_app_only else "delegated"
    return [
        MissingRight(
            "Application.Read.All",
            proven=True,
            why=f"the operator's token holds {_listed(held)}",
            fix=f"Grant the {kind} permission Application.Read.All of Microsoft Graph to the operator.",
        )
    ]


def _listed(names: tuple[str, ...] | None) -> str:
    return "the roles " + ", ".join(names) if names else "no roles"
