"""What somebody typed, and what the run is about."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from diagnostics.evidence.base import Provenance
from diagnostics.ids import (
    NO_APP_REGISTRATION_OBJECT_ID,
    NO_APPLICATION_ID,
    NO_ENTERPRISE_APP_OBJECT_ID,
    ApplicationId,
    AppRegistrationObjectId,
    EnterpriseAppObjectId,
)


class SettingName(enum.StrEnum):
    """What a value that somebody typed is meant to be."""

    TENANT = "tenant"
    APPLICATION_ID = "application id"
    ENTERPRISE_APP_OBJECT_ID = "enterprise application object id"
    APP_REGISTRATION_OBJECT_ID = "app registration object id"
    MAILBOX = "mailbox"
    IMAP_SERVER = "IMAP server"
    IMAP_PORT = "IMAP port"
    AUTHORITY = "authority"
    SCOPE = "scope"
    GRANT_TYPE = "grant type"
    REDIRECT_URI = "redirect URI"
    CLOUD = "cloud"
    FOLDER = "folder"
    ORGANIZATION = "organization"
    POWERSHELL_URI = "PowerShell connection URI"


@dataclass(frozen=True, slots=True)
class Setting:
    """A value as somebody typed it, in a profile or in a pasted configuration; never a secret.

    `raw` keeps blanks, quotes and invisible characters: they are what the input checks look for.
    """

    name: SettingName
    raw: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class SecretShape:
    """What may be known of a client secret without knowing it.

    `hint` is its first three characters, which Graph shows as well (passwordCredential.hint); empty unless somebody
    asked for it. `matches` are then the Secret IDs of those secrets in Graph that begin alike, `None` where Graph does
    not show how each begins. `guid` is set only when
    the whole value is a GUID, which a secret's value never is: then it is the Secret ID (keyId).
    """

    length: int
    hint: str
    provenance: Provenance
    guid: str | None = None
    has_outer_blanks: bool = False
    has_outer_quotes: bool = False
    has_invisible: bool = False
    looks_url_encoded: bool = False
    looks_placeholder: bool = False
    matches: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What the run is about, after cleaning: the profile's values, or what a pasted text names. Empty: not named.

    `profile` is what `--profile` has to be given to name the run's profile again, `profile_file` the file that it was read
    from; `scenarios` and `shape` are a demo's.
    """

    tenant: str = ""
    organization: str = ""
    application_id: ApplicationId = NO_APPLICATION_ID
    enterprise_app_object_id: EnterpriseAppObjectId = NO_ENTERPRISE_APP_OBJECT_ID
    app_registration_object_id: AppRegistrationObjectId = NO_APP_REGISTRATION_OBJECT_ID
    mailboxes: tuple[str, ...] = ()
    cloud: str = "global"
    login: str = ""
    graph: str = ""
    scope: str = ""
    imap_server: str = ""
    imap_port: int = 993
    profile: str = ""
    profile_file: str = ""
    scenarios: tuple[str, ...] = ()
    shape: str = ""
