"""The operator reached the right Exchange organisation."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks.operator.way_to_exchange import CAUSES, kind_of
from diagnostics.comparison import compare
from diagnostics.evidence import Evidence, ExchangeConnection, Missing, Unavailable
from diagnostics.findings import Judgement, Stage, failed, passed, unknown
from diagnostics.identity import Who, tenant_of
from diagnostics.ids import is_guid


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge to which tenant the connection is, if there is one."""
    connection = evidence.exchange.connection
    if isinstance(connection, ExchangeConnection):
        yield _tenant(evidence, connection)
    elif evidence.live and not any(kind_of(error) in CAUSES for error in evidence.exchange.errors):
        yield unknown("Exchange PowerShell could not be reached", connection)


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


CHECK = Check(
    id="exchange-connection",
    stage=Stage.OPERATOR,
    title="Exchange PowerShell answers for the right tenant",
    causes=(),
    judge=judge,
    order=10,
)
