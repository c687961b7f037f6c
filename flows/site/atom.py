"""Feeds as Atom 1.0 (RFC 4287), stories that became part of others as RFC 6721 has them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

from lxml import etree
from lxml.builder import ElementMaker

from flows.site import paths
from flows.site.entries import RIGHTS, SUBTITLE, Entry, Feed, address, feed_id
from flows.site.model import Options
from flows.site.wording import plain

ATOM = "http://www.w3.org/2005/Atom"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_atom = ElementMaker(namespace=ATOM, nsmap={None: ATOM})
_gone = ElementMaker(namespace=TOMBSTONES, nsmap={"at": TOMBSTONES})


def atom_entry(entry: Entry) -> etree._Element:
    """``entry`` as an element of an Atom feed."""
    made = _atom.entry(
        _atom.id(entry.id),
        _atom.title(entry.title),
        _atom.updated(entry.updated),
        _atom.author(_atom.name(entry.publisher)),
    )
    if entry.language:
        made.set(_LANGUAGE, entry.language)
    if entry.published:
        made.append(_atom.published(entry.published))
    if entry.url:
        made.append(_atom.link(rel="alternate", type="text/html", href=entry.url))
    for copy in entry.copies:
        if copy.url:
            made.append(
                _atom.link(rel="related", type="text/html", href=copy.url, title=copy.publisher)
            )
    for tag in entry.tags:
        made.append(_atom.category(term=tag))
    if entry.summary:
        made.append(_atom.summary(entry.summary))
    made.append(_atom.content(entry.html, type="html"))
    made.tail = "\n"
    return made


def atom(
    feed: Feed,
    options: Options,
    page: str = "",
    entries: Mapping[str, etree._Element] | None = None,
) -> bytes:
    """``feed`` as Atom.

    Args:
        page: the page of the site that it belongs to; "" for none.
        entries: what ``atom_entry`` made of each entry, by id, where that is at hand.
    """
    path = paths.feed(feed.subject, "atom")
    made = _atom.feed(
        _atom.id(feed_id(feed, options)),
        _atom.title(feed.title),
        _atom.subtitle(SUBTITLE),
        _atom.rights(RIGHTS),
        _atom.updated(feed.updated),
        _atom.author(_atom.name(plain(options.title) or "voltwire")),
        _atom.generator("voltwire"),
    )
    if whole := address(options, path):
        made.append(_atom.link(rel="self", type="application/atom+xml", href=whole))
    if page:
        where = address(options, page) or paths.root_of(path) + page
        made.append(_atom.link(rel="alternate", type="text/html", href=where))
    for child in made:
        child.tail = "\n"
    for gone, when in sorted({pair for entry in feed.entries for pair in entry.merged}):
        made.append(_gone("deleted-entry", ref=gone, when=when))
    made.text = "\n"
    for entry in feed.entries:
        made.append(deepcopy(entries[entry.id]) if entries else atom_entry(entry))
    etree.cleanup_namespaces(made, keep_ns_prefixes=[])
    whole_feed: bytes = etree.tostring(made, encoding="utf-8", xml_declaration=True)
    return whole_feed + b"\n"
