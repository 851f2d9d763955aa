"""`diag profile new`: asks for the few values that a profile needs, and judges each while it is typed.

The judges are the input checks of a run, so that what is accepted here is not complained about there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from diagnostics import files, formats
from diagnostics.clouds import CLOUDS
from diagnostics.evidence import SettingName
from diagnostics.exchange.retired import EXPLANATION, REMEDY, is_retired
from diagnostics.profile.complaints import Complaint
from diagnostics.profile.judging import judge_value
from diagnostics.profile.loading import load_text
from diagnostics.profile.values import complaints
from diagnostics.redaction import Secret, safe
from diagnostics.slips import meant

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEEPERS = ("env", "file", "keyring", "prompt")


class NotWritten(Exception):
    """No profile was written; says why and what to do."""


class Asker(Protocol):
    """Somebody who can be asked."""

    def ask(self, question: str) -> str:
        """Return what was typed, with every blank, without the line's end. Raises NotWritten when nobody answers."""
        ...

    def say(self, text: str) -> None:
        """Show a line."""
        ...


class Terminal:
    """A person at a terminal; questions go to stderr."""

    def __init__(self) -> None:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise NotWritten(
                "profile new asks questions, and there is no terminal; "
                "copy profiles/example.yaml and edit it, then run: diag profile check FILE"
            )

    def ask(self, question: str) -> str:
        """Ask on the terminal."""
        self._write(f"{question}: ")
        line = sys.stdin.readline()
        if not line:
            self._write("\n")
            raise NotWritten("the input ended before the last question; nothing was written")
        return line.rstrip("\r\n")

    def say(self, text: str) -> None:
        """Show a line on the terminal."""
        self._write(f"{safe(text)}\n")

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def make(path: Path, asker: Asker) -> Path:
    """Ask for a profile's values and write it to `path`, readable by its owner alone. Raises NotWritten.

    A file that is there already is never overwritten.
    """
    try:
        if files.is_there(path):
            raise NotWritten(f"{path} exists already; edit it, or choose another name")
    except files.NoFolder:
        pass  # it is made for the profile
    except files.FileUnusable as problem:
        raise NotWritten(str(problem)) from None
    asker.say(f"A new profile: {path}. Enter keeps what stands in [brackets]; Ctrl-C writes nothing.")
    questions = _Questions(asker)
    document = questions.document()
    text = render(document)
    left = complaints(load_text(text, path))
    for complaint in left:
        asker.say(_words(complaint))
    if left and not questions.agree("Write it all the same?", default=False):
        raise NotWritten("nothing was written")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_new(path, text)
    except files.AlreadyThere:
        raise NotWritten(f"{path} exists already; edit it, or choose another name") from None
    except files.FileUnusable as problem:
        raise NotWritten(str(problem)) from None
    except OSError as error:
        raise NotWritten(f"{path} cannot be written: {error.strerror or error}") from None
    return path


def render(document: dict[str, Any]) -> str:
    """Return a profile's text, with the comments that its reader needs."""
    body = formats.as_yaml(document, width=100)
    return (
        "# yaml-language-server: $schema=profile.schema.json\n"
        "# What each key means: diag profile schema. No secret stands here, only where it is kept.\n" + body
    )


def _words(complaint: Complaint) -> str:
    advice = f" — {complaint.advice}" if complaint.advice else ""
    return f"  {complaint.what}{advice}" + (f" [{complaint.cause}]" if complaint.cause else "")


@dataclass(slots=True)
class _Questions:
    asker: Asker

    def document(self) -> dict[str, Any]:
        """Ask for everything, and return the profile as mappings and lists."""
        found: dict[str, Any] = {"version": 1}
        found["tenant"] = self._value(SettingName.TENANT, "Directory (tenant) ID, or a verified domain")
        cloud = self._choice("Cloud", tuple(CLOUDS), "global")
        if cloud != "global":
            found["cloud"] = cloud
        found["application"] = self._application()
        found["mailboxes"] = list(self._mailboxes())
        found["exchange"] = self._exchange()
        operator = self._operator()
        if operator:
            found["operator"] = operator
        found["graph"] = self.agree("May diag ask Microsoft Graph, to name mistakes more exactly?", default=True)
        return found

    def _application(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "id": self._value(SettingName.APPLICATION_ID, "Application (client) ID of the application under test")
        }
        optional = (
            ("enterprise_object_id", SettingName.ENTERPRISE_APP_OBJECT_ID, "Object ID of its Enterprise Application"),
            ("registration_object_id", SettingName.APP_REGISTRATION_OBJECT_ID, "Object ID of its App registration"),
        )
        for key, name, words in optional:
            value = self._value(name, f"{words} (Enter: not known)", optional=True)
            if value:
                found[key] = value
        return found | self._credential("the application", "DIAG_APPLICATION_SECRET")

    def _credential(self, whose: str, variable: str) -> dict[str, Any]:
        keeper = self._choice(f"Where is the secret of {whose} kept", (*_KEEPERS, "certificate"), "env")
        if keeper == "certificate":
            return {"certificate": {"file": self._text("PEM or PFX file with certificate and private key")}}
        return {"secret": self._reference(keeper, variable)}

    def _reference(self, keeper: str, variable: str) -> dict[str, Any]:
        match keeper:
            case "prompt":
                return {"prompt": True}
            case "env":
                return {"env": self._variable(variable)}
            case "file":
                return {"file": self._text("File that holds it and nothing else")}
        return {"keyring": self._text("Name in the key store", variable.lower())}

    def _variable(self, default: str) -> str:
        while True:
            typed = self.asker.ask(f"Name of the environment variable, not the secret [{default}]").strip() or default
            if _VARIABLE.fullmatch(typed):
                return typed
            Secret(typed)  # most likely the secret itself: let no output repeat it
            self.asker.say("  That is not the name of a variable. If it is the secret, keep it out of profiles.")

    def _mailboxes(self) -> Iterator[str]:
        first = True
        while True:
            words = "Mailbox to be read" if first else "Another mailbox (Enter: no more)"
            value = self._value(SettingName.MAILBOX, words, optional=not first)
            if not value:
                return
            first = False
            yield value

    def _exchange(self) -> dict[str, Any]:
        transport = self._choice("Exchange PowerShell by", ("local", "ssh", "winrm", "rest"), "local")
        found: dict[str, Any] = {"transport": transport}
        if transport in {"ssh", "winrm"}:
            found["host"] = self._host()
            user = self.asker.ask("Account on that host (Enter: the current one)").strip()
            if user:
                found["username"] = user
        if transport == "winrm":
            ways = ("negotiate", "kerberos", "ntlm", "credssp", "basic")
            found["auth"] = self._choice("WinRM authentication", ways, "negotiate")
            if "username" in found:
                keeper = self._choice("Where is that account's password kept", _KEEPERS, "prompt")
                found["password"] = self._reference(keeper, "DIAG_WINRM_PASSWORD")
        return found

    def _host(self) -> str:
        while True:
            host = self._text("Management host")
            if not is_retired(host):
                return host
            self.asker.say(f"  {EXPLANATION}. {REMEDY}")

    def _operator(self) -> dict[str, Any]:
        ways = ("device-code", "browser", "application", "access-token-file")
        way = self._choice("How do you, the operator, sign in for Exchange PowerShell and Graph", ways, "device-code")
        found: dict[str, Any] = {"sign_in": way}
        if way == "application":
            found["application_id"] = self._value(
                SettingName.APPLICATION_ID, "Application (client) ID of the operator's"
            )
            found |= self._credential("the operator's application", "DIAG_OPERATOR_SECRET")
        if way == "access-token-file":
            found["file"] = self._text("File that holds the access tokens, one to a line")
        return found

    def agree(self, question: str, *, default: bool) -> bool:
        """Ask a question that yes or no answers."""
        return self._choice(question, ("yes", "no"), "yes" if default else "no") == "yes"

    def _choice(self, question: str, choices: Sequence[str], default: str) -> str:
        while True:
            typed = self.asker.ask(f"{question} ({', '.join(choices)}) [{default}]").strip().lower() or default
            fitting = [choice for choice in choices if choice.startswith(typed)]
            if typed in choices or len(fitting) == 1:
                return typed if typed in choices else fitting[0]
            self.asker.say(f"  Type one of: {', '.join(choices)}")

    def _text(self, question: str, default: str = "") -> str:
        while True:
            typed = self.asker.ask(question + (f" [{default}]" if default else "")).strip() or default
            if typed:
                return typed
            self.asker.say("  A value is needed here.")

    def _value(self, name: SettingName, question: str, *, optional: bool = False) -> str:
        """Ask until the input checks have nothing to say, offering what is left without stray characters."""
        while True:
            typed = self.asker.ask(question)
            if not typed.strip():
                if optional:
                    return ""
                self.asker.say("  A value is needed here.")
                continue
            found = judge_value(name, typed)
            if not found and typed == typed.strip():
                return typed
            for complaint in found:
                self.asker.say(_words(complaint))
            better = meant(typed)
            if better != typed and not judge_value(name, better) and self.agree(f"  Take {better}?", default=True):
                return better
