"""Sentences about waiting; they are remembered, and never taken for proof."""

from __future__ import annotations

from diagnostics.checks._said import LIKELY, POSSIBLE, Says, said
from diagnostics.findings import Stage

CHECK = said(
    Stage.PROPAGATION,
    (
        Says("said-rbac-cache", "propagation-rbac-cache", POSSIBLE),
        Says("said-replication-delay", "propagation-token-older-than-consent", POSSIBLE),
        Says(
            "said-cached-token",
            "propagation-token-older-than-consent",
            LIKELY,
            r"\brole|consent|permission",
            ("auth-rejected-no-reason",),
        ),
        Says(
            "said-waited-for-propagation",
            "propagation-mistaken-for-missing-permission",
            LIKELY,
            over=("perm-fullaccess-missing",),
        ),
        Says("said-just-changed", "propagation-change-still-spreading", POSSIBLE),
    ),
)
