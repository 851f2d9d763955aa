"""The scripts by their syntax trees: nothing that only PowerShell 7 has, documented parameters, complete help."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from diagnostics import resources
from tests.exchange.peers import pwsh
from tests.ps_scripts.documented import (
    COMMON,
    EXCHANGE,
    GUARDED_TYPES,
    MEMBERS,
    NEWER_VARIABLES,
    TYPES,
    WINDOWS_POWERSHELL,
)

pytestmark = pytest.mark.powershell
ANALYSER = Path(__file__).parent / "syntax.ps1"
FILES = [resources.scripts_folder() / name for name in resources.script_names()]


def analysed(paths: Sequence[Path]) -> list[dict[str, Any]]:
    driver = "& $env:DIAG_ANALYSER -Path ($env:DIAG_FILES -split ';')"
    environment = {"DIAG_ANALYSER": str(ANALYSER), "DIAG_FILES": ";".join(map(str, paths)), "HOME": str(Path.home())}
    done = subprocess.run(
        [pwsh(), "-NoProfile", "-Command", driver], env=environment, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return list(json.loads(done.stdout))


@pytest.fixture(scope="module")
def trees() -> list[dict[str, Any]]:
    return analysed(FILES)


def complaints(tree: dict[str, Any]) -> list[str]:
    """What keeps a script from running in Windows PowerShell 5.1, as far as its tree shows."""
    own = {function["name"] for function in tree["functions"]}
    found = [f"syntax: {error}" for error in tree["errors"]] + [f"construct: {name}" for name in tree["newer"]]
    found += [f"type: {name}" for name in tree["types"] if name not in TYPES and name not in GUARDED_TYPES]
    found += [f"method: {name}" for name in tree["members"] if name not in MEMBERS]
    found += [f"variable: {name}" for name in tree["variables"] if name.lower() in NEWER_VARIABLES]
    for command in tree["commands"]:
        name = command["name"]
        if name in own or (not name and command["text"] in {"$Call", "$Row"}):
            continue
        page = EXCHANGE.get(name) or WINDOWS_POWERSHELL.get(name)
        if page is None:
            found.append(f"command: {name or command['text']}")
            continue
        unknown = set(command["parameters"]) - page.parameters - COMMON
        found += [f"parameter: {name} -{parameter}" for parameter in sorted(unknown)]
    return found


def test_they_run_in_windows_powershell_too(trees: list[dict[str, Any]]) -> None:
    assert {tree["path"].rpartition("/")[2]: complaints(tree) for tree in trees} == {path.name: [] for path in FILES}


NEWER = {
    "$a = $true ? 1 : 2": "construct: ?:",
    "$a = $null ?? 1": "construct: ??",
    "$a ??= 1": "construct: ??=",
    "Get-Module && Get-Module": "construct: AndAnd",
    "Get-Module || Get-Module": "construct: OrOr",
    "Get-Module &": "construct: background &",
    "${a}?.Trim()": "construct: ?. or generic method",
    "${a}?.Length": "construct: ?.",
    "${a}?[0]": "construct: ?[]",
    "$a = 1u": "construct: number suffix",
    "$a = 0b101": "construct: number suffix",
    '$a = "`u{1F600}"': "construct: escape",
    '$a = "`e[0m $b"': "construct: escape",
    "function f { end { } clean { } }": "construct: clean",
    "using namespace System.Text": "construct: using",
    "1, 2 | ForEach-Object -Parallel { $_ }": "parameter: ForEach-Object -Parallel",
    "ConvertTo-Json -InputObject 1 -AsArray": "parameter: ConvertTo-Json -AsArray",
    "$p = @{ EnumsAsStrings = $true }; ConvertTo-Json @p": "parameter: ConvertTo-Json -EnumsAsStrings",
    "$p = @{}; $p['AsArray'] = $true; ConvertTo-Json @p": "parameter: ConvertTo-Json -AsArray",
    "Get-Error": "command: Get-Error",
    "Test-Json -Json '{}'": "command: Test-Json",
    "if ($IsLinux) { 1 }": "variable: IsLinux",
    "[semver] '1.0.0'": "type: semver",
    "[string]::Join(',', 'a')": "method: Join",
    "& $Something": "command: $Something",
    "Get-Mailbox -Nobody 1": "parameter: Get-Mailbox -Nobody",
    "if (": "syntax: ",
}


def test_the_judge_of_syntax_is_awake(tmp_path: Path) -> None:
    for number, source in enumerate(NEWER):
        (tmp_path / f"{number:02}.ps1").write_text(source + "\n")
    trees = analysed([tmp_path / f"{number:02}.ps1" for number in range(len(NEWER))])
    missed = {
        source: complaints(tree)
        for (source, wanted), tree in zip(NEWER.items(), trees, strict=True)
        if not any(found.startswith(wanted) for found in complaints(tree))
    }
    assert missed == {}


def test_help_is_complete(trees: list[dict[str, Any]]) -> None:
    for tree in trees:
        name, said = tree["path"].rpartition("/")[2], tree["help"]
        assert said, name
        for part in ("synopsis", "description", "notes"):
            assert said[part].strip(), (name, part)
        assert len(said["examples"]) >= 1, name
        assert all(f".\\{name} " in example for example in said["examples"]), name
        assert said["outputs"], name
        assert sorted(said["parameters"]) == sorted(parameter.upper() for parameter in tree["parameters"]), name
        assert all(text.strip() for text in said["texts"]), name


def test_a_token_as_text_is_said_to_be_recorded(trees: list[dict[str, Any]]) -> None:
    for tree in trees:
        if "AccessToken" in tree["parameters"]:
            assert "4103" in tree["help"]["notes"]


def test_they_are_strict_from_the_first_line(trees: list[dict[str, Any]]) -> None:
    assert {tree["strict"] for tree in trees} == {"Set-StrictMode -Version Latest"}


def test_a_function_of_one_name_is_one_function(trees: list[dict[str, Any]]) -> None:
    """Each file stands alone, so some functions are in several; whoever reviews one has reviewed them all."""
    texts = defaultdict(set)
    for tree in trees:
        for function in tree["functions"]:
            texts[function["name"]].add(function["text"])
    assert [name for name, versions in texts.items() if len(versions) > 1] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_bytes(path: Path) -> None:
    content = path.read_bytes()
    assert content.isascii()
    assert b"\t" not in content
    assert b"\r" not in content
    assert content.endswith(b"\n")
    assert max(map(len, content.splitlines())) <= 160
    assert not any(line != line.rstrip() for line in content.splitlines())


def test_the_stand_in_module_has_nothing_that_microsofts_does_not(tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / "diagnostics/lab/exo_module/ExchangeOnlineManagement"
    driver = (
        "foreach ($file in ($env:DIAG_FILES -split ';')) {"
        "$tree = [System.Management.Automation.Language.Parser]::ParseFile($file, [ref] $null, [ref] $null);"
        "foreach ($f in $tree.FindAll({ $args[0] -is [System.Management.Automation.Language.FunctionDefinitionAst] }, $true)) {"
        "if ($null -ne $f.Body.ParamBlock) { '{0} {1}' -f $f.Name, (($f.Body.ParamBlock.Parameters | ForEach-Object { $_.Name.VariablePath }) -join ' ') } } }"
    )
    files = ";".join(str(folder / name) for name in ("ExchangeOnlineManagement.psm1", "ExchangeCmdlets.psm1"))
    done = subprocess.run(
        [pwsh(), "-NoProfile", "-Command", driver],
        env={"DIAG_FILES": files, "HOME": str(Path.home())},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    functions = {name: set(rest) for name, *rest in (line.split() for line in done.stdout.splitlines() if line.strip())}
    known = {name: parameters for name, parameters in functions.items() if name in EXCHANGE}
    assert {"Connect-ExchangeOnline", "Get-MailboxPermission", "Set-CASMailbox"} <= set(known)
    assert {name: sorted(given - EXCHANGE[name].parameters) for name, given in known.items()} == {
        name: [] for name in known
    }
