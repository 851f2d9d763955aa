"""The texts that the tests read: cases with the facts they must show, noise that must show none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    source: str
    text: str
    shows: tuple[str, ...]


def cases() -> list[Case]:
    paths = sorted((HERE / "cases").glob("*.yaml"))
    entries = [entry for path in paths for entry in yaml.safe_load(path.read_text(encoding="utf-8"))]
    return [Case(entry["name"], entry["source"], entry["text"], tuple(entry["shows"])) for entry in entries]


def noise() -> list[Path]:
    return sorted((HERE / "noise").iterdir())


UNRELATED = """203.0.113.7 - - [12/Mar/2024:10:00:01 +0000] "GET /index.html HTTP/1.1" 200 612 "-" "Mozilla/5.0"
Mar 12 10:00:01 mx1 postfix/smtpd[2201]: connect from unknown[198.51.100.23]
Mar 12 10:00:02 mx1 sshd[991]: Failed password for invalid user admin from 198.51.100.99 port 51122 ssh2
2024-05-06T09:00:00.123Z INFO  [main] c.e.shop.OrderService - order 4711 created"""
