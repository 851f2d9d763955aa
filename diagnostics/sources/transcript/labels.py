r"""Values beside the labels that people write them down with: the portal's own, a guide's, in several languages.

`Application (client) ID: 7d1f…`, `Id. de objeto (Aplicaciones empresariales) | 0f4c…`, or the label on one line and the value on
the next, as the portal is copied. A label is compared without accents, dots, case and Markdown. An `Object ID` alone is the
App registration's where the page of that one was copied (it says "Directory (tenant) ID"), and the Enterprise Application's
under such a heading; else it stays unnamed.
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from diagnostics.evidence import SettingName
from diagnostics.ids import GUID


class Also(enum.Enum):
    """What a label can stand for that is no setting of its own."""

    SECRET = "secret"  # noqa: S105 - a kind
    OBJECT_ID = "object id"


Kind = SettingName | Also


@dataclass(frozen=True, slots=True)
class Labelled:
    """A value with its label; `quoted`: it stood in quotation marks, so that its blanks are its own."""

    kind: SettingName | Also
    label: str
    raw: str
    index: int
    quoted: bool

    @property
    def names_imap(self) -> bool:
        """Whether the label says of itself that it is about IMAP or a mailbox."""
        return _OF_MAIL.search(normalised(self.label)) is not None


_OF = r"(?:of|de|del|de la|de l|d|do|da|della|dell|der|des) "
_ID = r"(?:id|identificador|identifier|identifikator|guid|kennung|identifiant)"
_WHOSE = r"(?:azure |ad |aad |entra |ms |microsoft(?: 365)? |o365 |m365 |office 365 |oauth2? |imap ){0,3}"
_TENANT = r"(?:directory|tenant|directory \(tenant\)|directorio|inquilino|directorio \(inquilino\)|arrendatario|verzeichnis|mandanten|mandant|annuaire|locataire|annuaire \(locataire\)|diretorio|locatario|diretorio \(locatario\))"
_APP = r"(?:application|app|client|application \(client\)|aplicacion|cliente|aplicacion \(cliente\)|anwendungs?|anwendung \(client\)|aplicativo|aplicativo \(cliente\)|applicazione|applicazione \(client\))"
_OBJECT = r"(?:object|objeto|objekt|objet|oggetto|service)"
_LABELS: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (SettingName.TENANT, rf"{_WHOSE}{_TENANT} ?{_ID}(?: \((?:mandant|tenant|inquilino)\))?|{_WHOSE}{_ID} (?:{_OF})?{_TENANT}|{_WHOSE}(?:tenant|inquilino|mandant|locataire)(?: name| domain)?"),
        (SettingName.APPLICATION_ID, rf"{_WHOSE}{_APP} ?{_ID}(?: \((?:client|cliente)\))?|{_WHOSE}{_ID} (?:{_OF})?{_APP}"),
        (Also.SECRET, rf"{_WHOSE}(?:app |application )?(?:client ?)?secret(?: value| key)?|{_WHOSE}(?:valor del )?secreto(?: {_OF}(?:cliente|la aplicacion|aplicacion))?|clave secreta|(?:geheimer )?client(?:schlussel|geheimnis)|geheimnis|(?:cle secrete|segredo|segreto)(?: (?:{_OF})?(?:client|cliente))?"),
        (SettingName.MAILBOX, r"(?:imap |oauth2? |shared |user |target )?(?:mailbox|user ?name|user|login|account|e ?mail|mail)(?: address| name| account)?|buzon(?: compartido| de correo)?|usuario(?: imap)?|correo(?: electronico)?|cuenta(?: de correo)?|direccion(?: de)? (?:correo|e ?mail)(?: electronico)?|postfach|benutzer(?:name)?|konto|e ?mail ?adresse|boite(?: aux lettres)?|utilisateur|compte|adresse e ?mail|caixa(?: de correio| postal)?|casella(?: di posta)?|utente"),
        (SettingName.IMAP_SERVER, r"(?:imap |incoming |mail |incoming mail )?(?:server|host(?: ?name)?)(?: name| address| imap| \(?imap\)?)?|servidor(?: de)?(?: correo| entrada| correo entrante| entrante)?(?: \(?imap\)?)?|(?:server|serveur)(?: imap| entrant)|posteingangsserver"),
        (SettingName.IMAP_PORT, r"(?:imap )?port(?: imap| \(?imap\)?| number)?|puerto(?: imap| de entrada| \(?imap\)?)?|porta(?: imap)?|porto"),
    )
)  # fmt: skip
_OBJECT_ID = re.compile(rf"\b(?:{_OBJECT} ?{_ID}|{_ID} (?:{_OF})?{_OBJECT})\b(?! ?:)")
_LONGEST = 80
_ENTERPRISE = re.compile(
    r"enterprise|empresarial|unternehmens|entreprise|aziendal|service principal|entidad de servicio|dienstprinzipal"
)
_REGISTRATION = re.compile(r"registration|registro|registrier|inscription|registrazion")
_LINE = re.compile(
    r"""^[ \t]*+(?:[-*+•>]\ |\d{1,2}[.)]\ |\|\ ?)?(?P<mark>[*_`"']{0,3})(?P<label>[^\W\d_][^:=|\t\n*`"]{1,60}?)[*_`"']{0,3}
    (?:[ \u00a0\u202f]{0,60}(?:=>|:=|[:=|]|→|->)[ \t]*+|\t[ \t]*+|[ ]{2,60}(?=\S)|[ ](?=[0-9A-Fa-f]{8}-))[*_]{0,3}[ \t\u00a0\u202f]*+(?P<value>\S.*)""",
    re.VERBOSE,
)
_IN_A_ROW = re.compile(
    r"(?:^|(?<=[\s;,|(]))(?P<label>[^\W\d_][\w.()'’ -]{1,40}?)[ ]?[:=][ ]?(?P<value>[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{20,30}|[\w.~+-]{1,64}@?[\w.-]{1,64})(?=[\s;,|)]|$)"
)
_ALONE = re.compile(
    r"^[ \t]*+(?:[-*+•>] )?[*_`]{0,3}(?P<label>[^\W\d_][^:=|\t\n*`]{1,60}?)[*_`]{0,3}[ \t]*+:?[*_`]{0,3}[ \t]*+"
)
_VALUE_ALONE = re.compile(r"[ \t]*+(?::[ \t]*+)?[`\"']?(?P<value>[^\s`\"']{3,120})[`\"']?[ \t]*+")
_QUOTED = re.compile(r"(?P<quote>[\"'`“‘«])(?P<value>[^\"'`”’»\n]{0,300})[\"'`”’»][ \t]*+[,;.|]?[ \t]*+")
_ARTICLE = re.compile(r"^(?:the|your|our|my|el|la|su|mi|nuestro|der|die|das|unsere?|le|mon|o|il) ")
_NOTE = re.compile(r"[ \t](?:[(#←<]|//|--)")
_NEIGHBOURS = 5
_HEADING_ABOVE = 10
_HEADINGS_WORDS = 8
_PAIR = re.compile(r"[:=|\t]|\s{2,}|\s(?=[0-9a-f]{8}\s)")
_OVERVIEW = frozenset({"application id", "id de aplicacion"})
"""What the portal calls the id on the Enterprise Application's page alone."""
_OF_MAIL = re.compile(r"imap|mailbox|buzon|postfach|boite|caixa|casella|posteingang")
_ONE_WORD = frozenset(
    [
        "secret",
        "secreto",
        "geheimnis",
        "segredo",
        "segreto",
        "tenant",
        "inquilino",
        "mandant",
        "locataire",
        "buzon",
        "usuario",
        "correo",
        "cuenta",
        "postfach",
        "benutzer",
        "benutzername",
        "konto",
        "utilisateur",
        "compte",
        "caixa",
        "casella",
        "utente",
        "servidor",
        "serveur",
        "puerto",
        "porta",
        "porto",
        "posteingangsserver",
    ]
)
_WORDS = (
    "id",
    "imap",
    "secret",
    "geheim",
    "segre",
    "mailbox",
    "buz",
    "postfach",
    "servidor",
    "serveur",
    "puerto",
    "inquilino",
)


def read(lines: Sequence[str]) -> Iterator[Labelled]:
    """Yield each value whose label says what it is.

    An Object ID of which nothing says whose it is, is left out; but one that is the Application ID is wrong whosever it
    should be, and stands for the Enterprise Application's, which is the one that Exchange needs.
    """
    found = list(_labelled(lines))
    application_ids = {one.raw.casefold() for one in found if one.kind is SettingName.APPLICATION_ID}
    for one in found:
        if one.kind is not Also.OBJECT_ID:
            yield one
            continue
        kind = _whose(one, lines)
        if kind is None and GUID.fullmatch(one.raw) and one.raw.casefold() in application_ids:
            kind = SettingName.ENTERPRISE_APP_OBJECT_ID
        if kind is not None:
            yield Labelled(kind, one.label, one.raw, one.index, one.quoted)


def _labelled(lines: Sequence[str]) -> Iterator[Labelled]:
    for index, line in enumerate(lines):
        several = list(_several(line, index))
        yield from several or [one for one in (_same_line(line, index) or _next_line(lines, index),) if one is not None]


def may_stand(lowered: str) -> bool:
    """Say cheaply whether a text can have such labels at all."""
    return any(word in lowered for word in _WORDS)


def kind_of(label: str, around: str = "") -> Kind | None:
    """Return what a label stands for; `None` for any other words. `around` may say whose Object ID it is."""
    plain = normalised(label)
    kind: Kind | None = next((kind for kind, pattern in _LABELS if pattern.fullmatch(plain)), None)
    if kind is None and len(plain) <= _LONGEST and _OBJECT_ID.search(plain):
        kind = Also.OBJECT_ID
    if kind is Also.OBJECT_ID and around:
        return _of_words(normalised(around)) or kind
    return kind


def _of_words(plain: str) -> SettingName | None:
    if _ENTERPRISE.search(plain):
        return SettingName.ENTERPRISE_APP_OBJECT_ID
    return SettingName.APP_REGISTRATION_OBJECT_ID if _REGISTRATION.search(plain) else None


def normalised(label: str) -> str:
    """Return a label in lower case, without accents, dots, dashes, apostrophes and a leading article."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", label.casefold()) if not unicodedata.combining(c))
    spaced = re.sub(r"[._\-–’']", " ", bare).replace("(", " (").replace("( ", "(").replace(" )", ")")
    return _ARTICLE.sub("", " ".join(spaced.split()))


def _several(line: str, index: int) -> Iterator[Labelled]:
    """Yield labels and ids that stand in a row on one line; a single one is read more freely."""
    pairs = [(match, kind_of(match["label"])) for match in _IN_A_ROW.finditer(line)]
    known = [(match, kind) for match, kind in pairs if kind is not None and _is_in_words(match["label"])]
    if len(known) > 1:
        for match, kind in known:
            yield Labelled(kind, match["label"], match["value"], index, quoted=False)


def _same_line(line: str, index: int) -> Labelled | None:
    match = _LINE.match(line)
    kind = kind_of(match["label"]) if match else None
    if match is None or kind is None or not _is_in_words(match["label"]):
        return None
    quoted = _QUOTED.fullmatch(match["value"])
    raw = quoted["value"] if quoted else _bare(match["value"])
    return Labelled(kind, match["label"], raw, index, quoted is not None) if raw else None


def _is_in_words(label: str) -> bool:
    """Say whether a label is one of a sheet: `client_id`, `user` and `AppId` are a program's or a cmdlet's."""
    hyphened = "-" in label and label != label.lower()
    return " " in label.strip() or hyphened or normalised(label) in _ONE_WORD


def _bare(value: str) -> str:
    """Return a value without what Markdown and remarks put behind it; no-break spaces are its own."""
    note = _NOTE.search(value)
    cut = (value[: note.start()] if note else value).rstrip(" \t|`").removesuffix("**")
    return cut.strip(" \t").rstrip(",;")


def _next_line(lines: Sequence[str], index: int) -> Labelled | None:
    """Read a label that has its line to itself, as the portal's overview is copied; only an id or an address follows so."""
    label = _ALONE.fullmatch(lines[index])
    kind = kind_of(label["label"]) if label else None
    if label is None or kind is None or not _is_in_words(label["label"]):
        return None
    following = next((i for i in range(index + 1, min(index + 3, len(lines))) if lines[i].strip()), None)
    value = _VALUE_ALONE.fullmatch(lines[following]) if following is not None else None
    if (
        following is None
        or value is None
        or not (GUID.fullmatch(value["value"]) or "@" in value["value"] or "." in value["value"])
    ):
        return None
    return Labelled(kind, label["label"], value["value"], following, quoted=False)


def _whose(found: Labelled, lines: Sequence[str]) -> SettingName | None:
    """Say whose Object ID it is: by the label, by the labels beside it, by the heading above it."""
    above = lines[max(found.index - 1, 0) : found.index]
    for text in (found.label, *above):
        if (kind := _of_words(normalised(text))) is not None:
            return kind
    near = [normalised(line) for line in lines[max(found.index - _NEIGHBOURS, 0) : found.index + _NEIGHBOURS]]
    if any(re.match(r"\W*(?:directory \(tenant\) id|id de directorio \(inquilino\))", line) for line in near):
        return SettingName.APP_REGISTRATION_OBJECT_ID
    beside = {" ".join(_PAIR.split(line)[0].split()) for line in near}
    if beside & _OVERVIEW and not any("(client" in line for line in near):
        return SettingName.ENTERPRISE_APP_OBJECT_ID
    for line in reversed(lines[max(found.index - _HEADING_ABOVE, 0) : found.index]):
        if len(line.split()) <= _HEADINGS_WORDS and (kind := _of_words(normalised(line))) is not None:
            return kind
    return None
