"""The operator reached the right Exchange organisation and holds the roles that its cmdlets need."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks._ids import is_guid
from diagnostics.comparison import compare
from diagnostics.evidence import CmdletError, Evidence, ExchangeConnection, Missing, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown
from diagnostics.identity import Who, tenant_of

_NOT_A_CMDLET = re.compile(
    r"(?P<cmdlet>(?:New|Get|Set|Remove|Add)-(?:ServicePrincipal|MailboxPermission|CASMailbox|EXO\w+|Recipient|Mailbox))\W+"
    r"(?:is not recognized|cmdlet not found|is not present in the role definition|wurde nicht als|no se reconoce"
    r"|n'est pas reconnu)"
    r"|(?:is not recognized|no se reconoce)(?:(?!is not recognized|no se reconoce)[^\n])*?(?:New|Get|Remove)-ServicePrincipal",
    re.IGNORECASE,
)
_OF_EXCHANGE = re.compile(
    r"(?:New|Get|Set|Remove|Add|Test)-(?:ServicePrincipal|MailboxPermission|RecipientPermission|CASMailbox|EXO\w+|Recipient"
    r"|Mailbox|ApplicationAccessPolicy|ServicePrincipalAuthorization)",
    re.IGNORECASE,
)
_UNKNOWN_COMMAND = {"CommandNotFoundException", "command-not-found", "no-role", "not-supported-for-application"}
_NO_SCOPE = re.compile(r"role assigned to application \S+ isn.t supported in this scenario", re.IGNORECASE)


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge the connection, then the errors that speak of missing roles."""
    connection = evidence.exchange.connection
    if isinstance(connection, ExchangeConnection):
        yield _tenant(evidence, connection)
    elif evidence.live:
        yield unknown("Exchange PowerShell could not be reached", connection)
    for error in evidence.exchange.errors:
        if _NOT_A_CMDLET.search(error.message) or _NO_SCOPE.search(error.message) or _is_unknown(error):
            yield _missing_role(error)


def _is_unknown(error: CmdletError) -> bool:
    """Say whether PowerShell did not know one of Exchange's cmdlets, in whatever language it says so."""
    marks = {error.category, error.error_id.partition(",")[0]}
    return bool(marks & _UNKNOWN_COMMAND and _OF_EXCHANGE.fullmatch(error.cmdlet))


def _tenant(evidence: Evidence, connection: ExchangeConnection) -> Judgement:
    known = tenant_of(evidence)
    wanted = None if isinstance(known, Unavailable) or known.said_by[0] is Who.EXCHANGE else known
    if wanted is not None and is_guid(connection.tenant_id):
        compared = compare("tenant of the Exchange connection", connection.tenant_id, wanted.source, wanted.value)
        if not compared.equal:
            return failed("The Exchange connection is to another tenant", compared=(compared,))
        return passed("Exchange PowerShell is connected to the right tenant", compared)
    if not connection.tenant_id and (wanted is not None or not connection.organization):
        why = Unavailable("the connection names no tenant", Missing.UNEXPECTED, connection.provenance)
        return unknown("Which tenant Exchange PowerShell is connected to is not known", why)
    if wanted is not None and not is_guid(connection.tenant_id):
        said = f"the connection names the tenant {connection.tenant_id!r}, which is no id"
        return unknown("Which tenant Exchange PowerShell is connected to is not known", said)
    return passed(f"Exchange PowerShell is connected to {connection.organization or connection.tenant_id}")


def _missing_role(error: CmdletError) -> Judgement:
    said = f"{error.provenance.how}: {error.message[:200]}"
    return failed(
        "An Exchange cmdlet is not available to this operator",
        Suspect("exo-cmdlet-not-found", Confidence.CERTAIN, (said,)),
    )


CHECK = Check(
    id="exchange-connection",
    stage=Stage.EXCHANGE_SP,
    title="Exchange PowerShell answers for the right tenant",
    causes=("exo-cmdlet-not-found",),
    judge=judge,
    order=10,
)
