"""Is an article about electric vehicles, batteries, charging, storage or their minerals?

Terms are looked up in ``topics.toml``.  Where a term stands decides: the headline and the lede say
what an article is about, a single mention far down does not.  Feeds of scope ``focus`` are not
gated; for ``general`` ones both mistakes count the same, and everything refused stays visible as
a rejection with the evidence.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from importlib import resources

from ingest.phrases import Phrases, has_unspaced
from ingest.policy import TopicPolicy

_POLICY = TopicPolicy()
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicVerdict:
    """Whether an article is on topic, and what said so."""

    on_topic: bool
    topics: tuple[str, ...]
    """Slugs, the strongest first."""
    score: float
    evidence: tuple[str, ...]
    """Terms found, each with the place of its first mention: ``title:electric car``."""


@dataclass(frozen=True, slots=True)
class _Terms:
    """The terms of all topics in one language, or in all; by topic and strength."""

    kinds: tuple[tuple[str, bool], ...]
    """Topic, and whether its terms are strong ones."""
    folded: Phrases
    """Searched in lower-case text; a group for each of ``kinds``."""
    cased: Phrases


def gate(title: str, text: str, policy: TopicPolicy = _POLICY, language: str = "") -> TopicVerdict:
    """Decide whether the article is on topic.

    ``language`` is a primary tag; empty or unknown ones are read with the terms of all languages.
    """
    terms = _terms(language if language in _languages() else "")
    title = _without_traps(title)
    text = _without_traps(text[: policy.text_chars])
    lede_chars = policy.lede_chars // (3 if has_unspaced(text[:200]) else 1)
    zones = (
        ("title", title, policy.title_weight),
        ("lede", text[:lede_chars], policy.lede_weight),
        ("body", text[lede_chars:], policy.body_weight),
    )
    mentions: dict[tuple[str, bool, str], list[tuple[str, float]]] = defaultdict(list)
    for zone, passage, weight in zones:
        both = zip(terms.folded.find(passage.lower()), terms.cased.find(passage), strict=True)
        for (topic, strong), (folded, cased) in zip(terms.kinds, both, strict=True):
            for match in (*folded, *cased):
                key = (topic, strong, _SPACES.sub(" ", match.group()))
                mentions[key].append((zone, weight))
    return _verdict(mentions, policy)


def topics_of(title: str, text: str, language: str) -> tuple[str, ...]:
    """Slugs of what the article is about, the strongest first; empty when about none of them."""
    return gate(title, text, language=language).topics


def _verdict(
    mentions: dict[tuple[str, bool, str], list[tuple[str, float]]], policy: TopicPolicy
) -> TopicVerdict:
    by_topic: dict[str, float] = defaultdict(float)
    by_term: dict[str, float] = defaultdict(float)
    evidence: dict[str, float] = {}
    for (topic, strong, term), places in mentions.items():
        zone, best = max(places, key=lambda place: place[1])
        again = min(len(places) - 1, policy.repeats) * policy.repeat_weight
        value = (best + again) * (1.0 if strong else policy.weak_share)
        by_topic[topic] += value
        # a term that stands under two topics says so once
        by_term[term] = max(by_term[term], value)
        evidence[f"{zone}:{term}"] = max(evidence.get(f"{zone}:{term}", 0.0), value)
    score = sum(by_term.values())
    has_strong = any(strong for _, strong, _ in mentions)
    several = len({term for _, _, term in mentions}) > 1
    early = any(zone != "body" for places in mentions.values() for zone, _ in places)
    if not early:
        on_topic = has_strong and score >= policy.body_pass_score
    else:
        on_topic = score >= policy.pass_score and (
            has_strong or (several and score >= policy.weak_pass_score)
        )
    ranked = sorted(by_topic.items(), key=lambda pair: (-pair[1], pair[0]))
    return TopicVerdict(
        on_topic=on_topic,
        topics=tuple(t for t, value in ranked if value >= policy.topic_score),
        score=round(score, 2),
        evidence=tuple(sorted(evidence, key=lambda term: (-evidence[term], term))[:12]),
    )


@functools.cache
def _document() -> dict[str, dict[str, dict[str, list[str]]]]:
    text = resources.files("ingest").joinpath("topics.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@functools.cache
def _languages() -> frozenset[str]:
    return frozenset(
        language
        for topic, strengths in _document().items()
        if topic != "not"
        for tables in strengths.values()
        for language in tables
    )


@functools.cache
def _terms(language: str) -> _Terms:
    kinds: list[tuple[str, bool]] = []
    folded: list[list[str]] = []
    cased: list[list[str]] = []
    for topic, strengths in _document().items():
        if topic == "not":
            continue
        for strength, by_language in strengths.items():
            wanted = {"any", "en", language} if language else set(by_language)
            terms = [
                term for tag, listed in by_language.items() if tag in wanted for term in listed
            ]
            kinds.append((topic, strength == "strong"))
            folded.append([term.lower() for term in terms if not term.startswith("=")])
            cased.append([term[1:] for term in terms if term.startswith("=")])
    return _Terms(tuple(kinds), Phrases(folded), Phrases(cased))


@functools.cache
def _traps() -> Phrases:
    terms: list[str] = _document()["not"]["any"]  # type: ignore[assignment]
    return Phrases([[term.removeprefix("=") for term in terms]], any_case=True)


def _without_traps(text: str) -> str:
    """``text`` without what only looks like a term."""
    (found,) = _traps().find(text)
    if not found:
        return text
    kept, end = [], 0
    for match in found:
        kept.append(text[end : match.start()])
        end = match.end()
    return " ".join([*kept, text[end:]])
