"""Mail in the lab's mailboxes: FETCH, STORE, SEARCH, STATUS and EXPUNGE, beside Dovecot where it is installed."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from diagnostics.lab.imap import mime
from diagnostics.lab.imap.commands import MailboxCommands
from diagnostics.lab.imap.lexer import BadSyntax, CommandReader
from diagnostics.lab.imap.parser import parse
from diagnostics.lab.samples import ANSWER, INVOICE, ORDER
from diagnostics.lab.server import Lab
from diagnostics.lab.state import Recipient
from tests import posix

from .clients import imap_client, sign_in

FORWARDED = (
    b"""\
From: a@fabrikam.com
To: undisclosed-recipients:;
Cc: "a;b: c" <x@y.z>, Team: Ann <ann@y.z>, bob@y.z;, last@y.z
Subject: Fwd: "quoted" and \\ slashed
Message-ID: <1@fabrikam.com>
Content-Type: multipart/mixed; boundary=b
Content-Language: en

--b
Content-Type: message/rfc822
Content-Description: the first one

"""
    + INVOICE.replace(b"=_815", b"=_816")
    + b"""
--b
Content-Type: multipart/digest; boundary=d

--d

From: b@fabrikam.com
Subject: in a digest

short
--d--
--b
Content-Type: image/png
Content-ID: <p1>
Content-Transfer-Encoding: BASE64

iVBORw0KGgo=
--b--
epilogue
"""
)
BARE = b"Subject: no body\n\n"
NO_HEADER = b"\r\nonly a body\r\n"
MESSAGES = (ORDER, INVOICE, FORWARDED, ANSWER, BARE, NO_HEADER)
ITEMS = [
    "ENVELOPE",
    "BODYSTRUCTURE",
    "BODY",
    "RFC822.SIZE",
    "INTERNALDATE",
    "RFC822.HEADER",
    "BODY.PEEK[]",
    "BODY.PEEK[HEADER]",
    "BODY.PEEK[TEXT]",
    "BODY.PEEK[]<10.20>",
    "BODY.PEEK[TEXT]<5000.10>",
    "BODY.PEEK[HEADER.FIELDS (subject FROM X-None)]",
    "BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT)]",
    "BODY.PEEK[1]",
    "BODY.PEEK[1.1]",
    "BODY.PEEK[1.2]",
    "BODY.PEEK[1.MIME]",
    "BODY.PEEK[1.HEADER]",
    "BODY.PEEK[1.TEXT]",
    "BODY.PEEK[1.HEADER.FIELDS (SUBJECT)]",
    "BODY.PEEK[1.1.2]",
    "BODY.PEEK[1.1.2.MIME]",
    "BODY.PEEK[2]",
    "BODY.PEEK[2.1]",
    "BODY.PEEK[2.1.HEADER]",
    "BODY.PEEK[2.1.1]",
    "BODY.PEEK[3]",
    "BODY.PEEK[9]",
]
OTHERWISE = {("BODY.PEEK[2]", 3), ("BODY.PEEK[2.1]", 2)}
"""Dovecot counts the line end before a boundary to an inner multipart; by RFC 2046, 5.1.1, it is the boundary's. And it
gives a part 1 to a part that has none."""
DOVECOT = "/usr/lib/dovecot/imap"


@pytest.fixture
def open_inbox(http: requests.Session) -> Iterator[Callable[..., IMAPClient]]:
    clients: list[IMAPClient] = []

    def open_(lab: Lab, folder: str | None = "INBOX", *, readonly: bool = False) -> IMAPClient:
        client = imap_client(lab)
        clients.append(client)
        client.oauth2_login(lab.ready["mailboxes"][0], sign_in(lab, http)["access_token"])
        if folder is not None:
            client.select_folder(folder, readonly=readonly)
        return client

    yield open_
    for client in clients:
        client.shutdown()


Open = Callable[..., IMAPClient]


@pytest.fixture
def full(start: Callable[..., Lab]) -> Lab:
    return start(shape="mailbox-with-mail")


@pytest.fixture
def dovecot() -> Iterator[IMAPClient]:
    """Dovecot's IMAP process on pipes, already signed in, with a Maildir of its own."""
    if shutil.which("doveconf", path="/usr/bin:/usr/sbin:/usr/local/bin") is None or not Path(DOVECOT).exists():
        pytest.skip("dovecot is not installed; on Debian: apt-get install dovecot-imapd")
    user = posix.pwd.getpwnam("dovecot") if posix.os.getuid() == 0 else posix.pwd.getpwuid(posix.os.getuid())
    folder = Path(tempfile.mkdtemp(prefix="diag-dovecot-"))
    settings = {
        "mail_location": f"maildir:{folder}/Maildir",
        "log_path": f"{folder}/log",
        "base_dir": f"{folder}/run",
        "mail_uid": user.pw_uid,
        "mail_gid": user.pw_gid,
        "first_valid_uid": user.pw_uid,
        "ssl": "no",
        "stats_writer_socket_path": "",
    }
    (folder / "conf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    if posix.os.getuid() == 0:
        posix.os.chown(folder, user.pw_uid, user.pw_gid)
    client = Piped(f"env USER=erp HOME={folder} {DOVECOT} -c {folder}/conf", stream=True, ssl=False)
    try:
        yield client
    finally:
        client.logout()
        shutil.rmtree(folder, ignore_errors=True)


class Piped(IMAPClient):  # type: ignore[misc]
    """imapclient on a process's pipes, which have no time-out to set."""

    def _set_read_timeout(self) -> None:
        pass


def test_every_item_of_every_message_is_what_dovecot_says(lab: Lab, open_inbox: Open, dovecot: IMAPClient) -> None:
    folder = lab.setup.mailbox.folder()
    for content in MESSAGES:
        message = folder.deliver(content)
        dovecot.append("INBOX", message.content, msg_time=message.received)
    dovecot.select_folder("INBOX")
    client = open_inbox(lab)
    numbers = client.search()
    assert numbers == [1, 2, 3, 4, 5, 6]
    for item in ITEMS:
        ours, theirs = client.fetch(numbers, [item]), dovecot.fetch(numbers, [item])
        for number in numbers:
            assert (item, number) in OTHERWISE or _plain(ours[number]) == _plain(theirs[number]), (item, number)


def _plain(values: dict[bytes, Any]) -> dict[str, Any]:
    """Return the values of an answer without what two servers may write differently: case of names, and NIL for empty."""
    return {name.decode().upper(): _folded(value) for name, value in values.items() if name not in {b"FLAGS", b"SEQ"}}


def _folded(value: Any) -> Any:
    if isinstance(value, bytes) and len(value) < 40:
        return value.lower() or None
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        return [_folded(item) for item in value]
    return value or None


CRITERIA = [
    "ALL", "UNSEEN", "SEEN", "NOT SEEN", "FLAGGED", "NEW", "OLD", "DELETED", "UNDELETED", "KEYWORD $MDNSent",
    "UNKEYWORD $MDNSent", 'SUBJECT "order"', 'SUBJECT "factura"', 'FROM "fabrikam"', 'TO "erp@"', 'CC "accounts"',
    'BCC "x"', 'TEXT "cartridges"', 'BODY "Adjuntamos"', 'HEADER Message-ID "4711"', 'HEADER In-Reply-To ""',
    'HEADER X-None ""', "LARGER 500", "SMALLER 500", "UID 2:4", "1,3", "2:*", "OR SEEN 5", "NOT (SEEN 1:2)",
    "BEFORE 3-Mar-2026", "ON 3-mar-2026", "SINCE 03-Mar-2026", "SENTON 2-Mar-2026", "SENTSINCE 3-Mar-2026",
    "SENTBEFORE 3-Mar-2026", "(OR (SEEN) (LARGER 800)) UNFLAGGED", "UNANSWERED UNDRAFT",
]  # fmt: skip


def test_every_search_finds_what_dovecot_finds(full: Lab, open_inbox: Open, dovecot: IMAPClient) -> None:
    folder = full.setup.mailbox.folder()
    folder.deliver(ANSWER, r"\Flagged", "$MDNSent")
    dated = b"Date: Wed, 04 Mar 2026 00:30:00 +0100\n"
    folder.deliver(dated + FORWARDED, r"\Answered", r"\Draft")
    folder.deliver(dated + BARE, r"\Deleted")
    for message in folder.messages:
        dovecot.append("INBOX", message.content, message.flags, message.received)
    dovecot.select_folder("INBOX")
    client = open_inbox(full)
    for text in CRITERIA:
        assert list(client.search(text)) == list(dovecot.search(text)), text


def test_reading_marks_a_message_as_read_and_peeking_does_not(full: Lab, open_inbox: Open) -> None:
    client = open_inbox(full)
    client.fetch([2], ["BODY.PEEK[]", "RFC822.HEADER", "FLAGS"])
    assert client.search("UNSEEN") == [2]
    assert rb"\Seen" in client.fetch([2], ["BODY[TEXT]"])[2][b"FLAGS"]
    assert client.search("UNSEEN") == []
    assert r"\Seen" in full.setup.mailbox.folder().messages[1].flags


def test_what_was_opened_with_examine_stays_as_it_is(full: Lab, open_inbox: Open) -> None:
    client = open_inbox(full, readonly=True)
    assert client.fetch([2], ["RFC822"])[2][b"RFC822"].startswith(b"From:")
    for change in (lambda: client.add_flags([2], [r"\Seen"]), client.expunge):
        with pytest.raises(IMAPClientError, match="read-only"):
            change()
    assert r"\Seen" not in full.setup.mailbox.folder().messages[1].flags


def test_flags_are_set_added_and_taken_away(full: Lab, open_inbox: Open) -> None:
    client = open_inbox(full)
    assert set(client.add_flags([1, 2], [r"\Flagged", "Unknown"])[1]) == {rb"\Seen", rb"\Flagged", rb"\Recent"}
    assert set(client.remove_flags([1], [r"\seen"])[1]) == {rb"\Flagged", rb"\Recent"}
    assert set(client.set_flags([1], [r"\Answered"])[1]) == {rb"\Answered", rb"\Recent"}
    assert client.add_flags([2], [r"\Deleted"], silent=True) is None
    assert client.search("DELETED") == [2]


def test_expunge_removes_what_is_marked_and_numbers_move_up(full: Lab, open_inbox: Open) -> None:
    folder = full.setup.mailbox.folder()
    folder.deliver(ANSWER)
    client = open_inbox(full)
    client.delete_messages([1, 3])
    client.uid_expunge([3])
    assert [message.uid for message in folder.messages] == [1, 2]
    assert client.expunge()[1] == [(1, b"EXPUNGE")]
    assert [message.uid for message in folder.messages] == [2]
    assert client.search("ALL") == [2]
    status = client.folder_status("INBOX", ["MESSAGES", "UNSEEN", "UIDNEXT", "UIDVALIDITY", "RECENT"])
    assert status == {b"MESSAGES": 1, b"UNSEEN": 1, b"UIDNEXT": 4, b"UIDVALIDITY": 14, b"RECENT": 0}


def test_close_expunges_and_unselect_does_not(full: Lab, open_inbox: Open) -> None:
    folder = full.setup.mailbox.folder()
    client = open_inbox(full)
    client.delete_messages([1])
    client.unselect_folder()
    assert len(folder.messages) == 2
    client.select_folder("INBOX")
    client.close_folder()
    assert [message.uid for message in folder.messages] == [2]


def test_a_session_learns_of_what_others_did_when_it_may(full: Lab, open_inbox: Open) -> None:
    one, other = open_inbox(full), open_inbox(full)
    one.use_uid = other.use_uid = False
    other.delete_messages([1])
    other.expunge()
    full.setup.mailbox.folder().deliver(ANSWER)
    assert b"4711" in one.fetch([1], ["BODY.PEEK[HEADER]"])[1][b"BODY[HEADER]"]
    assert one.noop()[1] == [(1, b"EXPUNGE"), (2, b"EXISTS"), (2, b"RECENT")]
    assert b"815" in one.fetch([1], ["BODY.PEEK[HEADER]"])[1][b"BODY[HEADER]"]


def test_who_idles_is_told(full: Lab, open_inbox: Open) -> None:
    client = open_inbox(full)
    client.idle()
    assert client.idle_check(timeout=0.1) == []
    full.setup.mailbox.folder().deliver(ANSWER)
    told: list[Any] = []
    deadline = time.monotonic() + 10
    while not told and time.monotonic() < deadline:
        told = client.idle_check(timeout=1)
    assert (3, b"EXISTS") in told
    client.idle_done()
    assert client.search() == [1, 2, 3]


@pytest.mark.parametrize(
    "change",
    [
        lambda client: client.append("Drafts", ORDER),
        lambda client: client.copy([1], "Drafts"),
        lambda client: client.move([1], "Drafts"),
        lambda client: client.create_folder("New"),
        lambda client: client.delete_folder("Drafts"),
        lambda client: client.rename_folder("Drafts", "Old"),
        lambda client: client.subscribe_folder("Drafts"),
        lambda client: client._imap._simple_command("COPY", "1", "Drafts")[1] and client._imap.copy("1", "Drafts"),
    ],
)
def test_what_the_lab_does_not_change_it_refuses_in_words(
    full: Lab, open_inbox: Open, change: Callable[[IMAPClient], Any]
) -> None:
    client = open_inbox(full)
    try:
        answer = str(change(client))
    except IMAPClientError as refused:
        answer = str(refused)
    assert "is not simulated" in answer
    assert len(full.setup.mailbox.folder().messages) == 2
    client.noop()


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("FETCH 3 FLAGS", "NO The specified message set is invalid."),
        ("FETCH 0 FLAGS", "BAD The specified message set is invalid."),
        ("FETCH one FLAGS", "BAD The specified message set is invalid."),
        ("UID FETCH 99 FLAGS", "OK FETCH completed."),
        ("FETCH 1 COLOUR", "BAD Command Argument Error 11"),
        ("FETCH 1", "BAD Command Argument Error 11"),
        ("FETCH 1 BODY[MIME]", "BAD Command Argument Error 11"),
        ("FETCH 1 BODY[1HEADER]", "BAD Command Argument Error 11"),
        ("FETCH 1 (BODY[HEADER.FIELDS (A)", "BAD Command Error. 12"),
        ("STORE 1 FLAG (x)", "BAD Command Argument Error 11"),
        ("STORE 1", "BAD Command Argument Error 11"),
        ("SEARCH", "BAD The specified message set is invalid."),
        ("SEARCH BLUE", "BAD The specified message set is invalid."),
        ("SEARCH SINCE yesterday", "BAD The specified message set is invalid."),
        ("SEARCH SINCE 31-Feb-2026", "BAD The specified message set is invalid."),
        ("SEARCH CHARSET UTF-8 ALL", "NO [BADCHARSET (US-ASCII)] The specified charset is not supported."),
        ("UID EXPUNGE x", "BAD The specified message set is invalid."),
        ("UID FROBNICATE 1", "BAD Command Error. 12"),
        ("STATUS INBOX (SIZE)", "BAD Command Argument Error 11"),
        ("STATUS Nowhere (MESSAGES)", "NO Nowhere doesn't exist."),
    ],
)
def test_what_is_wrong_is_answered_in_exchanges_words(full: Lab, open_inbox: Open, line: str, answer: str) -> None:
    client = open_inbox(full)
    client._imap.send(f"x1 {line}\r\n".encode())
    while not (got := client._imap.readline()).startswith(b"x1 "):
        assert got
    assert got.decode().strip() == f"x1 {answer}"


@pytest.mark.parametrize("size", [10, 5_000_000])
def test_append_is_refused_before_or_after_its_literal(full: Lab, open_inbox: Open, size: int) -> None:
    client = open_inbox(full)
    client._imap.send(b"x1 APPEND Drafts {%d}\r\n" % size)
    assert client._imap.readline().startswith(b"x1 NO APPEND is not simulated")
    client._imap.send(b"x2 APPEND Drafts (\\Seen) {%d+}\r\n" % size + b"y" * size + b"\r\nx3 NOOP\r\n")
    assert client._imap.readline().startswith(b"x2 NO APPEND is not simulated")
    assert client._imap.readline() == b"x3 OK NOOP completed.\r\n"


def test_commands_of_a_folder_want_one_selected(full: Lab, open_inbox: Open) -> None:
    client = open_inbox(full, None)
    for line in ("FETCH 1 FLAGS", "UID FETCH 1 FLAGS", "STORE 1 FLAGS ()", "SEARCH ALL", "EXPUNGE", "CLOSE", "CHECK"):
        client._imap.send(f"x1 {line}\r\n".encode())
        assert client._imap.readline() == b"x1 BAD Command received in Invalid state.\r\n"


def test_a_folder_may_have_a_name_in_any_language(lab: Lab, open_inbox: Open) -> None:
    lab.setup.mailbox.folders = ("INBOX", "Gelöschte Elemente", "A & B", "受信[1]?", "INBOX/Sub")
    client = open_inbox(lab, None)
    assert [name for _, _, name in client.list_folders()] == list(lab.setup.mailbox.folders)
    assert [name for _, _, name in client.list_folders("", "%")] == list(lab.setup.mailbox.folders)[:-1]
    assert [name for _, _, name in client.list_folders("INBOX/", "%")] == ["INBOX/Sub"]
    for name in lab.setup.mailbox.folders:
        client.select_folder(name)
    assert client.folder_status("A & B", ["MESSAGES"]) == {b"MESSAGES": 0}


@given(
    st.lists(
        st.sampled_from(
            [
                b"--b",
                b"--b--",
                b"\r\n",
                b"\r\n\r\n",
                b"x",
                b"--",
                b"Content-Type: multipart/mixed; boundary=b",
                b"Content-Type: message/rfc822",
                b": ",
                b"\xff",
                b'"',
                b"\t",
            ]
        ),
        max_size=30,
    )
)
def test_whatever_a_message_is_made_of_it_can_be_described(pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    whole = mime.cut(content)
    assert whole.header + whole.body == content
    for extended in (False, True):
        described = mime.structure(whole, extended=extended)
        assert described.count("(") >= 1
    mime.envelope(whole)
    for part in whole.parts:
        assert part.header + part.body in content


WORDS = [
    "FETCH", "STORE", "SEARCH", "UID", "EXPUNGE", "SELECT", "EXAMINE", "STATUS", "LIST", "NOOP", "CLOSE", "IDLE", "DONE",
    "1", "1:*", "*", "0", "2,3", "9999999999", "INBOX", '"Sent Items"', "FLAGS", "+FLAGS.SILENT", "BODY[]", "BODY.PEEK[1.2]<0.5>",
    "BODY[HEADER.FIELDS", "]", "ENVELOPE", "BODYSTRUCTURE", "(", ")", "((((", "NOT", "OR", "SUBJECT", "SINCE", "1-Jan-2026", "ALL",
    "CHARSET", "HEADER", '"x"', '""', "{0+}\r\n", "(MESSAGES UNSEEN)", r"(\Deleted)", r"\Seen", "%", "\u00fc",
]  # fmt: skip


@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8), max_size=12))
def test_whatever_is_asked_every_command_is_answered_once(commands: list[list[str]]) -> None:
    mailbox = Recipient("erp", "erp@contoso.com", "erp@contoso.com")
    mailbox.folder().deliver(ORDER)
    mailbox.folder().deliver(INVOICE)
    served = MailboxCommands()
    for number, words in enumerate(commands):
        reader = CommandReader()
        reader.feed(f"t{number} {' '.join(words)}\r\n".encode())
        try:
            tokens = reader.next_command()
            command = parse(tokens) if isinstance(tokens, list) else None
            if command is None or command.name not in served:
                continue
            lines = served.run(command, mailbox)
        except BadSyntax:
            continue
        assert re.match(rf"t{number} (OK|NO|BAD) +\S", lines[-1])
        assert not any(line.startswith(f"t{number} ") for line in lines[:-1])
        assert len(mailbox.folder().messages) <= 2


def test_a_line_of_parentheses_is_bad_syntax_and_no_more(lab: Lab, open_inbox: Open) -> None:
    client = open_inbox(lab)
    client._imap.send(b"x1 SEARCH " + b"(" * 60_000 + b"\r\nx2 NOOP\r\n")
    assert client._imap.readline() == b"x1 BAD Command Error. 12\r\n"
    assert client._imap.readline() == b"x2 OK NOOP completed.\r\n"
