"""The feeds for readers as one list, OPML 2.0, which any reader takes in at once."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from lxml import etree
from lxml.builder import E

from flows.site import paths
from flows.site.model import COMPANY, TOPIC, Options, Subject
from flows.site.wording import plain, web_address

_FOLDERS = {COMPANY: "Companies", TOPIC: "Topics"}


def write(feeds: Iterable[tuple[Subject | None, str, str]], options: Options) -> bytes:
    """The Atom feeds by kind of subject, each kind in a folder.

    Addresses are whole where the options know the site's; otherwise they are relative to this list,
    and few readers take it.

    Args:
        feeds: subject (None for everything), title and page ("" for none) of each.
    """
    body = E.body()
    for kind, group in groupby(feeds, key=lambda one: one[0].kind if one[0] else ""):
        folder = body
        if kind:
            name = _FOLDERS.get(kind, kind)
            folder = E.outline(text=name, title=name)
            body.append(folder)
        for subject, title, page in group:
            folder.append(_outline(subject, title, page, options))
    whole = E.opml(E.head(E.title(plain(options.title) or "voltwire")), body, version="2.0")
    etree.indent(whole, " ")
    written: bytes = etree.tostring(whole, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _outline(subject: Subject | None, title: str, page: str, options: Options) -> etree._Element:
    site = web_address(options.site_url).rstrip("/")
    root = f"{site}/" if site else paths.root_of(paths.OPML)
    outline = E.outline(
        text=title, title=title, type="rss", xmlUrl=root + paths.feed(subject, "atom")
    )
    if page:
        outline.set("htmlUrl", root + page)
    return outline
