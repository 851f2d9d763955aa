from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from diagnostics.evidence import Missing, Source, Unavailable
from diagnostics.sources.dns import mail_exchangers

Answer = Callable[[dns.message.Message], dns.message.Message | None]


class NameServer:
    """A name server on loopback that answers every question by one function; `None` stays silent."""

    def __init__(self, answer: Answer) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self._answer = answer
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self._socket.getsockname()[1]
        return resolver

    def _serve(self) -> None:
        while not self._ending.is_set():
            try:
                data, client = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            answer = self._answer(dns.message.from_wire(data))
            if answer is not None:
                self._socket.sendto(answer.to_wire(), client)

    def close(self) -> None:
        self._ending.set()
        self._thread.join(5)
        self._socket.close()


@pytest.fixture
def name_server() -> Iterator[Callable[[Answer], dns.resolver.Resolver]]:
    started: list[NameServer] = []

    def start(answer: Answer) -> dns.resolver.Resolver:
        started.append(NameServer(answer))
        return started[-1].resolver()

    yield start
    for server in started:
        server.close()


Start = Callable[[Answer], dns.resolver.Resolver]


def records(*exchangers: str) -> Answer:
    def answer(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if exchangers:
            response.answer.append(dns.rrset.from_text(query.question[0].name, 300, "IN", "MX", *exchangers))
        return response

    return answer


def refusing(code: dns.rcode.Rcode) -> Answer:
    def answer(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.set_rcode(code)
        return response

    return answer


def test_exchangers_come_in_order_of_preference(name_server: Start) -> None:
    resolver = name_server(records("20 mail.example.", "0 Contoso-com.mail.protection.outlook.com."))
    found = mail_exchangers("contoso.com", resolver=resolver)
    assert found == ("contoso-com.mail.protection.outlook.com", "mail.example")


def test_a_domain_without_mx_has_none(name_server: Start) -> None:
    assert mail_exchangers("contoso.com", resolver=name_server(records())) == ()


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        (refusing(dns.rcode.NXDOMAIN), Missing.UNEXPECTED),
        (refusing(dns.rcode.SERVFAIL), Missing.UNREACHABLE),
        (refusing(dns.rcode.REFUSED), Missing.UNREACHABLE),
        (lambda _query: None, Missing.TIMED_OUT),
    ],
)
def test_no_answer_is_not_no_mail(name_server: Start, answer: Answer, missing: Missing) -> None:
    found = mail_exchangers("contoso.com", timeout=0.5, resolver=name_server(answer))
    assert isinstance(found, Unavailable)
    assert found.missing is missing
    assert found.provenance.source is Source.DNS


@pytest.mark.parametrize("domain", ["", "a..b", "x" * 64, "two words", "\u200b", "münchen.example"])
def test_whatever_was_typed_does_not_make_it_fail(name_server: Start, domain: str) -> None:
    found = mail_exchangers(domain, timeout=0.5, resolver=name_server(refusing(dns.rcode.NXDOMAIN)))
    assert isinstance(found, Unavailable)


def other(kind: str, *values: str) -> Answer:
    def answer(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        response.answer.append(dns.rrset.from_text(query.question[0].name, 300, "IN", kind, *values))
        return response

    return answer


@pytest.mark.parametrize(
    ("kind", "value"), [("A", "192.0.2.1"), ("TXT", '"v=spf1 -all"'), ("NS", "ns.example."), ("AAAA", "2001:db8::1")]
)
def test_an_answer_to_another_question_is_no_answer(name_server: Start, kind: str, value: str) -> None:
    found = mail_exchangers("contoso.com", timeout=0.5, resolver=name_server(other(kind, value)))
    assert isinstance(found, Unavailable)
    assert found.missing is Missing.UNEXPECTED


def test_an_alias_without_mx_has_none(name_server: Start) -> None:
    assert mail_exchangers("contoso.com", resolver=name_server(other("CNAME", "elsewhere.example."))) == ()
