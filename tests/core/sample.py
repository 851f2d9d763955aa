"""One healthy connection as evidence, and helpers that break it; ids are made anew for each run."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from typing import Any

from diagnostics.evidence import (
    AddressAttempt,
    ApplicationId,
    AppRegistration,
    AppRegistrationObjectId,
    AppRoleAssignment,
    AttemptOutcome,
    CasMailbox,
    EnterpriseApplication,
    EnterpriseAppObjectId,
    Evidence,
    ExchangeConnection,
    ExchangeEvidence,
    ExchangeServicePrincipal,
    GraphEvidence,
    ImapSession,
    ImapStep,
    MailboxEvidence,
    MailboxPermission,
    PasswordCredential,
    Provenance,
    PublishedPermission,
    Recipient,
    ReplyStatus,
    RequiredPermission,
    SecretShape,
    Source,
    Target,
    TenantDiscovery,
    TenantId,
    TokenClaims,
    TokenRequest,
)
from diagnostics.ids import Sid

NOW = dt.datetime(2026, 3, 4, 12, 0, tzinfo=dt.UTC)
TENANT = TenantId(str(uuid.uuid4()))
APP = ApplicationId(str(uuid.uuid4()))
ENTERPRISE = EnterpriseAppObjectId(str(uuid.uuid4()))
REGISTRATION = AppRegistrationObjectId(str(uuid.uuid4()))
SID = Sid("S-1-5-21-1111-2222-3333-4444")
MAILBOX = "erp@contoso.com"
LOGIN = "https://login.microsoftonline.com"
EXCHANGE_APP = ApplicationId("00000002-0000-0ff1-ce00-000000000000")
EXCHANGE_OBJECT = EnterpriseAppObjectId(str(uuid.uuid4()))
ROLE = "5e5addcd-3e8d-4e90-baf5-964efab2b20a"


def seen(source: Source, how: str) -> Provenance:
    return Provenance(source, how, NOW, 0.1)


TOKEN = TokenClaims(
    seen(Source.ENTRA, "client credentials"),
    audience="https://outlook.office365.com",
    tenant_id=TENANT,
    application_id=APP,
    object_id=ENTERPRISE,
    roles=("IMAP.AccessAsApp",),
    identity_type="app",
    issued_at=NOW - dt.timedelta(minutes=1),
    expires_at=NOW + dt.timedelta(minutes=64),
    app_display_name="ERP mail",
)
ROW = ExchangeServicePrincipal(APP, ENTERPRISE, "ERP mail", seen(Source.EXCHANGE, "Get-ServicePrincipal"), sid=SID)
SELF_ROW = MailboxPermission(
    "NT AUTHORITY\\SELF",
    ("FullAccess", "ReadPermission"),
    seen(Source.EXCHANGE, "Get-MailboxPermission"),
    Sid("S-1-5-10"),
)
FULL_ACCESS = MailboxPermission(ENTERPRISE, ("FullAccess",), seen(Source.EXCHANGE, "Get-MailboxPermission"), SID)
SESSION = ImapSession(
    seen(Source.IMAP, "outlook.office365.com:993"),
    "outlook.office365.com",
    993,
    MAILBOX,
    attempts=(AddressAttempt("192.0.2.1", 993, AttemptOutcome.CONNECTED),),
    greeting="* OK The Microsoft Exchange IMAP4 service is ready. [AAA=]",
    steps=(
        ImapStep("AUTHENTICATE XOAUTH2", ReplyStatus.OK, "AUTHENTICATE completed."),
        ImapStep("NAMESPACE", ReplyStatus.OK, "NAMESPACE completed."),
        ImapStep("EXAMINE INBOX", ReplyStatus.OK, "[READ-ONLY] EXAMINE completed."),
    ),
)
REFUSED = replace(SESSION, steps=(ImapStep("AUTHENTICATE XOAUTH2", ReplyStatus.NO, "AUTHENTICATE failed."),))
NOT_CONNECTED = replace(
    SESSION,
    steps=(SESSION.steps[0], ImapStep("NAMESPACE", ReplyStatus.BAD, "User is authenticated but not connected.")),
)
PUBLISHED = EnterpriseApplication(
    EXCHANGE_OBJECT,
    EXCHANGE_APP,
    "Office 365 Exchange Online",
    seen(Source.GRAPH, "servicePrincipals"),
    account_enabled=True,
    permissions=(PublishedPermission(ROLE, "IMAP.AccessAsApp", "Role"),),
)
REGISTERED = AppRegistration(
    REGISTRATION,
    APP,
    "ERP mail",
    seen(Source.GRAPH, "applications"),
    password_credentials=(PasswordCredential(str(uuid.uuid4()), "abc", NOW + dt.timedelta(days=200)),),
    required_permissions=(RequiredPermission(EXCHANGE_APP, ROLE, "Role"),),
)
GRAPH = GraphEvidence(
    enterprise_application=EnterpriseApplication(
        ENTERPRISE,
        APP,
        "ERP mail",
        seen(Source.GRAPH, "servicePrincipals"),
        account_enabled=True,
        owner_tenant_id=TENANT,
    ),
    registration=REGISTERED,
    exchange_online=PUBLISHED,
    role_assignments=(AppRoleAssignment(ROLE, EXCHANGE_OBJECT, NOW - dt.timedelta(days=10)),),
)


def mailbox(**changes: Any) -> MailboxEvidence:
    healthy = MailboxEvidence(
        MAILBOX,
        recipient=Recipient(
            MAILBOX,
            "SharedMailbox",
            seen(Source.EXCHANGE, "Get-Recipient"),
            user_principal_name=MAILBOX,
            addresses=(MAILBOX,),
        ),
        permissions=(SELF_ROW, FULL_ACCESS),
        cas=CasMailbox(seen(Source.EXCHANGE, "Get-CASMailbox"), imap_enabled=True),
        imap=SESSION,
    )
    return replace(healthy, **changes)


def healthy(**changes: Any) -> Evidence:
    """A connection in which everything is as it must be; `changes` replace fields of the evidence."""
    evidence = Evidence(
        judged_at=NOW,
        target=Target(
            tenant=TENANT,
            application_id=APP,
            mailboxes=(MAILBOX,),
            login=LOGIN,
            scope="https://outlook.office365.com/.default",
            imap_server="outlook.office365.com",
            profile="contoso",
        ),
        secret=SecretShape(40, "abc", seen(Source.PROFILE, "contoso.yaml:5")),
        discoveries=(
            TenantDiscovery(TENANT, LOGIN, seen(Source.ENTRA, "discovery"), tenant_id=TENANT),
            TenantDiscovery("contoso.com", LOGIN, seen(Source.ENTRA, "discovery"), TENANT, for_mailbox_domain=True),
        ),
        token_requests=(
            TokenRequest(
                seen(Source.ENTRA, "token"),
                "client_credentials",
                ("https://outlook.office365.com/.default",),
                TENANT,
                LOGIN,
                APP,
            ),
        ),
        tokens=(TOKEN,),
        graph=GRAPH,
        exchange=ExchangeEvidence(
            connection=ExchangeConnection(
                TENANT, "contoso.onmicrosoft.com", seen(Source.EXCHANGE, "Get-ConnectionInformation")
            ),
            service_principals=(
                ExchangeServicePrincipal(
                    ApplicationId(str(uuid.uuid4())),
                    EnterpriseAppObjectId(str(uuid.uuid4())),
                    "CRM",
                    seen(Source.EXCHANGE, "Get-ServicePrincipal"),
                    sid=Sid("S-1-5-21-9-9-9-9"),
                ),
                ROW,
            ),
        ),
        mailboxes=(mailbox(),),
    )
    return replace(evidence, **changes)
