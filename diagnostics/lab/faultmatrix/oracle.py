"""What must come of each cell, written by hand from what diag promises, for each boundary and family of faults.

The rules, of which the tables are the application:

1. What could not be seen is not a pass: no check that needs this boundary, from the moment on, passes.
2. It is `unknown`, in words that name the boundary, and the exit code is 3. Microsoft Graph is not required: 0.
3. A fault of the line proves nothing about the tenant: no cause is named, but for two kinds of fault that are causes
   themselves. A certificate that is not the host's is what `token-network-no-tls-or-proxy` and
   `net-certificate-verify-failed` are about; and that the mail server cannot be reached is what the causes of the link
   imap-network are about. Exit code 1 then.
4. No cell takes longer than three times the deadlines of the exchanges that it begins, nor 300 MB; none shows a secret,
   a traceback or leaves a process; no redirect is followed.
5. A grant ends with one registration and one entry at most, whatever was lost on the way; it says that nothing is to be
   done, or ends with 0, only where both are there; and what it changed stands in the journal.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from diagnostics.lab.dns import MAIL_HOST
from diagnostics.lab.faultmatrix.cells import Boundary, Cell, Errand, Family
from diagnostics.lab.faultmatrix.measuring import Measured
from diagnostics.lab.faultmatrix.places import Access

MEGABYTE = 1024 * 1024
MOST_MEMORY = 300 * MEGABYTE
PATIENCE = 3
"""How many times the sum of the deadlines a cell may take."""

_WINDOW = 8
"""Characters of a secret that must not be seen together."""

_CLAIMS = frozenset({"token-tenant", "audience", "roles", "token-lifetime", "token-identity"})
_TOKEN = _CLAIMS | {"sign-in"}
_DISCOVERY = frozenset({"tenant", "mailbox-domain"})
_EXCHANGE = frozenset({"exchange-connection", "exchange-service-principal", "recipient", "imap-enabled", "full-access"})
_ROWS = frozenset({"exchange-service-principal", "recipient", "full-access"})
_CONSENT = frozenset({"admin-consent"})
_GRAPH = _CONSENT | {"app-registration", "directory-objects", "secret-validity", "published-permission-ids"}
_SIGNED_IN_IMAP = frozenset({"imap-sign-in", "imap-mailbox-opens"})
_IMAP = _SIGNED_IN_IMAP | {"imap-connection", "imap-server"}


@dataclass(frozen=True, slots=True)
class Expected:
    """What a run must show.

    None of `unseen` passes, or, for the last exchange of several, at least one of `some` does not. `told` are the checks
    of which one must be unknown (or, where `causes` may be named, failed) in words that name the boundary. `first` is the
    cause that is named first, if one must be.
    """

    exits: frozenset[int]
    unseen: frozenset[str] = frozenset()
    some: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    causes: tuple[str, ...] = ()
    first: str = ""


def _expected(exit_code: int, unseen: frozenset[str] = frozenset(), **more: Any) -> Expected:
    return Expected(frozenset({exit_code}), unseen, **more)


_SIGN_IN_HOST = _TOKEN | _EXCHANGE | _GRAPH | _SIGNED_IN_IMAP
_OPTIONAL = _expected(0, _GRAPH, told=_GRAPH)
_NOTHING_LOST = _expected(0)
_NO_EXCHANGE = _expected(3, _EXCHANGE, told=frozenset({"exchange-connection"}))
_LESS_EXCHANGE = _expected(3, some=_EXCHANGE, told=_EXCHANGE)
_OPENS = frozenset({"imap-mailbox-opens"})

_TABLE: Mapping[Boundary, Mapping[str, Expected]] = {
    Boundary.DISCOVERY: {
        "connect": _expected(3, _DISCOVERY | _SIGN_IN_HOST, told=_DISCOVERY | {"sign-in", "sign-in-host"}),
        "first": _expected(3, _DISCOVERY | _SIGN_IN_HOST, told=_DISCOVERY | {"sign-in", "sign-in-host"}),
        "last": _OPTIONAL,  # MSAL's question before the operator's sign-in for Graph
    },
    Boundary.TOKEN: {
        "first": _expected(3, _SIGN_IN_HOST, told=frozenset({"sign-in", "sign-in-host"})),
        # The second request is the operator's for Exchange, the last the operator's for Graph.
        "second": _expected(3, _EXCHANGE | _GRAPH, told=frozenset({"exchange-connection"})),
        "last": _OPTIONAL,
    },
    Boundary.GRAPH: {
        "first": _OPTIONAL,
        "second": _expected(0, some=_GRAPH, told=_GRAPH),
        "last": _expected(0, _CONSENT, told=_CONSENT),  # what was consented to
    },
    **{
        boundary: {"connect": _NO_EXCHANGE, "first": _NO_EXCHANGE, "second": _NO_EXCHANGE, "last": _LESS_EXCHANGE}
        for boundary in (Boundary.WSMAN, Boundary.STDIO, Boundary.SSH)
    },
    Boundary.REST: {"first": _NO_EXCHANGE, "second": _LESS_EXCHANGE, "last": _LESS_EXCHANGE},
    Boundary.DNS: {
        # The mailbox that is not there is a cause whatever DNS says of its domain.
        "first": _expected(1, frozenset({"recipient"}), causes=("",), first="mailbox-not-in-exchange-online"),
    },
    Boundary.IMAP: {
        "connect": Expected(frozenset({1}), _IMAP, told=_IMAP, causes=("net-",)),
        "greeting": Expected(frozenset({1, 3}), _IMAP, told=_IMAP, causes=("net-",)),
        "capability": Expected(frozenset({1, 3}), _SIGNED_IN_IMAP, told=_IMAP, causes=("net-",)),
        "authenticate": Expected(frozenset({1, 3}), _SIGNED_IN_IMAP, told=_IMAP, causes=("net-",)),
        "namespace": Expected(frozenset({1, 3}), _OPENS, told=_IMAP, causes=("net-",)),
        "list": Expected(frozenset({1, 3}), _OPENS, told=_IMAP, causes=("net-",)),
        "examine": Expected(frozenset({1, 3}), _OPENS, told=_IMAP, causes=("net-",)),
        "logout": _NOTHING_LOST,  # the mailbox has opened by then, and nobody needs an answer to a farewell
    },
}
_OTHERWISE: Mapping[str, Expected] = {
    # The tenant's id stands whole within a longer text that is spoilt at its end.
    "discovery/lone-surrogate/first": _expected(3, _SIGN_IN_HOST, told=frozenset({"sign-in", "sign-in-host"})),
    # A greeting that is a line of IMAP has been seen, whatever its words, and its bracket names the front end.
    **dict.fromkeys(
        ("imap/invalid-utf-8/greeting", "imap/lone-surrogate/greeting"),
        Expected(frozenset({1, 3}), _SIGNED_IN_IMAP, causes=("net-",)),
    ),
    # A farewell is a line of IMAP, too, and says nothing of whose server it is.
    "imap/bye/greeting": Expected(frozenset({1, 3}), _SIGNED_IN_IMAP | {"imap-server"}, causes=("net-",)),
    # The words of an OK are for people: the sign-in has worked, or the mailbox opens.
    **dict.fromkeys(
        ("imap/invalid-utf-8/authenticate", "imap/lone-surrogate/authenticate"),
        Expected(frozenset({1, 3}), _OPENS, told=_IMAP, causes=("net-",)),
    ),
    "imap/invalid-utf-8/examine": _NOTHING_LOST,
    "imap/lone-surrogate/examine": _NOTHING_LOST,
    # Yes and no stand whole between texts that are spoilt, and so does whose Exchange it is, which is asked for by address.
    "rest/lone-surrogate/first": _expected(3, _ROWS, told=_ROWS),
    # Who asks for another sign-in, refuses the one that came; a PowerShell that cannot be started is the operator's to get.
    "wsman/status-401/first": _expected(
        1, _EXCHANGE, causes=("operator-jump-host-refused",), first="operator-jump-host-refused"
    ),
    "stdio/refused/connect": _expected(4, _EXCHANGE, told=frozenset({"exchange-connection"})),
    # What Exchange itself says to a token that it does not take.
    "rest/status-401/first": Expected(frozenset({3, 4}), _EXCHANGE, told=frozenset({"exchange-connection"})),
    "rest/status-401/second": Expected(frozenset({3, 4}), some=_EXCHANGE, told=_EXCHANGE),
    "rest/status-401/last": Expected(frozenset({3, 4}), some=_EXCHANGE, told=_EXCHANGE),
    # The greeting comes whole before what never ends.
    "imap/endless-body/greeting": Expected(frozenset({1, 3}), _SIGNED_IN_IMAP, told=_IMAP, causes=("net-",)),
}
"""Cells in which a fault leaves more to be seen than others of its kind."""

_STRANGER: Mapping[Boundary, str] = {
    Boundary.DISCOVERY: "token-network-no-tls-or-proxy",
    Boundary.IMAP: "net-certificate-verify-failed",
}
"""Whose certificate is a cause; the others' only keeps diag from looking."""


def expected(cell: Cell) -> Expected:
    """Return what must come of a cell."""
    found = _OTHERWISE.get(cell.name) or _TABLE[cell.boundary][cell.moment.name]
    cause = _STRANGER.get(cell.boundary)
    if cell.kind.family is Family.STRANGER and cause is not None:
        return replace(found, exits=frozenset({1}), causes=(cause,), first=cause)
    return found


@dataclass(frozen=True, slots=True)
class Run:
    """What can be said of a run: its report, everything `shown` by it, and what its peers saw of it.

    `words` is a pattern for the name of the boundary, `secrets` is what must not be shown, `met` how often the fault was
    met (`None`: nobody could count), `visitors` how many came to where redirects lead; `before` and `access` are what
    the application had in Exchange before and after.
    """

    measured: Measured
    report: Mapping[str, Any] | None
    shown: bytes
    words: str
    secrets: Sequence[str]
    met: int | None
    visitors: int
    before: Access
    access: Access
    journal: Path


def problems(cell: Cell, run: Run) -> Iterator[str]:
    """Yield what is wrong with a run."""
    yield from _of_process(run)
    if cell.errand is not Errand.LOOK:
        yield from _of_grant(run)
    elif not run.measured.late:
        yield from _of_look(cell, run)


def _of_look(cell: Cell, run: Run) -> Iterator[str]:
    """Yield what is wrong with a run of `diag permissions`."""
    wanted = expected(cell)
    if run.measured.exit_code not in wanted.exits:
        yield f"exit code {run.measured.exit_code}, not {' or '.join(map(str, sorted(wanted.exits)))}"
    if run.report is None:
        yield "no report was written"
        return
    yield from _of_findings(wanted, run.report["findings"], run.words)
    named = [cause["cause"] for cause in run.report["causes"]]
    if alien := [cause for cause in named if not cause.startswith(wanted.causes or ("-",))]:
        yield f"names {', '.join(alien)}"
    if wanted.first and named[:1] != [wanted.first]:
        yield f"does not name {wanted.first}"
    if cell.boundary is Boundary.DNS and MAIL_HOST.rstrip(".").encode() in run.shown:
        yield "takes for an answer what is none"


def _of_grant(run: Run) -> Iterator[str]:
    """Yield what is wrong with a grant: whatever was lost on the way, nothing is done twice or claimed without being so."""
    now, before = run.access, run.before
    if now.registrations > 1 or now.entries > 1:
        yield f"registers {now.registrations} times, with {now.entries} entries"
    if now.registrations < before.registrations or now.entries < before.entries:
        yield "took something away"
    complete = now == Access(1, 1)
    if run.measured.late:
        return
    if run.measured.exit_code not in _GRANT_EXITS:
        yield f"exit code {run.measured.exit_code}"
    if run.measured.exit_code == 0 and not complete:
        yield f"exit code 0 with {now.registrations} registration(s) and {now.entries} entry(s)"
    if b"No change" in run.measured.stdout and (run.measured.exit_code or before != Access(1, 1)):
        yield "says that there is no change to make"
    if now != before:
        if b"othing was changed" in run.shown:
            yield "says that nothing was changed"
        intents = sum(json.loads(line)["kind"] == "intent" for line in _lines(run.journal))
        if intents < now.registrations + now.entries - before.registrations - before.entries:
            yield f"changed more than the journal announces ({intents})"


_GRANT_EXITS = frozenset({0, 1, 3, 4})


def _lines(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines() if file.exists() else []


def _of_process(run: Run) -> Iterator[str]:
    """Yield what is wrong with any run, whatever it was about."""
    measured = run.measured
    if measured.late:
        yield f"still running after {measured.seconds:.0f} s"
    if measured.memory > MOST_MEMORY:
        yield f"took {measured.memory // MEGABYTE} MB"
    own = [line for line in run.shown.splitlines() if b"Traceback (most recent" in line or b"diag failed:" in line]
    if own:
        yield f"a fault of its own: {own[0].decode('utf-8', 'replace')[:160]}"
    if measured.orphans:
        yield f"left behind: {', '.join(measured.orphans)}"
    if seen := sum(is_seen(secret, run.shown) for secret in run.secrets):
        yield f"shows {seen} secret(s)"
    if run.visitors:
        yield "followed the redirect"
    if run.met == 0 and not measured.late:
        yield "the fault was never met"


def _of_findings(wanted: Expected, findings: list[Mapping[str, Any]], words: str) -> Iterator[str]:
    passing = {finding["check"] for finding in findings if finding["outcome"] == "pass"}
    if seen := sorted(passing & wanted.unseen):
        yield f"passes what it cannot see: {', '.join(seen)}"
    if wanted.some and wanted.some <= passing:
        yield "passes everything"
    outcomes = {"unknown", "fail"} if wanted.causes else {"unknown"}
    told = [finding for finding in findings if finding["check"] in wanted.told and finding["outcome"] in outcomes]
    said = "\n".join(finding.get("reason") or finding["summary"] for finding in told)
    if wanted.told and not told:
        yield "nothing is unknown"
    elif wanted.told and not re.search(words, said):
        yield f"does not name the boundary: {' '.join(said.split())[:160]}"


def is_seen(secret: str, shown: bytes) -> bool:
    """Say whether any eight characters of a secret stand in what was shown, plainly or in base64.

    The header of a token and what all tokens of a lab share are no secrets: of a token, the signature counts.
    """
    kept = secret.rpartition(".")[2] if secret.count(".") == 2 else secret  # noqa: PLR2004 - header, payload, signature
    forms = (kept.encode(), base64.b64encode(kept.encode()).rstrip(b"="))
    return any(
        form[start : start + _WINDOW] in shown for form in forms for start in range(max(1, len(form) - _WINDOW + 1))
    )
