"""Search: the index kept up with what is published, and questions answered."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import Any

import duckdb

from flows.oneline import clean
from storage.errors import StoreError
from storage.publish import Published
from storage.search.policy import ASK
from storage.search.question import Question, understand
from storage.search.snippets import Marked, Marker
from storage.store import Store

MARKS = ("**", "**")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NotAnswered(StoreError):
    """A question that cannot be asked as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asked for."""

    text: str
    since: date | None = None
    until: date | None = None
    """The last day, included; days are those of UTC."""
    publishers: tuple[str, ...] = ()
    topic: str = ""
    limit: int = 10
    all_copies: bool = False
    newest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One line of an answer; nothing in it that a terminal would obey."""

    rank: int
    score: float
    article_id: str
    story_id: str
    title: Marked
    publisher: str
    published_at: datetime | None
    url: str
    language: str
    copies: int
    outlets: int
    snippet: Marked

    def record(self) -> dict[str, Any]:
        """For a table of a program: what was asked for stands between ``**``."""
        return {
            "rank": self.rank, "score": round(self.score, 4), "article_id": self.article_id,
            "story_id": self.story_id, "title": self.title.text, "publisher": self.publisher,
            "published_at": self.published_at, "url": self.url, "language": self.language,
            "copies": self.copies, "outlets": self.outlets,
            "snippet": self.snippet.written(*MARKS),
        }  # fmt: skip


COLUMNS = (
    "rank INTEGER, score DOUBLE, article_id VARCHAR, story_id VARCHAR, title VARCHAR, "
    "publisher VARCHAR, published_at TIMESTAMPTZ, url VARCHAR, language VARCHAR, copies INTEGER, "
    "outlets INTEGER, snippet VARCHAR"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Hits, and what is to be said beside them."""

    hits: tuple[Hit, ...]
    articles: int | None
    """Articles that answer to the question, copies included; None where nobody counted."""
    notes: tuple[str, ...]


# Keeping the index


def publish(store: Store, *, search: bool) -> Published:
    """Publish, and bring the search index to what was published.

    A fault of the index is no fault of the publish: it is told in the note.  Raises as
    ``Store.publish`` does.
    """
    published = store.publish()
    note = follow_quietly(store) if search else ""
    return replace(published, note="; ".join(filter(None, [published.note, note])))


def republish(store: Store) -> Published:
    """Publish what is stored already, with the search index if there is one; raises likewise."""
    from storage.search.carry import has_index

    return publish(store, search=has_index(store.published.resolve().parent))


def follow_quietly(store: Store) -> str:
    """Bring the index to what is published; what people should know, empty when all is well."""
    try:
        from storage.search import follow

        done = follow.follow(store)
    except StoreError as error:
        return f"search: {error}" + (f"; {error.hint}" if error.hint else "")
    except Exception as error:
        # Whatever it is, what was stored and published is whole, and the run has done its work.
        return clean(
            f"search: the index was not brought up to date ({type(error).__name__}: {error}); "
            "`voltwire search --rebuild` makes it anew"
        )
    if done.behind:
        return (
            f"search: {done.behind} older articles are not in the index yet and follow with the "
            "next runs; `voltwire search --update` brings them in now"
        )
    return ""


# Answering


def answer(store: Store, asked: Asked, *, count: bool = False, snippet: int = 0) -> Answer:
    """Look for ``asked`` in the published store.

    Args:
        count: count the articles that answer, too.
        snippet: characters of a snippet; 0 for the usual.

    Raises:
        NotAnswered: for a question without words or with too many, or a name that nobody has.
        StoreError: when there is no store, or no index.
    """
    from storage.search import found as hits_of
    from storage.search.state import is_current

    question = read(asked.text)
    notes = [*question.notes]
    with ExitStack() as opened:
        reader, state = open_index_of(store, opened)
        within, kept = _within(asked), None
        if not is_current(store):
            notes.append(_behind(state))
            kept = hits_of.still_there(opened.enter_context(store.read()))
        wanted = hits_of.Wanted(
            question=question, within=within, kept=kept, limit=asked.limit,
            all_copies=asked.all_copies, newest=asked.newest, count=count,
        )  # fmt: skip
        found, total = hits_of.find(reader, wanted)
        if not found:
            if asked.publishers or asked.topic:
                _check_names(opened.enter_context(store.read()), reader, asked)
            if len(question.clauses) > 1:
                notes.append(_word_by_word(reader, question, within))
    marker = Marker(question)
    return Answer(
        hits=tuple(_hit(one, marker, snippet) for one in found),
        articles=total if count else None,
        notes=tuple(map(clean, notes)),
    )


def _hit(one: Any, marker: Marker, snippet: int) -> Hit:
    article = one.article
    length = {"length": snippet} if snippet else {}
    at = None if article.at is None else _EPOCH + timedelta(microseconds=article.at)
    return Hit(
        rank=one.rank, score=one.score, article_id=article.article_id, story_id=article.story_id,
        title=marker.mark(article.title or article.url), publisher=clean(article.publisher),
        published_at=at, url=clean(article.url), language=article.language, copies=one.copies,
        outlets=one.outlets, snippet=marker.snippet(article.text, **length),
    )  # fmt: skip


def open_index_of(store: Store, opened: ExitStack) -> tuple[Any, Any]:
    """The index, open, and its state."""
    from storage.search.engine import IndexBroken
    from storage.search.reader import open_index
    from storage.search.state import index_of

    folder, state = index_of(store)
    try:
        return opened.enter_context(open_index(folder)), state
    except IndexBroken:
        again, state = index_of(store)
        if again == folder:
            raise
        # A publish came in between and swept it away.
        return opened.enter_context(open_index(again)), state


def read(text: str) -> Question:
    """The question in ``text``.

    Raises:
        NotAnswered: when there is nothing to look for in it, or too much.
    """
    question = understand(text)
    if not question.clauses:
        if question.without:
            raise NotAnswered("say what to look for, not only what to leave out")
        raise NotAnswered("there is no word to look for")
    number = sum(len(unit.words) for clause in question.clauses for unit in clause)
    if question.size > ASK.most_words or number > 4 * ASK.most_words:
        raise NotAnswered(f"that are too many words: {ASK.most_words} at most")
    return question


def table(con: duckdb.DuckDBPyConnection, hits: Sequence[Hit]) -> str:
    """Make the temporary table ``hits`` in ``con``; the query that reads it in order."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE hits AS "
        f"SELECT unnest($hits::STRUCT({COLUMNS})[], recursive := true)",
        {"hits": [hit.record() for hit in hits]},
    )
    return "SELECT * FROM temp.hits ORDER BY rank"


def _within(asked: Asked) -> Any:
    from storage.search.reader import Within

    def seconds(day: date) -> int:
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())

    return Within(
        since=seconds(asked.since) if asked.since else None,
        until=seconds(asked.until + timedelta(days=1)) if asked.until else None,
        publishers=asked.publishers,
        topic=asked.topic,
    )


def _check_names(con: duckdb.DuckDBPyConnection, reader: Any, asked: Asked) -> None:
    from storage.search import found

    for name in asked.publishers:
        if not reader.knows("publisher", name):
            raise NotAnswered(_nobody("publisher", name, found.publishers(con)))
    if asked.topic and not reader.knows("topic", asked.topic):
        raise NotAnswered(_nobody("topic", asked.topic, found.topics(con)))


def _nobody(kind: str, name: str, names: Sequence[str]) -> str:
    lower = {one.lower(): one for one in names}
    near = [lower[one] for one in get_close_matches(name.lower(), lower, n=3, cutoff=0.6)]
    near += [one for low, one in lower.items() if name.lower() in low and one not in near][:3]
    said = f"no article has the {kind} {name!r}"
    if near:
        return clean(f"{said}; there is {', '.join(map(repr, near[:3]))}")
    return clean(f"{said}; the commonest are {', '.join(map(repr, names[:5]))}")


def _word_by_word(reader: Any, question: Question, within: Any) -> str:
    said = []
    for clause in question.clauses:
        number = reader.count(Question(clauses=(clause,)), within)
        words = " or ".join(" ".join(unit.words) for unit in clause)
        said.append(f"{words}: {number}")
    return f"no article has all of it; articles with each: {', '.join(said)}"


def _behind(state: Any) -> str:
    if state.behind:
        return (
            f"{state.behind} older articles are not in the index yet; "
            "`voltwire search --update` brings them in"
        )
    return "the index is of an earlier publish; `voltwire search --update` brings it up to date"
