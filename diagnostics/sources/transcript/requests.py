"""What was asked of Entra: sign-in URLs, HTTP bodies, lines of configuration and of scripts that call a library."""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote, unquote_plus

from diagnostics.evidence import TokenRequest
from diagnostics.ids import ApplicationId
from diagnostics.sources.transcript import events, programs
from diagnostics.sources.transcript.window import View

_URL = re.compile(
    r"(?P<login>https?:(?:\\?/){2}(?:login\.(?:microsoftonline\.(?:com|us|de)|partner\.microsoftonline\.cn|chinacloudapi\.cn|windows\.net|microsoft\.com)))"
    r"(?P<path>(?:\\?/[^\s\"'<>?#|`,)\\]*)*)(?:\?(?P<query>[^\s\"'<>#`)]*))?",
    re.IGNORECASE,
)
_ENDPOINT = re.compile(
    r"/(?P<tenant>[^/]+)/(?:oauth2/)?(?:v2\.0/)?(?:token|authorize|devicecode|adminconsent|\.well-known/openid-configuration)\b|/(?P<only>[^/]+)/?(?:v2\.0/?)?$"
)
_BODY_FIELD = re.compile(
    r"(?:^|[\s&?\"'{,;(])(?P<name>grant_type|scope|client_id|redirect_uri|resource|response_type)(?:=|%3[dD])(?P<value>[^&\s\"'#]+)"
)
_SETTING_FIELD = re.compile(
    r"[\"']?\$?\b(?P<name>grant_?type|scopes?|resource|redirect_?uri|redirectUrl|oauth2_scope|oauth2_flow)[\"']?\s*(?:=>|[:=]|(?=\[[\"']))\s*(?P<value>\[[^\]\n]{0,1000}\]|\{[^}\n]{0,1000}\}|@?\([^)\n]{0,1000}\)|\"[^\"\n]*\"|'[^'\n]*'|[^\s,;]+(?:[ ,]+(?:https?://\S+|[A-Za-z_]+\.[A-Za-z.]+|offline_access|openid|profile|email))*)",
    re.IGNORECASE,
)
_CALL = re.compile(
    r"(?:acquire_?token_?for_?client|acquireTokenByClientCredential)\s*\(\s*(?P<rest>[^)]{0,200})", re.IGNORECASE
)
_INTERPOLATED = re.compile(r"[{}<>$]|%[A-Za-z_]{2,}%|\s")
_PLAUSIBLE = re.compile(r"[0-9a-fA-F-]{30,}|[\w-]+(?:\.[\w-]+)+|common|organizations|consumers")
_NEAR = 12
_SCOPE_LIST = re.compile(
    r"\bscopes?\b[^\n\"']{0,60}[\[({]\s*+(?P<list>(?:(?://|#)[^\n]{0,300}+\n\s*+|[\"'][^\"'\s]++[\"']\s*+,?\s*+){1,12})",
    re.IGNORECASE,
)
_LONE_SCOPE = re.compile(r"[\"'](https?://[^\"'\s]+|offline_access|openid)[\"']")
_OF_MAIL = re.compile(r"(?:IMAP|POP|SMTP)\.\w|outlook\.office|partner\.outlook\.cn", re.IGNORECASE)
_PERMISSIONS = re.compile(
    r"permission|permiso|berechtigung|autorisation|autorizz|permiss[aã]o|permiss[oõ]es|consent|granted|conced|erteilt|\bAPI\b",
    re.IGNORECASE,
)
_MOST_SCOPES = 20
_PARAMETERS = {"grant_type", "scope", "client_id", "redirect_uri", "response_type", "resource"}
_NO_TENANTS = {
    "error",
    "common-errors",
    "oauth2",
    "kmsi",
    "appverify",
    "login.srf",
    "redirect",
    "reprocess",
    "favicon.ico",
    "",
}


def read(window: View) -> Iterator[TokenRequest]:
    """Yield each request that can be read off the text; what a document or an interpolated string shows is left out."""
    low = window.lower
    words = ("microsoftonline", "grant", "scope", "acquire", "windows.net", "chinacloudapi", "redirect")
    if not any(word in low for word in words):
        return
    found = [*_urls(window), *_fields(window), *_listed(window)]
    yield from _merged(found)


def _urls(window: View) -> Iterator[tuple[int, TokenRequest]]:
    for index, line in enumerate(window.lines):
        if "://" not in line and ":\\/" not in line:
            continue
        if events.explained(window, index) or '"issuer"' in line:
            continue  # an openid-configuration lists addresses that nobody has asked
        for match in _URL.finditer(line):
            request = _of_url(window, index, match)
            if request is not None:
                yield index, request


def _of_url(window: View, index: int, match: re.Match[str]) -> TokenRequest | None:
    path = match["path"].replace("\\", "")
    if "adminconsent" in path:
        return None  # a consent, no request for a token
    query = {name: value for name, value in _query(match["query"] or "").items() if name in _PARAMETERS}
    tenant = _tenant(path, literal=bool(query) or not programs.is_program(window.lines[index]))
    if not (tenant or query):
        return None
    grant = query.get("grant_type", "")
    if not grant and (query.get("response_type", "").startswith("code") or "/authorize" in path):
        grant = "authorization_code"
    elif not grant and "/devicecode" in path:
        grant = "device_code"
    return TokenRequest(
        window.where(window.numbers[index]),
        grant_type=grant,
        scopes=_scopes(query.get("scope", "")),
        authority_tenant=tenant,
        login=match["login"].replace("\\", "").lower(),
        application_id=ApplicationId(_literal(query.get("client_id", ""))),
        redirect_uri=_literal(query.get("redirect_uri", "")),
    )


def _tenant(path: str, *, literal: bool) -> str:
    """Return the tenant that a sign-in address names; of a program's line only what can be one."""
    endpoint = _ENDPOINT.search(path)
    tenant = unquote((endpoint["tenant"] or endpoint["only"]) if endpoint else "")
    if tenant.lower() in _NO_TENANTS or _INTERPOLATED.search(tenant):
        return ""
    return tenant if literal or _PLAUSIBLE.fullmatch(tenant) else ""


def _query(query: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in query.replace("&amp;", "&").split("&"))
    return {name.lower(): unquote_plus(value) for name, _, value in pairs if value}


def _literal(value: str) -> str:
    return "" if _INTERPOLATED.search(value) else value


def _fields(window: View) -> Iterator[tuple[int, TokenRequest]]:
    """Yield what single lines say of a request: an urlencoded body, or names with values."""
    for index, line in enumerate(window.lines):
        low = line.lower()
        if "adminconsent" in low or not any(
            word in low for word in ("grant", "scope", "acquire", "client_id=", "resource", "redirect", "flow")
        ):
            continue
        if events.explained(window, index) or line.lstrip().startswith("#"):
            continue
        request = TokenRequest(window.where(window.numbers[index]))
        url = _URL.search(line)
        body = (
            {}
            if url
            else {m["name"].lower(): unquote_plus(m["value"]) for m in _BODY_FIELD.finditer(line) if "&" in line}
        )
        for match in _SETTING_FIELD.finditer(line) if not body else ():
            body.setdefault(_canonical(match["name"]), match["value"].strip("\"' "))
        call = _CALL.search(line)
        if call:
            body.setdefault("grant_type", "client_credentials")
            body.setdefault("scope", call["rest"])
        grant = _grant(body.get("grant_type", ""))
        scopes = _scopes(body.get("scope", ""))
        if not scopes and re.match(r"https?://", body.get("resource", "")):
            scopes = (f"{body['resource'].rstrip('/')}/.default",)
        redirect = _literal(body.get("redirect_uri", ""))
        redirect = redirect if "://" in redirect else ""
        if grant or scopes or redirect:
            application = ApplicationId(_literal(body.get("client_id", "")))
            yield (
                index,
                replace(request, grant_type=grant, scopes=scopes, redirect_uri=redirect, application_id=application),
            )


def _listed(window: View) -> Iterator[tuple[int, TokenRequest]]:
    """Yield scopes of a list that goes over several lines, as `var scopes = new[] {` opens it."""
    flow = window.joined
    for match in _SCOPE_LIST.finditer(flow.text):
        index = flow.index_at(match.start())
        scopes = tuple(_LONE_SCOPE.findall(match["list"]))
        if scopes and index not in window.commented:
            yield index, TokenRequest(window.where(window.numbers[index]), scopes=scopes)


def bare(window: View) -> Iterator[TokenRequest]:
    """Yield scopes that stand alone, all in a line or each on its own, as a sign-in window or a form shows them."""
    if not any(word in window.lower for word in (".accessas", "/.default", "outlook.office")):
        return
    index = 0
    while index < len(window.lines):
        first, scopes = index, _lone_scopes(window.lines[index])
        index += 1
        while scopes and len(_lone_scopes(window.lines[index - 1])) == 1 and index < len(window.lines):
            more = _lone_scopes(window.lines[index])
            if len(more) != 1:
                break
            scopes += more
            index += 1
        of_mail = any(_OF_MAIL.search(scope) for scope in scopes)
        whole = (len(scopes) > 1 and of_mail) or any(scope.endswith("/.default") for scope in scopes)
        if whole and not events.explained(window, first) and not _is_a_list_of_permissions(window, first):
            yield TokenRequest(window.where(window.numbers[first]), scopes=scopes)


def _is_a_list_of_permissions(window: View, index: int) -> bool:
    """Say whether scopes stand under a heading for what was granted: the portal names permissions without their resource."""
    above = [line for line in window.lines[max(index - 4, 0) : index] if line.strip()][-2:]
    return any(_PERMISSIONS.search(line) for line in above)


def _lone_scopes(line: str) -> tuple[str, ...]:
    """Return the scopes of a line that holds nothing else; a single word of a line's is one only if it can be no other."""
    words = line.strip(" \t-*•`\"'[](){},;").split()
    if not words or len(words) > _MOST_SCOPES:
        return ()
    bare = tuple(word.strip("`\"',;") for word in words)
    return bare if all(_is_scope(word) for word in bare) else ()


def _canonical(name: str) -> str:
    bare = name.lower().replace("_", "")
    return {
        "granttype": "grant_type",
        "oauth2flow": "grant_type",
        "redirecturi": "redirect_uri",
        "redirecturl": "redirect_uri",
        "resource": "resource",
    }.get(bare, "scope")


def _grant(value: str) -> str:
    bare = value.strip("\"'[]{}() ").lower()
    bare = {
        "urn:ietf:params:oauth:grant-type:device_code": "device_code",
        "code": "authorization_code",
        "device": "device_code",
    }.get(bare, bare)
    return (
        bare if bare in {"client_credentials", "password", "refresh_token", "authorization_code", "device_code"} else ""
    )


def _scopes(value: str) -> tuple[str, ...]:
    """Return the scopes that a value names; a comma that separates them within one string is kept, as it is a mistake."""
    value = value.strip()
    listed = value[:1] in "[({@" or '"' in value or "'" in value
    if _INTERPOLATED.search(value.strip("[]{}()@")) and "$" in value:
        return ()
    if listed:
        found = re.findall(r"[\"']([^\"']+)[\"']", value) or re.split(r"[\s,]+", value.strip("[]{}()@ "))
        parts = [part for item in found for part in item.split()]
    else:
        parts = value.split()
    return tuple(part for part in (raw.strip("*`") for raw in parts) if _is_scope(part))


def _is_scope(part: str) -> bool:
    bare = part.strip(",;")
    return bool(
        re.fullmatch(r"(?:https?://|api://)\S+", bare)
        or re.fullmatch(r"(?i)(?:offline_access|openid|profile|email|/\.default|\.default)", bare)
        or re.fullmatch(r"[0-9a-f-]{36}/\.default", bare)
        or re.fullmatch(
            r"(?i)(?:imap|pop|smtp|mail|ews|user|full|calendars|contacts|exchange|directory)[\w]*\.[\w.,/:]+", bare
        )
    )


def _merged(found: list[tuple[int, TokenRequest]]) -> Iterator[TokenRequest]:
    """Put together what a few neighbouring lines say of one request, as the parts of a call in a script or of a form."""
    group: list[tuple[int, TokenRequest]] = []
    for index, request in sorted(found, key=lambda item: item[0]):
        if group and (index - group[-1][0] > _NEAR or _contradicts(group, request)):
            yield _one([item for _, item in group])
            group = []
        group.append((index, request))
    if group:
        yield _one([item for _, item in group])


def _contradicts(group: list[tuple[int, TokenRequest]], request: TokenRequest) -> bool:
    return any(
        getattr(request, name) and getattr(item, name) and getattr(request, name) != getattr(item, name)
        for _, item in group
        for name in ("grant_type", "scopes", "authority_tenant", "application_id")
    )


def _one(parts: list[TokenRequest]) -> TokenRequest:
    whole = parts[0]
    for part in parts[1:]:
        whole = replace(
            whole,
            grant_type=whole.grant_type or part.grant_type,
            scopes=whole.scopes or part.scopes,
            authority_tenant=whole.authority_tenant or part.authority_tenant,
            login=whole.login or part.login,
            application_id=whole.application_id or part.application_id,
            redirect_uri=whole.redirect_uri or part.redirect_uri,
        )
    return whole
