"""Checks of the link `token`."""
