"""An explanation of one article or of two, in words for a terminal."""

from __future__ import annotations

from textwrap import shorten, wrap

from dedupe.models import Match
from dedupe.reasons import reason
from dedupe.rules import Rule
from dedupe.verdict import Comparison
from flows.explaining import Pair, Refusal, Told, archived, related, told_apart
from flows.oneline import clean
from flows.sidebyside import columns
from storage.models import StoredArticle

# Characters of a cut stretch that are shown: enough to recognise it on a screen.
EXCERPT = 160
# Links that are listed; pages with more are lists of links themselves.
LINKS = 8
# Related articles that are told in full; more are counted.
RELATED = 8
# Look-alikes that are told.
APART = 3
WIDTH = 100


def lines(told: Told, *, width: int = WIDTH, colour: bool = False) -> list[str]:
    """The explanation for a terminal of ``width`` cells."""
    if told.refusal is not None:
        return wrapped(_refusal_lines(told.refusal), width)
    assert told.stored is not None
    if told.asked_for_two:
        assert told.pair is not None
        above = [
            *_origin(told.stored)[:3],
            "",
            *_comparison_lines(told, told.pair),
            *_cited_between(told, told.pair),
            "",
        ]
        return [*wrapped(above, width), *_passages(told.stored, told.pair, width, colour)]
    above = [*_origin(told.stored), "", *_story_lines(told.stored, told.titles)]
    below = [
        "",
        *_repeat_lines(told.stored),
        *_citation_lines(told),
        *_version_lines(told.stored),
    ]
    beside = _passages(told.stored, told.pair, width, colour) if told.pair else []
    return [*wrapped(above, width), *beside, *wrapped(below, width)]


def wrapped(said: list[str], width: int) -> list[str]:
    """Long lines broken between words, what follows indented below; addresses stay whole."""
    broken: list[str] = []
    for line in said:
        margin = " " * (len(line) - len(line.lstrip()))
        broken += wrap(
            line.strip(),
            max(width, len(margin) + 20),
            initial_indent=margin,
            subsequent_indent=margin + "  ",
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return broken


def _origin(one: StoredArticle) -> list[str]:
    article = one.article
    when = f"{article.published_at:%Y-%m-%d %H:%M} UTC" if article.published_at else "no date"
    lines = [
        f"{clean(article.title) or '(no title)'}",
        f"  {clean(article.publisher)}, {when} (date from: {article.published_from}), "
        f"{one.words} words, article {article.article_id}",
        f"  {clean(article.url)}",
        f"  fetched {article.fetched_at:%Y-%m-%d %H:%M} UTC"
        + (f" for feed {article.feed}" if article.feed else "")
        + f", text from: {article.text_source}",
    ]
    if article.canonical_url != article.url:
        lines.append(f"  canonical {clean(article.canonical_url)}")
    others = [url for url in article.aliases if url not in (article.url, article.canonical_url)]
    lines += [f"  also at {clean(url)}" for url in others]
    if where := archived(one):
        lines.append(f"  archived in {where}")
    return lines


def _story_lines(one: StoredArticle, titles: dict[str, tuple[str, str]]) -> list[str]:
    found, others = related(one), told_apart(one)
    if found:
        role = "shown for it" if one.is_representative else "a copy, not shown"
        lines = [f"Story {one.story_id}: this article is {role}. Related:"]
    else:
        lines = [f"Story {one.story_id}: no other article tells it."]
    lines += [line for match in found[:RELATED] for line in _match_lines(match, titles)]
    if len(found) > RELATED:
        lines.append(f"  and {len(found) - RELATED} more (--json lists them)")
    if others:
        lines.append("Much like it, and another story:")
        lines += [line for match in others[:APART] for line in _match_lines(match, titles)]
    if len(others) > APART:
        lines.append(f"  and {len(others) - APART} more (--json lists them)")
    return lines


_WORDS = {
    "exact": "the same text as",
    "near": "a near-duplicate of",
    "contains": "contains",
    "contained_in": "is contained in",
    "apart": "is not",
}


def _match_lines(match: Match, titles: dict[str, tuple[str, str]]) -> list[str]:
    return [
        f"  {_WORDS[match.relation]} {_named(match.of_article_id, titles)}",
        f"    because {clean(match.reason)} (resemblance {match.jaccard:.2f}, "
        f"containment {match.containment:.2f})",
    ]


def _repeat_lines(one: StoredArticle) -> list[str]:
    if not one.repeats:
        return ["Nothing was cut out of it."]
    count = len(one.repeats)
    lines = [f"{count} stretch{'es' if count > 1 else ''} cut because the text says them twice:"]
    for repeat in one.repeats:
        removed = shorten(clean(repeat.removed_text), EXCERPT, placeholder=" ...")
        lines.append(
            f"  cut   characters {repeat.start}-{repeat.end} "
            f"({repeat.words} words, {repeat.similarity:.0%} the same): {removed}"
        )
        kept = (one.original_text or "")[repeat.of_start : repeat.of_end]
        lines.append(
            f"  kept  characters {repeat.of_start}-{repeat.of_end}: "
            f"{shorten(clean(kept), EXCERPT, placeholder=' ...')}"
        )
        lines.append(f"    because {reason(one.original_text or '', repeat)}")
    return lines


def _version_lines(one: StoredArticle) -> list[str]:
    if len(one.versions) < 2:
        return []
    lines = ["", f"Edited by its publisher; {len(one.versions)} versions:"]
    lines += [
        f"  {version.version}  seen {version.seen_at:%Y-%m-%d %H:%M} UTC  "
        f"+{version.words_added} -{version.words_removed} words  {clean(version.title)}"
        for version in one.versions
    ]
    return lines


def _comparison_lines(told: Told, pair: Pair) -> list[str]:
    figures = pair.found
    verdict = _WORDS[figures.relation] if figures.relation else "is not one story with"
    lines = [
        f"{verdict} {_named(figures.right_id, told.titles)}",
        f"  {clean(pair.other.article.url)}",
        f"  because {clean(figures.reason)}",
    ]
    assert told.stored is not None
    one, other = told.stored.story_id, pair.other.story_id
    if figures.relation in ("exact", "near") and one != other:
        lines.append(
            f"  and yet in two stories, {one} and {other}: each is nearer to another text, and a "
            "story holds what resembles one text"
        )
    elif figures.relation is None and one == other:
        lines.append(f"  and yet in one story, {one}: both resemble the article shown for it")
    lines += ["", *_rule_lines(figures)]
    return [*lines, *_figure_lines(figures)]


def _rule_lines(figures: Comparison) -> list[str]:
    lines = [f"  {'rule':<40} {'here':>6} {'asked':>6}"]
    for rule in figures.rules:
        asks = rule.asked > 0
        verdict = "holds" if rule.holds else "refuses" if rule.refuses else "outweighed"
        note = f"  ({clean(rule.note)})" if rule.note else ""
        lines.append(
            f"  {rule.name:<40} {_figure(rule, rule.figure):>6} "
            f"{_figure(rule, rule.asked) if asks else '-':>6}  {verdict if asks else ''}{note}"
        )
    return [line.rstrip() for line in lines]


def _figure(rule: Rule, figure: float) -> str:
    return f"{figure:.0%}" if rule.unit == "share" else f"{figure:.0f}"


def _figure_lines(figures: Comparison) -> list[str]:
    days = "unknown" if figures.days_apart is None else f"{figures.days_apart:.1f}"
    lines = [
        "",
        f"  resemblance {figures.jaccard:.2f}; {figures.left_in_right:.0%} of the first stands in "
        f"the second, {figures.right_in_left:.0%} of the second in the first",
        f"  days apart {days}; title words shared {figures.title_overlap:.0%}; figures in the "
        f"same place: {figures.numbers_agree} agree, {figures.numbers_differ} differ",
    ]
    if figures.numbers_examples:
        said = ", ".join(f"{clean(a)} / {clean(b)}" for a, b in figures.numbers_examples)
        lines.append(f"  that differ (first / second): {said}")
    return lines


def _passages(stored: StoredArticle, pair: Pair, width: int, colour: bool) -> list[str]:
    figures = pair.found
    alone = [] if figures.relation != "exact" else ["", "Word for word the same text."]
    if alone:
        return alone
    heads = (_head(stored), _head(pair.other))
    lines = ["", *columns(pair.rows, heads, width=width, colour=colour)]
    if figures.numbers_examples:
        said = ", ".join(f"{clean(a)} / {clean(b)}" for a, b in figures.numbers_examples)
        lines += ["", f"Numbers that differ (left / right): {said}"]
    return lines


def _head(one: StoredArticle) -> str:
    article = one.article
    when = f", {article.published_at:%Y-%m-%d %H:%M}" if article.published_at else ""
    return f"{clean(article.publisher)}{when}: {clean(article.title) or article.article_id}"


def _named(article_id: str, titles: dict[str, tuple[str, str]]) -> str:
    publisher, title = titles.get(article_id, ("", ""))
    return f"{clean(publisher)}: {clean(title) or '(no title)'} [{article_id}]"


def _citation_lines(told: Told) -> list[str]:
    assert told.stored is not None
    ours_too = {match.of_article_id for match in related(told.stored)}
    ours = dict.fromkeys(link.article_id for link in told.cites if link.article_id)
    others = [link.url for link in told.cites if link.article_id is None]
    lines = [""] if ours or others or told.cited_by else []
    for article_id in list(ours)[:LINKS]:
        word = "rewrites, and cites," if article_id in ours_too else "cites"
        lines.append(f"It {word} {_named(article_id, told.titles)}")
    for article_id in told.cited_by[:LINKS]:
        word = "rewritten, and cited, by" if article_id in ours_too else "cited by"
        lines.append(f"It is {word} {_named(article_id, told.titles)}")
    hidden = max(0, len(ours) - LINKS) + max(0, len(told.cited_by) - LINKS)
    if others:
        pages = "1 page that is" if len(others) == 1 else f"{len(others)} pages that are"
        lines.append(f"It links to {pages} not stored:")
        lines += [f"  {clean(url)}" for url in others[:LINKS]]
        hidden += max(0, len(others) - LINKS)
    if hidden:
        lines.append(f"and {hidden} more link{'s' if hidden > 1 else ''} (--json lists them)")
    return lines


def _cited_between(told: Told, pair: Pair) -> list[str]:
    other = pair.other.article.article_id
    lines = []
    if any(link.article_id == other for link in told.cites):
        lines.append("  the first cites the second")
    if other in told.cited_by:
        lines.append("  the second cites the first")
    return lines


def _refusal_lines(refusal: Refusal) -> list[str]:
    retry = f"; next try {refusal.retry_at:%Y-%m-%d %H:%M} UTC" if refusal.retry_at else ""
    return [
        f"{clean(refusal.url)} is not an article: {refusal.reason} at stage {refusal.stage}",
        f"  {clean(refusal.detail)}",
        f"  tried {refusal.attempts} time(s), last {refusal.last_at:%Y-%m-%d %H:%M} UTC{retry}",
    ]
