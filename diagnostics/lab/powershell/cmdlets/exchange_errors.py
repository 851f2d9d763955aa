"""What the Exchange cmdlets answer when they refuse, as data: text, exception, and where it was recorded.

"recorded" names the record; "invented" marks an answer that nobody published, so that no reader takes it for a fact.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from diagnostics.lab.powershell.errors import ErrorData
from diagnostics.lab.state import new_id


@dataclass(frozen=True)
class Refusal:
    """One refusal: the id before the first `|`, the exception's type, the text with `{}` fields, its record."""

    code: str
    exception: str
    text: str
    record: str
    status: int = 400


NOT_FOUND = Refusal(
    "Ex6F9304",
    "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException",
    "The operation couldn't be performed because object '{identity}' couldn't be found on '{server}'.",
    "recorded: REST error texts of Get-Mailbox and Get-MailboxPermission",
    404,
)
UNKNOWN_PRINCIPAL = Refusal(
    "Ex94914C",
    "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException",
    'Couldn\'t find object "{identity}". Please make sure that it was spelled correctly or specify a different object.',
    "recorded: Add-MailboxPermission with an unknown -User",
    404,
)
TOO_MANY_ENTRIES = Refusal(
    "",
    "System.InvalidOperationException",
    "The mailbox {guid} has reached the limit of maximum allowed access control entries of 500. Clean existing "
    "entries and rearrange them leveraging groups for assigning the same permissions to multiple users.",
    "recorded: thextrabit.com, exo-max-acl-limit; the id before the first bar is empty there",
)
APP_ID_REGISTERED = Refusal(
    "ExC4D8F0",
    "Microsoft.Exchange.Configuration.Tasks.RecipientTaskException",
    "The service principal with AppId '{app_id}' already exists.",
    "invented: what New-ServicePrincipal answers for a registered AppId is not recorded",
)
NO_SUCH_SERVICE_PRINCIPAL = Refusal(
    "Ex6F9304",
    "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException",
    "The operation couldn't be performed because object '{identity}' couldn't be found on '{server}'.",
    "invented for Remove- and Set-ServicePrincipal: the general not-found text",
    404,
)
NOT_SIMULATED = Refusal(
    "",
    "System.NotImplementedException",
    "This simulated tenant does not do -{parameter} of {cmdlet}.",
    "invented: the lab says so instead of ignoring the parameter",
)
TOKEN_ENDED = Refusal(
    "",
    "System.UnauthorizedAccessException",
    "UnAuthorized",
    "invented for a connection whose token has ended: the module asks for a new token where it can",
    401,
)
NOT_CONNECTED = Refusal(
    "",
    "System.UnauthorizedAccessException",
    "You must call the Connect-ExchangeOnline cmdlet before calling any other cmdlets.",
    "recorded: text of the EXO cmdlets of the module without a connection",
    401,
)

WARNING_ALREADY_PRESENT = (
    'The appropriate access control entry is already present on the object "{object}" for account "{account}".'
)
"""Recorded: Add-MailboxPermission for an entry that exists warns and changes nothing."""

WARNING_NO_ENTRY = (
    'Can\'t remove the access control entry on the object "{object}" for account "{account}" because the ACE doesn\'t '
    "exist on the object."
)
"""Recorded as a warning (TechNet wiki 31321); not recorded for the REST cmdlets."""

SERVER = "AM0PR04A001DC01.EURPR04A001.PROD.OUTLOOK.COM"


class CmdletRefused(Exception):
    """An Exchange cmdlet refuses: a non-terminating error in PowerShell, an HTTP error over REST."""

    def __init__(self, refusal: Refusal, **fields: str) -> None:
        self.refusal = refusal
        self.text = refusal.text.format(server=SERVER, **fields)
        super().__init__(self.text)

    @property
    def bars(self) -> str:
        """Id, exception and text with bars between them, as both sides show it."""
        return f"{self.refusal.code}|{self.refusal.exception}|{self.text}"

    def error(self, cmdlet: str) -> ErrorData:
        """Return the error record that the module's helper Write-ErrorMessage writes."""
        stamp = dt.datetime.now(dt.UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        server = f"AM0PR04MB{secrets.randbelow(9000) + 1000}"
        return ErrorData(
            message=self.bars,
            error_id=f"[Server={server},RequestId={new_id()},TimeStamp={stamp}],Write-ErrorMessage",
            category="NotSpecified",
            activity=cmdlet,
            exception_types=("System.Exception",),
        )
