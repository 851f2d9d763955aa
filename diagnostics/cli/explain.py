"""`diag explain`: the page of a cause, found by its slug, by an error code, or by any error text; works offline."""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from diagnostics import causes
from diagnostics.aadsts import NO_FAULT, causes_of
from diagnostics.causes import CausePage
from diagnostics.cli import _guard, _screen
from diagnostics.cli._screen import Language
from diagnostics.findings import Stage
from diagnostics.report.translation import translate

_CODE = re.compile(r"(?:AADSTS)?(\d{5,8})", re.IGNORECASE)
_SLUG = re.compile(r"[a-z]+(?:-[a-z0-9]+){2,}")
_WORD = re.compile(r"[a-z0-9áéíóúñü]{4,}")
_ENOUGH_WORDS = 2
_MOST = 12


def explain(
    what: Annotated[
        list[str] | None, typer.Argument(metavar="[CAUSE | CODE | ERROR TEXT]", help="What is to be explained.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the causes, in the order of the chain.")] = False,
    stage: Annotated[Stage | None, typer.Option("--stage", help="List only the causes of this link.")] = None,
    lang: Annotated[Language | None, typer.Option("--lang", help="Language; the locale's when left out.")] = None,
) -> None:
    """Explain a cause, an error code or an error text.

    What is seen, what it means, how to prove it, fix it and avoid it; works offline.
    """
    language = _screen.language(lang)
    text = " ".join(what or ()).strip()
    if listed or stage is not None or not text:
        _screen.emit(_listing(_pages(language), stage))
        return
    found = find(text, language)
    if not found and (told := _told(text)):
        _screen.emit(translate(told, language))
        return
    if not found:
        _guard.say(f"diag: nothing here explains {text[:80]!r}; `diag explain --list` names all causes{_nearest(text)}")
        raise typer.Exit(_guard.USAGE)
    if len(found) == 1:
        _screen.emit(render(found[0], _screen.width(), color=_screen.color()))
        return
    words = {"en": "Several causes look like this:", "es": "Varias causas se parecen a esto:"}[language]
    _screen.emit(f"{words}\n\n{_listing(found, None)}")


def _pages(language: str) -> list[CausePage]:
    pages = [causes.page(slug, language) for slug in causes.slugs()]
    return sorted(pages, key=lambda page: (page.stage.position, page.slug))


def find(text: str, language: str = "en") -> list[CausePage]:
    """Return the pages that explain `text`: a slug, a code that pages name, a phrase that they quote, else by judging it."""
    slug = text.strip().lower()
    if slug in causes.slugs():
        return [causes.page(slug, language)]
    if _SLUG.fullmatch(slug):
        return []  # a slug that does not exist; the nearest ones are named
    pages = _pages(language)
    return (
        _by_code(text, pages)
        or _by_phrase(text, pages)
        or _by_judging(text, language)
        or _by_error(text, language)
        or _by_words(text, pages)
    )


def _by_code(text: str, pages: Sequence[CausePage]) -> list[CausePage]:
    """Return the pages of what judging may make of a number, by the same table; the likeliest first."""
    codes = set(_CODE.findall(text)) if _CODE.fullmatch(text.strip()) or "aadsts" in text.lower() else set()
    slugs = [slug for code in sorted(codes) for slug in causes_of(int(code))]
    known = {page.slug: page for page in pages}
    return [known[slug] for slug in dict.fromkeys(slugs)]


def _told(text: str) -> str:
    """Return what a number says that accuses nothing; nothing for any other text."""
    code = _CODE.fullmatch(text.strip())
    said = NO_FAULT.get(int(code[1]), "") if code else ""
    return f"AADSTS{code[1]} says: {said}" if code and said else ""


def _by_phrase(text: str, pages: Sequence[CausePage]) -> list[CausePage]:
    """Return the pages one of whose aliases stands in the text, those with the longest one first."""
    folded = " ".join(text.casefold().split())
    lengths = {
        page.slug: max((len(alias) for alias in page.aliases if alias.casefold() in folded), default=0)
        for page in pages
    }
    found = [page for page in pages if lengths[page.slug]]
    return sorted(found, key=lambda page: -lengths[page.slug])


def _by_judging(text: str, language: str) -> list[CausePage]:
    """Read the text as `diag analyze` does, and return the pages of what it suspects."""
    import datetime as dt  # noqa: PLC0415

    from diagnostics.report import build  # noqa: PLC0415 - only for free text
    from diagnostics.sources.transcript import read  # noqa: PLC0415 - only for free text

    started = dt.datetime.now(dt.UTC)
    evidence = read([text.encode()], name="text")
    report = build(evidence, command="diag explain", started=started, language=language)
    return [causes.page(cause.cause, language) for cause in report.diagnosis.causes]


def _by_error(text: str, language: str) -> list[CausePage]:
    """Return the page of an error on the way to Exchange PowerShell, although nothing beside it shows that it was there."""
    from diagnostics.checks.operator.way_to_exchange import CAUSES  # noqa: PLC0415 - only for free text
    from diagnostics.errors.rules import classify  # noqa: PLC0415

    kind = classify("", "", text)
    return [causes.page(CAUSES[kind][0], language)] if kind in CAUSES else []


def _by_words(text: str, pages: Sequence[CausePage]) -> list[CausePage]:
    """Return the pages whose slug and title share most words with the text."""
    wanted = set(_WORD.findall(text.casefold()))
    shared = {page.slug: len(wanted & set(_WORD.findall(f"{page.slug} {page.title.casefold()}"))) for page in pages}
    best = max(shared.values(), default=0)
    least = min(_ENOUGH_WORDS, len(wanted))
    return [page for page in pages if best >= max(least, 1) and shared[page.slug] == best][:_MOST]


def _nearest(text: str) -> str:
    close = difflib.get_close_matches(text.lower(), causes.slugs(), 3, 0.5)
    return f"; near it are {', '.join(close)}" if close else ""


def _listing(pages: Sequence[CausePage], stage: Stage | None) -> str:
    """Return slugs with their titles, under the links of the chain."""
    width = _screen.width()
    lines: list[str] = []
    for link in Stage:
        of_link = [page for page in pages if page.stage is link and stage in {None, link}]
        if not of_link:
            continue
        lines += ["", link.value] if lines else [link.value]
        for page in of_link:
            lines.append(f"  {page.slug}")
            lines += textwrap.wrap(page.title, max(width, 30), initial_indent="      ", subsequent_indent="      ")
    return "\n".join(lines)


def render(page: CausePage, width: int, *, color: bool) -> str:
    """Return a page for a window of `width` columns; commands are never wrapped, so that they can be copied."""
    width = min(max(width, 30), 100)
    lines = [*_headline(f"{page.slug} ({page.stage.value})", color), *textwrap.wrap(page.title, width), ""]
    for heading in page.sections:
        lines += [*_headline(heading, color), *_markdown(page.shown(heading), width), ""]
    return "\n".join(lines).rstrip() + "\n"


def _headline(text: str, color: bool) -> list[str]:
    return [f"\x1b[1m{text}\x1b[0m"] if color else [text]


_ITEM = re.compile(r"^(\s*)(\d+\.|[-*])\s+")


def _markdown(text: str, width: int) -> Iterator[str]:
    """Yield a section's lines: paragraphs and items wrapped, code and tables as they are."""
    within, indent = False, "  "
    paragraph: list[str] = []
    prefix = indent
    for line in [*text.splitlines(), ""]:
        fence = line.strip().startswith("```")
        item = None if within else _ITEM.match(line)
        ends = fence or within or not line.strip() or item is not None or line.lstrip().startswith("|")
        if ends and paragraph:
            yield from textwrap.wrap(
                " ".join(paragraph),
                width,
                initial_indent=prefix,
                subsequent_indent=" " * len(prefix),
                break_long_words=False,
                break_on_hyphens=False,
            )
            paragraph = []
        if fence:
            within = not within
        elif within or line.lstrip().startswith("|"):
            yield f"    {line}" if line.strip() else ""
        elif item is not None:
            prefix = f"{indent}{item[1]}{item[2]} "
            paragraph = [line[item.end() :].strip()]
        elif line.strip():
            prefix = prefix if paragraph else indent + re.match(r"\s*", line)[0]  # type: ignore[index]
            paragraph.append(line.strip())
        else:
            yield ""
