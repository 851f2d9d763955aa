"""What a conversation with an IMAP server showed, live or in somebody's log."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from diagnostics.evidence.base import Provenance
from diagnostics.evidence.entra import TokenClaims


class AttemptOutcome(enum.StrEnum):
    """How a connection to one address ended."""

    CONNECTED = "connected"
    REFUSED = "refused"
    TIMED_OUT = "timed out"
    RESET = "reset"
    UNREACHABLE = "unreachable"
    NOT_TRIED = "not tried"
    TLS_FAILED = "TLS failed"
    CERTIFICATE_REFUSED = "certificate refused"
    PLAINTEXT = "answered in plain text"
    NO_GREETING = "no greeting"


@dataclass(frozen=True, slots=True)
class AddressAttempt:
    """One connection to one address of the IMAP server."""

    address: str
    port: int
    outcome: AttemptOutcome
    detail: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class TlsPeer:
    """The certificate that the server showed, leaf first."""

    subject: str
    issuer: str
    alternative_names: tuple[str, ...] = ()
    not_after: dt.datetime | None = None
    version: str = ""


class ReplyStatus(enum.StrEnum):
    """Status words of an IMAP answer, and what can happen instead of one."""

    OK = "OK"
    NO = "NO"
    BAD = "BAD"
    BYE = "BYE"
    CHALLENGE = "+"
    CLOSED = "connection closed"
    TIMED_OUT = "no answer in time"

    @property
    def is_answer(self) -> bool:
        """Whether the server completed the command, well or badly."""
        return self in {ReplyStatus.OK, ReplyStatus.NO, ReplyStatus.BAD}


@dataclass(frozen=True, slots=True)
class ImapStep:
    """One command and its completion, e.g. ("AUTHENTICATE XOAUTH2", OK, "AUTHENTICATE completed.").

    `stated`: the status word itself was seen; a program may pass on the sentence alone, of which the status follows.
    """

    command: str
    status: ReplyStatus
    text: str
    seconds: float | None = None
    provenance: Provenance | None = None
    stated: bool = True

    @property
    def answer(self) -> str:
        """The answer as it was seen."""
        return f"{self.status} {self.text}".strip() if self.stated else self.text


class SaslFault(enum.StrEnum):
    """What is wrong with the bytes of an XOAUTH2 string (format: facts on xoauth2, Microsoft's IMAP OAuth page)."""

    LITERAL_CARET_A = "the two characters ^A stand where byte 0x01 belongs"
    ESCAPED_SEPARATOR = "an escape such as \\x01 or %x01 stands where byte 0x01 belongs"
    BLANK_BEFORE_SEPARATOR = "a blank stands before the separator"
    TOKEN_DOUBLE_BASE64 = "the token was base64-encoded once more"  # noqa: S105 - a sentence
    UTF_16 = "the string is UTF-16, every second byte is zero"
    USER_NOT_AN_ADDRESS = "user= is not one plain address"
    USER_WITH_BACKSLASH = "user= has the old form user\\mailbox"
    NOT_XOAUTH2 = "it is not of the form user=…\\x01auth=Bearer …\\x01\\x01"
    TOKEN_OPAQUE = "the token is not a JWT"  # noqa: S105 - a sentence


@dataclass(frozen=True, slots=True)
class SaslString:
    """An XOAUTH2 string that a client sent or a script builds, decoded; never the token."""

    provenance: Provenance
    user: str = ""
    faults: tuple[SaslFault, ...] = ()
    claims: TokenClaims | None = None


@dataclass(frozen=True, slots=True)
class ImapSession:
    """A conversation with an IMAP server, live or as somebody's client logged it.

    `attempts` holds every address tried. `greeting_host` is the front-end name that the greeting's bracket decodes to
    (base64 of UTF-16LE, imap_server facts); empty when there is none. `steps` are in order. `ended` says why a live
    conversation went no further than its last step; empty when it came to its end, and in logs.
    """

    provenance: Provenance
    server: str = ""
    port: int = 0
    user: str = ""
    attempts: tuple[AddressAttempt, ...] = ()
    tls: TlsPeer | None = None
    greeting: str = ""
    greeting_host: str = ""
    capabilities: tuple[str, ...] = ()
    steps: tuple[ImapStep, ...] = ()
    folders: tuple[str, ...] = ()
    sasl: SaslString | None = None
    challenge: str = ""  # decoded `+ <base64>` continuation after XOAUTH2; Exchange sends none
    name_error: str = ""  # the server's name could not be resolved, and why
    ended: str = ""

    def step(self, verb: str) -> ImapStep | None:
        """Return the last step whose command starts with `verb`, e.g. `AUTHENTICATE`."""
        return next((step for step in reversed(self.steps) if step.command.upper().startswith(verb.upper())), None)
