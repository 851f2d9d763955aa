"""Checks of the link `exchange-sp`."""
