"""How the IMAP endpoint and the management host behave, apart from what the tenants hold; scenarios change it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ImapConduct:
    """How the IMAP endpoint behaves, apart from what the tenants' state makes it say.

    `transport` is tls, plaintext, http, reset, silent or foreign-certificate ("refused" closes the port).
    """

    transport: str = "tls"
    front_end: str = ""
    """Name in the greeting's bracket; empty: one of the cloud's, made up for each connection."""
    greeting: str | None = None
    """A greeting of another product, in full, instead of Exchange's."""
    sasl_challenge: str | None = None
    """What another product sends when it refuses XOAUTH2 (Exchange sends nothing)."""
    backoff_milliseconds: int | None = None
    """Every command that needs the mailbox is throttled with this suggestion."""
    refuse_sign_in: bool = False
    """XOAUTH2 is refused although every object is right."""
    error_detail: str = ""
    """What follows `NO AUTHENTICATE failed.` or the BAD of a mailbox that cannot be opened."""
    unconnected_sessions: int = 0
    """So many sign-ins find no connection to the mailbox, for want of free ones."""


@dataclass(frozen=True)
class ManagementHost:
    """The machine to which the profile's WinRM leads; `module_version` None is one without ExchangeOnlineManagement."""

    powershell_version: str = "7.6.0"
    module_version: str | None = "3.10.0"
    knows_the_password: bool = True
