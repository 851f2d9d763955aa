"""Sentences about the mailbox itself."""

from __future__ import annotations

from diagnostics.checks._said import LIKELY, POSSIBLE, Says, said
from diagnostics.findings import Stage

_BACKSLASH = r"User:\s*[^\s\\]+\\[^\s\\]+\\\S+"  # domain\user\mailbox

_GUESS = ("perm-fullaccess-missing",)

CHECK = said(
    Stage.MAILBOX,
    (
        Says("mailbox-not-enabled-for-rest", "mailbox-on-premises-hybrid", LIKELY),
        Says("mailbox-not-enabled-for-rest", "mailbox-licence-or-deleted", POSSIBLE),
        Says("mailbox-soft-deleted", "mailbox-licence-or-deleted", LIKELY),
        Says("said-without-licence", "mailbox-licence-or-deleted", LIKELY, over=_GUESS),
        Says("no-ad-recipient", "mailbox-no-recipient-for-user", LIKELY, "", ("auth-rejected-no-reason",)),
        Says("auth-result-from-pop-imap", "mailbox-no-recipient-for-user", LIKELY, "=8"),
        Says("logon-denied", "mailbox-shared-backslash-login", LIKELY, _BACKSLASH, ("auth-rejected-no-reason",)),
        Says("said-no-ad-recipient", "mailbox-no-recipient-for-user", LIKELY, "", ("auth-rejected-no-reason",)),
        Says("said-backslash-login", "mailbox-shared-backslash-login", LIKELY, "", ("auth-rejected-no-reason",)),
        Says("said-upn-differs", "mailbox-upn-differs-from-smtp", LIKELY, over=_GUESS),
        Says("mailbox-plan-withdrawn", "mailbox-licence-or-deleted", LIKELY, over=_GUESS),
        Says("said-group", "mailbox-group-or-public-folder", LIKELY, "", ("auth-rejected-no-reason",), over=_GUESS),
        Says("said-mx-elsewhere", "mailbox-not-in-exchange-online", POSSIBLE),
        Says("said-protocol-follows-user", "mailbox-protocol-follows-user-for-delegated", LIKELY, over=_GUESS),
        Says("said-alias-as-user-name", "mailbox-alias-used-as-username", LIKELY, over=_GUESS),
    ),
)
