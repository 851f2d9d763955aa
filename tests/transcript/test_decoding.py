"""Whatever bytes a text is made of, it is read; what is no text is refused by name."""

from __future__ import annotations

import contextlib
import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.sources.transcript import NotText, read, read_files

TEXT = "A1 NO AUTHENTICATE failed.\nAADSTS90002: Tenant 'Zürich' not found. Check to make sure\n"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("latin-1"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        TEXT.replace("A1", "A\x001").encode(),
    ],
)
def test_encodings(data: bytes) -> None:
    evidence = read([data], name="t")
    assert "Zürich" in evidence.entra_errors[0].description
    assert evidence.entra_errors[0].provenance.how == "t:2"
    assert evidence.imap_sessions[0].steps[0].text == "AUTHENTICATE failed."


@pytest.mark.parametrize(
    ("data", "looks_like"),
    [
        (gzip.compress(b"A1 NO AUTHENTICATE failed.", mtime=0), "gzip"),
        (b"PK\x03\x04" + bytes(200), "ZIP"),
        (b"%PDF-1.7\n", "PDF"),
        (bytes(range(256)) * 20, "binary"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, looks_like: str) -> None:
    with pytest.raises(NotText, match=r"mail\.bin is not a text") as refused:
        read([data], name="mail.bin")
    assert looks_like in str(refused.value)


def test_files_are_named_in_the_provenance(tmp_path: Path) -> None:
    path = tmp_path / "ticket.txt"
    path.write_text(TEXT, encoding="utf-8")
    assert read_files([path]).entra_errors[0].provenance.how == f"{path}:2"


def test_an_empty_text_is_a_text() -> None:
    assert read([], name="t").entra_errors == ()
    assert read([b""], name="t").entra_errors == ()


@given(st.text())
def test_no_text_crashes_the_reader(text: str) -> None:
    with contextlib.suppress(NotText):  # control characters alone are no text
        read([text.encode("utf-8", "replace")], name="t")


FRAGMENTS = st.lists(
    st.sampled_from(
        [
            "AADSTS", "AADSTS700016", ": ", "'", '"', "\\", "{", "}", "[", "]", "\n", "\r\n", "A1 NO ", "AUTHENTICATE", "XOAUTH2", " ",
            "dXNlcj1", "eyJ0eXAi", ".", "user=", "\x01", "auth=Bearer ", "^A", "* OK ", "-----", "AppId", "ObjectId", " : ", "{FullAccess}",
            "True", "False", "Get-MailboxPermission -Identity ", "https://login.microsoftonline.com/", "client_secret=", "=>", "b'", "&quot;",
            "%3a", "2024-05-06 10:00:00 ", "\t", "|", ",", "…", "error_codes", "The term '", "' is not recognized as the name of a cmdlet",
        ]
    )
)  # fmt: skip


@given(FRAGMENTS)
def test_no_mixture_of_what_logs_are_made_of_crashes_the_reader(parts: list[str]) -> None:
    read(["".join(parts).encode()], name="t")
