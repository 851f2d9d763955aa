"""What an access is for, and whose: an application's or a person's, over IMAP or by another way.

What an application at IMAP needs (an application permission, a service principal in Exchange) a person who signs in does not
need, and neither does an application that reads mail by Graph or EWS. A live run is always about an application at IMAP. Of a
pasted text, the first line that applies:

| the text shows                                                                 | whose           |
|--------------------------------------------------------------------------------|-----------------|
| client_credentials, `roles` in a token, a service principal in Exchange         | an application's|
| `scp`, a user's name in the token, IMAP.AccessAsUser.All                       | a person's      |
| a code, a device code or a refresh token, asked for or refused                 | a person's      |
| none of these                                                                  | not known       |
"""

from __future__ import annotations

import enum

from diagnostics.evidence import Evidence, TokenClaims, Unavailable

ANOTHER_WAY, IMAP_NAMED, PERSON_NAMED, APPLICATION_NAMED = (
    "goes-another-way",
    "names-imap",
    "names-a-persons-sign-in",
    "names-an-applications-sign-in",
)
"""Kinds of remarks that the reader of pasted texts leaves for these judges."""
_OF_APPLICATIONS = (
    "exo-sp-",
    "exo-rbac-",
    "exo-application-access-",
    "claims-role",
    "claims-wrong-role-",
    "propagation-rbac-",
)
_MEANT_FOR_IMAP = (
    "claims-aud-graph",
    "claims-aud-not-exchange",
    "claims-role",
    "claims-wrong-role-",
    "exo-rbac-",
    "exo-sp-",
)
_DELEGATED = "claims-delegated-instead-of-application"
_OF_PERSONS = frozenset({"authorization_code", "device_code", "refresh_token", "password"})


class Whose(enum.StrEnum):
    """Who signs in."""

    APPLICATION = "application"
    PERSON = "person"
    UNKNOWN = "unknown"


def whose(evidence: Evidence) -> Whose:
    """Say who signs in. Where a text shows both, it is not known."""
    if evidence.live:
        return Whose.APPLICATION
    found = {
        side for side, shows in ((Whose.APPLICATION, _of_application), (Whose.PERSON, _of_person)) if shows(evidence)
    }
    return found.pop() if len(found) == 1 else Whose.UNKNOWN


def is_beside_the_point(cause: str, evidence: Evidence) -> str:
    """Return why a cause cannot be one in this text: it is of an application's access over IMAP; empty when it can."""
    if cause.startswith((*_OF_APPLICATIONS, _DELEGATED)) and whose(evidence) is Whose.PERSON:
        return "a person signs in here, not an application"
    if cause.startswith(_MEANT_FOR_IMAP) and goes_another_way(evidence):
        return "the text is about Graph or EWS, and of no IMAP"
    return ""


def _tokens(evidence: Evidence) -> tuple[TokenClaims, ...]:
    tokens = evidence.tokens
    return () if isinstance(tokens, Unavailable) else tuple(token for token in tokens if not token.opaque)


def _grants(evidence: Evidence) -> set[str]:
    asked = (request.grant_type for request in evidence.token_requests)
    refused = (error.grant_type for error in evidence.entra_errors)
    return {grant for grant in (*asked, *refused) if grant}


def _of_application(evidence: Evidence) -> bool:
    of_token = any(token.roles or token.identity_type == "app" for token in _tokens(evidence))
    registered = not isinstance(evidence.exchange.service_principals, Unavailable)
    granted = "client_credentials" in _grants(evidence)
    return of_token or registered or granted or _remarked(evidence, APPLICATION_NAMED)


def _of_person(evidence: Evidence) -> bool:
    of_token = any(token.scopes or token.user_principal_name for token in _tokens(evidence))
    scopes = (scope.casefold() for request in evidence.token_requests for scope in request.scopes)
    asked = any(scope.endswith(".accessasuser.all") for scope in scopes)
    return of_token or asked or bool(_grants(evidence) & _OF_PERSONS) or _remarked(evidence, PERSON_NAMED)


def goes_another_way(evidence: Evidence) -> bool:
    """Say whether a text is about reading mail by Graph or EWS, and speaks of no IMAP at all."""
    if evidence.live or evidence.sasl_strings or evidence.imap_sessions:
        return False
    return _remarked(evidence, ANOTHER_WAY) and not _remarked(evidence, IMAP_NAMED)


def _remarked(evidence: Evidence, kind: str) -> bool:
    return any(remark.kind == kind for remark in evidence.remarks)
