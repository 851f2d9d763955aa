"""Which rights each command needs, of which identity, as data: what an administrator grants before the first run.

Sources: office-docs-powershell app-only-auth-powershell-v2.md (Exchange.ManageAsApp and a directory role) and the cmdlets'
pages; microsoft-graph-docs-contrib, least privileged permissions of the calls in `sources/graph.py`; Microsoft's page on IMAP
with OAuth (IMAP.AccessAsApp).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from diagnostics import formats

SCHEMA = "diag/needs/1"
APPLICATION, OPERATOR = "application under test", "operator"
READ, CHANGE = ("permissions", "connect", "reach"), ("grant", "apply", "revoke")


@dataclass(frozen=True, slots=True)
class Need:
    """One right. `required`: without it a required check cannot run; else the report is poorer, not wrong."""

    identity: str
    right: str
    kind: str
    where: str
    commands: tuple[str, ...]
    required: bool
    why: str


NEEDS: tuple[Need, ...] = (
    Need(
        APPLICATION,
        "IMAP.AccessAsApp",
        "application permission, admin consent",
        "Office 365 Exchange Online",
        ("permissions", "token", "imap"),
        required=True,
        why="the token's role for IMAP; whether it is there is what is checked",
    ),
    Need(
        OPERATOR,
        "Exchange.ManageAsApp",
        "application permission, admin consent",
        "Office 365 Exchange Online",
        (*READ, *CHANGE),
        required=True,
        why="Exchange PowerShell for an operator that signs in as an application; a person needs none",
    ),
    Need(
        OPERATOR,
        "Global Reader or View-Only Recipients with View-Only Configuration",
        "directory role, or Exchange role group",
        "Entra, or Exchange",
        READ,
        required=True,
        why="Get-ServicePrincipal, Get-Recipient, Get-Mailbox, Get-MailboxPermission, Get-CASMailbox",
    ),
    Need(
        OPERATOR,
        "Exchange Administrator",
        "directory role",
        "Entra",
        CHANGE,
        required=True,
        why="New- and Remove-ServicePrincipal, Add- and Remove-MailboxPermission, Set-CASMailbox",
    ),
    Need(
        OPERATOR,
        "Application.Read.All",
        "application or delegated permission",
        "Microsoft Graph",
        ("permissions",),
        required=False,
        why="names the mistaken Object ID, the secret's end, and what was asked but not consented to",
    ),
    Need(
        OPERATOR,
        "Directory.Read.All",
        "application or delegated permission",
        "Microsoft Graph",
        ("permissions",),
        required=False,
        why="delegated consents (oauth2PermissionGrants), for sign-ins of people only",
    ),
)


def of(command: str = "") -> Sequence[Need]:
    """Return what one command needs; all needs when none is named."""
    return [need for need in NEEDS if not command or command in need.commands]


def as_tree(needs: Sequence[Need]) -> Mapping[str, object]:
    """Return the needs as mappings and lists, for YAML and JSON."""
    return {"schema": SCHEMA, "needs": [{**asdict(need), "commands": list(need.commands)} for need in needs]}


def render(output: str) -> str:
    """Return all needs as `table`, `yaml` or `json`."""
    if output == "json":
        return formats.as_json(as_tree(NEEDS)) + "\n"
    if output == "yaml":
        return formats.as_yaml(as_tree(NEEDS))
    from tabulate import tabulate  # noqa: PLC0415 - one format at a time

    rows = [(n.identity, n.right, n.where, "yes" if n.required else "no", ", ".join(n.commands), n.why) for n in NEEDS]
    headers = ("Who", "Right", "Of", "Required", "Commands", "What for")
    return tabulate(rows, headers=headers, tablefmt="simple", maxcolwidths=[12, 24, 14, None, 18, 34]) + "\n"
