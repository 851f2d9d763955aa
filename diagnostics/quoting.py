"""How a value is written into a command that is printed to be pasted: for PowerShell, for a POSIX shell, and for both.

The values come from strangers: an application's publisher chooses its display name, and a pasted log names whatever it
likes. So each value is quoted here and nowhere else, and a value that holds a character which cannot be seen, or which
ends or turns a line, is refused (`Unprintable`): no quoting makes such a command readable.

PowerShell: single quotes, inside which its tokenizer knows nothing but the single quote itself. It takes five characters
for one (`' ‘ ’ ‚ ‛`), and two in a row for one of them: PowerShell's `CharTraits.cs`, `IsSingleQuote`, and
about_Quoting_Rules. Windows PowerShell 5.1 has the same tokenizer, so this holds for every cmdlet in both.

A *native* program such as `diag` is another matter. PowerShell 7.3 and later hands each argument over as it is; Windows
PowerShell 5.1 joins the arguments into one command line and escapes neither `"` nor a backslash before the quote that it
adds (about_Parsing, "Passing arguments to native commands"). It cannot be given such an argument in a form that is right in
7.3 too, so those lines are labelled for 7.3. PowerShell also drops an argument `--%`, quoted or not, which
therefore is written as a part of its option (`'--mailbox=--%'`).

POSIX: single quotes, inside which nothing is special; a single quote is `'"'"'` (POSIX.1-2017, Shell Command Language,
2.2.2). Neither form lets an interactive bash expand `!`.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_SINGLE_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")
_BARE = re.compile(r"(?:[A-Za-z]|\.{0,2}/)[A-Za-z0-9_./@:+-]*|--?[A-Za-z][A-Za-z-]*")
_BARE_POWERSHELL = re.compile(r"[A-Za-z][A-Za-z0-9_.@-]*|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STOP_PARSING = "--%"
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""What is invisible and belongs to no category of its own (Unicode, Default_Ignorable_Code_Point; and the blank Braille
pattern)."""


class Shell(enum.StrEnum):
    """For which shell a line is right."""

    ANY = "any"
    POSIX = "sh"
    POWERSHELL = "powershell"
    POWERSHELL_7 = "powershell-7"  # 7.3 or later; Windows PowerShell 5.1 would change an argument


@dataclass(frozen=True, slots=True)
class Line:
    """A command line, and for which shell it is right."""

    text: str
    shell: Shell = Shell.ANY


SHELLS: Mapping[Shell, str] = {
    Shell.POSIX: "bash, zsh",
    Shell.POWERSHELL: "PowerShell",
    Shell.POWERSHELL_7: "PowerShell 7.3+",
}
"""How a line is labelled that is not right in every shell."""


class Unprintable(ValueError):
    """The value is empty or holds a character that no printed command may carry; `character` names it (`U+202E`)."""

    def __init__(self, character: str) -> None:
        super().__init__(f"it holds {character}" if character else "it is empty")
        self.character = character


def unprintable(value: str) -> str:
    """Return the first character of `value` that a command must not carry, as `U+202E`; "" when there is none.

    Controls, format characters (bidirectional and zero-width ones), line and paragraph separators, surrogates, private and
    unassigned characters, and others that leave no mark on the screen.
    """
    for character in value:
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} or _INVISIBLE.match(character):
            return f"U+{ord(character):04X}"
    return ""


def _checked(value: str) -> str:
    character = unprintable(value)
    if character or not value:
        raise Unprintable(character)
    return value


def powershell(value: str) -> str:
    """Return a value as a literal of PowerShell, for a cmdlet's parameter or an expression. Raises Unprintable."""
    return "'" + _SINGLE_QUOTES.sub(r"\g<0>\g<0>", _checked(value)) + "'"


def powershell_argument(value: str) -> str:
    """Return a cmdlet's argument: as `powershell`, but a plain address, word or GUID stays bare. Raises Unprintable."""
    return value if _BARE_POWERSHELL.fullmatch(value) else powershell(value)


def powershell_line(cmdlet: str, **parameters: str) -> str:
    """Return a cmdlet with parameters, to be named in a sentence; "" where a value must not stand in a command."""
    try:
        return " ".join([cmdlet, *(f"-{name} {powershell_argument(value)}" for name, value in parameters.items())])
    except Unprintable:
        return ""


def posix(value: str) -> str:
    """Return a value as one word of a POSIX shell. Raises Unprintable."""
    if _BARE.fullmatch(value) or (value.isascii() and value.isdigit()):
        return value
    return "'" + _checked(value).replace("'", "'\"'\"'") + "'"


def posix_line(*words: str) -> str:
    """Return a command of a POSIX system alone, to be named in a sentence; a value that must not stand in it is `…`."""
    return " ".join("…" if unprintable(word) else posix(word) for word in words)


def native(words: Sequence[str]) -> tuple[Line, ...]:
    """Return the line that starts a program with these arguments. Raises Unprintable.

    There is one for every shell where there is a common form, else one for a POSIX shell and one for PowerShell.
    """
    words = _joined(words)
    forms = [_common(word) for word in words]
    if all(forms):
        return (Line(" ".join(form for form in forms if form)),)
    shell = Shell.POWERSHELL_7 if any(_changed_by_5_1(word) for word in words) else Shell.POWERSHELL
    return (
        Line(" ".join(posix(word) for word in words), Shell.POSIX),
        Line(" ".join(word if _BARE.fullmatch(word) else powershell(word) for word in words), shell),
    )


def in_sentence(lines: Sequence[Line]) -> str:
    """Return the lines of one command for a sentence, each with its shell where there are two."""
    return "; ".join(line.text if line.shell is Shell.ANY else f"{SHELLS[line.shell]}: {line.text}" for line in lines)


def _common(word: str) -> str:
    """Return the form that both shells read as `word`, or "" where there is none. Raises Unprintable."""
    if _BARE.fullmatch(word):
        return word
    apart = _SINGLE_QUOTES.search(_checked(word)) or _changed_by_5_1(word)
    return "" if apart else f"'{word}'"


def _changed_by_5_1(word: str) -> bool:
    """Say whether Windows PowerShell 5.1 would hand `word` to a program as something else."""
    return '"' in word or (word.endswith("\\") and any(character.isspace() for character in word))


def _joined(words: Sequence[str]) -> list[str]:
    """Write an argument `--%` as a part of the option before it, since PowerShell drops it alone."""
    joined: list[str] = []
    for word in words:
        if word == _STOP_PARSING and joined:
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined
