"""The environment of a child process: what it needs of this program's own, and no secret of it.

A PowerShell or an ssh hands its environment on to everything that it starts, to modules and to transcripts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from diagnostics.exchange.options import ChildCommand
from diagnostics.redaction import redact

_OWN_SECRETS = re.compile(r"DIAG_.*(?:SECRET|PASSWORD|TOKEN)", re.IGNORECASE)
_NEEDED = frozenset({
    "path", "psmodulepath", "home", "userprofile", "tmpdir", "temp", "tmp", "systemroot", "windir", "comspec", "appdata",
    "localappdata", "programfiles", "user", "username", "logname", "lang",
})  # fmt: skip
"""Never left out for their values: a short password may well be a word of a path or the name of an account."""


def environment(command: ChildCommand, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return `inherited` with the command's own variables, and without those that hold a secret.

    Left out are the variables that the command names (a profile's secrets among them), `DIAG_…SECRET…`,
    `DIAG_…PASSWORD…`, `DIAG_…TOKEN…`, and every variable whose value holds a secret of this run or looks like a token.
    Names are compared without case, as Windows does.
    """
    unwanted = {name.casefold() for name in command.without}
    own = {name.casefold() for name, _ in command.environment}
    kept = {
        name: value
        for name, value in inherited.items()
        if name.casefold() not in unwanted | own and not _holds_secret(name, value)
    }
    return kept | dict(command.environment)


def _holds_secret(name: str, value: str) -> bool:
    if _OWN_SECRETS.match(name):
        return True
    return name.casefold() not in _NEEDED and redact(value) != value
