"""Checks of the link `imap-network`."""
