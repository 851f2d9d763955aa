"""Sentences from after the sign-in: connections, folders, single messages."""

from __future__ import annotations

from diagnostics.checks._said import LIKELY, Says, said
from diagnostics.findings import Stage

_GUESS = ("perm-fullaccess-missing",)

CHECK = said(
    Stage.IMAP_SELECT,
    (
        Says("too-many-connections", "net-too-many-connections", LIKELY, over=_GUESS),
        Says("retrieval-failed", "select-fetch-defender-dynamic-delivery", LIKELY),
        Says("folder-name-reserved", "select-folder-name-localised", LIKELY),
        Says("folder-not-selected", "select-folder-name-localised", LIKELY),
        Says("said-now-and-then", "net-too-many-connections", LIKELY, over=_GUESS),
        Says("said-many-at-once", "net-too-many-connections", LIKELY, over=_GUESS),
        Says("said-outlook-com-address", "mailbox-personal-account", LIKELY, "", ("auth-rejected-no-reason",), _GUESS),
        Says("said-personal-mailbox", "mailbox-personal-account", LIKELY, over=_GUESS),
        Says("said-personal-accounts", "mailbox-personal-account", LIKELY, over=_GUESS),
    ),
)
