"""Sentences about what a token may do."""

from __future__ import annotations

from diagnostics.checks._said import LIKELY, POSSIBLE, Says, said
from diagnostics.findings import Stage

CHECK = said(
    Stage.CLAIMS,
    (
        Says("pop-auth-refused", "claims-role-pop-or-smtp-only", LIKELY),
        Says("pop-auth-refused", "auth-rejected-no-reason", POSSIBLE),
        Says("pop-logon-failure", "claims-role-pop-or-smtp-only", POSSIBLE),
        Says("portal-permissions-of-graph", "claims-delegated-instead-of-application", LIKELY),
        Says(
            "said-token-without-roles", "claims-roles-missing", LIKELY, r"^(?!.*\bcached)", ("auth-rejected-no-reason",)
        ),
        Says("said-short-mail-scopes", "claims-aud-graph-delegated-short-scope", LIKELY),
        Says("token-lifetime-over", "claims-token-expired", LIKELY, "", ("auth-rejected-no-reason",)),
        Says("token-without-permissions", "claims-roles-missing", LIKELY, "", ("auth-rejected-no-reason",)),
        Says("token-audience-refused", "claims-aud-not-exchange", LIKELY, "", ("auth-rejected-no-reason",)),
        Says("token-audience-refused", "claims-aud-graph", POSSIBLE),
        Says("said-permissions-only-on-graph", "claims-permission-on-graph-not-exchange", LIKELY),
        Says("said-error-in-api-permissions", "claims-permission-on-graph-not-exchange", POSSIBLE),
        Says("guest-account", "claims-wrong-tenant-in-token", LIKELY),
        Says("said-guest-account", "claims-wrong-tenant-in-token", LIKELY),
        Says("said-works-in-script", "token-works-in-script-fails-in-app", LIKELY, "", ("auth-rejected-no-reason",)),
        Says("imapsync-oauthdirect", "token-works-in-script-fails-in-app", POSSIBLE),
        Says("imapsync-oauthaccesstoken", "token-works-in-script-fails-in-app", POSSIBLE),
        Says("said-used-expired-token", "claims-token-expired", LIKELY, "", ("auth-rejected-no-reason",)),
    ),
)
