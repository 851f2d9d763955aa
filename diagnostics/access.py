"""Which registration and which permission entries are an application's, and whether they open a mailbox: the one judge of it.

Whose an entry is:

    UserSid and Sid known, equal          its own       a SID is made once and never again
    UserSid and Sid known, different      not its own   User may still show the ObjectId: an entry of an earlier registration
    not both known, User is the ObjectId  its own       the administrators' guide shows entries so
    the same, and another application is
      registered with that ObjectId       not known
    only a name, or a value cut off       not known     two principals may have one name
    only a SID, and Sid is not known      not known

What the principal's own entries come to, FullAccess only; the first line that applies:

    Deny, made on the mailbox             denied        documented as typical: "deny permissions override allow permissions"
    Allow, made on the mailbox,
      beside an inherited Deny            unknown       documented as typical only: "directly assigned permissions override
                                                        inherited permissions"; what IMAP answers is not recorded
    Allow, made on the mailbox            can open      recorded; a Deny of other rights beside it is assumed to take those only
    inherited Allow alone                 can open      documented: permissions are inherited; for an application not
                                                        recorded, so it is noted, and proves nothing against IMAP
    inherited Allow and inherited Deny    cannot open   documented for groups: the inherited Deny overrides that Allow
    other rights, made on the mailbox     other rights  documented: no other right opens a mailbox
    none                                  cannot open   recorded

"Documented" is office-docs-powershell, Get-MailboxPermission.md. What stands on "typically" is never more than likely.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from diagnostics.evidence import ExchangeServicePrincipal, MailboxPermission
from diagnostics.ids import NO_SID, ApplicationId, EnterpriseAppObjectId, Sid, is_cut_off, is_same, may_be_same

FULL_ACCESS = "FullAccess"
_SID = re.compile(r"S-1-\d+(?:-\d+)+", re.IGNORECASE | re.ASCII)


class Registered(Protocol):
    """What is needed of a row of Get-ServicePrincipal."""

    @property
    def app_id(self) -> ApplicationId:
        """The AppId that Exchange holds."""

    @property
    def object_id(self) -> EnterpriseAppObjectId:
        """The ObjectId that Exchange holds, ServiceId in older modules."""

    @property
    def sid(self) -> Sid:
        """The principal's SID; empty where it was not shown."""

    @property
    def display_name(self) -> str:
        """The name, which proves nothing."""


class Entry(Protocol):
    """What is needed of an access control entry, to say what it comes to."""

    @property
    def rights(self) -> tuple[str, ...]:
        """The rights that it allows or denies."""

    @property
    def deny(self) -> bool:
        """Whether it denies."""

    @property
    def inherited(self) -> bool:
        """Whether it comes from above the mailbox."""


R = TypeVar("R", bound=Registered)
E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True)
class Standing(Generic[R]):
    """The registrations that stand for an application; `right` says whether their ids are the application's."""

    rows: tuple[R, ...] = ()
    right: bool = False


def rightly_registered(
    rows: Iterable[R], application_id: ApplicationId, object_id: EnterpriseAppObjectId
) -> tuple[R, ...]:
    """Return the rows whose two ids are both the application's; an id that is not known is not compared."""
    if not application_id and not object_id:
        return ()
    return tuple(
        row
        for row in rows
        if (not application_id or is_same(row.app_id, application_id))
        and (not object_id or is_same(row.object_id, object_id))
    )


def concerning(rows: Iterable[R], application_id: ApplicationId, object_id: EnterpriseAppObjectId) -> tuple[R, ...]:
    """Return the rows that hold one of the application's ids, in whichever place."""
    ids = {value.casefold() for value in (application_id, object_id) if value}
    return tuple(row for row in rows if ids & {row.app_id.casefold(), row.object_id.casefold()})


def standing(rows: Sequence[R], application_id: ApplicationId, object_id: EnterpriseAppObjectId) -> Standing[R]:
    """Return the rows that are the application's, else those that stand in its place with a wrong id.

    What was granted to the latter is judged all the same: it has to be granted again with the right registration. The
    ObjectId under another AppId, or under one that is not readable, stands for nobody in particular.
    """
    right = rightly_registered(rows, application_id, object_id)
    if right:
        return Standing(right, right=True)
    near = concerning(rows, application_id, object_id)
    named = (application_id.casefold(), object_id.casefold())
    return Standing(
        tuple(row for row in near if row.app_id.casefold() in named or is_same(row.object_id, application_id))
    )


@dataclass(frozen=True, slots=True)
class Principal:
    """What a principal shows itself by in permission entries.

    `names` are in lower case. `unique` is false where another application is registered with the same ObjectId.
    """

    object_id: EnterpriseAppObjectId
    sid: Sid = NO_SID
    names: frozenset[str] = frozenset()
    unique: bool = True


def principals(mine: Iterable[Registered], registered: Iterable[Registered] = ()) -> tuple[Principal, ...]:
    """Return what the registrations `mine`, among all that are `registered`, show themselves by."""
    everybody = tuple(registered)
    return tuple(_principal(row, everybody) for row in mine)


def _principal(row: Registered, everybody: Iterable[Registered]) -> Principal:
    names = {row.display_name.casefold()}
    if isinstance(row, ExchangeServicePrincipal):
        names.add(row.identity.casefold())
    others = any(is_same(one.object_id, row.object_id) and not is_same(one.app_id, row.app_id) for one in everybody)
    return Principal(row.object_id, _sid(row.sid), frozenset(names - {"", row.object_id.casefold()}), unique=not others)


class Bond(enum.Enum):
    """How an entry hangs together with a principal."""

    SID = enum.auto()  # its UserSid is the principal's Sid
    OBJECT_ID = enum.auto()  # its User is the principal's ObjectId
    EARLIER = enum.auto()  # its User is the principal's ObjectId, and its UserSid another one
    NAME = enum.auto()  # its User may be the principal, which is not proven
    NONE = enum.auto()  # it is another principal's

    @property
    def proven(self) -> bool:
        """Whether the entry is proven to be the principal's own."""
        return self in {Bond.SID, Bond.OBJECT_ID}


def bond(entry: MailboxPermission, principal: Principal) -> Bond:
    """Say whose an entry is; see the first table above."""
    shown = entry.user.casefold()
    sid = _sid(entry.user_sid) or _sid(entry.user)
    named = is_same(shown, principal.object_id)
    if sid and principal.sid:
        return Bond.SID if is_same(sid, principal.sid) else Bond.EARLIER if named else Bond.NONE
    if named:
        return Bond.OBJECT_ID if principal.unique else Bond.NAME
    whole = {principal.object_id.casefold(), principal.sid.casefold(), *principal.names} - {""}
    maybe = shown in whole or (is_cut_off(shown) and any(may_be_same(shown, one) for one in whole))
    maybe = maybe or bool(_sid(entry.user))  # and the principal's own SID is not known, or this would be decided
    return Bond.NAME if maybe else Bond.NONE


def entries_of(rows: Iterable[MailboxPermission], principal: Principal) -> tuple[MailboxPermission, ...]:
    """Return the entries that are proven to be a principal's."""
    return tuple(row for row in rows if bond(row, principal).proven)


class Access(enum.StrEnum):
    """What the application may do with a mailbox."""

    OPEN = "can open"
    DENIED = "denied"
    OTHER = "other rights"
    NONE = "cannot open"
    UNKNOWN = "unknown"


class Rule(enum.Enum):
    """The rule that decided, in words that follow "the mailbox is …: "."""

    GRANTED = "an entry made on the mailbox gives FullAccess"
    DENIED = "an entry made on the mailbox denies FullAccess, which typically outweighs a grant"
    DENIED_ABOVE = (
        "an inherited entry denies FullAccess beside the one that gives it; which of the two counts is not proven"
    )
    GRANTED_ABOVE = "only an inherited entry gives FullAccess; for an application it is not recorded that it suffices"
    ONLY_ABOVE = "inherited entries both give and deny FullAccess; among those the denial counts"
    OTHER_RIGHTS = "the application's entries give other rights, and only FullAccess opens a mailbox"
    NOTHING = "no entry gives the application anything"
    UNREADABLE = "an entry of the application has no readable rights"
    NAMESAKE = "an entry may be the application's or another principal's, and does not prove which"
    SEVERAL = "Exchange lists the application more than once, and the entries of the listed ones differ"
    NOT_REGISTERED = "the application is not registered in Exchange with its ids"

    @property
    def proven(self) -> bool:
        """Whether the rule is recorded or documented without reserve, so that what follows from it is certain."""
        return self in {Rule.GRANTED, Rule.OTHER_RIGHTS, Rule.NOTHING, Rule.NOT_REGISTERED}


@dataclass(frozen=True, slots=True)
class Decision(Generic[E]):
    """What a mailbox's entries come to, by which rule, and the entries that decided; the first of them is to be shown.

    `beside` are entries that deny the principal something else than FullAccess.
    """

    access: Access
    rule: Rule
    entries: tuple[E, ...] = ()
    beside: tuple[E, ...] = ()

    @property
    def note(self) -> str:
        """What is to be known beside the answer; empty when there is nothing."""
        denied = ", ".join(dict.fromkeys(right for entry in self.beside for right in entry.rights))
        beside = f"{denied} is denied to the application; that does not keep it from opening the mailbox"
        inherited = self.rule.value if self.rule is Rule.GRANTED_ABOVE else ""
        return "; ".join(told for told in (inherited, beside if denied else "") if told)


def decide(own: Iterable[E]) -> Decision[E]:
    """Say what a principal's own entries come to; see the second table above."""
    entries = tuple(own)
    full = [entry for entry in entries if gives_full_access(entry.rights)]
    made = tuple(entry for entry in full if not entry.inherited)
    above = tuple(entry for entry in full if entry.inherited)
    allowed, denied = _parted(made)
    allowed_above, denied_above = _parted(above)
    other = tuple(entry for entry in entries if entry not in full)
    beside = tuple(entry for entry in other if entry.deny)
    if denied:
        return Decision(Access.DENIED, Rule.DENIED, denied)
    unreadable = tuple(entry for entry in entries if not entry.rights)
    if unreadable:
        return Decision(Access.UNKNOWN, Rule.UNREADABLE, unreadable)
    if allowed and denied_above:
        return Decision(Access.UNKNOWN, Rule.DENIED_ABOVE, denied_above + allowed)
    if allowed:
        return Decision(Access.OPEN, Rule.GRANTED, allowed, beside)
    if allowed_above and denied_above:
        return Decision(Access.NONE, Rule.ONLY_ABOVE, denied_above + allowed_above)
    if allowed_above:
        return Decision(Access.OPEN, Rule.GRANTED_ABOVE, allowed_above, beside)
    given = tuple(entry for entry in other if not entry.deny and not entry.inherited)
    return Decision(Access.OTHER, Rule.OTHER_RIGHTS, given) if given else Decision(Access.NONE, Rule.NOTHING, entries)


def _parted(entries: Iterable[E]) -> tuple[tuple[E, ...], tuple[E, ...]]:
    found = tuple(entries)
    return tuple(entry for entry in found if not entry.deny), tuple(entry for entry in found if entry.deny)


def access_of(rows: Sequence[MailboxPermission], mine: Sequence[Principal]) -> Decision[MailboxPermission]:
    """Say whether the principals, which are one application's registrations, open the mailbox with these entries."""
    decisions = [_of_one(rows, principal) for principal in mine]
    if not decisions:
        return Decision(Access.NONE, Rule.NOT_REGISTERED)
    if len({decision.access for decision in decisions}) > 1:
        return Decision(Access.UNKNOWN, Rule.SEVERAL, tuple(row for one in decisions for row in one.entries))
    return decisions[0]


def opens(rows: Sequence[MailboxPermission], mine: Sequence[Principal]) -> bool:
    """Say whether the entries are proven to open the mailbox for the application."""
    return access_of(rows, mine).access is Access.OPEN


def _of_one(rows: Sequence[MailboxPermission], principal: Principal) -> Decision[MailboxPermission]:
    decision = decide(entries_of(rows, principal))
    if decision.access in {Access.DENIED, Access.UNKNOWN}:
        return decision
    maybe = tuple(
        row for row in rows if gives_full_access(row.rights) and not row.inherited and bond(row, principal) is Bond.NAME
    )
    turning = tuple(row for row in maybe if row.deny is (decision.access is Access.OPEN))
    return Decision(Access.UNKNOWN, Rule.NAMESAKE, turning) if turning else decision


def gives_full_access(rights: Iterable[str]) -> bool:
    """Say whether FullAccess is among rights, in any spelling of case."""
    return any(is_same(right, FULL_ACCESS) for right in rights)


def _sid(value: str) -> Sid:
    """Return a whole SID; what was cut off or redacted is none."""
    return Sid(value.strip()) if _SID.fullmatch(value.strip()) else NO_SID
