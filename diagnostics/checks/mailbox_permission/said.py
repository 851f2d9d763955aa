"""Sentences about permissions, for the other direction as well: sending needs SendAs."""

from __future__ import annotations

from diagnostics.checks._said import LIKELY, POSSIBLE, Says, said
from diagnostics.findings import Stage

CHECK = said(
    Stage.MAILBOX_PERMISSION,
    (
        Says("smtp-storedrv-logon-failure", "perm-sendas-missing-smtp", LIKELY),
        Says("imap-disabled-or-not-granted", "perm-fullaccess-missing", LIKELY),
        Says("imap-disabled-or-not-granted", "mailbox-imap-disabled", POSSIBLE),
        Says("said-granted-to-wrong-object", "perm-granted-to-wrong-object", LIKELY, over=("perm-fullaccess-missing",)),
        Says("said-object-id-confusion", "perm-granted-to-wrong-object", POSSIBLE, r"mailbox permission"),
        Says("said-deny-overrides", "perm-deny-entry", POSSIBLE),
        Says("smtp-reply-in-a-tuple", "perm-sendas-missing-smtp", LIKELY, r"SendAsDenied|permissions to send as"),
        Says("smtp-send-as-denied", "perm-sendas-missing-smtp", LIKELY),
    ),
)
