"""What a feed says, in one form whatever its format, before anything is decided about it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class RawEntry:
    """One entry as written: nothing resolved, nothing trusted."""

    links: list[str] = field(default_factory=list)
    """Where its page may be, best first."""
    guid: str = ""
    guid_is_link: bool = False
    title: str = ""
    author: str = ""
    published: str = ""
    updated: str = ""
    language: str = ""
    summary: str = ""
    content: str = ""
    complete: bool = True
    """False when the feed broke off inside it."""


@dataclass(slots=True, kw_only=True)
class RawFeed:
    """A feed as written."""

    title: str = ""
    site_url: str = ""
    language: str = ""
    next_url: str = ""
    ttl_minutes: int | None = None
    entries: list[RawEntry] = field(default_factory=list)
    left_out: int = 0
    """Entries beyond the number that is read."""
    note: str = ""


# Inline elements that publishers write into titles.  A closed list, with well-formed attributes
# only, so that "R&D: <5 mm cells" and "a<b" stay as they are.
_INLINE = (
    "a|abbr|b|big|br|cite|code|del|div|em|font|h[1-6]|i|img|ins|mark|p|q|s|small|span|strike|"
    "strong|sub|sup|tt|u|wbr"
)
_TAG = re.compile(
    rf"</?(?:{_INLINE})(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?>",
    re.IGNORECASE,
)
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2060\ufeff\ufffe\uffff]")


def clean_line(text: str, *, most: int) -> str:
    """A title or a name as one line of plain text of at most ``most`` characters.

    Entities are resolved up to twice, because many feeds escape their titles twice.
    """
    text = text[: 8 * most]
    for _ in range(2):
        text = html.unescape(_TAG.sub("", text))
    text = _UNSEEN.sub("", _TAG.sub("", text))
    return " ".join(text.split())[:most]


def as_html(text: str) -> str:
    """Plain text as HTML paragraphs, split at empty lines."""
    paragraphs = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    return "\n".join(f"<p>{html.escape(part, quote=False)}</p>" for part in paragraphs if part)


def count_text_words(markup: str) -> int:
    """Words of ``markup`` without its tags, roughly; characters count in scripts without spaces."""
    plain = re.sub(r"<[^<>]*>", " ", markup)
    unspaced = len(re.findall("[\u3040-\u30ff\u3400-\u9fff]", plain))
    return unspaced // 2 + len(plain.split())
