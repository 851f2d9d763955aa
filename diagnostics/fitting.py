"""Which values may stand in the commands of a page: each has the form of what it stands for, and is whole.

What somebody typed or pasted may be masked, cut off, two things in one, or another thing's. Then it is left out, which
the page says, and no command is printed that goes elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from diagnostics.ids import is_cut_off, is_guid, is_same

_ADDRESS = re.compile(r"[^\s@:;,\\/<>()\[\]\"*…]+@(?:[\w-]+\.)+[\w-]{2,}")
_DOMAIN = re.compile(r"(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}")
_PORT = re.compile(r"\d{1,5}")
_GUIDS = frozenset({"application_id", "enterprise_app_object_id", "app_registration_object_id"})
_ADDRESSES = frozenset({"mailbox", "user", "shared_mailbox"})
_FORMS: Mapping[str, re.Pattern[str]] = {
    "organization": _DOMAIN,
    "imap_port": _PORT,
    "login": re.compile(r"https?://\S+"),
    "graph": re.compile(r"https?://\S+"),
}
# Names that documentation uses for companies that do not exist (Microsoft's fictitious names; RFC 2606 section 3).
_OF_MANUALS = re.compile(
    r"(?:^|[.@])(?:(?:contoso|fabrikam|adatum|northwindtraders|tailspintoys|wingtiptoys|litwareinc|treyresearch|woodgrovebank"
    r"|proseware|fourthcoffee|(?:your|my)-?(?:domain|company|tenant|org\w*)|example)\.[a-z]{2,}(?:\.[a-z]{2})?"
    r"|contoso\.onmicrosoft\.com|[\w-]+\.(?:example|invalid|test))$",
    re.IGNORECASE,
)


def fits(name: str, value: str) -> bool:
    """Say whether a value has the form of what the placeholder `name` stands for."""
    if not value.strip() or is_cut_off(value):
        return False
    if name in _GUIDS:
        return is_guid(value)
    if name in _ADDRESSES:
        return _ADDRESS.fullmatch(value) is not None
    if name == "tenant_id":
        return is_guid(value) or _DOMAIN.fullmatch(value) is not None
    return name not in _FORMS or _FORMS[name].fullmatch(value) is not None


def fitting(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values that fit; one id that stands for the tenant and for the application is neither's."""
    found = {name: value for name, value in values.items() if fits(name, value)}
    if is_same(found.get("tenant_id", ""), found.get("application_id", "")):
        del found["tenant_id"], found["application_id"]
    return found


def mailbox_to_fill(meant: Iterable[str], all_of_them: Iterable[str]) -> str:
    """Return the address to fill in: one that is meant, else any of the run's; "" where there is none that is whole.

    One of a manual's fictitious companies is taken only where there is no other; of those, one in the domain of an address
    that somebody masked.
    """
    others = tuple(all_of_them)
    whole = [address for address in (*meant, *others) if fits("mailbox", address)]
    masked = {_domain(address) for address in others if not fits("mailbox", address)}
    real = [address for address in whole if not is_of_manual(address)]
    of_masked = [address for address in whole if _domain(address) in masked]
    return next(iter(real or of_masked or whole), "")


def _domain(address: str) -> str:
    return address.rpartition("@")[2].casefold()


def is_of_manual(address: str) -> bool:
    """Say whether an address or a domain is of a company that only documentation knows."""
    return _OF_MANUALS.search(address) is not None
