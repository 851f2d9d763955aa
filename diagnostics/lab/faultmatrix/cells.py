"""The cells: which boundaries there are, which faults, at which moments, and which combinations make no sense."""

from __future__ import annotations

import enum
import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from diagnostics.lab.faults import CERTIFICATES, OF_CONNECTIONS, Conduct, Fault

HUGE_SECONDS = 100_000


class Boundary(enum.StrEnum):
    """Where diag meets somebody else."""

    DISCOVERY = "discovery"
    TOKEN = "token"  # noqa: S105 - a boundary
    GRAPH = "graph"
    WSMAN = "wsman"
    REST = "rest"
    STDIO = "stdio"
    SSH = "ssh"
    IMAP = "imap"
    DNS = "dns"


class Family(enum.StrEnum):
    """What kinds of faults have in common, for whoever must tell what follows from them."""

    NOBODY = "nobody"
    """Nothing answers at the other end, or nothing accepts."""
    STRANGER = "stranger"
    """The certificate is not the host's."""
    BROKEN_OFF = "broken off"
    ENDLESS = "endless"
    """No answer comes to its end in time or in size."""
    ELSEWHERE = "elsewhere"
    """A redirect."""
    STATUS = "status"
    """An HTTP status without the body that the service itself would send."""
    UNREADABLE = "unreadable"
    """An answer that is not of the service's form."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One fault; its name is that of the issue it stands for."""

    name: str
    family: Family
    fault: Fault

    @property
    def conduct(self) -> Conduct | None:
        """What the peer does below the level of an HTTP status."""
        return self.fault.conduct


@dataclass(frozen=True, slots=True)
class Moment:
    """When a fault begins: at the `nth` exchange whose label fits; 0: at the last of a healthy run, less `back`."""

    name: str
    fitting: str = ""
    nth: int = 1
    back: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination."""

    boundary: Boundary
    kind: Kind
    moment: Moment
    command: str = "permissions"
    scenarios: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What `--only` calls it."""
        command = (
            "" if self.command == "permissions" else f"{self.command}-{'broken' if self.scenarios else 'healthy'}:"
        )
        return f"{command}{self.boundary}/{self.kind.name}/{self.moment.name}"


@dataclass(frozen=True, slots=True)
class Senseless:
    """A combination that is left out, and why."""

    boundary: Boundary
    kind: Kind
    reason: str

    @property
    def name(self) -> str:
        """Boundary and fault."""
        return f"{self.boundary}/{self.kind.name}"


class NothingChosen(ValueError):
    """No cell has the name that was asked for."""


_FAMILIES: Mapping[Family, tuple[Conduct, ...]] = {
    Family.NOBODY: (Conduct.REFUSED, Conduct.UNREACHABLE, Conduct.RESET_AT_CONNECT, Conduct.SILENT_AT_CONNECT),
    Family.STRANGER: (Conduct.OTHER_CA, Conduct.EXPIRED, Conduct.WRONG_HOST),
    Family.BROKEN_OFF: (Conduct.RESET_MID_REQUEST, Conduct.RESET_MID_RESPONSE, Conduct.CUT, Conduct.BYE),
    Family.ENDLESS: (
        Conduct.SILENT,
        Conduct.DRIP_HEADER,
        Conduct.DRIP_BODY,
        Conduct.ENDLESS_1XX,
        Conduct.ENDLESS_HEADER,
        Conduct.ENDLESS_BODY,
        Conduct.GZIP_BOMB,
    ),
    Family.UNREADABLE: (
        Conduct.HTML,
        Conduct.EMPTY,
        Conduct.WRONG_SHAPE,
        Conduct.WRONG_TYPE,
        Conduct.INVALID_UTF8,
        Conduct.LONE_SURROGATE,
        Conduct.GARBAGE,
    ),
}
_REDIRECTS = (301, 302, 303, 307, 308)
_STATUSES = (400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504)
_THROTTLED = (429, 503)
_BUSY = b"The request was answered by a device on the way."


def kinds() -> list[Kind]:
    """Return every fault; where a redirect leads is filled in when the cell runs."""
    found = [
        Kind(str(conduct), family, Fault(conduct=conduct))
        for family, conducts in _FAMILIES.items()
        for conduct in conducts
    ]
    found += [Kind(f"redirect-{status}", Family.ELSEWHERE, Fault(status=status)) for status in _REDIRECTS]
    found += [Kind(f"status-{status}", Family.STATUS, Fault(status=status, body=_BUSY)) for status in _STATUSES]
    found += [
        Kind(f"retry-after-{status}", Family.STATUS, Fault(status=status, body=_BUSY, retry_after=HUGE_SECONDS))
        for status in _THROTTLED
    ]
    return found


_WELL_KNOWN = r"/\.well-known/"
_TOKEN_REQUEST = r"^POST .*/token"  # noqa: S105 - a pattern
_OF_PIPELINES = "^Data pipeline"
MOMENTS: Mapping[Boundary, tuple[Moment, ...]] = {
    Boundary.DISCOVERY: (Moment("first", _WELL_KNOWN), Moment("last", _WELL_KNOWN, 0)),
    Boundary.TOKEN: (
        Moment("first", _TOKEN_REQUEST),
        Moment("second", _TOKEN_REQUEST, 2),
        Moment("last", _TOKEN_REQUEST, 0),
    ),
    Boundary.GRAPH: (Moment("first"), Moment("second", nth=2), Moment("last", nth=0)),
    Boundary.WSMAN: (Moment("first"), Moment("second", nth=2), Moment("last", nth=0, back=5)),
    Boundary.REST: (Moment("first"), Moment("second", nth=2), Moment("last", nth=0)),
    Boundary.STDIO: (Moment("first"), Moment("second", nth=2), Moment("last", _OF_PIPELINES, 0, 8)),
    Boundary.SSH: (Moment("first"), Moment("second", nth=2), Moment("last", _OF_PIPELINES, 0, 8)),
    Boundary.IMAP: tuple(
        Moment(name.lower(), f"^{name}$")
        for name in ("GREETING", "CAPABILITY", "AUTHENTICATE", "NAMESPACE", "LIST", "EXAMINE", "LOGOUT")
    ),
    Boundary.DNS: (Moment("first"),),
}
"""When the faults of each boundary begin.

The last of WSMan and of the streams is the answer to the cmdlets about the mailbox: a question about warnings, which nobody
judges, and the end of the shell come after it.
"""

_HTTP = {Boundary.DISCOVERY, Boundary.TOKEN, Boundary.GRAPH, Boundary.WSMAN, Boundary.REST}
_STREAMS = {Boundary.STDIO, Boundary.SSH}
_OF_HTTP = {Conduct.ENDLESS_1XX, Conduct.GZIP_BOMB, Conduct.DRIP_HEADER}
_NO_MAIL_SERVER = "no cell asks DNS: the lab's domain is asked of no name server, and none can be named"


def why_senseless(boundary: Boundary, kind: Kind) -> str:
    """Return why a boundary cannot meet a fault; empty where it can."""
    conduct = kind.conduct
    if boundary is Boundary.DNS:
        return _NO_MAIL_SERVER
    if boundary is Boundary.TOKEN and kind.fault.of_connections:
        return "the sign-in host is one host: its connections are those of discovery"
    if boundary not in _HTTP and (conduct is None or conduct in _OF_HTTP):
        return "it is a matter of HTTP"
    if conduct is Conduct.BYE and boundary is not Boundary.IMAP:
        return "BYE is a word of IMAP"
    if conduct is Conduct.GARBAGE and boundary in _HTTP:
        return "for HTTP, what is no HTTP is the HTML, empty, cut and wrong-shape faults"
    if boundary in _STREAMS and conduct in CERTIFICATES:
        return "there are no certificates on standard streams" if boundary is Boundary.STDIO else "ssh knows host keys"
    if boundary is Boundary.STDIO and conduct is Conduct.UNREACHABLE:
        return "a program of this machine is there or is not"
    return ""


def generated() -> Iterator[Cell | Senseless]:
    """Yield every combination of boundary, fault and moment, the senseless ones once per boundary and fault."""
    for boundary in Boundary:
        for kind in kinds():
            reason = why_senseless(boundary, kind)
            if reason:
                yield Senseless(boundary, kind, reason)
                continue
            yield from (Cell(boundary, kind, moment) for moment in _moments(boundary, kind))


def _moments(boundary: Boundary, kind: Kind) -> Sequence[Moment]:
    """Return when a fault can begin: the connections of a stream, or of one IMAP session, begin once."""
    of_connections = kind.conduct in OF_CONNECTIONS
    if of_connections and boundary in {Boundary.IMAP, *_STREAMS, Boundary.DISCOVERY}:
        return (Moment("connect"),)
    return MOMENTS[boundary]


def cells(only: Sequence[str] = ()) -> list[Cell | Senseless]:
    """Return all of them, or those whose names or whose first parts `only` names (`*` stands for anything).

    Raises NothingChosen for a name that fits none.
    """
    everything = list(generated())
    for name in only:
        if not any(_matches(item.name, name) for item in everything):
            raise NothingChosen(f"no cell is called {name!r}")
    return [item for item in everything if not only or any(_matches(item.name, name) for name in only)]


def _matches(name: str, wanted: str) -> bool:
    return fnmatch.fnmatchcase(name, wanted) or fnmatch.fnmatchcase(name, f"{wanted}/*")
