"""Stage mailbox: the mailbox is not what the profile takes it for."""

from __future__ import annotations

from diagnostics.lab.scenarios.registry import scenario
from diagnostics.lab.setup import Setup

WHOLE = "mailbox, mailbox permission, mailbox's protocols"


@scenario("mailbox-imap-disabled", touches="mailbox's protocols")
def imap_disabled(setup: Setup) -> None:
    """IMAP is switched off on the mailbox."""
    setup.mailbox.imap_enabled = False


def _becomes(setup: Setup, kind: str) -> None:
    setup.mailbox.recipient_type_details = kind
    setup.mailbox.permissions.clear()


@scenario("mailbox-not-in-exchange-online", touches=WHOLE)
def mail_user(setup: Setup) -> None:
    """The address belongs to a mail user, whose mailbox is somewhere else."""
    _becomes(setup, "MailUser")


@scenario("mailbox-on-premises-hybrid", touches=WHOLE)
def on_premises(setup: Setup) -> None:
    """The mailbox is on the company's own Exchange server."""
    _becomes(setup, "RemoteUserMailbox")


@scenario("mailbox-group-or-public-folder", touches=f"{WHOLE}, mailbox address")
def group(setup: Setup) -> None:
    """The address belongs to a Microsoft 365 group."""
    _becomes(setup, "GroupMailbox")
    setup.profile.mailboxes[0] = setup.mailbox.primary_smtp_address
    setup.mailbox.user_principal_name = None


@scenario("mailbox-group-or-public-folder/distribution-list", touches=f"{WHOLE}, mailbox address")
def distribution_list(setup: Setup) -> None:
    """The address belongs to a distribution list."""
    group(setup)
    setup.mailbox.recipient_type_details = "MailUniversalDistributionGroup"


@scenario("mailbox-group-or-public-folder/public-folder", touches=f"{WHOLE}, mailbox address")
def public_folder(setup: Setup) -> None:
    """The address belongs to a mail-enabled public folder."""
    group(setup)
    setup.mailbox.recipient_type_details = "PublicFolder"


@scenario(
    "mailbox-licence-or-deleted",
    touches=WHOLE,
    rivals={"mailbox-not-in-exchange-online": "Exchange knows no such recipient in either case"},
)
def licence_or_deleted(setup: Setup) -> None:
    """The mailbox lost its licence and is soft-deleted; the directory still has the user."""
    setup.mailbox.soft_deleted = True
    setup.mailbox.licensed = False


@scenario("mailbox-alias-used-as-username", touches="mailbox address")
def alias_used(setup: Setup) -> None:
    """The profile names an alias of the mailbox."""
    local, _, domain = setup.mailbox.primary_smtp_address.partition("@")
    alias = f"{local}.mail@{domain}"
    setup.mailbox.aliases.append(alias)
    setup.profile.mailboxes[0] = alias


@scenario("mailbox-upn-differs-from-smtp", touches="mailbox address")
def upn_differs(setup: Setup) -> None:
    """The profile names the primary address, which is not the user principal name."""
    local, _, domain = setup.mailbox.primary_smtp_address.partition("@")
    setup.mailbox.user_principal_name = f"{local}-service@{domain}"
    setup.profile.mailboxes[0] = setup.mailbox.primary_smtp_address


@scenario(
    "mailbox-no-recipient-for-user",
    touches="mailbox address, imap endpoint",
    rivals={"mailbox-not-in-exchange-online": "Exchange knows no such recipient in either case"},
)
def no_recipient(setup: Setup) -> None:
    """Nobody in the organisation has the address, and Exchange says so in its detail."""
    local, _, domain = setup.mailbox.primary_smtp_address.partition("@")
    setup.profile.mailboxes[0] = f"{local}1@{domain}"
    setup.world.imap.error_detail = 'Error="AuthFailed:LogonDenied-NoADRecipient AuthResultFromPopImapEnd=8"'


@scenario("mailbox-shared-backslash-login", touches="mailbox address")
def backslash_login(setup: Setup) -> None:
    """The profile names the mailbox in the old form of user and shared mailbox together."""
    setup.profile.mailboxes[0] = f"accounts@{setup.tenant.domains[0]}\\{setup.mailbox.alias}"


@scenario("mailbox-personal-account", touches="mailbox address")
def personal_account(setup: Setup) -> None:
    """The address is one of a personal account, which no company's tenant holds."""
    setup.profile.mailboxes[0] = f"{setup.mailbox.alias}.contoso@outlook.com"
