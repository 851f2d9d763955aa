"""The steps that a plan is made of: each knows its cmdlet, what was there before, and when it is done.

A step is data: it is hashed, saved and journalled as it stands. Ids in it come from the token, from Graph or from
Exchange, never from what somebody typed, and there is no place in it for a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from diagnostics.access import FULL_ACCESS, concerning
from diagnostics.changes.state import NOT_READ, Entry, Now, Registration
from diagnostics.evidence import Observed, Unavailable
from diagnostics.exchange import calls
from diagnostics.exchange.port import CmdletCall
from diagnostics.ids import ApplicationId, EnterpriseAppObjectId
from diagnostics.quoting import Unprintable
from diagnostics.redaction import safe


@dataclass(frozen=True, slots=True)
class RegisterServicePrincipal:
    """Make the application known to Exchange. `before` are the rows that hold one of its ids beside a wrong one."""

    application_id: ApplicationId
    object_id: EnterpriseAppObjectId
    display_name: str
    before: tuple[Registration, ...] = ()
    kind: Literal["register-service-principal"] = "register-service-principal"

    mailbox = ""

    def call(self) -> CmdletCall:
        """Return the cmdlet that does it."""
        return calls.new_service_principal(self.application_id, self.object_id, self.display_name)

    def title(self) -> str:
        """Say what it does."""
        return "Register the application's service principal in Exchange"

    def unmoved(self, now: Now, principal: Registration | None) -> Observed[bool]:
        """Say whether no row came that was not there before; rows in the way are removed by earlier steps."""
        del principal
        if isinstance(now.registrations, Unavailable):
            return now.registrations
        return set(concerning(now.registrations, self.application_id, self.object_id)) <= set(self.before)

    def done(self, now: Now, principal: Registration | None) -> Observed[bool]:
        """Say whether the application is registered with both ids."""
        if isinstance(now.registrations, Unavailable):
            return now.registrations
        return principal is not None

    def was(self) -> str:
        """Say what was there before."""
        return "; ".join(_row_words(row) for row in self.before) or "not registered"


@dataclass(frozen=True, slots=True)
class RemoveServicePrincipal:
    """Take a row out of Exchange: one with a wrong id before it is registered again, or the one that diag registered.

    `identity` is the one of its ids that names no other row.
    """

    identity: ApplicationId | EnterpriseAppObjectId
    before: Registration
    why: Literal["wrong-id", "undo"] = "wrong-id"
    kind: Literal["remove-service-principal"] = "remove-service-principal"

    mailbox = ""

    def call(self) -> CmdletCall:
        """Return the cmdlet that does it."""
        return calls.remove_service_principal(self.identity)

    def title(self) -> str:
        """Say what it does."""
        if self.why == "undo":
            return "Remove the service principal that diag registered"
        return "Remove the service principal that is registered with a wrong id"

    def unmoved(self, now: Now, principal: Registration | None) -> Observed[bool]:
        """Say whether exactly this row is still there."""
        del principal
        return now.registrations if isinstance(now.registrations, Unavailable) else self.before in now.registrations

    def done(self, now: Now, principal: Registration | None) -> Observed[bool]:
        """Say whether no row has this pair of ids and this SID any more."""
        del principal
        if isinstance(now.registrations, Unavailable):
            return now.registrations
        key = (self.before.app_id, self.before.object_id, self.before.sid)
        return all((row.app_id, row.object_id, row.sid) != key for row in now.registrations)

    def was(self) -> str:
        """Say what was there before."""
        return _row_words(self.before)


@dataclass(frozen=True, slots=True)
class GrantFullAccess:
    """Give the application a mailbox. `why` is `orphaned` where removing a wrong registration takes it away first."""

    mailbox: str
    object_id: EnterpriseAppObjectId
    before: tuple[Entry, ...] = ()
    rights: tuple[str, ...] = (FULL_ACCESS,)
    why: Literal["missing", "orphaned"] = "missing"
    kind: Literal["grant-full-access"] = "grant-full-access"

    def call(self) -> CmdletCall:
        """Return the cmdlet that does it."""
        return calls.add_permission(self.mailbox, self.object_id, self.rights)

    def title(self) -> str:
        """Say what it does."""
        again = " again, since removing the registration orphans it" if self.why == "orphaned" else ""
        return f"Grant {', '.join(self.rights)} on {self.mailbox}{again}"

    def unmoved(self, now: Now, principal: Registration | None) -> Observed[bool]:
        """Say whether the application's entries are those of before."""
        entries = now.entries(self.mailbox, principal)
        return entries if isinstance(entries, Unavailable) else entries == self.before

    def done(self, now: Now, principal: Registration | None) -> Observed[bool]:
        """Say whether an entry of the application that was made on the mailbox gives the rights."""
        entries = now.entries(self.mailbox, principal)
        if isinstance(entries, Unavailable):
            return entries
        return any(entry.gives(self.rights) for entry in entries)

    def was(self) -> str:
        """Say what was there before."""
        return "; ".join(_entry_words(entry) for entry in self.before) or "no entry"


@dataclass(frozen=True, slots=True)
class RemoveAccess:
    """Take rights back that diag gave. `before` are the application's entries as they are now."""

    mailbox: str
    object_id: EnterpriseAppObjectId
    before: tuple[Entry, ...]
    rights: tuple[str, ...] = (FULL_ACCESS,)
    kind: Literal["remove-access"] = "remove-access"

    def call(self) -> CmdletCall:
        """Return the cmdlet that does it."""
        return calls.remove_permission(self.mailbox, self.object_id, self.rights)

    def title(self) -> str:
        """Say what it does."""
        return f"Remove {', '.join(self.rights)} on {self.mailbox}"

    def unmoved(self, now: Now, principal: Registration | None) -> Observed[bool]:
        """Say whether the application's entries are those of before."""
        entries = now.entries(self.mailbox, principal)
        return entries if isinstance(entries, Unavailable) else entries == self.before

    def done(self, now: Now, principal: Registration | None) -> Observed[bool]:
        """Say whether no entry of the application gives one of the rights any more."""
        entries = now.entries(self.mailbox, principal)
        if isinstance(entries, Unavailable):
            return entries
        return not any(entry.gives((right,)) for entry in entries for right in self.rights)

    def was(self) -> str:
        """Say what was there before."""
        return "; ".join(_entry_words(entry) for entry in self.before)


@dataclass(frozen=True, slots=True)
class SetImap:
    """Switch IMAP on for a mailbox, or off again where diag switched it on."""

    mailbox: str
    enabled: bool = True
    kind: Literal["set-imap"] = "set-imap"

    def call(self) -> CmdletCall:
        """Return the cmdlet that does it."""
        return CmdletCall("Set-CASMailbox", {"Identity": self.mailbox, "ImapEnabled": self.enabled, "Confirm": False})

    def title(self) -> str:
        """Say what it does."""
        return f"Switch IMAP {'on' if self.enabled else 'off again'} for {self.mailbox}"

    def unmoved(self, now: Now, principal: Registration | None) -> Observed[bool]:
        """Say whether IMAP is as it was."""
        del principal
        state = now.imap.get(self.mailbox, NOT_READ)
        return state if isinstance(state, Unavailable) else state is not self.enabled

    def done(self, now: Now, principal: Registration | None) -> Observed[bool]:
        """Say whether IMAP is as wanted."""
        unmoved = self.unmoved(now, principal)
        return unmoved if isinstance(unmoved, Unavailable) else not unmoved

    def was(self) -> str:
        """Say what was there before."""
        return "IMAP is off" if self.enabled else "IMAP is on"


Step: TypeAlias = RegisterServicePrincipal | RemoveServicePrincipal | GrantFullAccess | RemoveAccess | SetImap


def command(step: Step) -> str:
    """Return the PowerShell that a step equals, ready to be pasted; "" where a value must not stand in a command."""
    try:
        text = step.call().as_powershell()
    except Unprintable:
        return ""
    return text if safe(text) == text else ""


def mailboxes_of(steps: tuple[Step, ...] | list[Step]) -> tuple[str, ...]:
    """Return the mailboxes that are touched, each once."""
    return tuple(dict.fromkeys(step.mailbox for step in steps if step.mailbox))


def _row_words(row: Registration) -> str:
    return f"AppId {row.app_id}, ObjectId {row.object_id}"


def _entry_words(entry: Entry) -> str:
    kind = "denied" if entry.deny else "allowed"
    return f"{entry.user}: {', '.join(entry.rights)} {kind}{', inherited' if entry.inherited else ''}"
