"""Whatever a server, a child process or a proxy sends: an answer, or an error that is documented."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Sequence

from hypothesis import strategies as st

from diagnostics.exchange.fragments import headers
from diagnostics.exchange.packets import NotPackets, PacketReader
from diagnostics.exchange.port import CmdletCall
from diagnostics.exchange.rest_answers import Reply, error_of, is_cmdlets_own, may_pass, page_of, retry_after
from diagnostics.exchange.values import rows_of
from diagnostics.exchange.waiting import ChannelBroken
from diagnostics.redaction import Secret
from diagnostics.sources.imap.conversation import Conversation
from diagnostics.sources.imap.lexer import NotImap, ResponseReader
from diagnostics.sources.imap.names import decode_folder
from diagnostics.sources.imap.parser import parse
from tests.fuzz.inprocess import pipelines
from tests.fuzz.mutations import json_like, literals, mutated, mutated_bytes, spoiled
from tests.fuzz.running import bounded, fuzz

EXCHANGE = [
    (
        b"* OK The Microsoft Exchange IMAP4 service is ready. [RABNADYAUABSADAANAAwADMALgBlAHUA]\r\n"
        b"* CAPABILITY IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+\r\n"
        b"D1 OK CAPABILITY completed.\r\n+ \r\nD2 OK AUTHENTICATE completed.\r\n"
        b'* NAMESPACE (("" "/")) NIL NIL\r\nD3 OK NAMESPACE completed.\r\n* LIST (\\HasNoChildren) "/" INBOX\r\n'
        b'* LIST (\\HasChildren) "/" {7}\r\nArchive\r\n* LIST () "/" "Entw&APw-rfe"\r\nD4 OK LIST completed.\r\n'
        b"* 3 EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen \\Answered)\r\nD5 OK [READ-ONLY] EXAMINE completed.\r\n* BYE\r\nD6 OK LOGOUT completed.\r\n"
    ),
    (
        b"* OK Dovecot ready.\r\n* CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2\r\nD1 OK done\r\n"
        b"+ eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIn0=\r\nD2 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n"
    ),
    b"* BYE Request is throttled. Suggested Backoff Time: 299961 milliseconds\r\n",
    b"* OK ready\r\nD1 BAD User is authenticated but not connected.\r\n",
]
PIPELINE = "11111111-2222-4333-8444-555555555555"


def pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    """Cut bytes as a network does."""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(places)]


def test_imap() -> None:
    def check(example: tuple[bytes, list[int]]) -> None:
        data, cuts = example

        def heard(given: bytes) -> object:
            talk = Conversation("erp@contoso.com", Secret("t" * 20), folder="Archive")
            events: list[object] = []
            for piece in pieces(given, cuts):
                events += talk.receive(piece)
                talk.to_send()
            events += list(talk.silence(1.0))
            return events, talk.capabilities, talk.folders

        bounded(heard, data)
        reader = ResponseReader()
        with contextlib.suppress(NotImap):
            for piece in pieces(data, cuts):
                for response in reader.feed(piece):
                    parse(response)
        decode_folder(data.decode("latin-1"))

    words = [
        "* OK ",
        "D1 OK ",
        "D2 NO ",
        "{3}\r\n",
        "{999999999}\r\n",
        "((",
        "))",
        "+ ",
        "* LIST ",
        "NIL",
        "&AOk-",
        "&",
        "-",
    ]
    fuzz(st.tuples(mutated_bytes(EXCHANGE, words), st.lists(st.integers(0, 4000), max_size=6)), check)


def test_rest_answers() -> None:
    bodies = [
        {"value": [{"Identity": "erp", "AccessRights": ["FullAccess"], "AccessRights@odata.type": "#Collection"}], "@adminapi.warnings": ["w"],
         "@odata.nextLink": "https://outlook.office365.com/adminapi/beta/x/InvokeCommand?$skiptoken=1"},
        {"error": {"code": "NotFound", "message": "x", "details": [{"message": "Ex6F9304|Microsoft.Exchange.X|The operation couldn't be performed because object 'a' couldn't be found on 'b'."}]}},
        {"error": {"innererror": {"internalexception": {"message": "|System.Exception|y"}}}},
    ]  # fmt: skip
    headers_of = st.dictionaries(
        st.sampled_from(["Retry-After", "x-ms-diagnostics", "Content-Type", "retry-after"]),
        mutated(
            [
                "120",
                "Wed, 21 Oct 2026 07:28:00 GMT",
                '2000008;reason="The token contains no permissions";error_category="x"',
                "text/html",
                "²²²",
            ]
        ),
        max_size=3,
    )
    body = (
        st.sampled_from(bodies).flatmap(spoiled).map(lambda tree: json.dumps(tree).encode())
        | mutated_bytes([json.dumps(tree).encode() for tree in bodies])
        | st.binary(max_size=60)
    )

    def check(example: tuple[int, dict[str, str], bytes]) -> None:
        status, given, content = example

        def read(data: bytes) -> object:
            reply = Reply(status, given, data)
            return page_of(reply), error_of(reply), is_cmdlets_own(reply), may_pass(reply), retry_after(reply)

        bounded(read, content)

    fuzz(st.tuples(st.sampled_from([200, 400, 401, 403, 404, 429, 500, 503, 999]), headers_of, body), check)


def test_packets() -> None:
    fragment = b"AAAAAAAAAAEAAAAAAAAAAAMAAAAGPE9iai8+"
    stream = b"".join(
        (b"<DataAck PSGuid='00000000-0000-0000-0000-000000000000' />\n", f"<Data Stream='Default' PSGuid='{PIPELINE}'>".encode() + fragment + b"</Data>\n",
         f"<CommandAck PSGuid='{PIPELINE}' />\n".encode(), f"<CloseAck PSGuid='{PIPELINE}' />\n".encode())
    )  # fmt: skip

    def check(example: tuple[bytes, list[int]]) -> None:
        content, cuts = example

        def read(given: bytes) -> object:
            reader = PacketReader()
            found: list[object] = []
            data: list[bytes] = []
            try:
                for piece in pieces(given, cuts):
                    for packet in reader.feed(piece):
                        found.append(packet)
                        data.append(packet.data)
                reader.end()
                found += [list(headers(one)) for one in data]
            except (NotPackets, ChannelBroken) as odd:
                found.append(odd)
            return found, reader.noise.text()

        bounded(read, content)

    words = ["<Data Stream='Default' PSGuid='", "</Data>", "<Close", "WARNING: x\n", f"PSGuid='{PIPELINE}'", "/>"]
    fuzz(st.tuples(mutated_bytes([stream, stream * 3], words), st.lists(st.integers(0, 900), max_size=5)), check)


def test_clixml_in_fragments() -> None:
    calls = [
        CmdletCall("Get-Command", {"Name": ["Get-Mailbox", "Connect-ExchangeOnline"]}),
        CmdletCall("Get-Module", {}),
    ]
    words = ['<Obj RefId="0">', '<Ref RefId="0" />', "<I32>x</I32>", "<I64>99999999999999999999</I64>", "<DT>0000-99-99T99:99:99Z</DT>", "<D>1e999</D>",
             "<SBK>", "<BA>!</BA>", "<G>x</G>", "<TS>P9999999999D</TS>", "<Nil />", "<LST>", "</LST>", "<DCT><En>", "<Props>", "_x000A_", "&#0;", '<!DOCTYPE a [<!ENTITY b "c">]>',
             "<C>x</C>", "<Version>x</Version>", "<XD>&lt;</XD>", "<URI>[</URI>", '<S N="MessageType">', "<ToString>"]  # fmt: skip
    changes = mutated(["0", "12", "345", "6789"], words)

    def check(example: tuple[list[str], list[int]]) -> None:
        inserted, places = example

        def damage(xml: bytes) -> bytes:
            for text, place in zip(inserted, places, strict=False):
                at = place % (len(xml) + 1)
                xml = xml[:at] + text.encode("utf-8", "replace") + xml[at + place % 7 :]
            return xml

        with pipelines() as (opened, child):
            child.damage = damage
            answers = opened.run(calls, as_json=False, seconds=0.3)
            assert len(answers) == len(calls)
            for answer in answers:
                with contextlib.suppress(ValueError):
                    assert len(repr(rows_of(answer.outputs, as_json=False))) < 1_000_000

    fuzz(st.tuples(st.lists(changes, max_size=3), st.lists(st.integers(0, 3000), min_size=3, max_size=3)), check, few=8)


def test_rows_of_json() -> None:
    def check(text: str) -> None:
        def rows(given: str) -> object:
            try:
                return rows_of([given], as_json=True)
            except ValueError as error:
                return str(error)

        bounded(rows, text)

    fuzz(
        json_like().map(json.dumps)
        | mutated(['[{"Identity":"a","AccessRights":{"value":["FullAccess"],"Count":1}}]'], literals("exchange")),
        check,
    )
