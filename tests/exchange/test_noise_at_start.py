"""What is printed before PowerShell's first packet: it costs nothing, or it is what the error quotes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics.exchange.factory import open_shell
from diagnostics.exchange.port import ErrorKind, ShellUnavailable
from tests.exchange.conftest import Tenant
from tests.exchange.peers import Peers

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")


@pytest.fixture
def peers(tenant: Tenant, tmp_path: Path) -> Iterator[Peers]:
    made = Peers(tenant, tmp_path)
    yield made
    made.close()


def printing(peers: Peers, text: str, executable: Path) -> Path:
    """A program that prints `text` as it stands and then becomes PowerShell."""
    (peers.folder / "noise").write_bytes(text.encode("utf-8", "surrogateescape"))
    path = peers.folder / "printing-pwsh"
    path.write_text(f'#!/bin/sh\ncat {peers.folder / "noise"}\nexec {executable} "$@"\n')
    path.chmod(0o700)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "Welcome to the jump host",
        "Last login: today\nWindows PowerShell\n\n",
        "\ufeff",
        "\udcff\udcfe\x00\x1b[2J",
        "Tip: <b>use</b> ",
        "x" * 200_000,
        "line\n" * 50_000,
    ],
    ids=["no line end", "lines", "byte order mark", "bytes", "markup", "a long line", "many lines"],
)
def test_words_before_the_first_packet_cost_nothing(peers: Peers, text: str) -> None:
    with open_shell(peers.local(printing(peers, text, peers.stand_in())), peers.tenant.request()) as shell:
        assert shell.invoke("Get-ServicePrincipal").rows


@pytest.mark.powershell
def test_words_before_the_engines_first_packet(peers: Peers) -> None:
    with open_shell(
        peers.local(printing(peers, "a profile says hello", peers.engine())), peers.tenant.request()
    ) as shell:
        assert shell.invoke("Get-ServicePrincipal").rows


@pytest.mark.parametrize(
    "text",
    [
        "<Data Stream='Default' PSGuid='of something else",
        "<html>the proxy says no</html>\n",
        "half of <DataAck PSGu",
        "<Objs Version='1.1.0.1'>the profile is broken</Objs>\n",
    ],
)
def test_what_spoils_the_first_packet_is_quoted(peers: Peers, text: str) -> None:
    with pytest.raises(ShellUnavailable) as raised:
        open_shell(peers.local(printing(peers, text, peers.stand_in())), peers.tenant.request()).__enter__()
    error = raised.value
    assert error.step == "start PowerShell"
    assert error.kind is ErrorKind.CONNECTION
    assert text.strip()[:20] in error.message
    assert "Error(" not in error.message


@pytest.mark.parametrize("body", ["QUJD", "AAAA" * 20, "PE9iai8+" * 9], ids=["letters", "zeros", "objects"])
def test_a_packet_of_somebody_elses_making_is_no_crash(peers: Peers, body: str) -> None:
    """Another program's packet before PowerShell's own: what is in it are no fragments."""
    packet = f"<Data Stream='Default' PSGuid='{'0' * 8}-0000-0000-0000-{'0' * 12}'>{body}</Data>\n"
    with pytest.raises(ShellUnavailable, match="lost a part of an answer") as raised:
        open_shell(peers.local(printing(peers, packet, peers.stand_in())), peers.tenant.request()).__enter__()
    assert raised.value.kind is ErrorKind.CONNECTION
