"""What the bridge leans on and what it keeps out: pypsrp's internals, heavy imports, script text, undocumented names."""

from __future__ import annotations

import ast
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from pypsrp.powershell import PowerShell, RunspacePool

import diagnostics
from diagnostics.exchange.child import Child
from diagnostics.exchange.collect import READ_CMDLETS, WRITE_CMDLETS, mailbox_calls
from diagnostics.exchange.opening import sign_in_parameters
from diagnostics.exchange.options import ChildCommand
from diagnostics.exchange.pipelines import Connection
from diagnostics.exchange.port import ConnectionRequest
from diagnostics.exchange.rest_http import UNLIMITED
from diagnostics.exchange.stdio import StdioWSMan
from diagnostics.exchange.values import SECURE_STRINGS
from diagnostics.exchange.waiting import Deadline
from diagnostics.lab.powershell.cmdlets import ENGINE as LAB_ENGINE
from diagnostics.lab.powershell.cmdlets import EXCHANGE as LAB_EXCHANGE
from diagnostics.lab.powershell.cmdlets import MODULE as LAB_MODULE
from diagnostics.lab.powershell.declaration import all_parameters
from diagnostics.redaction import Secret
from tests.exchange.peers import MODULES, pwsh
from tests.ps_scripts.documented import EXCHANGE

PACKAGE = Path(diagnostics.__file__).parent
HEAVY = ("pypsrp", "psrpcore", "requests", "msal", "cryptography")


def documented(cmdlet: str) -> set[str]:
    return {name.casefold() for name in EXCHANGE[cmdlet].parameters}


def sources() -> list[Path]:
    return sorted((PACKAGE / "exchange").glob("*.py"))


def cmdlet_calls(path: Path) -> list[tuple[str, set[str]]]:
    """Every `CmdletCall("…", {…})` with a literal name in a file, with the parameters named there."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "CmdletCall":
            name, *rest = node.args
            if isinstance(name, ast.Constant):
                keys = rest[0].keys if rest and isinstance(rest[0], ast.Dict) else []
                found.append((str(name.value), {str(key.value) for key in keys if isinstance(key, ast.Constant)}))
    return found


ENGINE = {
    "Get-Variable": {"Name", "ValueOnly"},
    "Get-Module": {"Name", "ListAvailable"},
    "Get-Command": {"Name"},
    "Import-Module": {"Name", "RequiredVersion"},
}
"""Cmdlets of PowerShell itself (Microsoft.PowerShell.Core and Utility, 5.1 and 7 alike)."""


def test_the_bridge_uses_documented_parameters_only() -> None:
    used = [
        call
        for path in PACKAGE.rglob("*.py")
        if "lab" not in path.relative_to(PACKAGE).parts
        for call in cmdlet_calls(path)
    ]
    assert len(used) > 8
    for cmdlet, parameters in used:
        known = {name.casefold() for name in ENGINE[cmdlet]} if cmdlet in ENGINE else documented(cmdlet)
        assert {name.casefold() for name in parameters} <= known, cmdlet


def test_the_sign_in_uses_documented_parameters_only() -> None:
    request = ConnectionRequest(Secret("a-token-of-some-length"), "t", "o", "u", ("Get-X",), "O365China", "https://x")
    assert {name.casefold() for name in sign_in_parameters(request)} <= documented("Connect-ExchangeOnline")
    assert {parameter for _, parameter in SECURE_STRINGS} <= documented("Connect-ExchangeOnline")


def test_every_cmdlet_of_the_bridge_is_documented() -> None:
    assert {*READ_CMDLETS, *WRITE_CMDLETS} <= set(EXCHANGE)
    assert {call.cmdlet for call in mailbox_calls("x")} <= set(READ_CMDLETS)
    for cmdlet in UNLIMITED:
        assert "resultsize" in documented(next(name for name in EXCHANGE if name.casefold() == cmdlet))


def stand_in_functions() -> dict[str, set[str]]:
    """The exported functions of the stand-in module, and their parameters, by the engine's own parser."""
    script = (
        "$found = @{}; foreach ($file in 'ExchangeOnlineManagement.psm1', 'ExchangeCmdlets.psm1') { "
        f"$path = Join-Path '{MODULES}/ExchangeOnlineManagement' $file; $tokens = $null; $errors = $null; "
        "$tree = [System.Management.Automation.Language.Parser]::ParseFile($path, [ref] $tokens, [ref] $errors); "
        "if ($errors.Count) { throw $errors[0].Message }; "
        "$tree.FindAll({ $args[0] -is [System.Management.Automation.Language.FunctionDefinitionAst] }, $true) | "
        "ForEach-Object { '{0}={1}' -f $_.Name, (($_.Body.ParamBlock.Parameters | "
        "ForEach-Object { $_.Name.VariablePath.UserPath }) -join ',') } }"
    )
    shown = subprocess.run(
        [pwsh(), "-NoProfile", "-Command", script], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    lines = (line.partition("=") for line in shown.splitlines() if "=" in line)
    return {name: {part for part in parameters.split(",") if part} for name, _, parameters in lines}


@pytest.mark.powershell
def test_the_stand_in_module_has_documented_names_only() -> None:
    functions = stand_in_functions()
    assert set(EXCHANGE) <= set(functions)
    for name, parameters in functions.items():
        if name in EXCHANGE:
            assert {parameter.casefold() for parameter in parameters} <= documented(name), name


def test_the_stand_in_module_is_ascii_and_says_what_it_is() -> None:
    files = [path for path in (MODULES / "ExchangeOnlineManagement").iterdir() if path.is_file()]
    assert len(files) == 4
    assert all(path.read_bytes().isascii() for path in files)
    assert "stand-in" in (MODULES / "ExchangeOnlineManagement" / "ExchangeOnlineManagement.psd1").read_text()


def test_no_script_text_is_sent_anywhere() -> None:
    """Cmdlets and bound parameters only: `add_script` and `add_argument` appear nowhere in the bridge."""
    for path in sources():
        names = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert not names & {"add_script", "add_argument", "execute_ps"}, path


def test_cmdlet_names_are_constants_or_checked() -> None:
    """`add_cmdlet` takes a literal, or the name of a call that `check_call` has passed."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_cmdlet":
                (argument,) = node.args
                assert isinstance(argument, ast.Constant) or ast.unparse(argument) == "call.cmdlet", path


@pytest.mark.parametrize(
    "module", ["port", "options", "factory", "collect", "rows", "errors", "accounting", "versions"]
)
def test_light_modules_stay_light(module: str) -> None:
    code = f"import sys, diagnostics.exchange.{module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.strip() == "[]"


def test_the_seam_of_pypsrp_is_there() -> None:
    """What the bridge overrides and calls beside the public API of pypsrp 0.9."""
    for name in ("_receive", "_process_runspacepool_warning", "open", "close", "exchange_keys"):
        assert callable(getattr(RunspacePool, name))
    for name in ("begin_invoke", "stop", "close", "add_cmdlet", "add_parameter", "add_statement"):
        assert callable(getattr(PowerShell, name))
    assert callable(Connection.invoke)


@pytest.mark.powershell
def test_parallel_pipelines_over_one_pair_of_streams() -> None:
    """Acks and data of three pipelines of one pool are told apart by their ids."""
    child = Child(ChildCommand((pwsh(), "-NoProfile", "-NoLogo", "-ServerMode")))
    try:
        connection = StdioWSMan(child, Deadline(30))
        pool = RunspacePool(connection, min_runspaces=3, max_runspaces=3)
        pool.open()
        answers: dict[int, Any] = {}

        def run(number: int) -> None:
            shell = PowerShell(pool)
            shell.add_cmdlet("Start-Sleep").add_parameter("Milliseconds", 300 - 100 * number).add_statement()
            shell.add_cmdlet("Write-Output").add_parameter("InputObject", f"{number}" * 100_000)
            shell.begin_invoke()
            answers[number] = shell

        for number in range(3):
            run(number)
        assert [answers[number].end_invoke() for number in range(3)] == [[f"{n}" * 100_000] for n in range(3)]
        for shell in answers.values():
            shell.close()
        pool.close()
    finally:
        child.close()
    assert not [
        thread for thread in threading.enumerate() if thread.name in {"pwsh stdout", "pwsh stderr", "pwsh stdin"}
    ]


@pytest.mark.powershell
def test_the_lab_knows_every_parameter_of_the_engines_own_cmdlets() -> None:
    names = ["Get-Command", "Get-Module", "Import-Module"]
    script = (
        "$common = [System.Management.Automation.PSCmdlet]::CommonParameters; "
        f"foreach ($name in '{names[0]}', '{names[1]}', '{names[2]}') "
        "{ '{0}={1}' -f $name, (((Get-Command $name).Parameters.Keys | Where-Object { $common -notcontains $_ }) -join ',') }"
    )
    shown = subprocess.run(
        [pwsh(), "-NoProfile", "-Command", script], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    real = dict(line.split("=") for line in shown.split())
    for name in names:
        ours = {parameter.name for parameter in all_parameters(LAB_ENGINE[name.casefold()])}
        assert set(real[name].split(",")) <= ours


def test_the_lab_knows_every_documented_parameter_of_its_cmdlets() -> None:
    cmdlets = {**LAB_MODULE, **LAB_EXCHANGE}
    for name, page in EXCHANGE.items():
        known = {parameter.name for parameter in all_parameters(cmdlets[name.casefold()])}
        assert page.parameters <= known, name
