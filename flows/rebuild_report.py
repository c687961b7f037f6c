"""What making everything anew changed, or would change: as figures, as JSON and for a terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from duckdb import DuckDBPyConnection

from flows.oneline import clean
from storage import shadow_switch

FOLDER = "rebuild"
"""Where in the store's folder the work is."""
EXAMPLES = 5


@dataclass(slots=True, kw_only=True)
class RebuildReport:
    """What making everything anew changed, or would change."""

    store: str
    dry_run: bool
    articles: int = 0
    resumed: int = 0
    """Articles that an interrupted rebuild had done already."""
    caught_up: int = 0
    """Articles that runs stored or edited meanwhile, taken in as well."""
    recut: int = 0
    """Articles whose cut text, repeats or topics changed."""
    resigned: int = 0
    duplicates_added: int = 0
    """Pairs of articles that are linked now and were not."""
    duplicates_removed: int = 0
    duplicates_changed: int = 0
    """Pairs whose relation is another one now."""
    stories_before: int = 0
    stories_after: int = 0
    stories_merged: int = 0
    """Stories that hold articles of several old ones."""
    stories_split: int = 0
    """Old stories whose articles are in several now."""
    new_representatives: int = 0
    """Stories that keep their articles and show another one of them."""
    examples: list[dict[str, Any]] = field(default_factory=list)
    published: str = ""
    seconds: float = 0.0
    detail: str = ""

    @property
    def exit_code(self) -> int:
        """0 done; 1 done, and not published."""
        return 0 if self.dry_run or self.published else 1

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def tell(
    con: DuckDBPyConnection, report: RebuildReport, changes: shadow_switch.Differences
) -> None:
    """Put into the report what changes, with a few examples by title."""
    report.articles = changes.articles
    report.recut, report.resigned = changes.recut, changes.resigned
    report.duplicates_added = changes.links_added
    report.duplicates_removed = changes.links_removed
    report.duplicates_changed = changes.links_changed
    report.stories_before, report.stories_after = changes.stories_before, changes.stories_after
    merged = [one for one in changes.regrouped if len(one.was) > 1]
    into: dict[str, list[shadow_switch.Regrouped]] = {}
    for one in changes.regrouped:
        for story_id in one.was:
            into.setdefault(story_id, []).append(one)
    split = {story_id: parts for story_id, parts in into.items() if len(parts) > 1}
    report.stories_merged, report.stories_split = len(merged), len(split)
    report.new_representatives = sum(
        len(one.was) == 1 and len(into[one.was[0]]) == 1 for one in changes.regrouped
    )
    shown_merged, shown_split = merged[:EXAMPLES], list(split.items())[:EXAMPLES]
    named = shadow_switch.titles(
        con,
        sorted(
            {one.group.representative_id for one in shown_merged}
            | {one.group.representative_id for _, parts in shown_split for one in parts}
            | {i for one in changes.examples for i in (one.article_id, one.of_article_id)}
        ),
    )

    def name(article_id: str) -> str:
        publisher, title = named.get(article_id, ("", ""))
        return f"{publisher}: {title}" if publisher else title or article_id

    report.examples = [
        {
            "change": "merged",
            "stories": list(one.was),
            "articles": len(one.group.member_ids),
            "title": name(one.group.representative_id),
        }
        for one in shown_merged
    ]
    report.examples += [
        {
            "change": "split",
            "stories": [story_id],
            "articles": sum(len(one.group.member_ids) for one in parts),
            "title": " | ".join(name(one.group.representative_id) for one in parts),
        }
        for story_id, parts in shown_split
    ]
    report.examples += [
        {
            "change": _link_word(one),
            "articles": [one.article_id, one.of_article_id],
            "relation": one.now or one.was,
            "was": one.was,
            "title": f"{name(one.article_id)} | {name(one.of_article_id)}",
            "reason": one.reason,
        }
        for one in changes.examples
    ]


def _link_word(one: shadow_switch.LinkChange) -> str:
    if not one.was:
        return "linked"
    return "relinked" if one.now else "no longer linked"


def lines(report: RebuildReport) -> list[str]:
    """The report for a terminal."""
    would = "would be " if report.dry_run else ""
    said = []
    for one in report.examples:
        relation = one.get("relation", "")
        if one.get("was") and one["change"] == "relinked":
            relation = f"{one['was']} -> {relation}"
        said.append(clean(f"{one['change']}{f' ({relation})' if relation else ''}: {one['title']}"))
        if one.get("reason"):
            said.append(f"    {clean(one['reason'])}")
    said += [
        f"texts      {report.recut} {would}cut another way, {report.resigned} {would}signed anew, "
        f"of {report.articles} articles",
        f"links      {report.duplicates_added} {would}added, {report.duplicates_removed} {would}"
        f"removed, {report.duplicates_changed} {would}of another relation",
        f"stories    {report.stories_before} -> {report.stories_after}: {report.stories_merged} "
        f"{would}merged from several, {report.stories_split} {would}split, "
        f"{report.new_representatives} {would}shown by another copy",
    ]
    if report.resumed > 0:
        said.append(f"went on from an interrupted rebuild that had done {report.resumed} articles")
    if report.caught_up:
        said.append(f"{report.caught_up} articles came in or were edited meanwhile, and are in it")
    if report.detail:
        said.append(f"note: {report.detail}")
    done = "compared; nothing in the store was changed" if report.dry_run else "made anew"
    said.append(f"{report.articles} articles {done} in {report.seconds:.1f} s")
    if report.dry_run:
        said.append(
            f"the work is kept in {report.store}/{FOLDER}, for `voltwire dedupe rebuild` to go on "
            "from"
        )
    return said
