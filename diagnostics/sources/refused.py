"""What a refusal means for the operator: whose credential was refused, or which right is missing, and how to give it."""

from __future__ import annotations

from dataclasses import replace

from diagnostics.evidence import Unavailable
from diagnostics.exchange.port import ErrorKind, ShellUnavailable
from diagnostics.exchange.rest_answers import STATUS_ALONE
from diagnostics.sources.operator import OperatorSession, OperatorSignInFailed

_OF_THE_SECRET = frozenset({7000215, 7000222, 50012})
"""Entra's numbers for a secret that is wrong or has expired; the others are about something else (reference-error-codes.md)."""
_OWN = "This is the operator's sign-in, as the profile has it under `operator`; the application under test has its own."
_REFUSED = frozenset({ErrorKind.NO_RIGHTS, ErrorKind.NOT_SIGNED_IN})


def explained(problem: ShellUnavailable, session: OperatorSession) -> ShellUnavailable:
    """Return the refusal with the rights that the operator's token lacks.

    An application that Exchange refuses although Entra gave it a token lacks a role: Exchange.ManageAsApp, which the token
    would show, or a directory role, which it need not show (app-only-auth-powershell-v2.md). A status without Exchange's
    words proves no such thing: a proxy answers so, too.
    """
    lacking = " ".join(f"The operator lacks {right.right}: {right.why}. {right.fix}" for right in session.missing)
    proven = ", ".join(right.right for right in session.missing if right.proven)
    is_said = bool(proven) or STATUS_ALONE.search(problem.message) is None
    is_role = session.claims.is_app_only and problem.kind in _REFUSED and is_said
    return ShellUnavailable(
        problem.step,
        f"{problem.message}; the operator's token lacks {proven}" if is_role and proven else problem.message,
        kind=ErrorKind.APP_LACKS_ROLE if is_role else problem.kind,
        hint=" ".join(part for part in (lacking, problem.hint) if part),
    )


def whose(problem: OperatorSignInFailed, kept: str) -> Unavailable:
    """Return a failed sign-in as the reason, saying that it is the operator's, so that nobody changes the application's.

    `kept` says where the operator's secret is kept and how to set it again: told where it is the secret that Entra refuses.
    """
    why = problem.as_unavailable()
    if not problem.errors:
        return why
    codes = {code for error in problem.errors for code in error.codes}
    own = kept if kept and codes & _OF_THE_SECRET else _OWN
    return replace(why, hint=" ".join(part for part in (why.hint, own) if part))
