"""How far a conversation with an IMAP server got, and why it got no further: one reason for every way to end.

What was not reached is `unknown` with this reason, never a pass and never "nothing there". In the order of precedence:

| the session shows                                         | reason                       | missing        |
|-----------------------------------------------------------|------------------------------|----------------|
| no address that connected                                 | no connection                | blocked        |
| a command that got no answer: silence                     | the command, and the silence | timed-out      |
| a command that got no answer: closed, reset, BYE, no IMAP | the command, and what came   | remote-error   |
| an end that the probe explains (BYE or PREAUTH as the greeting, no XOAUTH2, throttled) | that explanation | remote-error |
| a command that was refused                                | the command and the refusal  | remote-error   |
| none of these: nothing was left to be said                | there is no token            | blocked        |
"""

from __future__ import annotations

import re

from diagnostics.evidence import AttemptOutcome, ImapSession, ImapStep, Missing, ReplyStatus, Unavailable

# Response codes of RFC 5530 section 3, and Exchange's own words.
_FOR_NOW = re.compile(r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]|server unavailable", re.IGNORECASE)


def is_connected(session: ImapSession) -> bool:
    """Say whether any address took a connection and greeted."""
    return any(attempt.outcome is AttemptOutcome.CONNECTED for attempt in session.attempts)


def no_answer(session: ImapSession, step: ImapStep) -> Unavailable:
    """Return the reason for a command that got no answer."""
    missing = Missing.TIMED_OUT if step.status is ReplyStatus.TIMED_OUT else Missing.REMOTE_ERROR
    return Unavailable(f"{step.command}: {step.status} {step.text}".strip(), missing, session.provenance)


def refusal(session: ImapSession, step: ImapStep) -> Unavailable:
    """Return the reason for a refusal that decides nothing."""
    said = f"{step.command} was answered “{step.answer}”"
    return Unavailable(said, Missing.REMOTE_ERROR, session.provenance)


def is_for_now(step: ImapStep) -> bool:
    """Say whether a refusal speaks of the server's own state, and of neither the token nor the mailbox."""
    return step.status in {ReplyStatus.NO, ReplyStatus.BAD} and _FOR_NOW.search(step.text) is not None


def not_reached(session: ImapSession) -> Unavailable:
    """Return the reason why the next step of a live conversation was not reached."""
    if not is_connected(session):
        return Unavailable("there is no connection to the server", Missing.BLOCKED, session.provenance)
    last = next((step for step in reversed(session.steps) if step.command.upper() != "LOGOUT"), None)
    if last is not None and not last.status.is_answer:
        return no_answer(session, last)
    if session.ended:
        return Unavailable(session.ended, Missing.REMOTE_ERROR, session.provenance)
    if last is not None and last.status is not ReplyStatus.OK:
        return refusal(session, last)
    return Unavailable("there is no token to sign in with", Missing.BLOCKED, session.provenance)


def is_premature(session: ImapSession, step: ImapStep) -> bool:
    """Say whether an OK ended the sign-in before there was one: the probe explains it, and went no further."""
    after = session.steps[session.steps.index(step) + 1 :]
    return bool(session.ended) and all(one.command.upper() == "LOGOUT" for one in after)
