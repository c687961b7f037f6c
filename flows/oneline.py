"""Text from the web on a terminal: nothing in it that the terminal would obey.

``clean`` for one line of prose; ``inert`` for what is laid out already; ``dumps`` for programs,
which lose nothing by it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

# DEL and the second set of controls, of which U+009B begins a command like ESC [ does; marks that
# turn the direction of what follows; line ends that are not ``\n``.
_OBEYED = "\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
_IN_JSON = re.compile(f"[{_OBEYED}]")
_LAID_OUT = re.compile(f"[\x00-\x08\x0b-\x1f{_OBEYED}]")


def clean(text: str) -> str:
    """``text`` on one line, without control characters that a terminal would obey."""
    kept = (" " if unicodedata.category(char) in ("Cc", "Cf") else char for char in text)
    return " ".join("".join(kept).split())


def inert(text: str) -> str:
    """``text`` as it is laid out, lines and tabs kept, without what a terminal would obey."""
    return _LAID_OUT.sub("", text)


def dumps(value: Any, **how: Any) -> str:
    """``value`` as JSON; what a terminal would obey is written as an escape, which means the same.

    Args:
        how: for ``json.dumps``.
    """
    # Such characters stand inside strings only; JSON escapes the first set of controls itself.
    return _IN_JSON.sub(_escape, json.dumps(value, ensure_ascii=False, **how))


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
