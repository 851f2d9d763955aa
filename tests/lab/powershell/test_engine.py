"""Statements, errors, streams, stop: what the simulated engine does with a pipeline, seen by the real pypsrp."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from pypsrp.complex_objects import ObjectMeta
from pypsrp.powershell import PowerShell, RunspacePool

from tests.lab.powershell.conftest import COMPLETED, FAILED, STOPPED, LabWorld, build, cmdlet, connect, run

ONE, TWO, THREE = (cmdlet("Write-Output", word) for word in ("one", "two", "three"))
UNKNOWN = cmdlet("Get-Nothing")


def test_a_non_terminating_error_lets_the_next_statement_run(connected: RunspacePool) -> None:
    answer = run(connected, ONE, cmdlet("Get-Mailbox", "nobody"), TWO)
    assert (answer.state, answer.had_errors) == (COMPLETED, False)
    assert answer.output == ["one", "two"]
    assert len(answer.errors) == 1


@pytest.mark.parametrize(
    ("statements", "state", "output", "errors"),
    [
        ([UNKNOWN], FAILED, [], 1),
        ([ONE, UNKNOWN, THREE], FAILED, ["one"], 1),
        ([ONE, TWO, UNKNOWN], FAILED, ["one", "two"], 1),
        ([UNKNOWN, ONE], COMPLETED, ["one"], 1),
        ([UNKNOWN, ONE, TWO, THREE], COMPLETED, ["one"], 1),
        ([UNKNOWN, UNKNOWN, THREE], FAILED, [], 2),
        ([cmdlet("Write-Error", "no", ErrorAction="Stop"), ONE], FAILED, [], 1),
        ([ONE, cmdlet("Write-Error", "no", ErrorAction="Stop"), TWO], FAILED, ["one"], 1),
        ([[cmdlet("Write-Output", ["a", "b"]), UNKNOWN], TWO], COMPLETED, ["two"], 1),
    ],
)
def test_a_terminating_error_ends_a_batch_as_the_engine_does(
    pool: RunspacePool, statements: list[Any], state: int, output: list[str], errors: int
) -> None:
    answer = run(pool, *statements)
    assert (answer.state, answer.output, len(answer.errors)) == (state, output, errors)


def test_nothing_of_a_statement_runs_when_one_of_its_cmdlets_does_not_bind(
    lab: LabWorld, connected: RunspacePool
) -> None:
    remove = cmdlet("Remove-ServicePrincipal", lab.principal.app_id, Confirm=False)
    answer = run(connected, ONE, [remove, cmdlet("ConvertTo-Json", Compact=True)], TWO)
    assert answer.error_ids == ["NamedParameterNotFound,Microsoft.PowerShell.Commands.ConvertToJsonCommand"]
    assert (answer.state, answer.output) == (FAILED, ["one"])
    assert lab.tenant.exchange_service_principals == [lab.principal]


@pytest.mark.parametrize(
    ("parameters", "identifier", "text"),
    [
        (
            {"Nothing": 1},
            "NamedParameterNotFound",
            "A parameter cannot be found that matches parameter name 'Nothing'.",
        ),
        ({}, "MissingMandatoryParameter", "missing mandatory parameters: Identity User AccessRights."),
        ({"Identity": ""}, "ParameterArgumentValidationErrorEmptyStringNotAllowed", "because it is an empty string"),
        ({"A": "x"}, "AmbiguousParameter", "Possible matches include: -AccessRights -AutoMapping"),
        ({"AutoMapping": "no"}, "ParameterArgumentTransformationError", 'to type "System.Boolean"'),
        ({"Confirm": "no"}, "ParameterArgumentTransformationError", "SwitchParameter"),
        ({"ErrorAction": "Sometimes"}, "CannotConvertArgumentNoMessage", "valid enumerator name"),
        ({"identity": "a", "Identity": "b"}, "ParameterAlreadyBound", "specified more than once"),
    ],
)
def test_binding_refuses_as_powershell_does(
    connected: RunspacePool, parameters: dict[str, Any], identifier: str, text: str
) -> None:
    answer = run(connected, cmdlet("Add-MailboxPermission", **parameters))
    assert answer.error_ids == [f"{identifier},Add-MailboxPermission"]
    assert text in answer.messages[0]
    assert answer.state == FAILED


def test_names_bind_in_any_case_and_by_unique_prefix(lab: LabWorld, connected: RunspacePool) -> None:
    given = {"ident": "erp", "us": lab.principal.object_id, "ACC": ["FullAccess"], "autom": 0, "wi": False}
    assert run(connected, cmdlet("add-mailboxpermission", **given)).errors == []
    assert lab.mailbox.permissions[0].auto_mapping is False


def test_a_positional_argument_too_many_is_refused(connected: RunspacePool) -> None:
    answer = run(connected, cmdlet("Get-MailboxPermission", "erp", "again"))
    assert answer.error_ids == ["PositionalParameterNotFound,Get-MailboxPermission"]


def test_error_and_warning_actions_are_kept(lab: LabWorld, connected: RunspacePool) -> None:
    silent = run(connected, cmdlet("Get-Mailbox", "nobody", ErrorAction="SilentlyContinue"), ONE)
    assert (silent.errors, silent.output, silent.state) == ([], ["one"], COMPLETED)
    quiet = run(connected, cmdlet("Set-CASMailbox", "erp", ImapEnabled=True, wa="Ignore"))
    assert quiet.warnings == []
    stopped = run(connected, cmdlet("Get-Mailbox", "nobody", ErrorAction=1), ONE)
    assert (stopped.state, stopped.output) == (FAILED, [])


@pytest.mark.parametrize(
    "name",
    ["Where-Object", "sort-object", "ForEach-Object", "Format-List", "Format-Table", "Out-String", "fl", "?", "%",
     "Microsoft.PowerShell.Utility\\Format-Table", "Get-TransportConfig", "Test-ApplicationAccessPolicy"],
)  # fmt: skip
def test_what_is_not_simulated_says_so(connected: RunspacePool, name: str) -> None:
    answer = run(connected, [cmdlet("Get-Mailbox"), cmdlet(name, "Alias", Anything=1)])
    assert (answer.state, answer.error_ids, answer.output) == (FAILED, ["CmdletNotSimulated"], [])
    assert "is not simulated" in answer.messages[0]
    if name != "?":  # to Get-Command, a wildcard
        assert len(run(connected, cmdlet("Get-Command", name)).output) == 1


@pytest.mark.parametrize(
    ("name", "parameter"),
    [("Select-Object", "Last"), ("Select-Object", "Unique"), ("Measure-Object", "Sum"), ("Get-Command", "Noun"),
     ("Import-Module", "Prefix"), ("Write-Error", "Category"), ("ConvertTo-Json", "EscapeHandling")],
)  # fmt: skip
def test_a_parameter_of_the_engine_that_is_not_simulated_says_so(pool: RunspacePool, name: str, parameter: str) -> None:
    mandatory: dict[str, dict[str, Any]] = {
        "Import-Module": {"Name": "x"},
        "Write-Error": {"Message": "x"},
        "ConvertTo-Json": {"InputObject": 1},
    }
    answer = run(pool, cmdlet(name, **mandatory.get(name, {}), **{parameter: None}), ONE)
    assert answer.error_ids == ["ParameterNotSimulated"]
    assert f"-{parameter} is not simulated" in answer.messages[0]


def test_what_nobody_has_is_not_recognized(pool: RunspacePool, lab: LabWorld) -> None:
    for name in ("Get-Nothing", "Get-TransportConfig", "Get-Mailbox"):  # the last two come with the connection
        answer = run(pool, cmdlet(name))
        assert answer.error_ids == ["CommandNotFoundException"]
    lab.operator.directory_roles = {"Global Reader"}
    run(pool, connect(lab))
    assert run(pool, cmdlet("Get-TransportConfig")).error_ids == ["CmdletNotSimulated"]
    assert run(pool, cmdlet("Set-TransportConfig")).error_ids == ["CommandNotFoundException"]


def test_aliases_mean_their_cmdlets(connected: RunspacePool) -> None:
    answer = run(connected, [cmdlet("Get-Mailbox"), cmdlet("select", ["Alias"], First=1)])
    assert answer.output == [{"Alias": "erp"}]


def test_script_text_is_refused(pool: RunspacePool) -> None:
    for script in ("1+1", "Get-Command", "Write-Output $(Get-Date)"):
        powershell = PowerShell(pool)
        powershell.add_script(script)
        assert powershell.invoke() == []
        assert powershell.state == FAILED
        assert "refuses script text" in str(powershell.streams.error[0])
        assert script not in str(powershell.streams.error[0])
        powershell.close()


def test_every_stream_arrives(pool: RunspacePool) -> None:
    answer = run(
        pool,
        cmdlet("Write-Warning", "careful"),
        cmdlet("Write-Verbose", "in detail", Verbose=True),
        cmdlet("Write-Verbose", "not shown"),
        cmdlet("Write-Information", "by the way"),
        cmdlet("Write-Progress", Activity="Counting", Status="half", PercentComplete=50),
        cmdlet("Write-Error", "wrong", ErrorId="Custom"),
    )
    assert answer.warnings == ["careful"]
    assert [str(record) for record in answer.streams.warning] == ["careful"]
    assert [str(record) for record in answer.streams.verbose] == ["in detail"]
    assert [record.message for record in answer.streams.verbose] == ["in detail"]
    assert [record.message_data for record in answer.streams.information] == ["by the way"]
    assert [(record.activity, record.percent_complete) for record in answer.streams.progress] == [("Counting", 50)]
    assert answer.error_ids == ["Custom"]
    assert answer.state == COMPLETED


def test_json_and_selection(connected: RunspacePool) -> None:
    rows = [cmdlet("Get-Recipient"), cmdlet("Select-Object", ["alias", "Nothing"], First=2)]
    text = run(connected, [*rows, cmdlet("ConvertTo-Json", Compress=True)]).output[0]
    assert text == '[{"Alias":"erp","Nothing":null},{"Alias":"info","Nothing":null}]'
    one = run(
        connected,
        [cmdlet("Get-Mailbox", "erp"), cmdlet("Select-Object", "Alias"), cmdlet("ConvertTo-Json", AsArray=True)],
    )
    assert json.loads(one.output[0]) == [{"Alias": "erp"}]
    none = run(connected, [cmdlet("Get-Mailbox", RecipientTypeDetails="RoomMailbox"), cmdlet("ConvertTo-Json")])
    assert none.output == []
    expanded = run(
        connected, [cmdlet("Get-Recipient", "info"), cmdlet("Select-Object", ExpandProperty="EmailAddresses")]
    )
    assert expanded.output == ["SMTP:info@contoso.com", "smtp:hello@contoso.com"]
    deep = run(connected, [cmdlet("Get-Recipient", "info"), cmdlet("ConvertTo-Json", Depth=0, Compress=True)])
    assert json.loads(deep.output[0])["EmailAddresses"] == "SMTP:info@contoso.com smtp:hello@contoso.com"


def test_what_a_bridge_asks_of_the_host(connected: RunspacePool) -> None:
    table = run(connected, cmdlet("Get-Variable", Name="PSVersionTable", ValueOnly=True)).output[0]
    assert table["PSVersion"] == "7.6.0"
    modules = run(connected, cmdlet("Get-Module", Name="ExchangeOnlineManagement", ListAvailable=True)).output
    assert modules[0]["Version"] == "3.10.0"
    command = run(connected, cmdlet("Get-Command", Name="New-ServicePrincipal")).output[0]
    assert command["Source"].startswith("tmpEXO_")
    missing = run(connected, cmdlet("Get-Command", Name=["Get-Nothing", "Get-Mailbox"]))
    assert missing.error_ids == ["CommandNotFoundException,Microsoft.PowerShell.Commands.GetCommandCommand"]
    assert [row["Name"] for row in missing.output] == ["Get-Mailbox"]
    wild = run(connected, cmdlet("Get-Command", Name="*-ServicePrincipal")).output
    assert len(wild) == 4


def test_pipeline_input_of_the_client(connected: RunspacePool) -> None:
    powershell = build(connected, [cmdlet("Get-Mailbox"), cmdlet("Select-Object", ExpandProperty="Alias")])
    aliases: Any = ["erp", "info"]
    assert powershell.invoke(input=aliases) == ["erp", "info"]
    powershell.close()


def test_a_secure_string_is_exchanged(pool: RunspacePool) -> None:
    pool.exchange_keys()
    secret = pool.serialize("a secret \u00e9", ObjectMeta("SS"))
    plain = cmdlet("ConvertFrom-SecureString", SecureString=secret, AsPlainText=True)
    assert run(pool, plain).output == ["a secret \u00e9"]
    refused = run(pool, cmdlet("ConvertFrom-SecureString", SecureString="plain", AsPlainText=True))
    assert refused.error_ids[0].startswith("ParameterArgumentTransformationError,")


def test_large_values_go_both_ways(pool: RunspacePool) -> None:
    text = "".join(chr(0x4E00 + n % 5000) for n in range(300_000))
    assert run(pool, cmdlet("Write-Output", text)).output == [text]


def test_thousands_of_objects_arrive_in_order(pool: RunspacePool) -> None:
    numbers = list(range(5000))
    assert run(pool, cmdlet("Write-Output", numbers)).output == numbers


def test_parallel_pipelines_of_one_pool(lab: LabWorld, endpoint: Any) -> None:
    with RunspacePool(lab.wsman(endpoint), max_runspaces=3) as pool:
        started = time.monotonic()
        pipelines = [
            build(pool, cmdlet("Start-Sleep", Seconds=1), cmdlet("Write-Output", number)) for number in range(3)
        ]
        for pipeline in pipelines:
            pipeline.begin_invoke()
        assert [pipeline.end_invoke() for pipeline in pipelines] == [[0], [1], [2]]
        assert time.monotonic() - started < 2.8
        for pipeline in pipelines:
            pipeline.close()


def test_pipelines_queue_for_a_single_runspace(pool: RunspacePool) -> None:
    pipelines = [build(pool, cmdlet("Start-Sleep", Milliseconds=200), cmdlet("Write-Output", n)) for n in range(3)]
    for pipeline in pipelines:
        pipeline.begin_invoke()
    assert [pipeline.end_invoke() for pipeline in reversed(pipelines)] == [[2], [1], [0]]
    for pipeline in pipelines:
        pipeline.close()


def test_a_sleeping_pipeline_stops_and_the_pool_lives_on(pool: RunspacePool) -> None:
    sleeping = build(pool, ONE, cmdlet("Start-Sleep", Seconds=30), TWO)
    sleeping.begin_invoke()
    started = time.monotonic()
    sleeping.stop()
    assert time.monotonic() - started < 2
    assert sleeping.state == STOPPED
    sleeping.close()
    assert run(pool, ONE).output == ["one"]


def test_closing_the_pool_ends_what_still_runs(lab: LabWorld, endpoint: Any) -> None:
    before = threading.active_count()
    with RunspacePool(lab.wsman(endpoint)) as pool:
        build(pool, cmdlet("Start-Sleep", Seconds=60)).begin_invoke()
    assert endpoint.shells == 0
    deadline = time.monotonic() + 5
    while threading.active_count() > before + 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pipeline-")]


def test_runspaces_are_counted_and_changed(pool: RunspacePool) -> None:
    assert pool.get_available_runspaces() == 1
    pool.max_runspaces = 3
    assert pool.get_available_runspaces() == 3
    pool.min_runspaces = 2
    pool.reset_runspace_state()
    assert pool.is_alive(timeout=5)
