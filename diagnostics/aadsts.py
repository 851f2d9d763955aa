"""Which cause each AADSTS number speaks for: the one table that judging, reading and explaining share.

Numbers are matched, never wording: Microsoft's texts differ between its reference page and run time (entra-docs
reference-error-codes.md). `BY_CODE` has the numbers that say it alone; `BY_RULE` those whose meaning depends on more than
themselves, with what the check of the sign-in may make of each; `NO_FAULT` what is no cause.
"""

from __future__ import annotations

from collections.abc import Mapping

from diagnostics.findings import Confidence

CERTAIN, LIKELY = Confidence.CERTAIN, Confidence.LIKELY

BY_CODE: Mapping[int, tuple[str, Confidence]] = {
    50128: ("discovery-tenant-not-found", CERTAIN),
    50059: ("discovery-tenant-not-found", LIKELY),
    90019: ("discovery-tenant-not-found", LIKELY),
    90038: ("discovery-wrong-cloud", CERTAIN),
    900382: ("discovery-wrong-cloud", CERTAIN),
    900432: ("discovery-wrong-cloud", CERTAIN),
    900439: ("discovery-wrong-cloud", CERTAIN),
    90051: ("discovery-wrong-cloud", LIKELY),
    90112: ("input-client-id-not-a-guid", CERTAIN),
    70001: ("token-app-not-in-tenant", CERTAIN),
    90099: ("token-app-not-in-tenant", LIKELY),
    7000229: ("token-sp-missing-home-tenant", CERTAIN),
    7000112: ("token-app-disabled", CERTAIN),
    500014: ("token-resource-sp-disabled", CERTAIN),
    500011: ("token-resource-sp-not-found", CERTAIN),
    1002012: ("token-scope-not-default", CERTAIN),
    28002: ("token-scope-invalid", CERTAIN),
    650053: ("token-scope-invalid", CERTAIN),
    90009: ("token-scope-invalid", LIKELY),
    28003: ("token-scope-parameter-missing", CERTAIN),
    7000216: ("token-scope-parameter-missing", CERTAIN),
    900561: ("token-endpoint-not-posted", CERTAIN),
    28000: ("token-scopes-of-two-resources", CERTAIN),
    700022: ("token-scopes-of-two-resources", CERTAIN),
    700027: ("token-cert-assertion-invalid", CERTAIN),
    700030: ("token-cert-assertion-invalid", CERTAIN),
    700021: ("token-cert-assertion-invalid", CERTAIN),
    700023: ("token-cert-assertion-invalid", CERTAIN),
    700211: ("token-cert-assertion-invalid", LIKELY),
    700212: ("token-cert-assertion-invalid", LIKELY),
    700213: ("token-cert-assertion-invalid", LIKELY),
    1000502: ("token-cert-assertion-invalid", CERTAIN),
    50013: ("token-cert-assertion-invalid", LIKELY),
    50027: ("token-cert-assertion-invalid", LIKELY),
    50048: ("token-cert-assertion-invalid", LIKELY),
    500133: ("token-cert-assertion-invalid", LIKELY),
    50194: ("token-single-tenant-via-common", CERTAIN),
    9001023: ("token-single-tenant-via-common", CERTAIN),
    90124: ("token-single-tenant-via-common", CERTAIN),
    90133: ("token-single-tenant-via-common", LIKELY),
    65001: ("consent-delegated-missing", CERTAIN),
    65004: ("consent-admin-approval-prompt", LIKELY),
    65006: ("consent-graph-scope-id-under-exchange", LIKELY),
    90094: ("consent-admin-approval-prompt", CERTAIN),
    90095: ("consent-admin-approval-prompt", CERTAIN),
    65005: ("consent-resource-not-declared", CERTAIN),
    65002: ("consent-resource-not-declared", LIKELY),
    650052: ("consent-resource-not-declared", LIKELY),
    650054: ("consent-resource-not-declared", LIKELY),
    650056: ("consent-resource-not-declared", LIKELY),
    650057: ("consent-resource-not-declared", CERTAIN),
    50072: ("interactive-mfa-required", CERTAIN),
    50074: ("interactive-mfa-required", CERTAIN),
    50076: ("interactive-mfa-required", CERTAIN),
    50079: ("interactive-mfa-required", CERTAIN),
    50078: ("interactive-mfa-required", CERTAIN),
    50158: ("interactive-mfa-required", LIKELY),
    500121: ("interactive-mfa-required", LIKELY),
    50011: ("interactive-redirect-uri-mismatch", CERTAIN),
    500112: ("interactive-redirect-uri-mismatch", CERTAIN),
    500113: ("interactive-redirect-uri-mismatch", CERTAIN),
    700009: ("interactive-redirect-uri-mismatch", LIKELY),
    900971: ("interactive-redirect-uri-mismatch", CERTAIN),
    7000218: ("interactive-public-flow-not-allowed", CERTAIN),
    700025: ("interactive-secret-sent-by-public-client", CERTAIN),
    9002325: ("interactive-redirect-registered-as-spa", CERTAIN),
    9002326: ("interactive-redirect-registered-as-spa", CERTAIN),
    9002327: ("interactive-redirect-registered-as-spa", CERTAIN),
    700084: ("interactive-redirect-registered-as-spa", LIKELY),
    50105: ("interactive-user-not-assigned", CERTAIN),
    501051: ("interactive-user-not-assigned", LIKELY),
    16000: ("interactive-guest-or-wrong-directory", LIKELY),
    50020: ("interactive-guest-or-wrong-directory", CERTAIN),
    50034: ("interactive-guest-or-wrong-directory", CERTAIN),
    51004: ("interactive-guest-or-wrong-directory", CERTAIN),
    90072: ("interactive-guest-or-wrong-directory", CERTAIN),
    500200: ("interactive-guest-or-wrong-directory", CERTAIN),
    500202: ("interactive-guest-or-wrong-directory", CERTAIN),
    500207: ("interactive-guest-or-wrong-directory", CERTAIN),
    500208: ("interactive-guest-or-wrong-directory", CERTAIN),
    500212: ("interactive-guest-or-wrong-directory", LIKELY),
    9002332: ("interactive-guest-or-wrong-directory", LIKELY),
    50053: ("interactive-account-disabled-or-password", CERTAIN),
    50055: ("interactive-account-disabled-or-password", CERTAIN),
    50056: ("interactive-account-disabled-or-password", LIKELY),
    50057: ("interactive-account-disabled-or-password", CERTAIN),
    50064: ("interactive-account-disabled-or-password", CERTAIN),
    50126: ("interactive-account-disabled-or-password", CERTAIN),
    50142: ("interactive-account-disabled-or-password", CERTAIN),
    50144: ("interactive-account-disabled-or-password", CERTAIN),
    50097: ("interactive-ca-block-user", CERTAIN),
    50129: ("interactive-ca-block-user", CERTAIN),
    50131: ("interactive-ca-block-user", CERTAIN),
    53000: ("interactive-ca-block-user", CERTAIN),
    53001: ("interactive-ca-block-user", CERTAIN),
    53002: ("interactive-ca-block-user", CERTAIN),
    53004: ("interactive-ca-block-user", LIKELY),
    53005: ("interactive-ca-block-user", CERTAIN),
    53009: ("interactive-ca-block-user", CERTAIN),
    53010: ("interactive-ca-block-user", LIKELY),
    53011: ("interactive-ca-block-user", CERTAIN),
    530031: ("interactive-ca-block-user", CERTAIN),
    530032: ("interactive-ca-block-user", CERTAIN),
    530033: ("interactive-ca-block-user", CERTAIN),
    530034: ("interactive-ca-block-user", CERTAIN),
    530084: ("interactive-ca-block-user", CERTAIN),
    530035: ("interactive-ca-block-user", CERTAIN),
    50089: ("interactive-refresh-token-expired", LIKELY),
    50132: ("interactive-refresh-token-expired", CERTAIN),
    50133: ("interactive-refresh-token-expired", CERTAIN),
    50173: ("interactive-refresh-token-expired", CERTAIN),
    54005: ("interactive-refresh-token-expired", LIKELY),
    70000: ("interactive-refresh-token-expired", LIKELY),
    70008: ("interactive-refresh-token-expired", CERTAIN),
    700003: ("interactive-refresh-token-expired", LIKELY),
    70043: ("interactive-refresh-token-expired", CERTAIN),
    70044: ("interactive-refresh-token-expired", CERTAIN),
    700083: ("interactive-refresh-token-expired", CERTAIN),
    700081: ("interactive-refresh-token-expired", CERTAIN),
    700082: ("interactive-refresh-token-expired", CERTAIN),
}

_SECRET = (
    "input-secret-wrong-value",
    "input-secret-id-pasted",
    "input-placeholder-left-in-config",
    "input-blank-copied-along",
)
_TENANT = (
    "input-placeholder-left-in-config",
    "input-tenant-field-got-url",
    "input-tenant-guid-truncated",
    "input-blank-copied-along",
    "input-stray-character-in-client-id",
)
_APPLICATION = (
    "token-app-not-in-tenant",
    "input-stray-character-in-client-id",
    "input-placeholder-left-in-config",
    "input-tenant-and-client-swapped-or-same",
    "input-client-id-not-a-guid",
    "input-blank-copied-along",
)
_PARAMETER = ("token-scope-parameter-missing", "interactive-no-offline-access")

BY_RULE: Mapping[int, tuple[str, ...]] = {
    7000215: _SECRET,
    700016: _APPLICATION,
    700038: _APPLICATION,
    50012: (*_SECRET, "token-cert-assertion-invalid"),
    70002: (*_SECRET, "token-cert-assertion-invalid", "interactive-public-flow-not-allowed"),
    7000222: ("token-secret-expired", "token-secret-old-one-sent"),
    900023: (*_TENANT, "discovery-tenant-not-found"),
    90002: (
        "discovery-tenant-not-found",
        "discovery-wrong-cloud",
        "input-tenant-and-client-swapped-or-same",
        "input-placeholder-left-in-config",
        "input-blank-copied-along",
    ),
    53003: ("token-ca-blocks-workload", "interactive-ca-block-user"),
    70011: ("token-scope-invalid", "token-scope-not-default", "token-scopes-of-two-resources"),
    50001: ("token-resource-sp-not-found", "token-resource-sp-disabled"),
    9002313: ("token-scope-parameter-missing", "interactive-refresh-token-expired"),
    900144: _PARAMETER,
    90014: _PARAMETER,
    700024: ("token-cert-assertion-invalid",),
}

NO_FAULT: Mapping[int, str] = {
    16003: "the account of another tenant has to be chosen or invited",
    50058: "a silent sign-in found nobody signed in; the sign-in with a window comes next",
    50140: "the question whether to stay signed in was shown",
    50196: "the program asks for tokens in a loop, and Entra stops it for a while; it should keep a token until it expires",
    50199: "Entra asks the person to confirm the application",
    70003: "the grant type is none that Entra knows",
    90006: "another server failed for now; trying again helps",
    90013: "a field of the request was not understood",
    90033: "Entra was not available for a moment; trying again helps",
}
"""Numbers that say something and accuse nothing here (entra-docs reference-error-codes.md)."""

KNOWN: frozenset[int] = frozenset((*BY_CODE, *BY_RULE, *NO_FAULT))
"""Every number that means something here."""


def causes_of(code: int) -> tuple[str, ...]:
    """Return the causes that a number may speak for, the likeliest first; none for a number that is not known."""
    return BY_RULE.get(code) or ((BY_CODE[code][0],) if code in BY_CODE else ())
