"""Ids keep their types from where they enter to the cmdlet's parameter, and are compared in one way."""

from __future__ import annotations

import re
from pathlib import Path

import mypy.api
import pytest

import diagnostics
from diagnostics.ids import ApplicationId, is_cut_off, is_guid, is_same, lowered, may_be_same

A, B = "0f3c5d1e-9a77-4c05-8b7e-5b3f1f6f2a10", "0f3c5d1e-9a77-4c05-8b7e-5b3f1f6f2a11"

_SWAPS = """
from diagnostics.access import rightly_registered
from diagnostics.changes.state import Registration
from diagnostics.changes.steps import GrantFullAccess, RegisterServicePrincipal, RemoveAccess
from diagnostics.evidence import EnterpriseApplication, Evidence, ExchangeServicePrincipal, Target, TokenClaims
from diagnostics.evidence import AppRegistration
from diagnostics.exchange import calls

def swap(e: Evidence, t: TokenClaims, p: EnterpriseApplication, r: AppRegistration, x: ExchangeServicePrincipal) -> None:
    GrantFullAccess("a@contoso.com", t.object_id)
    GrantFullAccess("a@contoso.com", t.application_id)  # error
    GrantFullAccess("a@contoso.com", r.object_id)  # error
    RemoveAccess("a@contoso.com", r.object_id, ())  # error
    RegisterServicePrincipal(p.application_id, p.object_id, "")
    RegisterServicePrincipal(p.object_id, p.application_id, "")  # error
    calls.new_service_principal(x.app_id, x.object_id)
    calls.new_service_principal(r.application_id, r.object_id)  # error
    calls.add_permission("a@contoso.com", x.object_id, ["FullAccess"])
    calls.add_permission("a@contoso.com", x.sid, ["FullAccess"])  # error
    calls.add_permission("a@contoso.com", e.target.application_id, ["FullAccess"])  # error
    calls.service_principal(p.object_id)  # error
    calls.role_assignments(p.application_id)  # error
    rightly_registered([], x.app_id, x.object_id)
    rightly_registered([], x.object_id, x.app_id)  # error
    Registration(x.app_id, x.object_id, x.sid)
    Registration(x.app_id, x.object_id, x.object_id)  # error
    Target(application_id=t.tenant_id)  # error
    Target(enterprise_app_object_id=r.object_id)  # error
    x.__class__(t.tenant_id, x.object_id, "", x.provenance)  # error
"""


def test_mypy_refuses_to_hand_one_id_over_as_another(tmp_path: Path) -> None:
    swaps = tmp_path / "swaps.py"
    swaps.write_text(_SWAPS, encoding="utf-8")
    said, problems, _ = mypy.api.run(["--strict", "--no-error-summary", "--cache-dir", str(tmp_path), str(swaps)])
    assert problems == ""
    wanted = {number for number, line in enumerate(_SWAPS.splitlines(), 1) if line.endswith("# error")}
    refused = {int(line.split(":")[1]) for line in said.splitlines() if "[arg-type]" in line and "swaps.py" in line}
    assert refused == wanted, said
    assert all("[arg-type]" in line for line in said.splitlines()), said


EDGES = {
    "access.py": "reads whether a User is a SID",
    "clouds.py": "ids that are the same in every tenant",
    "exchange/opening.py": "the operator's token",
    "exchange/rest.py": "the operator's token",
    "exchange/rows.py": "rows of Exchange",
    "identity.py": "a tenant that was typed is an id or a domain",
    "ids.py": "the empty ids",
    "profile/subject.py": "the profile's operator",
    "profile/values.py": "the profile's application",
    "sources/claims.py": "tokens",
    "sources/collected.py": "the collector's file",
    "sources/entra.py": "discovery",
    "sources/graph_objects.py": "Microsoft Graph",
    "sources/transcript/collector.py": "pasted texts",
    "sources/transcript/graph.py": "pasted texts",
    "sources/transcript/requests.py": "pasted texts",
}
"""Where a text becomes an id, and of what; everywhere else an id is handed on with its type."""


def test_ids_are_made_only_where_they_enter() -> None:
    making = re.compile(r"\b(?:ApplicationId|EnterpriseAppObjectId|AppRegistrationObjectId|TenantId|Sid)\(")
    package = Path(diagnostics.__file__).parent
    found = {
        path.relative_to(package).as_posix() for path in package.rglob("*.py") if making.search(path.read_text("utf-8"))
    }
    assert {name for name in found if not name.startswith("lab/")} == EDGES.keys()


def test_what_is_a_guid() -> None:
    assert is_guid(A)
    assert is_guid(A.upper())
    for other in ("", f" {A}", f"{A}\n", f"{{{A}}}", A[:-1], A.replace("-", ""), "contoso.onmicrosoft.com"):
        assert not is_guid(other), other


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [(A, A.upper(), True), (A, f" {A} ", True), (A, B, False), ("", "", False), (A, "", False), ("", A, False)],
)
def test_two_ids_are_the_same_in_any_case(left: str, right: str, same: bool) -> None:
    assert is_same(left, right) is same


def test_the_lower_case_of_an_id_is_still_that_kind_of_id() -> None:
    kept: ApplicationId = lowered(ApplicationId(A.upper()))
    assert kept == A


@pytest.mark.parametrize("shown", [f"{A[:11]}...", f"{A[:11]}…", f"{A[:8]}-****{A[-4:]}", f"{A[:8]}…{A[-4:]}"])
def test_a_cut_off_id_may_be_one_and_not_another(shown: str) -> None:
    assert is_cut_off(shown)
    assert may_be_same(shown, A)
    assert not may_be_same(shown, "f" + A[1:])
