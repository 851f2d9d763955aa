"""Stage imap-auth: the server refuses a sign-in that the tenant's objects would allow."""

from __future__ import annotations

from diagnostics.lab.clouds import CHINA, GLOBAL
from diagnostics.lab.scenarios.registry import scenario
from diagnostics.lab.setup import Setup

CHALLENGE = "eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xlLmNvbS8ifQ=="
"""The challenge that mscdex/node-imap issue 233 shows; Exchange Online sends none."""


@scenario("auth-rejected-no-reason", touches="imap endpoint")
def rejected(setup: Setup) -> None:
    """Every object is right and old, and Exchange still refuses without a reason."""
    setup.world.imap.refuse_sign_in = True


@scenario("auth-not-exchange-server", touches="imap endpoint")
def not_exchange(setup: Setup) -> None:
    """Another product answers at the address of the IMAP server."""
    setup.world.imap.greeting = "* OK Gimap ready for requests from 192.0.2.10 5e1mb213"
    setup.world.imap.sasl_challenge = CHALLENGE


@scenario("auth-21vianet-scope", touches="imap endpoint")
def other_cloud(setup: Setup) -> None:
    """The IMAP server belongs to another cloud than the token."""
    setup.world.imap.front_end = (CHINA if setup.world.cloud is not CHINA else GLOBAL).front_end
    setup.world.imap.refuse_sign_in = True
