"""Why a thing could not be observed: one table, which live errors, the bridge and saved reports share."""

from __future__ import annotations

import pytest

from diagnostics.errors.reasons import MISSING, kind_of_sign_in
from diagnostics.evidence import ErrorKind, Missing
from diagnostics.exchange.port import ShellUnavailable


def test_every_kind_has_its_reason() -> None:
    assert set(MISSING) == set(ErrorKind)


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        (ErrorKind.NOT_FOUND, Missing.BLOCKED),
        (ErrorKind.COMMAND_NOT_FOUND, Missing.NO_RIGHTS),
        (ErrorKind.NO_RIGHTS, Missing.NO_RIGHTS),
        (ErrorKind.APP_LACKS_ROLE, Missing.NO_RIGHTS),
        (ErrorKind.THROTTLED, Missing.TIMED_OUT),
        (ErrorKind.CONNECTION, Missing.UNREACHABLE),
        (ErrorKind.NO_POWERSHELL, Missing.NOT_SIGNED_IN),
        (ErrorKind.MODULE_MISSING, Missing.NOT_SIGNED_IN),
        (ErrorKind.HOST_REFUSED, Missing.NOT_SIGNED_IN),
        (ErrorKind.OTHER, Missing.REMOTE_ERROR),
    ],
)
def test_a_shell_that_does_not_open_says_why_with_its_step(kind: ErrorKind, missing: Missing) -> None:
    said = ShellUnavailable("start PowerShell", "it did not", kind=kind, hint="Do this.").as_unavailable()
    assert (said.reason, said.missing, said.hint) == ("start PowerShell: it did not", missing, "Do this.")
    assert said.provenance.how == "start PowerShell"


@pytest.mark.parametrize(
    ("missing", "kind"),
    [
        (Missing.NOT_SIGNED_IN, ErrorKind.NOT_SIGNED_IN),
        (Missing.BLOCKED, ErrorKind.NOT_SIGNED_IN),
        (Missing.UNREACHABLE, ErrorKind.CONNECTION),
        (Missing.UNEXPECTED, ErrorKind.CONNECTION),
        (Missing.TIMED_OUT, ErrorKind.TIMED_OUT),
    ],
)
def test_a_sign_in_host_that_could_not_be_asked_refused_nobody(missing: Missing, kind: ErrorKind) -> None:
    assert kind_of_sign_in(missing) is kind
