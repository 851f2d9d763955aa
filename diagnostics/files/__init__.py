"""Files that somebody named: one reader and one writer, below everything that reads or writes any."""

from diagnostics.files.problems import AlreadyThere, FileUnusable, NotPrivate, NotThere, NotUtf8
from diagnostics.files.reading import chunks, decoded, head, read, read_text
from diagnostics.files.writing import (
    PLAN,
    READY,
    REPORT,
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
    "AlreadyThere",
    "FileUnusable",
    "Kind",
    "NotPrivate",
    "NotThere",
    "NotUtf8",
    "check",
    "chunks",
    "decoded",
    "head",
    "is_there",
    "open_to_append",
    "read",
    "read_text",
    "sync_folder",
    "write",
    "write_new",
]
