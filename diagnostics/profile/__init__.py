"""Profiles: what to diagnose, as YAML that somebody wrote by hand, with the file's line and column in every complaint."""

from __future__ import annotations

from diagnostics.profile.complaints import Complaint, Place, ProfileError
from diagnostics.profile.finding import find
from diagnostics.profile.loading import Profile, load, load_text
from diagnostics.profile.values import complaints, exchange_base, exchange_scope, graph_scope, settings, target

__all__ = [
    "Complaint",
    "Place",
    "Profile",
    "ProfileError",
    "complaints",
    "exchange_base",
    "exchange_scope",
    "find",
    "graph_scope",
    "load",
    "load_text",
    "settings",
    "target",
]
