"""Mail in the folders of a mailbox: messages as bytes, with UID, flags and date. IMAP's rules for them are in `imap/`."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field


@dataclass(eq=False)
class Message:
    """One message as it lies in a folder; `content` has CRLF line ends, `flags` are spelled as IMAP shows them."""

    content: bytes = field(repr=False)
    uid: int
    received: dt.datetime
    flags: set[str] = field(default_factory=set)
    recent: bool = True
    """No session has been told of it yet."""


@dataclass(eq=False)
class Folder:
    """What one folder holds, in the order of the UIDs; 14 is the UIDVALIDITY of many recorded INBOXes."""

    messages: list[Message] = field(default_factory=list)
    uid_next: int = 1
    uid_validity: int = 14

    def deliver(self, content: bytes, *flags: str, received: dt.datetime | None = None) -> Message:
        """Put a message into the folder, with whatever line ends, and return it."""
        moment = received or dt.datetime.now(dt.UTC).replace(microsecond=0)
        message = Message(re.sub(rb"\r?\n|\r", b"\r\n", content), self.uid_next, moment, set(flags))
        self.uid_next += 1
        self.messages.append(message)
        return message
