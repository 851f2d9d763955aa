from __future__ import annotations

import base64
import re
import socket
import ssl
from collections.abc import Callable, Iterator

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from diagnostics.lab.faults import Fault
from diagnostics.lab.imap.lexer import Atom, BadSyntax, Close, CommandReader, Open, Ready, String
from diagnostics.lab.imap.parser import Command, parse
from diagnostics.lab.imap.sign_in import ANSWERS, State
from diagnostics.lab.server import Lab
from diagnostics.lab.setup import full_access
from diagnostics.lab.state import Recipient

from .clients import imap_client, profile, sign_in

NOT_CONNECTED = "User is authenticated but not connected"


@pytest.fixture
def token(lab: Lab, http: requests.Session) -> str:
    return str(sign_in(lab, http)["access_token"])


@pytest.fixture
def raw(lab: Lab) -> Iterator[Callable[[bytes], bytes]]:
    """A TLS connection that sends lines and returns everything up to an answer to the last of them."""
    values = profile(lab)["imap"]
    context = ssl.create_default_context(cafile=str(lab.ca_file))
    with (
        socket.create_connection((values["server"], values["port"]), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=values["server"]) as connection,
        connection.makefile("rb") as lines,
    ):
        assert lines.readline().startswith(b"* OK The Microsoft Exchange IMAP4 service is ready. [")

        def send(data: bytes, until: bytes = b"") -> bytes:
            connection.sendall(data)
            wanted = until or data.split(b" ")[0] + b" "
            answer = b""
            while line := lines.readline():
                answer += line
                if line.startswith(wanted):
                    break
            return answer

        yield send


def response(user: str, token: str) -> bytes:
    return base64.b64encode(f"user={user}\x01auth=Bearer {token}\x01\x01".encode())


def test_imapclient_reads_the_folders(lab: Lab, token: str) -> None:
    with imap_client(lab) as client:
        assert b"AUTH=XOAUTH2" in client.capabilities()
        assert b"MOVE" not in client.capabilities()
        client.oauth2_login(lab.ready["mailboxes"][0], token)
        assert b"BACKENDAUTHENTICATE" in client.capabilities()
        assert [name for _, _, name in client.list_folders()] == ["INBOX", "Sent Items", "Drafts", "Deleted Items"]
        assert client.namespace()[0] == (("", "/"),)
        assert client.select_folder("INBOX", readonly=True)[b"EXISTS"] == 0
        assert client.folder_status("Deleted Items", ["MESSAGES", "UIDNEXT"]) == {b"MESSAGES": 0, b"UIDNEXT": 1}
        assert client.search() == []
        client.unselect_folder()
        assert client.id_({"name": "test"})
        client.noop()


def test_the_greeting_names_a_front_end(lab: Lab) -> None:
    with imap_client(lab) as client:
        bracket = re.search(rb"\[(.*)\]$", client.welcome)
        assert bracket
        assert base64.b64decode(bracket[1]).decode("utf-16-le").endswith(".PROD.OUTLOOK.COM")


def test_both_forms_of_xoauth2_are_taken(raw: Callable[..., bytes], lab: Lab, token: str) -> None:
    sasl = response(lab.ready["mailboxes"][0], token)
    assert raw(b"a1 AUTHENTICATE XOAUTH2\r\n", b"+ ") == b"+ \r\n"
    assert raw(sasl + b"\r\n", b"a1 ") == b"a1 OK AUTHENTICATE completed.\r\n"
    assert raw(b"a2 SELECT {5}\r\n", b"+ ").startswith(b"+ ")
    assert raw(b"INBOX\r\n", b"a2 ").endswith(b"a2 OK [READ-WRITE] SELECT completed.\r\n")
    assert raw(b"a3 SELECT {5+}\r\nINBOX\r\n").endswith(b"a3 OK [READ-WRITE] SELECT completed.\r\n")
    assert raw(b"a4 IDLE\r\n", b"+ ").startswith(b"+ ")
    assert raw(b"DONE\r\n", b"a4 ") == b"a4 OK IDLE completed.\r\n"
    assert raw(b'a5 LIST "" "S*"\r\n').startswith(rb'* LIST (\HasNoChildren \Sent) "/" "Sent Items"')
    assert raw(b"a6 LOGOUT\r\n").endswith(b"a6 OK LOGOUT completed.\r\n")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"a1 LOGIN erp@contoso.com password\r\n", b"a1 NO LOGIN failed.\r\n"),
        (b"a1 AUTHENTICATE PLAIN AGEAYg==\r\n", b"a1 NO AUTHENTICATE failed.\r\n"),
        (b"a1 AUTHENTICATE XOAUTH2 !!!!\r\n", b"a1 NO AUTHENTICATE failed.\r\n"),
        (b"a1 FROBNICATE\r\n", b"a1 BAD Command Error. 12\r\n"),
        (b"a1 AUTHENTICATE\r\n", b"a1 BAD Command Argument Error 11\r\n"),
        (b"a1 SELECT INBOX\r\n", b"a1 BAD Command received in Invalid state.\r\n"),
    ],
)
def test_refusals_before_sign_in(raw: Callable[..., bytes], line: bytes, answer: bytes) -> None:
    assert raw(line) == answer


def test_a_superfluous_empty_line_is_a_command_error(raw: Callable[..., bytes]) -> None:
    assert raw(b"\r\n", b"* ") == b"* BAD Command Error. 12\r\n"


def test_a_mailbox_that_cannot_be_opened_hangs_up_after_the_second_bad(
    raw: Callable[..., bytes], lab: Lab, token: str
) -> None:
    lab.setup.remove_permissions()
    sasl = response(lab.ready["mailboxes"][0], token)
    assert raw(b"a1 AUTHENTICATE XOAUTH2 " + sasl + b"\r\n") == b"a1 OK AUTHENTICATE completed.\r\n"
    assert b"BACKENDAUTHENTICATE" in raw(b"a2 CAPABILITY\r\n")
    assert raw(b"a3 NAMESPACE\r\n") == b"a3 BAD User is authenticated but not connected.\r\n"
    assert raw(b"a4 EXAMINE INBOX\r\n", b"* BYE") == (
        b"a4 BAD User is authenticated but not connected.\r\n* BYE Connection closed. 14\r\n"
    )


def outcome(lab: Lab, token: str, mailbox: str | None = None) -> str:
    with imap_client(lab) as client:
        try:
            client.oauth2_login(mailbox or lab.ready["mailboxes"][0], token)
        except LoginError:
            return "refused"
        try:
            client.select_folder("INBOX", readonly=True)
        except IMAPClientError as error:
            return "not connected" if NOT_CONNECTED in str(error) else str(error)
        return "connected"


def test_what_changes_in_the_tenant_is_seen_at_once(lab: Lab, token: str) -> None:
    setup = lab.setup
    assert outcome(lab, token) == "connected"
    setup.remove_permissions()
    assert outcome(lab, token) == "not connected"
    full_access(setup.mailbox, setup.exchange_principal)
    assert outcome(lab, token) == "connected"
    setup.mailbox.imap_enabled = False
    assert outcome(lab, token) == "not connected"
    setup.mailbox.imap_enabled = True
    setup.exchange_principal.object_id = setup.registration.object_id
    assert outcome(lab, token) == "refused"


def test_a_permission_taken_away_ends_an_open_session(lab: Lab, token: str) -> None:
    with imap_client(lab) as client:
        client.oauth2_login(lab.ready["mailboxes"][0], token)
        client.noop()
        lab.setup.remove_permissions()
        with pytest.raises(IMAPClientError, match=NOT_CONNECTED):
            client.list_folders()


def test_other_peoples_mailboxes_stay_shut(lab: Lab, token: str) -> None:
    assert outcome(lab, token, "accounts@contoso.com") == "not connected"
    assert outcome(lab, token, "nobody@contoso.com") == "not connected"
    assert outcome(lab, token, "staff@contoso.com") == "not connected"
    assert outcome(lab, token, "erp@fabrikam.com") == "not connected"


@pytest.mark.parametrize("scope", ["https://graph.microsoft.com/.default"])
def test_a_token_for_another_resource_is_refused(lab: Lab, http: requests.Session, scope: str) -> None:
    assert outcome(lab, sign_in(lab, http, scope=scope)["access_token"]) == "refused"


def test_the_operator_is_refused(lab: Lab, http: requests.Session) -> None:
    assert outcome(lab, sign_in(lab, http, operator=True)["access_token"]) == "refused"


def test_a_consent_taken_back_lasts_until_the_token_ends(lab: Lab, token: str, http: requests.Session) -> None:
    lab.setup.revoke_all()
    assert outcome(lab, token) == "connected"
    assert outcome(lab, sign_in(lab, http)["access_token"]) == "refused"


def test_inherited_and_comma_joined_rights_count(lab: Lab, token: str) -> None:
    (entry,) = lab.setup.permissions_of_application()
    entry.access_rights, entry.is_inherited = ("FullAccess, ReadPermission",), True
    assert outcome(lab, token) == "connected"


def test_a_dropped_connection_can_be_asked_for(lab: Lab, token: str) -> None:
    lab.faults.imap.add(Fault(drop=True))
    with pytest.raises((OSError, IMAPClientError)), imap_client(lab):
        pass
    assert outcome(lab, token) == "connected"


def test_every_state_cites_its_record_or_says_invented() -> None:
    assert ANSWERS.keys() == set(State)
    assert all(source for _, source in ANSWERS.values())


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_whatever_comes_the_reader_answers_or_waits(chunks: list[bytes]) -> None:
    reader = CommandReader()
    for chunk in chunks:
        reader.feed(chunk)
        for _ in range(100):
            try:
                tokens = reader.next_command()
                if tokens is None:
                    break
                if not isinstance(tokens, Ready):
                    parse(tokens)
            except BadSyntax:
                pass
        else:
            pytest.fail("the reader does not come to an end")


@given(st.lists(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])), max_size=4), st.data())
def test_strings_survive_quoted_as_literals_and_in_pieces(texts: list[str], data: st.DataObject) -> None:
    line = b"t X"
    for text in texts:
        encoded = text.encode()
        if data.draw(st.booleans()):
            line += b" {%d+}\r\n" % len(encoded) + encoded
        else:
            line += b' "' + encoded.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    line += b"\r\n"
    cut = data.draw(st.integers(0, len(line)))
    reader = CommandReader()
    reader.feed(line[:cut])
    tokens = reader.next_command()
    if tokens is None:
        reader.feed(line[cut:])
        tokens = reader.next_command()
    assert isinstance(tokens, list)
    assert parse(tokens) == Command("t", "X", tuple(texts))


def test_tokens_and_lists() -> None:
    reader = CommandReader()
    reader.feed(b'a STATUS "x" (MESSAGES (B))\n')
    tokens = reader.next_command()
    assert tokens == [
        Atom("a"),
        Atom("STATUS"),
        String("x"),
        Open(),
        Atom("MESSAGES"),
        Open(),
        Atom("B"),
        Close(),
        Close(),
    ]
    assert parse(tokens).arguments == ("x", ["MESSAGES", ["B"]])


@pytest.mark.parametrize("line", [b"a\r\n", b'a X "b\r\n', b"a X (b\r\n", b"a X b)\r\n", b'"a" X\r\n'])
def test_what_is_no_command_is_bad_syntax(line: bytes) -> None:
    reader = CommandReader()
    reader.feed(line)
    with pytest.raises(BadSyntax):
        parse(reader.next_command() or [])  # type: ignore[arg-type]


@pytest.mark.parametrize("line", [b"x" * 70000, b"a X {99999999}\r\n"])
def test_what_is_too_long_ends_the_session(line: bytes) -> None:
    reader = CommandReader()
    reader.feed(line)
    with pytest.raises(BadSyntax) as problem:
        reader.next_command()
    assert problem.value.fatal


def test_a_folder_that_is_not_there(lab: Lab, token: str) -> None:
    with imap_client(lab) as client:
        client.oauth2_login(lab.ready["mailboxes"][0], token)
        with pytest.raises(IMAPClientError, match="doesn't exist"):
            client.select_folder("Archive")


def test_plain_text_port_greets_in_clear(start: Callable[..., Lab]) -> None:
    values = profile(start("net-tls-to-plaintext-port"))["imap"]
    with socket.create_connection((values["server"], values["port"]), timeout=5) as connection:
        assert connection.recv(100).startswith(b"* OK The Microsoft Exchange")


def test_the_lab_ends_with_sessions_open(lab: Lab) -> None:
    client: IMAPClient = imap_client(lab)
    lab.close()
    with pytest.raises((OSError, IMAPClientError)):
        client.noop()
    client.shutdown()


def test_recipients_of_the_directory_are_not_all_mailboxes() -> None:
    assert not Recipient("g", "g@contoso.com", recipient_type_details="GroupMailbox").is_mailbox
