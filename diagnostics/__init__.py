"""Says why an application cannot read an Exchange Online mailbox over IMAP, proves it, and fixes it."""

__version__ = "0.1.0"
