"""A printed value reaches the program unchanged, whatever it is, and nothing else runs: in bash, dash and PowerShell."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.quoting import (
    Line,
    Shell,
    Unprintable,
    native,
    posix,
    posix_line,
    powershell,
    powershell_argument,
    powershell_line,
    unprintable,
)
from tests.paste.shells import ENVIRONMENT_HAS_PWSH, POSIX, Bench

TRAPS = (
    "a@contoso.com",
    "o'brien@contoso.com",
    'Caja "Norte" $2024',
    "accounts@contoso.com\\erp",
    "<mailbox>",
    'ERP"; Remove-Mailbox -Identity * -Confirm:$false; "',
    "$(touch pwned)",
    "$( New-Item pwned )",
    "${x}",
    "$env:PATH",
    "“x” ”",
    "‘’‚‛'",
    "it’s; New-Item pwned; ’",
    "`touch pwned`",
    "`n `$x",
    "-Confirm",
    "-a.b:c",
    "--",
    "--%",
    "--% x",
    "--mailbox",
    "–dash",
    " ",
    "  two  blanks ",
    "%PATH%",
    "!x !! !1",
    "it's!x",
    "^a",
    "a & touch pwned",
    "a | touch pwned",
    "a; touch pwned",
    "a && touch pwned",
    "# remark",
    "a > pwned",
    "a\\",
    "C:\\My Folder\\",
    "\\\\server\\share name\\",
    '"',
    '\\"',
    "{a,b}",
    "[a-z]*",
    "*",
    "?",
    "~",
    "~/x",
    "@x",
    "@(1)",
    "1kb",
    "0x10",
    "1e3",
    "1..3",
    ".5",
    "a,b",
    "x=y",
    "=ls",
    "$null",
    "$true",
    "if",
    "''",
    "é ñ 日本 🎁",
    "a\u00a0b",
    "-",
    "/",
    "./x",
    "../x",
    ".\\x",
    "+x",
    "a+b@c.d",
    "a:b",
    "x%y",
    "12345678-1234-1234-1234-123456789012",
    "1e345678-1234-4234-8234-1e3456789012",
    "0x345678-1234-4234-8234-123456789012",
)
REFUSED = {
    "": "",
    "a\nb": "U+000A",
    "a\r": "U+000D",
    "\t": "U+0009",
    "\0": "U+0000",
    "\x1b[2J": "U+001B",
    "\x85": "U+0085",
    "erp\u202egnp": "U+202E",
    "\u2066x": "U+2066",
    "a\u200bb": "U+200B",
    "\ufeffa": "U+FEFF",
    "a\u2028b": "U+2028",
    "a\u2029b": "U+2029",
    "\ud800": "U+D800",
    "a\ue000": "U+E000",
    "\u3164": "U+3164",
    "a\ufe0f": "U+FE0F",
    "\U000e0041": "U+E0041",
}
powershell_engine = pytest.mark.powershell
VALUES = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12) | st.sampled_from(TRAPS), max_size=40)
NASTY = st.lists(
    st.text(list("'\"‘’‚‛“”„`$(){}<>|&;#!^%\\-–@*?[]~=, \u00a0a1/.:+"), min_size=1, max_size=8), max_size=60
)


def lines_for(shell: str, values: list[str]) -> tuple[list[str], list[list[str]]]:
    """Return the lines that a shell is meant to be given, and what has to arrive."""
    lines, wanted = [], []
    for value in values:
        if unprintable(value) or not value:
            continue
        for line in native(["diag", "permissions", "--mailbox", value, "--lang", "es"]):
            if line.shell is Shell.ANY or (line.shell is Shell.POSIX) == (shell != "pwsh"):
                lines.append(line.text)
                joined = ["--mailbox=--%"] if value == "--%" else ["--mailbox", value]
                wanted.append(["permissions", *joined, "--lang", "es"])
    return lines, wanted


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"))


@pytest.mark.parametrize("shell", POSIX)
def test_every_trap_arrives_unchanged_in_a_posix_shell(bench: Bench, shell: str) -> None:
    lines, wanted = lines_for(shell, list(TRAPS))
    assert bench.run(shell, lines) == wanted


@pytest.mark.parametrize("values", [VALUES, NASTY], ids=["any", "nasty"])
@pytest.mark.parametrize("shell", POSIX)
def test_any_text_arrives_unchanged_in_a_posix_shell(
    bench: Bench, shell: str, values: st.SearchStrategy[list[str]]
) -> None:
    @settings(max_examples=6)
    @given(values)
    def check(values: list[str]) -> None:
        lines, wanted = lines_for(shell, values)
        assert bench.run(shell, lines) == wanted

    check()


@powershell_engine
@pytest.mark.skipif(not ENVIRONMENT_HAS_PWSH, reason="needs a pwsh on PATH")
def test_every_trap_arrives_unchanged_in_powershell(bench: Bench) -> None:
    lines, wanted = lines_for("pwsh", list(TRAPS))
    assert bench.run("pwsh", lines) == wanted
    cmdlets = [f"Set-Stub -Value {form(value)}" for value in TRAPS for form in (powershell, powershell_argument)]
    assert bench.run("pwsh", cmdlets) == [[value] for value in TRAPS for _ in range(2)]


@powershell_engine
@pytest.mark.skipif(not ENVIRONMENT_HAS_PWSH, reason="needs a pwsh on PATH")
@pytest.mark.parametrize("values", [VALUES, NASTY], ids=["any", "nasty"])
def test_any_text_arrives_unchanged_in_powershell(bench: Bench, values: st.SearchStrategy[list[str]]) -> None:
    @settings(max_examples=6)
    @given(values)
    def check(values: list[str]) -> None:
        lines, wanted = lines_for("pwsh", values)
        plain = [value for value in values if value and not unprintable(value)]
        lines += [f"Set-Stub -Value {powershell(value)}" for value in plain]
        lines += [f"$text = 'user=' + {powershell(value)}; Set-Stub -Value $text" for value in plain]
        assert bench.run("pwsh", lines) == [*wanted, *([v] for v in plain), *([f"user={v}"] for v in plain)]

    check()


@pytest.mark.parametrize("value", REFUSED)
@pytest.mark.parametrize("form", [posix, powershell, powershell_argument, lambda value: native(["diag", value])])
def test_what_cannot_be_seen_or_ends_a_line_is_in_no_command(value: str, form: object) -> None:
    with pytest.raises(Unprintable) as refused:
        form(value)  # type: ignore[operator]
    assert refused.value.character == REFUSED[value]


def test_most_values_have_one_form_for_every_shell() -> None:
    assert native(["diag", "token", "--profile", "erp"]) == (Line("diag token --profile erp"),)
    assert native(["diag", "$x", "a b"]) == (Line("diag '$x' 'a b'"),)
    assert native(["diag", "o'brien"]) == (
        Line("diag 'o'\"'\"'brien'", Shell.POSIX),
        Line("diag 'o''brien'", Shell.POWERSHELL),
    )
    assert [line.shell for line in native(["diag", 'a"b'])] == [Shell.POSIX, Shell.POWERSHELL_7]
    assert [line.shell for line in native(["diag", "a b\\"])] == [Shell.POSIX, Shell.POWERSHELL_7]
    assert native(["diag", "a\\b"]) == (Line("diag 'a\\b'"),)


def test_a_command_in_a_sentence_holds_no_value_that_must_not_be_printed() -> None:
    assert posix_line("chmod", "600", "/home/o'b/my secret") == "chmod 600 '/home/o'\"'\"'b/my secret'"
    assert posix_line("chmod", "600", "a\u202eb") == "chmod 600 …"
    assert powershell_line("Get-Mailbox", Identity="o'b") == "Get-Mailbox -Identity 'o''b'"
    assert powershell_line("Get-Mailbox", Identity="a\nb") == ""
