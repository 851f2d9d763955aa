"""What a shell that did not open means for the operator who had signed in: which right is missing, and how to give it."""

from __future__ import annotations

from diagnostics.exchange.port import ErrorKind, ShellUnavailable
from diagnostics.sources.operator import OperatorSession

_REFUSED = frozenset({ErrorKind.NO_RIGHTS, ErrorKind.NOT_SIGNED_IN})


def explained(problem: ShellUnavailable, session: OperatorSession) -> ShellUnavailable:
    """Return the refusal with the rights that the operator's token lacks.

    An application that Exchange refuses although Entra gave it a token lacks a role: Exchange.ManageAsApp, which the token
    would show, or a directory role, which it need not show (app-only-auth-powershell-v2.md).
    """
    lacking = " ".join(f"The operator lacks {right.right}: {right.why}. {right.fix}" for right in session.missing)
    is_role = session.claims.is_app_only and problem.kind in _REFUSED
    proven = ", ".join(right.right for right in session.missing if right.proven)
    return ShellUnavailable(
        problem.step,
        f"{problem.message}; the operator's token lacks {proven}" if is_role and proven else problem.message,
        kind=ErrorKind.APP_LACKS_ROLE if is_role else problem.kind,
        hint=" ".join(part for part in (lacking, problem.hint) if part),
    )
