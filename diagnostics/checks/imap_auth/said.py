"""Answers of Exchange's other mail protocols, and settings that are taken for the cause."""

from __future__ import annotations

from diagnostics.checks._said import CERTAIN, LIKELY, POSSIBLE, Says, said
from diagnostics.findings import Stage

CHECK = said(
    Stage.IMAP_AUTH,
    (
        Says("sasl-json-challenge", "auth-not-exchange-server", CERTAIN, "", ("auth-rejected-no-reason",)),
        Says("basic-auth-blocked", "auth-basic-auth-used", CERTAIN),
        Says("smtp-535-5.7.3", "smtp-auth-unsuccessful", CERTAIN),
        Says("smtp-5.7.139-tenant-disabled", "smtp-auth-disabled", CERTAIN),
        Says("smtp-5.7.139-basic-auth-disabled", "smtp-auth-disabled", CERTAIN),
        Says("smtp-5.7.139-credentials", "smtp-auth-disabled", LIKELY),
        Says("smtp-5.7.139-security-policy", "smtp-auth-disabled", LIKELY),
        Says("smtp-5.7.139", "smtp-auth-disabled", LIKELY),
        Says("smtp-530-5.7.57", "smtp-auth-disabled", LIKELY),
        Says("smtp-501-5.5.124", "smtp-invalid-xoauth2-data", CERTAIN),
        Says("pop-auth-one-line", "auth-pop-two-lines", LIKELY, over=("claims-role-pop-or-smtp-only",)),
        Says("pop-auth-refused", "auth-pop-two-lines", POSSIBLE),
        Says("imap-plain-retried", "auth-basic-auth-used", LIKELY, "", ("auth-rejected-no-reason",)),
        Says("imap-login-failed-data", "auth-basic-auth-used", LIKELY),
        Says("mailkit-authentication-failed", "auth-rejected-no-reason", POSSIBLE),
        Says("smtp-reply-in-a-tuple", "smtp-invalid-xoauth2-data", CERTAIN, r"status=5\.5\.124"),
        Says(
            "smtp-reply-in-a-tuple",
            "smtp-auth-unsuccessful",
            CERTAIN,
            r"status=5\.7\.3\b.{0,400}Authentication unsuccessful",
        ),
        Says("smtp-reply-in-a-tuple", "smtp-auth-disabled", LIKELY, r"code=530\b.{0,400}status=5\.7\.57"),
        Says("client-lacks-xoauth2", "auth-client-lacks-xoauth2", CERTAIN, "", ("auth-rejected-no-reason",)),
        Says("client-finds-no-mechanism", "auth-client-lacks-xoauth2", LIKELY, "", ("auth-rejected-no-reason",)),
        Says("policy-allows-basic-auth-imap", "auth-policy-output-misleads", LIKELY),
        Says("imap-command-error", "auth-rejected-no-reason", POSSIBLE, r"number=12\b"),
        Says("imap-connection-setup-failed", "auth-rejected-no-reason", POSSIBLE),
    ),
)
