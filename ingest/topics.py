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

from ingest.policy import TopicPolicy

_POLICY = TopicPolicy()
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af\uff21-\uff3a]")


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
    topic: str
    strong: bool
    folded: re.Pattern[str] | None
    cased: re.Pattern[str] | None


def gate(title: str, text: str, policy: TopicPolicy = _POLICY, language: str = "") -> TopicVerdict:
    """Decide whether the article is on topic.

    ``language`` is a primary tag; empty or unknown ones are read with the terms of all languages.
    """
    tables = _tables(language if language in _languages() else "")
    title, text = _without_traps(title), _without_traps(text[: policy.text_chars])
    lede_chars = policy.lede_chars // (3 if _UNSPACED.search(text[:200]) else 1)
    zones = (
        ("title", title, policy.title_weight),
        ("lede", text[:lede_chars], policy.lede_weight),
        ("body", text[lede_chars:], policy.body_weight),
    )
    mentions: dict[tuple[str, bool, str], list[tuple[str, float]]] = defaultdict(list)
    for zone, passage, weight in zones:
        folded = passage.lower()
        for terms in tables:
            for pattern, where in ((terms.folded, folded), (terms.cased, passage)):
                if pattern is None:
                    continue
                for match in pattern.finditer(where):
                    key = (terms.topic, terms.strong, re.sub(r"\s+", " ", match.group()))
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
def _tables(language: str) -> tuple[_Terms, ...]:
    tables = []
    for topic, strengths in _document().items():
        if topic == "not":
            continue
        for strength, by_language in strengths.items():
            wanted = {"any", "en", language} if language else set(by_language)
            terms = [
                term for tag, listed in by_language.items() if tag in wanted for term in listed
            ]
            tables.append(
                _Terms(
                    topic,
                    strength == "strong",
                    _pattern([term for term in terms if not term.startswith("=")]),
                    _pattern([term[1:] for term in terms if term.startswith("=")], folded=False),
                )
            )
    return tuple(tables)


@functools.cache
def _traps() -> re.Pattern[str]:
    terms: list[str] = _document()["not"]["any"]  # type: ignore[assignment]
    pattern = _pattern([term.removeprefix("=") for term in terms])
    if pattern is None:
        raise ValueError("topics.toml lists no phrases under [not]")
    return re.compile(pattern.pattern, re.IGNORECASE)


def _without_traps(text: str) -> str:
    return _traps().sub(" ", text)


def _pattern(terms: list[str], folded: bool = True) -> re.Pattern[str] | None:
    """One expression for all ``terms``, longest first; None when there are none."""
    spaced: list[str] = []
    unspaced: list[str] = []
    for term in sorted(set(terms), key=lambda term: (-len(term), term)):
        form = term.lower() if folded else term
        form = re.escape(form).replace(r"\*", r"\w*").replace(r"\ ", r"[\s\-‐‑–]+")
        form = form.replace("'", "['’]")
        (unspaced if _UNSPACED.search(term) else spaced).append(form)
    parts = []
    if spaced:
        # before CJK text a Latin word ends without a space: "EV市場"
        edge = r"[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
        parts.append(rf"(?<!{edge})(?:{'|'.join(spaced)})(?!{edge})")
    if unspaced:
        parts.append("|".join(unspaced))
    return re.compile("|".join(parts)) if parts else None
