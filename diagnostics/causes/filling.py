"""Puts a run's values into the pages of the causes: quoted in blocks of commands, made printable in sentences.

Pages carry bare `{placeholders}`. In a block, a word that holds placeholders is filled and then quoted as a whole, by the
block's language:

- `powershell`: single quotes;
- `sh`: lines that start a program, in a form that is right in a POSIX shell and in PowerShell, else one of each; a line that
  starts with `diag` also gets the options of the run;
- `python`: a string literal; `http`: percent-encoded, in an OData literal (`appId={application_id}`) in quotes;
- `text`: as it is, made printable.

In both, `[-Name {placeholder}]` is left out where the value is not known. A block that lacks a value, or has one that no
command may carry, is left out, and `Lack` says what and where to look it up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from diagnostics.causes.placeholders import PLACEHOLDERS, SIGNING_IN, WORDS
from diagnostics.invocation import TAKES, Invocation
from diagnostics.quoting import SHELLS, Line, Shell, Unprintable, native, powershell, unprintable
from diagnostics.redaction import printable, safe

CONNECT = "Connect-ExchangeOnline"
_CONNECT = f"{CONNECT} [-ExchangeEnvironmentName {{exchange_environment}}] [-UserPrincipalName {{operator}}]"
_FIELD = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
_WORD = re.compile(r"\S+")
_OPTIONAL = re.compile(r" ?\[(--?\w+) (\{(?:" + "|".join(PLACEHOLDERS) + r")\})\]")
_SPOKEN = re.compile(r"`diag (?P<command>[^`]+)`|" + _FIELD.pattern)
_ODATA = re.compile(r"(?:\(\w+=| eq )$")
_BASES = frozenset({"login", "graph"})
EXCHANGE_CMDLETS = frozenset(
    {
        "Add-MailboxPermission",
        "Add-RecipientPermission",
        "Get-ApplicationAccessPolicy",
        "Get-CASMailbox",
        "Get-CASMailboxPlan",
        "Get-ClientAccessRule",
        "Get-ConnectionInformation",
        "Get-Mailbox",
        "Get-MailboxPermission",
        "Get-ManagementRoleAssignment",
        "Get-Recipient",
        "Get-RecipientPermission",
        "Get-SafeAttachmentPolicy",
        "Get-ServicePrincipal",
        "Get-TransportConfig",
        "New-ServicePrincipal",
        "Remove-MailboxPermission",
        "Remove-ServicePrincipal",
        "Set-CASMailbox",
        "Set-Mailbox",
        "Test-ServicePrincipalAuthorization",
    }
)
"""The cmdlets of pages that need a connection to Exchange Online."""
_VARIABLE = re.compile(r"^(\$\w+) = ", re.MULTILINE)
_CMDLET = re.compile(r"\b[A-Z][A-Za-z]+-[A-Z][A-Za-z]+\b")


@dataclass(frozen=True, slots=True)
class Command:
    """A command or text to paste. `language` is the page's, for lines of programs the shell for which it is right.

    `label` names that shell where there is another form for another one.
    """

    text: str
    language: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Lack:
    """Why a block is left out: the placeholder (or profile, option, or "" for a secret), and the character it must not hold."""

    placeholder: str
    character: str = ""
    instead: str = ""

    def words(self, language: str) -> str:
        """Say it, and where to look the value up."""
        texts = _LACKS[language]
        if not self.placeholder:
            return texts["secret"]
        if self.placeholder in {"profile", "option"}:
            return texts[self.placeholder].format(instead=self.instead, character=self.character)
        found = PLACEHOLDERS[self.placeholder]
        known = texts["character"] if self.character else texts["unknown"]
        return known.format(name=found.name[language], character=self.character, where=found.where[language])


_LACKS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "unknown": "The command is left out, since {name} is not known here; look it up: {where}.",
        "character": "The command is left out, since {name} holds a character that no command may carry ({character}); "
        "look it up: {where}.",
        "profile": "The command is `{instead}` with the profile of this application as NAME: `diag profile list` shows "
        "those that exist, `diag profile new` makes one.",
        "option": "The command is left out, since an option of this run holds a character that no command may carry "
        "({character}).",
        "secret": "The command is left out, since a value in it looks like a secret.",
    },
    "es": {
        "unknown": "El comando se omite porque aquí no se conoce {name}; dónde se encuentra: {where}.",
        "character": "El comando se omite porque {name} contiene un carácter que ningún comando debe llevar "
        "({character}); dónde se encuentra: {where}.",
        "profile": "El comando es `{instead}` con el perfil de esta aplicación como NAME: `diag profile list` muestra "
        "los que existen, `diag profile new` crea uno.",
        "option": "El comando se omite porque una opción de esta ejecución contiene un carácter que ningún comando debe "
        "llevar ({character}).",
        "secret": "El comando se omite porque un valor parece un secreto.",
    },
}


class _Lacking(Exception):
    def __init__(self, lack: Lack) -> None:
        super().__init__(lack.placeholder)
        self.lack = lack


@dataclass(slots=True)
class Filler:
    """Fills what belongs to one remedy: the first block of it that needs Exchange begins by connecting to it."""

    values: Mapping[str, str]
    invocation: Invocation
    connected: bool = False
    _lost: dict[str, Lack] = field(default_factory=dict)

    def sentence(self, text: str) -> str:
        """Return a sentence with its values, and its `diag …` commands with the options of the run."""
        return _SPOKEN.sub(lambda match: self._code(match) if match["command"] else self._spoken(match[2]), text)

    def prose(self, text: str) -> str:
        """Return text with its values alone."""
        return _FIELD.sub(lambda match: self._spoken(match[1]), text)

    def _spoken(self, name: str) -> str:
        return _shown(self.values.get(name, "") or WORDS[name])

    def _code(self, match: re.Match[str]) -> str:
        words = [self.prose(word) for word in match["command"].split()]
        length = _length(words)
        return f"`{self.invocation.inline(' '.join(words[:length]), *words[length:])}`" if length else match[0]

    def block(self, language: str, text: str) -> tuple[tuple[Command, ...], Lack | None]:
        """Return the commands of a block, or why it is left out."""
        lack = next((lost for name, lost in self._lost.items() if language == "powershell" and name in text), None)
        commands: tuple[Command, ...] = ()
        if lack is None:
            try:
                commands = tuple(self._commands(language, text))
            except _Lacking as problem:
                lack = problem.lack
        if language in {"powershell", "sh"} and any(safe(command.text) != command.text for command in commands):
            lack = Lack("")
        if lack is not None:
            self._lost |= dict.fromkeys(_VARIABLE.findall(text), lack)
            return (), lack
        if language == "powershell":
            self.connected = self.connected or any(needs_exchange(command.text) for command in commands)
        return commands, None

    def _commands(self, language: str, text: str) -> Iterator[Command]:
        match language:
            case "powershell":
                yield Command(self._powershell(text), language)
            case "sh":
                for line in text.splitlines():
                    yield from self._native(line)
            case "python":
                yield Command(self._words(text, repr), language)
            case "http":
                yield Command(self._http(text), language)
            case _:
                yield Command(_FIELD.sub(lambda match: _shown(self._raw(match[1])), text), language)

    def _powershell(self, text: str) -> str:
        lines = text.splitlines()
        if CONNECT in lines:
            lines[lines.index(CONNECT)] = _CONNECT
        elif not self.connected and needs_exchange(text):
            lines.insert(0, _CONNECT)
        return self._words(_OPTIONAL.sub(self._optional, "\n".join(lines)), powershell)

    def _optional(self, match: re.Match[str]) -> str:
        name = match[2][1:-1]
        value = self.values.get(name, "")
        left_out = not value or (name in SIGNING_IN and unprintable(value))
        return "" if left_out else f" {match[1]} {match[2]}"

    def _native(self, line: str) -> Iterator[Command]:
        words = _OPTIONAL.sub(self._optional, line).split()
        filled = [self._filled(word) for word in words]
        if filled[0] == "diag":
            length = _length(filled[1:])
            name, rest = " ".join(filled[1 : 1 + length]), filled[1 + length :]
            found = self._printable(lambda: self.invocation.lines(name, *rest))
            if not found:
                raise _Lacking(Lack("profile", instead=self.invocation.inline(name, *rest)))
        else:
            found = self._printable(lambda: native(filled))
        for one in found:
            yield Command(one.text, str(one.shell), "" if one.shell is Shell.ANY else SHELLS[one.shell])

    def _printable(self, make: Callable[[], tuple[Line, ...]]) -> tuple[Line, ...]:
        try:
            return make()
        except Unprintable as problem:  # the values of the page are known to be good, so it is an option of the run
            raise _Lacking(Lack("option", problem.character)) from None

    def _words(self, text: str, form: Callable[[str], str]) -> str:
        """Fill the words that hold placeholders, and write each in a form of the language."""
        return _WORD.sub(lambda match: form(self._filled(match[0])) if _FIELD.search(match[0]) else match[0], text)

    def _filled(self, word: str) -> str:
        return _FIELD.sub(lambda match: self._raw(match[1]), word)

    def _http(self, text: str) -> str:
        def value(match: re.Match[str]) -> str:
            raw = self._raw(match[1])
            if match[1] in _BASES:
                return raw
            literal = _ODATA.search(text[: match.start()])
            encoded = quote(raw.replace("'", "''") if literal else raw, safe="@")
            return f"'{encoded}'" if literal else encoded

        return _FIELD.sub(value, text)

    def _raw(self, name: str) -> str:
        """Return a value that a command may carry. Raises _Lacking."""
        value = self.values.get(name, "")
        character = unprintable(value)
        if character or not value:
            raise _Lacking(Lack(name, character))
        return value


def needs_exchange(text: str) -> bool:
    """Say whether a PowerShell block calls a cmdlet of Exchange Online."""
    return any(name in EXCHANGE_CMDLETS for name in _CMDLET.findall(text))


def _length(words: list[str]) -> int:
    """Return how many words name a command of diag; 0 when they name none that is known."""
    return next((length for length in (2, 1) if " ".join(words[:length]) in TAKES), 0)


def _shown(value: str) -> str:
    return " ".join(printable(value).split())
