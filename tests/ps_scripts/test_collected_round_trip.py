"""The collector with a real PowerShell, its file, and the evidence in it: the same as the bridge brings over WinRM."""

from __future__ import annotations

from diagnostics.ids import ApplicationId

import contextlib
import dataclasses
import re
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from diagnostics.checks import run_checks
from diagnostics.diagnosis import diagnose
from diagnostics.evidence import Absent, Missing, Recipient, Unavailable
from diagnostics.exchange.collect import collect
from diagnostics.exchange.factory import open_shell
from diagnostics.lab.scenarios.registry import scenarios
from diagnostics.lab.state import ExchangeServicePrincipal, PermissionEntry, new_id
from diagnostics.sources import collected
from tests.ps_scripts.collected_schema import SCHEMA
from tests.ps_scripts.engine import Session

pytestmark = pytest.mark.powershell
SCENARIOS = [
    name
    for name in scenarios()  # those that Exchange itself can show
    if name.startswith(("exo-", "mailbox-", "perm-")) and name != "exo-cmdlet-not-found"
]


def bare(value: Any) -> Any:
    """Evidence without what differs by nature: moments, the server that answered, the machine that was asked."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        left_out = {"at", "seconds", "transport", "powershell_version", "module_version"}
        return {f.name: bare(getattr(value, f.name)) for f in dataclasses.fields(value) if f.name not in left_out}
    if isinstance(value, tuple | list):
        return [bare(item) for item in value]
    return re.sub(r"'[A-Z0-9]+DC01\.[A-Z0-9.]+'", "'server'", value) if isinstance(value, str) else value


def export(session: Session, addresses: list[str], **more: object) -> bytes:
    setup = session.tenant.lab.setup
    file = session.folder / "evidence.json"
    given = {
        "Mailbox": addresses,
        "ApplicationId": setup.registration.app_id,
        "TenantId": setup.tenant.id,
        "Path": str(file),
        "Force": True,
        "AccessToken": session.tenant.token().reveal(),
        "Organization": setup.tenant.initial_domain,
    }
    assert session.run("Export-DiagEvidence.ps1", **{**given, **more}).one["Mailboxes"] == len(addresses)
    return Path(str(more.get("Path", file))).read_bytes()


@pytest.mark.parametrize("scenario", [None, *SCENARIOS])
def test_the_file_gives_the_evidence_of_the_bridge(scenario: str | None, start: Callable[..., Session]) -> None:
    session = start(*([scenario] if scenario else []))
    setup, tenant = session.tenant.lab.setup, session.tenant
    addresses = [*session.tenant.lab.ready["mailboxes"], "nobody@contoso.com"]
    content = export(session, addresses)
    assert collected.is_collected(content[:4096])
    evidence = collected.read(content, "evidence.json")
    with open_shell(tenant.winrm(), tenant.request()) as shell:
        live = collect(shell, addresses, ApplicationId(setup.registration.app_id), lambda: addresses)
    assert bare(evidence.exchange) == bare(live.exchange)
    kept = ("address", "recipient", "permissions", "cas", "soft_deleted")
    assert [[bare(getattr(m, name)) for name in kept] for m in evidence.mailboxes] == [
        [bare(getattr(m, name)) for name in kept] for m in live.mailboxes
    ]


def test_the_file_keeps_to_its_schema_and_holds_no_secret(start: Callable[..., Session]) -> None:
    import json  # noqa: PLC0415

    session = start()
    content = export(session, [session.tenant.mailbox, "nobody@contoso.com"])
    document = json.loads(content)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert b"eyJ" not in content
    assert not content.startswith(b"\xef\xbb\xbf")
    worked = {(call["cmdlet"], call["parameters"].get("Identity", "")): call["worked"] for call in document["calls"]}
    assert all(done for (_, identity), done in worked.items() if identity != "nobody@contoso.com")
    assert not any(done for (_, identity), done in worked.items() if identity == "nobody@contoso.com")
    failed = next(call for call in document["calls"] if not call["worked"])
    assert failed["errors"][0]["id"].endswith(",Write-ErrorMessage")
    assert failed["errors"][0]["message"].startswith("Ex6F9304|")


def test_an_error_for_one_mailbox_spoils_no_other(start: Callable[..., Session]) -> None:
    session = start()
    evidence = collected.read(export(session, ["nobody@contoso.com", session.tenant.mailbox]))
    nobody, mailbox = evidence.mailboxes
    assert isinstance(nobody.recipient, Absent)
    assert isinstance(nobody.permissions, Unavailable)
    assert nobody.permissions.missing is Missing.BLOCKED
    assert isinstance(mailbox.recipient, Recipient)
    assert isinstance(mailbox.permissions, tuple)
    assert mailbox.permissions


def test_a_cmdlet_that_the_operator_lacks_is_a_missing_right(start: Callable[..., Session]) -> None:
    """A session without the cmdlet and an endpoint that refuses it say it in other words; they mean the same."""
    session = start("exo-cmdlet-not-found")
    evidence = collected.read(export(session, [session.tenant.mailbox]))
    found = evidence.exchange.service_principals
    assert isinstance(found, Unavailable)
    assert found.missing is Missing.NO_RIGHTS
    assert isinstance(evidence.mailboxes[0].permissions, tuple)


def test_a_right_that_is_missing_is_not_an_empty_list(start: Callable[..., Session]) -> None:
    session = start()
    assert not session.connect().ended
    session.tenant.lab.setup.operator_enterprise.directory_roles.clear()
    evidence = collected.read(export(session, [session.tenant.mailbox]))
    for part in (evidence.exchange.service_principals, *(m.permissions for m in evidence.mailboxes)):
        assert isinstance(part, Unavailable)
    assert evidence.exchange.errors


def test_a_cause_is_named_from_the_file_alone(start: Callable[..., Session]) -> None:
    session = start("perm-fullaccess-missing")
    evidence = collected.read(export(session, [session.tenant.mailbox]))
    first = diagnose(evidence, run_checks(evidence)).first
    assert first is not None
    assert first.cause == "perm-fullaccess-missing"


def test_a_list_that_was_cut_off_is_not_taken_for_whole(start: Callable[..., Session]) -> None:
    session = start()
    setup = session.tenant.lab.setup
    principals = setup.tenant.exchange_service_principals
    principals[:0] = [ExchangeServicePrincipal(new_id(), new_id(), f"Filler {number}") for number in range(1000)]
    evidence = collected.read(export(session, [session.tenant.mailbox]))
    found = evidence.exchange.service_principals
    assert isinstance(found, tuple)
    assert setup.registration.app_id in {row.app_id for row in found}
    assert session.connect().one
    setup.remove_permissions()
    assert session.change("Grant-DiagFullAccess.ps1", Mailbox=[session.tenant.mailbox]).one["Outcome"] == "Granted"
    principals.pop()
    principals.append(ExchangeServicePrincipal(new_id(), new_id(), "Filler"))
    assert session.change("Grant-DiagFullAccess.ps1", Mailbox=[session.tenant.mailbox]).ended


def test_names_arrive_unchanged(start: Callable[..., Session], tmp_path: Path) -> None:
    session = start()
    setup = session.tenant.lab.setup
    name = 'M\u00fcller \u2018quoted\u2019 $(x) `n \U0001f600 "two\nlines"'
    setup.exchange_principal.display_name = name
    setup.mailbox.permissions.append(PermissionEntry(name, "S-1-5-21-1-2-3-4"))
    evidence = collected.read(export(session, [session.tenant.mailbox]))
    assert isinstance(evidence.exchange.service_principals, tuple)
    assert evidence.exchange.service_principals[0].display_name == name


def watched(folder: Path, seen: dict[str, set[int]], stop: threading.Event) -> None:
    """Note the modes with which files are met in a folder while something is written there."""
    while not stop.is_set():
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                seen.setdefault(path.suffix, set()).add(stat.S_IMODE(path.stat().st_mode))


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_the_file_is_its_owners_alone_from_its_first_moment(start: Callable[..., Session], tmp_path: Path) -> None:
    session, seen, stop = start(), dict[str, set[int]](), threading.Event()
    place = tmp_path / "evidence.json"
    watcher = threading.Thread(target=watched, args=(tmp_path, seen, stop))
    watcher.start()
    try:
        for force in (False, True):
            export(session, [session.tenant.mailbox], Path=str(place), Force=force)
            assert stat.S_IMODE(place.stat().st_mode) == 0o600
            place.chmod(0o644)  # what stood there before does not say who may read the new one
    finally:
        stop.set()
        watcher.join()
    assert list(tmp_path.iterdir()) == [place]
    assert {mode for suffix, modes in seen.items() if suffix != ".json" for mode in modes} <= {0o600}
