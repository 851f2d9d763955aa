"""Sentences about the way to the sign-in host, and about what an application made of its refusal."""

from __future__ import annotations

from diagnostics.checks._said import LIKELY, POSSIBLE, Says, said
from diagnostics.findings import Stage

CHECK = said(
    Stage.TOKEN,
    (
        Says("network-no-ca-bundle", "token-network-no-tls-or-proxy", LIKELY),
        Says("network-certificate-verify-failed", "token-network-no-tls-or-proxy", LIKELY, "for=login"),
        Says("network-tls-handshake-failed", "token-network-no-tls-or-proxy", LIKELY, "for=login"),
        Says("network-connection-timed-out", "token-network-no-tls-or-proxy", LIKELY, "for=login"),
        Says("network-connection-refused", "token-network-no-tls-or-proxy", LIKELY, "for=login"),
        Says("network-connection-reset", "token-network-no-tls-or-proxy", LIKELY, "for=login"),
        Says("network-proxy-refused", "token-network-no-tls-or-proxy", LIKELY, "for=login"),
        Says("network-proxy-refused", "token-network-no-tls-or-proxy", POSSIBLE, "for=unknown"),
        Says("network-name-not-resolved", "token-network-no-tls-or-proxy", POSSIBLE, "for=login"),
        Says("said-internal-server-error", "token-secret-expired", POSSIBLE),
    ),
)
