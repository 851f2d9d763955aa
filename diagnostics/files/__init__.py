"""Files that somebody named: one reader and one writer, below everything that reads or writes any."""

from diagnostics.files.problems import AlreadyThere, FileUnusable, NoFolder, NotPrivate, NotThere, NotUtf8
from diagnostics.files.reading import chunks, decoded, exists, expanded, head, read, read_text
from diagnostics.files.writing import (
    PLAN,
    READY,
    REPORT,
    SCRIPT,
    Kind,
    check,
    is_there,
    open_to_append,
    sync_folder,
    write,
    write_new,
)

__all__ = [
    "PLAN",
    "READY",
    "REPORT",
    "SCRIPT",
    "AlreadyThere",
    "FileUnusable",
    "Kind",
    "NoFolder",
    "NotPrivate",
    "NotThere",
    "NotUtf8",
    "check",
    "chunks",
    "decoded",
    "exists",
    "expanded",
    "head",
    "is_there",
    "open_to_append",
    "read",
    "read_text",
    "sync_folder",
    "write",
    "write_new",
]
