"""The option `--mailbox`: what has no address in it is refused before anything is sent, and is not repeated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, TypeAlias

import typer

_NAME = re.compile(r"[a-z.-]{1,19}")
"""What is taken for an alias and may be shown: nothing that a password has."""


def _addresses(values: Sequence[str] | None) -> Sequence[str] | None:
    """Return the values; each has an address in it, with whatever around it the input checks then name.

    Raises typer.BadParameter, which shows nothing of the value: it may be a secret that was typed in the wrong place.
    """
    from diagnostics.checks.input.mailbox_address import has_address  # noqa: PLC0415 - only for runs
    from diagnostics.redaction import Secret  # noqa: PLC0415
    from diagnostics.slips import trimmed  # noqa: PLC0415

    for number, value in enumerate(values or (), 1):
        core = trimmed(value)
        if has_address(core):
            continue
        which = f"value no. {number}" if len(values or ()) > 1 else "what was given"
        if _NAME.fullmatch(core):
            which = core
        else:
            Secret(core)  # whatever else comes to say it
            which = f"{which} ({len(core)} characters, not shown: it may be a secret)"
        raise typer.BadParameter(
            f"{which} is no plain address such as name@contoso.com. "
            "A mailbox is named by its address, also where Exchange knows it by an alias."
        )
    return values


MailboxOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--mailbox",
        "-m",
        metavar="ADDRESS",
        callback=_addresses,
        help="Mailbox to look at, instead of the profile's; may be repeated.",
    ),
]
