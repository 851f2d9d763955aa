"""From findings to ranked causes: one first cause, the rest as its rivals or its consequences.

The rules, in order:

1. A cause is what a failed (or undecided) check suspects; the same cause from several checks keeps its best confidence.
2. What a passing check disproves (`rules_out`) is dropped, unless it was proven (`certain`).
3. A cause that explains another (`instead_of`, and `BARE_SYMPTOMS`) makes that one its
   consequence: it is told, and not fixed.
4. Certain and likely causes come first, in the order of the chain: the first broken link is named first. Possible ones
   follow, likewise in the order in which the check that suspects them lists them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from diagnostics import causes
from diagnostics.clouds import CLOUDS
from diagnostics.evidence import (
    Absent,
    Evidence,
    ExchangeConnection,
    Observed,
    SettingName,
    Unavailable,
)
from diagnostics.findings import Confidence, Finding, Outcome, Stage, Suspect
from diagnostics.fitting import fitting, mailbox_to_fill
from diagnostics.identity import Known, identity_of
from diagnostics.ids import is_guid, is_same
from diagnostics.invocation import Invocation

_Id = TypeVar("_Id", bound=str)

# A refusal without a reason. What is proven anywhere, or likely earlier in the chain, explains it.
BARE_SYMPTOMS = frozenset(
    {
        "auth-rejected-no-reason",
        "token-works-in-script-fails-in-app",
        "propagation-change-still-spreading",
    }
)

# Answers that name no reason, so that the check guesses: a fault that is proven of the same mailbox at one of these
# links explains the answer, and leaves nothing to guess (no mailbox has no IMAP switch, either).
_EXPLAINED_BY: Mapping[str, frozenset[Stage]] = {
    "imap-mailbox-opens": frozenset({Stage.MAILBOX, Stage.MAILBOX_PERMISSION}),
    "imap-sign-in": frozenset({Stage.CONSENT, Stage.CLAIMS, Stage.EXCHANGE_SP}),
}


@dataclass(frozen=True, slots=True)
class RankedCause:
    """A cause with everything that speaks for it and how to fix it, ids filled in."""

    cause: str
    title: str
    stage: Stage
    confidence: Confidence
    subjects: tuple[str, ...]
    evidence: tuple[str, ...]
    fix: tuple[causes.FixStep, ...]
    consequences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The ranked causes of one run; the first one is the answer."""

    causes: tuple[RankedCause, ...] = ()

    @property
    def first(self) -> RankedCause | None:
        """The first broken link, or nothing."""
        return self.causes[0] if self.causes else None


@dataclass(slots=True)
class _Candidate:
    cause: str
    stage: Stage
    confidence: Confidence
    order: int
    subjects: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    instead_of: set[str] = field(default_factory=set)
    consequences: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[bool, int, int, int]:
        weak = self.confidence is Confidence.POSSIBLE
        position = 0 if weak else self.stage.position
        return weak, position, self.confidence.rank, self.order


def diagnose(
    evidence: Evidence, findings: Sequence[Finding], language: str = "en", invocation: Invocation | None = None
) -> Diagnosis:
    """Rank the causes that `findings` suspect; pure, so a saved report is judged like a live run.

    `invocation` is how the run was started, for the commands that continue it; the evidence's own when left out.
    """
    invocation = invocation or Invocation.of(evidence.target)
    candidates = _gather(findings)
    ruled_out = {slug for finding in findings for slug in finding.judgement.rules_out}
    candidates = [c for c in candidates if c.cause not in ruled_out or c.confidence is Confidence.CERTAIN]
    candidates = _drop_explained(sorted(candidates, key=lambda candidate: candidate.key))
    base = known_values(evidence)
    return Diagnosis(
        tuple(_ranked(candidate, base, evidence.target.mailboxes, language, invocation) for candidate in candidates)
    )


def _gather(findings: Sequence[Finding]) -> list[_Candidate]:
    found: dict[str, _Candidate] = {}
    order = 0
    for finding in findings:
        if finding.outcome not in {Outcome.FAIL, Outcome.UNKNOWN}:
            continue
        explained = _is_explained(finding, findings)
        for suspect in finding.judgement.suspects:
            if explained and suspect.confidence is not Confidence.CERTAIN and suspect.cause not in BARE_SYMPTOMS:
                continue
            order += 1
            fresh = _Candidate(suspect.cause, causes.stage_of(suspect.cause), suspect.confidence, order)
            _add(found.setdefault(suspect.cause, fresh), suspect, finding)
    return list(found.values())


def _is_explained(finding: Finding, findings: Sequence[Finding]) -> bool:
    """Say whether what a check guesses at is explained by a fault that is proven of the same mailbox, or of the whole tenant."""
    stages, subject = _EXPLAINED_BY.get(finding.check, frozenset()), finding.judgement.subject
    return any(
        other.stage in stages
        and other.outcome is Outcome.FAIL
        and (not subject or not other.judgement.subject or is_same(subject, other.judgement.subject))
        and any(suspect.confidence is Confidence.CERTAIN for suspect in other.judgement.suspects)
        for other in findings
    )


def _add(candidate: _Candidate, suspect: Suspect, finding: Finding) -> None:
    if suspect.confidence.rank < candidate.confidence.rank:
        candidate.confidence = suspect.confidence
    subject = finding.judgement.subject
    if subject and subject not in candidate.subjects:
        candidate.subjects.append(subject)
    said = list(suspect.evidence) or [finding.judgement.summary]
    candidate.evidence += [sentence for sentence in said if sentence not in candidate.evidence]
    candidate.values = {**dict(suspect.values), **candidate.values}
    candidate.instead_of |= set(suspect.instead_of)


def _drop_explained(ranked: list[_Candidate]) -> list[_Candidate]:
    kept: list[_Candidate] = []
    explained = {
        slug: candidate
        for candidate in reversed(ranked)
        if candidate.confidence is not Confidence.POSSIBLE
        for slug in candidate.instead_of
    }
    for candidate in ranked:
        by = explained.get(candidate.cause)
        if by is None and candidate.cause in BARE_SYMPTOMS:
            by = next((other for other in ranked if _explains(other, candidate)), None)
        if by is None or by.cause == candidate.cause or candidate.cause in _roots(by, explained):
            kept.append(candidate)
        elif candidate.cause not in by.consequences:
            by.consequences.append(candidate.cause)
    return kept


def _explains(other: _Candidate, symptom: _Candidate) -> bool:
    if other.stage is Stage.OPERATOR:  # what the operator cannot do refuses no application
        return False
    if other.confidence is Confidence.CERTAIN:
        return other.cause not in BARE_SYMPTOMS
    return other.confidence is Confidence.LIKELY and other.stage.position < symptom.stage.position


def _roots(candidate: _Candidate, explained: Mapping[str, _Candidate]) -> set[str]:
    """Return what explains `candidate` itself, so that two causes that explain each other are not both dropped."""
    by = explained.get(candidate.cause)
    return {by.cause} if by is not None else set()


def _ranked(
    candidate: _Candidate,
    base: Mapping[str, str],
    mailboxes: Sequence[str],
    language: str,
    invocation: Invocation,
) -> RankedCause:
    page = causes.page(candidate.cause, language)
    values = {**base, **{name: value for name, value in candidate.values.items() if value}}
    meant = (candidate.values.get("mailbox", ""), *candidate.subjects[:1])
    values["mailbox"] = mailbox_to_fill(meant, mailboxes)
    return RankedCause(
        cause=candidate.cause,
        title=page.title,
        stage=candidate.stage,
        confidence=candidate.confidence,
        subjects=tuple(candidate.subjects),
        evidence=tuple(candidate.evidence),
        fix=page.steps(fitting(values), invocation),
        consequences=tuple(candidate.consequences),
    )


def known_values(evidence: Evidence) -> dict[str, str]:
    """Return the ids of a run by placeholder name: those that the checks compare with and that `grant` uses."""
    target, identity = evidence.target, identity_of(evidence)
    values = {
        "tenant_id": _value(identity.tenant) or ("" if is_guid(target.tenant) else target.tenant),
        "organization": target.organization,
        "application_id": _value(identity.application_id),
        "enterprise_app_object_id": _value(identity.object_id),
        "app_registration_object_id": target.app_registration_object_id,
        "display_name": identity.display_name,
        "mailbox": mailbox_to_fill((), target.mailboxes),
        "imap_server": target.imap_server,
        "imap_port": str(target.imap_port),
        "scope": target.scope,
        "login": target.login,
        "graph": target.graph,
    }
    registration = evidence.graph.registration
    if not isinstance(registration, (Absent, Unavailable)):
        values["app_registration_object_id"] = registration.object_id
    connection = evidence.exchange.connection
    if isinstance(connection, ExchangeConnection):
        values["organization"] = connection.organization or values["organization"]
        if "#EXT#" not in connection.user_principal_name.upper():  # a guest signs in with another name
            values["operator"] = connection.user_principal_name
    cloud = CLOUDS.get(target.cloud, CLOUDS["global"])
    if cloud.name != "global":
        values["exchange_environment"] = cloud.exchange_environment.value
        values["graph_environment"] = cloud.graph_environment.value
    redirects = [setting.raw for setting in evidence.settings if setting.name is SettingName.REDIRECT_URI]
    values["redirect_uri"] = redirects[0].strip() if redirects else ""
    return {name: value for name, value in values.items() if value}


def _value(known: Observed[Known[_Id]]) -> str:
    return "" if isinstance(known, Unavailable) else known.value
