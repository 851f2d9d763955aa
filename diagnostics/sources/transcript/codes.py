"""How Entra's own sentences begin, by number: what tells an answer of Entra from somebody's words about it.

Wordings as they were seen at run time and as entra-docs reference-error-codes.md gives them ("isn't" beside "is not").
A number that is not here is accepted as Entra's answer only with another sign of it (trace id, `error_codes`, a log's
time).
"""

from __future__ import annotations

import re
from typing import Final

_WORDINGS: Final = {
    16000: r"(?:InteractionRequired|User account|Either multiple user identities)",
    28000: r"(?:Provided value for the input parameter|The provided value)",
    28002: r"(?:Provided value for the input parameter|The provided value)",
    28003: r"(?:Provided value for the input parameter|The provided value)",
    50001: r"(?:InvalidResource|Resource ['\"]|The resource (?:is|isn't|principal|was)|The application named)",
    500011: r"(?:InvalidResourceServicePrincipalNotFound|The resource principal)",
    500014: r"(?:InvalidResource|The service principal for resource)",
    50011: r"(?:InvalidReplyTo|The (?:redirect|reply) (?:URI|URL|address))",
    50012: r"(?:Authentication ?Failed|Client assertion|Invalid client secret)",
    50020: r"(?:UserUnauthorized|User account)",
    500208: r"(?:The domain is not|DomainIsNot)",
    500112: r"The reply address",
    500113: r"No reply address",
    500121: r"Authentication failed during",
    50034: r"(?:UserAccountNotFound|The user account|To sign into this application)",
    50048: r"(?:SubjectMismatch|Subject)",
    50053: r"(?:IdsLocked|The account is locked|Your account (?:is|has been)|You've tried to sign in too many)",
    50055: r"(?:InvalidPasswordExpiredPassword|The password is expired|The user's password|InvalidPassword|Your password)",
    50056: r"(?:Invalid or null password|InvalidPassword)",
    50057: r"(?:UserDisabled|The user account is disabled)",
    50058: r"(?:UserInformationNotProvided|A silent sign-in|Session information)",
    50059: r"(?:MissingTenantRealm|No tenant-identifying)",
    50072: r"(?:UserStrongAuthEnrollment|Due to a configuration change|User needs to)",
    50074: r"(?:UserStrongAuthClientAuthN|Strong [Aa]uthentication is required)",
    50076: r"(?:UserStrongAuthClientAuthN|Due to a configuration change)",
    50079: r"(?:UserStrongAuthEnrollment|Due to a configuration change)",
    50097: r"(?:DeviceAuthenticationRequired|Device authentication)",
    50105: r"(?:EntitlementGrantsNotFound|The signed in user|Your administrator has configured)",
    501051: r"(?:Application|EntitlementGrants)",
    50126: r"(?:InvalidUserNameOrPassword|Error validating credentials|Invalid username)",
    50128: r"(?:Invalid domain name|No tenant-identifying)",
    50132: r"(?:SsoArtifactInvalidOrExpired|The session)",
    50133: r"(?:SsoArtifactRevoked|The session)",
    50158: r"(?:ExternalSecurityChallenge|External security challenge)",
    50173: r"(?:FreshTokenNeeded|The provided grant has expired)",
    50194: r"(?:Application '|NoSuchInstance)",
    53000: r"(?:DeviceNotCompliant|Device is not|Conditional Access policy requires)",
    53001: r"(?:DeviceNotDomainJoined|Device is not|Conditional Access policy requires)",
    53003: r"(?:BlockedByConditionalAccess|Access has been blocked)",
    530032: r"(?:BlockedByConditionalAccess|Access has been blocked|Blocked by)",
    530035: r"(?:BlockedBySecurityDefaults|Access has been blocked)",
    53005: r"(?:BlockedByConditionalAccess|Access has been blocked|Application needs)",
    54005: r"(?:OAuth2 Authorization code|OAuth2Auth)",
    65001: r"(?:DelegationDoesNotExist|The user or administrator)",
    65002: r"Consent between",
    65004: r"(?:UserDeclinedConsent|User declined)",
    65005: r"(?:MisconfiguredApplication|Misconfigured application|The (?:client )?application|Using application)",
    65006: r"(?:Resource '|Resource)",
    650052: r"(?:The app needs access|The app is trying|The organization)",
    650053: r"The application ",
    650056: r"(?:Misconfigured application|MisconfiguredApplication)",
    650057: r"(?:Invalid resource|InvalidResource)",
    70000: r"(?:InvalidGrant|Provided grant|The (?:request|provided|user)|Transmission|User account)",
    70001: r"(?:UnauthorizedClient|Application with identifier|The application named)",
    70002: r"(?:InvalidClient|Error validating credentials|The request body)",
    70008: r"(?:ExpiredOrRevokedGrant|The (?:provided|refresh token)|ExpiredOr)",
    700003: r"(?:DeviceNotFound|Device object)",
    70011: r"(?:InvalidScope|The provided (?:request|value)|The scope)",
    70043: r"(?:BadTokenDueToSignInFrequency|The refresh token)",
    700016: r"(?:UnauthorizedClient_DoesNotMatchRequest|Application with identifier)",
    700022: r"(?:InvalidMultipleResourcesScope|The provided value)",
    700025: r"(?:InvalidClientPublicClientWithCredential|Client is public)",
    700021: r"Client assertion application",
    700023: r"Client assertion audience",
    700024: r"Client assertion is not within",
    700027: r"(?:ClientAssertion|Client assertion|The certificate with identifier)",
    700038: r"\S{1,60} is not a valid application identifier",
    700030: r"(?:Invalid certificate|InvalidCertificate)",
    700081: r"(?:Refresh[Tt]oken|The refresh token)",
    700082: r"(?:ExpiredOrRevokedGrantInactiveToken|The refresh token)",
    700084: r"(?:Refresh|The refresh token)",
    7000112: r"(?:UnauthorizedClientApplicationDisabled|Application ')",
    7000215: r"(?:Invalid client secret|InvalidClientSecret)",
    7000218: r"(?:The request body)",
    7000222: r"(?:InvalidClientSecretExpiredKeysProvided|The provided client secret)",
    7000229: r"(?:The client application|Client application)",
    90002: r"(?:InvalidTenantName|Tenant )",
    900023: r"(?:InvalidTenant|Specified tenant)",
    90013: r"(?:InvalidUserInput|Invalid input)",
    90014: r"(?:MissingRequiredField|The required field|The request body)",
    900144: r"(?:The request body)",
    90038: r"(?:NationalCloudTenantRedirection|The specified tenant|Tenant)",
    90072: r"(?:PassThroughUserMfaError|User account|The external account)",
    90112: r"Application identifier",
    90094: r"(?:An administrator of|AdminConsentRequired|The grant requires|Administrator consent)",
    90095: r"(?:AdminConsentRequiredRequestAccess|Admin consent|In the Admin)",
    900382: r"(?:Confidential [Cc]lient|ConfidentialClient)",
    900439: r"USGClient",
    900432: r"(?:Confidential [Cc]lient|ConfidentialClient)",
    900971: r"No reply address",
    900561: r"(?:BadResourceRequest|Th(?:e|is) endpoint)",
    9001023: r"(?:The grant type|GrantType)",
    9002313: r"(?:InvalidRequest|Invalid request)",
    9002325: r"(?:Proof [Kk]ey|ProofKey)",
    9002326: r"(?:Cross-origin|CrossOrigin)",
    9002327: r"(?:Tokens issued)",
    9002332: r"(?:Application ')",
    1002012: r"(?:The provided value)",
}
WORDINGS: Final = {code: re.compile(wording) for code, wording in _WORDINGS.items()}

# Sentences of Entra that name their number by themselves: programs and people often pass on the sentence alone.
UNNUMBERED: Final = tuple(
    (code, re.compile(wording))
    for code, wording in (
        (7000215, r"Invalid client secret (?:is )?provided\. Ensure the secret"),
        (7000222, r"The provided client secret keys(?: for app '[^'\n]*')? are expired"),
        (700016, r"Application with identifier (?:'[^'\n]*'|<[^<>\n]*>|[\w*-]+) was not found in the directory"),
        (28000, r"[Pp]rovided value for the input parameter scope (?:is not|isn't) valid because it contains more"),
        (7000229, r"The client application \S+ is missing service principal in the tenant"),
        (
            90002,
            r"Tenant (?:'[^'\n]*'|[\w.-]+) not found\. (?:Check to make sure|This may happen if there are no active)",
        ),
        (900023, r"Specified tenant identifier '[^'\n]*' is neither a valid DNS name"),
        (500011, r"The resource principal named \S+ was not found in the tenant"),
        (500014, r"The service principal for resource '[^'\n]*' is disabled"),
        (1002012, r"Client credential flows must have a scope value with /\.default"),
        (70011, r"The provided (?:resource )?value for the input parameter 'scope' (?:is not|isn't) valid"),
        (
            900144,
            r"The request body must contain the following parameter: '(?!client_assertion|client_secret)[\w ]{2,40}'",
        ),
        (900561, r"Th(?:e|is) endpoint only accepts POST(?:, OPTIONS)? requests\b"),
        (90112, r"Application identifier is expected to be a GUID"),
        (700021, r"Client assertion application identifier does(?: not|n't) match"),
        (700023, r"Client assertion audience claim does(?: not|n't) match"),
        (700024, r"Client assertion is not within its valid time range"),
        (
            7000218,
            r"The request body must contain the following parameter: ['‘\"]?client_(?:assertion|secret)['’\"]? or ['‘\"]?client_",
        ),
        (700025, r"Client is public so neither 'client_assertion' nor 'client_secret' should be presented"),
        (700027, r"Client assertion (?:failed signature validation|contains an invalid signature)"),
        (50011, r"The (?:redirect URI|reply (?:URL|address)) '[^'\n]*' specified in the request does not match"),
        (
            50020,
            r"(?:Selected user account|User account '[^'\n]*' from identity provider '[^'\n]*') does not exist in tenant",
        ),
        (50057, r"The user account is disabled\."),
        (50076, r"you must use multi-factor authentication to access '"),
        (50105, r"The signed in user '[^'\n]*' is not assigned to a role for the application"),
        (50126, r"Error validating credentials due to invalid username or password"),
        (
            50194,
            r"Application '[^'\n]{0,200}'(?:\([^)\n]{0,200}\))? (?:is not|isn't) configured as a multi-?tenant application",
        ),
        (50194, r"Usage of the /common endpoint (?:is not|isn't) supported for such applications"),
        (53003, r"Access has been blocked by Conditional Access policies"),
        (65001, r"The user or administrator has not consented to use the application with ID"),
        (65006, r"had no entitlements matching required permissions"),
        (650057, r"List of valid resources from app registration"),
        (700082, r"The refresh token has expired due to inactivity"),
        (9002325, r"Proof Key for Code Exchange is required for cross-origin"),
        (90094, r"needs permission to access resources in your organization that only an admin can grant"),
        (9001023, r"The grant type (?:is not|isn't) supported over the /common or /consumers endpoints"),
    )
)


def repaired(digits: str, sentence: str = "") -> int:
    """Return the number that `digits` stand for; where the first ones were lost (`AADSTS00016`), the one known that fits.

    The documentation of Zammad quotes such shortened numbers; no real one begins with a zero. Of several that fit, the one
    that says such a sentence.
    """
    if not digits.startswith("0"):
        return int(digits)
    fitting = [code for code in WORDINGS if str(code).endswith(digits)]
    if len(fitting) > 1:
        fitting = [code for code in fitting if WORDINGS[code].match(sentence)]
    return fitting[0] if len(fitting) == 1 else int(digits)
