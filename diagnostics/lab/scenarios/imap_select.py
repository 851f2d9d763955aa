"""Stage imap-select: signed in, and no mailbox behind it, for reasons that pass."""

from __future__ import annotations

from diagnostics.lab.scenarios.registry import scenario
from diagnostics.lab.setup import Setup


@scenario(
    "net-too-many-connections",
    touches="imap endpoint",
    rivals={"mailbox-upn-differs-from-smtp": "only a second attempt a minute later tells them apart"},
)
def too_many_connections(setup: Setup) -> None:
    """The first session finds no free connection to the mailbox; a later one does."""
    setup.world.imap.unconnected_sessions = 1
