"""The IMAP source: a live conversation up to EXAMINE INBOX, which reads no mail.

`lexer`, `parser` and `conversation` know IMAP and no sockets; `stream` knows sockets and no IMAP; `probe` joins them.
"""

from diagnostics.sources.imap.probe import ImapOptions, probe

__all__ = ["ImapOptions", "probe"]
