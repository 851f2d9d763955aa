"""How secrets begin, taken out of evidence: three characters of a secret are nobody's business unless somebody asks."""

from __future__ import annotations

from dataclasses import replace

from diagnostics.evidence.entra import AppRegistration
from diagnostics.evidence.typed import SecretShape
from diagnostics.evidence.whole import Evidence


def without_hints(evidence: Evidence) -> Evidence:
    """Return `evidence` without the first characters of secrets, but with what comparing them says.

    What Graph lists goes too, since one of them is how the configured secret begins.
    """
    registration, secret = evidence.graph.registration, evidence.secret
    keys = registration.password_credentials if isinstance(registration, AppRegistration) else ()
    if isinstance(secret, SecretShape) and secret.hint:
        alike = tuple(key.key_id for key in keys if key.hint == secret.hint)
        comparable = all(key.key_id for key in keys) and (bool(alike) or all(key.hint for key in keys))
        secret = replace(secret, hint="", matches=alike if comparable else None)
    if isinstance(registration, AppRegistration):
        registration = replace(registration, password_credentials=tuple(replace(key, hint="") for key in keys))
    return replace(evidence, secret=secret, graph=replace(evidence.graph, registration=registration))
