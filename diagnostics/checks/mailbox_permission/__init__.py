"""Checks of the link `mailbox-permission`."""
