"""The cells: which boundaries there are, which faults, at which moments, and which combinations make no sense."""

from __future__ import annotations

import enum
import fnmatch
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from diagnostics.lab.faults import CERTIFICATES, OF_CONNECTIONS, Conduct, Fault

HUGE_SECONDS = 100_000
UNREGISTERED = "exo-sp-not-registered"


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


class Errand(enum.StrEnum):
    """What diag is asked to do meanwhile."""

    LOOK = "permissions"
    GRANT = "grant"
    """In a tenant where the application is not registered in Exchange and opens nothing."""
    GRANT_AGAIN = "grant-again"
    """In a tenant where nothing is missing."""


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


NO_KIND = Kind("none", Family.NOBODY, Fault())


@dataclass(frozen=True, slots=True)
class Moment:
    """When a fault begins: at the `nth` exchange whose label fits.

    Where `nth` is 0, at that which comes after a `share` of those of a healthy run, less `back`.
    """

    name: str
    fitting: str = ""
    nth: int = 1
    back: int = 0
    share: float = 1.0

    def at(self, seen: int) -> int:
        """Return the number of the exchange, where a healthy run has `seen` that fit."""
        return self.nth or max(1, math.ceil(seen * self.share) - self.back)


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination."""

    boundary: Boundary
    kind: Kind
    moment: Moment
    errand: Errand = Errand.LOOK

    @property
    def name(self) -> str:
        """What `--only` calls it."""
        errand = "" if self.errand is Errand.LOOK else f"{self.errand}/"
        return f"{errand}{self.boundary}/{self.kind.name}/{self.moment.name}"

    @property
    def scenarios(self) -> tuple[str, ...]:
        """How the tenant is broken before anything misbehaves."""
        return (UNREGISTERED,) if self.errand is Errand.GRANT else ()


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
    Boundary.GRAPH: (Moment("first"), Moment("second", nth=2), Moment("last", "/appRoleAssignments")),
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
_NO_STREAM = "DNS is asked in datagrams, which have no connection, no certificate and no pace"
_OF_STREAMS = frozenset(
    {
        *OF_CONNECTIONS - {Conduct.REFUSED},
        *(Conduct.RESET_MID_REQUEST, Conduct.DRIP_HEADER, Conduct.DRIP_BODY, Conduct.ENDLESS_HEADER, Conduct.HTML),
    }
)


def why_senseless(boundary: Boundary, kind: Kind) -> str:
    """Return why a boundary cannot meet a fault; empty where it can."""
    conduct = kind.conduct
    if boundary is Boundary.DNS and conduct in _OF_STREAMS:
        return _NO_STREAM
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


_GRANTING = (Boundary.TOKEN, Boundary.WSMAN, Boundary.REST, Boundary.STDIO, Boundary.SSH)
_GRANT_KINDS = frozenset(
    {
        *(Conduct.RESET_MID_REQUEST, Conduct.RESET_MID_RESPONSE, Conduct.CUT, Conduct.SILENT, Conduct.DRIP_BODY),
        *(Conduct.HTML, Conduct.EMPTY, Conduct.WRONG_SHAPE, Conduct.WRONG_TYPE, Conduct.INVALID_UTF8),
        *("status-401", "status-404", "status-500", "retry-after-503", "redirect-307"),
    }
)
"""One or two faults of each family. Plain throttling is not among them: a grant waits for that, for longer than a look."""


def _grants() -> Iterator[Cell]:
    """Yield the cells in which something is to be changed: from the first exchange to the last, that is, at the writes too."""
    for boundary in _GRANTING:
        fitting = _TOKEN_REQUEST if boundary is Boundary.TOKEN else _OF_PIPELINES if boundary in _STREAMS else ""
        moments = [Moment("first", fitting)] + [
            Moment(name, fitting, 0, share=share)
            for name, share in (("quarter", 0.25), ("half", 0.5), ("three-quarters", 0.75), ("last", 1.0))
        ]
        for kind in kinds():
            if kind.name in _GRANT_KINDS and not why_senseless(boundary, kind):
                yield from (Cell(boundary, kind, moment, Errand.GRANT) for moment in moments)
                yield from (Cell(boundary, kind, moment, Errand.GRANT_AGAIN) for moment in (moments[0], moments[2]))


def generated() -> Iterator[Cell | Senseless]:
    """Yield every combination of boundary, fault and moment, the senseless ones once per boundary and fault."""
    for boundary in Boundary:
        for kind in kinds():
            reason = why_senseless(boundary, kind)
            if reason:
                yield Senseless(boundary, kind, reason)
                continue
            yield from (Cell(boundary, kind, moment) for moment in _moments(boundary, kind))
    yield from _grants()


def _moments(boundary: Boundary, kind: Kind) -> Sequence[Moment]:
    """Return when a fault can begin: the connections of a stream, or of one IMAP session, begin once."""
    if boundary in _STREAMS and kind.conduct is Conduct.RESET_MID_REQUEST:  # whose requests are fewer than its answers
        return (*MOMENTS[boundary][:2], Moment("last", _OF_PIPELINES, 0, 1))
    if kind.conduct not in OF_CONNECTIONS:
        return MOMENTS[boundary]
    if boundary in {Boundary.IMAP, *_STREAMS, Boundary.DISCOVERY}:
        return (Moment("connect"),)
    return tuple(moment for moment in MOMENTS[boundary] if not moment.fitting)


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
