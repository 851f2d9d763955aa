"""Stage propagation: everything is right, and not yet everywhere."""

from __future__ import annotations

import datetime as dt

from diagnostics.lab.scenarios.registry import scenario
from diagnostics.lab.setup import Setup
from diagnostics.lab.state import utc_now


@scenario("propagation-change-still-spreading", touches="exchange service principal")
def still_spreading(setup: Setup) -> None:
    """The principal was registered minutes ago, and the front ends do not know it yet."""
    setup.exchange_principal.when_changed = utc_now() - dt.timedelta(minutes=4)
    setup.exchange_principal.known_to_imap_from = utc_now() + dt.timedelta(minutes=25)


@scenario("propagation-token-older-than-consent", touches="age of tokens, application's permissions")
def token_older_than_consent(setup: Setup) -> None:
    """Consent was given minutes ago, and the application gets a token from before (invented: a cache on the way)."""
    for assignment in setup.enterprise.app_role_assignments:
        assignment.created = utc_now() - dt.timedelta(minutes=6)
    setup.world.token_ages[setup.registration.app_id] = 1800
