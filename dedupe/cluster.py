"""Stories out of matches: star clusters, and ids that stay.

A story is a star (Aslam, Pelekhov and Rus 2004): every member is matched directly to the
representative.  Connected components would be simpler and would weld two stories together over
one text that resembles both, which hides a story from the reader: the worse mistake.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, count

from dedupe.models import Match, StoryGroup, StoryNode, StoryPlan

_LATEST = datetime.max.replace(tzinfo=UTC)


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
            joined[left].add(right)
            joined[right].add(left)
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

    def founding(article_id: str) -> tuple[bool, float, tuple[bool, int, datetime, str]]:
        return (
            article_id in pieces_of,
            # Resemblance, not number: a teaser is near to much and no measure of any.
            -round(sum(strength[article_id, other] for other in joined[article_id]), 6),
            _completeness(node_of[article_id]),
        )

    free = set(node_of)
    founder_of: dict[str, str] = {}
    for article_id in sorted(node_of, key=founding):
        if article_id not in free:
            continue
        for member in (joined[article_id] & free) | {article_id}:
            founder_of[member] = article_id
            free.discard(member)
    _settle(founder_of, joined, strength)

    members_of: dict[str, list[str]] = defaultdict(list)
    for member, founder in founder_of.items():
        members_of[founder].append(member)
    groups = []
    for founder, members in members_of.items():
        members.sort()
        whole = set(members)
        # The founder always qualifies: it is matched with every member.
        fit = [member for member in members if whole - {member} <= joined[member]] or [founder]
        best = min(fit, key=lambda m: (m in pieces_of, _completeness(node_of[m])))
        groups.append(StoryGroup(representative_id=best, member_ids=tuple(members)))
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


def _completeness(node: StoryNode) -> tuple[bool, int, datetime, str]:
    """Sorts the best copy first: a full page, the most words, the earliest, the smallest id."""
    return (not node.full_page, -node.words, node.published_at or _LATEST, node.article_id)


def _settle(
    founder_of: dict[str, str],
    joined: Mapping[str, set[str]],
    strength: Mapping[tuple[str, str], float],
) -> None:
    """Move members that a later founder resembles more than the one who took them first."""
    founders = set(founder_of.values())
    for member in sorted(founder_of):
        if member in founders:
            continue
        near = [f for f in joined[member] if f in founders]
        founder_of[member] = min(near, key=lambda f: (-strength[member, f], f))
