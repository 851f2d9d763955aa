r"""A mailbox is named by one plain address: no `user\mailbox`, no `address:client-id`, no blank."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.checks import Check
from diagnostics.checks.input._values import is_redaction
from diagnostics.evidence import Evidence, SaslFault, SettingName, Source
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed
from diagnostics.ids import is_cut_off
from diagnostics.slips import trimmed

_ADDRESS = re.compile(r"(?!')[^\s@:\\/<>\"(),;]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]{2,}")
_BETWEEN = re.compile(r"[\s:\\/<>\"(),;]+")
_BACKSLASH = re.compile(  # each address ends where the next one begins, so that none is read twice
    r"[^\s@]@(?:(?![^\s@]@[^\s\\/])[^\s\\/])+[\\/]+[^\s@]|^[\w.-]+\\[\w.-]+\\[\w.@-]+$"
)


def is_address(value: str) -> bool:
    """Say whether a value is one plain address."""
    return _ADDRESS.fullmatch(value) is not None


def has_address(value: str) -> bool:
    """Say whether there is an address in a value, with whatever around it."""
    return any(is_address(part.strip("'.")) for part in _BETWEEN.split(value))


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge each address that was typed, or sent as `user=`."""
    settings = [s for s in evidence.settings if s.name is SettingName.MAILBOX]
    typed = [(trimmed(s.raw), s.provenance.how) for s in settings]  # blanks have a check of their own
    own = {trimmed(s.raw) for s in settings if s.provenance.source is Source.PROFILE}
    sent = [
        (s.user, s.provenance.how)
        for s in evidence.sasl_strings
        if s.user and SaslFault.BLANK_BEFORE_SEPARATOR not in s.faults
    ]
    logged = [(s.user, s.provenance.how) for s in evidence.imap_sessions if s.user]
    values = list(dict.fromkeys((*typed, *sent, *logged)))
    good = True
    for value, where in values:
        judgement = _no_address(value, where) if value in own and not has_address(value) else _judge_one(value, where)
        if judgement is not None:
            good = False
            yield judgement
    plain = dict.fromkeys(value for value, _ in values if not is_cut_off(value))
    if plain and good:
        yield passed(f"Mailbox addresses are plain addresses: {', '.join(plain)}")


def _no_address(value: str, where: str) -> Judgement:
    """Say that a profile's mailbox is none, without showing it: it may be a secret that was typed in the wrong place."""
    said = f"{where}: the mailbox is given by {len(value)} characters without an address in them, which are not shown"
    suspect = Suspect("input-mailbox-not-an-address", Confidence.CERTAIN, (said,))
    return failed("A mailbox of the profile is not one plain address", suspect)


def _judge_one(value: str, where: str) -> Judgement | None:
    if is_address(value) or is_redaction(value):
        return None
    said = f"{where}: the mailbox is given as {value!r}"
    if _BACKSLASH.search(value):
        suspect = Suspect(
            "mailbox-shared-backslash-login", Confidence.CERTAIN, (said,), {"shared_mailbox": shared_mailbox(value)}
        )
        return failed(f"{value!r} has the old form user\\mailbox", suspect, subject=value)
    if "@" not in value and " " not in value.strip() and not re.search(r"[:\\/]", value):
        return None
    suspect = Suspect("input-mailbox-not-an-address", Confidence.CERTAIN, (f"{said}, which is not one plain address",))
    return failed(f"{value!r} is not one plain address", suspect, subject=value)


def shared_mailbox(user_name: str) -> str:
    """Return the mailbox behind the backslash or slash of a user name; "" where what follows is no address."""
    last = re.split(r"[\\/]", user_name)[-1].strip()
    return last if is_address(last) else ""


CHECK = Check(
    id="mailbox-address",
    stage=Stage.INPUT,
    title="The mailbox is named by one plain address",
    causes=("input-mailbox-not-an-address", "mailbox-shared-backslash-login"),
    judge=judge,
    order=30,
)
