"""Why a stretch was cut, in words for a reader, from what the row of the cut holds."""

from __future__ import annotations

from dedupe.models import Repeat
from dedupe.text import count_words


def reason(text: str, repeat: Repeat) -> str:
    """One clause on likeness, distance and which copy stays; ``text`` is the original."""
    before = repeat.of_start < repeat.start
    low, high = (repeat.of_end, repeat.start) if before else (repeat.end, repeat.of_start)
    between = count_words(text[low:high]) if low < high else 0
    if repeat.similarity >= 1:
        alike = "every word of it stands in the kept copy"
    else:
        alike = f"{repeat.similarity:.0%} of its words stand in the kept copy, in the same order"
    if between:
        apart = f"{between} word{'s' if between > 1 else ''} apart"
    elif text[low:high].isspace():
        apart = "right beside it"
    else:
        apart = "stuck to it"
    stays = "the first stays" if before else "the later stays, which is more complete or reads on"
    return f"{alike}, {apart}; {stays}"
