"""Matches and stories: what is connected, and how plans are carried out."""

from __future__ import annotations

import pytest

from storage import articles, connected, matches, stories


def _id(name):
    return name.ljust(12, "0")


@pytest.fixture
def stocked(con, build):
    articles.save(con, [build.prepared(name) for name in "abcdefgh"])
    return con


def _members(con):
    found = con.execute("SELECT article_id, story_id FROM core.story_members").fetchall()
    return {one.rstrip("0"): story.rstrip("0") for one, story in found}


def _names(graph):
    return "".join(node.article_id.rstrip("0") for node in graph.nodes)


def test_a_match_is_kept_once_a_pair_whichever_way_it_is_told(stocked, build):
    """The lower id stands first and the relation turns with it; the last word counts."""
    matches.save(stocked, [build.match("b", "a", "contains", 0.4)])
    matches.save(stocked, [build.match("b", "a", "contains", 0.5)])
    found = stocked.execute("SELECT article_id, of_article_id, relation, jaccard FROM core.matches")
    assert found.fetchall() == [(_id("a"), _id("b"), "contained_in", 0.5)]


def test_a_component_is_everything_near_over_any_number_of_steps(stocked, build):
    """A chain is followed to its end from any of its members; containment connects nothing.

    What a member contains is told, though it is no member.
    """
    matches.save(
        stocked,
        [
            build.match("a", "b"), build.match("c", "b", "exact"), build.match("c", "d"),
            build.match("d", "e", "contains"), build.match("f", "g"),
        ],
    )  # fmt: skip
    for start in "abcd":
        graph = connected.component(stocked, [_id(start)])
        assert _names(graph) == "abcd"
        assert [m.relation for m in graph.matches] == ["near", "exact", "near", "contains"]
    assert _names(connected.component(stocked, [_id("e")])) == "e"
    assert connected.component(stocked, [_id("e")]).matches == ()
    assert _names(connected.component(stocked, [_id("a"), _id("f")])) == "abcdfg"
    assert _names(connected.component(stocked, [])) == ""


def test_members_of_a_story_belong_to_the_component(stocked, build):
    """A story whose link went is looked at whole, so that it can be split."""
    matches.save(stocked, [build.match("a", "b"), build.match("b", "c")])
    stories.apply(stocked, build.plan("a b c"), build.noon)
    matches.delete(stocked, [_id("b")])
    graph = connected.component(stocked, [_id("b")])
    assert (_names(graph), graph.matches) == ("abc", ())
    assert graph.story_of == dict.fromkeys(map(_id, "abc"), _id("a"))


def test_a_node_tells_what_choosing_needs(con, build):
    """Words, time of publication, and whether the page itself was read."""
    articles.save(con, [build.prepared("a", words=7), build.prepared("b", text_source="feed")])
    first, second = connected.component(con, [_id("a"), _id("b")]).nodes
    assert (first.words, first.published_at, first.full_page) == (7, build.noon, True)
    assert second.full_page is False


def test_stories_merge_and_leave_a_forward(stocked, build):
    """Members move, the ended story goes, and old ids lead on, over several merges."""
    stories.apply(stocked, build.plan("a b", "c d", "e"), build.noon)
    stories.apply(stocked, build.plan("c d a b", forwards={_id("a"): _id("c")}), build.noon)
    stories.apply(stocked, build.plan("e a b c d", forwards={_id("c"): _id("e")}), build.noon)
    assert _members(stocked) == dict.fromkeys("abcde", "e")
    assert stocked.execute("SELECT story_id FROM core.stories").fetchall() == [(_id("e"),)]
    forwards = stocked.execute(
        "SELECT story_id, to_story_id FROM core.story_forwards ORDER BY ALL"
    ).fetchall()
    assert forwards == [(_id("a"), _id("e")), (_id("c"), _id("e"))]


def test_a_story_that_lives_again_forwards_nowhere(stocked, build):
    """After a merge is undone, the id stands for its story again."""
    stories.apply(stocked, build.plan("a", "b"), build.noon)
    stories.apply(stocked, build.plan("b a", forwards={_id("a"): _id("b")}), build.noon)
    stories.apply(stocked, build.plan("a", "b"), build.noon)
    assert stocked.execute("SELECT * FROM core.story_forwards").fetchall() == []
    assert _members(stocked) == {"a": "a", "b": "b"}


def test_a_plan_carried_out_again_changes_nothing(stocked, build):
    """Membership, stories and their times stay."""
    plan = build.plan("a b", "c", forwards={_id("x"): _id("a")})
    tables = ("core.stories", "core.story_members", "core.story_forwards")

    def state():
        return [sorted(stocked.execute(f"FROM {table}").fetchall()) for table in tables]

    stories.apply(stocked, plan, build.noon)
    before = state()
    stories.apply(stocked, plan, build.noon)
    assert state() == before
    stories.apply(stocked, build.plan(), build.noon)
    assert state() == before


def test_another_representative_shows_at_once(stocked, build):
    """The story keeps its id when its shown copy changes."""
    stories.apply(stocked, build.plan("a b"), build.noon)
    plan = build.plan("a b")
    plan.representative_of[_id("a")] = _id("b")
    stories.apply(stocked, plan, build.noon)
    shown = stocked.execute("SELECT story_id, article_id FROM news WHERE copies = 2").fetchall()
    assert shown == [(_id("a"), _id("b"))]
