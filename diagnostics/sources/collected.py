"""Reads the file that `Export-DiagEvidence.ps1` writes, as evidence: the same that the bridge would have brought.

The file holds each call with its rows, warnings and errors. They are played back to `exchange.collect`, so that a live
run and a file are turned into evidence by the same code. A call that the file lacks is one that was not answered.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from diagnostics import files
from diagnostics.evidence import (
    ApplicationId,
    Evidence,
    ExchangeConnection,
    GraphEvidence,
    Missing,
    Provenance,
    Source,
    Target,
    Unavailable,
)
from diagnostics.exchange.collect import CollectedExchange, collect
from diagnostics.exchange.errors import shell_error
from diagnostics.exchange.port import (
    CmdletCall,
    CmdletResult,
    ErrorKind,
    OpenStep,
    ParameterValue,
    ShellError,
)
from diagnostics.exchange.rows import connection, moment
from diagnostics.exchange.values import unwrapped
from diagnostics.redaction import safe

SCHEMA = "diag/collected/1"
LARGEST = 64 * 1024 * 1024
"""Bytes; about 100,000 mailboxes."""
_HEAD = re.compile(r'\A\s*\{\s*"schema"\s*:\s*"diag/collected/')
_GUID = re.compile(r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?", re.IGNORECASE)


class CollectedUnusable(ValueError):
    """A collector's file that is damaged or of another version; the words name the place."""


def is_collected(head: bytes) -> bool:
    """Say whether a file that begins so was written by the collector, in whichever version. 4 KiB are enough."""
    return _HEAD.match(_decoded(head)) is not None


def read(source: Path | bytes, name: str = "") -> Evidence:
    """Return the evidence in a collector's file, given as its path or its content.

    `name` is what provenance calls it. It is judged as of the moment at which it was collected. Raises FileUnusable
    and CollectedUnusable.
    """
    name = name or (str(source) if isinstance(source, Path) else "collected evidence")
    document = _Document(_content(source), name)
    recording = Recording(document)
    taken = collect(recording, document.mailboxes, document.application_id, lambda: document.mailboxes)
    return _evidence(document, taken)


def with_texts(evidence: Evidence, texts: Evidence) -> Evidence:
    """Return what a collector's file and pasted texts show together; on Exchange and its mailboxes the file decides."""
    here = {mailbox.address.casefold() for mailbox in evidence.mailboxes}
    others = tuple(mailbox for mailbox in texts.mailboxes if mailbox.address.casefold() not in here)
    target = replace(
        texts.target,
        tenant=evidence.target.tenant or texts.target.tenant,
        organization=evidence.target.organization or texts.target.organization,
        application_id=evidence.target.application_id or texts.target.application_id,
        mailboxes=tuple(dict.fromkeys((*evidence.target.mailboxes, *texts.target.mailboxes))),
    )
    return replace(
        texts,
        judged_at=evidence.judged_at,
        target=target,
        exchange=evidence.exchange,
        mailboxes=(*evidence.mailboxes, *others),
    )


def _content(source: Path | bytes) -> bytes:
    if not isinstance(source, bytes):
        return files.read(source, largest=LARGEST)
    if len(source) > LARGEST:
        raise CollectedUnusable(f"the file is larger than {LARGEST // 1024**2} MiB")
    return source


def _decoded(content: bytes) -> str:
    """Decode UTF-8, or what Windows PowerShell's redirection makes of it, which is UTF-16 with a byte order mark."""
    return files.decoded(content, "", errors="replace")


def _evidence(document: _Document, taken: CollectedExchange) -> Evidence:
    nothing = Unavailable(
        "the collector looks at Exchange only", Missing.NOT_IN_TEXT, Provenance(Source.TEXT, safe(document.name))
    )
    connection = document.connection
    return Evidence(
        judged_at=document.collected_at,
        live=False,
        target=Target(
            tenant=connection.tenant_id if isinstance(connection, ExchangeConnection) else "",
            organization=connection.organization if isinstance(connection, ExchangeConnection) else "",
            application_id=document.application_id,
            mailboxes=document.mailboxes,
        ),
        secret=nothing,
        discoveries=nothing,
        tokens=nothing,
        graph=GraphEvidence(nothing, nothing, nothing, nothing, nothing),
        exchange=replace(taken.exchange, connection=connection),
        mailboxes=tuple(replace(mailbox, imap=nothing, domain_mx=nothing) for mailbox in taken.mailboxes),
    )


class Recording:
    """A `port.Shell` that answers with what the file holds, and reaches nothing."""

    transport = "collector"
    steps: Sequence[OpenStep] = ()
    remarks: tuple[str, ...] = ()

    def __init__(self, document: _Document) -> None:
        self.connection = document.connection if isinstance(document.connection, ExchangeConnection) else None
        self._answers = {_key(result.call): result for result in document.calls()}

    def __enter__(self) -> Self:
        """Do nothing; there is nothing to open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing; there is nothing to close."""

    def invoke_many(self, calls: Sequence[CmdletCall]) -> list[CmdletResult]:
        """Return what the file holds for each call; one that it lacks was not answered."""
        return [self._answers.get(_key(call), _lacking(call)) for call in calls]

    def commands(self, names: Sequence[str]) -> frozenset[str] | None:
        """Return nothing: which cmdlets the operator had is not in the file."""
        del names
        return None

    def invoke(self, cmdlet: str, **parameters: ParameterValue) -> CmdletResult:
        """Return what the file holds for one call."""
        return self.invoke_many([CmdletCall(cmdlet, parameters)])[0]


def _key(call: CmdletCall) -> tuple[str, frozenset[tuple[str, str]]]:
    """Return what makes two calls the same; PowerShell compares names without case, and so does Exchange with ids."""
    return call.cmdlet.casefold(), frozenset((k.casefold(), str(v).casefold()) for k, v in call.parameters.items())


def _lacking(call: CmdletCall) -> CmdletResult:
    error = ShellError(ErrorKind.NOT_REACHED, "the collector's file holds no answer to this call")
    return CmdletResult(call, errors=(error,), answered=False)


@dataclass(frozen=True)
class _At:
    """A value of the document and its place, for complaints."""

    value: Any
    place: str

    def __getitem__(self, key: str | int) -> _At:
        inner = f"{self.place}[{key}]" if isinstance(key, int) else f"{self.place}.{key}".lstrip(".")
        found = self.value[key] if isinstance(key, int) else self.mapping().get(key)
        return _At(found, inner)

    def fail(self, wanted: str) -> CollectedUnusable:
        return CollectedUnusable(f"{self.place or 'the document'} is not {wanted}")

    def mapping(self) -> Mapping[str, Any]:
        if not isinstance(self.value, dict):
            raise self.fail("an object")
        return self.value

    def items(self) -> Iterator[_At]:
        if not isinstance(self.value, list):
            raise self.fail("a list")
        return (self[number] for number in range(len(self.value)))

    def word(self) -> str:
        if not isinstance(self.value, str):
            raise self.fail("text")
        return self.value

    def time(self) -> dt.datetime:
        found = moment({"at": self.word()}, "at")
        if found is None:
            raise self.fail("a time")
        return found


class _Document:
    """The collector's file, checked part by part as it is read; raises CollectedUnusable with the place."""

    def __init__(self, content: bytes, name: str) -> None:
        self.name = name
        try:
            self._top = _At(unwrapped(json.loads(_decoded(content))), "")
        except (ValueError, RecursionError) as error:
            raise CollectedUnusable(f"{safe(name)} is not whole: {safe(str(error))}") from None
        schema = self._top["schema"].value
        if schema != SCHEMA:
            raise CollectedUnusable(f"{safe(name)} has the schema {safe(str(schema))}; this diag reads {SCHEMA}")
        self.collected_at = self._top["collected_at"].time()
        self.application_id = ApplicationId(self._top["application_id"].word().lower())
        if not _GUID.fullmatch(self.application_id):
            raise self._top["application_id"].fail("an id")
        self.mailboxes = tuple(safe(one.word()) for one in self._top["mailboxes"].items())
        self.connection = self._connection()

    def _connection(self) -> ExchangeConnection | Unavailable:
        part = self._top["connection"]
        where = Provenance(Source.EXCHANGE, "Get-ConnectionInformation")
        if part.value is None:
            return Unavailable("the collector was not connected", Missing.NOT_SIGNED_IN, where)
        return replace(
            connection(part.mapping(), where),
            transport=Recording.transport,
            powershell_version=safe(self._top["powershell"].word()),
            module_version=safe(self._top["module"].word()),
        )

    def calls(self) -> Iterator[CmdletResult]:
        """Yield the calls of the file with what they gave."""
        return (_result(call) for call in self._top["calls"].items())


def _result(call: _At) -> CmdletResult:
    parameters = call["parameters"].mapping()
    for name, value in parameters.items():
        if not isinstance(value, str | bool | int):
            raise call["parameters"][name].fail("text, a number or a truth value")
    finished, milliseconds = call["finished"], call["milliseconds"]
    if not isinstance(finished.value, bool):
        raise finished.fail("true or false")
    if not isinstance(milliseconds.value, int):
        raise milliseconds.fail("a number")
    return CmdletResult(
        call=CmdletCall(call["cmdlet"].word(), cast("Mapping[str, ParameterValue]", parameters)),
        rows=tuple(row.mapping() for row in call["rows"].items()),
        errors=tuple(_error(error) for error in call["errors"].items()),
        warnings=tuple(safe(warning.word()) for warning in call["warnings"].items()),
        answered=finished.value,
        at=call["at"].time(),
        seconds=milliseconds.value / 1000,
    )


def _error(error: _At) -> ShellError:
    return shell_error(
        error["message"].word(),
        error_id=error["id"].word(),
        category=error["category"].word(),
        exception_type=error["type"].word(),
    )
