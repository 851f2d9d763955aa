"""Secrets that stand at a place of their own: in a protocol's line, a command's option, a call, a URL, a PEM file.

Each rule is linear in the text: patterns have no two parts that could share what they match, looks ahead are bounded,
and what was found is not looked at again.
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator

from diagnostics.redaction.known import Span
from diagnostics.redaction.values import is_shown, looks_secret, quoted

_ARGUMENT = r"(?:\\?\"(?:[^\"\\\n]|\\[^\"\n]|\\\"(?=[^\s\n])){0,300}+\\?\"|'[^'\n]{0,300}+'|\S{1,400}+)"
_STRONG = r"(?=[^\s.,;:|/\"'()\[\]<>]{0,64}[a-z])(?=[^\s.,;:|/\"'()\[\]<>]{0,64}[A-Z])(?=[^\s.,;:|/\"'()\[\]<>]{0,64}\d)[^\s.,;:|/\"'()\[\]<>]{8,64}(?=[\s,;|)\"'\]]|$)"
"""A word of small letters, capitals and digits, as passwords are and ids, codes and hosts are not."""
_LINE_PATTERNS = tuple(
    (word, re.compile(pattern, re.MULTILINE))
    for word, pattern in (
        # IMAP (RFC 3501, 6.2.3) and POP3 (RFC 1939, 7); what a server says of LOGIN is no command
        ("login", rf"(?i:(?:(?:^|(?<=[\s'\":>(“‘«]))(?:[A-Z.$]{{0,10}}\d[\w.]{{0,20}}|tag)[ \t]+LOGIN)|\bL(?-i:OGIN))[ \t]+(?!(?i:failed|completed|ok|denied|error|attempt|request|as|for|with|to|command|method|authentication|is|was|has|not|disabled|or|and|plain|successful|succeeded|again|page|the|into|in|on|at|from|via|using|by|button|screen|name|user name|rejected|refused|works|does|did|fails)\b){_ARGUMENT}[ \t]+(?P<secret>[^\s{{][^\n]*)"),
        ("login", rf"(?i)(?:^|(?<=[\s'\":>(“‘«]))[A-Z]{{1,3}}[ \t]{{1,20}}LOGIN[ \t]{{1,20}}(?!failed\b){_ARGUMENT}[ \t]{{1,20}}(?P<secret>\"[^\"\n]{{1,300}}\"|[^\s\"{{]{{1,400}}+)[ \t]{{0,20}}(?:(?:\\r\\n)?['\"])?\r?$"),
        ("pass", r"(?:^|(?<=[\s'\":>“‘«]))PASS[ \t]+(?P<secret>[^\s:=][^\n]*)"),
        ("auth", r"\bAUTH(?i:ENTICATE)?[ \t]+\"?(?:PLAIN|LOGIN|CRAM-MD5|DIGEST-MD5|NTLM|XOAUTH2|OAUTHBEARER|GSSAPI|SCRAM-[\w-]+)\"?[ \t]+(?P<secret>(?=[A-Za-z]*+[0-9+/=_-]|[A-Za-z]*[a-z][A-Z])[A-Za-z0-9+/_=-]{6,}+)"),
        ("basic", r"\b(?i:basic)[ \t]+(?P<secret>(?=[^\s\"']{0,200}[A-Z0-9=])[A-Za-z0-9+/]{8,}+={0,2})"),
        ("bearer", r"\b(?i:bearer)[ \t]+[\"']?(?P<secret>(?=[^\s\"']{0,60}\d)[A-Za-z0-9._~+/-]{16,}+=*)"),
        # device codes (RFC 8628, 3.3), as Entra and MSAL word them
        ("code", r"(?i:\b(?:code|c[oó]digo|codice)\b)[ \t:]+[\"'“]?(?P<secret>(?!AADSTS|HTTP)(?=[A-Z]{0,8}\d|[A-Z]{8,9}\b)(?=\d{0,8}[A-Z])[A-Z0-9]{8,9})\b(?![.\w-])"),
        ("code", r"(?i:\b(?:code|c[oó]digo)\b)[ \t:]+[\"'“]?(?P<secret>[A-Z0-9]{4}-[A-Z0-9]{4})\b"),
        # command lines
        ("-", r"(?:^|(?<=\s))(?:-b|--cookie)[ \t=]+[\"']?(?P<secret>[\w.-]{1,60}=[^\s\"']+)"),
        ("login", r"\bLOGIN[\"'][^\n\[]{0,40}\[[ \t]*[\"'][^\"'\n]{0,100}[\"'][ \t]*,[ \t]*[\"'](?P<secret>[^\"'\n]+)"),
        (":", r"(?i)\b(?:cred(?:ential)?s?|auth|login|user|account)[\"']?[ \t]{0,4}[:= ][ \t]{0,4}[\"']?[^\s:\"'/=]{1,80}:(?P<secret>(?!//)(?!\d+\b)[^\s\"']{6,})"),
        ("-", r"(?:^|(?<=[\s\"']))(?:-[uU]|-a(?=[ \t=])|--(?:proxy-)?user|--userpwd|--credentials?)[ \t=]*+[^\s:\"']{1,200}:(?P<secret>\S+)"),
        ("-", r"(?:^|(?<=[\s\"']))(?:-[uU]|-a(?=[ \t=])|--(?:proxy-)?user|--userpwd|--credentials?)[ \t=]*+[\"'][^\s:\"']{1,200}:(?P<secret>[^\n\"']+)"),
        ("%", r"(?:^|(?<=\s))(?:-U|--user)[ \t=]*+[^\s%\"']{1,200}%(?P<secret>\S+)"),
        (" -", r"\b(?:sshpass|psexec\w*|docker|podman|az|mysql\w*|mariadb|plink|pscp|winrs|winexe|xfreerdp|rdesktop|htpasswd|redis-cli|imapsync|swaks|mutt|cyradm|net use|curl|mailx|ldapsearch|oathtool|sqlcmd|bcp|pg_dump|osql|certutil|pfx\w*)\b[^\n|]{0,300}?[ \t](?:-p|-P|-pw|-ap|-w|-a)[ \t]*(?P<secret>\"[^\"\n]+\"|'[^'\n]+'|(?![-\d]{1,6}(?:\s|$))\S+)"),
        ("/", r"(?:^|(?<=\s))/(?:p|pass|password|rp|pwd):(?P<secret>\"[^\"\n]+\"|\S+)"),
        ("net use", r"\b(?i:net[ \t]+use)[ \t]+\S+[ \t]+(?P<secret>(?![/\\])\S+)(?=[ \t]+/user)"),
        ("/user:", r"(?<=[ \t])/user:\S+[ \t]+(?P<secret>\"[^\"\n]+\"|(?!/)\S+)"),
        ("", r"(?i)\b(?:password|passphrase|contraseña|clave)[ \t]+(?:for|of|para|de|del)[ \t]+[^:\n]{1,120}:[ \t]+(?P<secret>\S[^\n]*)"),
        ("pass:", r"(?<=[\s\"'])pass:(?P<secret>[^\s\"']+)"),
        ("-pass", r"-pass(?:in|out)[ \t]+pass:(?P<secret>\S+)"),
        ("<<<", r"<<<[ \t]*(?P<secret>\"[^\"\n]+\"|'[^'\n]+'|\S+)"),
        ("stdin", r"\b(?:echo|printf)[ \t]+(?:-n[ \t]+|'%s(?:\\n)?'[ \t]+)?(?P<secret>\"[^\"\n]+\"|'[^'\n]+'|[^\s|]+)[ \t]*\|[^\n]{0,200}?(?:-stdin|sudo -S|--with-token)"),
        ("auth", r"\bdoveadm[ \t]+(?:-\w+[ \t]+)*auth[ \t]+(?:test|login)[ \t]+(?:-\S+[ \t]+(?:\S+=\S+[ \t]+)?)*\S+[ \t]+(?P<secret>[^\n]+)"),
        ("]:", r"^\s*\[?[\w.-]{1,200}\]?:\d{1,5}[ \t]+[^\s:]{1,200}:(?P<secret>\S+)"),  # Postfix, sasl_passwd
        ("pass", r"(?i)\bPass(?:word)?(?:Cmd|eval|Command)\b[ \t]*[=:]?[ \t]*(?P<secret>[^\n]+)"),
        ("securestring", r"(?i)\bConvertTo-SecureString\b(?:[ \t]+-(?:AsPlainText|Force|String))*[ \t]+(?P<secret>\"[^\"\n]+\"|'[^'\n]+'|(?!-)[^\s)]+)"),
        ("securestring", r"(?i)(?P<secret>\"[^\"\n]{1,400}\"|'[^'\n]{1,400}')[ \t]*\|[ \t]*ConvertTo-SecureString"),
        ("identified", r"(?i)\bIDENTIFIED[ \t]+BY[ \t]+(?P<secret>\"[^\"\n]+\"|'[^'\n]+'|[^\s;]+)"),
        # names of two words, and names of other languages
        ("", rf"(?i:\b(?:clave|contraseña|secreto|valor|secret|segredo|geheimnis)[ \t]+(?:secreta|secreto|de[l]? (?:cliente|secreto|aplicación)|value)|\bclient[ _]?secret)\"?[ \t]*(?:\([^()\n]{{1,40}}\))?[ \t]*(?:[:=|\t]|[ ]{{2}})[ \t]*[\"']?(?P<secret>{_STRONG})"),
        ("", r"(?i)\b(?:wachtwoord|lösenord|adgangskode|passord|salasana|heslo|hasło|haslo|parolă?|пароль|密码|密碼|パスワード)[ \t]*[:=：][ \t]*[\"']?(?P<secret>[^\s\"']+)"),
        # an address with its password: of a list, or in a sentence
        ("@", rf"(?<![\w.+-])[\w.+-]{{1,64}}@[\w.-]{{1,200}}[\"']?[ \t]{{0,2}}[:;/][ \t]{{0,2}}[\"']?(?P<secret>{_STRONG})"),
        ("login", rf"(?i:(?<![\w-])login)[ \t]+[\"']?[\w.+-]{{1,64}}@[\w.-]{{1,200}}[\"']?[ \t]+[\"']?(?P<secret>{_STRONG})"),
        ("mailbox(", r"\bMailbox\([ \t]*(?:[\"'][^\"'\n]{0,200}[\"'][ \t]*,[ \t]*){2}[\"'](?P<secret>[^\"'\n]+)"),
        ("@", r"(?<![\w./@:-])[\w.+-]{1,64}(?:@[\w.-]{1,200})?:(?P<secret>(?!//)[^\s@\"'<>]{4,200})@(?:[\w-]{1,63}\.){1,5}[A-Za-z]{2,24}\b"),
    )
)  # fmt: skip
_SHAPES = (
    re.compile(r"\bM\.[CR]\d[A-Za-z0-9_.!*$~-]{12,}+"),  # refresh token or code of a personal account
    re.compile(r"\bEw[A-Z][A-Za-z0-9+/_-]{24,}+={0,2}"),  # its access token
    re.compile(
        r"\b(?:O?AQAB|0\.A[A-Za-z0-9]|1\.A[A-Za-z0-9])[A-Za-z0-9_-]{38,}+(?:\.[A-Za-z0-9_-]++)*+"
    ),  # codes and refresh tokens of Entra
    re.compile(r"\b(?:ya29\.|1//0|GOCSPX-|gh[pousr]_|github_pat_|xox[abprs]-|glpat-|sk-|SG\.)[A-Za-z0-9_.-]{12,}+"),
)
_PEM = re.compile(r"-----BEGIN (?P<what>[A-Z0-9 ]{1,40})-----")
_PEM_END = re.compile(r"-----END (?P<what>[A-Z0-9 ]{1,40})-----")
_BODY = re.compile(r"(?:[ \t>|]*+(?:[A-Za-z0-9+/=]++|(?:Proc-Type|DEK-Info)[^\n]*+)[ \t]*+(?:\r?\n|\Z))*+")
_BODY_LINE = re.compile(r"[ \t>|]*[A-Za-z0-9+/=]{8,}[ \t]*\r?\n\Z")
_PPK = re.compile(r"^(?:Private|Public)-Lines:[ \t]*\d+[ \t]*\r?\n", re.MULTILINE)
_URL = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]{1,20}:(?:\\?/){2}")
_AUTHORITY = re.compile(r"[^\s/\"'<>`|]*+")
_WITH_SLASH = re.compile(r"[^\s/:@\"'<>`|]+:(?!\d{1,5}(?:[/?#\s]|$))[^\s@\"'<>`|]{1,200}@(?=[\w.-]+)")
_CALL = re.compile(
    r"\b(?P<name>(?i:log_?in|sign_?in|authenticate(?:async|plain)?|auth(?:plain|login)?|imap2?_open|p?open_?imap|connect(?:to|async)?|open|"
    r"(?:network|ps|client_?secret|username_?password|user_?password|client|basic|token|plain)?_?credentials?|passwordauthentication|usernamepasswordcredentials?|"
    r"(?:http)?_?basic_?auth\w*|set_?(?:password|credentials?|secret|basic_?auth|client_?secret|environment_?variable)|with_?(?:client_?secret|password|basic_?auth\w*)|(?:put|set)env|"
    r"acquire_?token_?by_?username_?password|saslmechanism\w+|imap(?:_?client|4(?:_ssl)?)|secure_?string|to_?secure_?string))"
    r"(?:\]::new)?[ \t]*\("
)
_FEW_QUOTED = re.compile(r"(?i)connect|open|imap")
_SETTERS = re.compile(
    r"(?i)^(?:set_?(?:password|secret|client_?secret)|with_?(?:client_?secret|password)|(?:to_?)?secure_?string)"
)
_AUTH_PAIR = re.compile(
    r"\b(?:auth|credentials?|basic_auth|login)[ \t]*[=:][ \t]*[\[(](?=[^\n]{1,200}?,)", re.IGNORECASE
)
_CONVERSATION = re.compile(
    r"\bAUTH(?:ENTICATE)?[ \t]+\"?(?:PLAIN|LOGIN|CRAM-MD5|NTLM|DIGEST-MD5|XOAUTH2|OAUTHBEARER|SCRAM-[\w-]+)\b|\b334[ -]|^\+[ \t]",
    re.IGNORECASE | re.MULTILINE,
)
_LITERAL = re.compile(r"\bLOGIN\b[^\n]{0,300}\{\d{1,5}\+?\}[^\n]{0,12}$", re.IGNORECASE | re.MULTILINE)
_REPLY = re.compile(r"(?:^|[\s:'\"])(?:\*|[\w.]{1,20})[ \t]+(?:OK|NO|BAD|BYE)\b")
_CONTINUATION = re.compile(r"[ \t]*+(?:S:|<<?|<--)?[ \t]*+b?['\"]?\+(?:[ \t]|$)")
_SPEAKER = re.compile(r"(?:[^\n]{0,60}?(?:[CS]:|>>?>?|-->|=>|IMAP>|Sending:|\d>)[ \t]+)?b?['\"]?")
_WORD64 = re.compile(r"(?<![A-Za-z0-9+/=_.-])[A-Za-z0-9+/]{8,}+={0,2}(?![A-Za-z0-9+/=_.-])")
_OBJECT = re.compile(
    r"(?i:\b(?:object|mailbox|user|account|recipient|identity|principal|member|application))[ \t]+(?:account[ \t]+)?(?P<quote>['\"‘“])(?P<secret>[^'\"’”\n]{6,200})['\"’”]"
)
_NAMED = re.compile(
    r"(?i)(?:--user\d?|\buser[ \t]account|\b(?:user(?:name)?|login|mailbox|upn)[\"']?[ \t]{0,4}[:=])[ \t=]{1,4}[\"']?(?P<secret>[^\s\"',;&]{6,200})"
)
_TURNS = 6


def spans(text: str) -> Iterator[Span]:
    """Yield where secrets stand by their place."""
    low = text.lower()
    for word, pattern in _LINE_PATTERNS:
        if word in low:
            for match in pattern.finditer(text):
                span = _trimmed(text, *match.span("secret"))
                if is_shown(text[slice(*span)]):
                    yield span
    for shape in _SHAPES:
        yield from (match.span() for match in shape.finditer(text))
    for words, rule in _RULES:
        if any(word in low for word in words):
            yield from rule(text)


def _trimmed(text: str, start: int, end: int) -> Span:
    """Return a value's place without its quotes and without what ends the line that it stands on."""
    inner = quoted(text, start) if text[start : start + 1] in "\"'" else None
    if inner and inner[1] <= end:
        return inner
    value = text[start:end]
    for ending in ("\\r\\n'", '\\r\\n"', "\\r\\n", "\r"):
        value = value.removesuffix(ending)
    return start, start + len(value.rstrip("'\")] \t"))


def _user_infos(text: str) -> Iterator[Span]:
    """Yield user and password of URLs (RFC 3986, 3.2.1); of `ssh://git@host` as well, since a token may stand there."""
    for scheme in _URL.finditer(text):
        whole = _AUTHORITY.match(text, scheme.end())
        at = whole[0].rfind("@") if whole else -1
        if at > 0:
            yield scheme.end(), scheme.end() + at
        elif odd := _WITH_SLASH.match(text, scheme.end()):
            yield scheme.end(), odd.end() - 1


def _pem(text: str) -> Iterator[Span]:
    r"""Yield the bodies of PEM files, cut at either end, in one line with `\n`, or behind gutters."""
    at = 0
    for begin in _PEM.finditer(text):
        if begin.start() < at:
            continue
        end = _PEM_END.search(text, begin.end(), begin.end() + 64 * 1024)
        at = end.start() if end else _rest_of_body(text, begin.end())
        if at > begin.end():
            yield begin.end(), at
    for end in _PEM_END.finditer(text):
        start = end.start()
        while start and (line := _BODY_LINE.match(text, text.rfind("\n", 0, start - 1) + 1, start)):
            start = line.start()
        if start < end.start():
            yield start, end.start()
    for key in _PPK.finditer(text):
        body = _BODY.match(text, key.end())
        if body and body.end() > key.end():
            yield body.span()


def _rest_of_body(text: str, at: int) -> int:
    line = text.find("\n", at)
    if line < 0 or "\\n" in text[at:line]:
        return len(text) if line < 0 else line
    body = _BODY.match(text, line + 1)
    return body.end() if body else line


def _calls(text: str) -> Iterator[Span]:
    """Yield the arguments of calls that sign in or set a password: all but the first, which names who or where."""
    at = 0
    while call := _CALL.search(text, at):
        arguments, end = _arguments(text, call.end())
        at = end if len(arguments) > 1 else call.end()  # a call within the call may be the one
        setter = bool(_SETTERS.match(call["name"]))
        only_quoted = bool(_FEW_QUOTED.match(call["name"]))
        for number, (start, end, in_quotes) in enumerate(arguments):
            if (number or setter) and (in_quotes or not only_quoted) and is_shown(text[start:end]):
                yield start, end
    for pair in _AUTH_PAIR.finditer(text):
        for start, end, _ in _arguments(text, pair.end())[0][1:]:
            if is_shown(text[start:end]):
                yield start, end


def _arguments(text: str, at: int) -> tuple[list[tuple[int, int, bool]], int]:
    """Return where the arguments of a call stand, and where it ends; a call of more than a few is not read to its end."""
    found: list[tuple[int, int, bool]] = []
    last = min(len(text), at + 2000)
    while at < last and len(found) < 12:  # noqa: PLR2004 - no sign-in takes more
        gap = _GAP.match(text, at, last)
        at = gap.end() if gap else at
        if at >= last or text[at] in ")]}":
            break
        inner = quoted(text, at)
        if inner:
            found.append((*inner, True))
            at = inner[1] + 1
        plain = _PLAIN.match(text, at, last)
        if plain and not inner:
            found.append((*plain.span(), False))
        at = max(plain.end() if plain else at, at)
        if at < last and text[at] not in ",'\"":
            break
        at += 1
    return found, at


_GAP = re.compile(r"\s*+")
_PLAIN = re.compile(r"[^,()\[\]{}\n'\"]*+")


def _conversations(text: str) -> Iterator[Span]:
    """Yield what a client answers to a challenge (RFC 3501, 6.2.2; RFC 4954), in the lines after a sign-in."""
    at = 0
    for start in _CONVERSATION.finditer(text):
        for line in _turns(text, max(start.end(), at)):
            at = line[1]
            for word in _WORD64.finditer(text, *line):
                if _says_something(word[0]):
                    yield word.span()


def _literals(text: str) -> Iterator[Span]:
    """Yield what a client sends as a literal behind `LOGIN user {18}` (RFC 3501, 4.3)."""
    for start in _LITERAL.finditer(text):
        for line in _turns(text, start.end()):
            if not _CONTINUATION.match(text, *line):
                speaker = _SPEAKER.match(text, *line)
                yield speaker.end() if speaker else line[0], line[1]


def _turns(text: str, at: int) -> Iterator[Span]:
    """Yield the next lines of a conversation, up to the answer to the command."""
    end = _end_of_line(text, at)
    for _ in range(_TURNS):
        begin, end = end + 1, _end_of_line(text, end + 1)
        if begin >= len(text) or _REPLY.search(text, begin, min(end, begin + 400)):
            return
        yield begin, end


def _encoded_pairs(text: str) -> Iterator[Span]:
    """Yield base64 of `user:password` and of SASL PLAIN (RFC 4616), wherever it stands."""
    for word in _WORD64.finditer(text):
        if len(word[0]) % 4 == 0 and _is_pair(decoded(word[0])):
            yield word.span()


def _is_pair(inside: str) -> bool:
    user = inside.partition(":")[0]
    return "\0" in inside or (user != inside and not any(c in user for c in ' {"<'))


def decoded(word: str) -> str:
    """Return what base64 says where that is plain text, else an empty text."""
    if len(word) > 4096:  # noqa: PLR2004 - no password is so long
        return ""
    try:
        inside = base64.b64decode(word, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
    return inside if inside.replace("\0", "").replace("\x01", "").isprintable() else ""


def _says_something(word: str) -> bool:
    return len(word) % 4 == 0 and decoded(word)[:1] not in {"", "{"}  # JSON is what a server says


def _identities(text: str) -> Iterator[Span]:
    """Yield secrets that were given where an object's name belongs, and came back in an error: `object '…' couldn't be found`."""
    for pattern in (_OBJECT, _NAMED):
        for match in pattern.finditer(text):
            if looks_secret(match["secret"]):
                yield match.span("secret")


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


_RULES: tuple[tuple[tuple[str, ...], Callable[[str], Iterator[Span]]], ...] = (
    (("://", ":\\/\\/"), _user_infos),
    (("-----begin ", "-----end ", "-lines:"), _pem),
    (("(", "["), _calls),
    (("auth", "334", "+ "), _conversations),
    (("login",), _literals),
    (("",), _encoded_pairs),
    (("'", '"', "‘", "“", "user", "login", "mailbox", "upn"), _identities),
)
