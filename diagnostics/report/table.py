"""The document for a screen: the first cause and its commands on top, then every check with what it compared."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from tabulate import tabulate

from diagnostics.comparison import Comparison, Relation
from diagnostics.diagnosis import RankedCause, known_values
from diagnostics.findings import Confidence, Finding, Outcome
from diagnostics.obstacles import hint_lines
from diagnostics.redaction import safe
from diagnostics.report.document import Report, at_once
from diagnostics.report.translation import translate, translate_word
from diagnostics.report.words import CONFIDENCES, OUTCOMES, RELATIONS, REQUESTS, WORDS, sentence

_NARROWEST = 40
_MAILBOXES = 5  # enough to recognise them
_COLORS = {Outcome.PASS: "32", Outcome.FAIL: "31", Outcome.UNKNOWN: "33", Outcome.SKIPPED: "2"}


def render(report: Report, *, width: int, color: bool) -> str:
    """Return the report for a window of `width` columns; commands are never wrapped, so that they can be copied."""
    width = max(width, _NARROWEST)
    words = WORDS[report.language]
    head = list(_headline(report, width))
    lines = [*head, ""] if head else []
    causes = report.diagnosis.causes
    if causes:
        lines += [*_cause(causes[0], report, width, first=True), ""]
    rest = causes[1:]
    strong = [cause for cause in rest if cause.confidence is not Confidence.POSSIBLE]
    weak = [cause for cause in rest if cause.confidence is Confidence.POSSIBLE]
    for cause in strong:
        lines += [*_cause(cause, report, width, first=False), ""]
    if weak:
        lines.append(f"{words['others']}:")
        for cause in weak:
            lines += _wrap(f"{cause.cause}: {cause.title}", width, "  - ")
        lines.append("")
    findings = [
        finding
        for finding in report.findings
        if finding.judgement.missing is None or finding.outcome is not Outcome.SKIPPED
    ]
    if report.verdict.asks:
        lines += [*_asks(report, width), ""]
    if findings:
        lines += [f"{words['checks']}:", _table(findings, report, width), ""]
    if report.evidence.left_out:
        left_out = "; ".join(translate(name, report.language) for name in report.evidence.left_out)
        lines += _wrap(f"{words['left_out']}: {left_out}", width, "")
    for note in report.evidence.notes:
        lines += _wrap(f"{words['note']}: {translate(note, report.language)}", width, "")
    for fault in report.faults:
        lines += _wrap(f"{words['fault']}: {fault}", width, "")
    text = safe("\n".join(lines).rstrip("\n") + "\n")
    return _paint(text, report.language) if color else text


def _headline(report: Report, width: int) -> Iterator[str]:
    words = WORDS[report.language]
    yield from _obstacles(report, width)
    if not report.diagnosis.causes:
        yield from _wrap(sentence(report.verdict, report.language), width, "")
    for name, value in _about(report):
        yield from _wrap(f"{words[name]} {value}", width, "")


def _obstacles(report: Report, width: int) -> Iterator[str]:
    """Yield what has to be put in order first; its hint holds a command, which is never wrapped."""
    for obstacle in report.evidence.obstacles:
        label = WORDS[report.language][f"not_ready_{obstacle.who}"]
        yield from _wrap(f"{label}: {translate(obstacle.reason, report.language)}", width, "")
        yield from hint_lines(obstacle.hint, "  > ", width, translate(obstacle.hint, report.language))
    if report.evidence.obstacles:
        yield ""


def _asks(report: Report, width: int) -> Iterator[str]:
    """Yield what to ask for where a pasted text leaves links open; commands stand on lines of their own."""
    words = WORDS[report.language]
    stages = ", ".join(report.verdict.open)
    yield from _wrap(f"{words['ask_for'].format(stages=stages)}:", width, "")
    ways = [words[name].format(command=f"`{command}`") for name, command in at_once(report).items()]
    yield from _wrap(" ".join(ways), width, "  ")
    for ask in report.verdict.asks:
        yield from _wrap(REQUESTS[report.language][ask.request], width, "  - ")
        yield from (f"      {command}" for command in ask.commands)


def _about(report: Report) -> Iterator[tuple[str, str]]:
    """Yield what the run is about: the profile with its file, the tenant with its domain, application and mailboxes."""
    target, values = report.evidence.target, known_values(report.evidence)
    if target.profile:
        file = f" ({target.profile_file})" if target.profile_file not in {"", target.profile} else ""
        yield "profile", f"{target.profile}{file}"
    tenant, domain = target.tenant or values.get("tenant_id", ""), values.get("organization", "")
    if tenant or domain:
        yield "tenant", f"{domain} ({tenant})" if domain and tenant and domain != tenant else domain or tenant
    application, name = target.application_id or values.get("application_id", ""), values.get("display_name", "")
    if application:
        yield "application", f"{name} ({application})" if name else application
    if target.mailboxes:
        more = len(target.mailboxes) - _MAILBOXES
        rest = f" {WORDS[report.language]['others_too'].format(count=more)}" if more > 0 else ""
        yield "mailboxes", f"{', '.join(target.mailboxes[:_MAILBOXES])}{rest}"


def _cause(cause: RankedCause, report: Report, width: int, *, first: bool) -> Iterator[str]:
    words = WORDS[report.language]
    label = words["first_cause"] if first else words["more"]
    yield from _wrap(f"{label}: {cause.cause} ({CONFIDENCES[report.language][cause.confidence]})", width, "")
    yield from _wrap(cause.title + ".", width, "  ")
    if cause.evidence:
        yield f"  {words['because']}:"
        for sentence in cause.evidence:
            yield from _wrap(translate(sentence, report.language), width, "    - ")
    if cause.fix:
        yield f"  {words['fix']}:"
        for number, step in enumerate(cause.fix, 1):
            yield from _wrap(step.text, width, f"    {number}. ")
            for command in step.commands:
                if command.label:
                    yield f"       {command.label}:"
                yield from (f"         {line}" for line in command.text.splitlines())
    if cause.consequences:
        yield from _wrap(f"{words['consequences']}: {', '.join(cause.consequences)}", width, "  ")
    yield from _wrap(words["explain"].format(command=report.invocation.inline("explain", cause.cause)), width, "  ")


def _wrap(text: str, width: int, prefix: str) -> list[str]:
    if not text:
        return []
    return textwrap.wrap(
        text,
        width,
        initial_indent=prefix,
        subsequent_indent=" " * len(prefix),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _table(findings: Iterable[Finding], report: Report, width: int) -> str:
    language = report.language
    words, outcomes = WORDS[language], OUTCOMES[language]
    link_width = max((len(finding.stage) for finding in findings), default=4)
    result_width = max(len(name) for name in outcomes.values())
    found_width = max(width - link_width - result_width - 4, 20)
    told = {obstacle.hint for obstacle in report.evidence.obstacles}
    rows = [
        (finding.stage.value, outcomes[finding.outcome], "\n".join(_found(finding, language, found_width, told)))
        for finding in findings
    ]
    headers = (words["link"], words["result"], words["found"])
    return tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)


def _found(finding: Finding, language: str, width: int, told: set[str]) -> Iterator[str]:
    """Yield the lines of one finding; a hint that stands in an earlier row (`told`) is not said again."""
    judgement = finding.judgement
    subject = f"{judgement.subject}: " if judgement.subject and judgement.subject not in judgement.summary else ""
    yield from _wrap(f"{subject}{translate(judgement.summary, language)}", width, "")
    for compared in judgement.compared:
        yield from _comparison(compared, finding.outcome, language, width)
    if judgement.reason:
        yield from _wrap(f"{WORDS[language]['reason']}: {translate(judgement.reason, language)}", width, "  ")
    if judgement.hint and judgement.hint not in told:
        told.add(judgement.hint)
        yield from _wrap(translate(judgement.hint, language), width, "  > ")


def _comparison(compared: Comparison, outcome: Outcome, language: str, width: int) -> Iterator[str]:
    """Yield both values with the sign of their relation between; ≠ is kept for what is wrong."""
    wanted = outcome is Outcome.PASS and compared.relation is Relation.DIFFERENT
    sign = WORDS[language]["is_not"] if wanted else RELATIONS[language][compared.relation]
    left = f"{translate(compared.left_name, language)} {translate_word(compared.left, language)}"
    right = f"{translate(compared.right_name, language)} {translate_word(compared.right, language)}"
    yield from _wrap(left, width, "  ")
    yield from _wrap(right, width, f"  {sign} ")


def _paint(text: str, language: str) -> str:
    painted = []
    for line in text.splitlines():
        for outcome, word in OUTCOMES[language].items():
            marker = f"  {word}  "
            if marker in line and not line.startswith(" "):
                line = line.replace(marker, f"  \x1b[{_COLORS[outcome]}m{word}\x1b[0m  ", 1)  # noqa: PLW2901
                break
        painted.append(line)
    return "\n".join(painted) + "\n"
