"""The fixtures of tests/sources serve here as well: peers on loopback, and a session that trusts their authority."""

from __future__ import annotations

from tests.sources.conftest import authority, ca_file, http, peer, tls

__all__ = ["authority", "ca_file", "http", "peer", "tls"]
