"""The index itself: what an article is in it, and how articles get in and out.

An index is a folder of segments that never change once written (https://github.com/quickwit-oss/
tantivy, ARCHITECTURE.md): an update adds segments, lists of deleted documents and a new
``meta.json`` under the old name.  So a folder of hard links to all its files is a copy of it.

A document is an article: its words, without the texts themselves, and the 64-bit hash of its id
that ``core.articles.id_hash`` holds.  What may change without its text (story, topics) is asked of
the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tantivy

from storage.errors import StoreError
from storage.search.policy import INDEX
from storage.search.words import fold

_WORDS = "words"
_BODY = ("title", "text")
_HINT = "`voltwire search --rebuild` makes it anew from the store"


class IndexBroken(StoreError):
    """The index cannot be read or written; what it was made from is safe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """One article as the index takes it."""

    key: int
    title: Sequence[str]
    text: Sequence[str]
    parts: Iterable[str]
    publisher: str
    at: int | None
    """Publication, in seconds since 1970; None when nothing says so."""


def publisher_word(name: str) -> str:
    """A publisher's name as it is looked up."""
    return fold(name)[:200]


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("key", indexed=True, fast=True)
    for name in _BODY:
        builder.add_text_field(name, tokenizer_name=_WORDS, index_option="position")
    builder.add_text_field("parts", tokenizer_name=_WORDS, index_option="basic")
    builder.add_text_field("publisher", tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("at", indexed=True, fast=True)
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
        with explained(folder):
            # One thread: a second one makes a segment of its own of every update.
            self._writer = index.writer(heap_size=heap, num_threads=1)

    def add(self, one: Indexed) -> None:
        """Add an article; one of the same key is not replaced by it."""
        document = tantivy.Document()
        document.add_unsigned("key", one.key)
        document.add_text("title", " ".join(one.title))
        document.add_text("text", " ".join(one.text))
        if inside := " ".join(dict.fromkeys(one.parts)):
            document.add_text("parts", inside)
        document.add_text("publisher", publisher_word(one.publisher))
        if one.at is not None:
            document.add_integer("at", one.at)
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
