"""What surrounds an article without being of it: lines that lead elsewhere or address the reader.

The worse mistake is losing a sentence of the article: every cut is bounded.
"""

from __future__ import annotations

import re
from itertools import islice

from lxml import html

from ingest import urls
from ingest.metadata import PageMetadata
from ingest.policy import ExtractPolicy
from ingest.wording import fold_title, text_in

# Before extraction: paragraphs that only lead elsewhere

_ADDRESS = re.compile(r"https?://|www\.|(?:^|\s)\S+\.[a-z]{2,12}(?:/\S*)?$")
_LABEL = re.compile(r"[\W_]*(?:\w[\w’' ]{0,28}[:|–—-])?[\W_]*\Z")


def drop_link_lines(tree: html.HtmlElement, policy: ExtractPolicy, url: str = "") -> bool:
    """Take out paragraphs that are but one link to another page of the site, labelled or not.

    Returns whether there were any.
    These are "Related: ...", "Read more: ..." and the headlines set between paragraphs.  A link
    to another site than that of ``url`` is a reference and stays, as does one in a list or one
    whose text is an address.
    """
    found = []
    for paragraph in tree.iter("p"):
        if len(paragraph) == 0:
            continue
        anchors = list(islice(paragraph.iterdescendants("a"), 4))
        if not 1 <= len(anchors) <= 3:
            continue
        text = _line(paragraph)
        if not text or len(text) > 300:
            continue
        linked = " ".join(map(_line, anchors)).strip()
        if len(linked) < policy.link_line_chars or _ADDRESS.search(linked):
            continue
        start = text.find(linked)
        if start < 0 or len(linked) < 0.6 * len(text):
            continue
        if _LABEL.match(text[:start]) and len(text) - start - len(linked) <= 2:
            parent = paragraph.getparent()
            in_list = parent is not None and parent.tag in ("li", "dd", "td")
            if not in_list and _same_site(anchors, url):
                found.append((paragraph, len(text)))
    if not found:
        return False
    total = sum(len(_line(paragraph)) for paragraph in tree.iter("p"))
    if sum(length for _, length in found) > policy.link_line_share * max(1, total):
        return False
    for paragraph, _ in found:
        paragraph.drop_tree()
    return True


def _line(element: html.HtmlElement) -> str:
    return " ".join(text_in(element).split())


def _same_site(anchors: list[html.HtmlElement], url: str) -> bool:
    """Whether any of ``anchors`` stays on the site of ``url``; all do when that is not known."""
    found = (urls.resolve(url, anchor.get("href") or "") for anchor in anchors)
    return not url or any(target is None or urls.same_site(target, url) for target in found)


# After it: lines at the edges of the text

_MORE_HEADING = re.compile(
    r"^\W*(?:related(?: (?:articles?|stories|posts?|coverage|reading|topics|content|links|news))?"
    r"|read (?:more|next|also|this next)|also read|more (?:from|on|stories|news|in)\b.{0,40}"
    r"|you (?:may|might) (?:also )?(?:like|be interested in)|recommended(?: (?:for you"
    r"|stories|reading))?"
    r"|further reading|most (?:read|popular)|trending(?: now)?|latest (?:news|stories)|don.t miss"
    r"|what to read next|up next|share this.{0,30}|(?:leave a )?comments?"
    r"|join the (?:conversation|discussion)"
    r"|mehr zum thema|lesen sie auch|auch interessant|das könnte sie (?:auch )?interessieren"
    r"|weitere (?:artikel|themen|nachrichten|meldungen).{0,30}|zum thema|passend zum thema"
    r"|(?:à )?lire aussi|sur le même (?:sujet|thème)|à découvrir|les plus lus"
    r"|(?:te|le) (?:puede|podría) interesar|lea también|lee también|más (?:noticias|información)"
    r"|noticias relacionadas|temas relacionados|leggi anche|potrebbe interessarti"
    r"|lees ook|läs (?:också|även|mer)|les også|czytaj (?:także|też|również|więcej)|zobacz także"
    r"|leia (?:também|mais)|veja também|ilgili haberler|baca juga|читайте также"
    r"|相关(?:阅读|新闻|文章|报道)|延伸阅读|相關新聞|延伸閱讀|関連記事|あわせて読みたい"
    r"|관련 ?기사|많이 본 뉴스)\W*$",
    re.IGNORECASE,
)
_ADDRESSES_READER = re.compile(
    r"©|\b(?:sign up|subscribe|subscription|register|log in|newsletter|get (?:the|our|access"
    r"|\w+ \w+) "
    r"(?:app|newsletter|latest|updates|delivered)|download the .{0,30}app|click here"
    r"|follow (?:us|him|her|me|\w+) on"
    r"|share (?:this|your)|tell us what|have a tip|got a (?:tip|story)|email the writer"
    r"|send (?:us )?tips"
    r"|contact (?:us|the (?:author|reporter))|can be reached at|reached at"
    r"|all rights reserved|your inbox"
    r"|thanks for (?:reading|signing)|support (?:us|our)|become a (?:member|subscriber)|affiliate"
    r"|like this story|our standards:|terms (?:of|and)|copyright"
    r"|abonnieren|newsletter|anmelden|folgen sie|folge uns|hier (?:klicken|entlang)|ihr abo"
    r"|whatsapp.kanal"
    r"|abonnez.vous|inscrivez.vous|suivez.nous|suscr[íi]b\w+|s[íi]guenos|iscriviti|seguici"
    r"|abonneer"
    r"|prenumerera|följ oss|assine|inscreva|siga.nos|zapisz się|subskrybuj"
    r"|关注我们|订阅|版权所有|转载|無断転載|会員登録|무단 ?전재|재배포|구독|기자\s+\S+@)",
    re.IGNORECASE,
)
_BYLINE_LINE = re.compile(
    r"^\W*(?:by|von|par|por|di|door|av|text:?|words:?|autor:?|author:?|written by"
    r"|posted by)\s+\S",
    re.IGNORECASE,
)
_STAMP_LINE = re.compile(
    r"^\W*(?:(?:first )?(?:published|updated|posted|last (?:modified|updated)|stand|aktualisiert|"
    r"veröffentlicht|erstellt|publié|mis à jour|publicado|actualizado|pubblicato"
    r"|gepubliceerd|publicerad"
    r"|uppdaterad|opublikowano|入力|등록|수정|发布时间|更新)\b.{0,70}"
    r"|(?:\w{3,10}\.?,?\s+)?(?:\d{1,2}[./\s-]+(?:\d{1,2}|\w{3,10}\.?)[./\s-]+\d{2,4}"
    r"|\w{3,10}\.? \d{1,2},? \d{4}"
    r"|\d{4}[-./年]\s?\d{1,2}[-./月]\s?\d{1,2}日?).{0,40}"
    r"|\d+ ?(?:min|minutes?|minuten)\b.{0,20}|(?:credit|photo|image|foto|bild|getty"
    r"|reuters/)s?\b.{0,80})$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?…:;。！？”\"»)’]\s*$")


def trim_noise(text: str, meta: PageMetadata, policy: ExtractPolicy) -> str:
    """``text`` without the headline at its start and without what surrounds an article.

    Only whole lines near the two edges go, and at most ``policy.edge_share`` of the text.
    """
    lines = _without_headline(text.split("\n"), meta)
    total = sum(map(len, lines))
    kept = _without_tail(_without_head(lines, meta), meta, policy)
    if sum(map(len, kept)) < (1 - policy.edge_share) * total:
        kept = lines
    return "\n".join(kept)


def _without_headline(lines: list[str], meta: PageMetadata) -> list[str]:
    headlines = {fold_title(title) for title in meta.titles} - {""}
    for position, line in enumerate(lines[:3]):
        if fold_title(line) in headlines and len(lines) > position + 1:
            return lines[:position] + lines[position + 1 :]
    return lines


def _without_head(lines: list[str], meta: PageMetadata) -> list[str]:
    """Bylines, dates and picture credits among the first lines."""
    names = [name.casefold() for name in meta.authors]
    first = []
    for line in lines[:5]:
        if len(line) > 120 or (len(line) > 60 and _SENTENCE_END.search(line)):
            first.append(line)
            continue
        folded = line.casefold()
        named = any(name in folded for name in names)
        is_byline = named and (len(line) < 60 or _BYLINE_LINE.match(line))
        if not (is_byline or _STAMP_LINE.match(line)):
            first.append(line)
    return first + lines[5:]


def _without_tail(lines: list[str], meta: PageMetadata, policy: ExtractPolicy) -> list[str]:
    """Lists of other articles, calls to subscribe and biographies go from the end."""
    total = sum(map(len, lines))
    end = len(lines)
    budget = policy.edge_share * total
    # a heading such as "Related" ends the article when what follows is short lines
    run = 0
    for position in range(len(lines) - 1, max(0, len(lines) - 40), -1):
        run += len(lines[position])
        if run > budget:
            break
        if len(lines[position]) < 60 and _MORE_HEADING.match(lines[position]):
            following = lines[position + 1 : end]
            long = sum(len(line) > 250 for line in following)
            if long == 0:
                end = position
    names = [name.casefold() for name in meta.authors if len(name) > 5]
    while end > 1:
        line = lines[end - 1]
        folded = line.casefold()
        bio = len(line) < 600 and any(folded.startswith(name) for name in names)
        if bio or (len(line) < 300 and _ADDRESSES_READER.search(line)):
            end -= 1
        else:
            break
    return lines[:end]
