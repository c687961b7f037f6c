"""Stories: stars and not chains, in any order, under ids that stay."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.cluster import partition, plan
from dedupe.models import Match, Relation, StoryGroup, StoryNode

_START = datetime(2026, 3, 1, tzinfo=UTC)


def _node(article_id: str, words: int = 300, day: int = 0, *, full: bool = True) -> StoryNode:
    return StoryNode(
        article_id=article_id,
        words=words,
        published_at=_START + timedelta(days=day),
        full_page=full,
    )


def _match(a: str, b: str, relation: Relation = "near", jaccard: float = 0.8) -> Match:
    if a > b:
        a, b = b, a
        turned: dict[Relation, Relation] = {"contains": "contained_in", "contained_in": "contains"}
        relation = turned.get(relation, relation)
    return Match(
        article_id=a, of_article_id=b, relation=relation, jaccard=jaccard, containment=jaccard,
        reason="",
    )  # fmt: skip


def _groups(nodes: list[StoryNode], matches: list[Match]) -> list[list[str]]:
    return sorted(list(group.member_ids) for group in partition(nodes, matches))


@st.composite
def _worlds(draw: st.DrawFn) -> tuple[list[StoryNode], list[Match]]:
    ids = [f"n{number:02}" for number in range(draw(st.integers(0, 8)))]
    nodes = [
        StoryNode(
            article_id=one,
            words=draw(st.sampled_from([50, 200, 200, 400])),
            published_at=draw(st.sampled_from([None, _START, _START + timedelta(days=1)])),
            full_page=draw(st.booleans()),
        )
        for one in ids
    ]
    pairs = [(a, b) for a in ids for b in ids if a < b]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    relations = st.sampled_from(
        ["exact", "near", "near", "near", "contains", "contained_in", "apart"]
    )
    matches = [
        _match(a, b, draw(relations), draw(st.sampled_from([0.2, 0.5, 0.5, 0.9])))
        for a, b in chosen
    ]
    return nodes, matches


@given(_worlds(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_order_does_not_matter(
    world: tuple[list[StoryNode], list[Match]], shuffler: random.Random
) -> None:
    """Nodes and matches in any order give the same groups."""
    nodes, matches = world
    before = partition(nodes, matches)
    shuffler.shuffle(nodes)
    shuffler.shuffle(matches)
    assert partition(nodes, matches) == before


@given(_worlds())
@settings(max_examples=100, deadline=None)
def test_every_article_is_in_exactly_one_story(
    world: tuple[list[StoryNode], list[Match]],
) -> None:
    """The groups cover all nodes and do not overlap."""
    nodes, matches = world
    members = [m for group in partition(nodes, matches) for m in group.member_ids]
    assert sorted(members) == sorted(node.article_id for node in nodes)


@given(_worlds())
@settings(max_examples=100, deadline=None)
def test_every_member_is_matched_with_its_representative(
    world: tuple[list[StoryNode], list[Match]],
) -> None:
    """No chains: each member is exact or near to the representative itself."""
    nodes, matches = world
    joined = {
        frozenset((m.article_id, m.of_article_id))
        for m in matches
        if m.relation in ("exact", "near")
    }
    for group in partition(nodes, matches):
        assert group.representative_id in group.member_ids
        for member in group.member_ids:
            if member != group.representative_id:
                assert frozenset((member, group.representative_id)) in joined


@given(_worlds())
@settings(max_examples=100, deadline=None)
def test_no_story_holds_two_texts_told_apart(world: tuple[list[StoryNode], list[Match]]) -> None:
    """Two fillings of one form stay two stories, whatever both resemble."""
    nodes, matches = world
    story_of = {m: group for group in partition(nodes, matches) for m in group.member_ids}
    for match in matches:
        if match.relation == "apart":
            assert story_of[match.article_id] is not story_of[match.of_article_id]


@given(_worlds(), st.data())
@settings(max_examples=100, deadline=None)
def test_plan_names_every_story_once_and_forwards_only_what_ended(
    world: tuple[list[StoryNode], list[Match]], data: st.DataObject
) -> None:
    """Ids are unique, every article has one, and no forward points at or from a living mistake."""
    nodes, matches = world
    groups = partition(nodes, matches)
    previous = {
        node.article_id: data.draw(st.sampled_from(["n00", "n01", "old1", "old2"]))
        for node in nodes
        if data.draw(st.booleans())
    }
    planned = plan(groups, previous)
    assert len(planned.representative_of) == len(groups)
    assert set(planned.story_of) == {node.article_id for node in nodes}
    assert set(planned.story_of.values()) == set(planned.representative_of)
    for old, new in planned.forwards.items():
        assert old not in planned.representative_of
        assert new in planned.representative_of
        assert old in previous.values()
    again = plan(groups, planned.story_of)
    assert again.story_of == planned.story_of
    assert again.forwards == {}


def test_chain_is_not_one_story() -> None:
    """A resembles B and B resembles C, but C does not resemble A: C is not in A's story."""
    nodes = [_node(one) for one in "abcd"]
    matches = [
        _match("a", "b", jaccard=0.9),
        _match("b", "c", jaccard=0.6),
        _match("c", "d", jaccard=0.9),
    ]
    assert _groups(nodes, matches) == [["a", "b"], ["c", "d"]]


def test_teaser_does_not_weld_two_stories() -> None:
    """A teaser near two stories of one template goes to the one that it resembles more."""
    nodes = [_node("story"), _node("other"), _node("teaser", words=40), _node("copy")]
    matches = [
        _match("teaser", "story", jaccard=0.15),
        _match("teaser", "other", jaccard=0.12),
        _match("story", "copy", jaccard=0.9),
        _match("teaser", "copy", jaccard=0.14),
    ]
    assert _groups(nodes, matches) == [["copy", "story", "teaser"], ["other"]]


def test_forms_round_one_notice_are_not_welded() -> None:
    """Three fillings of one form resemble a notice without figures: the nearest stays with it."""
    nodes = [_node("notice"), _node("may"), _node("june"), _node("july")]
    months = ("may", "june", "july")
    matches = [
        *(_match("notice", m, jaccard=j) for m, j in zip(months, (0.7, 0.8, 0.6), strict=True)),
        *(_match(a, b, "apart", 0.9) for a in months for b in months if a < b),
    ]
    assert _groups(nodes, matches) == [["july"], ["june", "notice"], ["may"]]


def test_merged_page_does_not_weld_its_stories() -> None:
    """A page that contains two stories is linked to both and joins neither."""
    nodes = [_node("one"), _node("two"), _node("page", words=600)]
    matches = [_match("page", "one", "contains"), _match("page", "two", "contains")]
    assert _groups(nodes, matches) == [["one"], ["page"], ["two"]]


def test_teaser_of_a_story_on_a_merged_page_stays_with_the_story() -> None:
    """A teaser too short to tell is near the page too, and is kept out of the page's story."""
    nodes = [_node("story"), _node("page", words=700), _node("teaser", words=50)]
    matches = [
        _match("page", "story", "contains"),
        _match("page", "teaser", jaccard=0.1),
        _match("story", "teaser", jaccard=0.2),
    ]
    assert _groups(nodes, matches) == [["page"], ["story", "teaser"]]


def test_representative_is_a_full_page_before_a_longer_excerpt() -> None:
    """A text from the article's own page is shown before a longer one from a feed."""
    nodes = [_node("feed", words=500, full=False), _node("page", words=400)]
    (group,) = partition(nodes, [_match("feed", "page")])
    assert group.representative_id == "page"


def _shown(*nodes: StoryNode) -> str:
    """The copy shown where every copy resembles every other."""
    ids = [node.article_id for node in nodes]
    (group,) = partition(list(nodes), [_match(a, b) for a, b in combinations(ids, 2)])
    return group.representative_id


def test_representative_is_the_most_complete_then_the_earliest() -> None:
    """The copy with most words is shown; among equals the first published; then the id."""
    assert (
        _shown(_node("a", 300, 0), _node("b", 400, 2), _node("c", 400, 1), _node("d", 400, 1))
        == "c"
    )


def test_representative_does_not_change_for_a_few_more_words() -> None:
    """The first of the nearly complete copies is shown, not the one with a greeting on top."""
    assert _shown(_node("first", 400, 0), _node("greeted", 420, 1)) == "first"
    assert _shown(_node("cut", 330, 0), _node("whole", 400, 1)) == "whole"


def test_representative_is_the_agencys_own_copy_among_nearly_complete_ones() -> None:
    """A wire's own site is shown before an earlier print of its text, but not when it is a cut."""
    printed = replace(_node("paper", 400, 0), publisher="Harbour Gazette", origin="Reuters")
    own = replace(_node("wire", 390, 1), publisher="Reuters", origin="Reuters")
    other = replace(_node("agency", 390, 1), publisher="AFP", origin="Reuters")
    assert _shown(printed, own, other) == "wire"
    assert _shown(printed, replace(own, words=200)) == "paper"


def test_representative_is_no_paid_beginning_where_a_whole_copy_exists() -> None:
    """What a wall shows of a text stands for it only when nothing else does."""
    walled = replace(_node("walled", 300, 0), beginning=True)
    assert _shown(walled, _node("free", 250, 2)) == "free"
    assert _shown(walled, _node("feed", 400, 2, full=False)) == "feed"
    assert _shown(walled, replace(_node("other", 100, 1), beginning=True)) == "walled"


def test_representative_is_the_corrected_copy() -> None:
    """A correction is shown before what it corrects."""
    wrong = replace(_node("first", 400, 0), title="Cellarion opens plant in Porto")
    right = replace(_node("second", 390, 1), title="CORRECTED-Cellarion opens plant in Porto")
    assert _shown(wrong, right) == "second"


def test_matches_with_unknown_articles_are_left_aside() -> None:
    """A match with an article that was not handed in, or with itself, changes nothing."""
    assert _groups([_node("a")], [_match("a", "z"), _match("a", "a")]) == [["a"]]


def _group(*members: str) -> StoryGroup:
    return StoryGroup(representative_id=members[0], member_ids=tuple(sorted(members)))


def test_new_story_is_named_after_its_representative() -> None:
    """A story never seen takes its representative's article id."""
    assert plan([_group("b", "a")], {}).story_of == {"a": "b", "b": "b"}


def test_story_keeps_its_id_when_members_join_and_the_representative_changes() -> None:
    """A better copy joins: it is shown, under the id that the story had."""
    planned = plan([_group("z", "a", "b")], {"a": "a", "b": "a"})
    assert set(planned.story_of.values()) == {"a"}
    assert planned.representative_of == {"a": "z"}
    assert planned.forwards == {}


def test_merged_stories_leave_a_forward() -> None:
    """Two stories become one: the id that fewer members had points to the other."""
    planned = plan([_group("a", "b", "c")], {"a": "s1", "b": "s2", "c": "s2"})
    assert set(planned.story_of.values()) == {"s2"}
    assert planned.forwards == {"s1": "s2"}


def test_tie_between_ids_goes_to_the_smallest() -> None:
    """Where two ids had equally many members the smaller one stays."""
    assert plan([_group("a", "b")], {"a": "s2", "b": "s1"}).forwards == {"s2": "s1"}


def test_split_story_leaves_its_id_with_the_larger_part() -> None:
    """A story falls apart: the larger part keeps the id, the other gets one of its own."""
    planned = plan([_group("a", "b"), _group("c")], {"a": "s", "b": "s", "c": "s"})
    assert planned.story_of == {"a": "s", "b": "s", "c": "c"}
    assert planned.forwards == {}


def test_new_story_never_takes_an_id_in_use() -> None:
    """The representative's id names another story already: another name is found."""
    planned = plan([_group("a", "b"), _group("c")], {"b": "c", "x": "a"})
    assert planned.story_of["c"] not in {"c", "a"}
    assert len(set(planned.story_of.values())) == 2


def test_story_with_members_out_of_sight_is_not_forwarded() -> None:
    """An id that articles not looked at still carry does not end."""
    planned = plan([_group("a", "b")], {"a": "s1", "b": "s2", "far": "s2"})
    assert "s2" not in planned.forwards
