"""What is wrong with a profile, said so that an editor can jump to it: `file:line:column: what — what to do`."""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.redaction import safe


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file; line and column count from 1, and 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing to fix in a profile; `cause` is the slug of the page that explains it, where there is one."""

    place: Place
    what: str
    advice: str = ""
    cause: str = ""

    def __str__(self) -> str:
        advice = f" — {self.advice}" if self.advice else ""
        cause = f" [{self.cause}]" if self.cause else ""
        return safe(f"{self.place}: {self.what}{advice}{cause}")


class ProfileError(Exception):
    """A profile that cannot be used; `complaints` say why, and never quote what may be a secret."""

    def __init__(self, *complaints: Complaint) -> None:
        super().__init__("\n".join(map(str, complaints)))
        self.complaints = complaints
