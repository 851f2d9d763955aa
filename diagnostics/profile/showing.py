"""A profile as diag understands it: every value with where it came from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from diagnostics.clouds import CLOUDS
from diagnostics.profile.loading import Profile
from diagnostics.profile.model import CertificateReference, SecretReference
from diagnostics.profile.reading import KeyPath
from diagnostics.profile.secrets import where
from diagnostics.redaction import safe


def render(profile: Profile, *, origin: bool) -> str:
    """Return one line to a value, `path: value`, with its origin after a # where that is asked for."""
    rows = [(".".join(map(str, path)), safe(value), source) for path, value, source in _rows(profile)]
    lines = [f"{name}: {value}" for name, value, _ in rows]
    longest = min(max(map(len, lines)), 70)
    if origin:
        lines = [f"{line:<{longest}}  # {row[2]}" for line, row in zip(lines, rows, strict=True)]
    return "\n".join(lines) + "\n"


def _rows(profile: Profile) -> Iterator[tuple[KeyPath, str, str]]:
    cloud = CLOUDS[profile.cloud].known()
    from_cloud = {
        ("endpoints", "login"): cloud["login"],
        ("endpoints", "graph"): cloud["graph"],
        ("endpoints", "exchange"): cloud["exchange"],
        ("imap", "server"): cloud["imap_server"],
    }
    for path, value in _leaves(profile.document, ()):
        if path in profile.places:
            yield path, _shown(value), str(profile.places[path])
        elif path in from_cloud:
            known = from_cloud[path]
            yield path, known.value, f"cloud {profile.cloud}: {known.status}, {known.source}"
        elif value is not None and value != ():
            yield path, _shown(value), "default"
    yield ("scope",), cloud["scope"].value, f"cloud {profile.cloud}: {cloud['scope'].status}, {cloud['scope'].source}"


def _leaves(model: BaseModel, path: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    for name in type(model).model_fields:
        value, here = getattr(model, name), (*path, name)
        if isinstance(value, SecretReference | CertificateReference) or not isinstance(value, BaseModel | tuple):
            yield here, value
        elif isinstance(value, BaseModel):
            yield from _leaves(value, here)
        elif not value:
            yield here, value
        else:
            yield from (((*here, index), item) for index, item in enumerate(value))


def _shown(value: object) -> str:
    match value:
        case SecretReference() | CertificateReference():
            return f"*** ({where(value)})"
        case bool():
            return "true" if value else "false"
        case Path():
            return str(value)
        case float() if value.is_integer():
            return str(int(value))
        case str() if value != value.strip() or not value.isprintable():
            return repr(value)
    return str(value)
