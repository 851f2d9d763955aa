"""From a profile's text to a `Profile`, or to complaints that name file, line and column.

The form is judged here: known keys, kinds of values, what belongs together. What an id or address *means* is left to the
input checks (`values.py`), since a broken id is a finding about the application and not a broken profile.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from diagnostics import files
from diagnostics.evidence import SettingName
from diagnostics.exchange.retired import is_retired
from diagnostics.profile.complaints import Complaint, Place, ProfileError
from diagnostics.profile.judging import judge_value
from diagnostics.profile.model import (
    Application,
    CertificateReference,
    Document,
    Endpoints,
    Exchange,
    Imap,
    Operator,
    Scalar,
    SecretReference,
    Timeouts,
)
from diagnostics.profile.reading import KeyPath, Source, Tree, parse, read_text
from diagnostics.redaction import Secret, safe

_SECRET_KEYS = {"secret", "password"}
_EVERY_DAY = {"client_id": "id", "app_id": "id", "application_id": "id", "tenant_id": "tenant", "mailbox": "mailboxes"}


@dataclass(frozen=True, slots=True)
class Profile:
    """What to diagnose, as somebody wrote it down: ids and addresses keep every character that was typed.

    `places` says by path, such as ("application", "id"), where a value stands; what has no place is a default. `option` is
    what `--profile` has to be given to name this profile again; `scenarios` and `shape` are a demo's.
    """

    name: str
    path: Path
    document: Document
    places: Mapping[KeyPath, Place] = field(default_factory=dict)
    option: str = ""
    scenarios: tuple[str, ...] = ()
    shape: str = ""

    @property
    def tenant(self) -> str:
        """Directory id or domain, as typed."""
        return self.document.tenant

    @property
    def cloud(self) -> str:
        """Name of the cloud: global, us-gov, us-dod or china."""
        return self.document.cloud

    @property
    def application(self) -> Application:
        """The application under test."""
        return self.document.application

    @property
    def operator(self) -> Operator | None:
        """Who signs in for Exchange PowerShell and Graph; `None` when the profile names nobody."""
        return self.document.operator

    @property
    def mailboxes(self) -> tuple[str, ...]:
        """The mailboxes to be read, as typed."""
        return self.document.mailboxes

    @property
    def imap(self) -> Imap:
        """The IMAP server; `server` is `None` where the cloud's own is meant."""
        return self.document.imap

    @property
    def exchange(self) -> Exchange:
        """How to reach Exchange PowerShell."""
        return self.document.exchange

    @property
    def endpoints(self) -> Endpoints:
        """Base URLs that replace the cloud's; `None` where they do not. See `values.target` for the result."""
        return self.document.endpoints

    @property
    def timeouts(self) -> Timeouts:
        """How long to wait, in seconds."""
        return self.document.timeouts

    @property
    def graph(self) -> bool:
        """Whether Graph may be asked."""
        return self.document.graph

    @property
    def ca_file(self) -> Path | None:
        """A CA that is trusted in addition to the system's."""
        return self.file(self.document.ca_file) if self.document.ca_file else None

    def file(self, name: str) -> Path:
        """Return the path of a file that the profile names: `~` is expanded, a relative one is beside the profile."""
        return self.path.parent / files.expanded(name)

    def place(self, *path: str | int) -> Place:
        """Return where a value stands, or the file where it is a default."""
        return self.places.get(path, Place(str(self.path)))


def load(path: Path, *, name: str = "") -> Profile:
    """Load a profile. Raises ProfileError for what is no YAML, no mapping, of unknown keys or of the wrong kind."""
    return load_text(read_text(path, str(path)), path, name=name)


def load_text(text: str, path: Path, *, name: str = "") -> Profile:
    """Load a profile from its text; `path` is where it stands or will stand. Raises ProfileError."""
    try:
        source = parse(text, str(path))
    except ProfileError as error:
        broken = error.complaints
        raise ProfileError(*broken, *(more for one in broken for more in _judged_line(text, one.place))) from None
    _register_secrets(source.tree)
    try:
        document = Document.model_validate(source.tree)
    except ValidationError as error:
        raise ProfileError(*_sorted(_complaint(source, item) for item in error.errors(include_input=False))) from None
    complaints = _sorted(_together(source, document))
    if complaints:
        raise ProfileError(*complaints)
    return Profile(name or path.stem, path, document, dict(source.values))


_LINE = re.compile(r"[ \t-]*+(?P<key>\w++):[ \t]++(?P<value>\S(?:[^ \t]|[ \t]++(?!#|$))*+)(?:[ \t]+#.*|[ \t]*)$")
_IDS = {
    "tenant": SettingName.TENANT,
    "id": SettingName.APPLICATION_ID,
    "application_id": SettingName.APPLICATION_ID,
    "enterprise_object_id": SettingName.ENTERPRISE_APP_OBJECT_ID,
    "registration_object_id": SettingName.APP_REGISTRATION_OBJECT_ID,
}


def _judged_line(text: str, place: Place) -> Iterator[Complaint]:
    """Judge an id that is no YAML, such as one behind a `>`, by the line that it stands on."""
    lines = text.splitlines()
    found = _LINE.match(lines[place.line - 1]) if 0 < place.line <= len(lines) else None
    name = _IDS.get(found["key"]) if found else None
    if found and name:
        yield from judge_value(name, found["value"], Place(place.file, place.line, found.start("value") + 1))


def _register_secrets(tree: Tree, *, within_secret: bool = False) -> None:
    """Let `redact` know whatever stands where a reference to a secret belongs, so that no complaint quotes it."""
    match tree:
        case dict():
            for key, value in tree.items():
                known = within_secret and key in SecretReference.model_fields
                hidden = key in _SECRET_KEYS or (within_secret and not known) or "secret" in key.lower()
                _register_secrets(value, within_secret=hidden)
        case list():
            for value in tree:
                _register_secrets(value, within_secret=within_secret)
        case Scalar() if within_secret:
            Secret(tree.raw)


def _sorted(complaints: Iterable[Complaint]) -> list[Complaint]:
    return sorted(complaints, key=lambda complaint: (complaint.place.line, complaint.place.column))


def _complaint(source: Source, error: Mapping[str, Any]) -> Complaint:
    path: KeyPath = tuple(error["loc"])
    kind, name = error["type"], _dotted(path)
    if kind == "extra_forbidden":
        return _unknown_key(source, path)
    if kind == "missing":
        empty = path in source.keys
        place = source.keys[path] if empty else source.place(path[:-1])
        return Complaint(place, f"`{name}` {'has no value' if empty else 'is missing'}", f"add {_described(path)}")
    what, advice = _wrong_kind(kind, error.get("ctx") or {}, path, source)
    return Complaint(source.place(path), f"`{name}` {what}", advice)


def _unknown_key(source: Source, path: KeyPath) -> Complaint:
    key = safe(str(path[-1]))
    known = list(_model_at(path[:-1]).model_fields)
    place = source.keys.get(path, source.place(path))
    within = f" in `{_dotted(path[:-1])}`" if path[:-1] else ""
    if path[:-1] and path[-2] in _SECRET_KEYS:
        return Complaint(place, f"an unknown key{within}", "write one of " + ", ".join(known))
    bare = "".join(letter for letter in key.strip("\ufeff ") if letter.isprintable()).strip().lower().replace("-", "_")
    close = [_EVERY_DAY[bare]] if _EVERY_DAY.get(bare) in known else difflib.get_close_matches(bare, known, 1, 0.6)
    advice = f"did you mean `{close[0]}`?" if close else f"known here are {', '.join(known)}"
    return Complaint(place, f"unknown key `{key}`{within}", advice)


def _wrong_kind(kind: str, context: Mapping[str, Any], path: KeyPath, source: Source) -> tuple[str, str]:
    """Return what is wrong with a value of a known key, and what to write; the value itself is not quoted."""
    if path[-1] in _SECRET_KEYS:
        return (
            "must say where the secret is kept; the secret itself never stands in a profile",
            f"write e.g. `{path[-1]}: {{env: DIAG_{str(path[0]).upper()}_{str(path[-1]).upper()}}}`",
        )
    match kind:
        case "literal_error":
            return _not_among(str(context["expected"]), path, source)
        case "value_error":
            return str(context["error"]), f"write {_described(path)}"
        case "model_type":
            return "must be a mapping", "write " + ", ".join(
                f"`{key}: …`" for key in list(_model_at(path).model_fields)[:3]
            )
        case "tuple_type":
            return "must be a list", f"write `{path[-1]}: […]`, or one `- …` to a line"
        case "greater_than_equal" | "less_than_equal" | "greater_than" | "finite_number" | "int_from_float":
            return "is out of range", "write " + (
                "a port from 1 to 65535" if path[-1] == "port" else "1 to 3600 seconds"
            )
        case "string_pattern_mismatch":
            return (
                "is not the name of a variable",
                "write letters, digits and underscores, e.g. DIAG_APPLICATION_SECRET",
            )
    return "is not what belongs there", f"write {_described(path)}"


def _not_among(expected: str, path: KeyPath, source: Source) -> tuple[str, str]:
    choices = expected.replace("'", "")
    if path == ("version",):
        return "is not 1", "write `version: 1`; a profile of a later version needs a later diag"
    if path == ("application", "secret", "prompt"):
        return "must be true", "write `prompt: true`"
    typed = _typed(source, path)
    return f"is {typed!r}" if typed else "is not known", f"write {choices.replace(' or ', ', or ')}"


def _typed(source: Source, path: KeyPath) -> str:
    tree: Any = source.tree
    for step in path:
        tree = tree[step]
    return safe(tree.raw)[:60] if isinstance(tree, Scalar) else ""


def _dotted(path: KeyPath) -> str:
    return safe(".".join(str(step) for step in path))


def _model_at(path: KeyPath) -> type[BaseModel]:
    """Return the model of the mapping at `path`."""
    model: type[BaseModel] = Document
    for step in path:
        annotation = model.model_fields[str(step)].annotation
        inner = getattr(annotation, "__args__", (annotation,))[0]
        assert isinstance(inner, type)
        assert issubclass(inner, BaseModel)
        model = inner
    return model


def _described(path: KeyPath) -> str:
    names = [step for step in path if isinstance(step, str)]
    found = _model_at(tuple(names[:-1])).model_fields[names[-1]]
    words = (found.description or "").partition(":")[0].partition(".")[0]
    return f"`{names[-1]}: …`" + (f" ({words})" if words else "")


def _together(source: Source, document: Document) -> Iterator[Complaint]:
    """Complain about what is well formed by itself and does not fit what stands beside it."""
    application, operator, exchange = document.application, document.operator, document.exchange
    for path, reference in _references(document):
        given = [key for key in SecretReference.model_fields if getattr(reference, key) is not None]
        if len(given) != 1:
            what = f"`{_dotted(path)}` names {len(given) or 'no'} places"
            yield Complaint(source.place(path), what, "write exactly one of env, file, keyring, prompt")
    for name, section in (("application", application), ("operator", operator)):
        if section is not None and section.secret is not None and section.certificate is not None:
            what = f"`{name}` has a secret and a certificate"
            yield Complaint(source.place((name, "certificate")), what, "keep the one that it signs in with")
    if exchange.transport in {"ssh", "winrm"} and not exchange.host:
        what = f"`exchange.transport` is {exchange.transport}, and `exchange.host` is missing"
        yield Complaint(source.place(("exchange", "transport")), what, "add the management host, or use local")
    if exchange.connection_uri and not is_retired(exchange.connection_uri):
        place = source.place(("exchange", "connection_uri"))
        yield Complaint(place, "`exchange.connection_uri` is not used", "write `transport: winrm`, `host` and `port`")
    if operator is not None:
        yield from _operator(source, operator)


def _operator(source: Source, operator: Operator) -> Iterator[Complaint]:
    place = source.place(("operator", "sign_in"))
    if operator.sign_in == "application":
        if not operator.application_id:
            yield Complaint(place, "`operator.application_id` is missing", "add the operator's Application ID")
        if operator.secret is None and operator.certificate is None:
            advice = "add e.g. `secret: {env: DIAG_OPERATOR_SECRET}`"
            yield Complaint(place, "`operator` has neither a secret nor a certificate", advice)
    if operator.sign_in == "access-token-file" and not operator.file:
        yield Complaint(place, "`operator.file` is missing", "add the file that holds the access tokens")


def _references(document: Document) -> Iterator[tuple[KeyPath, SecretReference]]:
    """Yield every reference to a secret that the profile makes, with its path."""
    pending: list[tuple[KeyPath, object]] = [((), document)]
    while pending:
        path, item = pending.pop()
        if isinstance(item, SecretReference):
            yield path, item
        elif isinstance(item, BaseModel):
            pending += [((*path, name), getattr(item, name)) for name in type(item).model_fields]


__all__ = ["CertificateReference", "Profile", "SecretReference", "load", "load_text"]
