"""What the check of the IMAP server says of a live run: whose server answers, and nothing of one that was never reached."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.checks import run_checks
from diagnostics.diagnosis import diagnose
from diagnostics.evidence import Evidence, ImapSession
from tests.core.sample import SESSION, healthy

READY = "The Microsoft Exchange IMAP4 service is ready."
THIS, OTHERS = "server-is-not-exchange-online", "net-wrong-host-or-hardcoded-ip"


def live(**changed: object) -> Evidence:
    session = replace(SESSION, **changed)  # type: ignore[arg-type]
    assert isinstance(session, ImapSession)
    run = healthy()
    return replace(run, mailboxes=tuple(replace(one, imap=session) for one in run.mailboxes))


def named(evidence: Evidence) -> dict[str, str]:
    return {cause.cause: cause.confidence.value for cause in diagnose(evidence, run_checks(evidence)).causes}


def test_a_name_that_does_not_resolve_is_not_the_wrong_one() -> None:
    lost = live(
        server="outlook.office365.com", attempts=(), steps=(), greeting="", greeting_host="", name_error="no such host"
    )
    assert named(lost)["net-name-not-resolved"] == "certain"
    assert not {THIS, OTHERS} & named(lost).keys()
    told = [finding.judgement.summary for finding in run_checks(lost) if finding.check == "imap-server"]
    assert told == ["outlook.office365.com is Exchange Online's IMAP server"]


@pytest.mark.parametrize(
    ("changed", "confidence"),
    [
        ({"greeting_host": "EX01.corp.fabrikam.local"}, "certain"),
        (
            {
                "greeting_host": "",
                "greeting": READY,
                "capabilities": ("IMAP4rev1", "AUTH=NTLM"),
                "server": "mail.fabrikam.com",
            },
            "certain",
        ),
        ({"greeting_host": "", "greeting": READY, "capabilities": (), "server": "mail.fabrikam.com"}, "likely"),
        ({"greeting_host": "", "greeting": "Dovecot ready.", "server": "outlook.office365.com"}, "likely"),
        ({"greeting_host": "", "greeting": READY, "capabilities": (), "server": "10.0.0.7"}, "likely"),
    ],
)
def test_another_server_is_named(changed: dict[str, object], confidence: str) -> None:
    found = named(live(**changed))
    assert found[THIS] == confidence
    assert OTHERS not in found


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"greeting_host": "MN2PR01CA0007"},
        {"greeting_host": "", "greeting": READY, "server": "outlook.office365.com"},
        {"greeting": "* BYE Connection is closed. 14", "greeting_host": "", "server": "outlook.office365.com"},
    ],
)
def test_exchange_online_is_not(changed: dict[str, object]) -> None:
    assert THIS not in named(live(**changed))
