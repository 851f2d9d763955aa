"""How a pattern for a sentence is written, so that it fits the sentence however a screen or a mail wrapped it."""

from __future__ import annotations

import re


def any_blank(pattern: str) -> str:
    """Let each blank of a pattern outside a character class stand for a line's end, too: texts come wrapped."""
    return "".join(
        part.replace("[ :-]", r"[\s:-]")
        if part.startswith("[")
        else re.sub(r" (?![?*+{])", r"\\s+", part).replace(" ", r"\s")
        for part in re.split(r"(\[\^?[^\]]{0,60}\])", pattern)
    )
