"""The pages of the causes: one Markdown file per cause and language, read as data.

`<slug>.en.md` carries the front matter (`stage`, `title`, `aliases`); `<slug>.es.md` only its own `title`. The headings are
fixed, so that a report can take the steps of a cause's fix from its page and fill in the ids of the run.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from diagnostics.causes.filling import Command, Filler
from diagnostics.causes.placeholders import PLACEHOLDERS, WORDS
from diagnostics.findings import Stage
from diagnostics.invocation import UNKNOWN_PROFILE, Invocation

__all__ = ["HEADINGS", "LANGUAGES", "PLACEHOLDERS", "WORDS", "CausePage", "Command", "FixStep", "UnknownCause"]

LANGUAGES = ("en", "es")
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "en": ("What you see", "What it means", "How to prove it", "How to fix it", "How to avoid it", "Sources"),
    "es": ("Qué se ve", "Qué significa", "Cómo comprobarlo", "Cómo corregirlo", "Cómo evitarlo", "Fuentes"),
}
_FIX = 3  # position of "How to fix it" among the headings
_STEP = re.compile(r"^\d+\.\s+", re.MULTILINE)
_ONLY_WITH = re.compile(r"(?:With|Con) (?P<numbers>AADSTS\d+(?:(?:, | or | o )AADSTS\d+)*): ")
_NUMBER = re.compile(r"\d+")
_BLOCK = re.compile(r"^(?P<indent>[ ]*)```(?P<language>\w*)\n(?P<body>(?:(?![ ]*```).*\n)*+)[ ]*```[ ]*$", re.MULTILINE)


class UnknownCause(KeyError):
    """There is no page for this slug."""


@dataclass(frozen=True, slots=True)
class FixStep:
    """One step of fixing: a sentence or two, and the commands or texts to paste."""

    text: str
    commands: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class CausePage:
    """A cause's page in one language; `sections` maps each fixed heading to its Markdown text."""

    slug: str
    language: str
    stage: Stage
    title: str
    aliases: tuple[str, ...]
    sections: Mapping[str, str]

    def steps(self, values: Mapping[str, str], invocation: Invocation | None = None) -> tuple[FixStep, ...]:
        """Return the steps of the fix with the run's values and options filled in; what lacks a value is left out, and said.

        Where `aadsts` among the values holds the numbers that Entra answered, a step "With AADSTS…: " for other numbers is
        left out, as long as the page has one for these.
        """
        filler = Filler(values, invocation or Invocation())
        text = self.sections.get(HEADINGS[self.language][_FIX], "")
        parts = _STEP.split(text)[1:]
        seen = set(values.get("aadsts", "").split())
        wanted = [numbers for part in parts if (numbers := _numbers(part)) & seen]
        return tuple(
            self._step(part, filler) for part in parts if not wanted or not _numbers(part) or _numbers(part) & seen
        )

    def _step(self, part: str, filler: Filler) -> FixStep:
        sentences = [filler.sentence(" ".join(_BLOCK.sub("", part).split()))]
        commands: list[Command] = []
        for block in _BLOCK.finditer(part):
            found, lack = filler.block(block["language"], _dedent(block["body"]))
            commands += found
            said = lack.words(self.language) if lack is not None else ""
            if said not in sentences:
                sentences.append(said)
        return FixStep(" ".join(sentence for sentence in sentences if sentence), tuple(commands))

    def shown(self, heading: str) -> str:
        """Return a section as Markdown to be read without a run: words stand for the values."""
        filler, text = Filler(WORDS, Invocation(UNKNOWN_PROFILE)), self.sections[heading]
        parts, end = [], 0
        for block in _BLOCK.finditer(text):
            found, _ = filler.block(block["language"], _dedent(block["body"]))
            lines = [line for command in found for line in command.text.splitlines()]
            body = "".join(f"{block['indent']}{line}\n" for line in lines)
            parts += [filler.prose(text[end : block.start()]), f"{block['indent']}```\n{body}{block['indent']}```"]
            end = block.end()
        return "".join([*parts, filler.prose(text[end:])])


def _numbers(step: str) -> set[str]:
    """Return the AADSTS numbers to which a step is limited."""
    only = _ONLY_WITH.match(step)
    return set(_NUMBER.findall(only["numbers"])) if only else set()


@functools.cache
def slugs() -> tuple[str, ...]:
    """Return the slugs of all causes that have an English page, sorted."""
    names = (entry.name for entry in resources.files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".en.md") for name in names if name.endswith(".en.md")))


@functools.cache
def page(slug: str, language: str = "en") -> CausePage:
    """Return the page of a cause; raises UnknownCause. A missing translation falls back to English."""
    if slug not in slugs():
        raise UnknownCause(slug)
    english = _front_matter(_read(slug, "en"))
    source = resources.files(__name__).joinpath(f"{slug}.{language}.md")
    used = language if source.is_file() else "en"
    text = _read(slug, used)
    own = _front_matter(text)
    return CausePage(
        slug=slug,
        language=used,
        stage=Stage(english["stage"]),
        title=own["title"],
        aliases=tuple(_list(english.get("aliases", ""))),
        sections=_sections(text),
    )


def stage_of(slug: str) -> Stage:
    """Return the link of the chain to which a cause belongs; raises UnknownCause."""
    return page(slug).stage


def _read(slug: str, language: str) -> str:
    return resources.files(__name__).joinpath(f"{slug}.{language}.md").read_text("utf-8")


def _front_matter(text: str) -> dict[str, str]:
    """Read the `key: value` lines between the two rulers; pages use no other YAML than plain and quoted scalars."""
    _, head, _ = text.split("---\n", 2)
    pairs = (line.partition(":") for line in head.splitlines() if ":" in line)
    return {key.strip(): _unquote(value.strip()) for key, _, value in pairs}


def _unquote(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1].replace("''", "'")
    return value


def _list(value: str) -> list[str]:
    inner = value.removeprefix("[").removesuffix("]")
    items = re.findall(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^,]+", inner)
    return [text for item in items if (text := _unquote(item.strip()))]


def _sections(text: str) -> dict[str, str]:
    body = text.split("---\n", 2)[2]
    parts = re.split(r"^## (.+)$", body, flags=re.MULTILINE)
    return {parts[i].strip(): parts[i + 1].strip() for i in range(1, len(parts), 2)}


def _dedent(block: str) -> str:
    lines = block.rstrip().splitlines()
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[indent:] for line in lines)
