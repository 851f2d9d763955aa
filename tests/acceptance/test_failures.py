"""What goes wrong outside of the tenant: one clear `unknown` or error each, the documented exit code, and no secret anywhere."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from diagnostics.lab.faults import Fault
from diagnostics.lab.server import Lab

Edit = Callable[[dict[str, Any], Path], None]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as started:
        yield started


def diag(lab: Lab, profile: Path | str, *more: str) -> tuple[int, str, str]:
    """Run `diag permissions` as a process of its own, and see to it that none of the lab's secrets comes out."""
    command = [sys.executable, "-m", "diagnostics", "permissions", "--profile", str(profile), *more]
    result = subprocess.run(
        command, env={**os.environ, **lab.env, "LC_ALL": "C"}, capture_output=True, text=True, timeout=90, check=False
    )
    for secret in lab.env.values():
        assert secret not in result.stdout + result.stderr
    assert "eyJ" not in result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    return result.returncode, result.stdout, result.stderr


def edited(lab: Lab, folder: Path, edit: Edit) -> Path:
    profile = yaml.safe_load(Path(lab.profile).read_text("utf-8"))
    edit(profile, folder)
    path = folder / "profile.yaml"
    path.write_text(yaml.safe_dump(profile), "utf-8")
    return path


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def findings(output: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in json.loads(output)["findings"]:
        found.setdefault(finding["check"], []).append(finding)
    return found


def test_a_closed_exchange_port_is_unknown_and_the_rest_is_judged(lab: Lab, tmp_path: Path) -> None:
    path = edited(lab, tmp_path, lambda profile, _: profile["exchange"].update(port=closed_port()))
    code, out, _ = diag(lab, path, "--output", "json")
    found = findings(out)
    assert code == 3
    assert found["exchange-connection"][0]["outcome"] == "unknown"
    assert found["full-access"][0]["outcome"] == "unknown"
    assert found["imap-mailbox-opens"][0]["outcome"] == "pass"
    assert json.loads(out)["causes"] == []


def test_a_closed_sign_in_port_is_unknown(lab: Lab, tmp_path: Path) -> None:
    path = edited(
        lab, tmp_path, lambda profile, _: profile["endpoints"].update(login=f"https://localhost:{closed_port()}")
    )
    code, out, _ = diag(lab, path, "--output", "json")
    assert code in {3, 4}
    assert findings(out)["sign-in"][0]["outcome"] == "unknown"


def test_a_certificate_of_another_ca_is_refused(lab: Lab, tmp_path: Path) -> None:
    def other_ca(profile: dict[str, Any], folder: Path) -> None:
        trustme.CA().cert_pem.write_to_path(folder / "other.pem")
        profile["ca_file"] = str(folder / "other.pem")

    code, out, _ = diag(lab, edited(lab, tmp_path, other_ca), "--output", "json")
    assert code in {1, 3, 4}
    found = findings(out)
    assert found["sign-in"][0]["outcome"] == "unknown"
    assert "certificate" in found["sign-in"][0]["reason"].casefold()
    assert found["imap-connection"][0]["outcome"] == "fail"


def test_a_ca_file_that_is_none_is_told(lab: Lab, tmp_path: Path) -> None:
    def no_ca(profile: dict[str, Any], folder: Path) -> None:
        (folder / "empty.pem").write_text("nothing", "utf-8")
        profile["ca_file"] = str(folder / "empty.pem")

    code, out, err = diag(lab, edited(lab, tmp_path, no_ca))
    assert code in {2, 3, 4}
    assert "empty.pem" in out + err


def test_a_token_endpoint_that_answers_html_is_unknown(tmp_path: Path) -> None:
    with Lab() as lab:
        page = b"<html><body>Please sign in to the guest network</body></html>"
        lab.faults.login.add(Fault(status=200, body=page), times=50)
        code, out, _ = diag(lab, lab.profile, "--output", "json")
    assert code in {3, 4}
    assert findings(out)["sign-in"][0]["outcome"] == "unknown"


def test_an_exchange_endpoint_that_hangs_is_unknown_within_the_time(tmp_path: Path) -> None:
    with Lab() as lab:
        lab.faults.winrm.add(Fault(latency=60), times=20)
        path = edited(lab, tmp_path, lambda profile, _: profile["timeouts"].update(connect=2, operation=4))
        code, out, _ = diag(lab, path, "--output", "json")
    assert code == 3
    found = findings(out)
    assert found["exchange-connection"][0]["outcome"] == "unknown"
    assert found["full-access"][0]["outcome"] == "unknown"


def test_an_operator_who_cannot_sign_in_gives_4_and_the_application_is_judged(lab: Lab, tmp_path: Path) -> None:
    path = edited(lab, tmp_path, lambda profile, _: profile.pop("operator"))
    code, out, _ = diag(lab, path, "--output", "json")
    assert code == 4
    found = findings(out)
    assert found["roles"][0]["outcome"] == "pass"
    assert found["exchange-service-principal"][0]["outcome"] == "unknown"


def test_no_output_of_a_run_with_a_report_holds_a_secret(lab: Lab, tmp_path: Path) -> None:
    report = tmp_path / "report.yaml"
    code, _, _ = diag(lab, lab.profile, "--report", str(report), "--output", "yaml")
    assert code == 0
    text = report.read_text("utf-8")
    assert all(secret not in text for secret in lab.env.values())
    assert "eyJ" not in text
    assert report.stat().st_mode & 0o777 == 0o600


@pytest.mark.powershell
@pytest.mark.skipif(shutil.which("pwsh") is None, reason="needs PowerShell 7 on PATH as pwsh")
@pytest.mark.parametrize(("scenario", "code"), [((), 0), (("perm-deny-entry",), 1)])
def test_a_real_powershell_stands_between_diag_and_the_lab(scenario: tuple[str, ...], code: int) -> None:
    with Lab(scenarios=scenario, transport="local") as lab:
        found, out, _ = diag(lab, lab.profile, "--output", "json")
    tree = json.loads(out)
    assert found == code
    assert [cause["cause"] for cause in tree["causes"][:1]] == list(scenario)
    assert tree["evidence"]["exchange"]["connection"]["powershell_version"].startswith("7.")


def test_an_operator_token_from_a_file_opens_exchange_and_is_refused_when_others_can_read_it(
    lab: Lab, tmp_path: Path
) -> None:
    operator = lab.setup.operator_enterprise
    token = lab.tokens.issue(
        tenant=lab.setup.tenant,
        application=operator,
        audience="https://outlook.office365.com",
        roles=["Exchange.ManageAsApp"],
    )
    file = tmp_path / "tokens"
    file.write_text(f"{token}\n", "utf-8")
    file.chmod(0o600)
    code, out, _ = diag(lab, lab.profile, "--no-graph", "--access-token-file", str(file), "--output", "json")
    assert code == 0
    assert token not in out
    file.chmod(0o644)
    code, out, _ = diag(lab, lab.profile, "--no-graph", "--access-token-file", str(file))
    assert code == 4
    assert "chmod 600" in out
