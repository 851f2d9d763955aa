from __future__ import annotations

import base64
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diagnostics.evidence import ReplyStatus
from diagnostics.redaction import Secret
from diagnostics.sources.imap.conversation import (
    _NEXT,
    Challenged,
    Conversation,
    Ended,
    Event,
    Greeted,
    Heard,
    Over,
    Sent,
    State,
)
from diagnostics.sources.imap.greeting import front_end
from diagnostics.sources.imap.lexer import MAX_LINE, MAX_LITERAL, Literal, NotImap, ResponseReader
from diagnostics.sources.imap.names import decode_folder, encode_folder, quoted
from diagnostics.sources.imap.parser import Continuation, Data, Malformed, Status, Tagged, parse, values
from diagnostics.sources.imap.xoauth2 import UserUnfit, decode_challenge, initial_response

USER = "test@contoso.onmicrosoft.com"
TOKEN = Secret("EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA")
VECTOR = (
    "dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0Vv"
    "QUEBAQ=="
)
GREETING = b"* OK The Microsoft Exchange IMAP4 service is ready. [RgBSADQAUAAyADgAMQBDAEEAMAAzADQAOAAuAEQARQBVAFAA]\r\n"
CAPABILITY = (
    b"* CAPABILITY IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID NAMESPACE LITERAL+\r\nA1 OK done\r\n"
)
NOT_CONNECTED = b"BAD User is authenticated but not connected.\r\n"


def conversation(**options: object) -> Conversation:
    return Conversation(USER, TOKEN, **options)  # type: ignore[arg-type]


def hear(talk: Conversation, *answers: bytes) -> list[Event]:
    return [event for answer in answers for event in talk.receive(answer)]


# The string that signs in


def test_microsofts_own_test_vector() -> None:
    assert initial_response(USER, TOKEN).reveal() == VECTOR


@pytest.mark.parametrize("user", ["", "a\x01b@contoso.com", "a\r\nA2 LOGOUT", "a\0b", "a\x7f"])
def test_a_user_with_control_characters_is_refused(user: str) -> None:
    with pytest.raises(UserUnfit):
        Conversation(user, TOKEN)


def test_a_challenge_is_decoded_or_kept_as_it_is() -> None:
    sent = '{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}'
    assert decode_challenge(base64.b64encode(sent.encode()).decode()) == sent
    assert decode_challenge("go on") == "go on"


# The greeting


@pytest.mark.parametrize(
    "text",
    [
        "The Microsoft Exchange IMAP4 service is ready. [{}]",
        "The Microsoft Exchange IMAP4 service is ready. (BACKENDAUTHENTICATE) [{}]",
    ],
)
def test_the_front_end_is_named(text: str) -> None:
    name = "FR4P281CA0348.DEUP281.PROD.OUTLOOK.COM"
    assert front_end(text.format(base64.b64encode(name.encode("utf-16-le")).decode())) == name


@pytest.mark.parametrize("text", ["Dovecot (Debian) ready.", "ready [AAAA=]", "[CAPABILITY IMAP4rev1]", "x [////////]"])
def test_other_greetings_name_none(text: str) -> None:
    assert front_end(text) == ""


# Lexer and parser


def read(data: bytes) -> list[object]:
    return list(ResponseReader().feed(data))


def test_literals_belong_to_their_response() -> None:
    assert read(b'* LIST () "/" {5}\r\na\r\nb"\r\n* OK x\r\n') == [
        (b'* LIST () "/" {5}', Literal(b'a\r\nb"'), b""),
        (b"* OK x",),
    ]


@pytest.mark.parametrize("line", [b"* OK ready {3}", b"A1 NO failed {99999999}", b"+ {7}", b"* bye {1}"])
def test_a_status_line_never_waits_for_a_literal(line: bytes) -> None:
    assert read(line + b"\r\n") == [(line,)]


@pytest.mark.parametrize(
    "data", [b"x" * (MAX_LINE + 1), b"x" * (MAX_LINE + 1) + b"\n", b"* LIST {%d}\r\n" % (MAX_LITERAL + 1)]
)
def test_sizes_are_limited(data: bytes) -> None:
    with pytest.raises(NotImap):
        read(data)


def feed_again_and_again(block: bytes) -> None:
    reader = ResponseReader()
    for _ in range(1000):
        list(reader.feed(block))


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (b"* LIST {250000}\r\n" + (b"x" * 250000 + b" {250000}\r\n") * 2, "a response is longer"),
        (b"* OK still here\r\n" * 4000, "the server sent more"),
    ],
)
def test_what_has_no_end_is_cut(block: bytes, words: str) -> None:
    with pytest.raises(NotImap, match=words):
        feed_again_and_again(block)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"A1 OK AUTHENTICATE completed.", Tagged("A1", "OK", "AUTHENTICATE completed.")),
        (b"a2 no [AUTHENTICATIONFAILED] x", Tagged("a2", "NO", "[AUTHENTICATIONFAILED] x", "AUTHENTICATIONFAILED")),
        (b"* BAD Command Error. 12", Status("BAD", "Command Error. 12")),
        (b"* OK [CAPABILITY IMAP4rev1] hi", Status("OK", "[CAPABILITY IMAP4rev1] hi", "CAPABILITY", "IMAP4rev1")),
        (b"* BYE", Status("BYE", "")),
        (b"+ eyJ9", Continuation("eyJ9")),
        (b"+", Continuation("")),
        (b"* 3 EXISTS", Data("3", ("EXISTS",))),
        (b'* LIST (\\HasNoChildren) "/" "a \\"b\\\\"', Data("LIST", (("\\HasNoChildren",), "/", 'a "b\\'))),
        (b'* NAMESPACE (("" "/")) NIL NIL', Data("NAMESPACE", ((("", "/"),), None, None))),
        (b"* LIST (unclosed", Data("LIST", ())),
    ],
)
def test_each_kind_of_response(line: bytes, expected: object) -> None:
    assert parse((line,)) == expected


@pytest.mark.parametrize("line", [b"", b"HTTP/1.1 400 Bad Request", b"SSH-2.0-OpenSSH_9", b"* ", b"A1 MAYBE"])
def test_what_is_no_response_is_refused(line: bytes) -> None:
    with pytest.raises(NotImap):
        parse((line,))


@pytest.mark.parametrize("text", [b")", b"((", b'"open', b"(" * 100])
def test_malformed_values_are_refused(text: bytes) -> None:
    with pytest.raises(Malformed):
        values((text,))


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), min_size=1, max_size=40)


@given(NAMES)
@example("Entwürfe & Anlagen")
@example("&")
@example('a"b\\c')
@example("台北/日本語")
def test_folder_names_survive_the_wire(name: str) -> None:
    wire = encode_folder(name)
    assert wire.isascii()
    assert wire.isprintable()
    assert decode_folder(wire) == name
    assert values((quoted(name).encode(),)) == (wire,) or wire.upper() == "NIL"
    assert values((b"{%d}" % len(wire), Literal(wire.encode()), b"")) == (wire,)


def test_a_folder_name_that_is_no_utf_7_stays() -> None:
    assert decode_folder("R&D and &x-") == "R&D and &x-"


# The conversation


def run(*answers: bytes, **options: object) -> tuple[Conversation, list[Event]]:
    talk = conversation(**options)
    return talk, hear(talk, *answers)


def ends(events: list[Event]) -> list[tuple[str, ReplyStatus, str]]:
    return [(event.command, event.status, event.text) for event in events if isinstance(event, Ended)]


def test_a_healthy_mailbox_is_walked_through_once() -> None:
    talk, events = run(
        GREETING,
        CAPABILITY,
        b"A2 OK AUTHENTICATE completed.\r\n",
        b'* NAMESPACE (("" "/")) NIL NIL\r\nA3 OK done\r\n',
        b'* LIST (\\Noinferiors) "/" INBOX\r\n* LIST () "/" "Entw&APw-rfe"\r\nA4 OK done\r\n',
        b"* 3 EXISTS\r\nA5 OK [READ-ONLY] done\r\n",
        b"* BYE bye\r\nA6 OK done\r\n",
    )
    assert [event.command for event in events if isinstance(event, Sent)] == [
        "CAPABILITY",
        "AUTHENTICATE XOAUTH2 ***",
        "NAMESPACE",
        'LIST "" "*"',
        "EXAMINE INBOX",
        "LOGOUT",
    ]
    assert {status for _, status, _ in ends(events)} == {ReplyStatus.OK}
    assert talk.folders == ["INBOX", "Entwürfe"]
    assert "AUTH=XOAUTH2" in talk.capabilities
    assert events[-1] == Over()
    assert talk.to_send().decode() == (
        f'A1 CAPABILITY\r\nA2 AUTHENTICATE XOAUTH2 {VECTOR}\r\nA3 NAMESPACE\r\nA4 LIST "" "*"\r\n'
        "A5 EXAMINE INBOX\r\nA6 LOGOUT\r\n"
    )


@pytest.mark.parametrize("line", [b"* CAPABILITY MOVE\r\nA2 OK done\r\n", b"A2 OK [CAPABILITY MOVE] done\r\n"])
def test_capabilities_are_those_from_before_the_sign_in(line: bytes) -> None:
    talk, _ = run(GREETING, CAPABILITY, line)
    assert "AUTH=XOAUTH2" in talk.capabilities
    assert "MOVE" not in talk.capabilities


def test_nothing_is_said_before_the_greeting() -> None:
    talk = conversation()
    assert talk.to_send() == b""
    hear(talk, GREETING[:-1])
    assert talk.to_send() == b""
    hear(talk, b"\n")
    assert talk.to_send() == b"A1 CAPABILITY\r\n"


def test_a_refusal_ends_with_logout_and_without_an_empty_line() -> None:
    talk, events = run(GREETING, CAPABILITY, b"A2 NO AUTHENTICATE failed.\r\n")
    assert ends(events)[-1] == ("AUTHENTICATE XOAUTH2 ***", ReplyStatus.NO, "AUTHENTICATE failed.")
    assert talk.to_send().endswith(b"A3 LOGOUT\r\n")


def test_authenticated_but_not_connected_is_asked_of_every_command() -> None:
    _, events = run(
        GREETING,
        CAPABILITY,
        b"A2 OK AUTHENTICATE completed.\r\n",
        b"A3 " + NOT_CONNECTED,
        b"A4 " + NOT_CONNECTED,
        b"A5 " + NOT_CONNECTED + b"* BYE Connection closed. 14\r\n",
    )
    assert [(command, status) for command, status, _ in ends(events)[2:]] == [
        ("NAMESPACE", ReplyStatus.BAD),
        ('LIST "" "*"', ReplyStatus.BAD),
        ("EXAMINE INBOX", ReplyStatus.BAD),
    ]


def test_a_bye_in_the_middle_ends_the_command_that_waited() -> None:
    _, events = run(
        GREETING, CAPABILITY, b"A2 OK done\r\nA3 " + NOT_CONNECTED + b"* BYE Connection closed. 14\r\n", b""
    )
    assert ends(events)[-1] == ('LIST "" "*"', ReplyStatus.BYE, "Connection closed. 14")
    assert [event for event in events if isinstance(event, Over)] == [Over("Connection closed. 14")]


def test_a_challenge_is_kept_and_answered_with_an_empty_line() -> None:
    talk, _ = run(GREETING, CAPABILITY)
    talk.to_send()
    refusal = base64.b64encode(b'{"status":"401","schemes":"bearer","scope":"mail"}')
    events = hear(talk, b"+ " + refusal + b"\r\n")
    assert events == [Challenged('{"status":"401","schemes":"bearer","scope":"mail"}')]
    assert talk.to_send() == b"\r\n"
    events = hear(talk, b"A2 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n")
    assert ends(events) == [
        ("AUTHENTICATE XOAUTH2 ***", ReplyStatus.NO, "[AUTHENTICATIONFAILED] Authentication failed.")
    ]


def test_without_sasl_ir_the_string_waits_for_the_plus() -> None:
    talk, _ = run(GREETING, b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\nA1 OK done\r\n")
    assert talk.to_send().endswith(b"A2 AUTHENTICATE XOAUTH2\r\n")
    assert hear(talk, b"+ \r\n") == []
    assert talk.to_send() == VECTOR.encode() + b"\r\n"
    assert ends(hear(talk, b"A2 OK done\r\n")) == [("AUTHENTICATE XOAUTH2 ***", ReplyStatus.OK, "done")]


def test_after_a_syntax_error_the_string_goes_in_a_line_of_its_own() -> None:
    talk, _ = run(GREETING, CAPABILITY, b"A2 BAD Command Argument Error 11\r\n")
    assert talk.to_send().endswith(b"A3 AUTHENTICATE XOAUTH2\r\n")
    hear(talk, b"+\r\n", b"A3 NO AUTHENTICATE failed.\r\n")
    assert talk.state is State.LOGOUT


@pytest.mark.parametrize(
    "words", ["Request is throttled. Suggested Backoff Time: 178755 milliseconds", "x not connected"]
)
def test_a_judgement_is_not_asked_for_twice(words: str) -> None:
    talk, events = run(GREETING, CAPABILITY, f"A2 BAD {words}\r\n".encode())
    assert ends(events)[-1] == ("AUTHENTICATE XOAUTH2 ***", ReplyStatus.BAD, words)
    assert talk.state is State.LOGOUT


@pytest.mark.parametrize(
    ("token", "capability"),
    [
        (None, CAPABILITY),
        (TOKEN, b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\nA1 OK done\r\n"),
        (TOKEN, b"A1 BAD x\r\n"),
    ],
)
def test_the_token_stays_here_when_it_is_not_asked_for(token: Secret | None, capability: bytes) -> None:
    talk = Conversation(USER, token)
    hear(talk, GREETING, capability)
    assert talk.to_send() == b"A1 CAPABILITY\r\nA2 LOGOUT\r\n"


def test_a_server_that_throttles_is_left_alone() -> None:
    talk, _ = run(
        GREETING, CAPABILITY, b"A2 OK done\r\n", b"A3 BAD Request is throttled. Suggested Backoff Time: 9 ms\r\n"
    )
    assert talk.state is State.LOGOUT


def test_an_ok_that_came_before_the_string_is_no_sign_in() -> None:
    talk, _ = run(GREETING, b"* CAPABILITY AUTH=XOAUTH2\r\nA1 OK done\r\n", b"A2 OK welcome\r\n")
    assert talk.state is State.LOGOUT


def test_another_folder_is_tried_after_inbox() -> None:
    talk, events = run(
        GREETING,
        CAPABILITY,
        *(b"A%d OK done\r\n" % number for number in range(2, 6)),
        b"A6 NO folder does not exist\r\n",
        folder="Post eingang\\ä",
    )
    assert b'A6 EXAMINE "Post eingang\\\\&AOQ-"\r\n' in talk.to_send()
    assert ends(events)[-1] == ("EXAMINE Post eingang\\ä", ReplyStatus.NO, "folder does not exist")


@pytest.mark.parametrize(
    ("answers", "command", "status"),
    [
        ([GREETING, CAPABILITY, b""], "AUTHENTICATE XOAUTH2 ***", ReplyStatus.CLOSED),
        ([GREETING, b"* BYE too many connections\r\n"], "CAPABILITY", ReplyStatus.BYE),
        ([GREETING, b"B7 OK whose\r\n"], "CAPABILITY", ReplyStatus.CLOSED),
        ([GREETING, b"+ more\r\n"], "CAPABILITY", ReplyStatus.CLOSED),
        ([GREETING, b"\xff\xfe\r\n"], "CAPABILITY", ReplyStatus.CLOSED),
    ],
)
def test_whatever_ends_it_ends_the_command_that_waited(answers: list[bytes], command: str, status: ReplyStatus) -> None:
    talk, events = run(*answers)
    assert ends(events)[-1][:2] == (command, status)
    assert talk.state is State.OVER
    assert hear(talk, b"A9 OK late\r\n", b"") == []


def test_silence_ends_the_command_that_waited() -> None:
    talk, _ = run(GREETING)
    assert next(iter(talk.silence(30))) == Ended("CAPABILITY", ReplyStatus.TIMED_OUT, "no answer within 30 seconds")


def test_what_the_server_said_last_is_kept() -> None:
    _, events = run(GREETING, b"* BAD Command Error. 10\r\n", b"")
    assert ends(events)[0][2] == "the server closed the connection (before that: BAD Command Error. 10)"


@pytest.mark.parametrize(
    "line", [b"* BYE busy\r\n", b"HTTP/1.1 400 Bad\r\n", b"* 1 EXISTS\r\n", b"A1 OK\r\n", b"+ \r\n"]
)
def test_a_first_line_that_does_not_invite_ends_it(line: bytes) -> None:
    talk, events = run(line)
    assert talk.state is State.OVER
    assert talk.to_send() == b""
    assert isinstance(events[-1], Over)


def test_a_server_that_is_signed_in_already_is_not_used() -> None:
    talk, events = run(b"* PREAUTH welcome\r\n")
    assert isinstance(events[0], Greeted)
    assert talk.to_send() == b"A1 LOGOUT\r\n"


def test_the_table_knows_an_answer_to_every_completion() -> None:
    waiting = set(State) - {State.GREETING, State.OVER}
    for state in waiting:
        for heard in (Heard.OK, Heard.NO, Heard.BAD):
            assert (state, heard) in _NEXT


PLAUSIBLE = st.sampled_from(
    [
        GREETING,
        CAPABILITY,
        *(b"A%d %s x\r\n" % (number, word) for number in range(1, 8) for word in (b"OK", b"NO", b"BAD")),
        b"+ \r\n",
        b"+ eyJ9\r\n",
        b"* BYE x\r\n",
        b"* BAD y\r\n",
        b'* LIST () "/" {3}\r\nabc\r\n',
        b'* LIST () "/" INBOX\r\n',
        b"\r\n",
        b"* CAPABILITY AUTH=XOAUTH2\r\n",
    ]
)
STREAMS = st.lists(PLAUSIBLE | st.binary(max_size=20), max_size=14).map(b"".join)


@given(STREAMS, st.lists(st.integers(0, 400), max_size=12))
def test_it_does_not_matter_how_the_bytes_are_cut(stream: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[start:end] for start, end in pairwise(places)]
    whole, parts = conversation(), conversation()
    assert hear(whole, *([stream] if stream else [])) == hear(parts, *chunks)
    assert whole.to_send() == parts.to_send()
    assert whole.state is parts.state


@given(STREAMS)
def test_every_command_that_was_sent_ends_and_no_event_shows_the_token(stream: bytes) -> None:
    talk = conversation()
    echo = stream.replace(b"x", VECTOR.encode()).replace(b"y", TOKEN.reveal().encode())
    events = [*hear(talk, *([echo] if echo else [])), *talk.receive(b"")]
    sent = [event.command for event in events if isinstance(event, Sent)]
    assert [command for command, _, _ in ends(events)] == sent or sent[-1:] == ["LOGOUT"]
    assert talk.state is State.OVER
    assert sum(isinstance(event, Over) for event in events) == 1
    shown = repr(events) + repr(talk) + repr(talk.folders) + repr(talk.capabilities)
    assert TOKEN.reveal() not in shown
    assert VECTOR not in shown
    assert talk.to_send().count(VECTOR.encode()) <= 2
