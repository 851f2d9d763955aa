"""The secret in use is one of the application's and has not run out; Graph shows its first three characters and its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from diagnostics.checks import Check
from diagnostics.comparison import Comparison, compare
from diagnostics.evidence import AppRegistration, Evidence, PasswordCredential, SecretShape, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown

_WARN = dt.timedelta(days=30)


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Match the secret's first three characters with the hints that Graph lists, then look at the end dates."""
    registration, secret = evidence.graph.registration, evidence.secret
    if isinstance(registration, Unavailable):
        yield unknown("The secret's end date was not looked up", registration)
        return
    if not isinstance(registration, AppRegistration) or isinstance(secret, Unavailable) or secret.guid is not None:
        return
    ours = [key for key in registration.password_credentials if _is_alike(key, secret)]
    if not ours and (why := _not_comparable(registration.password_credentials, secret, evidence)):
        yield unknown("Which of the application's secrets is in use is not known", why)
        return
    if not ours:
        yield _foreign(registration.password_credentials, secret, evidence)
        return
    now = evidence.judged_at
    valid = [key for key in ours if key.ends_at is None or key.ends_at > now]
    if not valid:
        yield _expired(ours, registration.password_credentials, now)
        return
    ends = max((key.ends_at for key in valid if key.ends_at is not None), default=None)
    soon = ends is not None and ends - now < _WARN
    until = f" until {ends:%Y-%m-%d}" if ends else ""
    warning = f"It ends in {(ends - now).days} days: make the next one now" if ends is not None and soon else ""
    yield passed(
        f"The secret is valid{until}",
        *_compared("first characters of the configured secret", secret, valid[:1]),
        hint=warning,
    )


def _is_alike(key: PasswordCredential, secret: SecretShape) -> bool:
    return key.key_id in secret.matches if secret.matches is not None else bool(secret.hint) and key.hint == secret.hint


def _compared(name: str, secret: SecretShape, keys: Sequence[PasswordCredential]) -> tuple[Comparison, ...]:
    """Return how the secrets begin, where somebody asked for that."""
    return tuple(compare(name, secret.hint, "hint in Graph", key.hint) for key in keys) if secret.hint else ()


def _not_comparable(keys: Sequence[PasswordCredential], secret: SecretShape, evidence: Evidence) -> str:
    """Say why the hints decide nothing: Graph gives none for old secrets, and Entra has accepted what Graph does not list."""
    if secret.matches is None and (not secret.hint or any(not key.hint for key in keys)):
        return "Graph does not show the first characters of every secret"
    if evidence.live and not evidence.entra_errors and not isinstance(evidence.tokens, Unavailable):
        return "Entra accepts the secret, although Graph lists none that begins like it"
    return ""


def _foreign(keys: Sequence[PasswordCredential], secret: SecretShape, evidence: Evidence) -> Judgement:
    if secret.hint:
        hints = ", ".join(f"“{key.hint}”" for key in keys) or "none"
        hint = secret.hint
        said = f"the secret begins with “{hint}”; the secrets that Graph lists for the application begin with {hints}"
    else:
        many = len(keys)
        said = f"the secret begins like none of the {many} that Graph lists for the application; --show-secret-hint shows how"
    refused = evidence.entra_errors or isinstance(evidence.tokens, Unavailable)
    sure = Confidence.CERTAIN if refused else Confidence.LIKELY
    compared = _compared("configured secret begins with", secret, keys)
    return failed(
        "The secret is none of this application's",
        Suspect("input-secret-wrong-value", sure, (said,)),
        compared=compared,
    )


def _expired(ours: Sequence[PasswordCredential], every: Sequence[PasswordCredential], now: dt.datetime) -> Judgement:
    ended = max(key.ends_at for key in ours if key.ends_at is not None)
    name = ours[0].display_name or ours[0].hint or ours[0].key_id
    said = f"Graph: the secret “{name}” ended on {ended:%Y-%m-%d %H:%M} UTC, now is {now:%Y-%m-%d %H:%M} UTC"
    suspects = [Suspect("token-secret-expired", Confidence.CERTAIN, (said,))]
    newer = [key for key in every if key not in ours and (key.ends_at is None or key.ends_at > now)]
    if newer:
        new, old = newer[0].hint, ours[0].hint
        if new:
            found = f"Graph: a valid secret that begins with “{new}” exists, the application still sends “{old}…”"
        else:
            newest = newer[0].display_name or newer[0].key_id
            found = f"Graph: the secret “{newest}” is valid, the application still sends “{name}”"
        still = Suspect(
            "token-secret-old-one-sent", Confidence.CERTAIN, (said, found), instead_of=("token-secret-expired",)
        )
        suspects.insert(0, still)
    return failed("The secret has run out", *suspects)


CHECK = Check(
    id="secret-validity",
    stage=Stage.TOKEN,
    title="The secret is one of this application's and still valid",
    causes=("token-secret-expired", "token-secret-old-one-sent", "input-secret-wrong-value"),
    judge=judge,
    required=False,
    order=30,
)
