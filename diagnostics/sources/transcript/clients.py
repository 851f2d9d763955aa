r"""Sentences in which a program or its library speaks of what it lacks itself, before it says anything to a server.

The same kind of table as `signatures`, applied in the same way. Each row has a sentence that is read and one that nearly
says it in tests/field.
"""

# ruff: noqa: E501 - a pattern is read on one line

from __future__ import annotations

from diagnostics.sources.transcript.signatures import Signature

_S = Signature
_LACKS = r"(?:unknown|unsupported|unrecogni[sz]ed|undefined|invalid|no such)"
_WHAT = r"(?:SASL |IMAP )?(?:auth(?:entication|enticator|orization)?|SASL|mechanism)(?: (?:types?|methods?|mechanisms?|mech))?"

CLIENTS: tuple[Signature, ...] = (
    _S("client-lacks-xoauth2", rf"\b{_LACKS} {_WHAT}[-:= ]{{0,4}}(?:for |called )?[\"'`‘“(]{{0,2}}XOAUTH2\b|\bXOAUTH2[\"'’”)]{{0,2}} (?:auth(?:entication)? |mechanism |SASL |method )?(?:is |was |are )?(?:un(?:supported|known|available)|not (?:yet )?(?:supported|available|implemented|known|found|installed))\b(?! by (?:the |this |your )?(?:IMAP )?server)|\bselected SASL mechanism\(s\) not available; selected: XOAUTH2|\bXOAUTH2[\s\S]{{0,160}}?\bno (?:worthy )?mech(?:anism)?s? (?:found|available)\b|\bno (?:worthy )?mech(?:anism)?s? (?:found|available)\b[\s\S]{{0,160}}?\bXOAUTH2", "ruby/net-imap issue 146; messages of mbsync and Cyrus SASL", ("xoauth2",)),
    _S("client-finds-no-mechanism", r"\bNo (?:supported|known|suitable|common|compatible) authentication (?:mechanisms?|methods?)\b(?:\(s\))?(?: available| supported| found)?|\bNo authentication mechanisms? supported by both server and client\b|\bno (?:SASL )?authentication mechanisms? (?:in common|available|could be negotiated)\b|\bUnsupported authentication mechanism\(s\) detected\b", "node-imap issues 55, 419; curl issue 17420; Jakarta Mail", ("mechanism", "authentication method"), unless=r"\bSMTP"),
)  # fmt: skip
