"""What a proven fault makes impossible, or explains by itself, is not listed as an open rival beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from diagnostics.evidence import Absent, CasMailbox, Evidence, Missing, Recipient, Source, Unavailable
from diagnostics.report import build
from diagnostics.sources.transcript import read
from tests.core.sample import APP, ENTERPRISE, MAILBOX, NOT_CONNECTED, NOW, SELF_ROW, TENANT, healthy, mailbox, seen

GET_RECIPIENT = seen(Source.EXCHANGE, "Get-Recipient")
HIDDEN = Unavailable("the operator lacks the right", Missing.NO_RIGHTS)
OTHER = "invoices@contoso.com"
NO_RECIPIENT: dict[str, Any] = {
    "recipient": Absent(f"no recipient {MAILBOX}", GET_RECIPIENT),
    "permissions": HIDDEN,
    "cas": HIDDEN,
    "soft_deleted": False,
}


def named(evidence: Evidence) -> list[tuple[str, str]]:
    diagnosis = build(evidence, command="", started=NOW).diagnosis
    return [(cause.cause, cause.confidence.value) for cause in diagnosis.causes]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (NO_RECIPIENT, ["mailbox-not-in-exchange-online"]),
        ({**NO_RECIPIENT, "soft_deleted": True}, ["mailbox-licence-or-deleted"]),
        (
            {**NO_RECIPIENT, "recipient": Recipient(MAILBOX, "GroupMailbox", GET_RECIPIENT)},
            ["mailbox-group-or-public-folder"],
        ),
        ({"cas": CasMailbox(seen(Source.EXCHANGE, "Get-CASMailbox"), imap_enabled=False)}, ["mailbox-imap-disabled"]),
        ({"permissions": (SELF_ROW,)}, ["perm-fullaccess-missing"]),
    ],
)
def test_a_mailbox_that_is_proven_to_be_shut_leaves_nothing_to_guess(
    changes: dict[str, Any], expected: list[str]
) -> None:
    evidence = healthy(mailboxes=(mailbox(imap=NOT_CONNECTED, **changes),))
    assert named(evidence) == [(cause, "certain") for cause in expected]


def test_what_is_proven_of_one_mailbox_explains_no_other() -> None:
    other = mailbox(
        address=OTHER,
        imap=replace(NOT_CONNECTED, user=OTHER),
        recipient=HIDDEN,
        permissions=HIDDEN,
        cas=HIDDEN,
    )
    found = named(healthy(mailboxes=(mailbox(imap=NOT_CONNECTED, **NO_RECIPIENT), other)))
    assert found[0] == ("mailbox-not-in-exchange-online", "certain")
    assert ("mailbox-imap-disabled", "possible") in found


def test_where_nothing_is_proven_the_guesses_stay() -> None:
    found = named(healthy(mailboxes=(mailbox(imap=NOT_CONNECTED, recipient=HIDDEN, permissions=HIDDEN, cas=HIDDEN),)))
    assert {cause for cause, _ in found} >= {"perm-fullaccess-missing", "mailbox-imap-disabled"}


def test_a_pasted_refusal_is_explained_by_a_pasted_token_without_roles() -> None:
    claims = {"aud": "https://outlook.office365.com", "iss": f"https://sts.windows.net/{TENANT}/", "iat": 1780000000}
    claims |= {"nbf": 1780000000, "exp": 1780003900, "appid": APP, "idtyp": "app", "oid": ENTERPRISE, "tid": TENANT}
    token = json.dumps({**claims, "ver": "1.0"}, indent=1)
    log = "S: * OK The Microsoft Exchange IMAP4 service is ready.\nC: A1 AUTHENTICATE XOAUTH2 ***\nS: A1 NO AUTHENTICATE failed.\n"
    found = named(read([f"{token}\n\n{log}".encode()], name="ticket.txt"))
    assert found == [("claims-roles-missing", "certain")]
