"""Checks of the link `propagation`."""
