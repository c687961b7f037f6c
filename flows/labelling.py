"""Uncertain pairs for a person to judge, and what today's rules make of the judgements.

store --> pairs near the boundary --> text file --> a person --> judgements --> score
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import Any

import duckdb

from dedupe import match
from dedupe.margin import STEPS, Margin, margin
from dedupe.measured import Measured
from dedupe.models import Document
from dedupe.passages import side_by_side
from dedupe.policy import POLICY
from dedupe.prepared import Prepared
from flows.context import Progress
from flows.oneline import clean
from ingest.errors import VoltwireError
from storage import articles, signatures

STAGE = "weighing pairs"
# Pairs whose margin is looked for: some 80 ms each.
SCANNED = 400
# Articles of which pairs are looked for, the newest: what a person still remembers.
ARTICLES = 5_000
# Rows of a pair in the file, and characters of a sentence: a screen a pair.
ROWS, EXCERPT = 16, 300
_WORDS = {
    "yes": "yes", "y": "yes", "same": "yes", "1": "yes", "no": "no", "n": "no", "0": "no",
    "part": "part", "p": "part",
}  # fmt: skip
_HEAD = """\
# Pairs of articles on which voltwire's rules are least sure.  Behind each "same:" write
#   yes    both tell one story (a reader wants one of them)
#   no     two stories
#   part   one stands inside the other, which tells more (a digest, a merged page)
# or leave it empty.  Lines: = on both sides, < only in the first, > only in the second.
# Then: voltwire dedupe label --read THIS_FILE
"""
_PAIR = re.compile(r"^## pair (\S+) (\S+)\s*$")
_SAME = re.compile(r"^same:\s*(.*?)\s*$")


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A pair with its margin."""

    left: Document
    right: Document
    margin: Margin


def uncertain(con: duckdb.DuckDBPyConnection, count: int, progress: Progress) -> list[Uncertain]:
    """At most ``count`` pairs nearest to another verdict, each reason in turn; deterministic."""
    ids = [
        article_id
        for (article_id,) in con.execute(
            "SELECT article_id FROM articles ORDER BY coalesce(published_at, fetched_at) DESC, "
            f"article_id LIMIT {ARTICLES}"
        ).fetchall()
    ]
    pairs = [
        pair
        for pair in signatures.candidates(
            con, ids, window_days=ceil(POLICY.window_days), max_common=POLICY.key_cap
        )
        if match.wanted(pair)
    ]
    wanted = sorted({end for pair in pairs for end in (pair.article_id, pair.of_article_id)})
    ready = {
        one.document.article_id: one for one in match.prepare_all(articles.documents(con, wanted))
    }
    near = [
        (ready[pair.article_id], ready[pair.of_article_id])
        for pair in pairs
        if _may_turn(ready[pair.article_id], ready[pair.of_article_id])
    ]
    near.sort(key=lambda pair: _draw(pair[0].document.article_id, pair[1].document.article_id))
    progress.stage(STAGE, min(len(near), SCANNED))
    found = []
    for a, b in near[:SCANNED]:
        margin_of = margin(a, b)
        if margin_of is not None:
            found.append(Uncertain(a.document, b.document, margin_of))
        progress.advance(STAGE)
    return _spread(found, count)


def _may_turn(a: Prepared, b: Prepared) -> bool:
    """Whether enough stands in both for any rule but the first to speak."""
    shared = Measured(a, b).shared
    shorter = min(len(a.shingles), len(b.shingles))
    return (
        bool(shorter)
        and a.exact != b.exact
        and (shared >= (1 - STEPS[-1]) * POLICY.containment * shorter)
    )


def _draw(left: str, right: str) -> str:
    return sha256(f"{left} {right}".encode()).hexdigest()


def _spread(found: Sequence[Uncertain], count: int) -> list[Uncertain]:
    """The nearest of each kind in turn: numbers it hangs on, on either side of them."""
    kinds: dict[tuple[str, str], list[Uncertain]] = {}
    for one in sorted(
        found, key=lambda one: (one.margin.step, _draw(one.left.article_id, one.right.article_id))
    ):
        kind = (one.margin.hangs_on, str(one.margin.relation))
        kinds.setdefault(kind, []).append(one)
    taken: list[Uncertain] = []
    for turn in range(count):
        taken += [kinds[kind][turn] for kind in sorted(kinds) if turn < len(kinds[kind])]
    return taken[:count]


def write(pairs: Sequence[Uncertain]) -> str:
    """The pairs as a text file to fill in."""
    return _HEAD + "".join(_block(one) for one in pairs)


def _block(one: Uncertain) -> str:
    left, right, known = one.left, one.right, one.margin
    today = {None: "two stories", "near": "one story"}.get(known.relation, str(known.relation))
    lines = [
        "",
        f"## pair {left.article_id} {right.article_id}",
        "same: ",
        f"# today: {today}, hanging on {known.hangs_on} (within {known.step:.0%}): "
        f"{clean(known.reason)}",
        *(
            f"# {mark} {clean(side.publisher)}, {_day(side.published_at)}: {clean(side.title)}"
            for mark, side in (("<", left), (">", right))
        ),
    ]
    rows = side_by_side(left.text, right.text)
    for row in rows[:ROWS]:
        one_side, other = (clean("".join(p.text for p in side)) for side in (row.left, row.right))
        if row.same:
            lines.append(f"= {_short(one_side)}")
            continue
        lines += [f"{m} {_short(said)}" for m, said in (("<", one_side), (">", other)) if said]
    if len(rows) > ROWS:
        lines.append(f"# {len(rows) - ROWS} more sentences: voltwire explain "
                     f"{left.article_id} {right.article_id}")  # fmt: skip
    return "\n".join(lines) + "\n"


def _short(text: str) -> str:
    return text if len(text) <= EXCERPT else text[:EXCERPT].rstrip() + " ..."


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else "no date"


def read_judgements(path: Path) -> dict[tuple[str, str], str]:
    """Pair of ids -> ``yes``, ``no`` or ``part``, for those that were filled in.

    Raises:
        VoltwireError: naming the line that cannot be read.
    """
    judged: dict[tuple[str, str], str] = {}
    pair: tuple[str, str] | None = None
    seen = False
    for number, line in enumerate(_lines(path), 1):
        if found := _PAIR.match(line):
            pair, seen = (found[1], found[2]), True
        elif (found := _SAME.match(line)) and found[1]:
            said = _WORDS.get(found[1].lower())
            if said is None or pair is None:
                why = f"{found[1]!r} is none of yes, no, part" if pair else "no pair above it"
                raise VoltwireError(f"line {number}: {clean(why)}", about=path)
            judged[pair] = said
    if not seen:
        raise VoltwireError("holds no pairs; `voltwire dedupe label` writes such a file",
                            about=path)  # fmt: skip
    return judged


def remember(
    con: duckdb.DuckDBPyConnection, judged: dict[tuple[str, str], str], into: Path
) -> tuple[int, list[str]]:
    """Write judged pairs with their texts to the set ``into``; later judgements replace earlier.

    Returns:
        The size of the set, and ids that the store does not know.
    """
    known = {tuple(row["pair"]): row for row in load_set(into)} if into.exists() else {}
    ids = sorted({end for pair in judged for end in pair})
    documents = {one.article_id: one for one in articles.documents(con, ids)}
    for pair, same in judged.items():
        if all(end in documents for end in pair):
            sides = [_record(documents[end]) for end in pair]
            known[pair] = {"pair": list(pair), "same": same, "left": sides[0], "right": sides[1]}
    rows = [json.dumps(known[pair], ensure_ascii=False) for pair in sorted(known)]
    beside = into.with_name(into.name + ".new")
    try:
        beside.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
        beside.replace(into)
    except OSError as error:
        raise VoltwireError(f"cannot be written: {error.strerror}", about=into) from error
    return len(rows), [one for one in ids if one not in documents]


def _record(one: Document) -> dict[str, Any]:
    names = ("article_id", "title", "publisher", "language", "text", "dated")
    at = one.published_at.isoformat() if one.published_at else None
    return {**{name: getattr(one, name) for name in names}, "published_at": at}


def load_set(path: Path) -> list[dict[str, Any]]:
    """The judged pairs of a set.

    Raises:
        VoltwireError: naming the line that is no judged pair.
    """
    rows = []
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            good = row["same"] in ("yes", "no", "part") and len(row["pair"]) == 2
            for side in ("left", "right"):
                _document(row[side])
        except (ValueError, KeyError, TypeError, AttributeError):
            good = False
        if not good:
            raise VoltwireError(f"line {number} is no judged pair", about=path)
        rows.append(row)
    return rows


def score(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How today's policy does on judged pairs: right, and each wrong one with its reason."""
    wrong = []
    for row in rows:
        found = match.explain(_document(row["left"]), _document(row["right"]))
        said = {None: "no", "exact": "yes", "near": "yes"}.get(found.relation, "part")
        if said != row["same"]:
            titles = [clean(str(row[side].get("title", ""))) for side in ("left", "right")]
            wrong.append({"pair": row["pair"], "judged": row["same"], "today": said,
                          "reason": found.reason, "titles": titles})  # fmt: skip
    return {"pairs": len(rows), "right": len(rows) - len(wrong), "wrong": wrong}


def _document(side: dict[str, Any]) -> Document:
    at = side.get("published_at")
    if not isinstance(side["text"], str):
        raise TypeError("text")
    return Document(
        article_id=str(side["article_id"]), text=side["text"], title=str(side.get("title") or ""),
        publisher=str(side.get("publisher") or ""), language=str(side.get("language") or ""),
        published_at=datetime.fromisoformat(at) if at else None, dated=side.get("dated", True),
    )  # fmt: skip


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise VoltwireError(f"cannot be read: {error.strerror}", about=path) from error
    except UnicodeDecodeError:
        raise VoltwireError("is no text file in UTF-8", about=path) from None
