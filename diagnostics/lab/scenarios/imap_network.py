"""Stage imap-network: the line to the IMAP server, or the server at its end, is not what it should be."""

from __future__ import annotations

from diagnostics.lab.scenarios.registry import scenario
from diagnostics.lab.setup import Setup

ENDPOINT = "imap endpoint"
BACKOFF_MILLISECONDS = 178755
SILENCE_SECONDS = 6


@scenario("net-name-not-resolved", touches=ENDPOINT)
def nameless(setup: Setup) -> None:
    """The server's name has no address; RFC 2606 keeps its ending free for that."""
    setup.profile.imap_server = "outlook.office365.invalid"


@scenario("net-no-greeting", touches=ENDPOINT)
def reset(setup: Setup) -> None:
    """The connection is reset before TLS begins."""
    setup.world.imap.transport = "reset"


@scenario("net-no-greeting/refused", touches=ENDPOINT)
def refused(setup: Setup) -> None:
    """Nothing listens on the port."""
    setup.world.imap.transport = "refused"


@scenario("net-no-greeting/silent", touches=ENDPOINT)
def silent(setup: Setup) -> None:
    """The connection is accepted, and nothing ever comes."""
    setup.world.imap.transport = "silent"
    setup.profile.operation_seconds = SILENCE_SECONDS


@scenario("net-tls-to-plaintext-port", touches=ENDPOINT)
def plaintext(setup: Setup) -> None:
    """The port speaks IMAP without TLS."""
    setup.world.imap.transport = "plaintext"


@scenario("net-certificate-verify-failed", touches=ENDPOINT)
def foreign_certificate(setup: Setup) -> None:
    """Something on the line signs the server's certificate again."""
    setup.world.imap.transport = "foreign-certificate"


@scenario("net-http-only-proxy-in-front", touches=ENDPOINT)
def http_only(setup: Setup) -> None:
    """A proxy that knows only HTTP stands in front of the server."""
    setup.world.imap.transport = "http"


@scenario("server-is-not-exchange-online", touches=ENDPOINT)
def on_premises(setup: Setup) -> None:
    """The server is an Exchange of the company's own."""
    setup.world.imap.front_end = "EX0#.corp.contoso.com"
    setup.world.imap.refuse_sign_in = True


@scenario("net-throttled", touches=ENDPOINT)
def throttled(setup: Setup) -> None:
    """Exchange throttles every command that needs the mailbox, and suggests how long to wait."""
    setup.world.imap.backoff_milliseconds = BACKOFF_MILLISECONDS
