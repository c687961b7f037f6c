"""Pages that carry more than one thing: digests, merged stories, quotations, a site's own words."""

import pytest

from dedupe import cluster, match
from dedupe.models import Document, StoryNode
from dedupe.text import count_words
from tests.dedupe.hard_cases_support import NOON, relation

BRIEFS = (
    "Chilean state miner Minas del Norte will drill 40 wells in the Maricunga salt flat this "
    "winter to find out how much brine can be taken out without harm to the lagoons at its edge. "
    "Flamingo counts by the university are to be printed every month. The company's chairman, "
    "Rodrigo Pinto, said that no concession would be asked for before the water had been measured "
    "for two years.",
    "The Dutch city of Zwolle has banned the charging of scooters in stairwells after a fire in a "
    "block of flats in which a family of five was saved by a ladder. Landlords have a year to set "
    "up cabinets outside. Alderman Femke de Wit called the rule overdue; the tenants' league asked "
    "who would pay for the cabinets in houses that belong to pension funds.",
    "Bus maker Castellar has won an order from Bogota for 420 electric buses with 15 years of "
    "upkeep, its largest so far. The chassis come from Brazil and the cells from Korea. Rivals "
    "from China had offered lower prices but no workshop in the city, according to the minutes of "
    "the transport authority.",
    "A ferry that runs on swapped batteries has crossed between Stavanger and Tau four hundred "
    "times without a delay, its owner says. Containers with 2 megawatt hours each are changed by "
    "crane within six minutes. The crew of seven was trained on a simulator built from an old "
    "bridge, captain Nils Aase told local radio.",
    "Indian start-up Urja Recycle has opened a plant near Pune that takes apart 30 tonnes of old "
    "rickshaw batteries a day. Lead from the cells goes back to the makers, plastic to a maker of "
    "flower pots. Founder Leela Menon wants to add lithium cells next year and hopes for a rule "
    "that makes importers take them back.",
)
FEATURE = (
    "Anyone who walks along the harbour of Antofagasta in the evening sees the lorries. They come "
    "down from the salt flats with their lights on, forty in a row, and turn into a yard behind "
    "the fish market where men with rubber boots hose the dust from the tarpaulins. The dust is "
    "white and tastes of nothing.\n"
    "Marta Olivares sells coffee at the gate. She has seen copper come and go, she says, and "
    "nitrate before that in the stories of her grandfather. Now it is lithium, and the drivers "
    "drink more coffee than the fishermen ever did. Her son has applied to be a driver himself; "
    "for that he needs a licence that costs four months of her takings.\n"
    "The city does not get rich from it. The port fee goes to the capital, the salaries go to the "
    "suburbs on the hill, and the road along the sea has holes in which dogs sleep. When a "
    "committee from the senate came in March the holes were filled with sand for the day.\n"
)
INTERVIEW = (
    "Question: Professor Adeyemi, how long does a battery in a bus really last?\n"
    "Answer: Twelve years if you treat it like a guest and five if you treat it like a tool. Most "
    "operators are somewhere between, and they do not know where, since nobody reads the logs.\n"
    "Question: What is the worst that one can do?\n"
    "Answer: Leave it full in the sun. Drivers come back at noon with three quarters left, plug in "
    "because the rule says so, and the bus stands at a hundred percent and forty degrees until "
    "the evening. That costs more life than all hills of the city together.\n"
    "Question: Would you buy a used electric bus?\n"
    "Answer: With the logs, yes, gladly. Without them I would not take it as a present.\n"
    "Question: The makers say their warranty covers all of that.\n"
    "Answer: It covers what they can measure, and they wrote down what is measured. Read the page "
    "on temperature. I give it to my students as an exercise in law.\n"
    "Question: What should a mayor do who has to order a hundred buses tomorrow?\n"
    "Answer: Order ninety, and one engineer who is paid for ten years. It is the cheapest part of "
    "the whole order, and it is never in the tender."
)
REPORT = (
    "Kenya's power utility wants to buy back electricity from parked buses, it said on Wednesday, "
    "and has asked three operators in Nairobi to take part in a trial from August.\n"
    "Up to 120 buses are to give power to the grid between seven and nine in the evening, when "
    "demand is highest, and to be charged again after midnight. The utility offers twice the night "
    "tariff. Operators have so far been careful; a cycle more each day wears the cells, and nobody "
    "knows by how much.\n"
    "The trial is paid for by a development bank. Meters that count in both directions will be put "
    "up at two depots in Embakasi, engineer Grace Wanjiru said. A report is due next summer."
)
# Words of a site or a firm that hold no stock phrase of consent, subscription or copyright.
HOUSE = (
    "Fastland Research covers the markets for energy storage, drives and raw materials with a "
    "team of twenty analysts in four countries, and has done so since 2009. Its forecasts are used "
    "by carmakers, banks and ministries, and are reviewed twice a year by an outside panel whose "
    "members are named in the annual report. The ratings that stand beside each note run from one "
    "to five stars and express how sure the authors are of their view, with five stars given to "
    "statements that rest on measured quantities and one star to those that rest on talks. All "
    "amounts are in the currency of the country in question unless another is named, tonnes are "
    "metric, and years are calendar years. Capacities of factories are stated as announced by "
    "their owners and are corrected once a year for what was really built. Readers who find a "
    "mistake are asked to write to the desk, which answers within two working days and lists "
    "every correction at the foot of the note concerned. Charts may be shown in talks and papers "
    "when the source is named. The next notes will deal with sodium cells in stationary storage, "
    "with the price of graphite outside China, and with the question of how many vans are really "
    "driven more than two hundred kilometres a day."
)


# Rules for short entries made copies of short reports of their own; losing a copy is the worse
# mistake, so the first entry of a digest, which no words precede, counts as one.
FIRST_ENTRY = pytest.mark.xfail(strict=True, reason="a digest's first short entry counts as a copy")


@pytest.mark.parametrize("place", [pytest.param(0, marks=FIRST_ENTRY), 1, 2, 3, 4])
def test_digest_of_five_contains_each_of_its_stories(place: int) -> None:
    """A morning's digest reprints five briefs; it is linked with each."""
    digest = "Five things to know this morning.\n" + "\n".join(BRIEFS)
    titles = ("What moved the battery world today", BRIEFS[place][:50])
    assert relation(digest, BRIEFS[place], titles) == "contains"


@FIRST_ENTRY
def test_digest_of_five_welds_none_of_its_stories() -> None:
    """Five briefs and the digest of them are six stories."""
    digest = "Five things to know this morning.\n" + "\n".join(BRIEFS)
    texts = dict(zip("abcdef", (*BRIEFS, digest), strict=True))
    prepared = match.prepare_all(
        [Document(article_id=i, text=t, published_at=NOON) for i, t in texts.items()]
    )
    found = [
        match.compare_prepared(one, other)
        for n, one in enumerate(prepared)
        for other in prepared[n + 1 :]
    ]
    groups = cluster.partition(
        [
            StoryNode(article_id=i, words=count_words(t), published_at=NOON, full_page=True)
            for i, t in texts.items()
        ],
        [one for one in found if one is not None],
    )
    assert len(groups) == 6


def test_two_digests_that_share_two_of_five_stories_are_not_matched() -> None:
    """Two editors chose two of the same briefs."""
    one = "The day in batteries.\n" + "\n".join(BRIEFS[:4])
    other = "Briefly noted.\n" + "\n".join((FEATURE.split("\n")[0], REPORT, *BRIEFS[2:4]))
    assert relation(one, other) is None


def test_listicle_contains_the_report_that_is_its_second_entry() -> None:
    """Ten charging ideas, of which one was an article of its own."""
    entry = REPORT
    listicle = (
        "Ideas that may change how we charge. 1. Swapping at sea. " + BRIEFS[3] + "\n2. Buses as "
        "power stations. " + entry + "\n3. Cabinets outside. " + BRIEFS[1] + "\n4. " + BRIEFS[2]
    )
    titles = ("Ten ideas that may change charging", "Kenya to buy power back from buses")
    assert relation(listicle, entry, titles) == "contains"


def test_release_quoted_whole_in_a_feature_is_contained() -> None:
    """A feature that prints a statement in full below its own reportage."""
    titles = ("White dust on the coffee", "Minas del Norte to drill 40 wells")
    feature = f"{FEATURE}The company says this about its plans:\n{BRIEFS[0]}\nOlivares laughs."
    assert relation(BRIEFS[0], feature, titles[::-1]) == "contained_in"


def test_live_blog_contains_the_report_that_it_reprints() -> None:
    """One entry of a long blog is a whole report."""
    blog = f"14:20 {FEATURE}13:05 {REPORT}\n12:30 {BRIEFS[1]}\n12:00 {BRIEFS[4]}"
    assert relation(blog, REPORT, ("Live: energy day", "Kenya to buy power from buses")) == (
        "contains"
    )


def test_interview_quoted_in_part_is_not_matched() -> None:
    """A report that takes three answers from another paper's interview is a report of its own."""
    answers = [line.removeprefix("Answer: ") for line in INTERVIEW.split("\n")[1::2]]
    report = (
        f"{REPORT}\nBattery researcher Tunde Adeyemi had warned operators in an interview with a "
        f'weekly paper. "{answers[1]}" he said. Of warranties he thinks little. "{answers[3]}"'
    )
    assert relation(INTERVIEW, report, hours=20) in (None, "contains", "contained_in")
    assert relation(INTERVIEW, report, hours=20) is None


def test_interview_and_its_cut_version_are_near() -> None:
    """A paper prints the first half of an interview."""
    cut = "\n".join(INTERVIEW.split("\n")[:6])
    assert relation(INTERVIEW, cut, hours=20) == "near"


def test_two_stories_on_one_page_are_linked_with_each_and_welded_with_none() -> None:
    """A page that runs on into the next article holds two."""
    page = f"{INTERVIEW}\n{FEATURE}"
    assert relation(page, INTERVIEW) == "contains"
    assert relation(page, FEATURE) == "contains"
    assert relation(INTERVIEW, FEATURE) is None


@pytest.mark.parametrize("briefs", [(0, 1), (2, 3), (1, 4)])
@pytest.mark.parametrize("titled", [True, False])
def test_notes_above_the_same_200_words_of_a_house_are_not_matched(
    briefs: tuple[int, int], titled: bool
) -> None:
    """The first two pages of a publisher whose closing words nobody has seen before."""
    one, other = (f"{BRIEFS[n]}\n{HOUSE}" for n in briefs)
    titles = (
        "Minas del Norte, Zwolle, Castellar", "Charging, swapping and recycling in the news",
    ) if titled else ("", "")  # fmt: skip
    assert relation(one, other, titles) is None


def test_short_notes_above_the_same_200_words_are_not_matched() -> None:
    """Less than a quarter of either page is its own."""
    one, other = (f"{' '.join(BRIEFS[n].split(' ')[:45])}.\n{HOUSE}" for n in (0, 2))
    titles = ("Chilean miner drills forty wells", "Castellar wins order from Bogota")
    assert relation(one, other, titles) is None


def test_notes_below_the_same_200_words_of_a_house_are_not_matched() -> None:
    """The same words in front of two notes, which then open alike."""
    one, other = (f"{HOUSE}\n{BRIEFS[n]}" for n in (0, 2))
    titles = ("Minas del Norte drills forty wells", "Castellar wins order from Bogota")
    assert relation(one, other, titles) is None


def test_copy_above_the_words_of_a_house_is_linked() -> None:
    """200 strange words below a copy may be a second story: the two are linked either way."""
    titles = ("Kenya to buy power back from buses", "Kenyan buses to feed the grid")
    assert relation(f"{REPORT}\n{HOUSE}", REPORT, titles) in ("near", "contains")
    both = (f"{REPORT}\n{HOUSE}", f"By our staff\n{REPORT.split(chr(10))[0]}\n{HOUSE}")
    assert relation(*both, titles) == "near"
