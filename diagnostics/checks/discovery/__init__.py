"""Checks of the link `discovery`."""
