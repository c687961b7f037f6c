"""Pieces of a page that were sent after it, put where its scripts would have put them.

React sends the slow parts of a page late, each as ``<div hidden id="S:1">`` at the end of the
body, and a script moves it to ``<template id="B:1">`` (or ``P:1``), where its place was kept
(https://react.dev/reference/react-dom/server/renderToPipeableStream).  Without that step a
report reads as its first paragraphs alone.
"""

from __future__ import annotations

from lxml import html

_PIECE = "S:"
_PLACES = ("B:", "P:")


def place_streamed(tree: html.HtmlElement) -> None:
    """Move every late piece of ``tree`` to its place; a piece without one stays where it is."""
    body = tree.find("body")
    if body is None:
        return
    pieces = {
        name[len(_PIECE) :]: one
        for one in body.iterchildren("div")
        if (name := one.get("id") or "").startswith(_PIECE) and one.get("hidden") is not None
    }
    if not pieces:
        return
    for place in list(tree.iter("template")):
        name = place.get("id") or ""
        piece = pieces.get(name[2:]) if name.startswith(_PLACES) else None
        parent = place.getparent()
        if piece is None or parent is None or piece in place.iterancestors():
            continue
        del pieces[name[2:]]
        del piece.attrib["hidden"]
        tail, piece.tail = piece.tail, None
        parent.replace(place, piece)
        # what stood after the place stays after it; what stood after the piece was white space
        piece.tail = f"{place.tail or ''}{tail or ''}" or None
