"""Checks of the link `consent`."""
