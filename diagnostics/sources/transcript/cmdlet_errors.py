"""Errors that cmdlets of Exchange Online wrote, in the wording that module, REST and terminals give them."""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.evidence import CmdletError
from diagnostics.sources.transcript import prose
from diagnostics.sources.transcript.window import View

# (what it is, how it reads, where it was read)
ERRORS: tuple[tuple[str, str, str], ...] = (
    ("command-not-found", r"The term ['\"‘’“”]?(?P<cmdlet>[A-Z][a-z]+-\w+)['\"‘’“”]? is not recognized as (?:a|the) name of a cmdlet", "PowerShell 5.1 and 7"),
    ("command-not-found", r"(?P<cmdlet>(?:New|Get|Remove|Set)-ServicePrincipal|(?:Add|Get|Remove)-MailboxPermission|(?:Get|Set)-CASMailbox|Connect-ExchangeOnline)['\"]? ?(?:cmdlet |command )?(?:is |was )?(?:not found|not available|unavailable|isn't available|not recognized)", "MailKit issue 1126"),
    ("command-not-found", r"(?P<cmdlet>[A-Z][a-z]+-\w+)\b[^\n]{0,40}CommandNotFoundException|(?:Benennung|término|terme) ['\"„»«“]?(?P<localised>[A-Z][a-z]+-\w+)", "PowerShell in other languages"),
    ("no-role", r"cmdlet (?P<cmdlet>[A-Z][a-z]+-\w+)? ?is not present in the role definition of the current user", "office-docs-powershell"),
    ("not-supported-for-application", r"The role assigned to application \S+ isn't supported in this scenario", "app-only sign-in without a directory role"),
    ("not-found", r"(?:The operation couldn't be performed because )?object ['\"](?P<object>[^'\"]+)['\"] couldn't be found on", "Ex6F9304 ManagementObjectNotFoundException"),
    ("principal-not-found", r"Couldn't find object ['\"](?P<object>[^'\"]+)['\"]\. Please make sure", "Ex94914C"),
    ("too-many-entries", r"has reached the limit of maximum allowed access control entries of 500", "Add-MailboxPermission"),
    ("entry-absent", r"Can't remove the access control entry on the object", "Remove-MailboxPermission"),
    ("unauthorized", r"(?:UnAuthorized|Unauthorized)\s*(?:$|\n)|\bAccess is denied to the requested resource|The user .{0,80} isn't assigned to any management roles", "Connect-ExchangeOnline"),
)  # fmt: skip
_COMPILED = tuple((kind, re.compile(pattern)) for kind, pattern, _ in ERRORS)
_WORDS = ("is not recognized", "not found", "not available", "unavailable", "isn't available", "commandnotfound", "benennung", "término", "terme",
          "role definition", "isn't supported in this scenario", "couldn't be found on", "couldn't find object", "access control entr",
          "unauthorized", "isn't assigned to any", "access is denied to the requested")  # fmt: skip
_ERROR_ID = re.compile(r"FullyQualifiedErrorId\s*:\s*(?P<id>[^\n]+)")
_CATEGORY = re.compile(r"CategoryInfo\s*:\s*(?P<category>\w+)")
_CMDLET = re.compile(r"\b(?P<cmdlet>(?:Get|Set|New|Add|Remove|Test|Connect)-[A-Z]\w+)\b")
_RECORD = 700


def read(window: View) -> Iterator[CmdletError]:
    """Yield each error once; `category` holds the record's own category, or what kind of error it is read as."""
    if not any(word in window.lower for word in _WORDS):
        return
    flow = window.joined
    flat = flow.text.replace("\n", " ")
    seen: set[tuple[str, str]] = set()
    for kind, pattern in _COMPILED:
        for match in pattern.finditer(flat if kind != "unauthorized" else flow.text):
            index = flow.index_at(match.start())
            if (
                prose.explains(window.lines, index)
                or prose.is_program(window.lines[index])
                or prose.is_comment(window.lines[index])
            ):
                continue
            around = flow.text[match.start() : match.end() + _RECORD]
            error_id, category = _ERROR_ID.search(around), _CATEGORY.search(around)
            groups = match.groupdict()
            named = groups.get("cmdlet") or groups.get("localised") or _named(flow.text, match.start(), around)
            if (kind == "unauthorized" and not named) or (
                kind,
                named if kind == "command-not-found" else match[0],
            ) in seen:
                continue
            seen.add((kind, named if kind == "command-not-found" else match[0]))
            yield CmdletError(
                cmdlet=named,
                message=" ".join(flow.quote(*match.span()).split())[:400],
                provenance=window.where(flow.numbers[index]),
                error_id=error_id["id"].strip() if error_id else "",
                category=category["category"] if category else kind,
            )


def _named(text: str, start: int, around: str) -> str:
    found = list(_CMDLET.finditer(text[max(start - 300, 0) : start]))
    behind = _CMDLET.search(around)
    return found[-1]["cmdlet"] if found else behind["cmdlet"] if behind else ""
