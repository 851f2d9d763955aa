"""Checks of the link `interactive`."""
