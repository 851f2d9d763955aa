"""Who may open what: Exchange's judgement of an XOAUTH2 sign-in, from what the World holds at that moment.

The order is the lab's (invented); which answer belongs to which state is the table `ANSWERS`, with its record.
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
from dataclasses import dataclass, field
from enum import Enum

from diagnostics.lab.state import ExchangeServicePrincipal, Recipient, Tenant, World, utc_now
from diagnostics.lab.tokens import Claims, InvalidToken, TokenAuthority

IMAP_ROLE = "IMAP.AccessAsApp"
ADDRESS = re.compile(r"^[^@\s:\\/]+@[^@\s:\\/]+$")
RESPONSE = re.compile(r"^user=(?P<user>[^\x01]+)\x01auth=Bearer (?P<token>[^\x01]+)\x01\x01$", re.IGNORECASE)


class Answer(Enum):
    """What the client gets to hear."""

    REFUSED = "NO AUTHENTICATE failed."
    NOT_CONNECTED = "OK AUTHENTICATE completed., then BAD User is authenticated but not connected."
    CONNECTED = "OK AUTHENTICATE completed."


class State(Enum):
    """What the judgement found; each has its answer and the record of it in `ANSWERS`."""

    MALFORMED = "the SASL string is not of XOAUTH2's form"
    NOT_AN_ADDRESS = "the user is more than one plain address"
    TOKEN_INVALID = "the token is not one of ours, has expired or has another audience"  # noqa: S105 - no password
    ROLE_MISSING = "the token lacks IMAP.AccessAsApp"
    PRINCIPAL_UNKNOWN = "no Exchange service principal has this AppId and this ObjectId"
    PRINCIPAL_TOO_NEW = "the front ends do not know the Exchange service principal yet"
    SIGN_IN_REFUSED = "refused for no reason that the tenant's objects show"
    NO_RECIPIENT = "no recipient has this user principal name"
    NO_RECIPIENT_DETAILED = "no recipient has this user principal name, and the front end says so"
    ADDRESS_NOT_UPN = "the address is an alias or a primary address, not the user principal name"
    NOT_A_MAILBOX = "the recipient is no mailbox here"
    IMAP_DISABLED = "IMAP is disabled on the mailbox"
    NO_PERMISSION = "the principal has no FullAccess"
    DENIED = "a Deny entry takes FullAccess away"
    CONNECTIONS_EXHAUSTED = "no connection to the mailbox is free"
    GRANTED = "the principal has FullAccess"


ANSWERS: dict[State, tuple[Answer, str]] = {
    State.MALFORMED: (Answer.REFUSED, "BohrenAn/GitHub_PowerShellScripts, a blank in the string"),
    State.NOT_AN_ADDRESS: (Answer.REFUSED, "freescout issues 5101 and 764"),
    State.TOKEN_INVALID: (Answer.REFUSED, "Webklex/php-imap issue 262 (audience); others unsourced"),
    State.ROLE_MISSING: (Answer.REFUSED, "kontron/redmine_oauth issue 3"),
    State.PRINCIPAL_UNKNOWN: (Answer.REFUSED, "phinit.de 2025-12-23"),
    State.PRINCIPAL_TOO_NEW: (Answer.REFUSED, "the administrators' guide: 20 to 30 minutes"),
    State.SIGN_IN_REFUSED: (Answer.REFUSED, "simonrob/email-oauth2-proxy issue 77"),
    State.NO_RECIPIENT: (Answer.NOT_CONNECTED, "invented: not recorded for app-only tokens"),
    State.NO_RECIPIENT_DETAILED: (Answer.REFUSED, "the words NoADRecipient are recorded, their place is invented"),
    State.ADDRESS_NOT_UPN: (Answer.NOT_CONNECTED, "M66B/FairEmail FAQ 139"),
    State.NOT_A_MAILBOX: (Answer.NOT_CONNECTED, "invented: not recorded for groups and foreign addresses"),
    State.IMAP_DISABLED: (Answer.NOT_CONNECTED, "DanijelkMSFT/ThisandThat Get-IMAPAccessToken.ps1"),
    State.NO_PERMISSION: (Answer.NOT_CONNECTED, "simonrob/email-oauth2-proxy issue 74; MailKit issue 1496"),
    State.DENIED: (Answer.NOT_CONNECTED, "invented: not recorded"),
    State.CONNECTIONS_EXHAUSTED: (Answer.NOT_CONNECTED, "mscdex/node-imap issues 523 and 689"),
    State.GRANTED: (Answer.CONNECTED, "office-developer-exchange-docs, IMAP Protocol Exchange"),
}


@dataclass(frozen=True)
class SignIn:
    """The outcome of one sign-in; `claims` is kept to judge again what happens later in the session."""

    state: State
    user: str = ""
    claims: Claims | None = field(default=None, repr=False)
    detail: str = ""

    @property
    def answer(self) -> Answer:
        """What the client gets to hear."""
        return ANSWERS[self.state][0]


class SignInDesk:
    """Judges sign-ins against one World; every judgement takes its lock and reads it again."""

    def __init__(self, world: World, tokens: TokenAuthority) -> None:
        self._world = world
        self._tokens = tokens

    @property
    def lock(self) -> threading.RLock:
        """The World's lock, for whoever reads or changes a mailbox that was given out."""
        return self._world.lock

    def judge(self, response: bytes) -> SignIn:
        """Judge the client's base64 response of XOAUTH2."""
        try:
            decoded = base64.b64decode(response, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return SignIn(State.MALFORMED)
        match = RESPONSE.match(decoded)
        if match is None:
            return SignIn(State.MALFORMED)
        user = match["user"]
        if not ADDRESS.match(user):
            return SignIn(State.NOT_AN_ADDRESS, user)
        with self._world.lock:
            try:
                claims = self._tokens.verify(match["token"], self._world.cloud.exchange_audiences)
            except InvalidToken:
                return SignIn(State.TOKEN_INVALID, user)
            state = self._state(user, claims)
            if state is State.GRANTED and self._world.imap.unconnected_sessions > 0:
                self._world.imap.unconnected_sessions -= 1
                state = State.CONNECTIONS_EXHAUSTED
            detail = self._world.imap.error_detail if state is State.NO_RECIPIENT_DETAILED else ""
            return SignIn(state, user, claims, detail)

    def mailbox(self, sign_in: SignIn) -> Recipient | None:
        """Return the mailbox while the principal may still open it (that a session ends with it is invented)."""
        with self._world.lock:
            if sign_in.claims is None or self._state(sign_in.user, sign_in.claims) is not State.GRANTED:
                return None
            tenant = self._world.tenant(sign_in.claims.tenant_id)
            return _by_user_principal_name(tenant, sign_in.user) if tenant else None

    def _state(self, user: str, claims: Claims) -> State:
        if IMAP_ROLE not in claims.roles:
            return State.ROLE_MISSING
        tenant = self._world.tenant(claims.tenant_id)
        principal = _exchange_principal(tenant, claims) if tenant else None
        if tenant is None or principal is None:
            return State.PRINCIPAL_UNKNOWN
        if principal.known_to_imap_from is not None and principal.known_to_imap_from > utc_now():
            return State.PRINCIPAL_TOO_NEW
        if self._world.imap.refuse_sign_in:
            return State.SIGN_IN_REFUSED
        recipient = _by_user_principal_name(tenant, user)
        if recipient is None:
            return self._nobody(tenant, user)
        if not recipient.is_mailbox:
            return State.NOT_A_MAILBOX
        if not recipient.imap_enabled:
            return State.IMAP_DISABLED
        return _permission(recipient, principal)

    def _nobody(self, tenant: Tenant, user: str) -> State:
        known = tenant.recipient(user)
        if known is not None and not known.is_mailbox:
            return State.NOT_A_MAILBOX
        if known is not None:
            return State.ADDRESS_NOT_UPN
        return State.NO_RECIPIENT_DETAILED if self._world.imap.error_detail else State.NO_RECIPIENT


def _exchange_principal(tenant: Tenant, claims: Claims) -> ExchangeServicePrincipal | None:
    for principal in tenant.exchange_service_principals:
        same_application = principal.app_id.lower() == claims.app_id.lower()
        if same_application and principal.object_id.lower() == claims.object_id.lower():
            return principal
    return None


def _by_user_principal_name(tenant: Tenant, user: str) -> Recipient | None:
    wanted = user.casefold()
    for recipient in tenant.recipients:
        if not recipient.soft_deleted and (recipient.user_principal_name or "").casefold() == wanted:
            return recipient
    return None


def _permission(recipient: Recipient, principal: ExchangeServicePrincipal) -> State:
    """Judge the entries of the principal, found by SID; an entry of its own that denies beats one that allows.

    That it does so where one of them is inherited is invented, and so is that an inherited entry opens the mailbox.
    """
    entries = [
        entry
        for entry in recipient.permissions
        if entry.user_sid == principal.sid and "FullAccess" in ",".join(entry.access_rights).replace(" ", "").split(",")
    ]
    if any(entry.deny for entry in entries):
        return State.DENIED
    return State.GRANTED if entries else State.NO_PERMISSION
