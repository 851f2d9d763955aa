"""Evidence from pasted text: errors, tokens, traces of mail clients, output of cmdlets, scripts and configuration."""

from __future__ import annotations

from diagnostics.sources.transcript.decoding import NotText
from diagnostics.sources.transcript.reader import read, read_all, read_files

__all__ = ["NotText", "read", "read_all", "read_files"]
