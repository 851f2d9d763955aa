"""Sentences about how the application was set up."""

from __future__ import annotations

from diagnostics.checks._said import LIKELY, Says, said
from diagnostics.findings import Stage

CHECK = said(
    Stage.INPUT,
    (Says("said-no-secrets-page", "input-configured-in-enterprise-applications", LIKELY),),
)
