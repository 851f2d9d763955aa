"""A stand-in for `pwsh -NoProfile -NoLogo -ServerMode`: the lab's cmdlets over this process's stdin and stdout.

    python -m diagnostics.lab.powershell.servermode [--ready-file PATH] [switches of pwsh, ignored]

With `--ready-file` (or the environment variable DIAG_LAB_READY_FILE) the cmdlets work on a running lab: they call its
admin REST endpoint with the token that Connect-ExchangeOnline was given, as the real module calls Exchange's. Without
one they work on a small world of their own, whose ids nobody else knows.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
from typing import BinaryIO

from diagnostics.lab.powershell.outofproc import BadPacket, Packet, pack, parse
from diagnostics.lab.powershell.runspace import ServerRunspace

PATIENCE = 0.5
INTERRUPTED = 130


class ServerMode:
    """Answers packets from `source` into `sink` until the source ends or the pool is closed."""

    def __init__(self, shell: ServerRunspace, source: BinaryIO, sink: BinaryIO) -> None:
        self.shell = shell
        self.source = source
        self.sink = sink
        self._lock = threading.Lock()
        self._done = threading.Event()

    def serve(self) -> int:
        """Return the exit code: 0 when the client closed the pool or left, 1 after something that is no packet."""
        writer = threading.Thread(target=self._write_outboxes, daemon=True)
        writer.start()
        code = 0
        for line in iter(self.source.readline, b""):
            if not line.strip():
                continue
            try:
                packet = parse(line)
            except BadPacket as bad:
                print(f"not a packet: {bad}", file=sys.stderr)  # noqa: T201 - a process says on stderr why it ends
                code = 1
                break
            self._answer(packet)
            if packet.name == "Close" and packet.target is None:
                break
        self._done.set()
        self.shell.close()
        writer.join(PATIENCE)
        return code

    def _answer(self, packet: Packet) -> None:
        if packet.name == "Data":
            self.shell.receive(packet.data, packet.target)
            self._write(pack("DataAck", packet.target))
        elif packet.name == "Command" and packet.target is not None:
            self.shell.create_pipeline(packet.target)
            self._write(pack("CommandAck", packet.target))
        elif packet.name == "Signal" and packet.target is not None:
            self.shell.stop_pipeline(packet.target)
            self._write(pack("SignalAck", packet.target))
        elif packet.name == "Close":
            if packet.target is None:
                self._done.set()
                self.shell.close()
            else:
                self.shell.close_pipeline(packet.target)
            self._write(pack("CloseAck", packet.target))

    def _write(self, data: bytes) -> None:
        # A client that has left reads no more; the end of its stdin ends this process.
        with self._lock, contextlib.suppress(BrokenPipeError):
            self.sink.write(data)
            self.sink.flush()

    def _write_outboxes(self) -> None:
        """Write what the pool and its pipelines have to say, as soon as they say it."""
        while not self._done.is_set():
            with self.shell.changed:
                ready = [(target, box) for target, box in self.shell.outboxes.items() if box.fragments]
                if not ready:
                    self.shell.changed.wait(PATIENCE)
                    continue
                packets = [pack("Data", target, box.fragments.popleft()) for target, box in ready]
            for packet in packets:
                self._write(packet)


def main(arguments: list[str] | None = None) -> int:
    """Run the stand-in on this process's stdio."""
    parser = argparse.ArgumentParser(prog="servermode", add_help=False, prefix_chars="-")
    parser.add_argument("--ready-file", default=os.environ.get("DIAG_LAB_READY_FILE"))
    options, _switches = parser.parse_known_args(arguments)
    from diagnostics.lab.powershell.remote import open_shell  # noqa: PLC0415 - after the arguments are known good

    try:
        return ServerMode(open_shell(options.ready_file), sys.stdin.buffer, sys.stdout.buffer).serve()
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    raise SystemExit(main())
