"""Checks of the link `input`."""
