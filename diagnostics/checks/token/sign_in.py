"""Entra's refusals, read by their numbers; where one number has several causes, by what it quotes and what was sent."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping

from diagnostics.aadsts import BY_CODE, BY_RULE, NO_FAULT
from diagnostics.checks import Check
from diagnostics.checks._ids import GUID, is_guid, is_same
from diagnostics.checks.input._values import (
    guid_fault,
    is_broken,
    is_placeholder,
    is_redaction,
    may_be_hidden,
    tenant_fault,
)
from diagnostics.checks.token._clouds import foreign_host
from diagnostics.clouds import EXCHANGE_ALIAS, GLOBAL, US_GOV
from diagnostics.comparison import shortened
from diagnostics.evidence import EntraError, Evidence, SecretShape, SettingName, TenantDiscovery, Unavailable
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed, unknown
from diagnostics.net.urls import host_of
from diagnostics.slips import is_blank_only, stray_characters

_QUOTED_ID = re.compile(
    r"identifier ['\"‘’“”]?(?P<id>(?:(?!identifier ).)*?)['\"‘’“”]? (?:was|is) (?:not|n't|neither)"
    r"|(?:^|:\s*+)['\"‘’“”]?(?P<invalid>[^:'\"‘’“”]*?)['\"‘’“”]?(?: |(?<= ))is not a valid application identifier",
    re.DOTALL,
)
_DIRECTORY = re.compile(r"in the directory (?:['\"‘’“”](?P<id>[^'\"‘’“”]*)|(?P<hidden><[^<>]*>))")
_TENANT = re.compile(r"Tenant (?:['\"‘’“”](?P<id>[^'\"‘’“”]*)|(?P<bare>\S+) not found)")
_FOREIGN_CLOUD = re.compile(r"\.(?:onmschina|partner\.onmschina)\.cn\b|\.onmicrosoft\.us\b", re.IGNORECASE)
_SAME_STANDINS = {"foo", "bar", "abc"}  # one word for both ids says that they are the same


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Name what each refusal means; without one, say whether a token came."""
    for error in evidence.entra_errors:
        suspects = _suspects(error, evidence)
        numbers = _numbers(error)
        summary = f"Entra refused the sign-in: {numbers}"
        if suspects:
            yield failed(summary, *suspects, hint=_hint(error, suspects))
        else:
            yield unknown(summary, _unknown(error, numbers))
    if evidence.entra_errors:
        return
    if isinstance(evidence.tokens, Unavailable):
        yield unknown("No token could be asked for", evidence.tokens)
    elif evidence.tokens:
        yield passed("Entra issued a token for the application")


def _numbers(error: EntraError) -> str:
    return ", ".join(f"AADSTS{code}" for code in error.codes) or error.error or "an error without a number"


def _unknown(error: EntraError, numbers: str) -> str:
    told = next((NO_FAULT[code] for code in error.codes if code in NO_FAULT), "")
    if told:
        return f"{numbers} says: {told}"
    return f"{numbers} is not among the errors that are known here: {_first_sentence(error.description)}"


def _hint(error: EntraError, suspects: tuple[Suspect, ...]) -> str:
    """Return Entra's sentence; where several causes remain, what tells them apart."""
    telling = next((_TELLING[code] for code in error.codes if code in _TELLING), "") if len(suspects) > 1 else ""
    return telling or _first_sentence(error.description)


def _suspects(error: EntraError, evidence: Evidence) -> tuple[Suspect, ...]:
    found: list[Suspect] = []
    for code in error.codes:
        rule = _RULES.get(code)
        if rule is not None:
            found += rule(error, evidence)
        elif code in BY_CODE:
            cause, confidence = BY_CODE[code]
            found.append(_suspect(cause, confidence, error))
    return tuple(found)


# Where Entra names an application that it knows: there the id is right, unlike in "was not found in the directory".
_ITS_APP = re.compile(
    rf"(?:added to app|keys for app|^AADSTS7000112: Application) ['\"‘“](?P<id>{GUID.pattern})['\"’”]"
)


def _suspect(
    cause: str, confidence: Confidence, error: EntraError, *more: str, values: Mapping[str, str] | None = None
) -> Suspect:
    said = f"{error.provenance.how}: {_first_sentence(error.description) or _numbers(error)}"
    app = _ITS_APP.search(error.description)
    named = {"aadsts": " ".join(map(str, error.codes)), **({"application_id": app["id"]} if app else {})}
    return Suspect(cause, confidence, (said, *more), {**named, **(values or {})})


def _first_sentence(text: str) -> str:
    flat = " ".join(text.split())
    return shortened(re.split(r"(?:\\r\\n)?(?<!\s)\s*+Trace ID:", flat, maxsplit=1)[0], 300)


def _invalid_secret(error: EntraError, evidence: Evidence) -> list[Suspect]:
    """7000215: Entra answers alike for every value that does not match; the value's shape tells more."""
    secret = evidence.secret
    if isinstance(secret, Unavailable):
        causes = ("input-secret-id-pasted", "input-secret-wrong-value")
        first, second = causes if re.search(r"secret\s+ID", error.description) else reversed(causes)
        return [_suspect(first, Confidence.LIKELY, error), _suspect(second, Confidence.POSSIBLE, error)]
    if secret.guid is not None:
        return [
            _suspect(
                "input-secret-id-pasted",
                Confidence.CERTAIN,
                error,
                "the secret that was sent is a GUID, like a Secret ID",
            )
        ]
    if secret.looks_placeholder:
        return [_suspect("input-placeholder-left-in-config", Confidence.CERTAIN, error)]
    sure = Confidence.CERTAIN if evidence.live else Confidence.LIKELY  # in a text it may stand for the real one
    return [_suspect("input-secret-wrong-value", sure, error, _shape(secret))]


def _bad_credential(error: EntraError, evidence: Evidence) -> list[Suspect]:
    """50012 and 70002 were the numbers of a wrong secret before 7000215; of a certificate they speak in so many words."""
    if re.search(r"request body must contain", error.description, re.IGNORECASE):  # before 7000218
        return [_suspect("interactive-public-flow-not-allowed", Confidence.CERTAIN, error)]
    if re.search(r"assertion|certificate|signature|thumbprint", error.description, re.IGNORECASE):
        return [_suspect("token-cert-assertion-invalid", Confidence.CERTAIN, error)]
    if re.search(r"secret", error.description, re.IGNORECASE):
        return _invalid_secret(error, evidence)
    return [_suspect("input-secret-wrong-value", Confidence.POSSIBLE, error)]


def _expired_secret(error: EntraError, evidence: Evidence) -> list[Suspect]:
    """7000222: where somebody tells of a newer secret, the old one is still sent."""
    expired = _suspect("token-secret-expired", Confidence.CERTAIN, error)
    told = next((remark for remark in evidence.remarks if remark.kind == "said-newer-secret"), None)
    if told is None:
        return [expired]
    said = f"{told.provenance.how}: “{shortened(told.text, 200)}”"
    old = Suspect("token-secret-old-one-sent", Confidence.LIKELY, (said,), instead_of=("token-secret-expired",))
    return [old, expired]


def _shape(secret: SecretShape) -> str:
    if not secret.hint:
        return f"the secret that was sent has {secret.length} characters"
    return f"the secret that was sent has {secret.length} characters and begins with “{secret.hint}”"


def _app_not_found(error: EntraError, evidence: Evidence) -> list[Suspect]:
    """700016: the identifier that Entra quotes shows blanks and stray characters byte for byte."""
    match = _QUOTED_ID.search(error.description)
    quoted = (match["id"] or match["invalid"] or "") if match else ""
    directory = _DIRECTORY.search(error.description)
    tenant = (directory["id"] or directory["hidden"] or "") if directory else ""
    echoed = f"Entra echoes the identifier as {quoted!r}"
    if is_placeholder(quoted) and not is_redaction(quoted) and not (may_be_hidden(quoted) and may_be_hidden(tenant)):
        return [_suspect("input-placeholder-left-in-config", Confidence.CERTAIN, error, echoed)]
    stray = stray_characters(quoted)
    if quoted and stray:
        return [
            Suspect(
                "input-blank-copied-along" if is_blank_only(quoted) else "input-stray-character-in-client-id",
                Confidence.CERTAIN,
                (f"{error.provenance.how}: {echoed}; {stray} does not belong there",),
                instead_of=("token-app-not-in-tenant",),
            )
        ]
    if quoted and is_same(quoted, tenant) and (not is_redaction(quoted) or quoted.casefold() in _SAME_STANDINS):
        sure = Confidence.LIKELY if is_redaction(quoted) else Confidence.CERTAIN
        why = f"identifier and directory are both {quoted!r}"
        return [_suspect("input-tenant-and-client-swapped-or-same", sure, error, why)]
    if quoted and (no_guid := _no_guid(error, quoted)) is not None:
        return [no_guid, _suspect("token-app-not-in-tenant", Confidence.POSSIBLE, error)]
    more = [_suspect("token-app-not-in-tenant", Confidence.CERTAIN, error)]
    configured = evidence.target.application_id
    if quoted and is_guid(quoted) and is_guid(configured) and not is_same(quoted, configured):
        more[0] = _suspect("token-app-not-in-tenant", Confidence.CERTAIN, error, f"the profile says {configured}")
    return more


def _no_guid(error: EntraError, quoted: str) -> Suspect | None:
    """Suspect what was sent as client id where it reads like a name, a secret or a part of a GUID.

    A single word may be what whoever pasted it put in the id's place.
    """
    name_or_secret = len(quoted.split()) > 1 or "~" in quoted
    if is_guid(quoted) or is_redaction(quoted) or may_be_hidden(quoted) or not (name_or_secret or is_broken(quoted)):
        return None
    why = f"Entra echoes the identifier as {quoted!r}: {guid_fault(quoted)}"
    return _suspect("input-client-id-not-a-guid", Confidence.LIKELY, error, why)


def _bad_tenant(error: EntraError, evidence: Evidence) -> list[Suspect]:
    """900023: neither a GUID nor a domain; the value says what it was instead."""
    match = re.search(r"identifier ['\"‘’“”](?P<id>[^'\"‘’“”]*)", error.description)
    quoted = match["id"] if match else evidence.target.tenant
    fault = tenant_fault(quoted) if not is_redaction(quoted) else None
    if fault is not None and not may_be_hidden(quoted):
        return [_suspect(fault.cause, Confidence.CERTAIN, error, f"Entra echoes the tenant as {quoted!r}")]
    for request in evidence.token_requests:
        sent = tenant_fault(request.authority_tenant)
        if sent is not None:
            said = f"{request.provenance.how}: the tenant asked for is {request.authority_tenant!r}: {sent.why}"
            return [_suspect(sent.cause, Confidence.CERTAIN, error, said)]
    echoed = f"Entra echoes the tenant as {quoted!r}"
    if may_be_hidden(quoted):  # put there by whoever pasted it or by a template: what was sent is not to be seen
        return [
            _suspect("input-placeholder-left-in-config", Confidence.LIKELY, error, echoed),
            _suspect("input-tenant-guid-truncated", Confidence.POSSIBLE, error, echoed),
            _suspect("input-tenant-field-got-url", Confidence.POSSIBLE, error, echoed),
        ]
    return [_suspect("discovery-tenant-not-found", Confidence.LIKELY, error, echoed)]


def _no_such_tenant(error: EntraError, evidence: Evidence) -> list[Suspect]:
    """90002: a typing error, the wrong cloud, or the client id in the tenant's place."""
    match = _TENANT.search(error.description)
    quoted = match["id"] or match["bare"] or "" if match else evidence.target.tenant
    fault = tenant_fault(quoted)
    # Entra refuses what is no name at all with 900023: angle brackets in a 90002 were put there by whoever pasted it.
    told = {"input-placeholder-left-in-config", "input-blank-copied-along"}
    if fault and fault.cause in told and not may_be_hidden(quoted):
        return [_suspect(fault.cause, Confidence.CERTAIN, error, f"Entra echoes the tenant as {quoted!r}")]
    elsewhere, host = _other_cloud(evidence, quoted), foreign_host(evidence)
    if elsewhere or host or _FOREIGN_CLOUD.search(quoted):
        why = f"the text names {host}, a host of another cloud" if host else f"{quoted} is a domain of another cloud"
        why = f"{quoted} is known at {elsewhere.login}" if elsewhere else why
        sure = Confidence.CERTAIN if elsewhere else Confidence.LIKELY
        return [
            Suspect(
                "discovery-wrong-cloud",
                sure,
                (_first_sentence(error.description), why),
                instead_of=("discovery-tenant-not-found",),
            )
        ]
    if GUID.fullmatch(quoted) and any(is_same(quoted, known) for known in _application_ids(evidence)):
        return [
            _suspect(
                "input-tenant-and-client-swapped-or-same",
                Confidence.CERTAIN,
                error,
                "the tenant that was sent is the Application ID",
            )
        ]
    if not (re.match(r"[0-9a-fA-F]{8}-", quoted) or is_redaction(quoted) or may_be_hidden(quoted)):
        return [_suspect("discovery-tenant-not-found", Confidence.CERTAIN, error)]
    asked = not isinstance(evidence.discoveries, Unavailable)  # else an id says nothing of the cloud that it belongs to
    return [
        _suspect("discovery-tenant-not-found", Confidence.CERTAIN if asked else Confidence.LIKELY, error),
        _suspect("discovery-wrong-cloud", Confidence.POSSIBLE, error),
    ]


def _application_ids(evidence: Evidence) -> set[str]:
    """Return every Application ID that was configured or sent."""
    typed = (s.raw.strip() for s in evidence.settings if s.name is SettingName.APPLICATION_ID)
    sent = (request.application_id for request in evidence.token_requests)
    return {evidence.target.application_id, *typed, *sent} - {""}


def _other_cloud(evidence: Evidence, tenant: str) -> TenantDiscovery | None:
    if isinstance(evidence.discoveries, Unavailable):
        return None
    here = evidence.target.login
    return next((d for d in evidence.discoveries if d.tenant_id and d.login != here and is_same(d.asked, tenant)), None)


def _conditional_access(error: EntraError, _evidence: Evidence) -> list[Suspect]:
    """53003: for an application it is a policy for workload identities, for a user an ordinary one."""
    workload = _suspect("token-ca-blocks-workload", Confidence.CERTAIN, error)
    user = _suspect("interactive-ca-block-user", Confidence.CERTAIN, error)
    if error.grant_type == "client_credentials":
        return [workload]
    if error.grant_type:
        return [user]
    return [
        _suspect("token-ca-blocks-workload", Confidence.LIKELY, error),
        _suspect("interactive-ca-block-user", Confidence.POSSIBLE, error),
    ]


def _malformed(error: EntraError, _evidence: Evidence) -> list[Suspect]:
    """9002313: with invalid_grant it is the refresh token or the code that is malformed, else the request."""
    if error.error == "invalid_grant" or error.grant_type in {"refresh_token", "authorization_code"}:
        return [
            _suspect("interactive-refresh-token-expired", Confidence.LIKELY, error),
            _suspect("token-scope-parameter-missing", Confidence.POSSIBLE, error),
        ]
    return [_suspect("token-scope-parameter-missing", Confidence.LIKELY, error)]


def _resource(error: EntraError, _evidence: Evidence) -> list[Suspect]:
    """50001: the number of 500011 and of 500014 before these were told apart."""
    disabled = re.search(r"\bis disabled\b", error.description)
    cause = "token-resource-sp-disabled" if disabled else "token-resource-sp-not-found"
    return [_suspect(cause, Confidence.CERTAIN, error)]


def _invalid_scope(error: EntraError, _evidence: Evidence) -> list[Suspect]:
    """70011: older tenants and libraries answer it for a client-credentials scope without /.default, too."""
    if re.search(r"not compatible with each other|more than one resource", error.description):
        return [_suspect("token-scopes-of-two-resources", Confidence.CERTAIN, error)]
    named = re.findall(r"https://([\w-]+(?:\.[\w-]+)+)/\w", error.description.casefold())
    if len({host.replace(host_of(EXCHANGE_ALIAS), host_of(GLOBAL.exchange.value)) for host in named}) > 1:
        return [
            _suspect("token-scopes-of-two-resources", Confidence.LIKELY, error),
            _suspect("token-scope-invalid", Confidence.POSSIBLE, error),
        ]
    if error.grant_type == "client_credentials" or re.search(
        r"client credential|/\.default suffix", error.description, re.IGNORECASE
    ):
        scope = re.search(r"[Tt]he scope (?P<scope>(?:(?![Tt]he scope ).)+?) is not valid", error.description)
        if scope is None or not scope["scope"].strip().startswith("/.default"):
            return [
                _suspect("token-scope-not-default", Confidence.LIKELY, error),
                _suspect("token-scope-invalid", Confidence.POSSIBLE, error),
            ]
    return [_suspect("token-scope-invalid", Confidence.CERTAIN, error)]


_PARAMETER = re.compile(r"parameter:?\s+['\"‘’“”`](?P<name>[\w\s-]{1,60})|field ['\"‘’“”`](?P<field>[\w\s-]{1,60})")
_INSTANT = r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)"
_INSTANTS = (
    re.compile(rf"Current time: {_INSTANT}"),
    re.compile(rf"valid from {_INSTANT}"),
    re.compile(rf"expiry time of assertion {_INSTANT}"),
)


def _missing_parameter(error: EntraError, _evidence: Evidence) -> list[Suspect]:
    """900144 and 90014: the parameter that is missing says what was forgotten; without refresh_token none was ever issued."""
    match = _PARAMETER.search(error.description)
    name = "".join((match["name"] or match["field"]).split()) if match else ""
    said = (f"the parameter that is missing is {name}",) if name else ()
    if name == "refresh_token":
        why = "a refresh token is issued only to who asks for offline_access"
        return [
            _suspect("interactive-no-offline-access", Confidence.LIKELY, error, *said, why),
            _suspect("token-scope-parameter-missing", Confidence.POSSIBLE, error, *said),
        ]
    if name in {"client_assertion", "client_secret"}:
        return [_suspect("interactive-public-flow-not-allowed", Confidence.LIKELY, error, *said)]
    return [_suspect("token-scope-parameter-missing", Confidence.CERTAIN, error, *said)]


def _assertion_out_of_time(error: EntraError, _evidence: Evidence) -> list[Suspect]:
    """700024: a clock that is wrong, or an assertion that was kept; the two instants tell."""
    now, start, end = (_instant(pattern.search(error.description)) for pattern in _INSTANTS)
    more: list[str] = []
    if now and end and now > end:
        more.append(
            f"Entra's time {_shown(now)} is after the assertion's end {_shown(end)}, by {_span(now - end)}:"
            " the program sent an assertion that it had kept, or its clock is behind"
        )
    elif now and start and now < start:
        more.append(
            f"Entra's time {_shown(now)} is before the assertion's beginning {_shown(start)}, by {_span(start - now)}:"
            " the clock of the machine that signed it is ahead"
        )
    return [_suspect("token-cert-assertion-invalid", Confidence.CERTAIN, error, *more)]


def _instant(match: re.Match[str] | None) -> dt.datetime | None:
    """Return a time as Entra writes it, in UTC and without the parts of a second."""
    try:
        return dt.datetime.fromisoformat(f"{match['at']}+00:00") if match else None
    except ValueError:
        return None


def _shown(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _span(span: dt.timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join([f"{number} {unit}" for number, unit in parts if number][:2])


_RULES: Mapping[int, Callable[[EntraError, Evidence], list[Suspect]]] = {
    7000215: _invalid_secret,
    700016: _app_not_found,
    700038: _app_not_found,
    50012: _bad_credential,
    70002: _bad_credential,
    7000222: _expired_secret,
    900023: _bad_tenant,
    90002: _no_such_tenant,
    53003: _conditional_access,
    70011: _invalid_scope,
    50001: _resource,
    9002313: _malformed,
    900144: _missing_parameter,
    90014: _missing_parameter,
    700024: _assertion_out_of_time,
}

# What tells the causes of one number apart.
_TELLING: Mapping[int, str] = {
    7000215: "az ad app credential list --id <application-id> shows each secret's beginning (hint) and Secret ID (keyId).",
    7000222: "az ad app credential list --id <application-id> shows the beginning (hint) and the end of each secret.",
    90002: f"Another cloud? {US_GOV.login}/<tenant>/v2.0/.well-known/openid-configuration tells.",
    53003: "Sign-in logs > Service principal sign-ins lists it when a policy for workload identities blocked it.",
    70011: "The request's grant_type tells: with client_credentials the scope must end in /.default.",
}

CHECK = Check(
    id="sign-in",
    stage=Stage.TOKEN,
    title="Entra issues a token for the application",
    causes=tuple(
        dict.fromkeys(
            (*sorted({cause for cause, _ in BY_CODE.values()}), *(c for rule in BY_RULE.values() for c in rule))
        )
    ),
    judge=judge,
    order=10,
)
