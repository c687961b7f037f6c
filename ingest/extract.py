"""Capture -> Article or Rejection: one page with its entry becomes one record.

Pure and picklable: no socket, no clock, no state between pages.  Where a rule can be wrong,
losing a real article is the worse mistake: a short text that reads as an article is kept, and
what is refused ends as a ``Rejection`` whose reason a user can group by:

``empty`` nothing to read; ``too_short``; ``not_html``; ``too_complex``; ``paywall_stub`` the page
says that it is not free and shows only its start; ``consent_wall``; ``error_page`` a "not found"
that answered 200; ``listing`` a home or section page; ``extract_error`` a parser gave up.  With no
page at all the reason is that of the failed fetch (``robots``, ``http_404``, ``not_in_archive``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import py3langid

from ingest import dates, urls
from ingest._extract_body import (
    Body,
    body_of,
    cited_links,
    fragment_text,
    guess_date,
    is_complex,
    parse_page,
)
from ingest.charset import decode
from ingest.metadata import PageMetadata, fold_title, page_metadata, split_names
from ingest.models import Article, Capture, Feed, FeedEntry, Page, PublishedFrom, Rejection
from ingest.policy import ExtractPolicy

_POLICY = ExtractPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What could be read of a page: either ``text`` or a ``reason`` why it is no article."""

    text: str = ""
    reason: str = ""
    detail: str = ""
    meta: PageMetadata = field(default_factory=PageMetadata)
    links: tuple[str, ...] = ()
    guessed_date: str = ""


def extract(
    capture: Capture, feed: Feed | None, *, now: datetime, policy: ExtractPolicy = _POLICY
) -> Article | Rejection:
    """Make the article of ``capture``, or say why there is none; never raises on any page.

    ``feed`` is the one that listed the entry, None when a backfill knows none.  ``now`` (UTC)
    stamps what has no page and bounds publication times.
    """
    try:
        return _extract(capture, feed, now, policy)
    except Exception as error:  # a parser's bug on one page must cost that page only
        detail = f"{type(error).__name__}: {error}"[:300]
        return _rejection(capture, "extract_error", detail, now)


def _extract(
    capture: Capture, feed: Feed | None, now: datetime, policy: ExtractPolicy
) -> Article | Rejection:
    entry, page = capture.entry, capture.page
    if entry.text:
        return _given(entry, feed, now, policy)
    reading = _read(page, now, policy) if page is not None else _Reading(reason="no_page")
    words = count_words(reading.text)
    if reading.reason or words < policy.stub_words:
        own = feed_text(entry, policy)
        if own and count_words(own) > max(policy.feed_gain * words, words + policy.min_words):
            return _from_feed(capture, feed, own, reading, now, policy)
    if page is None:
        failure = capture.page_failure
        if failure is None:
            return _rejection(capture, "no_page", "the entry has no page and no full text", now)
        return Rejection(
            url=entry.url,
            feed=entry.feed,
            stage="fetch",
            reason=failure.reason,
            detail=failure.detail,
            at=failure.at,
            retry_at=failure.retry_at,
        )
    if reading.reason:
        return _rejection(capture, reading.reason, reading.detail, now)
    return _from_page(capture, page, feed, reading, now, policy)


def _rejection(capture: Capture, reason: str, detail: str, now: datetime) -> Rejection:
    entry = capture.entry
    return Rejection(
        url=entry.url, feed=entry.feed, stage="extract", reason=reason, detail=detail, at=now
    )


# The three sources of a text


def _given(
    entry: FeedEntry, feed: Feed | None, now: datetime, policy: ExtractPolicy
) -> Article | Rejection:
    text = entry.text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip("\n")
    if not text.strip():
        return Rejection(
            url=entry.url,
            feed=entry.feed,
            stage="extract",
            reason="empty",
            detail="the text handed in holds nothing",
            at=now,
        )
    published = entry.published_at
    return Article(
        article_id=urls.article_id(entry.canonical_url),
        url=entry.url,
        canonical_url=entry.canonical_url,
        feed=entry.feed,
        publisher=feed.publisher if feed else urls.registered_domain(entry.url),
        title=_one_line(entry.title),
        author=_one_line(entry.author),
        language=language_of(text, entry.language or (feed.language if feed else ""), policy),
        published_at=published if _is_possible(published, now) else None,
        published_from="given" if published and _is_possible(published, now) else "unknown",
        published_raw=entry.published_raw,
        fetched_at=now,
        text=text,
        text_source="given",
        links=_bare_links(text, policy),
        aliases=_aliases(entry, None, entry.canonical_url),
    )


def _from_feed(
    capture: Capture,
    feed: Feed | None,
    text: str,
    reading: _Reading,
    now: datetime,
    policy: ExtractPolicy,
) -> Article:
    entry, page = capture.entry, capture.page
    markup = entry.content or entry.summary
    tree = parse_page(f"<html><body>{markup}</body></html>")
    base = page.url if page else entry.url
    links = cited_links(tree, text, base, policy) if tree is not None else ()
    published, source, raw = _published(entry, reading, entry.url, now)
    return Article(
        article_id=urls.article_id(entry.canonical_url),
        url=entry.url,
        canonical_url=entry.canonical_url,
        feed=entry.feed,
        publisher=_publisher(feed, entry.url, reading.meta.site_name),
        title=_one_line(entry.title) or reading.meta.title,
        author=_authors(entry, reading.meta),
        language=language_of(text, entry.language or (feed.language if feed else ""), policy),
        published_at=published,
        published_from=source,
        published_raw=raw,
        fetched_at=page.fetched_at if page else now,
        text=text,
        text_source="feed",
        links=_merged(links, _bare_links(text, policy), policy),
        # a page that was no article (an error page, a wall) must not lend its URL
        aliases=_aliases(entry, None, entry.canonical_url),
        archived=page.archived if page else None,
    )


def _from_page(
    capture: Capture,
    page: Page,
    feed: Feed | None,
    reading: _Reading,
    now: datetime,
    policy: ExtractPolicy,
) -> Article:
    entry, meta = capture.entry, reading.meta
    canonical = identity(page.url, meta.canonical)
    published, source, raw = _published(entry, reading, canonical, now)
    declared = meta.language or entry.language or (feed.language if feed else "")
    return Article(
        article_id=urls.article_id(canonical),
        url=page.url,
        canonical_url=canonical,
        feed=entry.feed,
        publisher=_publisher(feed, page.url, meta.site_name),
        title=_title(entry, meta),
        author=_authors(entry, meta),
        language=language_of(reading.text, declared, policy),
        published_at=published,
        published_from=source,
        published_raw=raw,
        fetched_at=page.fetched_at,
        text=reading.text,
        text_source="page",
        links=_merged(reading.links, _bare_links(reading.text, policy), policy),
        aliases=_aliases(entry, page, canonical),
        archived=page.archived,
    )


# Reading a page


def _read(page: Page, now: datetime, policy: ExtractPolicy) -> _Reading:
    if reason := _not_html(page):
        return _Reading(reason="not_html", detail=reason)
    if len(page.body) > policy.page_bytes:
        return _Reading(reason="too_complex", detail=f"{len(page.body)} bytes")
    text = decode(page.body, page.content_type).text
    tree = parse_page(text)
    if tree is None:
        return _Reading(reason="empty", detail="no element in the page")
    meta = page_metadata(tree, urlsplit(page.url).hostname or "")
    guessed = ""
    if not meta.published and not is_complex(tree, policy):
        guessed = guess_date(tree, page.url, now)
    body = body_of(tree, page.url, meta, policy, text)
    reading = _Reading(text=body.text, meta=meta, links=body.links, guessed_date=guessed)
    reason, detail = refusal(page.url, body, meta, policy)
    if reason:
        return replace(reading, reason=reason, detail=detail)
    return reading


_HTML_TYPES = ("html", "xml", "text/plain", "octet-stream", "unknown")
_MAGIC = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04", b"RIFF", b"\x00\x00\x00")


def _not_html(page: Page) -> str:
    kind = page.content_type.partition(";")[0].strip().lower()
    head = page.body[:1024].lstrip()
    if page.body.startswith(_MAGIC):
        return f"binary ({kind or 'no type'})"
    if kind and not any(word in kind for word in _HTML_TYPES):
        return kind
    lower = head[:300].lower()
    if lower.startswith(b"<?xml") and not re.search(rb"<(?:!doctype )?html", head.lower()):
        return "xml"
    if lower.startswith((b"<rss", b"<feed", b"<urlset")):
        return "feed or sitemap"
    if lower.startswith((b"{", b"[")) and b"<html" not in page.body[:5000].lower():
        return "json"
    return ""


_ERROR_TITLE = re.compile(
    r"^\W*(?:error\s*)?(?:404|410|403|500|502|503)\b|\b(?:page|seite|article) (?:was )?not found\b"
    r"|\bnot found\s*$|\bseite (?:wurde )?nicht gefunden|\bpage (?:introuvable|non trouv[ée]e)"
    r"|p[áa]gina no encontrada|pagina non trovata|pagina niet gevonden|página não encontrada"
    r"|sidan (?:hittades|kunde) inte|nie znaleziono strony|ページが見つかりません"
    r"|页面不存在|页面未找到|找不到(?:页面|頁面|网页)|페이지를 찾을 수 없"
    r"|^access denied|^attention required|^just a moment|^are you a (?:robot|human)"
    r"|^service unavailable|^bad gateway|^site maintenance|^pardon our interruption",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"\bcookies?\b|consent|privacy policy|personalised ad|personalized ad|\bGDPR\b|data protection"
    r"|einwilligung|datenschutz|zustimmen|akzeptieren|accepter|consentement|vie privée|aceptar"
    r"|consentimiento|privacidad|toestemming|samtyck|zgod[aęy]|同意|隐私|개인정보|プライバシー",
    re.IGNORECASE,
)
_NEWS_KINDS = ("article", "report", "blogposting", "review")


def refusal(
    url: str, body: Body, meta: PageMetadata, policy: ExtractPolicy = _POLICY
) -> tuple[str, str]:
    """(reason, detail) when what was read is not an article, else two empty strings."""
    text = body.text
    words = count_words(text)
    start = text[: policy.detail_chars]
    if not words:
        return "empty", f"{body.page_chars} characters in the page, none that reads as an article"
    is_short = words < policy.stub_words
    headline = meta.title or text[:80]
    is_article = any(kind.endswith(_NEWS_KINDS) for kind in meta.kinds)
    if is_short and _ERROR_TITLE.search(headline):
        return "error_page", headline[: policy.detail_chars]
    if is_short and not is_article and len(set(map(str.lower, _CONSENT.findall(text)))) >= 3:
        return "consent_wall", start
    if meta.is_free is False and words < policy.paywall_words:
        return "paywall_stub", start
    if words < policy.min_words:
        return "too_short", start
    is_home = urlsplit(url).path.strip("/").lower() in ("", "index.html", "index.php")
    if is_home and not urlsplit(url).query and not is_article:
        return "listing", "the answer is the site's home page"
    return "", ""


# The feed's own text

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


# Identity

_SECTION = re.compile(r"^(?:index|home|start|news|blog|articles?)?(?:\.\w{2,5})?$", re.IGNORECASE)


def identity(final_url: str, declared: tuple[str, ...]) -> str:
    """The canonical URL of the article at ``final_url``.

    A declared canonical URL counts when it is on the same site and names a page of its own.  One
    that names the home page or a section would make all articles of the site one: the worse
    mistake, so it is ignored.
    """
    own = urls.canonical_url(final_url)
    for href in declared:
        absolute = urls.resolve(final_url, href)
        if absolute is None or not urls.same_site(absolute, final_url):
            continue
        canonical = urls.canonical_url(absolute)
        if canonical == own or _names_an_article(canonical, own):
            return canonical
    return own


def _names_an_article(canonical: str, own: str) -> bool:
    new, old = urlsplit(canonical), urlsplit(own)
    segments = [part for part in new.path.split("/") if part]
    if not new.query and (not segments or (len(segments) == 1 and _SECTION.match(segments[0]))):
        return False
    mine = [part for part in old.path.split("/") if part]
    is_above = len(segments) < len(mine) and mine[: len(segments)] == segments
    # /news/article-1/amp and /news/article-1/2 lie under their article, /news/article-1 under /news
    suffix = "/".join(mine[len(segments) :])
    if is_above and not re.fullmatch(r"(?:amp|print|page/)?\d{0,3}(?:amp|print)?", suffix):
        return False
    # one address for all, told apart by the query alone
    dropped = bool(old.query) and not new.query and new.path == old.path
    return not (dropped and re.search(r"(?:^|&)(?:id|p|article|aid|news_?id|story)=", old.query))


def _aliases(entry: FeedEntry, page: Page | None, canonical: str) -> tuple[str, ...]:
    forms = [canonical, entry.canonical_url]
    forms += [urls.canonical_url(entry.url)] if not urls.is_made_up(entry.canonical_url) else []
    if page is not None:
        forms += [urls.canonical_url(page.requested_url), urls.canonical_url(page.url)]
    return tuple(dict.fromkeys(form for form in forms if form))


# Title, people, publisher


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\x00", "")).strip()


def _title(entry: FeedEntry, meta: PageMetadata) -> str:
    """The page's headline; the feed settles which of the page's own forms is meant."""
    listed = _one_line(entry.title)
    if not meta.title:
        return listed
    wanted = fold_title(listed)
    if wanted:
        for title in meta.titles:
            if fold_title(title) == wanted:
                return title
    return meta.title


def _authors(entry: FeedEntry, meta: PageMetadata) -> str:
    if meta.authors:
        return ", ".join(meta.authors)
    return ", ".join(split_names(entry.author))


def _publisher(feed: Feed | None, url: str, site_name: str) -> str:
    if feed and feed.publisher and urls.same_site(feed.url, url):
        return feed.publisher
    return site_name or urls.registered_domain(url)


# Times

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_URL_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[/_-]?(0[1-9]|1[0-2])[/_-]?(0[1-9]|[12]\d|3[01])(?!\d)"
)
_DAY_ONLY = re.compile(r"\s*\d{4}-\d\d-\d\d(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)?)?\s*$")


def _is_possible(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and _EARLIEST <= moment <= now + timedelta(days=1)


def _published(
    entry: FeedEntry, reading: _Reading, url: str, now: datetime
) -> tuple[datetime | None, PublishedFrom, str]:
    """When the article appeared, where that was found, and how it was written there.

    The page is asked first: feeds often carry the time of the last edit.  A page that gives only
    the day is made precise by the feed when both mean the same day.
    """
    listed = entry.published_at if _is_possible(entry.published_at, now) else None
    for raw in (*reading.meta.published, reading.guessed_date):
        moment = dates.parse_date(raw, now=now) if raw else None
        if moment is None or not _is_possible(moment, now):
            continue
        if listed and _DAY_ONLY.match(raw) and abs(listed - moment) <= timedelta(hours=36):
            return listed, "feed", entry.published_raw
        return moment, "page", raw
    if listed:
        return listed, "feed", entry.published_raw
    match = _URL_DATE.search(urlsplit(url).path)
    if match:
        try:
            moment = datetime(*map(int, match.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
        except ValueError:
            moment = None
        if _is_possible(moment, now):
            return moment, "url", match.group()
    return None, "unknown", entry.published_raw


# Language

_ALIKE = (
    frozenset({"no", "nb", "nn", "da"}),
    frozenset({"hr", "sr", "bs", "sh", "sl"}),
    frozenset({"id", "ms"}),
    frozenset({"zu", "xh", "ss", "nr"}),
    frozenset({"cs", "sk"}),
    frozenset({"pt", "gl"}),
    frozenset({"zh", "yue"}),
)


def language_of(text: str, declared: str, policy: ExtractPolicy = _POLICY) -> str:
    """Primary language tag of ``text``: the declared one unless the text clearly contradicts it."""
    declared = declared.strip().lower().replace("_", "-").split("-")[0]
    sample = text[: policy.language_chars]
    if len(sample) < policy.language_least_chars and declared:
        return declared
    if not sample.strip():
        return declared
    ranked: list[tuple[str, float]] = py3langid.rank(sample)
    scores = dict(ranked)
    best, score = ranked[0]
    if not declared:
        return best
    if declared == best or declared not in scores:
        return declared
    if any(declared in group and best in group for group in _ALIKE):
        return declared
    return best if score - scores[declared] > policy.language_margin else declared


# Links

_BARE_URL = re.compile(r"https?://[^\s<>\"'“”‘’«»()\[\]{}|，。；、）】》]+", re.IGNORECASE)


def _bare_links(text: str, policy: ExtractPolicy) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for match in _BARE_URL.finditer(text):
        url = urls.resolve(match.group().rstrip(".,;:!?"), "")
        url = url or urls.resolve("", match.group().rstrip(".,;:!?"))
        if url:
            found[url] = None
        if len(found) >= policy.links:
            break
    return tuple(found)


def _merged(
    first: tuple[str, ...], second: tuple[str, ...], policy: ExtractPolicy
) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))[: policy.links]


_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0eff]")
_WORD = re.compile(r"\w+")


def count_words(text: str) -> int:
    """Words of ``text``; two characters count as one where a script has no spaces."""
    unspaced = len(_UNSPACED.findall(text))
    if not unspaced:
        return len(_WORD.findall(text))
    return unspaced // 2 + len(_WORD.findall(_UNSPACED.sub(" ", text)))
