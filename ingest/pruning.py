"""What of a page's tree is no article: found by tag, class and id, in one walk a question.

The vocabulary and the order of the steps are those of trafilatura 2.3.1 (Barbaresi 2021,
https://aclanthology.org/2021.acl-demo.15/, Apache-2.0), whose XPath expressions call back into
Python for each element; here a class string that was judged once is not judged again.  Held equal
to it on whole pages by ``tests/ingest/test_pruning.py``, but for one thing: an element of a kind
that goes is taken out even after one that held another of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from lxml import etree, html

from ingest.pagetext import Attributes, attributes_of
from ingest.wording import text_in

_SEEN = 20_000
"""Class and id strings remembered; a page has some hundred, a site's pages share them."""

_NONE: dict[str, str] = {}


def single_spaced(text: str) -> str:
    """``text`` as one line."""
    return " ".join(text.split())


def drop(element: html.HtmlElement) -> None:
    """Take ``element`` out; the text after it stays."""
    parent = element.getparent()
    if parent is None:
        return
    tail = element.tail
    if tail:
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + tail
        else:
            before.tail = (before.tail or "") + tail
    parent.remove(element)


def _searches(pattern: str, flags: int = 0) -> Callable[[str | None], bool]:
    """A question to a class or id string, whose answers are remembered."""
    search = re.compile(pattern, flags).search

    @lru_cache(maxsize=_SEEN)
    def found(value: str | None) -> bool:
        return value is not None and search(value) is not None

    return found


# Before anything: what no method reads, so that none has to walk through it

_MACHINERY = ["script", "style", "svg", "iframe", "noscript", "select"]
_AROUND = ["nav", "footer", "aside"]
_AROUND_SHARE = 0.4
"""Of the page's text, in one element around the article: it was never closed and holds more."""


def strip_unread(tree: html.HtmlElement) -> None:
    """Take scripts, pictures and what stands around every page of a site out of ``tree``.

    trafilatura would take a text out of JSON-LD as one long line, from behind a wall too.  A
    navigation that holds much of the page was not closed, so the article is in it.
    """
    etree.strip_elements(tree, *_MACHINERY, with_tail=False)
    around = list(tree.iterdescendants(*_AROUND))
    if not around:
        return
    most = _AROUND_SHARE * len(text_in(tree))
    for element in around:
        # one that stands in another goes with it
        if len(text_in(element)) <= most:
            drop(element)


# After that: articles appended by endless scrolling, share buttons, readers' comments

_APPENDED = _searches(r"mvp-post-add-(?:box|wrap)|infinite-?scroll")
_APPENDED_FOR_SURE = _searches(r"mvp-post-add-(?:box|wrap)")
_COMMENTS_ID = _searches(r"^(?:[Cc]omment(?!ary)|comol|disqus_thread|dsq-comments)")
_COMMENTS_LIST_ID = _searches(r"^(?:[Cc]omment(?!ary)|comol)")
_COMMENTS_CLASS = _searches(r"^[Cc]omment(?!ary)|(?:article|post)-comments")
_LISTS = frozenset({"ol", "ul"})
_SECTIONS = frozenset({"div", "section", "aside"})


def drop_appended(tree: html.HtmlElement, marks: Attributes | None = None) -> None:
    """Take out further articles, share buttons and comments; ``marks`` as for ``prune_frame``."""
    marks = attributes_of(tree.iter()) if marks is None else marks
    found = []
    for element in tree.iterdescendants("div", "section", "aside", "list", "details", "ol", "ul"):
        names = marks.get(element, _NONE)
        css, name = names.get("class"), names.get("id")
        if css is None and name is None:
            continue
        judged = _is_appended(str(element.tag), name, css)
        if judged or (judged is None and next(element.iterdescendants("h1"), None) is None):
            found.append(element)
    for element in found:
        drop(element)


@lru_cache(maxsize=_SEEN)
def _is_appended(tag: str, name: str | None, css: str | None) -> bool | None:
    """Whether an element goes by its names; None where it does unless it holds a headline."""
    in_section = tag in _SECTIONS
    if in_section and (
        _APPENDED_FOR_SURE(name)
        or _APPENDED_FOR_SURE(css)
        or "elementor-share-buttons" in (css or "")
    ):
        return True
    if tag != "aside" and (
        (_COMMENTS_LIST_ID if tag in _LISTS else _COMMENTS_ID)(name) or _COMMENTS_CLASS(css)
    ):
        return True
    return None if in_section and (_APPENDED(name) or _APPENDED(css)) else False


# Elements whose kind alone says that they are no text

_CLEANED_TAGS = """aside embed fencedframe footer head iframe menu object script applet audio canvas
figure map picture svg video area blink button datalist dialog frame frameset fieldset link input
label legend marquee math menuitem nav noindex noscript optgroup option output param progress rp rt
rtc select source style track textarea time use"""
_CLEANED = tuple(_CLEANED_TAGS.split())
_STRIPPED_TAGS = """abbr acronym address bdi bdo big cite data dfn font hgroup img ins mark meta
nobr ruby small tbody template tfoot thead wbr"""
_STRIPPED = tuple(_STRIPPED_TAGS.split())
_CUT_EMPTY_TAGS = """article b blockquote dd div dt em h1 h2 h3 h4 h5 h6 i li main p pre q section
span strong"""
_CUT_EMPTY = tuple(_CUT_EMPTY_TAGS.split())
_ANNOTATION = etree.XPath('.//*[local-name()="annotation"][@encoding="application/x-tex"]')


def clean(tree: html.HtmlElement) -> html.HtmlElement:
    """Take out scripts, pictures, forms, navigation and what is empty; tables stay."""
    _keep_formulas(tree)
    for element in tree.iter("figure", "table"):
        if element.tag == "figure":
            if next(element.iterdescendants("table"), None) is not None:
                element.tag = "div"
        elif element.get("role") in ("presentation", "none"):
            element.tag = "div"
    etree.strip_tags(tree, *_STRIPPED)
    etree.strip_elements(tree, *_CLEANED, with_tail=False)
    _judge_forms(tree)
    empty = [one for one in tree.iterdescendants(*_CUT_EMPTY) if len(one) == 0 and one.text is None]
    for element in empty:
        drop(element)
    return tree


def _keep_formulas(tree: html.HtmlElement) -> None:
    """The LaTeX source of MathML stands in for it."""
    for element in tree.iter("math"):
        annotation = _ANNOTATION(element)
        latex = single_spaced(
            (annotation[0].text or "") if annotation else (element.get("alttext") or "")
        )
        if latex:
            left, right = (r"\[", r"\]") if element.get("display") == "block" else (r"\(", r"\)")
            element.tail = f"{left}{latex}{right}{element.tail or ''}"


def _judge_forms(tree: html.HtmlElement) -> None:
    """Forms go, but for one that some server frameworks lay around the whole page."""
    forms = list(tree.iter("form"))
    if not forms:
        return
    total = len(text_in(tree))
    for form in forms:
        if total and len(text_in(form)) > total / 2:
            form.tag = "div"
        else:
            drop(form)


# What stands on every page of a site: asides, footers, questions for consent

_CONSENT = _searches(
    "cookie[-_]?(?:banner|bar|consent|law|notice|policy|description)|notice[-_]{0,2}cookie"
    "|consent[-_]?(?:banner|manager|sdk)|borlabs|cookiebot|cmplz|onetrust|moove[-_]?gdpr",
    re.IGNORECASE,
)


def drop_banners(tree: html.HtmlElement) -> html.HtmlElement:
    """Take out asides, footers and consent banners."""
    found = []
    for one in tree.iterdescendants():
        css, name = one.get("class"), one.get("id")
        if css is None and name is None:
            continue
        if (
            _CONSENT(css)
            or _CONSENT(name)
            or (one.tag == "div" and "footer" in (_first(dict(one.items()), "class", "id") or ""))
        ):
            found.append(one)
    for element in found:
        drop(element)
    etree.strip_elements(
        tree,
        *("aside", "fencedframe", "footer", "script", "style", "svg", "template"),
        with_tail=False,
    )
    return tree


_SPACED_TAGS = """address article aside blockquote br dd div dl dt figcaption figure footer form h1
h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table td th tr ul"""
_SPACED = tuple(_SPACED_TAGS.split())


def bare_length(tree: html.HtmlElement) -> int:
    """Characters of the page's text without banners; ``tree`` is used up."""
    body = tree.find(".//body")
    body = drop_banners(tree if body is None else body)
    for element in body.iter(*_SPACED):
        element.text = f" {element.text or ''}"
        element.tail = f" {element.tail or ''}"
    return len(single_spaced(text_in(body)))


# Inside the frame that holds the article

_BOTH = "^shar|social|viral|newsletter|syndication|tags|sidebar|banner|bread-?crumb|button|author"
_CHROME_ID = _searches(
    _BOTH + "|^(?:jp-|dpsp-content)|bmdh|footer|Footer|share|Share|nav|Nav|menu|related"
    "|message-container|premium|^ad-"
)
_CHROME_CLASS = _searches(
    _BOTH + "|^(?:nav|post-nav|ZendeskForm)|subnav|avigation|navbar|navbox|menu|bar"
    "| ad |-ad-|(?:^| )ad-|dfp[Aa]d|outbrain|taboola|criteo|paid-?content|widget|footer|Footer"
    "|byline|Byline|share-|sociable|embedded|embed|tag-list|consent|modal-content|permission"
    "|elated|next-|-stories|most-popular|more-on|meta|rating|attachment|timestamp|user-info"
    "|user-profile|-icon|article-infos|message-container|slide|viewport|overlay|options|expand"
    "|obfuscated|blurred|mol-factbox|yin|zlylin|nfoline"
)
_UNSEEN_ID = _searches("reader-comments|akismet")
_UNSEEN_CLASS = _searches(
    "^hide-|comments-title|nocomments|-reply-|message|akismet|suggest-links"
    "|-hide-|hide-print| hidden| hide|noprint|notloaded"
)
_UNSEEN_STYLE = _searches("display:none|display: none")
_CAPTION = _searches("caption")
_TEASER = _searches("[tT]easer")
_JUDGED = frozenset({"div", "item", "list", "p", "section", "span"})


def prune_frame(
    frame: html.HtmlElement,
    marks: Attributes | None = None,
    *,
    keep_refs: bool = False,
    keep_teasers: bool = False,
    keep_prose: bool = False,
) -> html.HtmlElement:
    """Take what is no running text out of ``frame``, whose tags are trafilatura's own by now.

    Boilerplate stays where most of the text would go with it.  ``marks`` are the attributes of the
    page, where they were read already.
    """
    marks = attributes_of(frame.iter()) if marks is None else marks
    chrome: dict[html.HtmlElement, None] = {}
    more = []
    for element in frame.iterdescendants():
        names = marks.get(element)
        tag = element.tag
        # headings have lost theirs by now
        if names is None or tag == "head":
            continue
        judged = tag in _JUDGED
        css, name = names.get("class"), names.get("id")
        if css is not None and len(names) == 1 and not _is_notable(css):
            continue
        if tag == "span" and css is not None and css.startswith("hljs"):
            continue  # coloured code: "hljs-meta" is none
        named = css is not None or name is not None
        if (judged and _is_chrome(names, name, css)) or _is_unseen(names, name, css):
            chrome[element] = None
        if (
            judged
            and named
            and (
                _CAPTION(name)
                or _CAPTION(css)
                or (not keep_teasers and (_TEASER(name) or _TEASER(css)))
            )
        ):
            more.append(element)
    if chrome:
        outer = [one for one in chrome if not any(above in chrome for above in one.iterancestors())]
        length = len(text_in(frame))
        gone = sum(len(text_in(one)) for one in outer)
        if length - gone > length / 7:
            if keep_prose and gone > length / 4:
                outer = _without_prose(frame, outer)
            for element in outer:
                drop(element)
    for element in more:
        drop(element)
    _drop_link_farms(frame)
    etree.strip_tags(frame, "span", *(() if keep_refs else ("ref",)))
    return frame


@lru_cache(maxsize=_SEEN)
def _is_notable(css: str) -> bool:
    """Whether an element may go for its class, where that is its only attribute."""
    names = {"class": css}
    return bool(
        _is_chrome(names, None, css)
        or _is_unseen(names, None, css)
        or _CAPTION(css)
        or _TEASER(css)
    )


_PROSE_CHARS = 120
"""Of a paragraph, from which on it is running text and no label, name or call."""
_PROSE_LEAST = 800
"""Running text of a frame below which nothing can be said of its parts."""


def _without_prose(
    frame: html.HtmlElement, found: list[html.HtmlElement]
) -> list[html.HtmlElement]:
    """``found`` without those that hold running text, where they hold most that ``frame`` has.

    A list of products may be made of "slides", a guide of "widgets": names of chrome, but not when
    the article would go with them.
    """
    whole = prose_of(frame)
    held = {one: prose_of(one) for one in found}
    if whole < _PROSE_LEAST or sum(held.values()) <= whole / 2:
        return found
    return [one for one, prose in held.items() if prose < len(_line(one)) / 2]


def prose_of(element: html.HtmlElement) -> int:
    """Characters in the paragraphs of ``element`` that are running text without many links."""
    total = 0
    for paragraph in element.iter("p"):
        length = len(_line(paragraph))
        if length >= _PROSE_CHARS:
            linked = sum(len(_line(link)) for link in paragraph.iterdescendants("ref", "a"))
            total += length if linked < length / 2 else 0
    return total


_Marks = dict[str, str]
"""The attributes of an element, in the order of its markup."""


def _is_chrome(marks: _Marks, name: str | None, css: str | None) -> bool:
    if _CHROME_CLASS(css) or _CHROME_ID(name):
        return True
    if "cookie" in (_first(marks, "id", "class") or ""):
        return True
    role = marks.get("role")
    if role is not None and ("nav" in role or "Nav" in role):
        return True
    return (
        "MostPopularStories" in marks.get("data-component", "")
        or "data-lp-replacement-content" in marks
    )


def _is_unseen(marks: _Marks, name: str | None, css: str | None) -> bool:
    style = marks.get("style")
    return (
        _UNSEEN_CLASS(css)
        or (style is not None and _UNSEEN_STYLE(style))
        or marks.get("aria-hidden") == "true"
        or _UNSEEN_ID(name)
        or ((name or style) is not None and "hidden" in (_first(marks, "id", "style") or ""))
        or (_first(marks, "id", "class") or "").startswith("reply-")
    )


def _first(marks: _Marks, one: str, other: str) -> str | None:
    """The value of whichever attribute is written first: what XPath makes of ``@one|@other``."""
    value, second = marks.get(one), marks.get(other)
    if value is None or second is None:
        return second if value is None else value
    return value if next(key for key in marks if key in (one, other)) == one else second


# Lists of links

_LINK_FARM_SHARE = 0.9
_FARMS = ("div", "list", "p")
_Linked = dict[html.HtmlElement, list[html.HtmlElement]]
"""Elements with the links that they hold."""


def _drop_link_farms(frame: html.HtmlElement) -> None:
    held = _linked_by(frame)
    lengths: dict[html.HtmlElement, int] = {}
    for _ in range(2):
        found = False
        for tag in _FARMS:
            if _drop_linked(frame, tag, held[tag], lengths):
                found = True
                held = _linked_by(frame)
        if not found:
            # nothing changed, a second look would see the same
            break
    for table in [one for one in frame.iter("table") if _is_link_table(one)]:
        parent = table.getparent()
        if parent is not None:
            table.tail = None
            parent.remove(table)


def _drop_linked(
    frame: html.HtmlElement, tag: str, linked_by: _Linked, lengths: dict[html.HtmlElement, int]
) -> bool:
    found = []
    pictured = bool(linked_by) and next(frame.iter("graphic"), None) is not None
    for element, links in linked_by.items():
        if pictured and next(element.iterdescendants("graphic"), None) is not None:
            continue
        linked, short = _link_density(element, links, lengths)
        if linked or (short and tag == "div" and len(element) >= 3 and len(_line(element)) < 100):
            parent = element.getparent()
            # a paragraph that is all of a list entry is judged with its list
            if tag == "p" and parent is not None and parent.tag in ("item", "td", "th"):
                continue
            found.append(element)
    for element in found:
        drop(element)
    return bool(found)


def _linked_by(frame: html.HtmlElement) -> dict[str, _Linked]:
    """The elements of ``frame`` that hold links, by tag: from the links up, which are few."""
    held: dict[str, _Linked] = {tag: {} for tag in _FARMS}
    for link in frame.iter("ref"):
        if link is frame:
            continue
        for above in link.iterancestors():
            alike = held.get(above.tag)
            if alike is not None:
                alike.setdefault(above, []).append(link)
            if above is frame:
                break
    return held


def _line(element: html.HtmlElement) -> str:
    return single_spaced(text_in(element))


def _link_density(
    element: html.HtmlElement, links: list[html.HtmlElement], known: dict[html.HtmlElement, int]
) -> tuple[bool, bool]:
    """Whether ``element`` is but ``links``, and whether it is a short one that holds some.

    ``known`` remembers the lengths of links: each stands in many elements.
    """
    text = text_in(element)
    if len(links) == 1:
        linked = next(iter(_link_lengths(links, known)), 0)
        if linked > 100 and not _reaches(text, _least(linked, 0.9)):
            return True, False
    last = element.getnext() is None
    limit = (60 if last else 30) if element.tag == "p" else (300 if last else 100)
    if not _reaches(text, limit):
        lengths = _link_lengths(links, known)
        if not lengths:
            return True, False
        short = sum(one < 10 for one in lengths)
        length = len(single_spaced(text))
        return (
            sum(lengths) > 0.8 * length or (len(lengths) > 1 and short / len(lengths) > 0.8),
            True,
        )
    if len(links) > 4:
        lengths = _link_lengths(links, known)
        total = sum(lengths)
        # links of a hundred characters and more are the cards of a catalogue
        if (
            total < 100 * len(lengths)
            and not _reaches(text, _least(total, _LINK_FARM_SHARE))
            and not all(map(_is_alone, links))
        ):
            return True, False
    return False, False


def _least(linked: int, share: float) -> int:
    """The least length of which ``linked`` is not more than ``share``."""
    length = max(0, int(linked / share) - 1)
    while linked > share * length:
        length += 1
    return length


def _reaches(text: str, least: int) -> bool:
    """Whether ``text`` as one line has ``least`` characters; a long one is not read to its end."""
    if len(text) < least:
        return False
    start = text[: 3 * least + 200]
    if len(single_spaced(start)) >= least:
        return True
    return len(start) < len(text) and len(single_spaced(text)) >= least


def _link_lengths(
    links: Iterable[html.HtmlElement], known: dict[html.HtmlElement, int]
) -> list[int]:
    """Characters of those ``links`` that have any."""
    found = []
    for link in links:
        length = known.get(link)
        if length is None:
            length = known[link] = len(_line(link))
        if length:
            found.append(length)
    return found


def _is_alone(link: html.HtmlElement) -> bool:
    parent = link.getparent()
    if parent is None or parent.tag != "p":
        return False
    refs = parent.iterdescendants("ref")
    next(refs)
    return next(refs, None) is None


def _is_link_table(table: html.HtmlElement) -> bool:
    links = list(table.iterdescendants("ref"))
    if not links:
        return False
    length = len(_line(table))
    if length < 200:
        return False
    linked = sum(_link_lengths(links, {}))
    return linked > (0.8 if length < 1000 else 0.5) * length


# The frames in which an article may stand, the surest first

_ARTICLE_ID = _searches(
    r"^articleContent\Z|(?:entry|article|art)-content|article__content|article(?:-|__)?body"
    "|articleBody|body-text"
)
_ARTICLE_CLASS = _searches(
    r"^(?:post|entry)\Z|post[-_]text|post-body|post-?entry|post[-_]?content|postContent"
    "|post_inner_wrapper|article-?text|articleText|(?:entry|page|text|article|art)-content"
    "|article__content|article(?:-|__)?body|articleBody|ArticleContent|body-text"
    "|article__container"
)
_STORY_ID = _searches(r"^(?:article|story)\Z|^primary|story-body")
_STORY_CLASS = _searches(
    r"^(?:postarea|art-postcontent|text|cell|story)\Z|(?i:fulltext)|^article |post-bodycopy"
    "|story-?content|(?:theme|blog|section|single)-content|single-post|main-column"
    "|wpb_text_column|story-body|field-body"
)
_MAIN_ID = _searches(r"^content\Z|content-main|content-body|contentBody|[mM]ain-[cC]ontent")
_MAIN_CLASS = _searches(
    r"^content\Z|content[-_]main|content(?:-|__)body|[mM]ain-[cC]ontent|[pP]age-[cC]ontent"
)
_FRAME_TAGS = ("article", "div", "main", "section")


Frame = Callable[[html.HtmlElement, Attributes], "html.HtmlElement | None"]


def _body_frame(tree: html.HtmlElement, marks: Attributes) -> html.HtmlElement | None:
    for element in tree.iterdescendants(*_FRAME_TAGS):
        names = marks.get(element)
        if names and (
            _ARTICLE_CLASS(names.get("class"))
            or _ARTICLE_ID(names.get("id"))
            or names.get("itemprop") == "articleBody"
        ):
            return element
    return None


def _article_frame(tree: html.HtmlElement, _: Attributes) -> html.HtmlElement | None:
    return next(tree.iterdescendants("article"), None)


def _story_frame(tree: html.HtmlElement, marks: Attributes) -> html.HtmlElement | None:
    for element in tree.iterdescendants(*_FRAME_TAGS):
        names = marks.get(element)
        if names and (
            _STORY_CLASS(names.get("class"))
            or _STORY_ID(names.get("id"))
            or names.get("role") == "article"
        ):
            return element
    return None


def _content_frame(tree: html.HtmlElement, marks: Attributes) -> html.HtmlElement | None:
    for element in tree.iterdescendants(*_FRAME_TAGS):
        names = marks.get(element)
        if names and (_MAIN_CLASS(names.get("class")) or _MAIN_ID(names.get("id"))):
            return element
    return None


def _main_frame(tree: html.HtmlElement, marks: Attributes) -> html.HtmlElement | None:
    for element in tree.iterdescendants(*_FRAME_TAGS):
        names = marks.get(element, _NONE)
        if element.tag == "main" or any(
            names.get(name, "").startswith("main") for name in ("class", "id", "role")
        ):
            return element
    return None


FRAMES: tuple[Frame, ...] = (_body_frame, _article_frame, _story_frame, _content_frame, _main_frame)
