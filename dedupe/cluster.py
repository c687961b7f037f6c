"""Stories out of matches: star clusters, and ids that stay.

A story is a star (Aslam, Pelekhov and Rus 2004): every member is matched directly to the
representative.  Connected components would be simpler and would weld two stories together over
one text that resembles both, which hides a story from the reader: the worse mistake.  For the same
reason two texts that fill one form are in no star together, however near both are to its middle.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, count

from dedupe.models import Match, StoryGroup, StoryNode, StoryPlan
from dedupe.origin import is_origin
from dedupe.policy import POLICY
from dedupe.prepared import corrects

_LATEST = datetime.max.replace(tzinfo=UTC)
Rank = tuple[bool, int, datetime, str]


def partition(nodes: Sequence[StoryNode], matches: Sequence[Match]) -> list[StoryGroup]:
    """Put every node into exactly one story.

    The same set of nodes and matches gives the same groups in any order.  ``contains`` and
    ``contained_in`` do not join; a text that contains others (a digest, two stories on one
    page) founds a story only after all that do not, whether or not what it contains is among
    ``nodes``.  Other matches with an article that is not are left aside.

    Returns:
        Groups in ascending order of their representative's id.
    """
    node_of = {node.article_id: node for node in nodes}
    joined: dict[str, set[str]] = {article_id: set() for article_id in node_of}
    apart: dict[str, set[str]] = defaultdict(set)
    strength: dict[tuple[str, str], float] = {}
    pieces_of: dict[str, set[str]] = defaultdict(set)
    for match in matches:
        left, right = match.article_id, match.of_article_id
        if left == right:
            continue
        if match.relation == "contains":
            pieces_of[left].add(right)
        elif match.relation == "contained_in":
            pieces_of[right].add(left)
        elif left in node_of and right in node_of:
            linked = apart if match.relation == "apart" else joined
            linked[left].add(right)
            linked[right].add(left)
            resemblance = match.jaccard + match.containment / 1000
            strength[left, right] = strength[right, left] = resemblance

    # What is near a page that holds two stories only for want of words (a teaser) is a copy of
    # the story, not of the page.
    loose = [
        (page, other)
        for page, pieces in pieces_of.items()
        for other in joined.get(page, ())
        if not pieces.isdisjoint(joined[other])
    ]
    for page, other in loose:
        joined[page].discard(other)
        joined[other].discard(page)

    def founding(article_id: str) -> tuple[bool, float, Rank]:
        return (
            article_id in pieces_of,
            # Resemblance, not number: a teaser is near to much and no measure of any.
            -round(sum(strength[article_id, other] for other in joined[article_id]), 6),
            _completeness(node_of[article_id]),
        )

    free = set(node_of)
    members_of: dict[str, set[str]] = {}
    for founder in sorted(node_of, key=founding):
        if founder not in free:
            continue
        members_of[founder] = {founder}
        for member in sorted(joined[founder] & free, key=lambda m: (-strength[founder, m], m)):
            if members_of[founder].isdisjoint(apart[member]):
                members_of[founder].add(member)
        free -= members_of[founder]
    _settle(members_of, joined, apart, strength)

    groups = []
    for founder, members in members_of.items():
        # The founder always qualifies: it is matched with every member.
        fit = [one for one in members if members - {one} <= joined[one]] or [founder]
        best = _best([node_of[one] for one in fit if one not in pieces_of] or
                     [node_of[one] for one in fit])  # fmt: skip
        groups.append(StoryGroup(representative_id=best, member_ids=tuple(sorted(members))))
    return sorted(groups, key=lambda group: group.representative_id)


def plan(groups: Sequence[StoryGroup], previous: Mapping[str, str]) -> StoryPlan:
    """Give each group a story id that readers may keep.

    Args:
        groups: the partition of every article looked at.
        previous: article_id -> story_id as stored, for at least those articles.

    A group takes the previous id that most of its members had (the smallest on a tie); where two
    groups want one id, the one with more of its members keeps it.  A new story takes its
    representative's article id, or another member's where that id is in use.  An id that no
    group took, all of whose members looked at now lie elsewhere, forwards to where most went.
    """
    wishes: list[tuple[int, str, int]] = []
    ordered = sorted(groups, key=lambda group: group.representative_id)
    for number, group in enumerate(ordered):
        held = Counter(previous[m] for m in group.member_ids if m in previous)
        wishes.extend((-members, story_id, number) for story_id, members in held.items())
    taken: dict[str, int] = {}
    story_ids: dict[int, str] = {}
    for _, story_id, number in sorted(wishes):
        if story_id not in taken and number not in story_ids:
            taken[story_id] = number
            story_ids[number] = story_id
    in_use = set(previous.values())
    for number, group in enumerate(ordered):
        if number in story_ids:
            continue
        names = chain(
            (group.representative_id, *group.member_ids),
            (f"{group.representative_id}-{step}" for step in count(2)),
        )
        story_ids[number] = next(name for name in names if name not in in_use)
        in_use.add(story_ids[number])

    story_of: dict[str, str] = {}
    representative_of: dict[str, str] = {}
    went: dict[str, Counter[str]] = defaultdict(Counter)
    for number, group in enumerate(ordered):
        story_id = story_ids[number]
        representative_of[story_id] = group.representative_id
        for member in group.member_ids:
            story_of[member] = story_id
            if member in previous:
                went[previous[member]][story_id] += 1
    elsewhere = {
        story_id for article_id, story_id in previous.items() if article_id not in story_of
    }
    forwards = {
        old: min(new, key=lambda story_id: (-new[story_id], story_id))
        for old, new in sorted(went.items())
        if old not in representative_of and old not in elsewhere
    }
    return StoryPlan(story_of=story_of, representative_of=representative_of, forwards=forwards)


def _best(nodes: Sequence[StoryNode]) -> str:
    """The copy to show: of the nearly complete ones its writer's own, else the earliest.

    A copy is nearly complete with most of the words of the longest one: a few words more are
    mostly the site's, and the copy shown would change with each that comes in.  What corrects
    another is shown before it.
    """
    whole = [node for node in nodes if node.full_page and not node.beginning] or list(nodes)
    asked = POLICY.nearly_complete * max(node.words for node in whole)
    return min(
        (node for node in whole if node.words >= asked),
        key=lambda node: (
            not node.full_page,
            not corrects(node.title),
            not is_origin(node.publisher, node.origin),
            node.published_at or _LATEST,
            -node.words,
            node.article_id,
        ),
    ).article_id


def _completeness(node: StoryNode) -> Rank:
    """Sorts the most complete copy first: a full page, the most words, the earliest, the id."""
    return (not node.full_page, -node.words, node.published_at or _LATEST, node.article_id)


def _settle(
    members_of: Mapping[str, set[str]],
    joined: Mapping[str, set[str]],
    apart: Mapping[str, set[str]],
    strength: Mapping[tuple[str, str], float],
) -> None:
    """Move members that a later founder resembles more than the one who took them first."""
    took = {member: founder for founder, members in members_of.items() for member in members}
    for member in sorted(took.keys() - members_of.keys()):
        members_of[took[member]].discard(member)
        near = [
            founder
            for founder in joined[member]
            if founder in members_of and members_of[founder].isdisjoint(apart[member])
        ]
        members_of[min(near, key=lambda f: (-strength[member, f], f))].add(member)
