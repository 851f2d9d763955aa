"""Who may say yes to a change, and how: at a terminal by hand, otherwise only in so many words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MANY = 10
"""Up to so many mailboxes a plain yes will do; for more the count has to be given."""


class NotConfirmed(Exception):
    """The change is not confirmed. `usage` is true when the arguments do not allow it, false when somebody said no."""

    def __init__(self, words: str, *, usage: bool) -> None:
        super().__init__(words)
        self.usage = usage


@dataclass(frozen=True, slots=True)
class Consent:
    """What the arguments say: `--yes`, `--expect N`, and whether somebody can be asked."""

    yes: bool = False
    expect: int | None = None
    interactive: bool = False


def confirm(count: int, consent: Consent, ask: Callable[[str], str], about: str = "") -> None:
    """Return when a change of `count` mailboxes is confirmed; `about` says which, in the question. Raises NotConfirmed."""
    about = f"{about}. " if about else ""
    if consent.expect is not None and consent.expect != count:
        raise NotConfirmed(f"the plan changes {count} mailbox(es), and --expect says {consent.expect}", usage=True)
    if consent.yes:
        if count > MANY and consent.expect is None:
            raise NotConfirmed(
                f"the plan changes {count} mailboxes; more than {MANY} need --yes --expect {count}", usage=True
            )
        return
    if not consent.interactive:
        more = f" --expect {count}" if count > MANY else ""
        raise NotConfirmed(f"nobody is there to be asked; add --yes{more} to do it, or --dry-run to look", usage=True)
    if count > MANY:
        if ask(f"{about}Type the number of mailboxes to change them ({count}): ").strip() != str(count):
            raise NotConfirmed("not confirmed; nothing was done", usage=False)
    elif ask(f"{about}Do it? [y/N] ").strip().casefold() not in {"y", "yes", "s", "sí", "si"}:
        raise NotConfirmed("not confirmed; nothing was done", usage=False)
