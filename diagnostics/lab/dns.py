"""A name server of the lab, over UDP: it says that the mail of every domain goes to one host, or misbehaves."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterator, Mapping

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from diagnostics.lab.faults import Conduct, EndpointFaults
from diagnostics.lab.listener import JOIN_SECONDS, LOOPBACK

MAIL_HOST = "mx.hoster.example."
SECONDS_TO_LIVE = 300
_POLL_SECONDS = 0.2
_FLOOD = 20_000
_LARGEST = 65535

_Answer = Callable[[dns.message.Message], Iterator[bytes]]


class NameServer:
    """Answers questions for MX until `close()`; what it does instead is `faults`' business."""

    def __init__(self, faults: EndpointFaults) -> None:
        self.faults = faults
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True, name="lab-NameServer")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return LOOPBACK, self._socket.getsockname()[1]

    def start(self) -> None:
        """Answer on a free port of loopback, or only keep it where the faults say that nobody is there."""
        self._socket.bind((LOOPBACK, 0))
        self._socket.settimeout(_POLL_SECONDS)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._ending.set()
        self._thread.join(JOIN_SECONDS)
        self._socket.close()

    def _serve(self) -> None:
        while not self._ending.is_set():
            with contextlib.suppress(TimeoutError):
                data, client = self._socket.recvfrom(_LARGEST)
                with contextlib.suppress(dns.exception.DNSException, OSError):
                    for datagram in self._answer(dns.message.from_wire(data)):
                        self._socket.sendto(datagram, client)

    def _answer(self, query: dns.message.Message) -> Iterator[bytes]:
        fault = self.faults.take("MX")
        if fault.drop:  # nobody is there; a datagram cannot be refused otherwise
            return _refused(query)
        return _honest(query) if fault.conduct is None else _MISCONDUCT.get(fault.conduct, _silent)(query)


def _response(query: dns.message.Message, kind: str, *records: str) -> dns.message.Message:
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    response.answer.append(dns.rrset.from_text(query.question[0].name, SECONDS_TO_LIVE, "IN", kind, *records))
    return response


def _honest(query: dns.message.Message) -> Iterator[bytes]:
    yield _response(query, "MX", f"10 {MAIL_HOST}").to_wire()


def _silent(query: dns.message.Message) -> Iterator[bytes]:
    del query
    return iter(())


def _refused(query: dns.message.Message) -> Iterator[bytes]:
    response = dns.message.make_response(query)
    response.set_rcode(dns.rcode.REFUSED)
    yield response.to_wire()


def _cut(query: dns.message.Message) -> Iterator[bytes]:
    """Say that the answer did not fit, although nobody answers over TCP."""
    response = dns.message.make_response(query)
    response.flags |= dns.flags.TC
    yield response.to_wire()


def _half(query: dns.message.Message) -> Iterator[bytes]:
    wire = next(_honest(query))
    yield wire[: len(wire) // 2]


def _empty(query: dns.message.Message) -> Iterator[bytes]:
    del query
    yield b""


def _garbage(query: dns.message.Message) -> Iterator[bytes]:
    yield query.to_wire()[:2] + b"\x85\x80" + b"\xff" * 40


def _wrong_shape(query: dns.message.Message) -> Iterator[bytes]:
    """Answer another question."""
    yield _response(dns.message.make_query("elsewhere.example", "MX", id=query.id), "MX", f"10 {MAIL_HOST}").to_wire()


def _wrong_type(query: dns.message.Message) -> Iterator[bytes]:
    yield _response(query, "A", "192.0.2.1").to_wire()


def _spoiled(label: str) -> _Answer:
    def answer(query: dns.message.Message) -> Iterator[bytes]:
        yield _response(query, "MX", f"10 {label}.other.example.").to_wire()

    return answer


def _flood(query: dns.message.Message) -> Iterator[bytes]:
    """Send answers to questions that nobody asked."""
    response = _response(query, "MX", f"10 {MAIL_HOST}")
    for number in itertools.islice(itertools.count(query.id + 1), _FLOOD):
        response.id = number % _LARGEST
        yield response.to_wire()


_MISCONDUCT: Mapping[Conduct, _Answer] = {
    Conduct.CUT: _cut,
    Conduct.RESET_MID_RESPONSE: _half,
    Conduct.EMPTY: _empty,
    Conduct.GARBAGE: _garbage,
    Conduct.WRONG_SHAPE: _wrong_shape,
    Conduct.WRONG_TYPE: _wrong_type,
    Conduct.INVALID_UTF8: _spoiled(r"\255\254"),
    Conduct.LONE_SURROGATE: _spoiled(r"\237\160\128"),
    Conduct.ENDLESS_BODY: _flood,
}
