"""What can go wrong on the way to an endpoint of the lab: slowness, throttling, dropped connections, every misconduct.

Each endpoint asks `take()` once for each request. Rules are used up in the order in which they were added; an onset
holds from a certain request on.
"""

from __future__ import annotations

import enum
import re
import ssl
import threading
from collections import deque
from dataclasses import dataclass, field


class Conduct(enum.StrEnum):
    """How a peer misbehaves instead of answering; the first group concerns connections, the rest single requests."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    RESET_AT_CONNECT = "reset-at-connect"
    SILENT_AT_CONNECT = "silent-at-connect"
    OTHER_CA = "other-ca"
    EXPIRED = "expired"
    WRONG_HOST = "wrong-host"
    RESET_MID_REQUEST = "reset-mid-request"
    RESET_MID_RESPONSE = "reset-mid-response"
    CUT = "cut"
    SILENT = "silent"
    DRIP_HEADER = "drip-header"
    DRIP_BODY = "drip-body"
    ENDLESS_1XX = "endless-1xx"
    ENDLESS_HEADER = "endless-header"
    ENDLESS_BODY = "endless-body"
    GZIP_BOMB = "gzip-bomb"
    REDIRECT = "redirect"
    STATUS = "status"
    HTML = "html"
    EMPTY = "empty"
    WRONG_SHAPE = "wrong-shape"
    WRONG_TYPE = "wrong-type"
    INVALID_UTF8 = "invalid-utf-8"
    LONE_SURROGATE = "lone-surrogate"
    GARBAGE = "garbage"
    BYE = "bye"


UNHEARD = frozenset({Conduct.REFUSED, Conduct.UNREACHABLE})
"""Nothing listens, or nobody accepts: the endpoint cannot count who tried."""

CERTIFICATES = frozenset({Conduct.OTHER_CA, Conduct.EXPIRED, Conduct.WRONG_HOST})
OF_CONNECTIONS = UNHEARD | CERTIFICATES | {Conduct.RESET_AT_CONNECT, Conduct.SILENT_AT_CONNECT}


@dataclass(frozen=True)
class Fault:
    """One thing that happens to one request.

    `latency` is in seconds and comes before the answer. `status` answers with that HTTP status instead (with
    `retry_after` seconds and `body`, and `location` for a redirect). `drop` cuts the connection without an answer;
    `drop_after` does the work first, so that the caller cannot know whether it was done. `conduct` is for peers that
    misbehave below the level of an answer.
    """

    latency: float = 0.0
    status: int | None = None
    retry_after: int | None = None
    body: bytes = b""
    content_type: str = "text/plain"
    location: str = ""
    drop: bool = False
    drop_after: bool = False
    conduct: Conduct | None = None

    @property
    def of_connections(self) -> bool:
        """Whether it concerns connections, before any request."""
        return self.conduct in OF_CONNECTIONS


NO_FAULT = Fault()
_CUT_OFF = Fault(drop=True)


@dataclass
class Onset:
    """A fault that holds from the `nth` request on whose label (`GET /path`, `LIST`) fits `fitting`.

    A fault of connections holds from the connection after which `nth - 1` such requests have been taken; `tls` is the
    certificate that it shows. `met` counts who ran into it.
    """

    fault: Fault
    fitting: str = ""
    nth: int = 1
    tls: ssl.SSLContext | None = None
    seen: int = 0
    met: int = 0


@dataclass
class EndpointFaults:
    """The faults of one endpoint: `always` for every request, a queue of faults that are used up, and an onset."""

    always: Fault = NO_FAULT
    queue: deque[Fault] = field(default_factory=deque)
    requests: int = 0
    onset: Onset | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, fault: Fault, times: int = 1) -> None:
        """Let the next `times` requests meet `fault`."""
        with self._lock:
            self.queue.extend([fault] * times)

    def take(self, label: str = "") -> Fault:
        """Count a request and return what happens to it."""
        with self._lock:
            self.requests += 1
            return self.queue.popleft() if self.queue else self._begun(label) or self.always

    def step(self, label: str) -> Fault | None:
        """Return what the onset does to one step of a longer exchange, an IMAP command for one."""
        with self._lock:
            return self._begun(label)

    def connecting(self) -> Fault | None:
        """Return what happens to new connections."""
        with self._lock:
            onset = self.onset
            holds = onset is not None and onset.fault.of_connections and onset.seen >= onset.nth - 1
            return onset.fault if onset is not None and holds else None

    def met(self) -> None:
        """Count a connection that met the onset."""
        with self._lock:
            if self.onset is not None:
                self.onset.met += 1

    def _begun(self, label: str) -> Fault | None:
        onset = self.onset
        if onset is None or not re.search(onset.fitting, label):
            return None
        onset.seen += 1
        if onset.seen < onset.nth:
            return None
        if onset.fault.of_connections:
            return _CUT_OFF  # it came over a connection from before: whoever comes again meets the fault
        onset.met += 1
        return onset.fault


@dataclass
class Faults:
    """The faults of all endpoints of a lab, and how many requests each has seen."""

    login: EndpointFaults = field(default_factory=EndpointFaults)
    graph: EndpointFaults = field(default_factory=EndpointFaults)
    exchange: EndpointFaults = field(default_factory=EndpointFaults)
    winrm: EndpointFaults = field(default_factory=EndpointFaults)
    imap: EndpointFaults = field(default_factory=EndpointFaults)
    dns: EndpointFaults = field(default_factory=EndpointFaults)
