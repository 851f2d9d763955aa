"""Checks of the link `imap-auth`."""
