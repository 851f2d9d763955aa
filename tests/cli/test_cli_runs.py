"""Runs of the commands against the lab: in-process demo, and a lab in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from diagnostics.cli.app import app
from diagnostics.profile.schema import schema
from tests import posix

from .conftest import Diag, environment

RUNNER = CliRunner()
SCENARIOS = [
    "input-secret-id-pasted",
    "input-secret-wrong-value",
    "input-stray-character-in-client-id",
    "discovery-tenant-not-found",
    "token-app-not-in-tenant",
    "token-sp-missing-home-tenant",
    "token-app-disabled",
    "token-secret-expired",
    "claims-roles-missing",
    "claims-wrong-role-ews",
    "consent-admin-consent-missing",
    "exo-sp-not-registered",
    "exo-sp-wrong-object-id",
    "exo-sp-appid-and-objectid-swapped",
    "exo-sp-stale-after-recreation",
    "mailbox-imap-disabled",
    "mailbox-not-in-exchange-online",
    "mailbox-group-or-public-folder",
    "perm-fullaccess-missing",
    "perm-granted-to-wrong-object",
    "perm-deny-entry",
    "perm-readpermission-only",
]


def run(*arguments: str, env: dict[str, str] | None = None, stdin: str = "") -> tuple[int, str, str]:
    result = RUNNER.invoke(app, list(arguments), env={"COLUMNS": "100", "LC_ALL": "C", **(env or {})}, input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.exit_code, result.stdout, result.stderr


def judged(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    code, out, _ = run(*arguments, "--output", "json", env=env)
    document = json.loads(out)
    assert document["exit_code"] == code
    return code, document


@pytest.mark.parametrize("shape", ["user-mailbox", "shared-mailbox", "certificate", "busy-organisation", "china"])
def test_a_healthy_demo_exits_0_and_names_no_cause(shape: str) -> None:
    code, document = judged("permissions", "--profile", "demo", "--shape", shape)
    assert (code, document["causes"]) == (0, [])


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_each_scenario_is_named_first(scenario: str) -> None:
    code, document = judged("permissions", "--profile", "demo", "--scenario", scenario)
    assert code == 1
    assert document["causes"][0]["cause"] == scenario
    assert document["causes"][0]["fix"]


def test_two_scenarios_at_once_are_both_named_the_earlier_link_first() -> None:
    _, document = judged(
        "permissions",
        "--profile",
        "demo",
        "--scenario",
        "perm-fullaccess-missing",
        "--scenario",
        "claims-roles-missing",
    )
    named = [cause["cause"] for cause in document["causes"]]
    assert named[0] == "claims-roles-missing"
    assert "perm-fullaccess-missing" in named


def test_scenarios_mean_the_demo_where_no_profile_is_named() -> None:
    code, document = judged("permissions", "--scenario", "mailbox-imap-disabled")
    assert (code, document["causes"][0]["cause"]) == (1, "mailbox-imap-disabled")


def test_the_table_names_cause_and_commands() -> None:
    code, out, err = run("permissions", "--profile", "demo", "--scenario", "exo-sp-wrong-object-id")
    assert code == 1
    assert "First cause: exo-sp-wrong-object-id (certain)" in out
    assert "Remove-ServicePrincipal" in out
    assert "New-ServicePrincipal" in out
    assert "First cause" not in err


def test_what_is_left_out_is_said() -> None:
    code, document = judged("permissions", "--profile", "demo", "--no-imap", "--no-graph")
    assert code == 0
    assert len(document["left_out"]) == 2
    assert not any(
        finding["stage"].startswith("imap") and finding["outcome"] == "pass" for finding in document["findings"]
    )


def test_token_and_imap_look_at_their_own_link_alone() -> None:
    code, document = judged("token", "--profile", "demo")
    assert code == 0
    assert {finding["stage"] for finding in document["findings"] if finding["outcome"] == "pass"} <= {
        "input", "discovery", "token", "claims",
    }  # fmt: skip
    code, document = judged("imap", "--profile", "demo", "--scenario", "perm-fullaccess-missing")
    assert code == 1
    code, document = judged("token", "--profile", "demo", "--scenario", "token-secret-expired")
    assert (code, document["causes"][0]["cause"]) == (1, "token-secret-expired")


def test_a_mailbox_of_the_command_line_is_judged_as_typed() -> None:
    code, document = judged("permissions", "--profile", "demo", "--mailbox", "erp@contoso.com:993")
    assert code == 1
    assert document["causes"][0]["cause"] == "input-mailbox-not-an-address"


def test_the_report_file_is_private_whole_and_judged_again(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    code, first, _ = run(
        "permissions", "--profile", "demo", "--scenario", "perm-deny-entry", "--report", str(file), "--output", "json"
    )
    assert code == 1
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    saved = yaml.safe_load(file.read_text("utf-8"))
    assert saved["causes"] == json.loads(first)["causes"]
    code, again = judged("analyze", str(file))
    assert (code, again["causes"][0]["cause"]) == (1, "perm-deny-entry")
    assert [path.name for path in tmp_path.iterdir()] == ["run.yaml"]


def test_spanish() -> None:
    _, out, _ = run("permissions", "--profile", "demo", "--scenario", "perm-deny-entry", "--lang", "es")
    assert "Primera causa: perm-deny-entry" in out
    assert out == run("analyze", "-", env={"LC_ALL": "es_ES"})[1] or "Comprobaciones" in out


@pytest.mark.parametrize("columns", ["50", "60", "200"])
def test_the_table_fits_the_window_but_for_commands_and_ids(columns: str) -> None:
    _, out, _ = run(
        "permissions", "--profile", "demo", "--scenario", "perm-fullaccess-missing", env={"COLUMNS": columns}
    )
    for line in out.splitlines():
        fits = len(line) <= int(columns) + 2
        assert fits or line.startswith("         ") or any(len(word) > 25 for word in line.split()), line


def test_colour_by_force_and_never_against_no_color() -> None:
    arguments = ("permissions", "--profile", "demo", "--no-imap")
    assert "\x1b[" in run(*arguments, env={"FORCE_COLOR": "1"})[1]
    assert "\x1b[" not in run(*arguments, env={"FORCE_COLOR": "1", "NO_COLOR": "1"})[1]
    assert "\x1b[" not in run(*arguments)[1]


def test_connect_shows_each_step() -> None:
    code, out, _ = run("connect", "--profile", "demo", "--output", "json")
    document = json.loads(out)
    assert (code, document["problem"]) == (0, None)
    assert document["steps"][0]["step"] == "sign the operator in"
    assert len(document["steps"]) > 3
    code, out, _ = run("connect", "--profile", "demo")
    assert "sign the operator in" in out


def test_analyze_judges_files_standard_input_and_a_profile(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("AADSTS7000222: The provided client secret keys for app 'x' are expired.")
    for arguments in ([str(tmp_path / "a.log")], ["-"], []):
        code, out, err = run("analyze", *arguments, "-o", "json", stdin=(tmp_path / "a.log").read_text())
        assert (code, json.loads(out)["causes"][0]["cause"]) == (1, "token-secret-expired")
    code, out, err = run("analyze", stdin="nothing of interest")
    assert code == 3
    assert "Get-ServicePrincipal" in out
    (tmp_path / "x.bin").write_bytes(b"\x7fELF" + bytes(4000))
    code, out, err = run("analyze", str(tmp_path / "x.bin"))
    assert (code, out) == (3, "")
    assert "is not a text" in err


def test_analyze_holds_a_text_against_a_profile(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(
        "tenant: 11111111-2222-4333-8444-555555555555\napplication:\n"
        "  id: 22222222-3333-4444-8555-666666666666\n  enterprise_object_id: 33333333-4444-4555-8666-777777777777\n"
    )
    (tmp_path / "sp.txt").write_text(
        "PS> Get-ServicePrincipal | fl\n\nDisplayName : ERP\nAppId       : 22222222-3333-4444-8555-666666666666\n"
        "ObjectId    : 99999999-4444-4555-8666-777777777777\n"
    )
    code, document = judged("analyze", str(tmp_path / "sp.txt"), "--profile", str(tmp_path / "shop.yaml"))
    assert (code, document["causes"][0]["cause"]) == (1, "exo-sp-wrong-object-id")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[dict[str, Any]]:
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "diagnostics", "lab", "serve", "--scenario", "mailbox-imap-disabled"]
    with subprocess.Popen(
        [*command, "--ready-file", str(ready)],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as lab:
        until = time.monotonic() + 30
        while not ready.exists() and lab.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        try:
            yield json.loads(ready.read_text())
        finally:
            lab.terminate()
            lab.communicate(timeout=20)
    assert not ready.exists()
    assert lab.returncode == 0


def test_a_second_process_with_profile_and_variables_alone(served: dict[str, Any], diag: Diag) -> None:
    jsonschema.validate(yaml.safe_load(Path(served["profile"]).read_text()), schema())
    done = diag("permissions", "--profile", served["profile"], "--output", "json", env=served["env"])
    document = json.loads(done.stdout)
    assert (done.returncode, document["causes"][0]["cause"]) == (1, "mailbox-imap-disabled")
    for secret in served["env"].values():
        assert secret not in done.stdout + done.stderr
    without = diag("permissions", "--profile", served["profile"])
    assert without.returncode in {3, 4}
    assert "DIAG_APPLICATION_SECRET is not set" in without.stdout
    checked = diag("profile", "check", served["profile"], env=served["env"])
    assert checked.returncode == 0, checked.stdout


def test_swapped_credentials_fail_on_both_sides(served: dict[str, Any], diag: Diag) -> None:
    variables = dict(served["env"])
    names = ("DIAG_APPLICATION_SECRET", "DIAG_OPERATOR_SECRET")
    variables[names[0]], variables[names[1]] = variables[names[1]], variables[names[0]]
    done = diag("permissions", "--profile", served["profile"], "--output", "json", env=variables)
    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert document["causes"][0]["cause"] == "input-secret-wrong-value"
    assert "The operator could not sign in" in done.stdout


posix_only = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals and signals of POSIX")


@posix_only
@pytest.mark.parametrize("kind", ["INT", "TERM"])
def test_a_hanging_endpoint_and_an_impatient_person(tmp_path: Path, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (tmp_path / "shop.yaml").write_text(
            "tenant: contoso.com\napplication: {id: 22222222-3333-4444-8555-666666666666, secret: {env: S}}\n"
            f"mailboxes: [erp@contoso.com]\nimap: {{server: 127.0.0.1, port: {port}}}\n"
            f"endpoints: {{login: 'https://127.0.0.1:{port}'}}\ntimeouts: {{connect: 60, operation: 60}}\n"
        )
        with subprocess.Popen(
            [sys.executable, "-m", "diagnostics", "permissions", "-p", "shop.yaml"],
            cwd=tmp_path,
            env={**environment(tmp_path), "S": "Ab18Q~0123456789012345678901234567890"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            connection, _ = server.accept()
            with connection:
                time.sleep(0.5)
                started = time.monotonic()
                process.send_signal(getattr(signal, f"SIG{kind}"))
                out, err = process.communicate(timeout=30)
    assert time.monotonic() - started < 10
    assert process.returncode == {"INT": 130, "TERM": 143}[kind]
    assert "Traceback" not in err
    assert out == ""


@posix_only
def test_the_demo_leaves_nothing_behind_when_it_is_ended(tmp_path: Path) -> None:
    env = {**environment(tmp_path), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-m", "diagnostics", "lab", "serve"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as lab:
        assert lab.stdout is not None
        lab.stdout.readline()
        assert list(tmp_path.glob("diag-lab-*"))
        lab.send_signal(signal.SIGINT)
        lab.communicate(timeout=20)
    assert not list(tmp_path.glob("diag-lab-*"))


def on_a_terminal(tmp_path: Path, arguments: list[str], answers: list[str], env: dict[str, str]) -> tuple[int, str]:
    """Run `diag` on a pseudo-terminal, type each answer when a question stands there, and return code and screen."""
    process, terminal = posix.pty.fork()
    if process == 0:
        os.chdir(tmp_path)
        os.execve(sys.executable, [sys.executable, "-m", "diagnostics", *arguments], {**environment(tmp_path), **env})
    screen, asked = b"", 0
    while True:
        try:
            read = os.read(terminal, 4096)
        except OSError:
            break
        if not read:
            break
        screen += read
        if screen.endswith(b": ") and screen.count(b"\n") >= asked and answers:
            asked = screen.count(b"\n")
            os.write(terminal, (answers.pop(0) + "\n").encode())
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), screen.decode()


@posix_only
def test_the_wizard_on_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    answers = [
        "{{tenantid}}", "contoso.com", "", "22222222-3333-4444-8555-666666666666", "", "", "", "",
        "erp@contoso.com", "", "", "", "",
    ]  # fmt: skip
    code, screen = on_a_terminal(tmp_path, ["profile", "new", "shop"], answers, {"TERM": "dumb"})
    assert code == 0, screen
    assert "input-placeholder-left-in-config" in screen
    written = yaml.safe_load((tmp_path / "profiles" / "shop.yaml").read_text())
    assert written["tenant"] == "contoso.com"
    code, screen = on_a_terminal(tmp_path, ["profile", "new", "shop"], [], {"TERM": "dumb"})
    assert code == 2
    assert "exists already" in screen


@posix_only
def test_a_secret_typed_at_the_prompt_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(
        "tenant: contoso.com\napplication: {id: 22222222-3333-4444-8555-666666666666, secret: {prompt: true}}\n"
        "endpoints: {login: 'https://127.0.0.1:9'}\n"
    )
    code, screen = on_a_terminal(
        tmp_path, ["token", "-p", "shop.yaml"], ["Ab18Q~typed-at-the-prompt-0123456789abcd"], {"TERM": "xterm"}
    )
    assert code in {1, 3}, screen
    assert "the application's secret (shop):" in screen
    assert "typed-at-the-prompt" not in screen
