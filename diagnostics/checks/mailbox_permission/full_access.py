r"""The application's Exchange service principal has FullAccess on the mailbox, and nothing denies it.

A row proves by ObjectId or SID; a name alone proves nothing, since two principals may share it. NT AUTHORITY\SELF and inherited
rows are other people's: the owner's row is often taken for the application's (IMAP-OAuth-2.0-Example issue 2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from diagnostics.checks import Check
from diagnostics.checks._ids import expected_application_id, expected_object_id, is_guid, is_same
from diagnostics.checks._said import something_fails
from diagnostics.comparison import Comparison, compare
from diagnostics.evidence import (
    Evidence,
    ExchangeServicePrincipal,
    MailboxEvidence,
    MailboxPermission,
    Missing,
    Observed,
    Unavailable,
)
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown
from diagnostics.identity import Known, KnownApplication, KnownObjectId
from diagnostics.quoting import powershell_line

_MISSING, _WRONG = "perm-fullaccess-missing", "perm-granted-to-wrong-object"
_DENY, _READ = "perm-deny-entry", "perm-readpermission-only"


@dataclass(frozen=True, slots=True)
class _Principal:
    """The principal to look for: what proves it is it, and what merely sounds like it."""

    shown: str
    source: str
    proofs: frozenset[str]
    names: frozenset[str]
    sid: str = ""

    def proves(self, row: MailboxPermission) -> bool:
        return bool({row.user.casefold(), row.user_sid.casefold()} & self.proofs)

    def sounds_like(self, row: MailboxPermission) -> bool:
        return row.user.casefold() in self.names


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge each mailbox's permission rows."""
    principal = _principal(evidence)
    for mailbox in evidence.mailboxes:
        rows = mailbox.permissions
        if isinstance(rows, Unavailable):
            yield unknown("The mailbox's permissions could not be read", rows, subject=mailbox.address)
        elif isinstance(principal, Unavailable):
            yield _without_principal(evidence, mailbox, rows, principal)
        else:
            yield _judge_rows(evidence, mailbox, rows, principal)


def _principal(evidence: Evidence) -> _Principal | Unavailable:
    rows = evidence.exchange.service_principals
    if isinstance(rows, Unavailable):
        object_id = expected_object_id(evidence)
        if isinstance(object_id, Unavailable):
            return object_id
        return _Principal(object_id.value, object_id.source, frozenset({object_id.value.casefold()}), frozenset())
    row = _row(evidence, rows)
    if isinstance(row, Unavailable):
        return row
    proofs = {value.casefold() for value in (row.object_id, row.sid) if value}
    if is_guid(row.identity):
        proofs.add(row.identity.casefold())
    names = {value.casefold() for value in (row.display_name, row.identity) if value} - proofs
    source = "ServiceId in Exchange" if row.names_service_id else "ObjectId in Exchange"
    return _Principal(row.object_id, source, frozenset(proofs), frozenset(names), row.sid)


def _row(evidence: Evidence, rows: Sequence[ExchangeServicePrincipal]) -> ExchangeServicePrincipal | Unavailable:
    """Return the application's row, rightly registered; without any id to expect, the only row there is."""
    application_id, object_id = expected_application_id(evidence), expected_object_id(evidence)
    if application_id is None and isinstance(object_id, Unavailable):
        if len(rows) == 1 and not evidence.live:
            return rows[0]
        return Unavailable("the text does not say which application is meant", Missing.NOT_IN_TEXT)
    for row in rows:
        of_app = application_id is None or is_same(row.app_id, application_id.value)
        of_object = isinstance(object_id, Unavailable) or is_same(row.object_id, object_id.value)
        if of_app and of_object:
            return row
    wrong = _wrongly_registered(rows, application_id, object_id)
    if wrong is not None:
        return wrong
    cut = [row for row in rows if application_id is None or row.app_id.startswith(application_id.value[:6])]
    if len(cut) == 1 and not evidence.live and isinstance(object_id, Unavailable):
        return cut[0]
    return Unavailable(
        "Exchange has no rightly registered service principal whose rows could be looked for", Missing.BLOCKED
    )


def _wrongly_registered(
    rows: Sequence[ExchangeServicePrincipal],
    application_id: KnownApplication | None,
    object_id: Observed[KnownObjectId],
) -> ExchangeServicePrincipal | None:
    """Return the row that stands for the application under wrong ids; what it may do is judged all the same."""
    app = application_id.value if application_id is not None else ""
    own = object_id.value if isinstance(object_id, Known) else ""
    return next(
        (row for row in rows if is_same(row.app_id, app) or is_same(row.object_id, app) or is_same(row.app_id, own)),
        None,
    )


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
    opens = any(row.has_full_access() and not row.deny for row in made)
    return made[0] if len({row.user.casefold() for row in made}) == 1 and not opens else None


def _judge_lone(evidence: Evidence, row: MailboxPermission, address: str) -> Judgement:
    """Judge the only made entry: whose it is, is not known, but somebody who asks why the mailbox is closed shows it."""
    sure = Confidence.LIKELY if something_fails(evidence) else Confidence.POSSIBLE
    denies = row.deny and row.has_full_access()
    said = f"{row.provenance.how}: the only entry made is {', '.join(row.rights)} of {row.user}, Deny {row.deny}"
    suspect = Suspect(_DENY if denies else _READ, sure, (said,), {"principal": row.user}, instead_of=(_MISSING,))
    return failed("The only entry made does not open the mailbox", suspect, subject=address)


def _judge_rows(
    evidence: Evidence, mailbox: MailboxEvidence, rows: Sequence[MailboxPermission], principal: _Principal
) -> Judgement:
    address = mailbox.address
    if not rows:
        why = Unavailable("a mailbox always lists its owner, so the rows were lost", Missing.UNEXPECTED)
        return unknown("The mailbox's permissions could not be read", why, subject=address)
    mine = [row for row in rows if principal.proves(row) and not row.inherited]
    denied = [row for row in mine if row.deny and row.has_full_access()]
    allowed = [row for row in mine if not row.deny and row.has_full_access()]
    if denied:
        said = f"{denied[0].provenance.how}: {denied[0].user} has {', '.join(denied[0].rights)} with Deny True"
        suspect = Suspect(_DENY, Confidence.CERTAIN, (said,), {"principal": denied[0].user}, instead_of=(_MISSING,))
        return failed(
            "A Deny entry overrides the application's access",
            suspect,
            compared=(_compared(denied[0], principal),),
            subject=address,
        )
    if allowed:
        return passed(
            f"{allowed[0].user} has FullAccess",
            _compared(allowed[0], principal),
            subject=address,
            rules_out=(_MISSING, _WRONG, _DENY, _READ),
        )
    if mine and not all(row.rights for row in mine):
        why = Unavailable("the application's row has no readable rights", Missing.UNEXPECTED)
        return unknown("What the application may do could not be read", why, subject=address)
    if mine:
        rights = ", ".join(right for row in mine for right in row.rights)
        said = f"{mine[0].provenance.how}: {mine[0].user} has {rights}, not FullAccess"
        suspect = Suspect(_READ, Confidence.CERTAIN, (said,), {"principal": mine[0].user}, instead_of=(_MISSING,))
        return failed(
            "The application has rights, but not FullAccess",
            suspect,
            compared=(_compared(mine[0], principal),),
            subject=address,
        )
    return _no_row(evidence, address, rows, principal)


def _compared(row: MailboxPermission, principal: _Principal) -> Comparison:
    """Return what proves that the row is the principal's: the ids where they agree, else the SIDs."""
    of_user = compare("User in the permission row", row.user, principal.source, principal.shown)
    if of_user.equal or row.user_sid.casefold() not in principal.proofs:
        return of_user
    return compare("SID in the permission row", row.user_sid, "SID in Exchange", principal.sid)


def _no_row(evidence: Evidence, address: str, rows: Sequence[MailboxPermission], principal: _Principal) -> Judgement:
    named = next((row for row in rows if principal.sounds_like(row) and row.has_full_access()), None)
    if named is not None:
        line = powershell_line("Get-MailboxPermission", Identity=address) or "Get-MailboxPermission"
        why = Unavailable(
            f"the row names “{named.user}”, and a name alone does not prove which principal it is",
            Missing.CUT_OFF,
            hint=f"{line} | Format-List User,UserSid,AccessRights,Deny",
        )
        return unknown("FullAccess is held by a principal of the same name", why, subject=address)
    others = [row for row in _grants(rows) if row.has_full_access() and not row.deny]
    principals = evidence.exchange.service_principals
    if others and isinstance(principals, Unavailable) and evidence.live:  # a row may show a SID or a name of it
        return unknown("Whose FullAccess it is cannot be said", principals, subject=address)
    sure = Confidence.LIKELY if others and isinstance(principals, Unavailable) else Confidence.CERTAIN
    compared = tuple(
        compare("User in the permission row", row.user, principal.source, principal.shown) for row in others[:5]
    )
    listed = ", ".join(dict.fromkeys(row.user for row in rows)) or "nobody"
    how = rows[0].provenance.how if rows else "Get-MailboxPermission"
    said = f"{how}: {principal.shown} ({principal.source}) is not among the users listed: {listed}"
    wrong = [(row, mistake) for row in others if (mistake := _mistaken_for(evidence, row))]
    suspects = [Suspect(_MISSING, sure, (said,))]
    if others and not wrong:
        users = f"FullAccess is held by {', '.join(dict.fromkeys(row.user for row in others))}, not by the application"
        suspects.append(Suspect(_WRONG, Confidence.POSSIBLE, (said, users), {"principal": others[0].user}))
    if wrong:
        row, mistake = wrong[0]
        blame = Suspect(_WRONG, sure, (said, f"{row.user} {mistake}"), {"principal": row.user}, instead_of=(_MISSING,))
        suspects.insert(0, blame)
    return failed("The application has no FullAccess", *suspects, compared=compared, subject=address)


def _mistaken_for(evidence: Evidence, row: MailboxPermission) -> str:
    """Say why a row looks meant for the application although it is another principal's; empty when it does not."""
    user = row.user.casefold()
    if user == evidence.target.application_id.casefold():
        return "is the Application ID, not the service principal"
    if user == evidence.target.app_registration_object_id.casefold() or is_same(
        user, getattr(evidence.graph.registration, "object_id", "")
    ):
        return "is the App registration's Object ID"
    principals = evidence.exchange.service_principals
    if not isinstance(principals, Unavailable):
        for other in principals:
            if {user, row.user_sid.casefold()} & {other.object_id.casefold(), other.sid.casefold() or "-"}:
                return f"is the service principal of another application (AppId {other.app_id})"
    if is_guid(row.user):
        return "is the id of no service principal that Exchange knows"
    if user.startswith("s-1-5-21-"):
        return "is the SID of a principal that no longer exists"
    return ""


CHECK = Check(
    id="full-access",
    stage=Stage.MAILBOX_PERMISSION,
    title="The application has FullAccess on the mailbox",
    causes=(_MISSING, _WRONG, _DENY, _READ),
    judge=judge,
    order=10,
)
