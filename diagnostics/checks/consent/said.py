"""Sentences about consent."""

from __future__ import annotations

from diagnostics.checks._said import LIKELY, POSSIBLE, Says, said
from diagnostics.findings import Stage

CHECK = said(
    Stage.CONSENT,
    (
        Says("portal-not-granted", "consent-admin-consent-missing", LIKELY, r"tenant=(?!client credential)"),
        Says(
            "adminconsent-scope",
            "consent-multitenant-adminconsent-scope",
            LIKELY,
            r"scope=https?(?::|%3a)(?://|%2f%2f)graph",
        ),
        Says("adminconsent-scope", "consent-multitenant-adminconsent-scope", POSSIBLE),
        Says("said-approval-required", "consent-admin-approval-prompt", LIKELY),
    ),
)
