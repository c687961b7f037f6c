"""How often tags are right, how many are found, and what they cost, on labelled mentions.

    python -m benchmarks.tags ../shared/data [--markdown FILE] [--articles 10000] [--errors]

Labels stand in ``benchmarks/labels`` as (file, id, kind, name, start, end), without any text:

- ``tags-before.jsonl``  labelled before the gazetteer and the rules were written
- ``tags-after.jsonl``   labelled after them, before they were run on those texts
- ``tags-review.jsonl``  mentions that both had left out, found by reading what was counted as wrong
- ``tags-written.txt``   sentences written for the project, in seven languages
- ``tags-written-second.txt``  more of them, written when the rules were done

A mention is found when a tag of its kind and name overlaps it.  Precision counts tags, recall
labels.  Both are told against the labels alone, and with the review.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.tagged_texts import BETWEEN, Text, texts
from ingest.gazetteer import counted, load_gazetteer
from ingest.language import language_of
from ingest.tags import Tagger

LABELS = Path(__file__).parent / "labels"
_MARKED = re.compile(r"\{(?:(\w+):)?([^|{}]+)\|([^{}]+)\}")
_CORPORA = (
    "extraction/wcxb_article.truth.jsonl", "extraction/fundus.truth.jsonl",
    "extraction/aeb.truth.jsonl", "neardup/bbc.articles.jsonl.gz",
    "neardup/reuters21578.articles.jsonl.gz",
)  # fmt: skip
_SAMPLE = 1_500
"""Characters that the language of a text is guessed from."""

Label = tuple[str, str, int, int]


@dataclass(slots=True)
class Score:
    """Tags and labels of one set, or of one name."""

    right: int = 0
    wrong: int = 0
    found: int = 0
    missed: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Share of tags that are right."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """Share of labels that are found."""
        return self.found / max(1, self.found + self.missed)


def tags_of(tagger: Tagger, text: Text) -> list[Label]:
    """All tags of a text, placed as its labels are."""
    base = len(text.title) + len(BETWEEN)
    return [
        (one.kind, one.name, start + shift, end + shift)
        for one in tagger.tag(text.title, text.text)
        for shift, spans in ((0, one.title_spans), (base, one.spans))
        for start, end in spans
    ]


def labelled(folder: Path, name: str) -> Iterator[tuple[Text, list[Label]]]:
    """The texts of a file of labels, with them; a text that is not there is left out."""
    wanted: dict[str, dict[str, list[Label]]] = defaultdict(dict)
    for line in (LABELS / name).read_text("utf-8").splitlines():
        row = json.loads(line)
        wanted[row["file"]][row["id"]] = [tuple(label) for label in row["labels"]]
    for file, by_id in wanted.items():
        if not (folder / file).exists():
            print(f"{folder / file} is not there: its labels are left out", file=sys.stderr)
            continue
        for text in texts(folder, file):
            if text.id in by_id:
                yield text, by_id[text.id]


def written(name: str) -> Iterator[tuple[Text, list[Label]]]:
    """The project's own sentences of a file, with what is marked in them."""
    for line in (LABELS / name).read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        language, _, marked = line.partition("\t")
        plain, labels, at = "", [], 0
        for found in _MARKED.finditer(marked):
            plain += marked[at : found.start()]
            start = len(BETWEEN) + len(plain)
            labels.append((found[1] or "company", found[2], start, start + len(found[3])))
            plain, at = plain + found[3], found.end()
        yield Text(language, "", "", plain + marked[at:]), labels


def overlap(one: Label, other: Label) -> bool:
    """Whether both are a mention of the same thing at the same place."""
    return one[:2] == other[:2] and one[2] < other[3] and other[2] < one[3]


def score(
    tagger: Tagger,
    cases: Iterable[tuple[Text, list[Label]]],
    review: Mapping[tuple[str, str], Sequence[Label]],
) -> tuple[Score, Score, dict[tuple[str, str], Score], Counter[str]]:
    """Against the labels alone, with the review, by name (with it), and labels by language."""
    alone, both = Score(), Score()
    by_name: dict[tuple[str, str], Score] = defaultdict(Score)
    languages: Counter[str] = Counter()
    for text, labels in cases:
        more = [*labels, *review.get((text.file, text.id), ())]
        tags = tags_of(tagger, text)
        tongue = text.file if len(text.file) == 2 else language_of(text.whole[:_SAMPLE], "")
        languages[tongue] += len(labels)
        for tag in tags:
            alone.right += any(overlap(tag, label) for label in labels)
            alone.wrong += not any(overlap(tag, label) for label in labels)
            fits = any(overlap(tag, label) for label in more)
            for kept in (both, by_name[tag[:2]]):
                kept.right += fits
                kept.wrong += not fits
            if not fits:
                both.errors.append(f"wrong   {tag[0]}:{tag[1]}  {_around(text, tag)}")
        for label in labels:
            hit = any(overlap(tag, label) for tag in tags)
            alone.found += hit
            alone.missed += not hit
            if not hit:
                both.errors.append(f"missed  {label[0]}:{label[1]}  {_around(text, label)}")
        for label in more:
            hit = any(overlap(tag, label) for tag in tags)
            for kept in (both, by_name[label[:2]]):
                kept.found += hit
                kept.missed += not hit
    return alone, both, by_name, languages


def _around(text: Text, label: Label) -> str:
    return " ".join(text.whole[max(0, label[2] - 40) : label[3] + 30].split())


def reviewed() -> dict[tuple[str, str], list[Label]]:
    """What the labels had left out, by text."""
    found: dict[tuple[str, str], list[Label]] = defaultdict(list)
    for line in (LABELS / "tags-review.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        found[row["file"], row["id"]] += [tuple(label) for label in row["labels"]]
    return found


def speed(tagger: Tagger, folder: Path, articles: int) -> dict[str, float]:
    """Milliseconds of processor time an article, over real articles, long ones among them."""
    corpus: list[Text] = []
    for file in _CORPORA:
        if (folder / file).exists():
            corpus += texts(folder, file)
    corpus = corpus[:articles]
    each = []
    began = time.process_time()
    for text in corpus:
        start = time.process_time()
        tagger.tag(text.title, text.text)
        each.append(time.process_time() - start)
    whole = time.process_time() - began
    each.sort()
    return {
        "articles": len(corpus),
        "characters_each": round(sum(len(one.text) for one in corpus) / max(1, len(corpus))),
        "ms_each": round(1000 * whole / max(1, len(corpus)), 3),
        "ms_p95": round(1000 * each[int(0.95 * (len(each) - 1))], 3) if each else 0.0,
        "ms_most": round(1000 * each[-1], 1) if each else 0.0,
    }


def table(by_name: Mapping[tuple[str, str], Score]) -> list[str]:
    """Precision and recall by name, as Markdown, the most frequent first."""
    lines = ["| kind | name | tags | precision | labels | recall |", "|---|---|---|---|---|---|"]
    ranked = sorted(by_name.items(), key=lambda one: (-one[1].found - one[1].missed, one[0]))
    for (kind, name), one in ranked:
        tags, labels = one.right + one.wrong, one.found + one.missed
        lines.append(
            f"| {kind} | {name} | {tags} | {one.precision:.2f} | {labels} | {one.recall:.2f} |"
            if tags
            else f"| {kind} | {name} | 0 | – | {labels} | {one.recall:.2f} |"
        )
    return lines


def main() -> None:
    """Measure, print JSON and the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the folder of labelled sets")
    parser.add_argument("--articles", type=int, default=10_000, help="for the time")
    parser.add_argument("--errors", action="store_true", help="each wrong and missed tag, too")
    parser.add_argument("--markdown", type=Path, help="write the table by name there")
    options = parser.parse_args()
    began = time.process_time()
    gazetteer = load_gazetteer()
    tagger = Tagger(gazetteer)
    figures: dict[str, object] = {
        "gazetteer": dict(counted(gazetteer)),
        "seconds_to_make": round(time.process_time() - began, 2),
    }
    review = reviewed()
    whole: dict[tuple[str, str], Score] = defaultdict(Score)
    cases = {
        "before": labelled(options.folder, "tags-before.jsonl"),
        "after": labelled(options.folder, "tags-after.jsonl"),
        "written": written("tags-written.txt"),
        "written second": written("tags-written-second.txt"),
    }
    for name, some in cases.items():
        alone, both, by_name, languages = score(tagger, some, review)
        figures[name] = {
            "labels": alone.found + alone.missed, "languages": dict(languages.most_common()),
            "precision": round(alone.precision, 4), "recall": round(alone.recall, 4),
            "precision_reviewed": round(both.precision, 4),
            "recall_reviewed": round(both.recall, 4),
        }  # fmt: skip
        for key, one in by_name.items():
            kept = whole[key]
            kept.right, kept.wrong = kept.right + one.right, kept.wrong + one.wrong
            kept.found, kept.missed = kept.found + one.found, kept.missed + one.missed
        if options.errors:
            print("\n".join([f"-- {name}", *both.errors]))
    if options.articles:
        figures["time"] = speed(tagger, options.folder, options.articles)
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    lines = table(whole)
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
