"""Entra's refusals in any wrapping, one for each distinct error: numbers, description, ids, kind of request.

The description keeps what Entra quotes byte for byte, since a stray blank or `>` in it is the finding.
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.aadsts import KNOWN
from diagnostics.evidence import EntraError
from diagnostics.sources.transcript import events, programs, prose
from diagnostics.sources.transcript.codes import UNNUMBERED, WORDINGS, repaired
from diagnostics.sources.transcript.window import Flow, View

_FOOTER = re.compile(
    r"Correlation Id:\s*[0-9a-f*x<]{4}[^\n]{0,200}?(?<!\s)\s++Timestamp:", re.IGNORECASE
)  # of Entra's pages
_ALONE = re.compile(r"[^\w\n]*(?:[^\s:：]{1,20}[:：]\s*)?AADSTS\d{4,8}[:：]")
_NAMES_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_CODE = re.compile(r"AADSTS[ :_-]{0,2}(?P<code>\d{4,8})(?!\d)", re.IGNORECASE)
_CODES_FIELD = re.compile(r"error_?codes\W{1,12}\[\s*(?P<codes>\d[\d,\s]*)\]?", re.IGNORECASE)
_URI_CODE = re.compile(r"/error\?code(?:=|%3[dD])(?P<codes>\d{5,8})")
_NUMBERS = "|".join(str(code) for code in sorted(KNOWN, reverse=True))
# "error" in the languages of the portal, and the labels of sign-in logs; the number follows at once
_BARE_CODE = re.compile(
    r"(?:err(?:or|eur|ore|o)|fehler|fout|fel|fejl|virhe|błęd|chyb|hiba|hata|ошибк|エラー|错误|錯誤|오류|resultType|result code|status code)"
    r"(?:[^\d\n]{0,14}?|[^\d\n]{0,40}?[:=：\t|][ \t\"']{0,3}|[^\d\n]{0,40}?\n[ \t]{0,9})"
    rf"(?<![\w.:-])(?P<codes>{_NUMBERS})(?![\w.:-]*\w)",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"sign-?in|error ?code['\"]?\s*[:=]|resultType|AADSTS", re.IGNORECASE)
_OF_ENTRA = re.compile(
    r"microsoft|azure|\bentra\b|\bAAD\b|sign-?in|office ?365|[mo]365|outlook|oauth|\btoken\b|tenant|msal|conditional access"
    r"|inici\w{1,8} (?:de )?sesi|acceso condicional|anmeld|bedingte|connexion|conditionnel|inquilino|accesso|aanmeld",
    re.IGNORECASE,
)
_OF_OTHERS = re.compile(r"\bSQL|postgres|mysql|oracle|ORA-|code ?page|chcp|\bline\b|\bport\b", re.IGNORECASE)
_LONG_NUMBER = 100_000
_FEW_LINES = 3
_TAIL = re.compile(
    r"\s*(?:Trace ID:?\s*(?P<trace>[\w*<>-]+))?[\s.,;]*(?:Correlation ID:?\s*(?P<correlation>[\w*<>-]+))?[\s.,;]*"
    r"(?:Timestamp:?\s*(?P<timestamp>\d{4}-\d\d-\d\d[\sT]+\d\d:\d\d:\d\d ?Z?))?",
    re.IGNORECASE,
)
_TRACE = re.compile(r"Trace ID\b", re.IGNORECASE)
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_FIELD = r"['\"]?\b{name}['\"]?\s*(?:=>|[:=])\s*['\"]?(?P<value>[^'\"\s,;}}&)]{{2,60}})"
_FIELDS = {
    **{name: re.compile(_FIELD.format(name=name)) for name in ("suberror", "trace_id", "correlation_id", "error")},
    "timestamp": re.compile(
        r"['\"]?\btimestamp['\"]?\s*(?:=>|[:=])\s*['\"]?(?P<value>\d{4}-\d\d-\d\d[\sT]+\d\d:\d\d:\d\d ?Z?)"
    ),
}
_WORDS = (
    "invalid_client|invalid_grant|unauthorized_client|invalid_request|invalid_scope|invalid_tenant|invalid_resource"
    "|interaction_required|consent_required|access_denied|unsupported_grant_type|temporarily_unavailable|server_error"
)
_WORD = re.compile(rf"\b({_WORDS})\b")
_GRANTS = {
    "client_credentials": re.compile(
        r"client_credentials|ClientSecretCredential|ClientCertificateCredential|acquire_?token_?for_?client"
        r"|acquireTokenByClientCredential|ManagedIdentityCredential|[Cc]lient credential flow",
        re.IGNORECASE,
    ),
    "password": re.compile(
        r"grant_type\W{1,6}password|UsernamePasswordCredential|acquire_?token_?by_?username_?password|\bROPC\b",
        re.IGNORECASE,
    ),
    "refresh_token": re.compile(
        r"grant_type\W{1,6}refresh_token|refreshing (?:the )?(?:OAuth )?(?:access )?token|refresh_access_token|AcquireTokenSilent",
        re.IGNORECASE,
    ),
    "authorization_code": re.compile(
        r"grant_type\W{1,6}authorization_code|acquire_token_by_auth_code|response_type=code", re.IGNORECASE
    ),
    "device_code": re.compile(r"device_code|DeviceCodeCredential|acquire_token_by_device_flow", re.IGNORECASE),
}
_ALIVE = re.compile(
    rf"Trace ID:? ?[\w*<]|trace_id|error_codes|error_description|suberror|\b(?:{_WORDS})\b|Exception\b|Traceback"
    r"|\b(?:ERROR|WARN(?:ING)?|FATAL|SEVERE)\b|\b[Ee]rror:|\bfail(?:ed|ure)\b|\bHTTP[ /]\S{0,4} ?[45]\d\d\b|Server returned"
    r"|\b(?:Service|Auth|Msal|Adal)\w*Error\b|Request Id:|Unable to",
)
_STRONG = re.compile(r"Trace ID:? ?[0-9a-f*x<]{4}|\btrace_id\W{1,6}[0-9a-fx*<]{4}", re.IGNORECASE)
_REACH = 1500
_MANY = 5
_SIGNS = re.compile(rf"aadsts|error_?codes|error\?code|\b(?:{_NUMBERS})\b")
_SENTENCES = re.compile(
    "client secret|with identifier|service principal|tenant |resource principal|/.default|parameter|client is public|assertion|redirect uri|reply url"
    "|reply address|user account|multi-factor|signed in user|validating credentials|multi-?tenant|conditional access|not consented"
    "|only accepts post|expected to be a guid|entitlements|valid resources|refresh token|proof key|grant type|/common endpoint|only an admin"
)
_SEPARATOR = re.compile(r"['\"`*]{0,3}[ \t]*(?::|：|-|–|\|)?[ \t]*(?:\n[ \t]*[`*“\"]{0,2})?")
_OPENED = re.compile(r"([\"'“‘`])(?:\s{0,9}\d{4,8} - \[[^\]]{0,60}\]:\s{0,9}|[\w. ]{0,40}: ?)?$")
_BRACKET = re.compile(r"[)\]}](?=\s*$)|\"\s*[,}]", re.MULTILINE)
_COMPLETE = re.compile(r"(?:[.!}\]\"]|'\)?\.?|\.\)|\.\.\.|…|\d\dZ|[_*])$")
_CONTINUES = re.compile(
    r"(?:Trace ID|Correlation ID|Timestamp|This can happen|This indicate|You m(?:ay|ight) have|Check |Visit |Make sure|See |Navigate |Send an |Ensure |Client credential)"
)
_NEW_MATTER = re.compile(
    r"(?:at [\w.$<>]+\(|---|===|\$ |PS [A-Z]:|[CS]: |<<|>>|[<>]--|[<>=]{2}|\* (?:OK|NO|BAD|BYE)|\w{1,12} (?:OK|NO|BAD) |[\[{]|[A-Za-z_]+\s*[=:]\s|\+ [A-Z]|At line:)"
)
_IN_SENTENCE = re.compile(r"(?:was|is|are|has|does|must|in|and|or|of|for|to|with|that|specified|named|from)\b")
_JSON_FIELD = re.compile(r"error_description\W{1,8}(?:\d+ - \[[^\]]*\]: )?$")
_CLOSING = {"“": "”", "‘": "’", '"': '"', "'": "'", "`": "`"}


def read(window: View) -> Iterator[EntraError]:
    """Yield every refusal that the window reports; what a document merely explains is left out."""
    flow = window.joined
    low = flow.text.lower()
    if not _SIGNS.search(low):
        if _SENTENCES.search(low):
            yield from _unnumbered(window, flow, set())
        return
    matches = list(_CODE.finditer(flow.text))
    if _is_catalogue(flow, matches):
        return
    reported: set[int] = set()
    for match in matches:
        error = _described(window, flow, match)
        if error:
            reported.update(error.codes)
            yield error
    yield from _numbered(window, flow, reported)
    yield from _unnumbered(window, flow, reported)


def _is_catalogue(flow: Flow, matches: list[re.Match[str]]) -> bool:
    """Say whether the text lists codes as a reference does: many of them, on lines of their own, none with a trace."""
    codes = {match["code"] for match in matches}
    lines = {flow.number_at(match.start()) for match in matches}
    return len(codes) >= _MANY and len(lines) >= _MANY and not _STRONG.search(flow.text)


def _described(window: View, flow: Flow, match: re.Match[str]) -> EntraError | None:
    """Return the error whose number stands at `match`, unless the text only speaks about it."""
    separator = _SEPARATOR.match(flow.text, match.end())
    start = separator.end() if separator else match.end()
    end = _end(window, flow, match, start)
    tail = _TAIL.match(flow.text, end)
    after = tail.end() if tail else end
    sentence = " ".join(flow.text[start:end].split("\n")).strip(" \t,")
    sentence = re.sub(r"(?<=\S)  +(?=\S)", " ", sentence) if "'" not in sentence else _squeezed(sentence)
    code = repaired(match["code"], sentence)
    if not _is_report(window, match, code=code, sentence=sentence, after=after):
        return None
    before = flow.text[max(match.start() - 400, 0) : match.start()]
    behind = flow.text[end : after + 500].partition("AADSTS")[0]
    found = {name: _field(pattern, before, behind) for name, pattern in _FIELDS.items()}
    word = _WORD.search(found["error"]) or _last(_WORD, before[-200:]) or _WORD.search(behind[:300])
    return EntraError(
        codes=(code,),
        description=f"AADSTS{match['code']}: {events.spoken(sentence, 0)}" if sentence else "",
        provenance=window.where(flow.number_at(match.start())),
        error=word[1] if word else "",
        suberror=found["suberror"],
        timestamp=" ".join(((tail["timestamp"] if tail else "") or found["timestamp"]).split()),
        trace_id=(tail["trace"] if tail else "") or found["trace_id"],
        correlation_id=(tail["correlation"] if tail else "") or found["correlation_id"],
        grant_type=_grant(before + flow.text[match.start() : after] + behind),
    )


def _squeezed(sentence: str) -> str:
    """Make runs of blanks outside quotes one blank; what stands between quotes is kept as it is."""
    return re.sub(r"('[^']*')|[ \t]+", lambda m: m[1] or " ", sentence)


def _end(window: View, flow: Flow, match: re.Match[str], start: int) -> int:
    """Return where the description ends: at its closing quote, its trace id, the next error or the end of its lines."""
    text = flow.text
    limit = min(len(text), start + _REACH)
    ends = [limit]
    for pattern in (_TRACE, _BLANK_LINE, _CODE):
        found = pattern.search(text, start, limit)
        if found:
            blanks = pattern is _TRACE
            ends.append(start + len(text[start : found.start()].rstrip()) if blanks else found.start())
    opened = _OPENED.search(text[max(match.start() - 60, 0) : match.start()])
    closing = _CLOSING.get(opened[1], "") if opened else ""
    if closing:
        closed = re.compile(re.escape(closing) + r"(?=\s*(?:[,}\])>;:]|$|\n))", re.MULTILINE)
        if closing == '"':
            closed = re.compile('"')
        found = closed.search(text, start, limit)
        if found:
            ends.append(found.start())
    else:
        found = _BRACKET.search(text, start, limit)
        if found:
            ends.append(found.start())
    return min(_line_end(window, flow, start, min(ends)), *ends)


def _line_end(window: View, flow: Flow, start: int, end: int) -> int:
    """Return the end of the line on which the description is complete; a description may go over several lines."""
    text, position = flow.text, start
    stamped = window.stamped[flow.index_at(start)]
    while True:
        stop = text.find("\n", position, end)
        if stop < 0:
            return end
        line = text[position:stop].rstrip()
        following = text[stop + 1 : stop + 200].lstrip()
        if _CONTINUES.match(following):
            position = stop + 1
            continue
        if window.stamped[flow.index_at(stop + 1)] and not stamped:
            return stop
        if not line or (_COMPLETE.search(line) and not _IN_SENTENCE.match(following)) or _NEW_MATTER.match(following):
            return stop
        position = stop + 1


def _field(pattern: re.Pattern[str], before: str, behind: str) -> str:
    """Return a field of the same answer: the one after the description, else the last one before it."""
    found = pattern.search(behind.partition("}")[0]) or _last(pattern, before.rpartition("}")[2])
    return found["value"] if found else ""


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for found in pattern.finditer(text):  # noqa: B007 - the last one is wanted
        pass
    return found


def _grant(around: str) -> str:
    return next((grant for grant, pattern in _GRANTS.items() if pattern.search(around)), "")


def _is_report(window: View, match: re.Match[str], *, code: int, sentence: str, after: int) -> bool:
    """Say whether Entra said this here, or a document, a program or a sentence merely mentions it."""
    flow = window.joined
    index = flow.index_at(match.start())
    line = window.lines[index]
    start = match.start()
    event = (
        flow.text[max(start - 250, 0) : start].rpartition("\n\n")[2]
        + flow.text[start : after + 40].partition("\n\n")[0]
    )
    if _STRONG.search(event) or _FOOTER.search(flow.text[max(start - 250, 0) : after + 250]):
        return True
    before = line.partition("AADSTS")[0]
    wording = WORDINGS.get(code)
    in_entras_words = bool(wording and wording.match(sentence[:1].upper() + sentence[1:]))
    is_field = _JSON_FIELD.search(before) is not None
    column = start - flow.starts[index]
    if not events.happened(window, index, column, after - flow.starts[index], alive=is_field):
        return False
    alive = bool(_ALIVE.search(event.replace(sentence, ""))) or window.stamped[index]
    if prose.is_listed(window.full, index):
        return alive and bool(re.search(r"error_codes|error_description", event))
    if not sentence:
        return alive and bool(re.search(r"(?i)error|fail|exception|refused|denied|status", line))
    translated = bool(wording and _ALONE.match(line) and _NAMES_ID.search(sentence))  # pages speak the user's language
    if in_entras_words or translated:
        return True
    return (alive and wording is None and sentence[:1].isupper()) or (alive and is_field)


def _unnumbered(window: View, flow: Flow, reported: set[int]) -> Iterator[EntraError]:
    """Yield refusals whose sentence was passed on without its number."""
    text = flow.text.replace("\n", " ")
    for code, wording in UNNUMBERED:
        match = None if code in reported else wording.search(text)
        if match is None or re.search(
            r"AADSTS\W*\d+\W{0,6}(?:[^.]{0,120})$", text[max(match.start() - 150, 0) : match.start()]
        ):
            continue
        index = flow.index_at(match.start())
        column = match.start() - flow.starts[index]
        if not events.happened(window, index, column, column + len(match[0])):
            continue
        reported.add(code)
        start = (
            max(text.rfind(". ", 0, match.start()) + 2, flow.starts[index])
            if code in {1002012, 50076}
            else match.start()
        )
        end = re.compile(r"Trace ID|\"|$|\n").search(flow.text, match.end(), match.end() + 400)
        around = text[max(match.start() - 400, 0) : match.end() + 400]
        yield EntraError(
            codes=(code,),
            description=" ".join(text[start : end.start() if end else match.end()].split()),
            provenance=window.where(flow.number_at(match.start())),
            grant_type=_grant(around),
        )


def _numbered(window: View, flow: Flow, reported: set[int]) -> Iterator[EntraError]:
    """Yield refusals of which only the numbers are left: `error_codes`, the error page's address, sign-in logs."""
    for pattern in (_CODES_FIELD, _URI_CODE, _BARE_CODE):
        for match in pattern.finditer(flow.text):
            listed = ("".join(code.split()) for code in match["codes"].split(","))
            codes = tuple(int(code) for code in listed if code)
            codes = tuple(code for code in codes if code not in reported and (code in KNOWN or pattern is _CODES_FIELD))
            index = flow.index_at(match.start())
            line = window.lines[index]
            if not codes or programs.is_program(line) or prose.is_listed(window.full, index):
                continue
            if pattern is _BARE_CODE and not _is_entras(window, match, index):
                continue
            reported.update(codes)
            around = flow.text[max(match.start() - 400, 0) : match.end() + 400]
            word = _WORD.search(around)
            yield EntraError(
                codes=codes,
                description="",
                provenance=window.where(flow.number_at(match.start())),
                error=word[1] if word else "",
                grant_type=_grant(around),
            )


def _is_entras(window: View, match: re.Match[str], index: int) -> bool:
    """Say whether a bare number is Entra's: short ones are other programs' numbers, too."""
    line = window.lines[index]
    if events.explained(window, index) or _OF_OTHERS.search(line):
        return False
    if int(match["codes"]) >= _LONG_NUMBER or _LABELLED.search(line):
        return True
    around = window.joined.text[max(match.start() - 400, 0) : match.end() + 400]
    few = sum(bool(text.strip()) for text in window.lines) <= _FEW_LINES
    counts = int(match["codes"]) % 1000 == 0  # a round number may be a number of anything
    return (few and not counts) or _OF_ENTRA.search(around) is not None
