"""How much the local transport adds to what PowerShell itself needs.

    python benchmarks/local_transport.py [--runs 15] [--pwsh PATH]

Each pair starts `pwsh -ServerMode` twice: once through the bridge, which opens a pool and runs one pipeline, and once
through a minimal client that replays the very packets which the bridge sent and waits for the same answers. Python's
own start and imports are not counted. Exits with 1 when the median of the pairs' ratios is above the limit.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from diagnostics.exchange.accounting import Ended
from diagnostics.exchange.child import Child
from diagnostics.exchange.options import ChildCommand
from diagnostics.exchange.pipelines import Pipelines, open_pool
from diagnostics.exchange.port import CmdletCall
from diagnostics.exchange.stdio import StdioWSMan
from diagnostics.exchange.waiting import Deadline

LIMIT = 1.15
SECONDS = 60.0
CALL = CmdletCall("Get-Variable", {"Name": "PSVersionTable", "ValueOnly": True})
PIPELINE_STATE = struct.pack("<I", 0x00041006)
RUNSPACE_POOL_STATE = struct.pack("<I", 0x00021005)


class Recorder(Child):
    """A child that keeps what is sent to it."""

    def __init__(self, command: ChildCommand) -> None:
        self.sent: list[bytes] = []
        super().__init__(command)

    def send(self, tag: str, guid: str, text: str | None = None, *, stream: str = "Default") -> None:
        attribute = f" Stream='{stream}'" if text is not None else ""
        end = " />" if text is None else f">{text}</{tag}>"
        self.sent.append(f"<{tag}{attribute} PSGuid='{guid.lower()}'{end}\n".encode())
        super().send(tag, guid, text, stream=stream)


def bridge(words: list[str]) -> tuple[float, list[bytes]]:
    """Open the transport and run one pipeline; return the seconds and the packets up to its end."""
    started = time.perf_counter()
    child = Recorder(ChildCommand(tuple(words)))
    try:
        connection = StdioWSMan(child, Deadline(SECONDS))
        pipelines = Pipelines(open_pool(connection, "Microsoft.PowerShell"), connection)
        (answer,) = pipelines.run([CALL], as_json=False, seconds=SECONDS)
        seconds = time.perf_counter() - started
        if answer.ended is not Ended.ANSWERED:
            raise SystemExit(f"the pipeline did not run: {answer}")
        packets = list(child.sent)
        pipelines.close(SECONDS)
    finally:
        child.close()
    return seconds, packets


def minimal(words: list[str], packets: list[bytes]) -> float:
    """Replay the packets, each after the answer to the one before; return the seconds to the pipeline's end."""
    started = time.perf_counter()
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for number, packet in enumerate(packets):
            if packet.startswith(b"<Close"):
                break  # the bridge closed the pipeline after its end
            child.stdin.write(packet)
            child.stdin.flush()
            following = packets[number + 1] if number + 1 < len(packets) else b"<Close"
            ending = {b"<Comm": RUNSPACE_POOL_STATE, b"<Clos": PIPELINE_STATE}.get(following[:5])
            _answered(child.stdout, ending)
        seconds = time.perf_counter() - started
        child.kill()
    return seconds


def _answered(lines: Iterable[bytes], ending: bytes | None) -> None:
    """Wait for a packet's ack and, before a new step, for the message that ends the old one; in either order."""
    acked, ended = False, ending is None
    for line in lines:
        name, _, rest = line.partition(b" ")
        acked = acked or name.endswith(b"Ack")
        if name == b"<Data" and ending is not None:
            data = base64.b64decode(rest.partition(b">")[2].partition(b"<")[0])
            ended = ended or ending in data
        if acked and ended:
            return
    raise SystemExit("PowerShell ended")


def main() -> int:
    """Run the pairs and print what they show."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--pwsh", default=shutil.which("pwsh"))
    options = parser.parse_args()
    if options.pwsh is None:
        raise SystemExit("needs PowerShell 7: https://aka.ms/install-powershell")
    words = [options.pwsh, "-NoProfile", "-NoLogo", "-ServerMode"]
    _, packets = bridge(words)
    pairs = []
    for number in range(options.runs):
        order = (bridge, minimal) if number % 2 else (minimal, bridge)
        taken = {work: work(words)[0] if work is bridge else minimal(words, packets) for work in order}
        pairs.append((taken[bridge], taken[minimal]))
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"bridge {ours:.3f} s, minimal client {theirs:.3f} s, ratio {ratio:.2f} (limit {LIMIT}), {len(pairs)} pairs")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
