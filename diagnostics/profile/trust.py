"""Where a profile would have secrets go, apart from Microsoft's own endpoints: hosts, a proxy, a program.

A profile in `profiles` of the current folder is found by its name, and whoever unpacked an archive or cloned a
repository into that folder wrote it. What it names is asked about before a secret goes there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from diagnostics.clouds import CLOUDS
from diagnostics.net.urls import is_loopback, split
from diagnostics.profile.complaints import Place
from diagnostics.profile.finding import folders
from diagnostics.profile.loading import Profile


def _host(value: str) -> str | None:
    name = split(_url(value)).hostname
    return name.rstrip(".") if name else name


def _url(value: str) -> str:
    bare = value.strip()
    return bare if "//" in bare else f"//{bare}"


_PUBLISHED = {
    _host(value)
    for cloud in CLOUDS.values()
    for value in (cloud.login.value, cloud.graph.value, cloud.exchange.value, cloud.imap_server.value)
}


@dataclass(frozen=True, slots=True)
class Destination:
    """What would see a secret: `key` of the profile, and the `value` that stands there."""

    key: str
    value: str
    place: Place


def is_own(path: Path) -> bool:
    """Say whether a file is in the user's own folder of profiles, or came with diag."""
    return path.resolve().parent in {folder.resolve() for folder in folders()[1:]}


def destinations(profile: Profile) -> Iterator[Destination]:
    """Yield what the profile itself names, and Microsoft has not published; this machine is no stranger."""
    exchange, endpoints = profile.exchange, profile.endpoints
    named = (
        (("endpoints", "login"), endpoints.login),
        (("endpoints", "graph"), endpoints.graph),
        (("endpoints", "exchange"), endpoints.exchange),
        (("imap", "server"), profile.imap.server),
        (("exchange", "host"), exchange.host),
        (("exchange", "proxy"), exchange.proxy),
    )
    for path, value in named:
        if value and _host(value) not in _PUBLISHED and not is_loopback(_url(value)):
            yield Destination(".".join(path), value.strip(), profile.place(*path))
    programs = (
        (("exchange", "executable"), exchange.executable),
        (("exchange", "options"), " ".join(exchange.options)),
    )
    for path, value in programs:
        if value:
            yield Destination(".".join(path), value, profile.place(*path))
