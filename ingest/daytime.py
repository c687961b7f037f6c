"""Hours of the day, as people write them."""

from __future__ import annotations

import re


def hours(text: str) -> frozenset[int]:
    """The hours of the day in ``22-6`` (22:00 to 5:59) or ``9-17``; none in "".

    Raises:
        ValueError: for anything else.
    """
    if not text.strip():
        return frozenset()
    found = re.fullmatch(r"\s*(\d{1,2})\s*-\s*(\d{1,2})\s*", text)
    if found is None:
        raise ValueError(f"{text!r} is not two hours such as 22-6")
    first, end = int(found[1]), int(found[2])
    if first > 23 or end > 24 or first == end % 24:
        raise ValueError(f"{text!r}: hours are 0 to 23, and not the same twice")
    return frozenset((first + n) % 24 for n in range((end - first) % 24))
