"""Each row of the tables of sentences recognises its sentence, and not the one that only sounds like it."""

from __future__ import annotations

import pytest

from diagnostics.evidence import AttemptOutcome
from diagnostics.sources.transcript import read
from diagnostics.sources.transcript.network import FAILURES, Failure
from diagnostics.sources.transcript.signatures import SIGNATURES

# kind -> (a text that says it, a text that nearly says it)
SENTENCES: dict[str, tuple[str, str]] = {
    "logon-denied": (
        'NO AUTHENTICATE failed. Error="AuthFailed:LogonDenied-None"',
        "AccessDenied: logon is denied by policy",
    ),
    "basic-auth-blocked": ("LogonDenied-BasicAuthBlocked-<UserType:OutlookCom>", "basic auth is blocked"),
    "no-ad-recipient": ("AUTHENTICATE failed. NoADRecipient", "no recipient in AD"),
    "auth-result-from-pop-imap": ("AuthResultFromPopImapEnd=8", "AuthResultFromPopImapEnd"),
    "imap-throttled": (
        "BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds",
        "the request is throttled by nginx",
    ),
    "imap-command-error": ("BAD Command Error. 12", "command error: exit code 12"),
    "too-many-connections": ("A1 NO Too many simultaneous connections", "too many open files"),
    "retrieval-failed": (
        "Retrieval using the IMAP4 protocol failed for the following message: 12",
        "retrieval of the message failed",
    ),
    "sasl-json-challenge": (
        "got an extra server challenge: eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0=",
        "the status of the schemes is 400",
    ),
    "imap-disabled-or-not-granted": (
        "IMAP protocol access to mailbox is disabled or permission not granted for client credential flow.",
        "permission not granted",
    ),
    "said-token-without-roles": ("we get a token without any roles claim", "a token without a name, and roles to play"),
    "said-short-mail-scopes": (
        "scopes: offline_access IMAP.AccessAsUser.All SMTP.Send",
        "offline_access https://outlook.office.com/IMAP.AccessAsUser.All",
    ),
    "folder-name-reserved": ("31 NO Folder name is reserved.", "the name is reserved"),
    "folder-not-selected": ("Host1: folder [Sent]: Could not select: 12 NO", "could not read the folder"),
    "pop-auth-refused": (
        "-ERR Authentication failure: unknown user name or bad password.",
        "-ERR Authentication required",
    ),
    "pop-logon-failure": ("-ERR Logon failure: unknown user name", "-ERR no such message"),
    "pop-auth-one-line": (
        "C: AUTH XOAUTH2 dXNlcj1lcnBAY29udG9zby5jb20B\nS: -ERR Protocol error. 10",
        "C: AUTH XOAUTH2 dXNlcj1lcnBAY29udG9zby5jb20B\nS: 235 2.7.0 Authentication successful",
    ),
    "smtp-535-5.7.3": (
        "535 5.7.3 Authentication unsuccessful [X.PROD.OUTLOOK.COM]",
        "535 5.7.8 Authentication credentials invalid",
    ),
    "smtp-5.7.139-tenant-disabled": (
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
        "SmtpClientAuthentication is enabled for the Tenant",
    ),
    "smtp-5.7.139-credentials": (
        "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect",
        "the user credentials were incorrect",
    ),
    "smtp-5.7.139-basic-auth-disabled": (
        "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
        "basic authentication is disabled.",
    ),
    "smtp-5.7.139-security-policy": (
        "535: 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully.",
        "the request did not meet the criteria",
    ),
    "smtp-5.7.139": ("535 5.7.139 Authentication unsuccessful", "535 5.7.13 Mailbox disabled"),
    "smtp-530-5.7.57": (
        "530 5.7.57 Client not authenticated to send mail. [X]",
        "530 5.7.0 Must issue a STARTTLS command first",
    ),
    "smtp-501-5.5.124": (
        "501 5.5.124 Invalid XOAUTH2 auth data - User address provided is not valid.",
        "501 5.5.4 Invalid domain name",
    ),
    "smtp-storedrv-logon-failure": (
        "430 4.2.0 STOREDRV; mailbox logon failure; X",
        "432 4.3.2 STOREDRV; mailbox server is too busy",
    ),
    "smtp-send-as-denied": (
        "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
        "550 5.7.1 not allowed to send",
    ),
    "mailbox-not-enabled-for-rest": (
        '{"code"=>"MailboxNotEnabledForRESTAPI"}',
        "the REST API is enabled for this mailbox",
    ),
    "mailbox-soft-deleted": ("the mailbox was soft-deleted last week", "soft deletion is a feature"),
    "said-without-licence": ("the user has no Exchange Online license", "MIT license"),
    "policy-allows-basic-auth-imap": ("AllowBasicAuthImap : True", "AllowBasicAuthImap : False"),
    "application-access-policy-test": ("AccessCheckResult : Granted", "AccessCheck : Granted"),
    "application-access-policy-created": (
        "New-ApplicationAccessPolicy -AppId 1 -AccessRight RestrictAccess",
        "New-ApplicationAccessPolicy",
    ),
    "rbac-authorization-test": ("InScope : True", "Scope : True"),
    "rbac-application-role": ("Role : Application Mail.Read", "Role : Mail Recipients"),
    "portal-not-granted": ("IMAP.AccessAsApp  Application  Not granted for Contoso", "Granted for Contoso"),
    "imapsync-oauthdirect": ("imapsync --oauthdirect1 /var/tmp/token", "imapsync --oauthdirect2"),
    "imapsync-oauthaccesstoken": ("imapsync --oauthaccesstoken1 token.txt", "imapsync --password1 x"),
    "guest-account": ("upn: amy_outlook.com#EXT#@contoso.onmicrosoft.com", "upn: amy@contoso.com"),
    "command-new-service-principal": (
        "New-ServicePrincipal -AppId 0b1c2d3e-1111-4222-8333-444455556666 -ObjectId 77777777-1111-4222-8333-444455556666",
        "New-ServicePrincipal -AppId <APPLICATION_ID> -ObjectId <OBJECT_ID>",
    ),
    "portal-permission": ("IMAP.AccessAsApp  Application  Yes", "IMAP.AccessAsApp is an application permission"),
    "portal-permissions-of-graph": (
        "Microsoft Graph (2): IMAP.AccessAsUser.All, User.Read",
        "Office 365 Exchange Online: IMAP.AccessAsApp",
    ),
    "delegated-permissions-listed": (
        "Delegated permission (IMAP.AccessAsUser.All , offline_access , User.Read)",
        "Delegated permission (Mail.Read, offline_access)",
    ),
    "said-used-expired-token": (
        "it fails whenever I use an expired token",
        "token expired. refreshing.",
    ),
    "imap-connection-setup-failed": (
        "ConnectionFailedException: connection setup failed",
        "the connection set up last year failed",
    ),
    "foreign-cloud-host": (
        "https://login.chinacloudapi.cn/contoso.partner.onmschina.cn",
        "https://login.microsoftonline.com/contoso.com",
    ),
    "adminconsent-scope": (
        "https://login.microsoftonline.com/organizations/v2.0/adminconsent?client_id=1&scope=https://ps.outlook.com/.default",
        "https://login.microsoftonline.com/organizations/v2.0/adminconsent?client_id=1",
    ),
    "token-lifetime-over": (
        "IDX10223: Lifetime validation failed. The token is expired.",
        "the lifetime of a token is one hour",
    ),
    "token-without-permissions": (
        "The token contains no permissions, or permissions can not be understood.",
        "the token contains permissions",
    ),
    "token-audience-refused": ("The audience claim value is invalid 'aud'.", "the audience of the token is Exchange"),
    "client-access-rule": ("the connection was blocked by a client access rule", "a client rule"),
    "service-abuse-mode": ("User account is found to be in service abuse mode.", "abuse of the service"),
    "said-no-refresh-token": ("Error: no refresh_token in the response", "the refresh_token was stored"),
    "said-works-in-script": ("The PowerShell script returns the folders of the mailbox", "the script fails"),
    "said-guest-account": (
        "The account is an external account and added to this Default Directory.",
        "an external drive",
    ),
    "said-asks-again-after-an-hour": (
        "It works for about one hour, then asks for sign-in again.",
        "it ran for about one hour",
    ),
    "said-approval-required": ("The prompt says: approval required", "this was approved"),
    "said-protocol-follows-user": (
        "Protocol access follows the authenticated user rather than the mailbox.",
        "the protocol follows RFC 3501",
    ),
    "said-rbac-not-in-claims": (
        "RBAC for Applications roles are NOT included in the token's claims",
        "RBAC for Kubernetes",
    ),
    "said-rbac-cache": ("RBAC for Applications changes are cached for up to two hours", "the cache is warm"),
    "said-access-policy-restricts": (
        "Use the New-ApplicationAccessPolicy cmdlet to restrict or deny access to a set of mailboxes",
        "Use the New-Policy cmdlet to restrict access",
    ),
    "said-replication-delay": (
        "there might be replication delays for app role assignments",
        "database replication is on",
    ),
    "said-waited-for-propagation": ("We waited 24 h for it to propagate", "wait for the queue"),
    "said-just-changed": ("I just granted the permission", "just a question"),
    "said-newer-secret": ("I already created a new client secret last week", "the secret is kept in a vault"),
    "said-cached-token": ("it still uses a cached token", "the page is cached"),
    "said-alias-as-user-name": ("sales@contoso.com is only an alias of amy@contoso.com", "alias ll='ls -l'"),
    "said-granted-to-wrong-object": (
        "we granted FullAccess to the user instead of the service principal",
        "we granted FullAccess",
    ),
    "said-recreated-application": ("we deleted and recreated the app registration", "we created a ticket"),
    "said-object-id-confusion": ("I used the wrong Object ID", "the object is wrong"),
    "said-overview-object-id": ("You can find these from the Application “Overview”.", "see the overview"),
    "said-permissions-only-on-graph": ("we added permissions on Microsoft Graph", "Microsoft Graph is an API"),
    "said-error-in-api-permissions": ("guessing it was an error in the API permissions", "API permissions are fine"),
    "said-no-secrets-page": ("there is no Certificates & secrets page", "open Certificates & secrets"),
    "said-internal-server-error": ("500: We're sorry, but something went wrong.", "500 Internal Server Error"),
    "said-wrong-account-signed-in": ("it was the wrong account", "the account is right"),
    "said-hardcoded-settings": (
        "users who connect by using incorrect hardcoded service settings (or IP addresses)",
        "hard-coded colours",
    ),
    "said-http-proxy-in-front": ("IMAP on port 993 doesn't work through it.", "IMAP works through it"),
    "said-vpn-or-location": ("with the VPN on, IMAP is blocked: the VPN blocks IMAP", "a VPN client"),
    "said-personal-accounts": (
        "User is authenticated but not connected (personal accounts)",
        "the account of the person",
    ),
}
CONTEXT = "IMAP to outlook.office365.com, Exchange Online\n"


def kinds(text: str) -> set[str]:
    return {remark.kind for remark in read([text.encode()], name="t").remarks}


def test_every_signature_is_tried() -> None:
    assert {signature.kind for signature in SIGNATURES} == set(SENTENCES)


@pytest.mark.parametrize("kind", SENTENCES)
def test_a_signature_recognises_its_sentence(kind: str) -> None:
    assert kind in kinds(SENTENCES[kind][0])


@pytest.mark.parametrize("kind", SENTENCES)
def test_a_signature_leaves_its_near_miss_alone(kind: str) -> None:
    assert kind not in kinds(CONTEXT + SENTENCES[kind][1])


def test_every_signature_names_its_source_and_its_words() -> None:
    for signature in SIGNATURES:
        assert signature.source
        assert all(word == word.lower() for word in signature.words)
        sample = SENTENCES[signature.kind][0].lower()
        assert any(word in sample for word in signature.words)


FAILING: dict[str, tuple[str, str]] = {
    "no-ca-bundle": (
        "500 Can't verify SSL peers without knowing which Certificate Authorities to trust",
        "500 Can't verify the order",
    ),
    "tls-to-plaintext-port": (
        "Are you attempting an encrypted connection to a non-encrypted server?",
        "an encrypted connection to the server",
    ),
    "wrong-version-number": ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1129)", "version number 3"),
    "certificate-verify-failed": ("tls_process_server_certificate:certificate verify failed", "certificate verified"),
    "name-not-resolved": ("getaddrinfo ENOTFOUND outlook.office365.com", "getaddrinfo returned 4 addresses"),
    "connection-refused": ("connect ECONNREFUSED 40.99.10.50:993", "the offer was refused"),
    "connection-timed-out": ("connect ETIMEDOUT 40.99.10.50:993", "the session has a timeout of 30 minutes"),
    "connection-reset": ("read ECONNRESET", "reset the password"),
    "network-unreachable": ("connect: Network is unreachable", "the network is up"),
    "proxy-refused": ("OSError: Tunnel connection failed: 403 Forbidden", "the tunnel is open"),
    "no-greeting": ("<-- [ Server disconnected ]", "<-- [ Server connected ]"),
    "http-answer-on-mail-port": ("S: HTTP/1.1 400 Bad Request", "S: HTTP/1.1 200 OK"),
    "tls-handshake-failed": ("SSL routines: sslv3 alert handshake failure", "handshake done"),
}


def failures(text: str) -> tuple[set[AttemptOutcome], set[str]]:
    evidence = read([text.encode()], name="t")
    attempts = {a.outcome for session in evidence.imap_sessions for a in session.attempts}
    attempts |= {AttemptOutcome.UNREACHABLE for session in evidence.imap_sessions if session.name_error}
    return attempts, {r.kind for r in evidence.remarks if r.kind.startswith("network-")}


def test_every_failure_is_tried() -> None:
    assert {failure.kind for failure in FAILURES} == set(FAILING)


@pytest.mark.parametrize("failure", FAILURES, ids=[failure.kind for failure in FAILURES])
def test_a_failure_towards_imap_is_an_attempt(failure: Failure) -> None:
    attempts, remarks = failures(f"IMAP outlook.office365.com:993 {FAILING[failure.kind][0]}")
    assert failure.outcome in attempts or f"network-{failure.kind}" in remarks


@pytest.mark.parametrize("kind", FAILING)
def test_a_failure_towards_the_sign_in_host_is_a_remark(kind: str) -> None:
    attempts, remarks = failures(f"token request to https://login.microsoftonline.com/x failed: {FAILING[kind][0]}")
    assert (attempts, remarks) == (set(), {f"network-{kind}"})


@pytest.mark.parametrize("kind", FAILING)
def test_a_failures_near_miss_is_none(kind: str) -> None:
    assert failures(CONTEXT + FAILING[kind][1]) == (set(), set())


@pytest.mark.parametrize("kind", FAILING)
def test_a_failure_of_something_else_is_none(kind: str) -> None:
    if kind in {"no-ca-bundle", "tls-to-plaintext-port", "no-greeting"}:  # these sentences name what they are about
        return
    noise = "\n".join(f"line {n}" for n in range(9))
    said = FAILING[kind][0].replace("40.99.10.50:993", "10.0.0.1:5432").replace("outlook.office365.com", "db")
    assert failures(f"{noise}\nshop: http://db.example.com:5432/ {said}\n{noise}") == (set(), set())
