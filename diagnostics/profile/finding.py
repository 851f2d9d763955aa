"""Which profile is meant: a path, or a name that is looked up here, in the user's folder and among the shipped ones."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from pathlib import Path

from diagnostics import files
from diagnostics.profile.complaints import Complaint, Place, ProfileError

SUFFIXES = (".yaml", ".yml")
DEMO = "demo"
"""The name that means the simulated tenant; no profile file is called so."""


def folders() -> tuple[Path, ...]:
    """Return where profiles are looked for by name, first things first; not all of them need to exist."""
    return Path("profiles"), user_folder(), _shipped()


def user_folder() -> Path:
    """Return the user's own folder for profiles, as the platform has it."""
    import platformdirs  # noqa: PLC0415 - not needed for a path

    return platformdirs.user_config_path("diag", appauthor=False) / "profiles"


def _shipped() -> Path:
    """Return the folder of the example profiles: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    return package / "profiles" if (package / "profiles").is_dir() else package.parent / "profiles"


def find(name_or_path: str) -> Path:
    """Return the path of the profile that is meant. Raises ProfileError, which lists where it was looked for."""
    path = files.expanded(name_or_path)
    if is_path(name_or_path):
        if files.exists(path):
            return path
        raise ProfileError(Complaint(Place(str(path)), "there is no such file", _advice()))
    for folder in folders():
        for suffix in SUFFIXES:
            candidate = folder / f"{name_or_path}{suffix}"
            if files.exists(candidate):
                return candidate
    names = sorted({name for name, _ in available()} | {DEMO})
    close = difflib.get_close_matches(name_or_path, names, 1)
    what = f"there is no profile of this name in {', '.join(str(folder) for folder in folders())}"
    advice = f"did you mean {close[0]}?" if close else _advice()
    raise ProfileError(Complaint(Place(name_or_path or "--profile"), what, advice))


def is_path(name_or_path: str) -> bool:
    """Say whether what was given is a file's path, and not a name to look for."""
    separators = {separator for separator in (os.sep, os.altsep) if separator}
    return Path(name_or_path).suffix.lower() in SUFFIXES or bool(separators & set(name_or_path))


def option(name_or_path: str, found: Path) -> str:
    """Return what `--profile` has to be given so that it means the file `found` in every folder.

    That is the name that led to it, or its path where it was named by path or found in `profiles` of the current folder.
    """
    by_name = name_or_path in {found.stem, DEMO}
    return name_or_path if by_name and found.parent != folders()[0] else str(found.absolute())


def _advice() -> str:
    return "make one: diag profile new; see those that exist: diag profile list; try: --profile demo"


def available() -> Iterator[tuple[str, Path]]:
    """Yield name and path of every profile that can be named; a name hides the same one in later folders."""
    seen: set[str] = set()
    for folder in folders():
        for path in sorted(folder.glob("*")) if folder.is_dir() else ():
            if path.suffix.lower() in SUFFIXES and path.stem not in seen:
                seen.add(path.stem)
                yield path.stem, path
