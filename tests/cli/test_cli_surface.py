from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from diagnostics import __version__

from .conftest import Diag, environment

HEAVY = (
    "msal",
    "pypsrp",
    "psrpcore",
    "requests",
    "cryptography",
    "rich",
    "keyring",
    "yaml",
    "diagnostics.profile",
    "diagnostics.lab",
)
# pydantic is not among them: typer itself takes it for parsing options
CODES = ("130", "2", "1", "4", "3", "0", "70")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["permissions", "--help"],
        ["explain", "--list"],
        ["explain", "perm-fullaccess-missing"],
        ["--version"],
    ],
)
def test_help_and_explain_load_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    code = (
        "import atexit, json, sys\n"
        f"atexit.register(lambda: print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]), file=sys.stderr))\n"
        f"from diagnostics.cli.main import run; run({arguments!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stderr.splitlines()[-1]) == []


def test_help_documents_every_exit_code(diag: Diag) -> None:
    done = diag("--help")
    assert done.returncode == 0
    assert [
        line.split()[0] for line in done.stdout.partition("Exit codes")[2].splitlines()[1:] if line.strip()
    ] == list(CODES)
    for command in ("permissions", "token", "imap", "analyze", "explain", "connect", "profile", "lab"):
        assert f"\n  {command}" in done.stdout


def test_version(diag: Diag) -> None:
    assert diag("--version").stdout == f"diag {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--bogus"],
        ["bogus"],
        ["permissions", "--output", "xml"],
        ["permissions", "--lang", "fr"],
        ["permissions", "surplus"],
        ["permissions", "--profile", "demo", "--scenario", "bogus"],
        ["permissions", "--profile", "demo", "--shape", "bogus"],
        ["permissions", "--profile", "x.yaml", "--scenario", "perm-fullaccess-missing"],
        ["permissions", "--profile", "demo", "--report", "no/such/folder/file"],
        ["analyze", "no-such-file"],
        ["analyze", "."],
        ["explain", "perm-fullaccess-mising"],
        ["explain", "--stage", "bogus"],
        ["lab", "serve", "--scenario", "bogus"],
        ["lab", "serve", "--transport", "bogus"],
        ["profile", "show", "nosuch"],
        ["profile", "new"],
    ],
)
def test_wrong_arguments_are_told_and_exit_2(diag: Diag, arguments: list[str]) -> None:
    done = diag(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.strip()


def test_no_command_shows_the_help(diag: Diag) -> None:
    done = diag()
    assert "Usage: diag" in done.stdout + done.stderr


def test_no_profile_says_how_to_make_one_and_offers_the_demo(diag: Diag) -> None:
    for command in ("permissions", "token", "imap", "connect"):
        done = diag(command)
        assert done.returncode == 2
        assert "diag profile new" in done.stderr
        assert "diag permissions --profile demo" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n", "bad.yaml:1:1: it is a list, not a mapping"),
        ("", "bad.yaml:1:1: it is empty"),
        ("tenant: [\n", "bad.yaml:"),
        (
            "tenant: x\napplication: {id: y}\ntimeout: 3\n",
            "bad.yaml:3:1: unknown key `timeout` — did you mean `timeouts`?",
        ),
        ("tenant: x\napplication: {id: y, secret: Ab18Q~0123456789012345678901234567890}\n", "bad.yaml:2:30:"),
    ],
)
@pytest.mark.parametrize("command", [["permissions", "--profile"], ["profile", "check"]])
def test_a_broken_profile_is_told_by_line_and_exits_2(
    diag: Diag, tmp_path: Path, text: str, said: str, command: list[str]
) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    done = diag(*command, "bad.yaml")
    assert done.returncode == 2
    assert done.stderr.startswith(said)
    assert "Ab18Q" not in done.stderr


def test_an_unreadable_profile_is_told(diag: Diag, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").mkdir()
    assert "it is a folder" in diag("permissions", "-p", "bad.yaml").stderr
    (tmp_path / "bad.yml").write_bytes(b"tenant: \xff\xfe\n")
    done = diag("permissions", "-p", "bad.yml")
    assert (done.returncode, "bad.yml:1:9: it is not UTF-8 text" in done.stderr) == (2, True)


def test_profile_check_names_the_cause_and_exits_1(diag: Diag, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(
        "tenant: '{{tenantid}}'\napplication:\n  id: '>22222222-3333-4444-8555-666666666666'\n  secret: {env: S}\n"
    )
    done = diag("profile", "check", "shop.yaml", env={"S": "22222222-aaaa-4444-8555-666666666666"})
    assert done.returncode == 1
    assert [line.split(": ")[0] for line in done.stdout.splitlines()] == [
        "shop.yaml:1:9",
        "shop.yaml:3:7",
        "shop.yaml:4:11",
    ]
    assert [line.rpartition("[")[2].rstrip("]") for line in done.stdout.splitlines()] == [
        "input-placeholder-left-in-config",
        "input-stray-character-in-client-id",
        "input-secret-id-pasted",
    ]
    assert "22222222-aaaa" not in done.stdout + done.stderr


def test_profile_list_show_and_schema(diag: Diag, tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "shop.yaml").write_text("tenant: contoso.com\napplication: {id: x}\n")
    listed = diag("profile", "list").stdout
    assert "shop" in listed
    assert "demo" in listed
    shown = diag("profile", "show", "shop", "--origin").stdout
    assert "tenant: contoso.com" in shown
    assert f"{Path('profiles') / 'shop.yaml'}:1:9" in shown
    assert json.loads(diag("profile", "schema").stdout)["title"] == "diag profile"
    assert diag("profile", "show", env={"DIAG_PROFILE": "shop"}).returncode == 0


def test_an_unexpected_exception_is_one_redacted_line(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['diag', 'explain', '--list']\n"
        "from diagnostics import causes\n"
        "from diagnostics.redaction import Secret\n"
        "Secret('very-secret-value')\n"
        "def broken(): raise RuntimeError('it said very-secret-value\\nand more')\n"
        "causes.slugs = broken\n"
        "from diagnostics.cli.main import run; run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 70
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("diag failed: RuntimeError: it said *** and more (")
    assert "please report it" in done.stderr


posix_only = pytest.mark.skipif(sys.platform == "win32", reason="pipes and signals of POSIX")


@posix_only
@pytest.mark.parametrize(
    ("shell", "code"),
    [
        ("{diag} explain --list | head -1; exit ${{PIPESTATUS[0]}}", 0),
        ("{diag} explain --list >&-", 0),
        ("{diag} explain --list 2>&- >&- <&-", 0),
        ("{diag} explain --list > /dev/full", 70),
        ("echo nothing | {diag} analyze - | true; exit ${{PIPESTATUS[1]}}", 3),
        ("PYTHONIOENCODING=ascii {diag} explain perm-fullaccess-missing --lang es", 0),
    ],
)
def test_readers_and_disks_that_go_away(tmp_path: Path, shell: str, code: int) -> None:
    if "/dev/full" in shell and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = subprocess.run(
        ["bash", "-c", shell.format(diag=f"{sys.executable} -m diagnostics")],
        env={**environment(tmp_path), "PYTHONUTF8": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


NOT_ADDRESSES = [
    "erp",
    "sunshine1",
    "Winter2024!",
    "Ab18Q~0123456789012345678901234567890",
    "P@ssw0rd!",
    "",
    "erp@contoso",
]


@pytest.mark.parametrize(
    ("command", "value"),
    [*(("permissions", value) for value in NOT_ADDRESSES), *((name, "erp") for name in ("imap", "grant", "reach"))],
)
def test_a_mailbox_that_is_no_address_is_refused_without_repeating_it(diag: Diag, command: str, value: str) -> None:
    done = diag(command, "--profile", "demo", "-m", "erp@contoso.com", "-m", value)
    said = " ".join((done.stdout + done.stderr).replace("│", " ").split())
    assert done.returncode == 2
    assert "no plain address such as" in said
    if value == "erp":
        assert "erp is no plain address" in said
    else:
        assert "value no. 2" in said
        assert not value or value not in said.replace("name@contoso.com", "")


def test_a_secret_in_the_place_of_a_mailbox_or_an_id_is_not_shown(diag: Diag, tmp_path: Path) -> None:
    secret = "Ab18Q~0123456789012345678901234567890"
    (tmp_path / "shop.yaml").write_text(
        f"tenant: contoso.com\napplication:\n  id: {secret}\n  secret: {{prompt: true}}\nmailboxes: [{secret}, erp]\n"
    )
    done = diag("profile", "check", "shop.yaml")
    assert done.returncode == 1
    assert [line.rpartition("[")[2].rstrip("]") for line in done.stdout.splitlines()] == [
        "input-client-id-not-a-guid",
        "input-mailbox-not-an-address",
        "input-mailbox-not-an-address",
    ]
    assert "Ab18Q" not in done.stdout + done.stderr


ASKED = "application: {id: %s, secret: {prompt: true}}\n"
OPERATOR = "operator: {sign_in: application, application_id: 33333333-3333-4444-8555-666666666666, secret: {env: NONE}}"
TOKENS = "operator: {sign_in: access-token-file, file: none.txt}"
WINRM = "exchange: {transport: winrm, host: m.contoso.com, username: a, password: {env: NONE}}"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("application: {id: %s, secret: {env: NONE}}", 3, "shop.yaml:2:"),
        ("application: {id: %s}", 3, "neither a secret nor a certificate"),
        ("application: {id: %s, certificate: {file: none.pem}}", 3, "none.pem"),
        (ASKED, 0, "nothing to complain about"),
        (ASKED + OPERATOR, 4, "the operator's secret"),
        (ASKED.replace("prompt: true", "env: NONE") + TOKENS, 4, "none.txt"),
        (ASKED + WINRM, 4, "the management host's password"),
        ("application: {id: '>%s', secret: {env: NONE}}", 1, "NONE"),
    ],
)
def test_profile_check_says_which_secret_cannot_be_read(
    diag: Diag, tmp_path: Path, text: str, code: int, said: str
) -> None:
    body = text % "22222222-3333-4444-8555-666666666666"
    (tmp_path / "shop.yaml").write_text(f"tenant: contoso.com\n{body}\n")
    done = diag("profile", "check", "shop.yaml")
    assert (done.returncode, said in done.stdout) == (code, True), done.stdout + done.stderr


@pytest.mark.parametrize("name", ["demo", "Demo"])
def test_no_profile_is_called_demo(diag: Diag, tmp_path: Path, name: str) -> None:
    done = diag("profile", "new", name)
    assert done.returncode == 2
    assert "simulated tenant" in " ".join(done.stderr.replace("│", " ").split())
    assert list(tmp_path.rglob("*.yaml")) == []


@pytest.mark.parametrize(("key", "other"), [("enterprise_object_id", "id"), ("enterprise_object_id", "registration")])
def test_profile_check_sees_the_same_id_twice(diag: Diag, tmp_path: Path, key: str, other: str) -> None:
    app, same = "22222222-3333-4444-8555-666666666666", "22222222-3333-4444-8555-666666666666"
    more = "" if other == "id" else "  registration_object_id: 33333333-3333-4444-8555-666666666666\n"
    same = app if other == "id" else "33333333-3333-4444-8555-666666666666"
    (tmp_path / "shop.yaml").write_text(
        f"tenant: contoso.com\napplication:\n  id: {app}\n  {key}: {same}\n{more}  secret: {{prompt: true}}\n"
    )
    done = diag("profile", "check", "shop.yaml")
    assert done.returncode == 1
    assert done.stdout.count("[exo-sp-wrong-object-id]") == 1


def test_profile_check_judges_the_operators_secret_too(diag: Diag, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(
        f"tenant: contoso.com\n{ASKED % '22222222-3333-4444-8555-666666666666'}{OPERATOR}\n"
    )
    done = diag("profile", "check", "shop.yaml", env={"NONE": "abc8Q~abcdefghijklmnopqrstuvwxyz0123456 "})
    assert done.returncode == 1
    assert done.stdout.startswith("shop.yaml:3:")
    assert "[input-blank-copied-along]" in done.stdout
    assert "abc8Q" not in done.stdout + done.stderr
