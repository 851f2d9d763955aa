"""Get-Command, Get-Module, Import-Module and Get-Variable: what a bridge asks a PowerShell before it signs in.

Errors as recorded from System.Management.Automation 7.6.9.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diagnostics.lab.powershell.cmdlets import unsimulated
from diagnostics.lab.powershell.declaration import Call, Cmdlet, Kind, Parameter
from diagnostics.lab.powershell.errors import RUNTIME_EXCEPTION, ErrorData, command_not_found
from diagnostics.lab.powershell.objects import EnumValue, Row, VersionNumber

if TYPE_CHECKING:
    from diagnostics.lab.powershell.session import RunspaceState

MODULE = "ExchangeOnlineManagement"
ENGINE_MODULES = {
    "Microsoft.PowerShell.Management": "7.0.0.0",
    "Microsoft.PowerShell.Utility": "7.0.0.0",
    "Microsoft.PowerShell.Security": "7.0.0.0",
}


@dataclass
class Registry:
    """The way back to the table of all cmdlets, which this file is part of; filled in by the package."""

    find: Callable[[str, RunspaceState], Cmdlet | None] | None = None
    available: Callable[[RunspaceState], Iterator[Cmdlet]] | None = None


registry = Registry()


def _command_row(cmdlet: Cmdlet, call: Call) -> Row:
    connected = call.runspace.connection
    module = connected.module_name if cmdlet.module == "tmpEXO" and connected is not None else cmdlet.module
    number = 2 if cmdlet.is_function else 8
    kind = "Function" if cmdlet.is_function else "Cmdlet"
    return Row(
        (f"System.Management.Automation.{kind}Info", "System.Management.Automation.CommandInfo", "System.Object"),
        {
            "Name": cmdlet.name,
            "CommandType": EnumValue("System.Management.Automation.CommandTypes", kind, number),
            "Source": module,
            "ModuleName": module,
            "Version": VersionNumber(_version_of(module, call)),
        },
        text=cmdlet.name,
    )


def _version_of(module: str, call: Call) -> str:
    if module == MODULE:
        return call.runspace.host.module_version or "0.0"
    return ENGINE_MODULES.get(module, "1.0")


def _get_command(call: Call) -> Iterator[Any]:
    assert registry.find is not None
    assert registry.available is not None
    modules = {name.casefold() for name in call.get("Module", [])}
    for name in call.get("Name", ["*"]):
        if "*" in name or "?" in name:
            for cmdlet in registry.available(call.runspace):
                shown = _command_row(cmdlet, call)
                if fnmatch.fnmatchcase(cmdlet.name.casefold(), name.casefold()) and (
                    not modules or str(shown.get("Source")).casefold() in modules
                ):
                    yield shown
            continue
        lacking = unsimulated.known(name, call.runspace)
        found = registry.find(name, call.runspace) or (Cmdlet(lacking, lambda _call: iter(())) if lacking else None)
        if found is None:
            error = command_not_found(name)
            call.write_error(
                ErrorData(
                    error.message,
                    "CommandNotFoundException,Microsoft.PowerShell.Commands.GetCommandCommand",
                    error.category,
                    "Get-Command",
                    name,
                    name,
                    "String",
                    error.exception_types,
                )
            )
        else:
            yield _command_row(found, call)


def _module_row(name: str, version: str, path: str) -> Row:
    return Row(
        ("System.Management.Automation.PSModuleInfo", "System.Object"),
        {
            "Name": name,
            "Version": VersionNumber(version),
            "ModuleType": EnumValue("System.Management.Automation.ModuleType", "Script", 0),
            "Path": path,
        },
        text=name,
    )


def _modules(call: Call) -> Iterator[Row]:
    state = call.runspace
    listed = bool(call.get("ListAvailable"))
    for name, version in ENGINE_MODULES.items():
        if listed or name == "Microsoft.PowerShell.Utility":
            yield _module_row(name, version, f"C:\\Program Files\\PowerShell\\7\\Modules\\{name}\\{name}.psd1")
    installed = state.host.module_version
    if installed is not None and (listed or MODULE in state.imported):
        path = f"C:\\Program Files\\PowerShell\\Modules\\{MODULE}\\{installed}\\{MODULE}.psd1"
        yield _module_row(MODULE, installed, path)
    if not listed:
        for connection in state.connections:
            yield _module_row(connection.module_name, "1.0", f"C:\\Temp\\{connection.module_name}")


def _get_module(call: Call) -> Iterator[Any]:
    wanted = [name.casefold() for name in call.get("Name", ["*"])]
    for module in _modules(call):
        if any(fnmatch.fnmatchcase(str(module).casefold(), pattern) for pattern in wanted):
            yield module


def _import_module(call: Call) -> Iterator[Any]:
    for name in call.get("Name", []):
        version = (
            call.runspace.host.module_version if name.casefold() == MODULE.casefold() else ENGINE_MODULES.get(name)
        )
        if version is None:
            call.write_error(
                ErrorData(
                    f"The specified module '{name}' was not loaded because no valid module file was found in any "
                    "module directory.",
                    "Modules_ModuleNotFound,Microsoft.PowerShell.Commands.ImportModuleCommand",
                    "ResourceUnavailable",
                    "Import-Module",
                    name,
                    name,
                    "String",
                    ("System.IO.FileNotFoundException", "System.IO.IOException", "System.SystemException"),
                )
            )
            continue
        call.runspace.imported.add(MODULE if name.casefold() == MODULE.casefold() else name)
        if call.get("PassThru"):
            yield _module_row(name, version, "")


VARIABLES: dict[str, Callable[[RunspaceState], Any]] = {
    "psversiontable": lambda state: state.host.version_table(),
    "psedition": lambda state: state.host.edition,
    "iswindows": lambda state: state.host.platform == "Win32NT",
    "islinux": lambda state: state.host.platform == "Unix",
    "ismacos": lambda _state: False,
    "erroractionpreference": lambda _state: "Continue",
}
"""The automatic variables that the lab has; it has no others, and no way to set one."""


def _get_variable(call: Call) -> Iterator[Any]:
    for name in call.get("Name", []):
        value = VARIABLES.get(name.casefold())
        if value is None:
            call.write_error(
                ErrorData(
                    f"Cannot find a variable with the name '{name}'.",
                    "VariableNotFound,Microsoft.PowerShell.Commands.GetVariableCommand",
                    "ObjectNotFound",
                    "Get-Variable",
                    name,
                    name,
                    "String",
                    (
                        "System.Management.Automation.ItemNotFoundException",
                        "System.Management.Automation.SessionStateException",
                        *RUNTIME_EXCEPTION,
                    ),
                )
            )
        elif call.get("ValueOnly"):
            yield value(call.runspace)
        else:
            yield Row(
                ("System.Management.Automation.PSVariable", "System.Object"),
                {"Name": name, "Value": value(call.runspace)},
            )


CMDLETS = (
    Cmdlet(
        "Get-Command",
        _get_command,
        (
            Parameter("Name", Kind.STRINGS, position=0, pipeline="both"),
            Parameter("Module", Kind.STRINGS, aliases=("PSSnapin",)),
        ),
        implementation="Microsoft.PowerShell.Commands.GetCommandCommand",
        unsimulated=(
            "All",
            "ArgumentList",
            "CommandType",
            "ExcludeModule",
            "FullyQualifiedModule",
            "FuzzyMinimumDistance",
            "ListImported",
            "Noun",
            "ParameterName",
            "ParameterType",
            "ShowCommandInfo",
            "Syntax",
            "TotalCount",
            "UseAbbreviationExpansion",
            "UseFuzzyMatching",
            "Verb",
        ),
    ),
    Cmdlet(
        "Get-Module",
        _get_module,
        (
            Parameter("Name", Kind.STRINGS, position=0, pipeline="value"),
            Parameter("ListAvailable", Kind.SWITCH),
            Parameter("All", Kind.SWITCH),
        ),
        implementation="Microsoft.PowerShell.Commands.GetModuleCommand",
        unsimulated=(
            "CimNamespace",
            "CimResourceUri",
            "CimSession",
            "FullyQualifiedName",
            "PSEdition",
            "PSSession",
            "Refresh",
            "SkipEditionCheck",
        ),
    ),
    Cmdlet(
        "Import-Module",
        _import_module,
        (
            Parameter("Name", Kind.STRINGS, mandatory=True, position=0, pipeline="value"),
            Parameter("Force", Kind.SWITCH),
            Parameter("PassThru", Kind.SWITCH),
            Parameter("Global", Kind.SWITCH),
            Parameter("DisableNameChecking", Kind.SWITCH),
            Parameter("MinimumVersion", aliases=("Version",)),
            Parameter("RequiredVersion"),
        ),
        implementation="Microsoft.PowerShell.Commands.ImportModuleCommand",
        unsimulated=(
            "Alias",
            "ArgumentList",
            "AsCustomObject",
            "Assembly",
            "CimNamespace",
            "CimResourceUri",
            "CimSession",
            "Cmdlet",
            "FullyQualifiedName",
            "Function",
            "MaximumVersion",
            "ModuleInfo",
            "NoClobber",
            "Prefix",
            "PSSession",
            "Scope",
            "SkipEditionCheck",
            "UseWindowsPowerShell",
            "Variable",
        ),
    ),
    Cmdlet(
        "Get-Variable",
        _get_variable,
        (
            Parameter("Name", Kind.STRINGS, mandatory=True, position=0, pipeline="both"),
            Parameter("ValueOnly", Kind.SWITCH),
            Parameter("Scope"),
        ),
        module="Microsoft.PowerShell.Utility",
        implementation="Microsoft.PowerShell.Commands.GetVariableCommand",
        unsimulated=(
            "Exclude",
            "Include",
        ),
    ),
)
