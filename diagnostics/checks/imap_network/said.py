"""Sentences about the line to the mail server."""

from __future__ import annotations

from diagnostics.checks._said import CERTAIN, LIKELY, POSSIBLE, Says, said
from diagnostics.findings import Stage

_GUESS = ("perm-fullaccess-missing", "auth-rejected-no-reason", "token-works-in-script-fails-in-app")

CHECK = said(
    Stage.IMAP_NETWORK,
    (
        Says("imap-throttled", "net-throttled", CERTAIN),
        Says("network-tls-to-plaintext-port", "net-tls-to-plaintext-port", LIKELY),
        Says("network-wrong-version-number", "net-tls-to-plaintext-port", LIKELY, "for=(?:imap|smtp)"),
        Says("network-wrong-version-number", "net-tls-to-plaintext-port", POSSIBLE, "for=unknown"),
        Says("network-certificate-verify-failed", "net-certificate-verify-failed", POSSIBLE, "for=(?:smtp|unknown)"),
        Says("network-certificate-verify-failed", "token-network-no-tls-or-proxy", POSSIBLE, "for=unknown"),
        Says("network-connection-timed-out", "net-no-greeting", POSSIBLE, "for=unknown"),
        Says("network-no-greeting", "net-no-greeting", POSSIBLE, "for=unknown"),
        Says("network-http-answer-on-mail-port", "net-http-only-proxy-in-front", POSSIBLE, "for=unknown"),
        Says("hosts-file-entry", "net-wrong-host-or-hardcoded-ip", LIKELY, over=("net-no-greeting",)),
        Says("said-http-proxy-in-front", "net-http-only-proxy-in-front", LIKELY),
        Says("said-hardcoded-settings", "net-wrong-host-or-hardcoded-ip", POSSIBLE),
        Says("client-access-rule", "net-client-access-rule-or-vpn", LIKELY, over=_GUESS),
        Says("said-vpn-or-location", "net-client-access-rule-or-vpn", LIKELY, over=_GUESS),
    ),
)
