"""Which pages are no articles, and the word for each kind."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ingest import urls
from ingest._extract_body import Body
from ingest.metadata import PageMetadata
from ingest.models import Notice, Page
from ingest.policy import ExtractPolicy
from ingest.wording import count_words, fold_title

_POLICY = ExtractPolicy()

_HTML_TYPES = ("html", "xml", "text/plain", "octet-stream", "unknown")
_MAGIC = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04", b"RIFF", b"\x00\x00\x00")


def not_html(page: Page) -> str:
    """What ``page`` is when it is no HTML, else ""."""
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
_LOGIN_TITLE = re.compile(
    r"^\W*(?:(?:please )?(?:log|sign) ?in\b|login\b|subscriber login|member login|einloggen"
    r"|anmelden\b|anmeldung\b|se connecter|connexion\b|iniciar sesi[óo]n|acceder\b|accedi\b"
    r"|inloggen|logga in|zaloguj|iniciar sess[ãa]o|登录|登入|ログイン|로그인)",
    re.IGNORECASE,
)
_ENDING = 100
"""Folded characters at the end of a text by which it is known."""
_MEDIA_KINDS = frozenset({"videoobject", "imagegallery", "mediagallery", "videogallery"})
# UTF-8 read as Windows-1252 or Latin-1: a lead byte shown as a letter, then a continuation byte
_MISREAD = re.compile("[ÂÃÐÑÅÄ][\x80-\xbf‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€.|\ufffd")
_NEWS_KINDS = ("article", "report", "blogposting", "review")


def refusal(
    url: str,
    body: Body,
    meta: PageMetadata,
    policy: ExtractPolicy = _POLICY,
    *,
    asked: str = "",
) -> tuple[str, str]:
    """(reason, detail) when what was read is not an article, else two empty strings.

    ``asked`` is the URL that was requested, where the answer came from another.
    """
    text = body.text
    words = body.words
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
    if is_short and not is_article and _LOGIN_TITLE.search(headline):
        return "login_page", headline[: policy.detail_chars]
    if meta.is_free is False and words < policy.paywall_words:
        return "paywall_stub", text[: policy.stub_chars]
    if is_short and not is_article and _is_media(meta):
        return "media_stub", start
    if words < policy.min_words:
        return "too_short", start
    if len(_MISREAD.findall(text)) > policy.misread_share * len(text):
        return "mojibake", start
    if _is_home(url) and not is_article:
        if asked and not _is_home(asked):
            return "listing", "the answer is the site's home page"
        # some sites are one page: what they show is prose, not a line for each article
        teased = sum(urls.same_site(link, url) for link in body.links)
        if teased >= max(policy.listing_links, policy.listing_share * (1 + text.count("\n"))):
            return "listing", f"a home page whose text leads to {teased} pages of its site"
    return "", ""


def _is_media(meta: PageMetadata) -> bool:
    """Whether the page says of itself that it is a video or a gallery, and no report."""
    return any(kind in _MEDIA_KINDS or kind.startswith("video.") for kind in meta.kinds)


def wall_notice(text: str, meta: PageMetadata, policy: ExtractPolicy = _POLICY) -> Notice:
    """``paywall`` where the page says that it is not free and ``text`` is but its beginning.

    Many publishers say so of pages that they show whole; the mark needs a short text, one that is
    cut, or a longer one announced.
    """
    if meta.is_free is not False:
        return ""
    words = count_words(text)
    whole = count_words(meta.article_body)
    is_cut = text.rstrip().endswith(("…", "..."))
    # a page that shows the end is not cut, even if parts between are set or counted otherwise
    shown = max(words, whole) if _end_alike(text, meta.article_body) else words
    announced = max(meta.word_count, whole)
    if words < policy.wall_words or is_cut or announced > policy.wall_gain * shown:
        return "paywall"
    return ""


def _end_alike(text: str, other: str) -> bool:
    """Whether the last words of ``other`` stand near the end of ``text``."""
    ending = fold_title(other[-2 * _ENDING :])[-_ENDING:]
    return bool(ending) and ending in fold_title(text[-20 * _ENDING :])


def _is_home(url: str) -> bool:
    parts = urlsplit(url)
    home = parts.path.strip("/").lower() in ("", "index.html", "index.php")
    return home and not parts.query
