"""The whole text of an article out of its feed, told apart from a teaser."""

from __future__ import annotations

import re

from ingest.models import FeedEntry
from ingest.pagetext import fragment_text
from ingest.policy import ExtractPolicy
from ingest.wording import count_words, fold_title

_POLICY = ExtractPolicy()

_CUT = re.compile(
    r"(?:\[\s*(?:…|\.\.\.|&hellip;)\s*\]|…|\.\.\.|[\[(]more[\])])\s*$"
    r"|(?:continue reading|read (?:more|on|the (?:rest|full))"
    r"|(?:\bmore|keep reading)\s*(?:…|\.\.\.|»|→)"
    r"|weiterlesen|mehr lesen|zum (?:ganzen )?artikel|lire (?:la suite|l.article|plus)"
    r"|seguir leyendo|leer m[áa]s|sigue leyendo|leggi (?:tutto|di più)|lees (?:meer|verder)"
    r"|läs mer|czytaj (?:więcej|dalej)|leia mais|continua a leggere"
    r"|阅读(?:全文|更多)|閱讀(?:全文|更多)|查看全文"
    r"|続きを読む|もっと読む|계속 읽기|더 ?보기|기사 ?더).{0,120}$",
    re.IGNORECASE,
)
_SYNDICATED = re.compile(
    r"\n?[^\n]{0,20}(?:The post|Der Beitrag|L.article|La entrada|Le post|L'articolo|Het bericht)\b"
    r"[^\n]{0,300}(?:appeared first on|erschien zuerst|est apparu en premier|apareció primero"
    r"|sembra essere il primo|verscheen eerst)[^\n]{0,200}$",
    re.IGNORECASE,
)


def feed_text(entry: FeedEntry, policy: ExtractPolicy = _POLICY) -> str:
    """The article's whole text out of the feed, or "" when the feed carries but a teaser.

    A teaser passed off as an article is the worse mistake here: it would hide that the page was
    never read.
    """
    summary = _SYNDICATED.sub("", fragment_text(entry.summary)).strip()
    content = _SYNDICATED.sub("", fragment_text(entry.content)).strip()
    if content and not _is_cut(content) and count_words(content) >= policy.feed_content_words:
        # the same few sentences in both places are the teaser twice
        same = fold_title(content) == fold_title(summary)
        if not same or count_words(content) >= policy.feed_summary_words:
            return content
    if not content and not _is_cut(summary):
        paragraphs = summary.count("\n") + 1
        if count_words(summary) >= policy.feed_summary_words and paragraphs > 1:
            return summary
    return ""


def _is_cut(text: str) -> bool:
    return bool(_CUT.search(text[-200:]))
