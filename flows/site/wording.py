"""Text and addresses from the web, made fit for a page: nothing that a reader's machine obeys."""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate
from urllib.parse import urlsplit

from flows.site.policy import LEAD, WIDTH

# Marks that turn the direction of all that follows, and "tags", which nobody sees: a headline
# could make the rest of its line read backwards.  The joiners stay, Persian and Hindi need them.
_JOINERS = "\u200c\u200d"
_SENTENCE = re.compile(
    r"(?<=[.!?…])[\"'”’»)\]]*\s+(?=[\"'“‘«„(\[¿¡]*[^\W\da-zß-öø-ÿ_])|(?<=[。！？])"
)
_ABBREVIATED = re.compile(
    r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|No|Nr|Inc|Ltd|Corp|Co|vs|approx|ca|bzw|z\.\s?B|Abs|Art|"
    r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Okt|Nov|Dec|Dez|Gen|Sen|Rep|Gov|U\.S|U\.K|e\.g|"
    r"i\.e|Mio|Mrd|S\.A|M|Mme|Sr|Sra)|\b\d{1,2})\.$"
)
_ENDS = '.!?…。！？"”»'
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def plain(text: str | None) -> str:
    """``text`` on one line, without controls, turned directions and lone surrogates."""
    return " ".join(_kept(text or "").split())


def named(name: str | None, otherwise: str = "") -> str:
    """The name of a publisher, a company or a topic as ``plain`` has it, cut to a line."""
    return cut(plain(name), WIDTH.name) or otherwise


def paragraphs(text: str | None) -> list[str]:
    """The paragraphs of ``text``, each as ``plain`` has it."""
    return [line for one in (text or "").splitlines() if (line := plain(one))]


def _kept(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(_harmless(char) for char in text)


def _harmless(char: str) -> str:
    kind = unicodedata.category(char)
    if kind == "Cc":
        return " "
    if kind == "Cf":
        return char if char in _JOINERS else ""
    return "\ufffd" if kind in ("Cs", "Cn", "Co") else " " if kind in ("Zl", "Zp") else char


def web_address(url: str | None) -> str:
    """``url`` if a page may link to it: http or https, with a host and nothing hidden; else ""."""
    url = (url or "").strip()
    if len(url) > WIDTH.url or not url.isprintable() or any(char in url for char in " \\<>\"'`"):
        return ""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return ""
    return url


def language_tag(language: str | None) -> str:
    """A tag fit for a ``lang`` attribute; "" for what is none."""
    return language if language and _LANGUAGE.fullmatch(language) else ""


def lead(text: str, title: str = "") -> str:
    """The first two or three sentences of ``text``, cut between words where they are long.

    Lines before them that are no sentences (the headline once more, a byline) are passed over, as
    long as sentences follow.
    """
    lines = _lines(text[: LEAD.looked_through], title)
    told = [line for line in lines if line[-1] in _ENDS and _width(line) >= LEAD.least_line]
    found: list[str] = []
    for line in told or lines:
        for sentence in sentences(line):
            if len(found) == LEAD.sentences or (found and _is_over(found, sentence)):
                return cut(_joined(found), LEAD.longest)
            found.append(sentence)
        if _width(_joined(found)) >= LEAD.enough:
            break
    return cut(_joined(found), LEAD.longest)


def _lines(text: str, title: str) -> list[str]:
    """The paragraphs that are not the headline once more, as far as a lead needs them."""
    said, found, room = _folded(title), [], LEAD.looked_through // 2
    for line in paragraphs(text):
        if len(line) <= 2 * len(title) + 10 and _folded(line) == said:
            continue
        found.append(line)
        if line[-1] in _ENDS:
            room -= len(line)
        if room < 0:
            break
    return found


def _joined(found: list[str]) -> str:
    """Sentences in a row; those of scripts without spaces get none."""
    return "".join(
        one if number == 0 or found[number - 1][-1] in "。！？" else f" {one}"
        for number, one in enumerate(found)
    )


def _is_over(found: list[str], sentence: str) -> bool:
    before = _width(_joined(found))
    return before >= LEAD.enough or before + _width(sentence) > LEAD.longest


def sentences(line: str) -> list[str]:
    """The sentences of a paragraph."""
    found: list[str] = []
    for part in _SENTENCE.split(line):
        if found and _ABBREVIATED.search(found[-1]):
            found[-1] += f" {part}"
        elif part:
            found.append(part)
    return found


def cut(text: str, width: int) -> str:
    """``text``, cut between words to at most ``width`` columns, with an ellipsis where cut."""
    if _width(text) <= width:
        return text
    ends = accumulate(2 if _WIDE.match(char) else 1 for char in text)
    at = sum(end < width for end in ends)
    kept = text[:at]
    space = kept.rfind(" ")
    # A script without spaces is cut where it is full.
    if space > at * 2 // 3:
        kept = kept[:space]
    return kept.rstrip(" ,;:–—-(") + "…"


def _width(text: str) -> int:
    """Columns: letters of the wide scripts say more than one of ours and count twice."""
    return len(text) + len(_WIDE.findall(text))


def _folded(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
