"""The operator holds the roles that Exchange's cmdlets need: a session has only the cmdlets of the operator's roles."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks.operator.way_to_exchange import kind_of
from diagnostics.evidence import CmdletError, ErrorKind, Evidence
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed

_OF_EXCHANGE = re.compile(
    r"(?:New|Get|Set|Remove|Add|Test)-(?:ServicePrincipal|MailboxPermission|RecipientPermission|CASMailbox|EXO\w+|Recipient"
    r"|Mailbox|ApplicationAccessPolicy|ServicePrincipalAuthorization|ManagementRoleAssignment)|",
    re.IGNORECASE,
)
"""Exchange's cmdlets; where the sentence names none, it is one of Exchange that says so."""


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Name the missing role behind each cmdlet that PowerShell does not know, in whatever language it says so."""
    for error in evidence.exchange.errors:
        if kind_of(error) is ErrorKind.COMMAND_NOT_FOUND and _OF_EXCHANGE.fullmatch(error.cmdlet):
            yield _missing_role(error)


def _missing_role(error: CmdletError) -> Judgement:
    said = f"{error.provenance.how}: “{error.message}”"
    sure = Confidence.CERTAIN if error.in_context else Confidence.LIKELY
    return failed(
        "An Exchange cmdlet is not available to this operator", Suspect("exo-cmdlet-not-found", sure, (said,))
    )


CHECK = Check(
    id="exchange-cmdlets",
    stage=Stage.EXCHANGE_SP,
    title="The operator has Exchange's cmdlets",
    causes=("exo-cmdlet-not-found",),
    judge=judge,
    order=10,
)
