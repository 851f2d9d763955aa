"""What leaves the reader: evidence without any secret of the text it was read from.

Texts are redacted. A value that should name something (a mailbox, a user, an id) and is a secret names nothing: it is
left out, so that it stands in no sentence and in no command.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from diagnostics.evidence import Evidence, MailboxEvidence, SaslString, Setting, SettingName, Target, TokenRequest
from diagnostics.evidence import ImapSession as Session
from diagnostics.redaction import looks_secret

T = TypeVar("T")
UNNAMED = "(the mailbox is not named)"
_NAMES: dict[type, set[str] | None] = {
    Target: None,
    Session: {"user", "server"},
    SaslString: {"user"},
    TokenRequest: None,
}
"""Types whose fields name things, and which of their fields do; `None`: all of them."""


def without_secrets(evidence: Evidence, redact: Callable[[str], str]) -> Evidence:
    """Return `evidence` with every text redacted by `redact`, and without names that are secrets."""
    settings = tuple(item for item in evidence.settings if redact(item.raw) == item.raw and not _is_odd(item))
    mailboxes = tuple(_mailbox(mailbox, redact) for mailbox in evidence.mailboxes)
    target = evidence.target
    named = tuple(name for name in target.mailboxes if redact(name) == name and not looks_secret(name))
    cleaned = replace(evidence, settings=settings, mailboxes=mailboxes, target=replace(target, mailboxes=named))
    result = _clean(cleaned, redact)
    assert isinstance(result, Evidence)
    return result


def _is_odd(setting: Setting) -> bool:
    return setting.name is SettingName.MAILBOX and looks_secret(setting.raw)


def _mailbox(mailbox: MailboxEvidence, redact: Callable[[str], str]) -> MailboxEvidence:
    if redact(mailbox.address) != mailbox.address or looks_secret(mailbox.address):
        return replace(mailbox, address=UNNAMED)
    return mailbox


def _clean(value: Any, redact: Callable[[str], str]) -> Any:
    match value:
        case enum.Enum():
            return value
        case str():
            return redact(value)
        case tuple():
            cleaned = tuple(_clean(item, redact) for item in value)
            return value if all(new is old for new, old in zip(cleaned, value, strict=True)) else cleaned
    if not is_dataclass(value) or isinstance(value, type):
        return value
    names = _NAMES.get(type(value), set())
    changed = {}
    for item in fields(value):
        old = getattr(value, item.name)
        new = _clean(old, redact)
        if new != old:
            changed[item.name] = "" if isinstance(old, str) and (names is None or item.name in names) else new
    return replace(value, **changed) if changed else value
