"""Where secrets come from: environment, file, the system's key store, a prompt. Never the command line.

Whatever is read becomes a `Secret` at once. What cannot be had is told with the way to provide it, never with a value.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from diagnostics import files
from diagnostics.profile.loading import Profile
from diagnostics.profile.model import CertificateReference, SecretReference
from diagnostics.quoting import posix_line
from diagnostics.redaction import Secret
from diagnostics.sources.credentials import LARGEST_FILE as LARGEST_CERTIFICATE
from diagnostics.sources.credentials import ClientCertificate

KEYRING_SERVICE = "diag"
_LARGEST_FILE = 64 * 1024


class SecretUnavailable(Exception):
    """A secret that cannot be had: why, and in `hint` how to provide it."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def resolve(reference: SecretReference, profile: Profile, what: str) -> Secret:
    """Return the secret that `reference` points to; `what` names it in words. Raises SecretUnavailable."""
    if reference.env is not None:
        return _from_environment(reference.env, what)
    if reference.file is not None:
        return _from_file(profile.file(reference.file), what)
    if reference.keyring is not None:
        return _from_keyring(reference.keyring, what)
    return _from_prompt(what, profile)


def certificate(reference: CertificateReference, profile: Profile, what: str) -> ClientCertificate:
    """Return the certificate that `reference` points to, its file checked. Raises SecretUnavailable."""
    path = profile.file(reference.file)
    content = read_private(path, f"the certificate of {what}", LARGEST_CERTIFICATE)
    password = resolve(reference.password, profile, f"{path.name}'s password") if reference.password else None
    return ClientCertificate(path, password, content)


def variables(profile: Profile) -> tuple[str, ...]:
    """Return the environment variables that a profile names as places of secrets, in whichever section."""
    return tuple(dict.fromkeys(_variables(profile.document)))


def _variables(section: BaseModel) -> Iterator[str]:
    for _, value in section:
        if isinstance(value, SecretReference) and value.env is not None:
            yield value.env
        elif isinstance(value, BaseModel):
            yield from _variables(value)


def where(reference: SecretReference | CertificateReference) -> str:
    """Return in words where a secret is kept, for provenance and `diag profile show`."""
    if isinstance(reference, CertificateReference):
        return f"certificate {reference.file}"
    if reference.env is not None:
        return f"environment variable {reference.env}"
    if reference.file is not None:
        return f"file {reference.file}"
    if reference.keyring is not None:
        return f"key store, {KEYRING_SERVICE}/{reference.keyring}"
    return "prompt"


def how_to_set(reference: SecretReference | CertificateReference) -> str:
    """Return in words how a secret is set again where it is kept; "" where there is no one command for it."""
    if isinstance(reference, CertificateReference):
        return ""
    if reference.env is not None:
        return f"Set it: {_command_that_sets(reference.env)}"
    if reference.keyring is not None:
        return f"Put it there: {posix_line('keyring', 'set', KEYRING_SERVICE, reference.keyring)}"
    return ""


def _from_environment(name: str, what: str) -> Secret:
    value = os.environ.get(name)
    if value and not value.isascii() and value != value.encode(errors="ignore").decode():
        raise SecretUnavailable(f"{what}: the environment variable {name} is not UTF-8 text", "Set it again")
    if value:
        return Secret(value)
    state = "is not set" if value is None else "is set, and empty"
    raise SecretUnavailable(f"{what}: the environment variable {name} {state}", f"Set it: {_command_that_sets(name)}")


def _command_that_sets(name: str) -> str:
    """Return the command with which this system's shell asks for a secret and exports it, without showing it.

    Windows PowerShell 5.1 has no `Read-Host -MaskInput`; both PowerShells have this.
    """
    if os.name == "nt":
        return f"$env:{name} = [Net.NetworkCredential]::new('', (Read-Host -AsSecureString)).Password"
    return f"read -rs {name} && export {name}"


def _from_file(path: Path, what: str) -> Secret:
    try:
        text = files.decoded(read_private(path, what), path)
    except files.NotUtf8:
        raise SecretUnavailable(f"{what} in {path} is not UTF-8 text", "Save it as UTF-8, one line") from None
    value = text.removesuffix("\n").removesuffix("\r")
    if not value:
        raise SecretUnavailable(f"{what} in {path} is empty", "Put the secret's Value into it, and nothing else")
    return Secret(value)


def read_private(path: Path, what: str, largest: int = _LARGEST_FILE) -> bytes:
    """Return a file's bytes; refuse one that others than its owner can read. Raises SecretUnavailable."""
    try:
        return files.read(path, largest=largest, private=True)
    except files.NotThere as problem:
        raise SecretUnavailable(
            f"{what} in {problem.path} {problem.what}", f"Make the file, then: chmod 600 {posix_line(str(path))}"
        ) from None
    except files.FileUnusable as problem:
        raise SecretUnavailable(f"{what} in {problem.path} {problem.what}", problem.hint) from None


def _from_keyring(name: str, what: str) -> Secret:
    hint = f"Put it there: {posix_line('keyring', 'set', KEYRING_SERVICE, name)}"
    try:
        import keyring  # noqa: PLC0415 - looks for key stores when imported

        value = keyring.get_password(KEYRING_SERVICE, name)
    except Exception as error:  # noqa: BLE001 - every system's store has exceptions of its own
        reason = f"{what}: the system's key store cannot be used: {type(error).__name__}"
        raise SecretUnavailable(reason, "Use env or file in the profile instead") from None
    if not value:
        raise SecretUnavailable(f"{what}: the system's key store has no {KEYRING_SERVICE}/{name}", hint)
    return Secret(value)


def _from_prompt(what: str, profile: Profile) -> Secret:
    import getpass  # noqa: PLC0415 - only where somebody sits
    import warnings  # noqa: PLC0415

    hint = "Run it on a terminal, or use env, file or keyring in the profile"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise SecretUnavailable(f"{what} would be asked for, and there is no terminal", hint)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)  # it would show what is typed
            value = getpass.getpass(f"{what} ({profile.name}): ", stream=sys.stderr)
    except (getpass.GetPassWarning, EOFError):
        raise SecretUnavailable(f"{what} could not be asked for without showing it", hint) from None
    if not value:
        raise SecretUnavailable(f"{what}: nothing was typed", hint)
    return Secret(value)
