"""Checks of the link `imap-select`."""
