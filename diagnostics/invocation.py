"""How a command of diag is written so that it continues the run that prints it: same profile, same demo, same journal.

Without the profile a pasted `diag grant` would go to whatever tenant the profile `default` names. So each `diag …` line
that diag prints is built here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from diagnostics.evidence import Target
from diagnostics.quoting import Line, Unprintable, in_sentence, native

_PROFILE, _KNOWN_PROFILE, _DEMO, _JOURNAL = "profile", "profile if known", "demo", "journal"
_LANGUAGE, _TOKENS, _LEFT_OUT = "language", "tokens", "left out"
TAKES: Mapping[str, tuple[str, ...]] = {
    "permissions": (_PROFILE, _DEMO, _TOKENS, _LEFT_OUT, _LANGUAGE),
    "token": (_PROFILE, _DEMO, _LANGUAGE),
    "imap": (_PROFILE, _DEMO, _LANGUAGE),
    "connect": (_PROFILE, _TOKENS),
    "reach": (_PROFILE, _DEMO),
    "grant": (_PROFILE, _DEMO, _JOURNAL),
    "revoke": (_PROFILE, _JOURNAL),
    "apply": (_JOURNAL,),
    "analyze": (_KNOWN_PROFILE, _LANGUAGE),
    "explain": (_LANGUAGE,),
    "script collect": (),
    "journal show": (_JOURNAL,),
    "journal verify": (_JOURNAL,),
    "profile new": (),
    "profile check": (),
    "profile list": (),
}
"""Which parts of a run each command takes; `apply` finds its profile in the plan."""

UNKNOWN_PROFILE = "NAME"
"""What stands for a profile that the run does not know; diag answers it with the list of those that exist."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """The options with which a run was started, as a command that continues it has to repeat them. Empty: not given.

    `profile` is what `--profile` has to be given: a name, or the path of a file. Paths are absolute.
    """

    profile: str = ""
    scenarios: tuple[str, ...] = ()
    shape: str = ""
    journal: str = ""
    language: str = ""
    access_token_file: str = ""
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, target: Target) -> Self:
        """Return what a run's evidence says of it."""
        return cls(target.profile, target.scenarios, target.shape)

    def lines(self, command: str, *words: str) -> tuple[Line, ...]:
        """Return the line for `diag <command> <words>`, or one for each shell. Raises Unprintable.

        There is none where the command needs the run's profile, and that is not known.
        """
        if _PROFILE in TAKES[command] and not self.profile:
            return ()
        return native(["diag", *command.split(), *self.options(command), *words])

    def inline(self, command: str, *words: str) -> str:
        """Return the command for a sentence.

        A profile that is not known appears as `--profile NAME`; where a value must not be printed, the words are left out,
        or all options.
        """
        known = self if self.profile or _PROFILE not in TAKES[command] else replace(self, profile=UNKNOWN_PROFILE)
        try:
            lines = known.lines(command, *words)
        except Unprintable:
            return known.inline(command) if words else f"diag {command}"
        return in_sentence(lines)

    def options(self, command: str) -> list[str]:
        """Return the options of the run that a command takes, as words."""
        takes = TAKES[command]
        words = ["--profile", self.profile] if self.profile and {_PROFILE, _KNOWN_PROFILE} & {*takes} else []
        if _DEMO in takes:
            words += [word for scenario in self.scenarios for word in ("--scenario", scenario)]
            words += ["--shape", self.shape] if self.shape else []
        if _TOKENS in takes and self.access_token_file:
            words += ["--access-token-file", self.access_token_file]
        if _LEFT_OUT in takes:
            words += self.left_out
        if _JOURNAL in takes and self.journal:
            words += ["--journal", self.journal]
        if _LANGUAGE in takes and self.language:
            words += ["--lang", self.language]
        return words
