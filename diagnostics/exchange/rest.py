"""Exchange's admin REST endpoint as a Shell: `adminapi/beta/{tenant}/InvokeCommand`, what Microsoft's module calls.

Microsoft does not support it for other programs, so it is never the default; it serves where there is no PowerShell.
Reads go ten to a `$batch`; a write goes alone and is sent again only when Exchange refused it for want of capacity
(429), never when nobody knows what became of it.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from diagnostics.evidence import ExchangeConnection, Provenance, Source
from diagnostics.exchange.opening import SIGN_IN, TENANT, check_tenant, expected_tenant, hint_of, token_claim
from diagnostics.exchange.options import RestOptions
from diagnostics.exchange.port import (
    CmdletCall,
    CmdletResult,
    ConnectionRequest,
    ErrorKind,
    OpenStep,
    ParameterValue,
    ShellError,
    ShellUnavailable,
)
from diagnostics.exchange.psrp import is_read
from diagnostics.exchange.rest_answers import Reply, error_of, is_cmdlets_own, may_pass, page_of, retry_after
from diagnostics.exchange.rest_http import BATCH, AdminApi, Lost
from diagnostics.exchange.values import ValueRefused, check_call
from diagnostics.ids import ApplicationId, TenantId
from diagnostics.net.deadline import Deadline
from diagnostics.net.tls import CaFileUnusable
from diagnostics.net.urls import origin_of
from diagnostics.redaction import safe

NOT_SUPPORTED = (
    "This run used Exchange's admin REST endpoint (transport rest), which Microsoft supports for its own "
    "ExchangeOnlineManagement module only; it may change or refuse without notice."
)
_TIME_OUTS = 2
"""After so many calls that did not end in time, the rest of a request is not tried."""
_FIRST_SERVER_ERROR = 500
_PROBE = CmdletCall("Get-Recipient", {"ResultSize": 1})
"""A small call that every operator who may read has; shows whether Exchange lets the token in."""
_NOT_REACHED = ShellError(ErrorKind.NOT_REACHED, "earlier calls did not end in time, so this one was not sent")


class RestShell:
    """See `port.Shell`; there is no PowerShell in between."""

    transport = "rest"
    remarks: tuple[str, ...] = (NOT_SUPPORTED,)

    def __init__(self, options: RestOptions, request: ConnectionRequest) -> None:
        self._options = options
        self._request = request
        self._api: AdminApi | None = None
        self.steps: list[OpenStep] = []
        self.connection: ExchangeConnection | None = None

    def __enter__(self) -> Self:
        """Check whose token it is, and whether Exchange takes it. Raises ShellUnavailable."""
        started = time.monotonic()
        tenant = expected_tenant(self._request)
        check_tenant(TenantId(token_claim(self._request.access_token, "tid")) or tenant, tenant)
        self.steps.append(OpenStep(TENANT, tenant, time.monotonic() - started))
        self._api = self._opened(tenant)
        started = time.monotonic()
        try:
            error = self._alone(_PROBE).error
        except BaseException:
            self.close()
            raise
        if error is not None:
            self.close()
            raise ShellUnavailable(SIGN_IN, error.message, kind=error.kind, hint=hint_of(error.kind))
        self.steps.append(OpenStep(SIGN_IN, f"{self._api.host}; {NOT_SUPPORTED}", time.monotonic() - started))
        self.connection = ExchangeConnection(
            tenant_id=tenant,
            organization=self._request.organization,
            provenance=Provenance(Source.EXCHANGE, "POST adminapi/beta InvokeCommand"),
            user_principal_name=self._request.user_principal_name,
            application_id=ApplicationId(token_claim(self._request.access_token, "appid").lower()),
            transport=self.transport,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the sockets; the endpoint keeps no session."""
        del kind, error, trace
        self.close()

    def close(self) -> None:
        """Close the sockets."""
        if self._api is not None:
            self._api.close()
            self._api = None

    def _opened(self, tenant: str) -> AdminApi:
        if not origin_of(self._options.base).startswith("https://"):
            message = f"{safe(self._options.base)!r} is not an https address"
            raise ShellUnavailable(SIGN_IN, message, kind=ErrorKind.PARAMETER)
        try:
            return AdminApi(self._options, self._request, tenant)
        except CaFileUnusable as error:
            raise ShellUnavailable(SIGN_IN, str(error), kind=ErrorKind.PARAMETER) from error

    def commands(self, names: Sequence[str]) -> frozenset[str] | None:
        """Return None: the endpoint says that a cmdlet is missing only when it is called."""
        del names
        return None

    def invoke(self, cmdlet: str, **parameters: ParameterValue) -> CmdletResult:
        """Run one call."""
        return self.invoke_many([CmdletCall(cmdlet, parameters)])[0]

    def invoke_many(self, calls: Sequence[CmdletCall]) -> list[CmdletResult]:
        """Run reads ten at a time and writes one by one, in order; see `port.Shell.invoke_many`."""
        results: list[CmdletResult] = []
        reads: list[CmdletCall] = []
        for call in calls:
            if is_read(call):
                reads.append(call)
                continue
            results += self._reads(reads)
            reads = []
            results.append(_refused(call) or self._alone(call))
        return results + self._reads(reads)

    def _reads(self, calls: Sequence[CmdletCall]) -> list[CmdletResult]:
        refused = {number: _refused(call) for number, call in enumerate(calls)}
        results = {number: result for number, result in refused.items() if result is not None}
        good = [number for number, result in refused.items() if result is None]
        late = 0
        for start in range(0, len(good), BATCH):
            part = good[start : start + BATCH]
            replies = self._together([calls[number] for number in part]) if late < _TIME_OUTS else [None] * len(part)
            for number, reply in zip(part, replies, strict=True):
                call = calls[number]
                results[number] = self._settled(call, reply) if late < _TIME_OUTS else _failed(call, _NOT_REACHED)
                error = results[number].error
                late += error is not None and error.kind is ErrorKind.TIMED_OUT
        return [results[number] for number in range(len(calls))]

    def _together(self, calls: Sequence[CmdletCall]) -> Sequence[Reply | ShellError | None]:
        if len(calls) == 1 or self._api is None:
            return [None] * len(calls)
        return self._api.batch(calls, Deadline(self._options.operation_timeout))

    def _settled(self, call: CmdletCall, reply: Reply | ShellError | None) -> CmdletResult:
        """Turn a batch's part into a result; a part that is missing or may pass is asked again, alone."""
        if isinstance(reply, ShellError):
            return _failed(call, reply)
        if reply is None or may_pass(reply):
            return self._alone(call, wait=retry_after(reply) if reply is not None else None)
        return self._result(call, reply, Deadline(self._options.operation_timeout), at=dt.datetime.now(dt.UTC))

    def _alone(self, call: CmdletCall, wait: float | None = None) -> CmdletResult:
        """Send one call in a request of its own."""
        if self._api is None:
            return _failed(call, ShellError(ErrorKind.CONNECTION, "the session is not open"))
        deadline = Deadline(self._options.operation_timeout)
        at, started = dt.datetime.now(dt.UTC), time.monotonic()
        try:
            result = self._result(call, self._api.invoke(call, deadline, wait), deadline, at=at)
        except Lost as lost:
            result = replace(_failed(call, lost.error), at=at)
        return replace(result, seconds=time.monotonic() - started)

    def _result(self, call: CmdletCall, reply: Reply, deadline: Deadline, *, at: dt.datetime) -> CmdletResult:
        """Read a reply and every page that follows it; a list that breaks off is an error, never an answer."""
        page = page_of(reply)
        if page is None:
            known = is_read(call) or reply.status < _FIRST_SERVER_ERROR
            error = replace(error_of(reply), outcome_known=known)
            return CmdletResult(call, errors=(error,), answered=is_cmdlets_own(reply), at=at)
        try:
            assert self._api is not None
            rows, warnings = self._api.all_pages(call, page, deadline)
        except Lost as lost:
            return replace(_failed(call, lost.error), at=at)
        return CmdletResult(call, rows=rows, warnings=warnings, at=at)


def _refused(call: CmdletCall) -> CmdletResult | None:
    try:
        check_call(call)
    except ValueRefused as refused:
        return _failed(call, ShellError(ErrorKind.PARAMETER, safe(str(refused))))
    return None


def _failed(call: CmdletCall, error: ShellError) -> CmdletResult:
    return CmdletResult(call, errors=(error,), answered=False)
