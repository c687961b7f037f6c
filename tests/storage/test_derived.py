"""What is derived from texts: written with its recipe, replaced whole, asked for again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ingest.models import Figure, Mention
from storage import articles, check, derived, reread
from storage.derived import Derivation, Underived

LFP = Mention(
    kind="chemistry", name="LFP", ticker="", count=2, in_title=True, in_lede=False, is_main=True,
    start=4, form="LFP", title_spans=((0, 3),), spans=((4, 7),),
)  # fmt: skip
CATL = replace(LFP, kind="company", name="CATL", ticker="SZSE:300750", form="宁德时代")
FIGURE = Figure(
    quantity="energy", value=100.0, value_high=None, unit="kWh", sentence="It has 100 kWh.",
    company=None, start=7, end=14, qualifier="", basis="", written="100 kWh",
)  # fmt: skip
RECIPE = 2**55 + 1


def derivation(one: Underived, *mentions: Mention, subjects: tuple[str, ...] = ()) -> Derivation:
    return Derivation(source=one, mentions=mentions, subjects=subjects, figures=(FIGURE,))


@pytest.fixture
def stored(con, build):
    """Three articles, c the newest."""
    articles.save(
        con,
        [
            build.prepared(name, topics=("batteries",), published_at=build.noon + timedelta(days=n))
            for n, name in enumerate("abc")
        ],
    )
    return con


def shown(con, view, columns):
    return con.execute(f"SELECT {columns} FROM {view} ORDER BY ALL").fetchall()


def test_what_lacks_a_derivation_is_asked_newest_first(stored):
    """All at first, none when done, all again under another recipe."""
    assert derived.count_pending(stored, RECIPE) == 3
    (first,) = derived.pending(stored, RECIPE, 1)
    assert (first.article_id[0], first.is_new) == ("c", True)
    assert derived.save(stored, RECIPE, [derivation(first, LFP)]) == 1
    assert [one.article_id[0] for one in derived.pending(stored, RECIPE, 9)] == ["a", "b"]
    rest = derived.pending(stored, RECIPE, 9)
    assert derived.save(stored, RECIPE, [derivation(one) for one in rest]) == 2
    assert derived.count_pending(stored, RECIPE) == 0
    assert derived.count_pending(stored, RECIPE + 1) == 3
    derived.forget_recipes(stored)
    assert derived.count_pending(stored, RECIPE) == 3


def test_rows_and_topics_are_shown(stored):
    """Mentions and figures in their views, names after the fields among the topics."""
    (one,) = derived.pending(stored, RECIPE, 1)
    derived.save(stored, RECIPE, [derivation(one, LFP, CATL, subjects=("LFP", "Lithium"))])
    assert shown(stored, "mentions", "kind, name, ticker, count, form") == [
        ("chemistry", "LFP", "", 2, "LFP"),
        ("company", "CATL", "SZSE:300750", 2, "宁德时代"),
    ]
    assert shown(stored, "figures", "value, unit, text, company, start_char") == [
        (100.0, "kWh", "It has 100 kWh.", None, 7)
    ]
    assert shown(stored, "articles", "article_id[1], topics") == [
        ("a", ["batteries"]), ("b", ["batteries"]), ("c", ["batteries", "LFP", "Lithium"]),
    ]  # fmt: skip


def test_a_derivation_replaces_the_one_before(stored):
    """No row is left of the old one, and none of others goes."""
    found = derived.pending(stored, RECIPE, 9)
    derived.save(stored, RECIPE, [derivation(one, LFP, subjects=("LFP",)) for one in found])
    again = [one for one in derived.pending(stored, RECIPE + 1, 9) if one.article_id[0] == "b"]
    assert not again[0].is_new
    derived.save(stored, RECIPE + 1, [derivation(again[0], CATL)])
    assert shown(stored, "mentions", "article_id[1], name") == [
        ("a", "LFP"), ("b", "CATL"), ("c", "LFP"),
    ]  # fmt: skip
    assert [topics for (topics,) in shown(stored, "articles", "topics")][:1] == [["batteries"]]
    assert len(shown(stored, "figures", "article_id")) == 3


def test_an_article_that_was_changed_meanwhile_is_left(stored, build):
    """What was derived from the old text is not written over the new one, which is asked again."""
    found = derived.pending(stored, RECIPE, 9)
    edited = build.prepared("a", "Another text.", fetched_at=build.noon + timedelta(hours=1))
    articles.save(stored, [edited])
    assert derived.save(stored, RECIPE, [derivation(one, LFP) for one in found]) == 2
    assert [one.article_id[0] for one in derived.pending(stored, RECIPE, 9)] == ["a"]


def test_an_edit_and_a_new_reading_have_it_derived_again(stored, build):
    """Whoever writes a text leaves its mark away; old rows go with the new derivation."""
    found = derived.pending(stored, RECIPE, 9)
    derived.save(stored, RECIPE, [derivation(one, LFP, subjects=("LFP",)) for one in found])
    later = build.noon + timedelta(hours=1)
    articles.save(stored, [build.prepared("a", "Another text.", fetched_at=later)])
    reread.replace(stored, [build.prepared("b", "A third text.")])
    waiting = derived.pending(stored, RECIPE, 9)
    assert [(one.article_id[0], one.is_new) for one in waiting] == [("a", False), ("b", False)]
    derived.save(stored, RECIPE, [derivation(one, CATL) for one in waiting])
    assert shown(stored, "mentions", "article_id[1], name") == [
        ("a", "CATL"), ("b", "CATL"), ("c", "LFP"),
    ]  # fmt: skip
    kinds = {fault.kind for fault in check.faults(stored)}
    assert kinds & {"mention_orphan", "hash_wrong"} == set()


def test_nothing_to_write_is_no_work(stored):
    """An empty batch changes nothing."""
    assert derived.save(stored, RECIPE, []) == 0
