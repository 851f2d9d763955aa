"""The XOAUTH2 string is built right, byte for byte: user=…, byte 0x01, auth=Bearer …, two bytes 0x01."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from diagnostics.checks import Check
from diagnostics.checks.input.mailbox_address import shared_mailbox
from diagnostics.evidence import Evidence, SaslFault, SaslString
from diagnostics.findings import Confidence, Judgement, Stage, Suspect, failed, passed

_CAUSES: Mapping[SaslFault, tuple[str, Confidence]] = {
    SaslFault.LITERAL_CARET_A: ("auth-xoauth2-literal-caret-a", Confidence.CERTAIN),
    SaslFault.ESCAPED_SEPARATOR: ("auth-xoauth2-literal-caret-a", Confidence.LIKELY),
    SaslFault.TOKEN_DOUBLE_BASE64: ("auth-xoauth2-token-double-base64", Confidence.CERTAIN),
    SaslFault.BLANK_BEFORE_SEPARATOR: ("auth-xoauth2-blank-before-separator", Confidence.CERTAIN),
    SaslFault.UTF_16: ("auth-xoauth2-blank-before-separator", Confidence.LIKELY),
    SaslFault.USER_WITH_BACKSLASH: ("mailbox-shared-backslash-login", Confidence.CERTAIN),
    SaslFault.USER_NOT_AN_ADDRESS: ("input-mailbox-not-an-address", Confidence.LIKELY),
    SaslFault.TOKEN_OPAQUE: ("mailbox-personal-account", Confidence.POSSIBLE),
}


def judge(evidence: Evidence) -> Iterator[Judgement]:
    """Judge each string that was sent or that a script builds."""
    sent = [*evidence.sasl_strings, *(s.sasl for s in evidence.all_imap_sessions() if s.sasl is not None)]
    for string in dict.fromkeys(sent):
        yield _judge_one(string)


def _judge_one(string: SaslString) -> Judgement:
    known = [(fault, *_CAUSES[fault]) for fault in string.faults if fault in _CAUSES]
    where = string.provenance.how
    if known:
        suspects = [
            Suspect(cause, sure, (f"{where}: {fault}",), _values(cause, string), ("auth-rejected-no-reason",))
            for fault, cause, sure in known
        ]
        return failed("The XOAUTH2 string is malformed", *suspects, subject=string.user)
    if string.faults:
        return failed(
            "The XOAUTH2 string is malformed", hint=f"{where}: {'; '.join(string.faults)}", subject=string.user
        )
    return passed("The XOAUTH2 string is well formed", subject=string.user)


def _values(cause: str, string: SaslString) -> dict[str, str]:
    return {"shared_mailbox": shared_mailbox(string.user)} if cause == "mailbox-shared-backslash-login" else {}


CHECK = Check(
    id="xoauth2-string",
    stage=Stage.IMAP_AUTH,
    title="The XOAUTH2 string is well formed",
    causes=tuple(dict.fromkeys(cause for cause, _ in _CAUSES.values())),
    judge=judge,
    order=10,
)
