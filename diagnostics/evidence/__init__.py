"""Everything that can be observed about a connection, as frozen dataclasses.

Sources make evidence, checks judge it, reports keep it. Absence is a type: a thing that nobody could look at is
`Unavailable(reason, …)`, a thing that was looked for and is not there is `Absent(…)`; neither is ever `None`, `""` or
an empty tuple. An empty tuple means: looked, and the list is empty.

Ids that people mix up are types of their own (`ids`), so that mypy refuses to hand one over as another.
"""

from __future__ import annotations

from diagnostics.evidence.base import (
    NOT_COLLECTED,
    NOWHERE,
    Absent,
    Missing,
    Observed,
    Provenance,
    Source,
    Unavailable,
)
from diagnostics.evidence.entra import (
    AppRegistration,
    AppRoleAssignment,
    DelegatedGrant,
    DirectoryObject,
    DirectoryObjectKind,
    EnterpriseApplication,
    EntraError,
    GraphEvidence,
    KeyCredential,
    PasswordCredential,
    PublishedPermission,
    RequiredPermission,
    TenantDiscovery,
    TokenClaims,
    TokenRequest,
)
from diagnostics.evidence.exchange import (
    AccessPolicy,
    CasMailbox,
    CmdletError,
    ErrorKind,
    ExchangeConnection,
    ExchangeEvidence,
    ExchangeServicePrincipal,
    MailboxPermission,
    Recipient,
    RoleAssignment,
)
from diagnostics.evidence.imap import (
    AddressAttempt,
    AttemptOutcome,
    ImapSession,
    ImapStep,
    ReplyStatus,
    SaslFault,
    SaslString,
    TlsPeer,
)
from diagnostics.evidence.typed import SecretShape, Setting, SettingName, Target
from diagnostics.evidence.whole import (
    Evidence,
    FailureLine,
    Identity,
    MailboxEvidence,
    Obstacle,
    RecordedChange,
    Remark,
)
from diagnostics.ids import ApplicationId, AppRegistrationObjectId, EnterpriseAppObjectId, Sid, TenantId

__all__ = [
    "NOT_COLLECTED",
    "NOWHERE",
    "Absent",
    "AccessPolicy",
    "AddressAttempt",
    "AppRegistration",
    "AppRegistrationObjectId",
    "AppRoleAssignment",
    "ApplicationId",
    "AttemptOutcome",
    "CasMailbox",
    "CmdletError",
    "DelegatedGrant",
    "DirectoryObject",
    "DirectoryObjectKind",
    "EnterpriseAppObjectId",
    "EnterpriseApplication",
    "EntraError",
    "ErrorKind",
    "Evidence",
    "ExchangeConnection",
    "ExchangeEvidence",
    "ExchangeServicePrincipal",
    "FailureLine",
    "GraphEvidence",
    "Identity",
    "ImapSession",
    "ImapStep",
    "KeyCredential",
    "MailboxEvidence",
    "MailboxPermission",
    "Missing",
    "Observed",
    "Obstacle",
    "PasswordCredential",
    "Provenance",
    "PublishedPermission",
    "Recipient",
    "RecordedChange",
    "Remark",
    "ReplyStatus",
    "RequiredPermission",
    "RoleAssignment",
    "SaslFault",
    "SaslString",
    "SecretShape",
    "Setting",
    "SettingName",
    "Sid",
    "Source",
    "Target",
    "TenantDiscovery",
    "TenantId",
    "TlsPeer",
    "TokenClaims",
    "TokenRequest",
    "Unavailable",
]
