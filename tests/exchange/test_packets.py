"""Packets among other output: each comes out as it was sent, or the loss is noticed; none is dropped in silence."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.exchange.fragments import Continuity
from diagnostics.exchange.packets import LONGEST_LINE, NotPackets, Packet, PacketReader
from diagnostics.exchange.waiting import ChannelBroken

POOL, PIPELINE = "00000000-0000-0000-0000-000000000000", "2b14f531-60e3-40b6-8a3b-e61812461c44"


def fragment(object_id: int, number: int = 0, flags: int = 3, text: bytes = b"<Obj/>") -> bytes:
    return struct.pack(">QQBI", object_id, number, flags, len(text)) + text


def line(packet: Packet) -> bytes:
    if packet.tag != "Data":
        return f"<{packet.tag} PSGuid='{packet.guid}' />\n".encode()
    text = base64.b64encode(packet.data).decode()
    return f"<Data Stream='Default' PSGuid='{packet.guid}'>{text}</Data>\n".encode()


SENT = [
    Packet("CommandAck", PIPELINE),
    Packet("DataAck", PIPELINE),
    Packet("Data", PIPELINE, fragment(4)),
    Packet("Data", POOL, fragment(5)),
    Packet("Data", PIPELINE, fragment(6, 0, 1) + fragment(6, 1, 0, b"middle")),
    Packet("Data", PIPELINE, fragment(6, 2, 2)),
    Packet("CloseAck", PIPELINE),
]
STREAM = b"".join(map(line, SENT))


def received(*chunks: bytes) -> list[Packet]:
    """What is read from a stream, every fragment held against its number."""
    reader, continuity, packets = PacketReader(), Continuity(whole=True), []
    for chunk in chunks:
        for packet in reader.feed(chunk):
            if packet.tag == "Data":
                continuity.take(packet.guid, packet.data)
            packets.append(packet)
    if continuity.missing:
        raise continuity.lost()
    return packets


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_chunks_of_any_size(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    assert received(*(STREAM[a:b] for a, b in pairwise(places))) == SENT


@pytest.mark.parametrize(
    "words",
    [
        b"x",
        b"loading...",
        b"<b>bold</b> ",
        b"\xef\xbb\xbf",
        b"50 %\r",
        b"\x1b[32mok\x1b[0m",
        b"\0",
        b"</p>\n<p>",
        b"AAAA",
    ],
)
def test_words_between_packets_cost_nothing(words: bytes) -> None:
    lines = STREAM.splitlines(keepends=True)
    for number in range(1, len(lines)):
        assert received(b"".join((*lines[:number], words, *lines[number:]))) == SENT
        ends = [each.removesuffix(b"\n") for each in lines[:number]]
        assert received(b"\n".join(ends) + words + b"\n" + b"".join(lines[number:])) == SENT


@given(
    st.integers(0, len(STREAM)),
    st.one_of(
        st.binary(min_size=1, max_size=12),
        st.text("AaBb0+/= \n", min_size=1, max_size=12).map(str.encode),
        st.sampled_from([b"done", b"\n", b"<Data", b"x\ny", b"==", b"</Data>\n", b"'"]),
    ),
)
def test_words_anywhere_never_cost_a_packet_in_silence(place: int, words: bytes) -> None:
    """Either everything that carries an answer is read as it was sent, or the loss is told."""
    try:
        found = received(STREAM[:place] + words + STREAM[place:])
    except (NotPackets, ChannelBroken):
        return
    data = [packet for packet in SENT if packet.tag == "Data"]
    assert [packet for packet in found if packet.tag == "Data"] == data


@pytest.mark.parametrize("number", range(len(SENT) - 1))
@pytest.mark.parametrize("words", [b"noise", b"\n", b"noise\n", b"AAAA"])
def test_words_inside_a_packet_are_a_loss(number: int, words: bytes) -> None:
    whole = line(SENT[number])
    for place in (3, 12, len(whole) // 2, len(whole) - 3):
        parts = [*map(line, SENT[:number]), whole[:place] + words + whole[place:], *map(line, SENT[number + 1 :])]
        with pytest.raises((NotPackets, ChannelBroken)):
            received(*parts)


@pytest.mark.parametrize("text", ["<html>", "  <html></html>", "<?xml version='1.0'?>", "<Fault PSGuid='x'/>"])
def test_markup_at_the_beginning_is_another_program(text: str) -> None:
    with pytest.raises(NotPackets):
        received(text.encode() + b"\n")


def test_what_is_said_before_the_first_packet_is_kept_for_the_error() -> None:
    reader = PacketReader()
    assert list(reader.feed(b"Windows PowerShell\nexecution policy?\nlast words" + line(SENT[0]))) == SENT[:1]
    assert reader.noise.text() == "Windows PowerShell\nexecution policy?\nlast words"


def test_a_line_without_an_end() -> None:
    with pytest.raises(NotPackets, match="without an end"):
        received(*[b"x" * 65536] * (LONGEST_LINE // 65536 + 2))


WHOLE = [
    (PIPELINE, fragment(1)),
    (POOL, fragment(2, 0, 1)),
    (PIPELINE, fragment(3)),
    (POOL, fragment(2, 1, 0)),
    (POOL, fragment(2, 2, 2)),
    (PIPELINE, fragment(4)),
    (POOL, fragment(5)),
]


def taken(parts: Sequence[tuple[str, bytes]]) -> None:
    continuity = Continuity(whole=True)
    for stream, data in parts:
        continuity.take(stream, data)
    if continuity.missing:
        raise continuity.lost()


def test_streams_may_interleave() -> None:
    taken(WHOLE)


@pytest.mark.parametrize("lost", range(1, len(WHOLE) - 1))
def test_a_fragment_that_is_lost(lost: int) -> None:
    with pytest.raises(ChannelBroken, match="missing"):
        taken(WHOLE[:lost] + WHOLE[lost + 1 :])


@pytest.mark.parametrize("twice", range(len(WHOLE)))
def test_a_fragment_that_comes_twice(twice: int) -> None:
    with pytest.raises(ChannelBroken):
        taken(WHOLE[: twice + 1] + WHOLE[twice:])


@pytest.mark.parametrize("first", range(len(WHOLE) - 1))
def test_fragments_in_another_order(first: int) -> None:
    """Within a stream it is a loss; two pipelines that run at the same time are written in any order."""
    swapped = [*WHOLE[:first], WHOLE[first + 1], WHOLE[first], *WHOLE[first + 2 :]]
    if WHOLE[first][0] != WHOLE[first + 1][0] and first:
        taken(swapped)
    else:
        with pytest.raises(ChannelBroken):
            taken(swapped)


@pytest.mark.parametrize(
    "data", [fragment(1)[:-1], fragment(1) + b"x", fragment(1)[:20], fragment(1) + fragment(2)[:30][:22]]
)
def test_a_fragment_that_is_cut(data: bytes) -> None:
    with pytest.raises(ChannelBroken):
        taken([(POOL, data)])


def test_wsman_hands_out_one_stream_at_a_time() -> None:
    """Ids that the pool used are missing between pipelines, and only there."""
    continuity = Continuity(whole=False)
    continuity.take("one", fragment(4) + fragment(5))
    continuity.take("", fragment(9), gaps=True)
    continuity.take("two", fragment(7) + fragment(8))
    with pytest.raises(ChannelBroken, match="message 9 is missing"):
        continuity.take("two", fragment(10))
