"""Checks of the link `claims`."""
