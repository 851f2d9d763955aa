"""Checks of the link `mailbox`."""
