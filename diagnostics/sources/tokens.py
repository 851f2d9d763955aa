"""Two tokens of two identities, of different types: mypy refuses to hand one over as the other."""

from __future__ import annotations

from diagnostics.redaction import Secret


class ApplicationToken(Secret):
    """An access token of the application under test; fit for IMAP and for nothing else."""

    __slots__ = ()


class OperatorToken(Secret):
    """An access token of the operator, for Exchange PowerShell or Graph; never for IMAP."""

    __slots__ = ()


def is_token(text: str) -> bool:
    """Whether a text can be an access token at all: printable ASCII without blanks (RFC 6750, section 2.1)."""
    return bool(text) and all("!" <= character <= "~" for character in text)
