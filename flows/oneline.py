"""Text from the web on a terminal: one line, and nothing that the terminal would obey."""

from __future__ import annotations

import unicodedata


def clean(text: str) -> str:
    """``text`` on one line, without control characters that a terminal would obey."""
    kept = (" " if unicodedata.category(char) in ("Cc", "Cf") else char for char in text)
    return " ".join("".join(kept).split())
