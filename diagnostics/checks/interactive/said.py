"""Sentences about sign-ins of people."""

from __future__ import annotations

from diagnostics.checks._said import LIKELY, Says, said
from diagnostics.findings import Stage

CHECK = said(
    Stage.INTERACTIVE,
    (
        Says(
            "said-wrong-account-signed-in",
            "interactive-wrong-account-selected",
            LIKELY,
            over=("perm-fullaccess-missing",),
        ),
        Says(
            "said-token-of-another-account",
            "interactive-wrong-account-selected",
            LIKELY,
            "",
            ("auth-rejected-no-reason",),
            over=("perm-fullaccess-missing",),
        ),
        Says("said-asks-again-after-an-hour", "interactive-no-offline-access", LIKELY),
        Says("said-no-refresh-token", "interactive-no-offline-access", LIKELY),
        Says("service-abuse-mode", "interactive-refresh-token-expired", LIKELY),
    ),
)
