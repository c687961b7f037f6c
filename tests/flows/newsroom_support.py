"""A small newsroom made up by chance, saved without the network: copies, cuts, forms, digests."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from duckdb import DuckDBPyConnection

from ingest.models import Capture, FeedEntry
from storage.store import Store, connect_memory

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FIRST = datetime(2026, 10, 1, 6, tzinfo=UTC)

FIRMS = [
    "Norrvolt",
    "Cellarion",
    "Amperion",
    "Voltacell",
    "Kobalta",
    "Lithora",
    "Sundrive",
    "Helix",
]
PLACES = ["Skelleftea", "Reno", "Porto", "Antofagasta", "Ningde", "Debrecen", "Pilbara", "Ulsan"]
PEOPLE = ["Maja Lindqvist", "Deepak Rao", "Anna Hartwig", "Tomas Vidal", "Grace Otieno", "Jun Seo"]
THINGS = [
    "cathode line", "battery plant", "charging network", "lithium mine", "recycling works",
    "storage park", "cell factory", "nickel smelter", "electrolyte mill", "bus depot",
]  # fmt: skip
OPENINGS = [
    "{firm} said on {day} that its {thing} near {place} would {verb}",
    "The {thing} that {firm} runs in {place} is to {verb}, its owner said on {day}",
    "Officials in {place} have told {firm} that the {thing} may {verb} from {day}",
    "A dispute over the {thing} in {place} has led {firm} to {verb}",
]
VERBS = [
    "double its output",
    "close for repairs",
    "hire more engineers",
    "pay for cleaner water",
    "switch to sodium cells",
    "sell a third of its shares",
    "delay the second stage",
    "supply two carmakers",
    "draw power from its own wind farm",
    "move its laboratory",
]
CLAUSES = [
    "{person} called the step overdue and promised figures by {month}",
    "the council of {place} wants a study of the {thing} before it votes",
    "analysts had expected {firm} to {verb} instead",
    "a loan of {n} million euros covers most of the cost",
    "neighbours complained about lorries, dust and the noise of {n} compressors",
    "unions at {firm} asked for a rise of {small} percent and longer breaks",
    "the {thing} was planned when prices were {small} times as high",
    "{person} left the board after {small} years without giving a reason",
    "customers in {place} will have to wait until {month} for their orders",
    "a rival, {other}, runs a similar {thing} with {n} workers",
    "inspectors counted {n} faulty modules in a sample taken in {month}",
    "the river at {place} carries too little water to cool the {thing} in summer",
    "shares of {firm} moved by {small} percent on the news",
    "{person} and {other} signed a letter that commits both to {verb}",
    "engineers blame the coating step, where {small} in a hundred sheets tear",
    "the ministry in charge declined to say whether it would {verb}",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
MONTHS = ["January", "March", "June", "October", "December"]
FURNITURE = (
    "This page is brought to readers of the Gazette with the help of the harbour association, "
    "which has looked after visitors since the lighthouse was lit. Opening hours of the reading "
    "room vary with the tide, and members may bring a guest on Sundays without prior notice. "
    "Letters to the desk are answered in the order in which they come in, and the best of them "
    "are printed in the almanac at the end of each year together with the winners of the regatta."
)


def story(make: random.Random, sentences: int) -> list[str]:
    """The sentences of one report."""
    fixed = {"firm": make.choice(FIRMS), "place": make.choice(PLACES), "thing": make.choice(THINGS)}

    def filled(form: str) -> str:
        return form.format(
            **fixed, verb=make.choice(VERBS), day=make.choice(DAYS), month=make.choice(MONTHS),
            person=make.choice(PEOPLE), other=make.choice(FIRMS), n=make.randint(12, 950),
            small=make.randint(2, 40),
        )  # fmt: skip

    told = [filled(make.choice(OPENINGS)) + "."]
    for _ in range(sentences):
        one, other = make.sample(CLAUSES, 2)
        link = make.choice([", and ", ", while ", ", although ", "; "])
        sentence = filled(one) + link + filled(other) + "."
        told.append(sentence[0].upper() + sentence[1:])
    return told


def newsroom(seed: int, stories: int, crowd: int = 18) -> list[Capture]:
    """Copies, cuts, chains, digests, forms filled anew and furniture, ten days of them.

    ``crowd``: of how many articles a form, a release or a site's furniture is in each; more than
    may speak for a key, for that to be tried.
    """
    make = random.Random(seed)
    captures: list[Capture] = []

    def publish(sentences: Sequence[str], title: str, hours: float) -> None:
        url = f"https://paper{make.randrange(9)}.example/{seed}/{len(captures)}"
        captures.append(
            Capture(
                entry=FeedEntry(
                    url=url,
                    canonical_url=url,
                    title=title,
                    text="\n".join(sentences),
                    published_at=FIRST + timedelta(hours=hours),
                )
            )
        )

    told: list[list[str]] = []
    for number in range(stories):
        text, at = story(make, make.randint(6, 14)), make.uniform(0, 240)
        told.append(text)
        title = " ".join(text[0].split()[:7])
        publish(text, title, at)
        for _ in range(make.choice([0, 0, 1, 3, 6])):
            copy = text
            match make.randrange(7):
                case 0:
                    copy = [story(make, 0)[0], *text[1:]]
                case 1:
                    copy = text[: max(2, len(text) // 3)]
                case 2:
                    copy = text[:2]
                case 3:
                    copy = [FURNITURE, *text]
                case 4:
                    copy = [*text, *story(make, 2)]
                case 5:
                    copy = [line.replace(" and ", " as well as ") for line in text]
                case _:
                    pass
            publish(copy, title, at + make.uniform(0, 40))
        if number % 6 == 5:
            publish([*told[-1], *told[-2], *told[-3][:3]], "In brief", at + 5)
        if number % 5 == 0:
            # A chain: each report keeps two thirds of the one before.
            chain = text
            for step in range(4):
                chain = [*chain[len(chain) // 3 :], *story(make, len(chain) // 3)]
                publish(chain, f"{title}, part {step}", at + 6 * step)
    for number in range(crowd):
        # One form for all: keys that many more hold than may speak for them.
        figures = [make.randint(100, 999) for _ in range(8)]
        publish(
            [
                f"Warehouse stocks of nickel at {make.choice(PLACES)} stood at {figures[0]} tonnes "
                f"after deliveries of {figures[1]}, the exchange said in its daily notice. Cobalt "
                f"was put at {figures[2]}, copper at {figures[3]}, and cancelled warrants made up "
                f"{figures[4]} of the total. The notice gives arrivals of {figures[5]} tonnes "
                f"against departures of {figures[6]}, and premiums of {figures[7]} dollars."
            ],
            "Exchange stocks",
            number * 10,
        )
    for number in range(crowd):
        publish(
            [FURNITURE, *story(make, make.randint(1, 3))], f"Harbour notes {number}", number * 6
        )
    shared = story(make, 10)
    for number in range(crowd):
        # A release that more papers print than may speak for a key.
        publish(shared[: make.randint(5, 11)], "A release for everybody", 100 + number / 4)
    return captures


class InMemory(Store):
    """A store that is nowhere: the same tables and transactions without the file."""

    def __init__(self) -> None:
        self.con = connect_memory()
        self.con.execute("SET threads = 1")  # a few rows a statement: more would wait

    @contextmanager
    def write(self) -> Iterator[DuckDBPyConnection]:
        self.con.execute("BEGIN")
        yield self.con
        self.con.execute("COMMIT")
