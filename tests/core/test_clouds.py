"""Hosts and ids of Microsoft stand in one module, so that a cloud is right everywhere or nowhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import diagnostics
from diagnostics import clouds
from diagnostics.clouds import CLOUDS, EXCHANGE_AUDIENCES, GRAPH_AUDIENCES, LOGIN_HOSTS
from diagnostics.ids import GUID, is_guid
from diagnostics.net.urls import host_of

PACKAGE = Path(diagnostics.__file__).parent
HOSTS = {
    *(host_of(known.value) or known.value for cloud in CLOUDS.values() for known in cloud.known().values()),
    *(host for hosts in LOGIN_HOSTS for host in hosts),
    host_of(clouds.EXCHANGE_ALIAS),
    host_of(clouds.OLD_EXCHANGE),
}
READ = {
    "sources/transcript/hosts.py": "finds hosts in texts of others",
    "sources/transcript/network.py": "finds lines about IMAP in texts of others",
    "sources/transcript/reports.py": "finds hosts in texts of others",
    "sources/transcript/requests.py": "finds requests in texts of others",
    "sources/transcript/signatures.py": "finds hosts in texts of others, of clouds beyond these too",
    "sources/transcript/triggers.py": "a part of a host, by which a page of a text is looked at at all",
}
OTHER_IDS = {
    "sources/rights.py": "ids of Entra's directory roles, which stand nowhere else",
    "exchange/stdio.py": "the empty id of PowerShell remoting",
    "exchange/rest_http.py": "the system mailbox that the module names as anchor",
}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith("lab/") and name != "clouds.py":
            yield name, ast.parse(path.read_text("utf-8"))


def texts(tree: ast.Module) -> Iterator[str]:
    """Yield the texts of a module that are no docstrings, without the backslashes of patterns."""
    spoken = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in spoken:
            value = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
            if isinstance(value, str):
                yield value.replace("\\", "")


def test_no_other_module_spells_a_host_out() -> None:
    found = {
        name
        for name, tree in modules()
        for text in texts(tree)
        if any("." in host and host in text.casefold() for host in HOSTS)
    }
    assert found <= READ.keys(), found - READ.keys()


def test_no_other_module_spells_an_id_out() -> None:
    found = {name for name, tree in modules() for text in texts(tree) if GUID.search(text)}
    assert found == OTHER_IDS.keys()


@pytest.mark.parametrize("name", CLOUDS)
def test_a_clouds_scope_is_that_of_its_exchange(name: str) -> None:
    cloud = CLOUDS[name]
    assert cloud.scope.value == f"{cloud.exchange}/.default"
    assert cloud.exchange.value in EXCHANGE_AUDIENCES
    assert cloud.graph.value in GRAPH_AUDIENCES
    assert any(host_of(cloud.login.value) in hosts for hosts in LOGIN_HOSTS)


def test_no_audience_is_of_both() -> None:
    assert not EXCHANGE_AUDIENCES & GRAPH_AUDIENCES
    assert all(one == one.casefold().rstrip("/") for one in EXCHANGE_AUDIENCES | GRAPH_AUDIENCES)


def test_every_well_known_id_is_another() -> None:
    public = (value for name, value in vars(clouds).items() if name.isupper() and name[0] != "_")
    ids = [value for value in public if isinstance(value, str) and is_guid(value)]
    assert len(set(ids)) == len(ids) > 8
