"""When an article appeared, as its page shows it where no markup says so.

Used only where JSON-LD, meta elements and ``time`` elements are silent.  A date is taken from next
to the headline, or from a script that names it a publication date; one from anywhere else on the
page is more often that of another article.  A date that is announced as that of an update is
passed over: a wrong day is the worse mistake, and looks right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from lxml import etree, html

from ingest.wording import clean, element_text, fold_title

_LABEL = re.compile(
    r"^\W*(?:(?:first |originally )?(?:published|posted|created|written)(?: (?:on|at))?"
    r"|(?:veröffentlicht|erschienen|erstellt)(?: am)?|publié(?: le)?|publicado(?: el| em)?"
    r"|pubblicato(?: il)?|gepubliceerd(?: op)?|publicerad|opublikowano|on|am|le|el|il)\b[\s:|–—-]*",
    re.IGNORECASE,
)
_UPDATE = re.compile(
    r"updated|modified|edited|reviewed|aktualisiert|zuletzt|stand\b|mis à jour|actualizado"
    r"|aggiornato|atualizado|bijgewerkt|uppdaterad|zaktualizowano|güncelle|수정|更新",
    re.IGNORECASE,
)
# A day with its year, a time of day and a zone at most: no sentence that mentions one.
_DATE = re.compile(
    r"(?:[^\W\d_]{2,12}\.?,?\s+)?(?:\d{4}\s?[-./年년]\s?\d{1,2}\s?[-./月월]\s?\d{1,2}\s?[日일]?"
    r"|\d{1,2}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{4}"
    r"|\d{1,2}(?:st|nd|rd|th|er|[.º])?[\s-]+(?:de\s+)?[^\W\d_]{3,12}\.?[\s,-]+(?:de\s+)?\d{4}"
    r"|[^\W\d_]{3,12}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4})"
    r"(?:\W.{0,25})?",
)
_IN_SCRIPT = re.compile(
    r"\b(?:first_?|original_?|article_?|date_?)?publi(?:sh(?:ed)?|cation)_?(?:date|time|at|on)?"
    r"(?:_?utc)?\\?[\"']?\s*[:=]\s*\\?[\"']([0-9][^\"'\\<>]{7,39})\\?[\"']",
    re.IGNORECASE,
)
_AFTER = 60
"""Elements after the headline among which a dateline stands; bylines and shares come first."""
_PRECEDING = etree.XPath("preceding::*[position() <= 12]")
_CHARS = 900
"""Text after the headline that may come first: a standfirst and the caption of a picture."""
_SCRIPTS = 2_000_000
"""Characters of scripts looked through."""


def without_label(text: str) -> str:
    """``text`` of a dateline without the words that announce it ("Published on ...")."""
    return _LABEL.sub("", text).strip(" \t|•·—–-,")


def shown_dates(tree: html.HtmlElement, titles: list[str]) -> Iterator[str]:
    """Dates beside the headline and out of scripts, as written, the likeliest first.

    ``titles`` are the forms of the headline by which its h1 is known.
    """
    keys = {fold_title(title) for title in titles}
    headings = list(tree.iter("h1"))[:8]
    headline = next((h for h in headings if fold_title(element_text(h)) in keys), None)
    if headline is not None or headings:
        yield from _after(headings[0] if headline is None else headline)
    if headline is not None:
        yield from _before(headline)
    left = _SCRIPTS
    for script in tree.iter("script"):
        source = script.text or ""
        left -= len(source)
        if left < 0:
            return
        if "ld+json" not in (script.get("type") or ""):
            yield from (match[1] for match in islice(_IN_SCRIPT.finditer(source), 1))


def _after(headline: html.HtmlElement) -> Iterator[str]:
    chars = 0
    for element in islice(_following(headline), _AFTER):
        if element.tag in ("script", "style", "noscript"):
            continue
        for piece in (element.text, element.tail):
            text = clean(piece[: 2 * _CHARS]) if piece else ""
            chars += len(text)
            if chars > _CHARS:
                return
            if date := _dateline(text):
                yield date


def _following(element: html.HtmlElement) -> Iterator[html.HtmlElement]:
    """The elements after ``element`` in the order of the page."""
    here: etree._Element | None = element
    while here is not None:
        for sibling in here.itersiblings():
            yield from sibling.iter(etree.Element)
        here = here.getparent()


def _before(headline: html.HtmlElement) -> Iterator[str]:
    for element in reversed(_PRECEDING(headline)):
        for piece in (element.tail, element.text):
            if piece and (date := _dateline(clean(piece[:200]))):
                yield date


def _dateline(text: str) -> str:
    """The date that is all that ``text`` holds, else ""."""
    if not 6 <= len(text) <= 80 or _UPDATE.search(text):
        return ""
    text = without_label(text)
    return text if len(text) <= 50 and _DATE.fullmatch(text) else ""
