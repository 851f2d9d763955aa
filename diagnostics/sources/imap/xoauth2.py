"""The XOAUTH2 mechanism: what is sent, and what a server may answer (Microsoft's IMAP OAuth page; Gmail's for errors)."""

from __future__ import annotations

import base64
import binascii
import re

from diagnostics.redaction import Secret, safe

_LONGEST_CHALLENGE = 4096
_TOKEN = re.compile(r"[!-~]+")
"""A Bearer token is of visible ASCII characters (RFC 6750 section 2.1 allows fewer still)."""


class UserUnfit(ValueError):
    """The mailbox name or the token cannot stand in an XOAUTH2 string; says which, and why."""


def initial_response(user: str, token: Secret) -> Secret:
    """Return base64 of `user=<mailbox>^Aauth=Bearer <token>^A^A`, with ^A the byte 0x01. Raises UserUnfit."""
    if not user or any(character < " " or character == "\x7f" for character in user):
        raise UserUnfit("the mailbox name is empty or holds a control character")
    if not _TOKEN.fullmatch(token.reveal()):
        raise UserUnfit("the token holds a character that no token has")
    plain = f"user={user}\x01auth=Bearer {token.reveal()}\x01\x01"
    try:
        return Secret(base64.b64encode(plain.encode()).decode())
    except UnicodeEncodeError:
        raise UserUnfit("the mailbox name holds a part of a character") from None


def decode_challenge(text: str) -> str:
    """Return what a `+ <base64>` line says; Google and Dovecot explain a refusal in JSON, Exchange sends none."""
    try:
        data = base64.b64decode(text.strip()[:_LONGEST_CHALLENGE], validate=True)
    except (binascii.Error, ValueError):
        return safe(text.strip()[:_LONGEST_CHALLENGE])
    return safe(data.decode("utf-8", "replace"))
