"""The option `--mailbox`: what has no address in it is refused before anything is sent, and is not repeated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeAlias

import typer


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
        Secret(core)  # whatever else comes to say it
        which = f"value no. {number}" if len(values or ()) > 1 else "what was given"
        raise typer.BadParameter(
            f"{which} ({len(core)} characters, not shown: it may be a secret) is no plain address such as name@contoso.com. "
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
