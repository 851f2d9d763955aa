"""Reading the collector's file: damage, other versions, encodings, what it lacks. Needs no PowerShell."""

from __future__ import annotations

import copy
import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from diagnostics.files import FileUnusable
from diagnostics.checks import run_checks
from diagnostics.diagnosis import diagnose
from diagnostics.evidence import Absent, ExchangeConnection, Missing, Recipient, Source, Unavailable
from diagnostics.sources import collected
from diagnostics.sources.collected import CollectedUnusable, is_collected, read, with_texts
from diagnostics.sources.transcript import read_all
from tests.ps_scripts.collected_schema import SCHEMA

FILE = Path(__file__).parent / "collected-1.json"
"""Written by Export-DiagEvidence.ps1 with PowerShell 7.6.9 against a lab in which FullAccess is missing."""


@pytest.fixture
def document() -> dict[str, Any]:
    return dict(json.loads(FILE.read_bytes()))


def written(document: Any) -> bytes:
    return json.dumps(document).encode()


def test_a_file_of_version_1_is_read_for_ever(document: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    evidence = read(FILE)
    assert evidence.live is False
    assert evidence.judged_at == dt.datetime.fromisoformat(document["collected_at"][:26] + "+00:00")
    connection = evidence.exchange.connection
    assert isinstance(connection, ExchangeConnection)
    assert (connection.transport, connection.module_version) == ("collector", "3.10.0")
    assert evidence.target.tenant == connection.tenant_id == document["connection"]["TenantID"]
    assert evidence.target.application_id == document["application_id"]
    mailbox, nobody = evidence.mailboxes
    assert isinstance(mailbox.recipient, Recipient)
    assert mailbox.recipient.user_principal_name == "erp@contoso.com"
    assert mailbox.recipient.provenance.source is Source.EXCHANGE
    assert mailbox.recipient.provenance.how == "Get-Recipient -Identity erp@contoso.com"
    assert isinstance(nobody.recipient, Absent)
    assert nobody.soft_deleted is False
    assert isinstance(evidence.tokens, Unavailable)
    assert evidence.tokens.missing is Missing.NOT_IN_TEXT
    causes = {ranked.cause for ranked in diagnose(evidence, run_checks(evidence)).causes}
    assert causes == {"perm-fullaccess-missing", "mailbox-not-in-exchange-online"}


@pytest.mark.parametrize(
    "head",
    [
        b'{"schema":"diag/collected/1","x"',
        b'\xef\xbb\xbf{\r\n    "schema":  "diag/collected/1",',
        '\ufeff{\r\n  "schema": "diag/collected/1",'.encode("utf-16-le"),
        b'  \n{ "schema" : "diag/collected/7"',
    ],
    ids=["plain", "utf-8 with a mark", "utf-16", "another version"],
)
def test_the_beginning_tells_what_it_is(head: bytes) -> None:
    assert is_collected(head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"{",
        b'{"schema": "diag/report/1"',
        b'["schema", "diag/collected/1"]',
        b'I ran it and got {"schema": "diag/collected/1"',
        b"\xff\xfe",
        b"\x00\x01\x02",
    ],
)
def test_anything_else_is_something_else(head: bytes) -> None:
    assert not is_collected(head)


def test_what_windows_powershells_redirection_writes_is_read(document: dict[str, Any]) -> None:
    text = "\ufeff" + json.dumps(document)
    assert read(text.encode("utf-16-le")).mailboxes == read(written(document)).mailboxes


def test_windows_powershells_wrapped_lists_are_lists(document: dict[str, Any]) -> None:
    """PowerShell issue 3424: a list with extended properties becomes an object with value and Count."""
    wrapped = copy.deepcopy(document)
    for call in wrapped["calls"]:
        call["rows"] = {"value": call["rows"], "Count": len(call["rows"])}
    assert read(written(wrapped)).mailboxes == read(written(document)).mailboxes


def changed(document: dict[str, Any], *path: str | int, value: Any = None) -> bytes:
    copied = copy.deepcopy(document)
    part: Any = copied
    for step in path[:-1]:
        part = part[step]
    if value is None:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    return written(copied)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("schema",), "diag/collected/2", "diag/collected/2"),
        (("schema",), None, "None"),
        (("collected_at",), "yesterday", "collected_at is not a time"),
        (("collected_at",), 5, "collected_at is not text"),
        (("application_id",), "not a guid", "application_id is not an id"),
        (("mailboxes",), "erp@contoso.com", "mailboxes is not a list"),
        (("mailboxes",), [1], "mailboxes[0] is not text"),
        (("connection",), [], "connection is not an object"),
        (("powershell",), None, "powershell is not text"),
        (("calls",), None, "calls is not a list"),
        (("calls", 0), "x", "calls[0] is not an object"),
        (("calls", 1, "rows"), {}, "calls[1].rows is not a list"),
        (("calls", 0, "rows"), [3], "calls[0].rows[0] is not an object"),
        (("calls", 0, "errors"), [{}], "calls[0].errors[0].message is not text"),
        (("calls", 0, "finished"), "yes", "calls[0].finished is not true or false"),
        (("calls", 0, "milliseconds"), "9", "calls[0].milliseconds is not a number"),
        (("calls", 0, "parameters"), {"Identity": ["a"]}, "calls[0].parameters.Identity is not"),
        (("calls", 2, "at"), "", "calls[2].at is not a time"),
    ],
)
def test_damage_is_said_with_its_place(
    path: tuple[str | int, ...], value: Any, said: str, document: dict[str, Any]
) -> None:
    with pytest.raises(CollectedUnusable) as refused:
        read(changed(document, *path, value=value), "evidence.json")
    assert said in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema": "diag/collected/1"', b"[" * 100_000, b"\xff\xfe{\x00"])
def test_a_file_that_is_not_whole_is_refused(content: bytes) -> None:
    with pytest.raises(CollectedUnusable):
        read(content, "evidence.json")


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collected, "LARGEST", 1024)
    with pytest.raises(FileUnusable, match="larger"):
        read(FILE)
    with pytest.raises(CollectedUnusable, match="larger"):
        read(FILE.read_bytes())


@pytest.mark.parametrize("cmdlet", ["Get-ServicePrincipal", "Get-Recipient", "Get-MailboxPermission", "Get-CASMailbox"])
def test_a_call_that_the_file_lacks_was_not_answered(cmdlet: str, document: dict[str, Any]) -> None:
    document["calls"] = [call for call in document["calls"] if call["cmdlet"] != cmdlet]
    evidence = read(written(document))
    part = {
        "Get-ServicePrincipal": evidence.exchange.service_principals,
        "Get-Recipient": evidence.mailboxes[0].recipient,
        "Get-MailboxPermission": evidence.mailboxes[0].permissions,
        "Get-CASMailbox": evidence.mailboxes[0].cas,
    }[cmdlet]
    assert isinstance(part, Unavailable)
    assert "holds no answer" in part.reason


def test_a_call_that_did_not_finish_gives_no_list(document: dict[str, Any]) -> None:
    for call in document["calls"]:
        if call["cmdlet"] == "Get-ServicePrincipal":
            call.update(finished=False, worked=False)
    assert isinstance(read(written(document)).exchange.service_principals, Unavailable)


def test_no_connection_is_no_sign_in(document: dict[str, Any]) -> None:
    evidence = read(changed(document, "connection"))
    assert isinstance(evidence.exchange.connection, Unavailable)
    assert evidence.exchange.connection.missing is Missing.NOT_SIGNED_IN
    assert evidence.target.tenant == ""


def test_tokens_and_control_characters_do_not_come_through(document: dict[str, Any]) -> None:
    token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJhdWQiOiJ4In0.c2ln"
    document["calls"][0]["warnings"] = [f"Bearer {token} \x1b[2J"]
    evidence = read(written(document))
    assert token not in repr(evidence)
    assert "\x1b" not in repr(evidence)


LOG = """* OK The Microsoft Exchange IMAP4 service is ready.
A1 AUTHENTICATE XOAUTH2
A1 OK AUTHENTICATE completed.
A2 EXAMINE INBOX
A2 BAD User is authenticated but not connected.
"""


def analyse(*names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "diagnostics", "analyze", *names, "--output", "json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_analyze_reads_it_alone_and_beside_a_log(tmp_path: Path) -> None:
    log = tmp_path / "client.log"
    log.write_text(LOG)
    alone, both = analyse(str(FILE)), analyse(str(FILE), str(log))
    for done in (alone, both):
        assert done.returncode == 1, done.stderr
        assert "perm-fullaccess-missing" in done.stdout
    assert "not connected" not in alone.stdout
    assert "User is authenticated but not connected." in both.stdout


def test_analyze_says_what_is_wrong_with_the_file(tmp_path: Path, document: dict[str, Any]) -> None:
    newer = tmp_path / "newer.json"
    newer.write_bytes(changed(document, "schema", value="diag/collected/9"))
    for names, said in (((str(newer),), "diag/collected/9"), ((str(FILE), str(FILE)), "one file of the collector")):
        done = analyse(*names)
        assert done.returncode == 3
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_beside_texts_the_file_decides_about_exchange() -> None:
    evidence = read(FILE)
    texts = read_all([("client.log", [LOG.encode()])])
    both = with_texts(evidence, texts)
    assert both.exchange == evidence.exchange
    assert both.mailboxes[: len(evidence.mailboxes)] == evidence.mailboxes
    assert both.imap_sessions == texts.imap_sessions
    assert both.target.application_id == evidence.target.application_id
    assert both.judged_at == evidence.judged_at
