"""What a run shows in one sentence, which links of the chain it covers, and what to ask for where it leaves one open.

Decided once, for every format. "Nothing wrong in what is here" is never "all is well": that is said only where the
mailbox was seen to open, and nothing says afterwards that something failed.

| the run                                                            | kind        |
|--------------------------------------------------------------------|-------------|
| names a cause                                                      | cause       |
| has a required check that failed                                   | unexplained |
| saw the mailbox open, and nothing is open (exit code 0)            | well        |
| left a part out on purpose, and found nothing wrong in the rest    | part-well   |
| lacks a credential, PowerShell or a sign-in (`Evidence.obstacles`)   | not-ready   |
| has required checks that could not be judged                       | undecided   |
| is a text in which Entra answers what is no cause here             | entra-says  |
| is a text with a line that says that something failed              | says-failed |
| is a text with something that is as it must be                     | part        |
| judged nothing                                                     | nothing     |
"""

from __future__ import annotations

import enum
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from diagnostics.diagnosis import Diagnosis
from diagnostics.evidence import Evidence, TokenClaims, Unavailable
from diagnostics.exit_codes import is_open, is_opened
from diagnostics.findings import Finding, Outcome, Stage
from diagnostics.fitting import mailbox_to_fill
from diagnostics.ids import is_cut_off, is_guid
from diagnostics.quoting import powershell_line

_SIGN_IN = "sign-in"
"""The check that reads Entra's answers."""
_JUDGED = {Outcome.PASS, Outcome.FAIL}
_NOT_ASKED_FOR = {Stage.INTERACTIVE, Stage.OPERATOR, Stage.PROPAGATION}
_OF_AN_APPLICATION = {Stage.CONSENT, Stage.EXCHANGE_SP}
CHAIN = tuple(stage for stage in Stage if stage not in _NOT_ASKED_FOR)
"""The links of which a customer can be asked something."""


COLLECTED = frozenset({Stage.EXCHANGE_SP, Stage.MAILBOX, Stage.MAILBOX_PERMISSION})
"""The links of which the collector's file shows everything."""


class Kind(enum.StrEnum):
    """What can be said of a run; see the table above."""

    CAUSE = "cause"
    UNEXPLAINED = "unexplained"
    WELL = "well"
    PART_WELL = "part-well"
    NOT_READY = "not-ready"
    UNDECIDED = "undecided"
    ENTRA_SAYS = "entra-says"
    SAYS_FAILED = "says-failed"
    PART = "part"
    NOTHING = "nothing"


class Request(enum.StrEnum):
    """What a customer can be asked for; the words are the renderers'."""

    SETTINGS = "settings"
    TOKEN = "token"  # noqa: S105 - a request
    CONSENT = "consent"
    SERVICE_PRINCIPALS = "service-principals"
    MAILBOX = "mailbox"
    PERMISSIONS = "permissions"
    IMAP_LOG = "imap-log"


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing to ask for: the links that it covers, and the line of PowerShell that shows it, where there is one."""

    request: Request
    stages: tuple[Stage, ...]
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The sentence (`kind` and its `values`), the links that were judged and those that were not, and what to ask for."""

    kind: Kind
    values: Mapping[str, str] = field(default_factory=dict)
    covered: tuple[Stage, ...] = ()
    open: tuple[Stage, ...] = ()
    asks: tuple[Ask, ...] = ()


def verdict(evidence: Evidence, findings: Sequence[Finding], diagnosis: Diagnosis, code: int) -> Verdict:
    """Say what a run shows; `code` is the exit code that it ends with. Pure."""
    covered = tuple(stage for stage in Stage if any(f.stage is stage and f.outcome in _JUDGED for f in findings))
    answered = {*covered, *_implied(evidence, findings)}
    opened = is_opened(evidence, findings)
    wanted = [stage for stage in CHAIN if stage not in _OF_AN_APPLICATION or not _is_delegated(evidence)]
    left = () if evidence.live or opened else tuple(stage for stage in wanted if stage not in answered)
    kind, values = _kind(evidence, findings, diagnosis, code)
    shown = {finding.stage for finding in findings if finding.outcome is Outcome.FAIL} | _whole(evidence)
    return Verdict(kind, values, covered, left, tuple(_asks(evidence, left, shown)))


_SHOWN_BY: Mapping[str, tuple[Stage, ...]] = {
    "audience": (Stage.TOKEN,),
    "roles": (Stage.INPUT, Stage.DISCOVERY, Stage.TOKEN, Stage.CONSENT),
    "imap-sign-in": CHAIN[: CHAIN.index(Stage.EXCHANGE_SP) + 1],
}
"""What is shown to be well by a check that passes further on: Exchange takes no token unless all of that is right."""


def _implied(evidence: Evidence, findings: Sequence[Finding]) -> set[Stage]:
    """Return the links that need not be asked for, since what follows them works."""
    good = {finding.check for finding in findings if finding.outcome is Outcome.PASS}
    found = {stage for check, stages in _SHOWN_BY.items() if check in good for stage in stages}
    spoken = any(session.steps or session.greeting for session in evidence.all_imap_sessions())
    return found | ({Stage.IMAP_NETWORK} if spoken else set())


def _whole(evidence: Evidence) -> set[Stage]:
    """Return the links whose output is there, whole, though what it has to be compared with is not."""
    rows = evidence.exchange.service_principals
    found = set()
    if not isinstance(rows, Unavailable) and all(is_guid(row.app_id) and is_guid(row.object_id) for row in rows):
        found.add(Stage.EXCHANGE_SP)
    lists = [mailbox.permissions for mailbox in evidence.mailboxes]
    if lists and all(
        not isinstance(one, Unavailable) and not any(is_cut_off(row.user) for row in one) for one in lists
    ):
        found.add(Stage.MAILBOX_PERMISSION)
    return found


def _kind(
    evidence: Evidence, findings: Sequence[Finding], diagnosis: Diagnosis, code: int
) -> tuple[Kind, dict[str, str]]:
    required = [finding for finding in findings if finding.required]
    passed = sum(finding.outcome is Outcome.PASS for finding in findings)
    numbers = {"passed": str(passed), "unknown": str(sum(is_open(evidence, finding) for finding in required))}
    if diagnosis.first is not None:
        return Kind.CAUSE, {"cause": diagnosis.first.cause, "confidence": diagnosis.first.confidence.value}
    if any(finding.outcome is Outcome.FAIL for finding in required):
        return Kind.UNEXPLAINED, {}
    if code == 0:
        return (Kind.WELL if is_opened(evidence, findings) else Kind.PART_WELL), numbers
    told = next(
        (finding.judgement.reason for finding in findings if finding.check == _SIGN_IN and finding.judgement.reason), ""
    )
    if evidence.entra_errors and told and not evidence.live:
        return Kind.ENTRA_SAYS, {"reason": told}
    if evidence.failure_lines:
        last = evidence.failure_lines[-1]
        return Kind.SAYS_FAILED, {"where": last.provenance.how, "line": last.text}
    if numbers["unknown"] != "0":
        return (Kind.NOT_READY if evidence.obstacles else Kind.UNDECIDED), numbers
    return (Kind.PART if passed else Kind.NOTHING), numbers


def _is_delegated(evidence: Evidence) -> bool:
    """Say whether the token that is to be seen speaks for a user, so that Exchange needs no entry of the application."""
    token = evidence.token()
    return isinstance(token, TokenClaims) and not token.is_app_only


_REQUESTS: tuple[tuple[Request, tuple[Stage, ...], tuple[tuple[str, str], ...]], ...] = (
    (Request.SETTINGS, (Stage.INPUT, Stage.DISCOVERY), ()),
    (Request.TOKEN, (Stage.TOKEN, Stage.CLAIMS), ()),
    (Request.CONSENT, (Stage.CONSENT,), ()),
    (
        Request.SERVICE_PRINCIPALS,
        (Stage.EXCHANGE_SP,),
        (("Get-ServicePrincipal", "DisplayName,AppId,ObjectId,ServiceId,Sid"),),
    ),
    (
        Request.MAILBOX,
        (Stage.MAILBOX,),
        (
            ("Get-Recipient", "RecipientTypeDetails,PrimarySmtpAddress,EmailAddresses"),
            ("Get-CASMailbox", "ImapEnabled"),
        ),
    ),
    (
        Request.PERMISSIONS,
        (Stage.MAILBOX_PERMISSION,),
        (("Get-MailboxPermission", "User,UserSid,AccessRights,Deny,IsInherited"),),
    ),
    (Request.IMAP_LOG, (Stage.IMAP_NETWORK, Stage.IMAP_AUTH, Stage.IMAP_SELECT), ()),
)
_OF_THE_TENANT = {"Get-ServicePrincipal"}


def _asks(evidence: Evidence, left: Sequence[Stage], shown: Container[Stage]) -> list[Ask]:
    """Return what to ask for, for the links that the text leaves open; what is there already shows no more."""
    found = []
    for request, stages, commands in _REQUESTS:
        wanted = tuple(stage for stage in stages if stage in left)
        if wanted and not any(stage in shown for stage in stages):
            lines = tuple(_line(evidence, cmdlet, properties) for cmdlet, properties in commands)
            found.append(Ask(request, wanted, lines))
    return found


def _line(evidence: Evidence, cmdlet: str, properties: str) -> str:
    mailbox = mailbox_to_fill((), evidence.target.mailboxes)
    asked = cmdlet if cmdlet in _OF_THE_TENANT else powershell_line(cmdlet, Identity=mailbox) if mailbox else ""
    return f"{asked or f'{cmdlet} -Identity MAILBOX'} | Format-List {properties}"
