"""A `pwsh -ServerMode` that goes wrong at a chosen packet: the stand-in of `servermode`, and a misconduct.

    python -m diagnostics.lab.powershell.misbehaving --conduct cut --fitting Data --nth 2 --tally FILE [switches, ignored]

Labels are `NAME pool` or `NAME pipeline`, of packets that go, or of those that come where the process ends at one. The tally
grows by a byte for each packet that fits, `m` for one that met the misconduct: its reader is another process.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO, NoReturn

from diagnostics.lab.faults import Conduct, EndpointFaults, Fault, Onset
from diagnostics.lab.misconduct import PAGE, PAUSE
from diagnostics.lab.powershell.outofproc import Packet, pack, parse
from diagnostics.lab.powershell.remote import open_shell
from diagnostics.lab.powershell.runspace import ServerRunspace
from diagnostics.lab.powershell.servermode import ServerMode

FAILED = 1
MET, SEEN = "m", "s"
_TEXT = re.compile(rb">[A-Za-z .]{9,}<")


class MisbehavingServerMode(ServerMode):
    """Answers as `ServerMode` does until the packet at which `onset` begins."""

    def __init__(
        self, shell: ServerRunspace, source: BinaryIO, sink: BinaryIO, onset: Onset, tally: Path | None
    ) -> None:
        super().__init__(shell, source, sink)
        self._faults = EndpointFaults(onset=onset)
        self._tally = tally
        self._silent = threading.Event()
        self._ends_while_reading = onset.fault.conduct is Conduct.RESET_MID_REQUEST

    def _answer(self, packet: Packet) -> None:
        if self._ends_while_reading and self._step(f"{packet.name} {_whose(packet)}") is not None:
            os._exit(FAILED)
        super()._answer(packet)

    def _write(self, data: bytes) -> None:
        if self._silent.is_set():
            return
        packet = parse(data)
        conduct = None if self._ends_while_reading else self._step(f"{packet.name} {_whose(packet)}")
        if conduct is None:
            super()._write(data)
            return
        self._silent.set()
        self._misbehave(conduct, packet, data)

    def _step(self, label: str) -> Conduct | None:
        onset = self._faults.onset
        assert onset is not None
        before = onset.seen
        fault = self._faults.step(label)
        if self._tally is not None and onset.seen > before:
            with self._tally.open("a") as file:
                file.write(SEEN if fault is None else MET)
        return fault.conduct if fault is not None else None

    def _misbehave(self, conduct: Conduct, packet: Packet, data: bytes) -> None:
        half = data[: len(data) // 2]
        if conduct is Conduct.RESET_MID_RESPONSE:
            self._raw(half)
            os._exit(FAILED)
        elif conduct is Conduct.CUT:
            self._raw(half)
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - for its descriptor
                os.dup2(nowhere.fileno(), self.sink.fileno())
        elif conduct in _SPOILED:
            self._silent.clear()
            self._raw(pack(packet.name, packet.target, _SPOILED[conduct](packet.data)))
        elif conduct is Conduct.WRONG_SHAPE:
            self._raw(data.replace(packet.name.encode(), b"Answer"))
        elif conduct in _LINES:
            self._raw(_LINES[conduct])
        elif conduct in {Conduct.DRIP_BODY, Conduct.ENDLESS_HEADER, Conduct.ENDLESS_BODY}:
            self._flood(conduct, half)

    def _flood(self, conduct: Conduct, half: bytes) -> NoReturn:
        """Write without an end: noise in lines, one line, or one letter after the other."""
        piece = {Conduct.DRIP_BODY: b"A", Conduct.ENDLESS_HEADER: b"Loading the module\n" * 500}.get(
            conduct, b"A" * 9000
        )
        self._raw(half)
        while True:
            self._raw(piece)
            if conduct is Conduct.DRIP_BODY:
                time.sleep(PAUSE)

    def _raw(self, data: bytes) -> None:
        try:
            self.sink.write(data)
            self.sink.flush()
        except (BrokenPipeError, ValueError):
            os._exit(FAILED)


def _whose(packet: Packet) -> str:
    return "pool" if packet.target is None else "pipeline"


def _in_a_text(data: bytes, words: bytes) -> bytes:
    """Put `words` over the first text of the CLIXML in fragments, whose lengths stay as they are."""
    found = _TEXT.search(data)
    start = found.start() + 1 if found else max(0, len(data) - len(words))
    return data[:start] + words + data[start + len(words) :]


_SPOILED = {
    Conduct.WRONG_TYPE: lambda data: base64.b64encode(data) or b"seven",
    Conduct.INVALID_UTF8: lambda data: _in_a_text(data, b"\xff\xfe"),
    Conduct.LONE_SURROGATE: lambda data: _in_a_text(data, b"_xD800_"),
}
_LINES = {
    Conduct.HTML: PAGE + b"\n",
    Conduct.EMPTY: b"\n\n\n",
    Conduct.GARBAGE: b"\x00\x01\xfe\xff\x16\x03\x01\n",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the stand-in on this process's stdio."""
    parser = argparse.ArgumentParser(prog="misbehaving", add_help=False)
    parser.add_argument("--conduct", type=Conduct, required=True)
    parser.add_argument("--fitting", default="")
    parser.add_argument("--nth", type=int, default=1)
    parser.add_argument("--tally", type=Path)
    options, _switches = parser.parse_known_args(arguments)
    onset = Onset(Fault(conduct=options.conduct), options.fitting, options.nth)
    if options.conduct is Conduct.RESET_AT_CONNECT:
        print("The subsystem request failed.", file=sys.stderr)  # noqa: T201 - a process says on stderr why it ends
        return FAILED
    if options.conduct is Conduct.SILENT_AT_CONNECT:
        sys.stdin.buffer.read()
        return FAILED
    shell = open_shell(os.environ.get("DIAG_LAB_READY_FILE"))
    return MisbehavingServerMode(shell, sys.stdin.buffer, sys.stdout.buffer, onset, options.tally).serve()


if __name__ == "__main__":
    raise SystemExit(main())
