"""The list of feeds as people keep it: ``feeds.toml``, and OPML to and from other readers.

Order is kept, comments in TOML are kept, and a file is replaced whole or not at all.
"""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import tomlkit
import tomlkit.exceptions

from ingest.errors import VoltwireError
from ingest.models import Feed, Scope
from ingest.opml import read_opml, write_opml
from ingest.policy import CataloguePolicy
from ingest.slugs import slug_for, slugify
from ingest.urls import canonical_url, resolve

__all__ = ["CatalogueError", "add_feed", "bundled_feeds", "load_feeds", "slugify", "to_opml"]

_POLICY = CataloguePolicy()
_FIELDS = {
    "slug": str, "url": str, "publisher": str, "language": str, "country": str, "scope": str,
    "enabled": bool, "every_minutes": int, "first_year": int, "note": str,
}  # fmt: skip


class CatalogueError(VoltwireError):
    """A list of feeds that cannot be read or written, and what to do about it."""


def bundled_feeds() -> tuple[Feed, ...]:
    """The feeds that come with voltwire."""
    text = resources.files("ingest").joinpath("feeds.toml").read_text("utf-8")
    return _from_toml(text, "feeds.toml")


def load_feeds(path: Path) -> tuple[Feed, ...]:
    """The feeds of a ``.toml`` or ``.opml`` file, in its order.

    Feeds that an OPML file lists twice (by canonical URL) are taken once; in TOML, which is
    written by hand, that is a mistake and an error.  Raises ``CatalogueError``.
    """
    try:
        if path.stat().st_size > _POLICY.max_bytes:
            raise CatalogueError(
                f"over {_POLICY.max_bytes} bytes", about=path, hint="is this a list of feeds?"
            )
        body = path.read_bytes()
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise CatalogueError(why, about=path, hint="give a .toml or .opml file") from error
    if _is_opml(path, body):
        try:
            return read_opml(body)
        except ValueError as error:
            raise CatalogueError(
                str(error), about=path, hint="export it again from the other reader"
            ) from error
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        raise CatalogueError(
            f"line {line} is not UTF-8", about=path, hint="save the file as UTF-8"
        ) from error
    return _from_toml(text, path)


def to_opml(feeds: Iterable[Feed]) -> str:
    """``feeds`` as OPML 2.0.  What other readers do not know stands in ``voltwire:`` attributes."""
    return write_opml(feeds)


def to_toml(feeds: Iterable[Feed]) -> str:
    """``feeds`` as the text of a ``feeds.toml``."""
    document = tomlkit.document()
    tables = tomlkit.aot()
    for feed in feeds:
        tables.append(_table(feed))
    document.append("feed", tables)
    return tomlkit.dumps(document)


def add_feed(path: Path, feed: Feed) -> None:
    """Append ``feed`` to the TOML file at ``path``, which is made when it is not there.

    Everything that stands in the file stays as it is, comments included.  Raises
    ``CatalogueError`` when the slug or the URL is in it already.
    """
    # A link keeps being a link: the file it leads to is the one to replace.
    path = path.resolve()
    if path.exists():
        known = load_feeds(path)
        if any(canonical_url(other.url) == canonical_url(feed.url) for other in known):
            raise CatalogueError(f"{feed.url} is in it already", about=path)
        if any(other.slug == feed.slug for other in known):
            raise CatalogueError(
                f"the slug {feed.slug!r} is taken", about=path, hint="choose another one"
            )
        text = path.read_bytes().decode("utf-8-sig").rstrip("\r\n")
        text = f"{text}\n\n" if text else ""
    else:
        text = ""
    # Appended as text: only then no byte before it can change.
    added = f"{text}[[feed]]\n{tomlkit.dumps(_table(feed))}"
    _from_toml(added, path)
    _write(path, added)


def save_feeds(path: Path, feeds: Iterable[Feed]) -> None:
    """Replace the file at ``path`` by ``feeds``, as OPML or TOML by its extension."""
    opml = path.suffix.lower() in (".opml", ".xml")
    _write(path.resolve(), to_opml(feeds) if opml else to_toml(feeds))


def _is_opml(path: Path, body: bytes) -> bool:
    if path.suffix.lower() == ".toml":
        return False
    return (
        path.suffix.lower() in (".opml", ".xml") or body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"
    )


def _from_toml(text: str, about: str | Path) -> tuple[Feed, ...]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(
            f"not TOML: {error}", about=about, hint="each feed begins with a line [[feed]]"
        ) from error
    except RecursionError as error:
        raise CatalogueError("nested too deeply", about=about) from error
    tables = document.pop("feed", [])
    if document:
        raise CatalogueError(
            f"{_line(text, next(iter(document)))}unknown entry {next(iter(document))!r}",
            about=about,
            hint="each feed begins with a line [[feed]]",
        )
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise CatalogueError("'feed' is not a list", about=about, hint="write [[feed]], not [feed]")
    feeds: list[Feed] = []
    slugs: set[str] = set()
    urls: dict[str, str] = {}
    declared = {table["slug"] for table in tables if isinstance(table.get("slug"), str)}
    starts = _feed_lines(text)
    for number, table in enumerate(tables, start=1):
        where = f"line {starts[number - 1]}" if len(starts) >= number else f"feed {number}"
        feed = _feed(table, where, about, declared | slugs)
        canonical = canonical_url(feed.url)
        if feed.slug in slugs:
            raise CatalogueError(
                f"{where}: the slug {feed.slug!r} stands twice", about=about, hint="rename one"
            )
        if canonical in urls:
            raise CatalogueError(
                f"{where}: {feed.url} is the feed {urls[canonical]!r} already",
                about=about,
                hint="remove one",
            )
        slugs.add(feed.slug)
        urls[canonical] = feed.slug
        feeds.append(feed)
    return tuple(feeds)


def _feed(table: dict[str, Any], where: str, about: str | Path, taken: set[str]) -> Feed:
    def wrong(message: str, hint: str) -> CatalogueError:
        return CatalogueError(f"{where}: {message}", about=about, hint=hint)

    for name, value in table.items():
        kind = _FIELDS.get(name)
        if kind is None:
            raise wrong(f"unknown field {name!r}", f"known are {', '.join(_FIELDS)}")
        if type(value) is not kind:
            word = {str: "a text in quotes", bool: "true or false", int: "a whole number"}[kind]
            raise wrong(f"{name} must be {word}", f"it is {value!r}")
    url = str(table.get("url", ""))
    if resolve("", url) != url:
        raise wrong(f"url {url!r} is no http(s) address", "write it in full, https://...")
    if table.get("scope", "general") not in get_args(Scope):
        raise wrong(f"scope {table['scope']!r} is unknown", "'focus' or 'general'")
    if table.get("every_minutes", 1) < 1:
        raise wrong("every_minutes must be 1 or more", "minutes between two polls")
    if "first_year" in table and table["first_year"] not in _POLICY.first_years:
        raise wrong(f"first_year {table['first_year']}", "the year of its first article, in full")
    slug = str(table.get("slug", ""))
    if slug and slug != slugify(slug):
        raise wrong(
            f"slug {slug!r}", f"letters a-z, digits and '-' only, such as {slugify(slug)!r}"
        )
    publisher = str(table.get("publisher", "")).strip()
    feed = Feed(
        slug=slug or slug_for(url, publisher, taken), url=url, publisher=publisher or _host(url)
    )
    rest = {name: table[name] for name in table if name not in ("slug", "url", "publisher")}
    return replace(feed, **rest)


def _host(url: str) -> str:
    return canonical_url(url).split("/")[2].removeprefix("www.")


def _table(feed: Feed) -> tomlkit.items.Table:
    table = tomlkit.table()
    default = Feed(slug="", url="", publisher="")
    for name in ("slug", "url", "publisher", "language", "country", "scope", "every_minutes"):
        value = getattr(feed, name)
        if value != "":
            table.add(name, value)
    for name in ("enabled", "first_year", "note"):
        if getattr(feed, name) != getattr(default, name):
            table.add(name, getattr(feed, name))
    return table


def _feed_lines(text: str) -> list[int]:
    """The lines on which tables of feeds begin, as far as they are written in one way."""
    return [
        place
        for place, line in enumerate(text.splitlines(), start=1)
        if line.split("#")[0].replace(" ", "").strip() == "[[feed]]"
    ]


def _line(text: str, name: str) -> str:
    for place, line in enumerate(text.splitlines(), start=1):
        if line.lstrip("[ \t").startswith(name):
            return f"line {place}: "
    return ""


def _write(path: Path, text: str) -> None:
    """Replace ``path`` by ``text``: a reader, or a crash, sees the old file or the new one."""
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files private; a list of feeds keeps its mode, or is for everybody
        Path(temporary).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        why = (error.strerror or type(error).__name__).lower()
        raise CatalogueError(f"cannot be written: {why}", about=path) from error
