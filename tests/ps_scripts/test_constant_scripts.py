"""Nothing in diag builds script text: what varies travels as bound parameters."""

from __future__ import annotations

from diagnostics.ids import ApplicationId, EnterpriseAppObjectId

import ast
import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics import resources
from diagnostics.changes import steps
from diagnostics.exchange.collect import READ_CMDLETS, WRITE_CMDLETS
from diagnostics.exchange.opening import sign_in_parameters
from diagnostics.exchange.port import ConnectionRequest
from diagnostics.redaction import Secret
from tests.ps_scripts.documented import COMMON, EXCHANGE, WINDOWS_POWERSHELL

PACKAGE = Path(resources.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
EVALUATING = {"invoke-expression", "iex"}
COMMAND_LINES = {"-command", "-c", "-encodedcommand", "-e", "-ec", "-enc"}


def is_constant(argument: ast.expr) -> bool:
    """A literal, or a file of ps_scripts/ that is named by one."""
    if isinstance(argument, ast.Constant):
        return isinstance(argument.value, str)
    if isinstance(argument, ast.Call) and len(argument.args) == 1 and not argument.keywords:
        return ast.unparse(argument.func) == "resources.script" and bool(_text(argument.args[0]))
    return False


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def built_scripts(source: str) -> list[str]:
    """Calls that hand over script text which is not constant, and command lines that could carry some."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func
            name = (
                called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
            )
            if name in {"add_script", "execute_ps", "run_ps", "invoke_script"}:
                script = (
                    node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "script"), None)
                )
                if script is None or not is_constant(script):
                    found.append(ast.unparse(node))
            if name == "add_cmdlet" and {_text(argument).casefold() for argument in node.args} & EVALUATING:
                found.append(ast.unparse(node))
        if isinstance(node, ast.List | ast.Tuple):
            words = [item.value for item in node.elts if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            engine = any(word.casefold().removesuffix(".exe") in {"pwsh", "powershell"} for word in words)
            if engine and COMMAND_LINES & {word.casefold() for word in words}:
                found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_builds_script_text(path: Path) -> None:
    assert built_scripts(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "shell.add_script(f'Get-Mailbox {name}')",
        "shell.add_script('Get-Mailbox ' + name)",
        "shell.add_script('Get-Mailbox %s' % name)",
        "shell.add_script(text)",
        "shell.add_script(script=text)",
        "shell.add_script(resources.script(name))",
        "shell.add_script(path.read_text())",
        "shell.add_cmdlet('Invoke-Expression')",
        "client.execute_ps(text)",
        "subprocess.run(['pwsh', '-NoProfile', '-Command', text])",
        "subprocess.run(('powershell.exe', '-EncodedCommand', text))",
    ],
)
def test_the_judge_is_awake(source: str) -> None:
    assert built_scripts(source)


@pytest.mark.parametrize(
    "source",
    [
        "shell.add_script('Get-Mailbox')",
        "shell.add_script(resources.script('Get-DiagEvidence.ps1'), use_local_scope=True)",
        "shell.add_cmdlet(call.cmdlet).add_parameter(name, value)",
        "words = ('pwsh', '-NoProfile', '-NoLogo', '-ServerMode')",
    ],
)
def test_what_is_constant_passes(source: str) -> None:
    assert not built_scripts(source)


def literal_calls(source: str) -> Iterator[tuple[str, list[str]]]:
    """Cmdlets and parameters of each `CmdletCall("…", {"…": …})` and `invoke("…", …=…)`."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args or not _text(node.args[0]):
            continue
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        if name == "CmdletCall":
            table = node.args[1] if len(node.args) > 1 else ast.Dict(keys=[], values=[])
            keys = table.keys if isinstance(table, ast.Dict) else []
            yield _text(node.args[0]), [_text(key) for key in keys if key is not None]
        elif name == "invoke":
            yield _text(node.args[0]), [keyword.arg for keyword in node.keywords if keyword.arg]


def undocumented(cmdlet: str, parameters: list[str]) -> list[str]:
    page = EXCHANGE.get(cmdlet) or WINDOWS_POWERSHELL.get(cmdlet)
    if page is None:
        return [cmdlet]
    return [f"{cmdlet} -{name}" for name in parameters if name not in page.parameters | COMMON]


CALLERS = [
    path for path in MODULES if path.is_relative_to(PACKAGE / "exchange") or path.is_relative_to(PACKAGE / "changes")
]


@pytest.mark.parametrize("path", CALLERS, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_parameter_of_the_bridge_is_documented(path: Path) -> None:
    calls = list(literal_calls(path.read_text(encoding="utf-8")))
    assert [found for cmdlet, parameters in calls for found in undocumented(cmdlet, parameters)] == []


def test_parameters_that_are_put_together_are_documented_too() -> None:
    request = ConnectionRequest(
        Secret("a token of the operator"), "t", "o", "u", READ_CMDLETS, "O365China", "https://x"
    )
    assert undocumented("Connect-ExchangeOnline", list(sign_in_parameters(request))) == []
    made: list[steps.Step] = [
        steps.RegisterServicePrincipal(ApplicationId("a"), EnterpriseAppObjectId("b"), "c"),
        steps.GrantFullAccess("m", EnterpriseAppObjectId("o")),
        steps.RemoveAccess("m", EnterpriseAppObjectId("o"), ()),
        steps.SetImap("m"),
    ]
    for call in (step.call() for step in made):
        assert undocumented(call.cmdlet, list(call.parameters)) == []
        assert undocumented(call.cmdlet, ["WhatIf"]) == []


def test_every_cmdlet_that_is_loaded_is_documented() -> None:
    assert {*READ_CMDLETS, *WRITE_CMDLETS} <= set(EXCHANGE)


def test_scripts_are_found_by_name() -> None:
    assert "Export-DiagEvidence.ps1" in resources.script_names()
    assert resources.script("Export-DiagEvidence.ps1").startswith("<#\n.SYNOPSIS\n")
    assert resources.profiles_folder().name == "profiles"


@pytest.mark.parametrize("name", ["", "../pyproject.toml", "Get-DiagEvidence", "/etc/passwd", "Get-DiagEvidence.ps1\n"])
def test_only_names_of_scripts_are_names_of_scripts(name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        resources.script(name)


def test_a_script_that_is_not_there_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        resources.script("Get-DiagNothing.ps1")


def test_in_a_wheel_the_scripts_lie_inside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "diagnostics"
    package.mkdir()
    shutil.copy(resources.__file__, package / "resources.py")
    specification = importlib.util.spec_from_file_location("installed_resources", package / "resources.py")
    assert specification is not None
    assert specification.loader is not None
    installed = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(installed)
    with pytest.raises(FileNotFoundError, match="ps_scripts"):
        installed.scripts_folder()
    shutil.copytree(resources.scripts_folder(), package / "ps_scripts")
    assert installed.script_names() == resources.script_names()
    manifest = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert '"ps_scripts" = "diagnostics/ps_scripts"' in manifest
