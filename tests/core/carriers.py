"""The ways in which a secret comes to stand in a text, from carriers.yaml, filled with a secret."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import yaml

CARRIERS: tuple[str, ...] = tuple(yaml.safe_load(Path(__file__).with_name("carriers.yaml").read_text(encoding="utf-8")))


def filled(carrier: str, secret: str) -> str:
    """Return a carrier with the secret at its place."""
    return carrier.format(
        secret,
        b64=base64.b64encode(secret.encode()).decode(),
        pair=base64.b64encode(f"erp:{secret}".encode()).decode(),
        plain=base64.b64encode(f"\0erp@contoso.com\0{secret}".encode()).decode(),
        url=quote(secret, safe=""),
    )


def parts(secret: str, size: int = 6) -> set[str]:
    """Return every part of a secret of `size` characters, as it is, percent-encoded and in base64 at its three places."""
    forms = [secret, quote(secret, safe="")]
    forms += [base64.b64encode(bytes(before) + secret.encode()).decode()[4:-4] for before in range(3)]
    return {form[at : at + size] for form in forms for at in range(len(form) - size + 1)}
