"""The word lists of ``words.toml`` as parts of patterns."""

from __future__ import annotations

import hashlib
import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any

NO_LETTER = r"(?![A-Za-zÀ-ɏЀ-ӿ])"
"""Ends a word of the scripts with spaces; Chinese goes on without."""
NO_WORD = r"(?![A-Za-z0-9À-ɏЀ-ӿ])"
GAP = r"[ \u00a0\u2009\u202f\n]?[-‐‑]?"
"""Between a number and its unit."""


@cache
def _source() -> str:
    return resources.files("ingest.quantities").joinpath("words.toml").read_text(encoding="utf-8")


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(_source())


@cache
def digest() -> str:
    """Changes with the lists: whatever was found by others has to be looked for again."""
    return hashlib.sha256(_source().encode()).hexdigest()[:16]


def section(name: str) -> dict[str, Any]:
    """One table of the file, such as ``money``; a dotted name goes deeper."""
    table = _tables()
    for part in name.split("."):
        table = table[part]
    return table


def any_of(name: str, **parts: str) -> str:
    """The patterns of one list as one; ``<part>`` in them stands for a pattern given by name."""
    words = section(name)
    joined = words if isinstance(words, str) else "|".join(words)
    for part, pattern in ({"end": NO_WORD} | parts).items():
        joined = joined.replace(f"<{part}>", pattern)
    return joined


def named(pairs: dict[str, str]) -> str:
    """Groups by name, one of which matches."""
    return "|".join(f"(?P<{name}>{pattern})" for name, pattern in pairs.items())


def without_case(pattern: str) -> re.Pattern[str]:
    """Compiled to be matched without regard to case."""
    return re.compile(pattern, re.IGNORECASE)
