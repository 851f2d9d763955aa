"""Values that somebody typed into a configuration or a script: ids, mailbox, server, folder; secrets only as a shape.

Only literal values count: `os.environ[…]`, `$config.ClientId` and `process.env.X` say nothing. `raw` keeps blanks and
invisible characters, since they are what the input checks look for.
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from diagnostics.evidence import SecretShape, Setting, SettingName, TokenRequest
from diagnostics.redaction import GUID, Secret
from diagnostics.sources.claims import secret_shape
from diagnostics.sources.transcript import events, labels, programs
from diagnostics.sources.transcript.window import View

_N = SettingName
_NAMES: tuple[tuple[SettingName, str], ...] = (
    (_N.TENANT, r"(?:azure|ms|aad|entra|oauth2?|office365|o365|m365|graph|microsoft)?[_.-]?(?:tenant|directory)(?:[_.-]?(?:id|name|domain))?"),
    (_N.APPLICATION_ID, r"(?:azure|ms|aad|entra|oauth2?|office365|o365|m365|graph|microsoft|imap|mail)?[_.-]?(?:client|application|app|consumer)[_.-]?(?:id|key)"),
    (_N.ENTERPRISE_APP_OBJECT_ID, r"(?:enterprise|service[_.-]?principal|sp)[_.-]?(?:app(?:lication)?)?[_.-]?object[_.-]?id"),
    (_N.APP_REGISTRATION_OBJECT_ID, r"(?:app(?:lication)?[_.-]?)?registration[_.-]?object[_.-]?id"),
    (_N.MAILBOX, r"(?:imap|mail|email|oauth2?|o365)?[_.-]?(?:mailbox|user[_.-]?name|user|login|account|upn|e?mail(?:[_.-]?address)?)(?:[_.-]?(?:name|address|email|upn))?"),
    (_N.IMAP_SERVER, r"(?:imap|mail|email|incoming)?[_.-]?(?:server|host)(?:[_.-]?(?:name|address))?|server_address"),
    (_N.IMAP_PORT, r"(?:imap|mail)[_.-]?port|port"),
    (_N.AUTHORITY, r"(?:azure|aad|msal|oauth2?)?[_.-]?authority(?:[_.-]?(?:url|host))?"),
    (_N.FOLDER, r"(?:imap|mail)?[_.-]?(?:folder|mailbox[_.-]?folder|inbox[_.-]?folder|source[_.-]?folder)(?:[_.-]?name)?"),
    (_N.POWERSHELL_URI, r"connection[_.-]?uri"),
)  # fmt: skip
_SECRETS_NAME = r"(?:azure|ms|aad|oauth2?|office365|o365|m365|graph|microsoft|imap)?[_.-]?(?:client|app(?:lication)?|consumer)[_.-]?secret(?:[_.-]?(?:value|key))?|(?:clientsecret|appsecret)"
_LINE = re.compile(
    r"""(?:^|[\s,{;(\[|<?&])(?P<lead>export\ |set\ |\$env:|\$global:|\$script:|\$|--?|-D|self\.|this\.|const\ |let\ |var\ )?
    ["']?(?P<name>[A-Za-z][A-Za-z0-9_.-]{2,40}?)["']?(?P<sign>(?(lead)\ (?=[^\s=:])|(?!))|\s*(?:=>|:=|[:=])\s*)
    (?P<value>"[^"\n]{0,300}"|'[^'\n]{0,300}'|[^\s"',;{}()\[\]|<>][^\s"',;{}()\[\]|]{0,200}|<[^<>\n]{1,60}>|\{\{[^{}\n]{1,60}\}\})""",
    re.VERBOSE,
)
_BY_NAME = [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _NAMES]
_IS_SECRETS_NAME = re.compile(_SECRETS_NAME, re.IGNORECASE)
_GUIDISH = re.compile(r"(?=.*\d)[^\w]{0,3}[0-9A-Fa-f]{2,}(?:-[0-9A-Fa-fxX*]+){1,5}.{0,4}|[xX*]{3,}(?:-[xX*]+)*")
_HOST = re.compile(
    r"(?:ssl://|imaps?://|tls://)?(?P<host>(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}|\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?/?"
)
_MAILS = re.compile(r"[^\s@<>]{1,80}@[\w.-]+(?:[:\\/][^\s^]{1,100})?|[\w.-]+\\[\w.-]+(?:\\[\w.@-]+)?")
_PLACEHOLDER = re.compile(
    r"\{\{[^{}]+\}\}|<[^<>]+>|\[[^\[\]]+\]|(?i:(?:your|my|the|enter|insert|change|replace|put)[-_ ].+|your\w+|changeme|todo)|%\w+%|\$\{\w+\}|(?i:(?:tenant|client|app(?:lication)?|directory)[-_ ]?id)"
)
_INSTRUCTION = re.compile(r"\[(?i:copy|enter|insert|paste|put|add)\b[^\[\]]{8,}\]")
_CODE_VALUE = re.compile(  # what a program would compute, or another value it would name
    r"^(?:os\.|process\.|config|settings\.|env\b|getenv|params|self\.|this\.|\$|args|null|none|true|false|new |await )|\w\(|::|->|\$\{?\w|\w\.(?:get|secret|client\w*|value|config\w*)\b",
    re.IGNORECASE,
)
_PORTAL = re.compile(  # the portal's own labels, and how people repeat them within a sentence
    r"""\b(?P<label>Application[ ]\(client\)[ ]ID|Directory[ ]\(tenant\)[ ]ID|Id\.?[ ]de[ ]aplicación[ ]\(cliente\)|Id\.?[ ]de[ ]directorio[ ]\(inquilino\)
    |app(?:lication)?[ ]registration(?:'s)?[ ]object[ ]?id|enterprise[ ]app(?:lication)?(?:'s)?[ ]object[ ]?id)
    \s*+(?:(?:is|es|=|:|\||->)\t*+)*+\s*+[`"'(]?(?P<id>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\b""",
    re.VERBOSE | re.IGNORECASE,
)
_NEXT_FIELD = re.compile(r"&(?=[\w.%-]{1,40}=)")
_OLD_HOST = re.compile(  # OfficeDocs-Support incorrect-settings.md; a resource of tokens in old pages
    r"(?<![\w@.-])(?<!https://)(?<!http://)(?P<host>(?:imap-mail|imap|pop-mail|ps)\.outlook\.com|imap\.office365\.com|imap-mail\.hotmail\.com)(?![\w-]|\.\w|/\.default)",
    re.IGNORECASE,
)
_ASSIGNS = re.compile(r"host|server|servidor|serveur|connect|imap|peer|address|\s-h", re.IGNORECASE)
_DENIES = re.compile(
    r"\b(?:not|never|instead of|rather than|statt|nicht|en lugar de|en vez de|no use|formerly|old)\b", re.IGNORECASE
)
_PERSONAL = re.compile(
    r"\b(?:mailbox|buz[oó]n|postfach|account|cuenta|user(?: ?name)?|usuario|benutzer|konto|compte|login)\b[^\n@]{0,25}?(?<![\w.+-])"
    r"(?P<address>[\w.+-]{1,64}@(?:outlook|hotmail|live|msn)\.[a-z]{2,3}(?:\.[a-z]{2})?)(?![\w-])",
    re.IGNORECASE,
)
_OPENING = frozenset("\"'([{=/")
_REACH_BEFORE = 60
_OF_A_SHEET = frozenset(
    {_N.TENANT, _N.APPLICATION_ID, _N.ENTERPRISE_APP_OBJECT_ID, _N.APP_REGISTRATION_OBJECT_ID, labels.Also.SECRET}
)
_SHEETS_REACH = 8  # lines
_OF_TOKENS = {"appid", "upn", "tid", "oid"}  # claims of a token, which nobody typed
_FORMAT_LIST = re.compile(r"^\s*[A-Za-z]\w+ {2,}: ")
_SHORTEST_SECRET = 8
_CMDLET = re.compile(r"\b(?:Get|Set|New|Add|Remove|Test|Connect)-[A-Z]\w+")
_IMAP = re.compile(r"imap|authenticate|logondenied|\b993\b|outlook", re.IGNORECASE)
_MAIL_HOSTS = re.compile(r"(?:outlook|office|hotmail|live|imap|exchange|mail)[\w-]{0,63}\.", re.IGNORECASE)


def read(window: View) -> Iterator[Setting | SecretShape]:
    """Yield every literal value whose name says what it is."""
    for index, line in enumerate(window.lines):
        if len(line) > 4000 or ("=" not in line and ":" not in line and '"' not in line and "'" not in line):  # noqa: PLR2004
            continue
        if _CMDLET.search(line) or line.lstrip().startswith(("//", "#", ";", "REM ", "*")):
            continue
        for label in _PORTAL.finditer(line):
            if isinstance(name := labels.kind_of(label["label"], label["label"]), SettingName):
                yield Setting(name, label["id"], window.where(window.numbers[index]))
        for match in _LINE.finditer(line):
            found = _read_one(window, index, match)
            if found is not None:
                yield found


def from_labels(window: View) -> Iterator[Setting | SecretShape]:
    """Yield what stands beside a label in words, as a sheet or the portal has it."""
    if not labels.may_stand(window.lower):
        return
    found = [one for one in labels.read(window.lines) if not _is_no_entry(window, one)]
    sheet = [one.index for one in found if one.kind in _OF_A_SHEET or one.names_imap]
    for one in found:
        alone = not any(abs(index - one.index) <= _SHEETS_REACH and index != one.index for index in sheet)
        if alone and one.kind not in _OF_A_SHEET and not one.names_imap:
            continue  # "E-mail: …" of a signature
        where = window.where(window.numbers[one.index])
        if one.kind is labels.Also.SECRET:
            if _is_labelled_secret(one):
                yield secret_shape(Secret(one.raw, known=not GUID.fullmatch(one.raw.strip())), where)
        elif isinstance(one.kind, SettingName) and (
            raw := _fitting(one.kind, one.raw, quoted=one.quoted, sure=one.names_imap)
        ):
            yield Setting(one.kind, raw, where)


def _is_no_entry(window: View, one: labels.Labelled) -> bool:
    line = window.lines[one.index]
    return (
        events.explained(window, one.index)
        or programs.is_program(line)
        or (not one.quoted and _CODE_VALUE.search(one.raw) is not None)
        or one.raw.startswith("<")  # hidden by whoever pasted it
        or "smtp" in line.lower()
    )


def _is_labelled_secret(one: labels.Labelled) -> bool:
    raw = one.raw.strip()
    if not raw or _CODE_VALUE.search(raw) or is_placeholder(raw) or _masked(raw) or len(raw.split()) > 1:
        return False
    return one.quoted or (len(raw) >= _SHORTEST_SECRET and any(c.isdigit() for c in raw))


def old_hosts(window: View) -> Iterator[Setting]:
    """Yield names that are taken for Exchange Online's IMAP server, however a line assigns them."""
    for index, line in enumerate(window.lines):
        for match in (
            _OLD_HOST.finditer(line) if "outlook.com" in line or "office365" in line or "hotmail" in line else ()
        ):
            before = line[max(match.start() - _REACH_BEFORE, 0) : match.start()]
            assigned = before.rstrip()[-1:] in _OPENING or _ASSIGNS.search(before) is not None
            if not assigned or _DENIES.search(before) or index in window.commented or events.explained(window, index):
                continue
            yield Setting(_N.IMAP_SERVER, match["host"], window.where(window.numbers[index]))


def personal_mailboxes(window: View) -> Iterator[Setting]:
    """Yield addresses of personal accounts that a sentence calls the mailbox or the user."""
    if not any(word in window.lower for word in ("@outlook.", "@hotmail.", "@live.", "@msn.")):
        return
    for index, line in enumerate(window.lines):
        for match in _PERSONAL.finditer(line):
            if index not in window.commented and not events.explained(window, index):
                yield Setting(_N.MAILBOX, match["address"], window.where(window.numbers[index]))


def from_requests(asked: Iterable[TokenRequest]) -> Iterator[Setting]:
    """Yield the tenants of sign-in addresses that look like ids: a broken one is read as a domain by Entra."""
    for request in asked:
        if re.fullmatch(r"[0-9a-fA-F-]{20,}", request.authority_tenant):
            yield Setting(_N.TENANT, request.authority_tenant, request.provenance)


def is_placeholder(raw: str) -> bool:
    """Say whether a value is a template's variable or a documentation's stand-in."""
    return _PLACEHOLDER.fullmatch(raw.strip()) is not None


def _read_one(window: View, index: int, match: re.Match[str]) -> Setting | SecretShape | None:
    name, value = match["name"], match["value"]
    quoted = value[:1] in "\"'" and len(value) > 1
    raw = value[1:-1] if quoted else value.strip()  # blanks of any kind around it are the text's own
    where = window.where(window.numbers[index])
    if _IS_SECRETS_NAME.fullmatch(name):
        raw = raw if quoted else _NEXT_FIELD.split(raw)[0].strip()
        return (
            secret_shape(Secret(raw, known=not GUID.fullmatch(raw.strip())), where)
            if _is_secret(match, raw, quoted=quoted)
            else None
        )
    if (
        name in _OF_TOKENS
        or (name.lower() == "appid" and ":" in match["sign"])
        or _FORMAT_LIST.match(window.lines[index])
    ):
        return None
    kind = next((kind for kind, pattern in _BY_NAME if pattern.fullmatch(name)), None)
    if (
        kind is None
        or not raw
        or (not quoted and _CODE_VALUE.search(raw))
        or (quoted and programs.is_program(window.lines[index]))
    ):
        return None
    raw = _fitting(kind, raw, quoted=quoted)
    if kind is _N.IMAP_SERVER and not _is_mail_server(window, index, raw):
        return None
    if kind is _N.MAILBOX and "@" not in raw and not _is_near_mail(window, index):
        return None  # DOMAIN\user is what many programs log
    return Setting(kind, raw, where) if raw else None


def _is_secret(match: re.Match[str], raw: str, *, quoted: bool) -> bool:
    """Say whether a value is a secret itself, and not a stand-in, a mask or the name of where it is kept."""
    if quoted and _INSTRUCTION.fullmatch(raw.strip()):
        return True  # the sample's own words: nobody hides a secret behind them
    if not raw.strip() or _CODE_VALUE.search(raw) or is_placeholder(raw) or _masked(raw):
        return False
    return quoted or (bool(match["sign"].strip()) and any(c.isdigit() for c in raw) and len(raw) >= _SHORTEST_SECRET)


def _is_mail_server(window: View, index: int, raw: str) -> bool:
    if raw.lower().endswith(".prod.outlook.com"):
        return False  # a server of Microsoft's own that an error message names
    if "smtp" in window.lines[index].lower().replace(raw.lower(), ""):
        return False  # the line is about sending
    return not raw[:1].isdigit() or _is_near_mail(window, index)


def _is_near_mail(window: View, index: int) -> bool:
    return bool(_IMAP.search(" ".join(window.lines[max(index - 4, 0) : index + 5])))


def _masked(raw: str) -> bool:
    return bool(
        re.fullmatch(r"[*xX•.]{2,}|.{0,4}[*•]{3,}.{0,4}|(?i:.*(?:redacted|removed|hidden|masked).*)|\.\.\.|…", raw)
    )


_ENDS = ".,;:"


def _fitting(kind: SettingName, raw: str, *, quoted: bool, sure: bool = False) -> str:
    """Return the value if it can be meant for `kind`; the same names stand for other things in other programs.

    `sure`: the label itself says that it is IMAP's.
    """
    bare = raw.strip().strip("\u200b\ufeff")
    match kind:
        case _N.APPLICATION_ID | _N.ENTERPRISE_APP_OBJECT_ID | _N.APP_REGISTRATION_OBJECT_ID:
            if not quoted and GUID.fullmatch(bare.rstrip(_ENDS)):
                return raw.rstrip(_ENDS)  # the end of a sentence
            return raw if _GUIDISH.fullmatch(bare) or is_placeholder(bare) else ""
        case _N.TENANT:
            domain = re.fullmatch(r"(?:[\w-]+\.)+[A-Za-z]{2,}", bare) and not bare.endswith(
                (".id", ".tenant", ".value", ".name", ".tenantId")
            )
            url = bare.startswith("http")
            return (
                raw
                if _GUIDISH.fullmatch(bare)
                or domain
                or url
                or is_placeholder(bare)
                or bare in {"common", "organizations", "consumers"}
                else ""
            )
        case _N.MAILBOX:
            return raw if _MAILS.fullmatch(bare) and "://" not in bare else ""
        case _N.IMAP_SERVER:
            host = _HOST.fullmatch(bare)
            return (
                (raw if quoted and bare == host["host"] else host["host"])
                if host and (sure or _MAIL_HOSTS.search(host["host"] + ".") or re.match(r"\d", host["host"]))
                else ""
            )
        case _N.IMAP_PORT:
            return bare if bare in {"993", "143", "995", "110", "587", "25", "465"} else ""
        case _N.AUTHORITY:
            return raw if bare.startswith("http") and "{" not in bare else ""
        case _N.FOLDER:
            return raw if quoted and 1 < len(bare) < 60 and "\\" not in bare[:3] else ""  # noqa: PLR2004
        case _N.POWERSHELL_URI:
            return raw if "powershell" in bare.lower() else ""
    return ""
