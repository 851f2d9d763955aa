"""Sentences about how Exchange knows the application, and about grants that are none for IMAP."""

from __future__ import annotations

from diagnostics.checks._said import LIKELY, POSSIBLE, Says, said
from diagnostics.findings import Stage

_GUESS = ("perm-fullaccess-missing",)

CHECK = said(
    Stage.EXCHANGE_SP,
    (
        Says("logon-denied", "exo-sp-not-registered", LIKELY, "OAuthLog", ("auth-rejected-no-reason",)),
        Says(
            "said-object-id-confusion", "exo-sp-wrong-object-id", LIKELY, r"^(?!.*(?:mailbox permission|full ?access))"
        ),
        Says("said-used-wrong-object-id", "exo-sp-wrong-object-id", LIKELY, "", ("auth-rejected-no-reason",)),
        Says("said-registered-registrations-id", "exo-sp-wrong-object-id", LIKELY, "", ("auth-rejected-no-reason",)),
        Says("said-tried-several-object-ids", "exo-sp-wrong-object-id", LIKELY, "", ("auth-rejected-no-reason",)),
        Says(
            "registered-with-ids-swapped", "exo-sp-appid-and-objectid-swapped", LIKELY, "", ("auth-rejected-no-reason",)
        ),
        Says("registered-with-one-id-twice", "exo-sp-wrong-object-id", LIKELY, "", ("auth-rejected-no-reason",)),
        Says("said-nothing-registered", "exo-sp-not-registered", LIKELY, "", ("auth-rejected-no-reason",)),
        Says("said-cmdlet-unavailable", "exo-cmdlet-not-found", LIKELY),
        Says("said-overview-object-id", "exo-sp-wrong-object-id", POSSIBLE),
        Says("said-recreated-application", "exo-sp-stale-after-recreation", LIKELY),
        Says("rbac-application-role", "exo-rbac-for-apps-does-not-cover-imap", LIKELY, over=_GUESS),
        Says("said-rbac-not-in-claims", "exo-rbac-for-apps-does-not-cover-imap", POSSIBLE),
        Says("application-access-policy-test", "exo-application-access-policy-scope", LIKELY, over=_GUESS),
        Says("application-access-policy-created", "exo-application-access-policy-scope", LIKELY, over=_GUESS),
        Says("said-access-policy-restricts", "exo-application-access-policy-scope", POSSIBLE),
    ),
)
