"""Signatures: one recipe a store, and candidates by shared keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from storage import key_segments, signatures
from storage.errors import RecipeChanged


def _id(name):
    return name.ljust(12, "0")


def _save(con, build, days, **keys):
    """``days``: offset from the first day, a letter each; keys: letter -> (bands, sketch)."""
    made = [build.signature(_id(n), n, bands=b, sketch=s) for n, (b, s) in keys.items()]
    when = {_id(n): None if d is None else build.noon + timedelta(days=d) for n, d in days.items()}
    signatures.save(con, made, when)


def _pairs(con, *names, window=30, common=100):
    found = signatures.candidates(
        con, [_id(name) for name in names], window_days=window, max_common=common
    )
    return [
        (p.article_id.rstrip("0"), p.of_article_id.rstrip("0"), p.shared_bands, p.shared_sketch)
        for p in found
    ]


def test_another_recipe_is_refused_with_a_way_out(con, build):
    """The first recipe is kept; a different one names what differs."""
    signatures.check_recipe(con, build.recipe)
    signatures.check_recipe(con, build.recipe)
    with pytest.raises(RecipeChanged) as raised:
        signatures.check_recipe(con, replace(build.recipe, seed=2))
    assert "seed: 1 stored, 2 asked" in str(raised.value)
    assert raised.value.hint


def test_shared_keys_make_a_candidate_once(con, build):
    """Bands and sketch keys are counted apart; the pair stands once, lower id first."""
    _save(
        con, build, {"a": 0, "b": 1, "c": 2}, a=((1, 2), (9, 8)), b=((1, 3), (9, 8)), c=((9,), (1,))
    )
    assert _pairs(con, "a", "b", "c") == [("a", "b", 1, 2)]
    assert _pairs(con, "b") == [("a", "b", 1, 2)]
    assert _pairs(con, "c") == []
    assert _pairs(con) == []


def test_keys_use_all_64_bits(con, build):
    """The largest key is a key like any other, signed or not."""
    _save(con, build, {"a": 0, "b": 0}, a=((2**64 - 1,), ()), b=((-1,), ()))
    assert _pairs(con, "a") == [("a", "b", 1, 0)]


def test_only_articles_within_the_window_meet(con, build):
    """The window goes both ways; an article without a day meets any."""
    _save(con, build, {"a": 0, "b": 30, "c": 31, "d": None}, **dict.fromkeys("abcd", ((1,), ())))
    assert _pairs(con, "a") == [("a", "b", 1, 0), ("a", "d", 1, 0)]
    assert _pairs(con, "d") == [("a", "d", 1, 0), ("b", "d", 1, 0), ("c", "d", 1, 0)]
    assert _pairs(con, "c", window=1) == [("b", "c", 1, 0), ("c", "d", 1, 0)]


@pytest.mark.parametrize("most", [1, 3, 4, 9, 100])
def test_an_article_is_looked_for_with_all_its_keys(con, build, monkeypatch, most):
    """However the articles of a day are cut into segments."""
    names = "abcdefgh"
    keys = {name: ((number,), (100, 101, 102)) for number, name in enumerate(names)}
    monkeypatch.setattr(key_segments, "STORAGE", replace(key_segments.STORAGE, segment_keys=most))
    _save(con, build, dict.fromkeys(names, 0), **keys)
    cut = max(1, 8 // max(1, most // 4))
    assert con.execute("SELECT count(*) FROM core.key_segments").fetchone() == (cut,)
    for name in names:
        assert [shared for *_, shared in _pairs(con, name)] == [3] * 7


def test_holders_of_a_crowded_key_meet_those_who_speak_for_it(con, build):
    """Where more hold a key than may speak for it, the lowest ids meet all and others none."""
    _save(con, build, dict.fromkeys("abcd", 0), **dict.fromkeys("abcd", ((1,), ())))
    assert _pairs(con, "a", common=1) == [("a", one, 1, 0) for one in "bcd"]
    assert _pairs(con, "c", common=1) == [("a", "c", 1, 0)]
    assert _pairs(con, "c", common=2) == [("a", "c", 1, 0), ("b", "c", 1, 0)]
    assert len(_pairs(con, "a", "b", "c", "d", common=4)) == 6


@pytest.mark.parametrize("place", range(5))
def test_who_speaks_is_decided_by_whole_blocks_of_days(con, build, place):
    """One beyond the window's edge speaks for the block on which the window ends."""
    days = (build.noon.date() - build.noon.date().min).days
    asked = 10 - days % 5 + place  # so many days into its block
    edge = asked - place - 1  # the last day of the block before it
    days = {"y": asked, "z": asked, "m": edge}
    _save(con, build, days, **dict.fromkeys("ymz", ((1,), ())))
    assert _pairs(con, "z", window=5, common=1) == [("m", "z", 1, 0), ("y", "z", 1, 0)]
    _save(con, build, {"a": edge - 4}, a=((1,), ()))
    beyond = [] if place else [("a", "z", 1, 0)]
    assert _pairs(con, "z", window=5, common=1) == [*beyond, ("y", "z", 1, 0)]


def test_who_is_displaced_by_others_is_told(con, build):
    """A newcomer of a lower id takes the place of the highest that spoke for a key."""
    _save(con, build, dict.fromkeys("bcd", 0), **dict.fromkeys("bcd", ((1,), ())))
    assert (
        signatures.neighbours(
            con, signatures.read(con, [_id("d")]), window_days=7, max_common=2
        ).displaced
        == []
    )
    _save(con, build, {"a": 0}, a=((1,), ()))
    found = signatures.neighbours(
        con, signatures.read(con, [_id("a")]), window_days=7, max_common=2
    )
    assert found.displaced == [_id("c")]


def test_saving_again_replaces_and_deleting_forgets(con, build):
    """An edited article keeps only the keys of its newest text."""
    _save(con, build, {"a": 0, "b": 0}, a=((1,), ()), b=((1,), ()))
    _save(con, build, {"b": 0}, b=((2,), ()))
    assert _pairs(con, "a", "b") == []
    _save(con, build, {"b": 0}, b=((1,), ()))
    assert _pairs(con, "a", "b") == [("a", "b", 1, 0)]
    signatures.delete(con, [_id("b")])
    assert _pairs(con, "a", "b") == []
    assert con.execute("SELECT count(*) FROM core.signatures").fetchone() == (1,)
