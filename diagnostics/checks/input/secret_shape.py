"""The secret looks like a secret's Value: not like its Secret ID (a GUID), not padded, not encoded."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.comparison import Comparison, compare
from diagnostics.evidence import AppRegistration, Evidence, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge the shape of the secret; its value is never known here."""
    secret = evidence.secret
    if isinstance(secret, Unavailable):
        if evidence.live:
            yield unknown("The application's secret could not be looked at", secret)
        return
    where = secret.provenance.how
    if secret.guid is not None:
        yield _guid(evidence, secret.guid, where)
        return
    if secret.looks_placeholder:
        suspect = Suspect(
            "input-placeholder-left-in-config", Confidence.CERTAIN, (f"{where}: the secret is a placeholder",)
        )
        yield failed("The secret is still a placeholder", suspect)
        return
    faults = [
        name
        for name, present in (
            ("quotes around it", secret.has_outer_quotes),
            ("invisible characters in it", secret.has_invisible),
            ("percent signs of URL encoding in it", secret.looks_url_encoded),
        )
        if present
    ]
    if secret.has_outer_blanks and not faults:
        return  # a check of its own speaks of them
    if faults:
        said = f"{where}: the secret has {' and '.join(faults)}"
        yield failed(said, Suspect("input-secret-wrong-value", Confidence.LIKELY, (said,)))
    else:
        yield passed(f"The secret has the shape of a secret's Value ({secret.length} characters)")


def _guid(evidence: Evidence, guid: str, where: str) -> Judgement:
    said = [f"{where}: the secret is {guid}, a GUID; a secret's Value never is one"]
    compared: tuple[Comparison, ...] = ()
    registration = evidence.graph.registration
    if isinstance(registration, AppRegistration):
        key = next((k for k in registration.password_credentials if k.key_id.casefold() == guid.casefold()), None)
        if key is not None:
            compared = (compare("configured secret", guid, "Secret ID in Graph", key.key_id),)
            said.append(f"it equals the Secret ID of the secret “{key.display_name or key.hint or key.key_id}”")
    suspect = Suspect(
        "input-secret-id-pasted", Confidence.CERTAIN, tuple(said), instead_of=("input-secret-wrong-value",)
    )
    return failed("The Secret ID was given instead of the secret's Value", suspect, compared=compared)


CHECK = Check(
    id="secret-shape",
    stage=Stage.INPUT,
    title="The secret has the shape of a secret's Value",
    causes=("input-secret-id-pasted", "input-secret-wrong-value", "input-placeholder-left-in-config"),
    judge=judge,
    required=False,
    order=40,
)
