"""Hosts of national clouds that a text names: beside a tenant that was not found they say that the wrong cloud was asked."""

from __future__ import annotations

from diagnostics.evidence import Evidence

_CLOSED = ".de"  # the German cloud was closed in 2021


def foreign_host(evidence: Evidence) -> str:
    """Return a host of a national cloud that the text names while a sign-in host of another one was asked; else nothing."""
    asked = {_ending(request.login) for request in evidence.token_requests if request.login}
    for remark in evidence.remarks:
        host = dict(remark.values).get("host", "") if remark.kind == "foreign-cloud-host" else ""
        if host and (_ending(host) not in asked or host.endswith(_CLOSED)):
            return host
    return ""


def _ending(host: str) -> str:
    """Return the ending that tells clouds apart: `cn`, `us`, `de`; empty for the global one."""
    bare = host.rstrip("/").lower()
    ending = bare.rpartition(".")[2]
    return "us" if bare.endswith("usgovcloudapi.net") else ending if ending in {"cn", "us", "de"} else ""
