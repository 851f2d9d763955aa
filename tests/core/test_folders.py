"""The folders of a mailbox stand in the report by the names that an application has to use."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.evidence import ImapSession
from diagnostics.report import build, render
from tests.core.sample import NOW, healthy


def shown(folders: tuple[str, ...], language: str = "en") -> str:
    evidence = healthy()
    (mailbox, *rest) = evidence.mailboxes
    assert isinstance(mailbox.imap, ImapSession)
    listed = replace(mailbox, imap=replace(mailbox.imap, folders=folders))
    report = build(replace(evidence, mailboxes=(listed, *rest)), command="diag imap", started=NOW, language=language)
    return render(report, width=300)


@pytest.mark.parametrize(("language", "words"), [("en", "3 folders: "), ("es", "3 carpetas: ")])
def test_every_folder_is_listed(language: str, words: str) -> None:
    assert f"{words}INBOX, Elementos enviados, “Kunden, neu”" in shown(
        ("INBOX", "Elementos enviados", "Kunden, neu"), language
    )


def test_a_long_list_says_how_long_it_is() -> None:
    table = shown(tuple(f"Folder {number}" for number in range(1000)))
    assert "1000 folders, the first 30: Folder 0, " in table
    assert "Folder 29" in table
    assert "Folder 30" not in table


def test_no_list_says_nothing() -> None:
    assert "folders" not in shown(())
