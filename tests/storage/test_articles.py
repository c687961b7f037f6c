"""Articles: identity, versions, aliases, links and repeats."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedupe.models import Repeat
from ingest.models import ArchivePointer
from storage import articles, connected, matches


def _all(con, view, columns="*"):
    return con.execute(f"SELECT {columns} FROM {view} ORDER BY ALL").fetchall()


def test_every_field_of_an_article_comes_back(con, build):
    """What is saved is what find hands out, repeats and links and archive place included."""
    repeat = Repeat(
        start=10, end=20, of_start=0, of_end=10, words=2, similarity=1.0, removed_text="again and "
    )
    one = build.prepared(
        "a", "Zürich 中国 \U0001f50b text", author="Ann", topics=("ev", "battery"),
        links=("https://b.example/?x=1", "https://c.example/"), published_raw="today",
        archived=ArchivePointer(file="2026/11/x.warc.gz", offset=77), repeats=(repeat,),
        original_text="the text before", link_targets={"https://b.example/?x=1": "https://b/"},
        aliases=("https://news.example/a", "https://news.example/a2"),
        published_on=date(2026, 11, 21), modified_at=build.noon + timedelta(hours=1),
        section="Business", tags=("cells", "rücken"), image="https://news.example/a.jpg",
        notice="paywall", metadata_from={"title": "h1", "tags": "json_ld"},
    )  # fmt: skip
    articles.save(con, [one])
    found = articles.find(con, "https://news.example/a2")
    assert found is not None
    assert found.article == one.article
    assert (found.repeats, found.original_text) == ((repeat,), "the text before")
    assert (found.version, found.story_id, found.is_representative) == (1, "a00000000000", True)
    assert articles.find(con, "a00000000000") == found
    assert articles.find(con, "https://nowhere.example/") is None
    assert ("https://b.example/?x=1", "https://b/") in _all(con, "citations", "url, canonical_url")


def test_the_day_is_the_publishers_own_and_does_not_move_with_an_edit(con, build):
    """As written where a zone was written, else that in UTC; an edited page keeps the first."""
    late = datetime(2026, 11, 19, 22, 50, tzinfo=UTC)
    own = build.prepared("a", published_at=late, published_on=date(2026, 11, 20))
    plain = build.prepared("b", published_at=late)
    unknown = build.prepared("c", published_at=None)
    articles.save(con, [own, plain, unknown])
    text = "Another report altogether, with nothing of the first in it."
    articles.save(
        con,
        [
            build.prepared(
                "a", text, published_at=build.noon, published_on=date(2026, 11, 25),
                fetched_at=build.noon + timedelta(days=1), section="Cells",
            )
        ],
    )  # fmt: skip
    shown = con.execute("SELECT published_on, section, version FROM articles ORDER BY article_id")
    assert shown.fetchall() == [
        (date(2026, 11, 20), "Cells", 2), (date(2026, 11, 19), "", 1), (None, "", 1),
    ]  # fmt: skip


def test_sources_of_fields_are_asked_for_in_sql(con, build):
    """``metadata_from`` is JSON that a query can look into."""
    articles.save(con, [build.prepared("a", metadata_from={"title": "h1"})])
    asked = "SELECT metadata_from->>'$.title', metadata_from->>'$.tags' FROM articles"
    assert con.execute(asked).fetchall() == [("h1", None)]


def test_text_that_utf8_cannot_hold_is_stored_without_it(con, build):
    """Lone surrogates and NUL do not stop a batch."""
    articles.save(con, [build.prepared("a", "one\x00 two \ud800 three", title="t\x00")])
    assert _all(con, "articles", "title, text") == [("t", "one two � three")]


def test_saving_a_batch_again_changes_nothing(con, build):
    """The second save reports every article as known."""
    batch = [build.prepared(name) for name in "abc"]
    first = articles.save(con, batch)
    before = _all(con, "articles") + _all(con, "article_urls") + _all(con, "citations")
    second = articles.save(con, batch)
    assert (len(first.new), second.new, second.changed, len(second.known)) == (3, (), (), 3)
    assert _all(con, "articles") + _all(con, "article_urls") + _all(con, "citations") == before


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    made=st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"), st.integers(0, 2)),
        min_size=1, max_size=6,
    )
)  # fmt: skip
def test_any_batch_saved_twice_gives_the_rows_of_once(build, open_empty, made):
    """Whatever ids, aliases and texts collide inside a batch, the second save adds no row."""
    con = open_empty()
    batch = [
        build.prepared(name, f"text {text}", aliases=(f"https://news.example/{alias}",))
        for name, alias, text in made
    ]
    first = articles.save(con, batch)
    before = [_all(con, view) for view in ("articles", "article_urls", "article_versions")]
    second = articles.save(con, batch)
    assert [_all(con, v) for v in ("articles", "article_urls", "article_versions")] == before
    assert second.new == ()
    assert second.id_of == first.id_of
    assert set(first.id_of) == {one.article.article_id for one in batch}
    stored = {row[0] for row in _all(con, "articles", "article_id")}
    assert set(first.id_of.values()) <= stored
    assert {row[0] for row in _all(con, "article_urls", "article_id")} <= stored
    con.close()


def test_a_url_known_for_an_article_leads_to_it(con, build):
    """An article under another id whose URL is an alias of a stored one is that one."""
    articles.save(con, [build.prepared("a", aliases=("https://m.example/1",))])
    result = articles.save(con, [build.prepared("b", "other", aliases=("https://m.example/1",))])
    assert result.new == ()
    assert result.id_of == {"b00000000000": "a00000000000"}
    assert len(_all(con, "articles")) == 1
    assert ("https://news.example/b", "a00000000000") in _all(con, "article_urls")


def test_a_changed_url_makes_no_second_article(con, build):
    """Same site, words, title and time under another URL: one article, two addresses."""
    articles.save(con, [build.prepared("a", "Same words.", title="T")])
    result = articles.save(con, [build.prepared("b", "Same words.", title="T")])
    assert result.known == ("a00000000000",)
    assert len(_all(con, "articles")) == 1
    assert len(_all(con, "article_urls")) == 2


def test_the_same_words_elsewhere_or_at_no_known_time_are_another_article(con, build):
    """Syndicated copies stay apart, and so do undated ones: they are linked, not merged."""
    articles.save(con, [build.prepared("a", "Same.", title="T")])
    other_site = build.prepared("b", "Same.", title="T", url="https://other.example/b")
    later = build.prepared("c", "Same.", title="T", published_at=build.noon + timedelta(days=1))
    undated = build.prepared("d", "Same.", title="T", published_at=None)
    undated_too = build.prepared("e", "Same.", title="T", published_at=None)
    assert len(articles.save(con, [other_site, later, undated, undated_too]).new) == 4


def test_two_stored_articles_stay_two_when_a_url_leads_to_both(con, build):
    """A later alias cannot swallow a stored article."""
    articles.save(con, [build.prepared("a"), build.prepared("b")])
    both = build.prepared("b", aliases=("https://news.example/a",))
    assert articles.save(con, [build.prepared("a"), both]).known == (
        "a00000000000",
        "b00000000000",
    )
    assert len(_all(con, "articles")) == 2


def test_copies_within_one_batch_collapse_and_the_page_wins(con, build):
    """Of one article's page and its feed text, the page is stored."""
    feed = build.prepared("a", "From the feed.", text_source="feed")
    page = build.prepared("a", "From the page, whole.")
    assert articles.save(con, [page, feed]).new == ("a00000000000",)
    assert _all(con, "articles", "text") == [("From the page, whole.",)]


def test_an_edit_makes_a_version_and_keeps_the_one_before(con, build):
    """The newest text shows, both versions stay, with the words that came and went."""
    one = build.prepared("a", "The plant opens in May with 200 jobs.", links=("https://x/",))
    articles.save(con, [one])
    edited = build.prepared(
        "a", "The plant opens in June with 200 new jobs.",
        fetched_at=build.noon + timedelta(hours=1),
        published_at=build.noon + timedelta(hours=1),
    )  # fmt: skip
    result = articles.save(con, [edited])
    assert result.changed == ("a00000000000",)
    columns = "version, text, words_added, words_removed"
    assert _all(con, "article_versions", columns) == [
        (1, one.article.text, 0, 0),
        (2, edited.article.text, 2, 1),
    ]
    assert _all(con, "articles", "version, published_at") == [(2, build.noon)]
    assert _all(con, "citations") == []
    assert articles.save(con, [edited]).changed == ()
    # The old capture, replayed, does not bring the old text back.
    assert articles.save(con, [one]).changed == ()
    assert len(_all(con, "article_versions")) == 2


def test_cosmetic_changes_make_no_version(con, build):
    """A moved clock or a grown comment counter is not an edit."""
    articles.save(con, [build.prepared("a", "Cells. 12 comments. Updated 12:01 GMT.")])
    later = build.prepared(
        "a", "Cells.  15 comments. Updated 13:44 GMT.", fetched_at=build.noon + timedelta(hours=1)
    )
    assert articles.save(con, [later]).known == ("a00000000000",)
    assert _all(con, "articles", "version") == [(1,)]


def test_a_feed_text_does_not_replace_a_page(con, build):
    """When the page fails today and the feed's text stands in, the page's text stays."""
    articles.save(con, [build.prepared("a", "The whole text of the page.")])
    feed = build.prepared(
        "a", "Teaser.", text_source="feed", fetched_at=build.noon + timedelta(hours=1)
    )
    assert articles.save(con, [feed]).known == ("a00000000000",)
    back = replace(feed.article, text="Page again, longer.", text_source="page")
    assert articles.save(con, [replace(feed, article=back)]).changed == ("a00000000000",)


def test_documents_carry_the_fetch_time_where_no_publication_is_known(con, build):
    """Matching gets a date for every article."""
    articles.save(con, [build.prepared("a", published_at=None), build.prepared("b")])
    first, second = articles.documents(con, ["b00000000000", "a00000000000", "zz"])
    assert (first.article_id, first.published_at) == ("a00000000000", build.noon)
    assert second.text == build.prepared("b").article.text


def test_a_citation_finds_the_article_once_it_is_stored(con, build):
    """The link is resolved when asked, so the cited article may come later, under any alias."""
    articles.save(con, [build.prepared("a", links=("https://news.example/b2",))])
    assert _all(con, "citations", "cited_article_id") == [(None,)]
    articles.save(con, [build.prepared("b", aliases=("https://news.example/b2",))])
    assert _all(con, "citations", "cited_article_id") == [("b00000000000",)]


def test_find_tells_story_and_matches_from_the_articles_side(con, build):
    """Each match reads the right way round for the article asked for."""
    articles.save(con, [build.prepared("a"), build.prepared("b")])
    matches.save(con, [build.match("a", "b", "contains")])
    found = articles.find(con, "b00000000000")
    assert found is not None
    assert [(m.of_article_id, m.relation) for m in found.matches] == [
        ("a00000000000", "contained_in")
    ]


_ANY = st.text(st.characters(exclude_categories=()), max_size=20)
"""Surrogates and NUL as well, which the store takes out."""


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    told=st.lists(
        st.fixed_dictionaries({
            "title": _ANY, "publisher": _ANY, "text": _ANY, "language": st.sampled_from(("", "en")),
            "published_at": st.sampled_from((None, datetime(2026, 11, 19, 7, tzinfo=UTC))),
            "text_source": st.sampled_from(("page", "feed")),
            "notice": st.sampled_from(("", "paywall")),
        }),
        min_size=1, max_size=3,
    )
)  # fmt: skip
def test_what_was_written_is_what_would_be_read_back(con, build, told):
    """Texts are compared and stories made of it without reading it again."""
    batch = []
    for one in told:
        name = secrets.token_hex(6)  # in the title too: alike, two would be one article
        batch.append(build.prepared(name, **one | {"title": name + one["title"]}))
    written = articles.save(con, batch).written
    ids = sorted(written)
    assert ids == sorted(one.article.article_id for one in batch)
    documents = articles.documents(con, ids)
    assert documents == [written[one].document for one in ids]
    assert [one.exact for one in documents] == [written[one].document.exact for one in ids]
    assert list(connected.nodes(con, ids)) == [written[one].node for one in ids]
