"""What happens to a text between the terminal that showed it and the ticket that it is pasted into."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Callable

UNRELATED = """203.0.113.7 - - [12/Mar/2024:10:00:01 +0000] "GET /index.html HTTP/1.1" 200 612 "-" "Mozilla/5.0"
Mar 12 10:00:01 mx1 postfix/smtpd[2201]: connect from unknown[198.51.100.23]
Mar 12 10:00:02 mx1 sshd[991]: Failed password for invalid user admin from 198.51.100.99 port 51122 ssh2
2024-05-06T09:00:00.123Z INFO  [main] c.e.shop.OrderService - order 4711 created"""

Pasting = Callable[[str], str | bytes]


def _stamped(form: str) -> Pasting:
    return lambda text: "\n".join(form.format(index % 60) + line for index, line in enumerate(text.split("\n")))


def _wrapped(width: int) -> Callable[[str], str]:
    return lambda text: "\n".join(
        "\n".join(textwrap.wrap(line, width)) if len(line) > width else line for line in text.split("\n")
    )


def _chopped(width: int) -> Callable[[str], str]:
    return lambda text: "\n".join(
        "\n".join(line[start : start + width] for start in range(0, max(len(line), 1), width))
        for line in text.split("\n")
    )


WRAPPINGS: dict[str, Pasting] = {
    **{f"wrapped at {width}": _wrapped(width) for width in (80, 100, 120)},
    **{f"cut hard at {width}": _chopped(width) for width in (80, 100, 120)},
}
SURROUNDINGS: dict[str, Pasting] = {
    "indented": lambda text: textwrap.indent(text, "    "),
    "indented by a tab": lambda text: textwrap.indent(text, "\t"),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "UTF-16": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "between unrelated lines": lambda text: f"{UNRELATED}\n{text}\n{UNRELATED}",
    "between empty lines and unrelated ones": lambda text: f"{UNRELATED}\n\n{text}\n\n{UNRELATED}",
    "HTML entities": html.escape,
    "quoted as in a mail": lambda text: textwrap.indent(text, "> ", lambda _line: True),
    "in a fence": lambda text: f"Hello, I get this:\n\n```\n{text}\n```\n\nAny idea?\n",
}
STAMPS: dict[str, Pasting] = {
    form.format(7): _stamped(form)
    for form in (
        "2024-05-06 10:00:{:02d} ",
        "2024-05-06T10:00:{:02d}.123Z INFO  app[1234]: ",
        "May  6 10:00:{:02d} host app[12]: ",
        "[2024-05-06 10:00:{:02d}] ",
        "2024-05-06 10:00:{:02d},123 - mail - ERROR - ",
    )
}
ALL: dict[str, Pasting] = {**WRAPPINGS, **SURROUNDINGS, **STAMPS}
