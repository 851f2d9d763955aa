r"""The application's Exchange service principal has FullAccess on the mailbox, and nothing denies it.

Whose an entry is, and what the entries come to, `diagnostics.access` decides; this says which cause that is. NT AUTHORITY\SELF
and inherited rows are other people's: the owner's row is often taken for the application's (IMAP-OAuth-2.0-Example issue 2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from diagnostics.access import Bond, Decision, Principal, Rule, access_of, bond, gives_full_access, principals
from diagnostics.checks import Check
from diagnostics.checks._ids import expected_object_id
from diagnostics.checks._registration import registration_for
from diagnostics.checks._said import something_fails
from diagnostics.checks.mailbox_permission._strangers import mistaken_for
from diagnostics.comparison import Comparison, compare
from diagnostics.evidence import Evidence, MailboxEvidence, MailboxPermission, Missing, ReplyStatus, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown
from diagnostics.ids import is_cut_off, is_same
from diagnostics.quoting import powershell_line

_MISSING, _WRONG = "perm-fullaccess-missing", "perm-granted-to-wrong-object"
_DENY, _READ = "perm-deny-entry", "perm-readpermission-only"


@dataclass(frozen=True, slots=True)
class _Who:
    """The principals to look for, the source of the ObjectId, and whether it is rightly registered."""

    principals: tuple[Principal, ...]
    source: str
    right: bool

    def owner(self, row: MailboxPermission) -> Principal:
        """Return the principal whose a row is, or to which it is compared."""
        return next((one for one in self.principals if bond(row, one).proven), self.principals[0])

    def named(self, row: MailboxPermission) -> str:
        """Return what names a row's holder to -User, and nobody else: an older registration has only its SID."""
        match bond(row, self.owner(row)):
            case Bond.SID | Bond.OBJECT_ID:
                return self.owner(row).object_id
            case Bond.EARLIER:
                return row.user_sid
            case _:
                return row.user

    def compared(self, row: MailboxPermission) -> tuple[Comparison, ...]:
        """Show what tells whose a row is: the SIDs where both are known, and the ids where they agree."""
        own = self.owner(row)
        of_user = compare("User in the permission row", row.user, self.source, own.object_id)
        of_sid = compare("SID in the permission row", row.user_sid or row.user, "SID in Exchange", own.sid)
        match bond(row, own):
            case Bond.SID:
                return (of_user, of_sid) if of_user.equal else (of_sid,)
            case Bond.EARLIER:
                return of_user, of_sid
            case _:
                return (of_user,)


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge each mailbox's permission rows."""
    who = _who(evidence)
    for mailbox in evidence.mailboxes:
        rows = mailbox.permissions
        if isinstance(rows, Unavailable):
            yield unknown("The mailbox's permissions could not be read", rows, subject=mailbox.address)
        elif isinstance(who, Unavailable):
            yield _without_principal(evidence, mailbox, rows, who)
        elif not rows:
            why = Unavailable("a mailbox always lists its owner, so the rows were lost", Missing.UNEXPECTED)
            yield unknown("The mailbox's permissions could not be read", why, subject=mailbox.address)
        else:
            yield _judge_rows(evidence, mailbox, rows, who)


def _who(evidence: Evidence) -> _Who | Unavailable:
    rows = evidence.exchange.service_principals
    if isinstance(rows, Unavailable):
        object_id = expected_object_id(evidence)
        if isinstance(object_id, Unavailable):
            return object_id
        return _Who((Principal(object_id.value),), object_id.source, right=True)
    found = registration_for(evidence, rows)
    if isinstance(found, Unavailable):
        return found
    source = "ServiceId in Exchange" if found.rows[0].names_service_id else "ObjectId in Exchange"
    return _Who(principals(found.rows, rows), source, found.right)


def _grants(rows: Sequence[MailboxPermission]) -> list[MailboxPermission]:
    """Return the rows that somebody made on purpose: neither the owner's nor inherited ones."""
    return [row for row in rows if not row.inherited and not _is_self(row)]


def _is_self(row: MailboxPermission) -> bool:
    return row.user_sid == "S-1-5-10" or row.user.casefold().endswith("\\self") or row.user.casefold() == "self"


def _without_principal(
    evidence: Evidence, mailbox: MailboxEvidence, rows: Sequence[MailboxPermission], why: Unavailable
) -> Judgement:
    """Judge rows without knowing the principal: only SELF listed means that nobody was granted anything."""
    address = mailbox.address
    if why.missing is not Missing.BLOCKED and rows and not _grants(rows):
        users = ", ".join(dict.fromkeys(row.user for row in rows))
        said = f"{rows[0].provenance.how}: only {users} is listed, the mailbox's owner"
        return failed("Nobody but the owner has access", Suspect(_MISSING, Confidence.LIKELY, (said,)), subject=address)
    lone = _lone_grant(rows)
    if lone is not None and why.missing is not Missing.BLOCKED:
        return _judge_lone(evidence, lone, address)
    return unknown("Whether the application has FullAccess cannot be said", why, subject=address)


def _lone_grant(rows: Sequence[MailboxPermission]) -> MailboxPermission | None:
    """Return a made entry that opens nothing, when all made entries are of one user and none of them opens the mailbox."""
    made = _grants(rows)
    opens = any(gives_full_access(row.rights) and not row.deny for row in made)
    one = len({row.user.casefold() for row in made}) == 1 and all(row.rights for row in made)
    return made[0] if one and not opens else None


def _judge_lone(evidence: Evidence, row: MailboxPermission, address: str) -> Judgement:
    """Judge the only made entry: whose it is, is not known, but somebody who asks why the mailbox is closed shows it."""
    sure = Confidence.LIKELY if something_fails(evidence) else Confidence.POSSIBLE
    denies = row.deny and gives_full_access(row.rights)
    said = f"{row.provenance.how}: the only entry made is {', '.join(row.rights)} of {row.user}, Deny {row.deny}"
    suspect = Suspect(_DENY if denies else _READ, sure, (said,), {"principal": row.user}, instead_of=(_MISSING,))
    return failed("The only entry made does not open the mailbox", suspect, subject=address)


def _judge_rows(
    evidence: Evidence, mailbox: MailboxEvidence, rows: Sequence[MailboxPermission], who: _Who
) -> Judgement:
    decision, address = access_of(rows, who.principals), mailbox.address
    match decision.rule:
        case Rule.GRANTED | Rule.GRANTED_ABOVE | Rule.DENIED_ABOVE:
            return _granted(decision, who, mailbox)
        case Rule.DENIED:
            return _closed(_DENY, "A Deny entry overrides the application's access", decision, who, address)
        case Rule.OTHER_RIGHTS:
            return _closed(_READ, "The application has rights, but not FullAccess", decision, who, address)
        case Rule.NAMESAKE:
            return _namesake(decision.entries[0], who, address)
        case Rule.UNREADABLE | Rule.SEVERAL:
            hint = _listing(address) if decision.rule is Rule.UNREADABLE else ""
            why = Unavailable(decision.rule.value, Missing.UNEXPECTED, hint=hint)
            return unknown("What the application may do could not be read", why, subject=address)
        case _:
            return _no_row(evidence, address, rows, decision, who)


def _granted(decision: Decision[MailboxPermission], who: _Who, mailbox: MailboxEvidence) -> Judgement:
    row, address, opened = decision.entries[0], mailbox.address, _opened(mailbox)
    if not who.right:
        why = Unavailable("FullAccess belongs to a registration with a wrong id, and ends with it", Missing.BLOCKED)
        return unknown("Whether the application has FullAccess cannot be said", why, subject=address)
    if (decision.rule is Rule.GRANTED_ABOVE and opened is False) or (decision.rule is Rule.DENIED_ABOVE and not opened):
        return _left_open(decision, who, address)
    if decision.rule is Rule.DENIED_ABOVE:
        summary = f"{row.user} has FullAccess with a denial inherited beside it, and IMAP opens the mailbox"
    else:
        summary = f"{row.user} has FullAccess"
    return passed(
        summary,
        *who.compared(row),
        subject=address,
        rules_out=(_MISSING, _WRONG, _DENY, _READ) if decision.rule.proven or opened else (),
        hint=decision.note,
    )


def _closed(cause: str, summary: str, decision: Decision[MailboxPermission], who: _Who, address: str) -> Judgement:
    row = decision.entries[0]
    rights = ", ".join(dict.fromkeys(right for entry in decision.entries for right in entry.rights))
    how = row.provenance.how
    said = (
        f"{how}: {row.user} has {rights} with Deny True"
        if row.deny
        else f"{how}: {row.user} has {rights}, not FullAccess"
    )
    sure = Confidence.CERTAIN if decision.rule.proven else Confidence.LIKELY
    suspect = Suspect(cause, sure, (said,), {"principal": who.named(row)}, instead_of=(_MISSING,))
    return failed(summary, suspect, compared=who.compared(row), subject=address)


def _opened(mailbox: MailboxEvidence) -> bool | None:
    """Say whether IMAP opened the mailbox, which settles what entries leave open; None where it did not come to that."""
    step = None if isinstance(mailbox.imap, Unavailable) else mailbox.imap.step("EXAMINE INBOX")
    if step is not None and step.status is ReplyStatus.OK:
        return True
    signed_in = None if isinstance(mailbox.imap, Unavailable) else mailbox.imap.step("AUTHENTICATE")
    return False if signed_in is not None and signed_in.status is ReplyStatus.OK else None


def _left_open(decision: Decision[MailboxPermission], who: _Who, address: str) -> Judgement:
    """Say that it is not known what inherited entries come to; what only they decide is no more than possible."""
    row = decision.entries[0]
    denied = decision.rule is Rule.DENIED_ABOVE
    said = f"{row.provenance.how} shows entries of {row.user}: {decision.rule.value}"
    judgement = unknown(
        "Inherited entries leave open whether the application has FullAccess",
        Unavailable(decision.rule.value, Missing.UNEXPECTED),
        Suspect(_DENY if denied else _MISSING, Confidence.POSSIBLE, (said,)),
        subject=address,
        compared=who.compared(row),
    )
    return replace(judgement, rules_out=(_MISSING, _WRONG, _READ)) if denied else judgement


def _listing(address: str) -> str:
    """Return the command that shows all that is needed of each row, whole."""
    line = powershell_line("Get-MailboxPermission", Identity=address) or "Get-MailboxPermission"
    return f"{line} | Format-List User,UserSid,AccessRights,Deny"


def _namesake(row: MailboxPermission, who: _Who, address: str) -> Judgement:
    hint = _listing(address)
    if is_cut_off(row.user):
        reason = f"the row names “{row.user}”, which was cut off and may be another principal's"
    elif row.user.casefold().startswith("s-1-"):
        reason = f"the row names the SID {row.user}, and the application's own is not known"
    elif any(is_same(row.user, one.object_id) for one in who.principals):
        reason = f"the row names {row.user}, an ObjectId with which another application is registered, too"
    else:
        reason = f"the row names “{row.user}”, and a name alone does not prove which principal it is"
        why = Unavailable(reason, Missing.CUT_OFF, hint=hint)
        return unknown("FullAccess is held by a principal of the same name", why, subject=address)
    why = Unavailable(reason, Missing.CUT_OFF, hint=hint)
    return unknown("Whose FullAccess it is cannot be said", why, subject=address)


def _no_row(
    evidence: Evidence,
    address: str,
    rows: Sequence[MailboxPermission],
    decision: Decision[MailboxPermission],
    who: _Who,
) -> Judgement:
    others = [row for row in _grants(rows) if gives_full_access(row.rights) and not row.deny]
    registered = evidence.exchange.service_principals
    if others and isinstance(registered, Unavailable) and evidence.live:  # a row may show a SID or a name of it
        return unknown("Whose FullAccess it is cannot be said", registered, subject=address)
    proven = decision.rule.proven and not (others and isinstance(registered, Unavailable))
    sure = Confidence.CERTAIN if proven else Confidence.LIKELY
    compared = tuple(one for row in others[:5] for one in who.compared(row))
    listed = ", ".join(dict.fromkeys(row.user for row in rows))
    shown = who.principals[0].object_id
    said = f"{rows[0].provenance.how}: {shown} ({who.source}) is not among the users listed: {listed}"
    if decision.rule is Rule.ONLY_ABOVE or any(
        bond(row, one) is Bond.EARLIER for row in others for one in who.principals
    ):
        said = f"{rows[0].provenance.how}: no entry made on the mailbox gives {shown} ({who.source}) FullAccess"
    wrong = [(row, mistake) for row in others if (mistake := mistaken_for(evidence, row, who.principals))]
    suspects = [Suspect(_MISSING, sure, (said,))]
    if others and not wrong:
        users = f"FullAccess is held by {', '.join(dict.fromkeys(row.user for row in others))}, not by the application"
        suspects.append(Suspect(_WRONG, Confidence.POSSIBLE, (said, users), {"principal": others[0].user}))
    if wrong:
        row, mistake = wrong[0]
        blame = Suspect(_WRONG, sure, (said, mistake), {"principal": who.named(row)}, instead_of=(_MISSING,))
        suspects.insert(0, blame)
    return failed("The application has no FullAccess", *suspects, compared=compared, subject=address)


CHECK = Check(
    id="full-access",
    stage=Stage.MAILBOX_PERMISSION,
    title="The application has FullAccess on the mailbox",
    causes=(_MISSING, _WRONG, _DENY, _READ),
    judge=judge,
    order=10,
)
