"""Sentences about permissions, for the other direction as well: sending needs SendAs."""

from __future__ import annotations

from diagnostics.checks._said import LIKELY, Says, said
from diagnostics.findings import Stage

CHECK = said(
    Stage.MAILBOX_PERMISSION,
    (
        Says("smtp-storedrv-logon-failure", "perm-sendas-missing-smtp", LIKELY),
        Says("smtp-send-as-denied", "perm-sendas-missing-smtp", LIKELY),
    ),
)
