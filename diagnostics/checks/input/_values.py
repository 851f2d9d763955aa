"""What a value that somebody typed looks like: placeholder, redaction, broken GUID, URL, stray characters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from diagnostics.checks._ids import GUID, is_guid
from diagnostics.slips import copied_along, trimmed

_PLACEHOLDER = re.compile(
    r"\{[^{}\n]*\}"  # {{tenantid}}, {tenant}
    r"|<[^<>]*>"
    r"|\[[A-Za-z_ -]+\]"
    r"|(?i:(?<![A-Za-z])(?:your[-_ ]|enter[-_ ]|change[-_ ]?me(?![A-Za-z])|replace[-_ ]|insert[-_ ]))"
    r"|\$(?:\{|env:|\()?[A-Za-z_]+"
    r"|%[A-Z_]{3,}%"
    r"|(?i:^(?:tenant|client|app(?:lication)?)[-_ ]?id$)"
)
_HIDDEN_NAME = re.compile(r"<(?!.*(?i:your|enter|insert|replace|change|paste|here))[\w .-]{1,24}>")
_REDACTION = re.compile(r"[xX]{3,}|\*{2,}|\.{3,}|…|(?i:redact|removed|hidden|anonymi|masked)")
_BROKEN_GUID = re.compile(r"[0-9a-fA-F]{4,}(?:-[0-9a-fA-F]{2,}){2,}-?")
_URL_WORDS = {"token", "authorize", "v2.0", "v1.0", "oauth2", "common/oauth2", "adminconsent"}
_DOMAIN = re.compile(r"(?=.{4,253}$)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")


def is_placeholder(value: str) -> bool:
    """Say whether a template's variable was never replaced."""
    bare = value.strip().strip("'\"")
    return bool(_PLACEHOLDER.search(bare)) and not is_guid(bare)


def is_redaction(value: str) -> bool:
    """Say whether whoever pasted it hid the value on purpose (`xxxx`, `***`, `<redacted>`)."""
    return bool(_REDACTION.search(value)) and not is_guid(value)


def may_be_hidden(value: str) -> bool:
    """Say whether a value stands in angle brackets, as templates have it and as people write instead of the real one."""
    return _HIDDEN_NAME.fullmatch(value.strip()) is not None


def is_broken(value: str) -> bool:
    """Say whether a value is a GUID with digits missing or too many."""
    return not is_guid(value) and _BROKEN_GUID.fullmatch(value.strip()) is not None


def is_domain(value: str) -> bool:
    """Say whether a value looks like a DNS name."""
    return _DOMAIN.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class TenantFault:
    """Why a value cannot be a tenant: the cause and the sentence that says it."""

    cause: str
    why: str


def tenant_fault(value: str) -> TenantFault | None:
    """Say why `value` is neither a tenant id nor a domain; `None` when it could be one."""
    bare = value.strip().strip("'\"")
    if is_guid(value) or is_domain(value):
        return None
    if is_placeholder(value):
        return TenantFault("input-placeholder-left-in-config", "a placeholder was never replaced")
    if "/" in bare or bare.lower().startswith("http") or bare.lower() in _URL_WORDS:
        return TenantFault("input-tenant-field-got-url", "it is a URL or a part of one")
    if is_guid(trimmed(value)) or is_domain(trimmed(value)):
        return TenantFault("input-blank-copied-along", f"{copied_along(value)} stands around it")
    if is_guid(bare) or is_domain(bare):
        return TenantFault("input-stray-character-in-client-id", "quotes stand around it")
    if _BROKEN_GUID.fullmatch(bare):
        return TenantFault("input-tenant-guid-truncated", guid_fault(bare))
    return None


def guid_fault(value: str) -> str:
    """Say in what way a value that should be a GUID is none."""
    if _BROKEN_GUID.fullmatch(value.strip()):
        digits = sum(character != "-" for character in value.strip())
        return f"it has {digits} hexadecimal digits, a GUID has 32 (8-4-4-4-12)"
    if GUID.search(value):
        return "there is more in it than a GUID"
    return "it is no GUID (8-4-4-4-12 hexadecimal digits)"
