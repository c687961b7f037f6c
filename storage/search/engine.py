"""The index itself: what an article is in it, and how articles get in and out.

An index is a folder of segments that never change once written (https://github.com/quickwit-oss/
tantivy, ARCHITECTURE.md): an update adds segments, lists of deleted documents and a new
``meta.json`` under the old name.  So a folder of hard links to all its files is a copy of it.

A document is an article: its words, what is shown of it, and the 64-bit hash of its id that
``core.articles.id_hash`` holds.  Its text is kept a second time here, for passages to show: DuckDB
reads 2,000 texts to hand out one, 20 ms of processor time for each hit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

import tantivy
import zstandard

from storage.errors import StoreError
from storage.search.policy import INDEX
from storage.search.words import COMPOUNDING, fold, parts, written_words

_WORDS = "words"
_BODY = ("title", "text")
# Of longer texts the passages to show come from the beginning; all of their words are found.
TEXT_CHARS = 60_000
_HINT = "`voltwire search --rebuild` makes it anew from the store"


class IndexBroken(StoreError):
    """The index cannot be read or written; what it was made from is safe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """One article as the index holds it."""

    key: int
    """Hash of its id: ``core.articles.id_hash``."""
    article_id: str
    title: str
    text: str
    language: str = ""
    publisher: str = ""
    url: str = ""
    at: int | None = None
    """Publication, in microseconds since 1970; None when nothing says so."""
    topics: tuple[str, ...] = ()
    story_id: str = ""
    is_representative: bool = True


def name_word(name: str) -> str:
    """The name of a publisher or a topic as it is looked up."""
    return fold(name)[:200]


def story_key(story_id: str) -> int:
    """A story's id as a number."""
    digest = md5(story_id.encode(errors="replace"), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "little")


def _packed(one: Indexed, compressor: zstandard.ZstdCompressor) -> bytes:
    fields = [
        one.article_id, one.title, one.text[:TEXT_CHARS], one.language, one.publisher, one.url,
        one.at, one.story_id, one.is_representative,
    ]  # fmt: skip
    # At its quickest level zstd takes a third of zlib's time for as few bytes, and to read as well.
    return compressor.compress(json.dumps(fields, ensure_ascii=False).encode(errors="replace"))


def unpacked(key: int, packed: bytes) -> Indexed:
    """An article as it was put in, its text as far as it is kept.

    Raises:
        ValueError: when these are not the bytes that were put in.
    """
    try:
        fields = zstandard.decompress(packed)
    except zstandard.ZstdError as error:
        raise ValueError(f"an article that cannot be unpacked: {error}") from error
    article_id, title, text, language, publisher, url, at, story_id, shown = json.loads(fields)
    return Indexed(
        key=key, article_id=article_id, title=title, text=text, language=language,
        publisher=publisher, url=url, at=at, story_id=story_id, is_representative=shown,
    )  # fmt: skip


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("key", indexed=True, fast=True)
    for name in _BODY:
        builder.add_text_field(name, tokenizer_name=_WORDS, index_option="position")
    builder.add_text_field("parts", tokenizer_name=_WORDS, index_option="basic")
    for name in ("publisher", "topic"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("at", indexed=True, fast=True)
    builder.add_unsigned_field("story", indexed=True, fast=True)
    builder.add_boolean_field("shown", indexed=True, fast=True)
    builder.add_bytes_field("article", stored=True)
    return builder.build()


def opened(folder: Path, *, new: bool) -> tantivy.Index:
    """The index in ``folder``, made there if it is to be ``new``.

    Raises:
        IndexBroken: when there is none that can be read.
    """
    with explained(folder):
        index = (
            tantivy.Index(_schema(), path=str(folder)) if new else tantivy.Index.open(str(folder))
        )
        # Words come apart in `storage.search.words`; here they have a space between.
        whole = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        index.register_tokenizer(_WORDS, whole)
        return index


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what tantivy raises into ``IndexBroken``."""
    try:
        yield
    except (ValueError, OSError) as error:
        line = " ".join(str(error).split())
        raise IndexBroken(
            f"the search index in {folder} failed: {line[:300]}", hint=_HINT
        ) from error
    except BaseException as error:
        # What Rust calls a panic is no Exception, so that nobody passes over it by chance.
        if type(error).__name__ != "PanicException":
            raise
        raise IndexBroken(
            f"the search index in {folder} failed inside: {error}", hint=_HINT
        ) from None


class Writer:
    """Adds and removes articles; nothing is seen of it before ``finish``."""

    def __init__(self, folder: Path, *, new: bool) -> None:
        self._folder = folder
        heap = INDEX.rebuild_heap if new else INDEX.update_heap
        index = opened(folder, new=new)
        self._schema = index.schema
        self._compressor = zstandard.ZstdCompressor(level=1)
        with explained(folder):
            # One thread: a second one makes a segment of its own of every update.
            self._writer = index.writer(heap_size=heap, num_threads=1)

    def add(self, one: Indexed) -> None:
        """Add an article; one of the same key is not replaced by it."""
        document = tantivy.Document()
        title, text = written_words(one.title), written_words(one.text)
        document.add_unsigned("key", one.key)
        document.add_text("title", title)
        document.add_text("text", text)
        if one.language in COMPOUNDING:
            document.add_text("parts", " ".join(parts(f"{title} {text}".split(), one.language)))
        document.add_text("publisher", name_word(one.publisher))
        for topic in one.topics:
            document.add_text("topic", name_word(topic))
        document.add_unsigned("story", story_key(one.story_id))
        document.add_boolean("shown", one.is_representative)
        if one.at is not None:
            document.add_integer("at", one.at // 1_000_000)
        document.add_bytes("article", _packed(one, self._compressor))
        with explained(self._folder):
            self._writer.add_document(document)

    def remove(self, keys: Sequence[int]) -> None:
        """Remove the articles of those keys, as far as they were there or were added so far."""
        if not keys:
            return
        with explained(self._folder):
            # By query: `delete_documents_by_term` of tantivy 0.27.0 finds no unsigned number.
            self._writer.delete_documents_by_query(
                tantivy.Query.term_set_query(self._schema, "key", list(keys))
            )

    def finish(self) -> None:
        """Make all of it durable, and merge what has become too many segments."""
        with explained(self._folder):
            self._writer.commit()
            self._writer.wait_merging_threads()
