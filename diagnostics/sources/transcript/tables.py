"""Output of cmdlets as people paste it: `| fl` lists, tables, tables that a wiki flattened, Markdown tables, CSV.

Each record is a row of names and values as they stood. A value that Format-Table cut off keeps its `...`.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from diagnostics.sources.transcript.columns import cut, flattened
from diagnostics.sources.transcript.window import View

COLUMNS = {
    name.casefold(): name
    for name in [
        "DisplayName",
        "AppId",
        "ServiceId",
        "ObjectId",
        "Sid",
        "Identity",
        "User",
        "UserSid",
        "AccessRights",
        "AccessRight",
        "IsInherited",
        "Deny",
        "InheritanceType",
        "IsValid",
        "ObjectState",
        "IsOwner",
        "RealAce",
        "ImapEnabled",
        "PopEnabled",
        "SmtpClientAuthenticationDisabled",
        "ActiveSyncEnabled",
        "OWAEnabled",
        "EwsEnabled",
        "MapiEnabled",
        "ECPEnabled",
        "Name",
        "Alias",
        "RecipientType",
        "RecipientTypeDetails",
        "PrimarySmtpAddress",
        "UserPrincipalName",
        "EmailAddresses",
        "ExternalDirectoryObjectId",
        "WhenChangedUTC",
        "WhenChanged",
        "Guid",
        "ScopeName",
        "ScopeIdentity",
        "PolicyScope",
        "Description",
        "Role",
        "RoleAssignee",
        "RoleAssigneeName",
        "RoleAssigneeType",
        "AssignmentMethod",
        "EffectiveUserName",
        "CustomResourceScope",
        "RoleName",
        "GrantedPermissions",
        "AllowedResourceScope",
        "ScopeType",
        "InScope",
        "AccessCheckResult",
        "MailboxId",
        "Mailbox",
        "ConnectionId",
        "ConnectionUri",
        "State",
        "TenantID",
        "TokenStatus",
        "Organization",
        "AllowBasicAuthImap",
        "AllowBasicAuthPop",
        "AllowBasicAuthSmtp",
        "BlockModernAuthImap",
        "ServerName",
        "Database",
        "WindowsEmailAddress",
        "Trustee",
        "AccessControlType",
        "Id",
        "ServicePrincipalType",
        "AccountEnabled",
        "ObjectType",
        "TokenExpiryTimeUTC",
        "DelegatedOrganization",
        "PageSize",
    ]
}
_PAIR = re.compile(r"^\s*(?P<name>[A-Za-z]\w{1,60})\s*:(?:\s(?P<value>.*)|\s*)$")
_RULER = re.compile(r"^\s*-{2,}(?:[\s|+]+-{2,})*\s*$")
_BARS = re.compile(r"^(?:[^|\n]++\||\|[^|\n]++\|)(?:[^|\n]++\|)*+[^|\n]*+(?:\|\s*+)?$")
_COMMAND = re.compile(
    r"(?P<cmdlet>\b(?:Get|Test|Set|New|Add|Remove)-(?:EXO|AzureAD|Mg)?(?:Application|Mailbox|CASMailbox|MailboxPermission|RecipientPermission|Recipient|ServicePrincipal"
    r"|ApplicationAccessPolicy|ManagementRoleAssignment|AuthenticationPolicy|ConnectionInformation|TransportConfig|User"
    r"|ServicePrincipalAuthorization|CASMailboxPlan)\b)(?P<rest>[^|;\n]*)",
    re.IGNORECASE,
)
_IDENTITY = re.compile(
    r"(?:-(?:Identity|Mailbox|Resource)[ :]+|^\s+(?!-))(?:\"(?P<a>[^\"]+)\"|'(?P<b>[^']+)'|(?P<c>[^\s\"'|;$-][^\s\"'|;]*))",
    re.IGNORECASE,
)
_SHARE = 2
_RUN_TOGETHER = re.compile(r"(?:^|(?<=\s))(?P<name>[A-Za-z]\w{1,40})\s*:(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Row:
    """One record: values by property name as Exchange spells it, its line's index, the cmdlet and mailbox asked for."""

    values: Mapping[str, str]
    index: int
    cmdlet: str = ""
    asked: str = ""

    def get(self, *names: str) -> str:
        """Return the first of several properties that is there, or an empty string."""
        return next((self.values[name] for name in names if self.values.get(name)), "")


def read(window: View) -> Iterator[Row]:
    """Yield every record of the window, in order."""
    lines, origin = _one_property_a_line(window.lines)
    cmdlet, asked = "", ""
    index = 0
    while index < len(lines):
        line = lines[index]
        command = _COMMAND.search(line)
        if command:
            cmdlet = command["cmdlet"]
            identity = _IDENTITY.search(command["rest"])
            asked = (identity["a"] or identity["b"] or identity["c"]) if identity else ""
        pair = _PAIR.match(line)
        header = None if pair else _header(lines, index)
        if pair:
            values, after = _list(lines, index)
            if len(values) >= _SHARE or values.keys() & {
                "ImapEnabled",
                "AllowBasicAuthImap",
                "RecipientTypeDetails",
                "AccessCheckResult",
            }:
                yield Row(values, origin[index], cmdlet, asked)
            index = after
        elif header:
            rows, index = _table(lines, index, header)
            for values, at in rows:
                yield Row(values, origin[at], cmdlet, asked)
        else:
            index += 1


def _one_property_a_line(lines: Sequence[str]) -> tuple[list[str], list[int]]:
    """Put each property of a list that was run together (`Deny : False User : …`) on a line of its own again."""
    split: list[str] = []
    origin: list[int] = []
    for index, line in enumerate(lines):
        names = [match for match in _RUN_TOGETHER.finditer(line) if match["name"].casefold() in COLUMNS]
        cuts = [match.start("name") for match in names] if len(names) > 1 else []
        bounds = [0, *[cut for cut in cuts if cut], len(line)]
        for begin, end in itertools.pairwise(bounds):
            if line[begin:end].strip() or not cuts:
                split.append(line[begin:end].rstrip() if cuts else line)
                origin.append(index)
    return split, origin


def _list(lines: Sequence[str], start: int) -> tuple[dict[str, str], int]:
    values: dict[str, str] = {}
    index = start
    name = ""
    column = 0
    while index < len(lines):
        line = lines[index]
        pair = _PAIR.match(line)
        indent = len(line) - len(line.lstrip())
        if pair and not (name and column and indent >= column):
            found = COLUMNS.get(pair["name"].casefold(), pair["name"])
            if found in values:
                break
            name = found
            values[name] = (pair["value"] or "").strip()
            column = pair.start("value") if pair["value"] else 0
        elif name and line.strip() and not values[name] and index > start and not pair:
            values[name] = line.strip()
        elif name and line.strip() and column and indent >= column - 2:
            values[name] += line.strip() if values[name].endswith("-") else " " + line.strip()
        else:
            break
        index += 1
    return values, max(index, start + 1)


@dataclass(frozen=True, slots=True)
class _Header:
    names: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]  # where each column begins and its name ends, as the ruler shows it
    form: str  # blanks | bars | csv
    first_row: int


def _header(lines: Sequence[str], index: int) -> _Header | None:
    line = lines[index].rstrip()
    if not line or len(line) > 400:  # noqa: PLR2004 - wider than any table
        return None
    if line.count("|") >= _SHARE - 1 and _BARS.match(line):
        return _named([cell.strip(" *`") for cell in line.strip().strip("|").split("|")], (), "bars", lines, index)
    if line.count(",") and line.lstrip().startswith('"'):
        return _named([cell.strip(' "') for cell in line.split(",")], (), "csv", lines, index)
    following = lines[index + 1] if index + 1 < len(lines) else ""
    ruled = _RULER.match(following) is not None
    if ruled:
        spans = tuple(match.span() for match in re.finditer(r"-+", following))
        cells = cut(line, spans) if len(spans) > 1 else None
        if cells and all(cells) and all(cell.replace(" ", "").isalnum() for cell in cells):
            named = _named([cell.replace(" ", "") for cell in cells], spans, "blanks", lines, index)
            if named:
                return named
    names = line.split()
    if len(names) < _SHARE or not all(name.isalnum() for name in names):
        return None
    if not ruled and "  " not in line.strip() and "\t" not in line:
        return None  # without a ruler only a line of spread-out names is a header
    return _named(names, (), "blanks", lines, index)


def _named(
    names: list[str], spans: tuple[tuple[int, int], ...], form: str, lines: Sequence[str], index: int
) -> _Header | None:
    known = [COLUMNS.get(name.casefold()) for name in names]
    if sum(name is not None for name in known) < _SHARE or sum(name is None for name in known) > len(names) // 2:
        return None
    spelled = tuple(found or name for found, name in zip(known, names, strict=True))
    after = index + 1
    if after < len(lines) and (_RULER.match(lines[after]) or re.fullmatch(r"[\s:|+-]+", lines[after])):
        after += 1
    return _Header(spelled, spans, form, after)


def _table(lines: Sequence[str], start: int, header: _Header) -> tuple[list[tuple[dict[str, str], int]], int]:
    rows: list[tuple[dict[str, str], int]] = []
    index = header.first_row
    blanks = 0
    while index < len(lines):
        line = lines[index]
        if not line.strip():
            blanks += 1
            if rows or blanks > 1:
                break
        else:
            values = _row(line, header)
            if values is None:
                break
            if rows and header.spans and _goes_on(rows[-1][0], values):
                _join(rows[-1][0], values)
            else:
                rows.append((values, index))
        index += 1
    return rows, max(index, start + 1)


def _row(line: str, header: _Header) -> dict[str, str] | None:
    if re.match(r"\s*(?:PS [A-Z]?:?|[A-Z]:\\|\[PS\])", line) or _COMMAND.match(line.strip()):
        return None
    if header.form == "bars":
        cells = [cell.strip(" *`") for cell in line.strip().strip("|").split("|")] if "|" in line else []
        return dict(zip(header.names, cells, strict=False)) if len(cells) == len(header.names) else None
    if header.form == "csv":
        cells = next(csv.reader([line]), [])
        return dict(zip(header.names, cells, strict=False)) if len(cells) == len(header.names) else None
    ruled = cut(line, header.spans) if header.spans else None
    return dict(zip(header.names, ruled, strict=True)) if ruled else flattened(line, header.names)


def _goes_on(row: Mapping[str, str], values: Mapping[str, str]) -> bool:
    """Say whether a line holds the rest of the row above it, as `Format-Table -Wrap` writes it: some columns are empty."""
    required = {"AccessRights", "AppId", "ImapEnabled"} & row.keys()
    return bool(required) and not any(values.get(name) for name in required if row.get(name))


def _join(row: dict[str, str], values: Mapping[str, str]) -> None:
    for name, value in values.items():
        if value:
            whole = not row[name] or row[name].endswith(("-", "\\", "@", "."))
            row[name] += value if whole else f" {value}"
