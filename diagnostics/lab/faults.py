"""What can go wrong on the way to an endpoint of the lab: slowness, throttling, dropped connections.

Each endpoint asks `take()` once for each request. Rules are used up in the order in which they were added.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """One thing that happens to one request.

    `latency` is in seconds and comes before the answer. `status` answers with that HTTP status instead (with
    `retry_after` seconds and `body`). `drop` cuts the connection without an answer; `drop_after` does the work first,
    so that the caller cannot know whether it was done.
    """

    latency: float = 0.0
    status: int | None = None
    retry_after: int | None = None
    body: bytes = b""
    content_type: str = "text/plain"
    drop: bool = False
    drop_after: bool = False


NO_FAULT = Fault()


@dataclass
class EndpointFaults:
    """The faults of one endpoint: `always` for every request, and a queue of faults that are used up."""

    always: Fault = NO_FAULT
    queue: deque[Fault] = field(default_factory=deque)
    requests: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, fault: Fault, times: int = 1) -> None:
        """Let the next `times` requests meet `fault`."""
        with self._lock:
            self.queue.extend([fault] * times)

    def take(self) -> Fault:
        """Count a request and return what happens to it."""
        with self._lock:
            self.requests += 1
            return self.queue.popleft() if self.queue else self.always


@dataclass
class Faults:
    """The faults of all endpoints of a lab, and how many requests each has seen."""

    login: EndpointFaults = field(default_factory=EndpointFaults)
    graph: EndpointFaults = field(default_factory=EndpointFaults)
    exchange: EndpointFaults = field(default_factory=EndpointFaults)
    winrm: EndpointFaults = field(default_factory=EndpointFaults)
    imap: EndpointFaults = field(default_factory=EndpointFaults)
