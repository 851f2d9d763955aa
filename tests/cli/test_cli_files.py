"""Every file that a command takes or writes, through the command: pipes, devices, links, full disks, other people's files."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from diagnostics.cli.app import app
from tests.cli.conftest import environment

if os.name == "nt":
    pytest.skip("pipes, links and modes of POSIX", allow_module_level=True)
assert sys.platform != "win32"

DIAG = (sys.executable, "-m", "diagnostics")
ERROR = "AADSTS7000222: The provided client secret keys for app 'x' are expired.\n"
PROFILE = """tenant: 11111111-2222-4333-8444-555555555555
application: {{id: 22222222-3333-4444-8555-666666666666, {application}}}
mailboxes: [erp@contoso.com]
operator: {operator}
endpoints: {{login: 'https://localhost:9', graph: 'https://localhost:9', exchange: 'https://localhost:9'}}
exchange: {{transport: rest}}
timeouts: {{connect: 1, operation: 1}}
{more}
"""


def profile(folder: Path, application: str = "", operator: str = "", more: str = "") -> str:
    path = folder / "shop.yaml"
    application = application or "secret: {env: DIAG_TEST_SECRET}"
    operator = (
        operator or "{sign_in: application, application_id: 22222222-3333-4444-8555-666666666666, secret: {env: X}}"
    )
    path.write_text(PROFILE.format(application=application, operator=operator, more=more), errors="surrogateescape")
    return str(path)


def start(folder: Path, words: Sequence[str], env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*DIAG, *words],
        cwd=folder,
        env=environment(folder, {"DIAG_PIPE_SECONDS": "1", **(env or {})}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in out + err
    return process.returncode, out, err


def here(folder: Path, words: Sequence[str], env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Run a command in this process, which is quicker."""
    with contextlib.chdir(folder):
        result = CliRunner().invoke(app, words, env={**environment(folder), **(env or {})})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.exit_code, result.stdout, result.stderr


def diag(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    return ended(start(folder, words, env))


def arguments(folder: Path, file: str) -> dict[str, list[str]]:
    """Return a command for each argument and each value of a profile that names a file."""

    def made(name: str, **parts: str) -> str:
        (folder / name).mkdir()
        return profile(folder / name, **parts)

    operator = (
        f"{{sign_in: application, application_id: 22222222-3333-4444-8555-666666666666, secret: {{file: {file}}}}}"
    )
    plain = made("plain")
    return {
        "profile": ["profile", "check", "--profile", file],
        "analyze": ["analyze", file],
        "analyze, two": ["analyze", file, file],
        "mailboxes": ["grant", "--profile", plain, "--mailboxes", file],
        "plan": ["apply", file, "--profile", plain],
        "journal": ["journal", "verify", "--journal", file],
        "journal to write": ["grant", "--profile", plain, "--journal", file],
        "token file": ["permissions", "--profile", plain, "--access-token-file", file],
        "secret": ["token", "--profile", made("secret", application=f"secret: {{file: {file}}}")],
        "certificate": ["token", "--profile", made("certificate", application=f"certificate: {{file: {file}}}")],
        "operator's secret": ["connect", "--profile", made("operator", operator=operator)],
        "CA": ["token", "--profile", made("ca", more=f"ca_file: {file}")],
    }


def named(folder: Path, what: str) -> Path:
    """Return a path that names no file to be read."""
    file = folder / "named.yaml"
    match what:
        case "silent pipe":
            os.mkfifo(file, 0o600)
        case "folder":
            file.mkdir()
        case "device":
            return Path("/dev/zero")
        case "too long":
            return folder / ("n" * 300 + ".yaml")
        case "too long a folder":
            return folder / ("n" * 300) / "named.yaml"
        case "nobody's":
            return Path("~nobody-at-all/named.yaml")
    return file


@pytest.mark.parametrize(
    "what", ["silent pipe", "device", "folder", "missing", "too long", "too long a folder", "nobody's"]
)
def test_no_argument_waits_for_ever_or_fails_without_words(tmp_path: Path, what: str) -> None:
    file = named(tmp_path, what)
    told = {"silent pipe": "is a pipe", "device": "is a device", "folder": "is a folder"}.get(what, "")
    env = {"DIAG_TEST_SECRET": "x" * 40, "X": "y" * 40}
    commands = arguments(tmp_path, str(file))
    found: dict[str, tuple[int, str, str]] = {}
    if what == "silent pipe":  # two at a time: each waits a second
        names = list(commands)
        for two in zip(names[::2], names[1::2], strict=True):
            running = {name: start(tmp_path, commands[name], env) for name in two}
            found |= {name: ended(process) for name, process in running.items()}
    else:
        found = {name: here(tmp_path, command, env) for name, command in commands.items()}
    for name, (code, out, err) in found.items():
        assert code in {1, 2, 3, 4}, (name, err)
        if name == "journal to write" and what in {"missing", "nobody's"}:
            assert code in {3, 4}, (name, err)  # one that is not there yet is made
            continue
        said = " ".join((out + err).split())
        assert told in said if told else re.search("there is no|too long|does not exist", said), (name, said)
        assert "named.yaml" in said.replace(" ", "") or name == "CA" or what in {"too long", "device"}, (name, said)


def test_what_comes_through_a_pipe_is_read(tmp_path: Path) -> None:
    shop = profile(tmp_path)
    (tmp_path / "a.txt").write_text(ERROR)

    def bash(script: str) -> tuple[int, str, str]:
        words = ["bash", "-c", script, "bash", *DIAG]
        env = environment(tmp_path, {"DIAG_TEST_SECRET": "x" * 40, "X": "y" * 40})
        done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    assert "token-secret-expired" in bash('"$@" analyze <(cat a.txt)')[1]
    assert "token-secret-expired" in bash('"$@" analyze /dev/stdin < a.txt')[1]
    assert "token-secret-expired" in bash('cat a.txt | "$@" analyze /dev/stdin')[1]
    assert "input-placeholder-left-in-config" in bash('"$@" profile check --profile <(cat shop.yaml)')[1]
    code, out, err = bash(f"\"$@\" permissions --profile {shop} --no-imap --access-token-file <(printf 'not.a.token')")
    assert code in {1, 3, 4}
    assert "holds no token" in " ".join((out + err).split())
    code, out, err = bash(f"\"$@\" grant --profile {shop} --mailboxes <(printf 'no address\\n')")
    assert code in {3, 4}
    assert bash('"$@" analyze a.txt --report saved.yaml > /dev/null')[0] == 1
    assert "token-secret-expired" in bash('"$@" analyze <(cat saved.yaml)')[1]
    assert "token-secret-expired" in bash('iconv -t utf-16 saved.yaml | "$@" analyze')[1]


# --- what is written ---------------------------------------------------------------------------------------------------


def test_a_report_is_saved_again_over_itself_and_over_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(ERROR)
    for _ in range(2):
        code, _, err = diag(tmp_path, "analyze", "a.txt", "--report", "report.yaml")
        assert code == 1, err
    assert stat.S_IMODE((tmp_path / "report.yaml").stat().st_mode) == 0o600
    (tmp_path / "mine.yaml").write_text("tenant: contoso.com\n")
    code, out, err = diag(tmp_path, "analyze", "a.txt", "--report", "mine.yaml")
    assert (code, out) == (2, "")
    assert "exists already, and is no report of diag" in err
    assert "--force" in err
    assert (tmp_path / "mine.yaml").read_text() == "tenant: contoso.com\n"
    assert diag(tmp_path, "analyze", "a.txt", "--report", "mine.yaml", "--force")[0] == 1
    assert yaml.safe_load((tmp_path / "mine.yaml").read_text())["schema"] == "diag/report/1"


@pytest.mark.parametrize("words", [["--force"], []])
def test_only_regular_files_are_written_whoever_runs_it(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "a.txt").write_text(ERROR)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("elsewhere")
    (tmp_path / "to-device").symlink_to("/dev/full")
    before = sorted((entry.name, entry.lstat().st_mode) for entry in tmp_path.iterdir())
    for name in ("folder", "pipe", "link", "to-device", "/dev/null", "/dev/full", "no/such/folder", "n" * 300):
        code, out, err = here(tmp_path, ["analyze", "a.txt", "--report", name, *words])
        assert (code, out) == (2, ""), (name, err)
        assert len(err.splitlines()) == 1
    assert sorted((entry.name, entry.lstat().st_mode) for entry in tmp_path.iterdir()) == before
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_name_that_is_too_long_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    for words in (
        ["permissions", "--report", "n" * 300],
        ["grant", "--out", "n" * 300],
        ["grant", "--yes", "--journal", "n" * 300],
    ):
        code, out, err = diag(tmp_path, *words, "--profile", "demo")
        assert (code, out) in {(2, ""), (1, "")}, err
        assert "its name is too long (300 bytes" in err
        assert "Asking" not in err
        assert len(err) < 400


def test_a_plan_is_not_put_over_somebody_elses_file(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}")
    words = ("grant", "--profile", "demo", "--scenario", "perm-fullaccess-missing", "--out", "plan.json")
    code, _, err = diag(tmp_path, *words)
    assert code == 2
    assert "is no plan of diag" in err
    assert (tmp_path / "plan.json").read_text() == "{}"
    assert diag(tmp_path, *words, "--force")[0] == 0
    assert diag(tmp_path, *words)[0] == 0
    assert json.loads((tmp_path / "plan.json").read_text())["schema"] == "diag/plan/1"
    assert stat.S_IMODE((tmp_path / "plan.json").stat().st_mode) == 0o600


def test_a_disk_that_is_full_costs_the_file_and_not_what_was_found(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(ERROR)
    script = 'ulimit -f 1; exec "$@" analyze a.txt --report report.yaml'
    words = ["bash", "-c", script, "bash", *DIAG]
    done = subprocess.run(words, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "token-secret-expired" in done.stdout
    assert "the report was not saved" in done.stderr
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.txt"]


def test_a_folder_that_takes_no_files_is_refused_in_a_line(tmp_path: Path) -> None:
    code, out, err = diag(tmp_path, "permissions", "--profile", "demo", "--report", "/proc/report.yaml")
    assert (code, out) == (2, "")
    assert "cannot be written" in err
    assert "Asking" not in err


# --- what a file says of the journal -----------------------------------------------------------------------------------


def test_a_demo_says_where_its_journal_was(tmp_path: Path) -> None:
    words = ("grant", "--profile", "demo", "--scenario", "perm-fullaccess-missing", "--yes")
    code, _, err = diag(tmp_path, *words)
    assert code == 0, err
    assert "goes with the demo; --journal FILE keeps it" in err
    code, _, err = diag(tmp_path, *words, "--journal", "kept.jsonl")
    assert code == 0, err
    assert "goes with the demo" not in err
    assert diag(tmp_path, "journal", "verify", "--journal", "kept.jsonl")[0] == 0


def test_nothing_to_do_is_not_said_of_what_cannot_be_done(tmp_path: Path) -> None:
    words = ("grant", "--profile", "demo", "--mailbox", "nobody@contoso.com", "--dry-run")
    code, out, _ = diag(tmp_path, *words)
    assert code == 1
    assert "Cannot: nobody@contoso.com" in out
    assert "No change" not in out
    assert "No change" in diag(tmp_path, "grant", "--profile", "demo", "--dry-run")[1]


@pytest.mark.parametrize("value", ["30", "5", "0", "soon"])
def test_a_time_to_wait_has_a_unit(tmp_path: Path, value: str) -> None:
    code, _, err = here(tmp_path, ["grant", "--profile", "demo", "--wait-for", value])
    assert code == 2
    assert "unit" in err or "no duration" in err
