"""Kinds of copies and of meant repetition, each in many variants made from a small stock."""

from __future__ import annotations

import random
import textwrap
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.repeats import remove_repeats, restore

NOUNS = [
    "operator",
    "ferry",
    "council",
    "employer",
    "supplier",
    "ministry",
    "village",
    "rival",
    "union",
    "insurer",
    "laboratory",
    "container",
    "inverter",
    "charger",
    "warehouse",
    "station",
    "contract",
    "turbine",
    "bus",
    "tug",
    "permit",
    "auditor",
    "bridge",
    "harbour",
    "engineer",
    "farmer",
    "pilot",
    "court",
    "museum",
    "bakery",
    "valley",
    "tram",
    "orchard",
    "library",
]
ADJECTIVES = [
    "old",
    "electric",
    "northern",
    "copper",
    "secret",
    "winter",
    "recycled",
    "quiet",
    "foreign",
    "broken",
    "cheap",
    "wooden",
    "private",
    "famous",
    "narrow",
    "rusty",
    "local",
    "ancient",
    "solar",
    "distant",
]
VERBS = [
    "replaced",
    "inspected",
    "auctioned",
    "photographed",
    "sold",
    "repaired",
    "borrowed",
    "found",
    "painted",
    "lost",
    "moved",
    "insured",
    "refused",
    "bought",
    "measured",
    "opened",
    "closed",
    "visited",
    "admired",
    "counted",
]
LINKS = [
    "near",
    "behind",
    "after",
    "before",
    "without",
    "despite",
    "beside",
    "beyond",
    "under",
    "above",
    "against",
    "for",
]
FILLERS = ("reportedly", "now", "meanwhile", "officials", "late")


def article(chance: random.Random, paragraphs: int) -> list[str]:
    """Paragraphs of two to four sentences, none of which stands twice."""
    made: set[str] = set()
    found = []
    for _ in range(paragraphs):
        sentences: list[str] = []
        while len(sentences) < chance.randrange(2, 5):
            sentence = " ".join(
                [
                    *(chance.choice(part) for part in (ADJECTIVES, NOUNS, VERBS, ADJECTIVES)),
                    *(chance.choice(part) for part in (NOUNS, LINKS, ADJECTIVES, NOUNS, LINKS)),
                    *(chance.choice(part) for part in (ADJECTIVES, NOUNS, LINKS, NOUNS)),
                ]
            ).capitalize()
            if sentence not in made:
                made.add(sentence)
                sentences.append(f"{sentence}.")
        found.append(" ".join(sentences))
    return found


def edited(text: str, share: float, chance: random.Random) -> str:
    """``text`` with ``share`` of its words dropped, replaced, moved by one or given a neighbour."""
    lines = []
    for line in text.split("\n"):
        words: list[str] = []
        for word in line.split(" "):
            if chance.random() >= share:
                words.append(word)
                continue
            kind = chance.randrange(4)
            if kind == 1:
                words.append(chance.choice(FILLERS))
            elif kind == 2:
                words += [word, chance.choice(FILLERS)]
            elif kind == 3:
                words.insert(max(0, len(words) - 1), word)
        lines.append(" ".join(words))
    return "\n".join(lines)


def off_by(text: str, expected: str) -> int:
    """Words by which the two differ, in either direction."""
    one, two = Counter(text.split()), Counter(expected.split())
    return ((one - two) + (two - one)).total()


SEEDS = st.integers(0, 10**9)
MANY = settings(max_examples=25, deadline=None)


@MANY
@given(SEEDS, st.sampled_from(["\n", "\n\n", "", "\nShare this\n"]), st.integers(2, 3))
def test_whole_copies_come_out_once_whatever_the_glue(seed: int, glue: str, copies: int) -> None:
    """Two or three copies of any article, parted or stuck together, leave one."""
    chance = random.Random(seed)
    body = "\n".join(article(chance, chance.randrange(4, 9)))
    text = glue.join([body] * copies)
    report = remove_repeats(text)
    assert off_by(report.text.replace("Share this", ""), body) <= 6
    assert restore(report) == text


def left_over(seed: int, share: float) -> int:
    """Words too many or too few where an article is followed by a copy of which ``share`` of the
    words were touched."""
    chance = random.Random(seed)
    body = "\n".join(article(chance, chance.randrange(4, 9)))
    second = edited(body, share, chance)
    left = remove_repeats(f"{body}\n{second}").text
    return min(off_by(left, body), off_by(left, second))


@MANY
@given(SEEDS, st.sampled_from([0.02, 0.05, 0.1]))
def test_edited_copies_come_out_once(seed: int, share: float) -> None:
    """A second copy with up to 10 % of its words touched goes, whichever words they are."""
    assert left_over(seed, share) <= 6


def test_copies_edited_further_come_out_once_but_for_few() -> None:
    """With 15 % of its words touched one copy in 600 stays, whole or a sentence of it."""
    wrong = [words for words in (left_over(seed, 0.15) for seed in range(200)) if words > 6]
    assert len(wrong) <= 2


@MANY
@given(SEEDS, st.integers(1, 3))
def test_a_doubled_tail_comes_out_once(seed: int, kept: int) -> None:
    """What runs to the end twice stands once, glued on in mid-line or not."""
    chance = random.Random(seed)
    paragraphs = article(chance, chance.randrange(5, 9))
    body, tail = "\n".join(paragraphs), "\n".join(paragraphs[kept:])
    for glue in ("\n", ""):
        assert remove_repeats(body + glue + tail).text == body


@MANY
@given(SEEDS)
def test_a_second_story_between_two_copies_stays(seed: int) -> None:
    """Only what stands twice goes; the story between is whole."""
    chance = random.Random(seed)
    paragraphs = article(chance, 11)
    first, other = paragraphs[:6], paragraphs[6:]
    text = "\n".join([*first, "Another story", *other, *first[1:]])
    assert sorted(remove_repeats(text).text.split("\n")) == sorted(
        [*first, "Another story", *other]
    )


@MANY
@given(SEEDS, st.integers(0, 8))
def test_a_lifted_sentence_stays_wherever_it_stands(seed: int, at: int) -> None:
    """A pull quote is a sentence from inside a paragraph, set between any two."""
    chance = random.Random(seed)
    paragraphs = article(chance, 8)
    quote = chance.choice(chance.choice(paragraphs).split(". ")[:-1]) + "."
    text = "\n".join([*paragraphs[:at], quote, *paragraphs[at:]])
    assert remove_repeats(text).text == text


@MANY
@given(SEEDS, st.integers(3, 6))
def test_a_note_under_every_entry_stays(seed: int, entries: int) -> None:
    """A disclaimer between different products stands as often as they do."""
    chance = random.Random(seed)
    *products, note = article(chance, entries + 1)
    text = "\n".join(
        line
        for number, product in enumerate(products, 1)
        for line in (f"{number}. Model {chance.randrange(900)}", product, note)
    )
    assert remove_repeats(text).text == text


@MANY
@given(SEEDS, st.integers(4, 9))
def test_clauses_of_one_wording_stay(seed: int, clauses: int) -> None:
    """Numbered clauses end alike and differ in what they speak of."""
    chance = random.Random(seed)
    nouns = [
        "meter",
        "turbine",
        "ledger",
        "harbour",
        "permit",
        "cable",
        "licence",
        "depot",
        "invoice",
        "transformer",
    ]
    text = "\n".join(
        f"{number}.{chance.randrange(1, 4)} Where under clause {number + 20} the "
        f"{chance.choice(nouns)} of the {chance.choice(nouns)} {chance.choice(VERBS)} the "
        f"{chance.choice(nouns)}, the Supplier shall not be liable to the Customer for any "
        "indirect loss arising out of or in connection with this clause."
        for number in range(1, clauses + 1)
    )
    assert remove_repeats(text).text == text


# -- rules, five cases each ---------------------------------------------------------------------

ECHOES = [
    # A sentence of the first copy, said again inside it in part: the copy behind it still goes.
    ("The Vigo Animal Shelter found the cat on Monday.", "A friend of the Vigo Animal Shelter"),
    ("The court in Turin heard nine engineers.", "Nobody from the court in Turin heard"),
    ("Two old ferries left the harbour at dawn.", "After two old ferries left the harbour"),
    ("The mayor of Cadiz signed the permit twice.", "When the mayor of Cadiz signed the permit"),
    ("Every cell of the second pack was warm.", "She says every cell of the second pack"),
]


@pytest.mark.parametrize(("sentence", "echo"), ECHOES)
@pytest.mark.parametrize("glue", ["\n", "", " "])
def test_a_phrase_said_twice_in_the_first_copy_does_not_hide_the_second(
    sentence: str, echo: str, glue: str
) -> None:
    """An echo late in the first copy is no beginning of the second."""
    first, second, third = article(random.Random(len(sentence)), 3)
    body = f"{sentence} {first}\n{second}\n{third} {echo} came as no surprise to anybody there."
    assert off_by(remove_repeats(body + glue + body).text, body) <= 6


@pytest.mark.parametrize(
    ("plain", "moved"),
    [
        ("sold 40 buses in 2019 and 55 in 2020", "sold buses 40 in 2019 and in 55 2020"),
        ("paid 12 euros for 300 bolts in 1998", "paid euros 12 for bolts 300 in 1998"),
        ("drove 700 km in 9 hours on 3 charges", "drove km 700 in hours 9 on 3 charges"),
        ("won 24-18 on 12 March", "won 24-18 12 on March"),
        ("keeps 95 per cent after 1500 cycles", "keeps per 95 cent after cycles 1500"),
    ],
)
def test_figures_that_only_moved_are_the_same_figures(plain: str, moved: str) -> None:
    """A second copy in which words changed places is no template filled anew."""
    paragraphs = article(random.Random(len(plain)), 3)
    body = "\n".join([*paragraphs, f"The depot {plain}, said its owner when we asked."])
    assert remove_repeats(f"{body}\n{body.replace(plain, moved)}").text == body


QUESTIONS = [
    ("Can I charge it at home?", "Can I charge it at work?"),
    ("What does it cost in summer?", "What does it cost in winter?"),
    ("Is the old battery taken back?", "Is the old cable taken back?"),
    ("Who pays when the lease ends?", "Who pays when the lease begins?"),
    ("Kann ich zu Hause laden?", "Kann ich zu Fuß laden?"),
]


@pytest.mark.parametrize(("one", "two"), QUESTIONS)
def test_one_answer_to_two_similar_questions_stays(one: str, two: str) -> None:
    """The second question is not taken for a copy of the first, nor its answer."""
    first, second, answer, third = article(random.Random(len(one)), 4)
    text = "\n".join([first, one, answer, second, two, answer, third])
    assert remove_repeats(text).text == text


@pytest.mark.parametrize("seed", range(5))
def test_a_paragraph_doubled_after_one_that_ends_in_a_question_goes(seed: int) -> None:
    """A question that closes a paragraph of its own does not ask for the next."""
    paragraphs = article(random.Random(seed), 6)
    doubled = f"{paragraphs[0]} {paragraphs[1]}"
    asking = f"{paragraphs[3]} And who will pay for that in the end?"
    rest = [paragraphs[2], asking]
    text = "\n".join([doubled, *rest, doubled, *paragraphs[4:]])
    assert off_by(remove_repeats(text).text, "\n".join([doubled, *rest, *paragraphs[4:]])) == 0


@pytest.mark.parametrize("seed", range(5))
def test_a_step_of_a_recipe_keeps_its_number(seed: int) -> None:
    """The mark of a list belongs to the sentence behind it, and a step that comes back stays."""
    chance = random.Random(seed)
    rest = "Cover the pack with a dry cloth and leave it in a cool place until it is quite still."
    steps = [f"{text.split('. ')[0]}." for text in article(chance, 6)]
    steps = [*steps[:2], rest, *steps[2:4], rest, *steps[4:]]
    text = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    assert remove_repeats(text).text == text


@pytest.mark.parametrize("seed", range(5))
def test_headings_that_an_editor_touched_go_with_a_long_copy(seed: int) -> None:
    """A heading of some words, one of them changed, stays only where the copy is short."""
    chance = random.Random(seed)
    paragraphs = article(chance, 16)
    headings = [f"What the {word} said" for word in ("owners", "judges", "drivers", "bankers")]
    changed = [heading.replace("said", "says") for heading in headings]
    bodies = ["\n".join(paragraphs[at : at + 4]) for at in (0, 4, 8, 12)]
    one = "\n".join(f"{body}\n{heading}" for body, heading in zip(bodies, headings, strict=True))
    two = "\n".join(f"{body}\n{heading}" for body, heading in zip(bodies, changed, strict=True))
    left = remove_repeats(f"{one}\n{two}").text
    assert off_by(left, one) <= 6


@pytest.mark.parametrize("headline", ["Will it pay?", "Who owns the wind, and who ought to?"])
def test_a_headline_that_asks_is_no_lede(headline: str) -> None:
    """The copy with its lede is kept though the headline above the other reads like a sentence."""
    long = f"{headline[:-1]}, asks a town that has waited eleven years for an answer?"
    lede, *body = article(random.Random(7), 5)
    text = "\n".join([long, *body, "Sign up", lede, *body])
    assert remove_repeats(text).text == "\n".join([long, "Sign up", lede, *body])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [6, 9])
def test_a_stock_of_phrases_does_not_hide_a_copy(seed: int, size: int) -> None:
    """Phrases that come back in every paragraph are noise beside a whole copy."""
    chance = random.Random(seed)
    words = [*ADJECTIVES, *NOUNS, *VERBS, *LINKS]
    stock = [" ".join(chance.sample(words, size)) for _ in range(10)]
    paragraphs = [
        " ".join(
            f"{a} {chance.choice(stock)} {b} {c} {chance.choice(stock)} {d}.".capitalize()
            for a, b, c, d in (chance.sample(words, 4) for _ in range(3))
        )
        for _ in range(8)
    ]
    body = "\n".join(paragraphs)
    assert remove_repeats(body).text == body
    for glue in ("\n", ""):
        assert off_by(remove_repeats(body + glue + body).text, body) <= 6


@pytest.mark.parametrize("seed", range(5))
def test_of_three_edited_copies_one_stays(seed: int) -> None:
    """A sentence of some words that looks new does not end a copy in the midst of it."""
    chance = random.Random(seed)
    paragraphs = article(chance, 8)
    body = "\n".join(f"{text}\n{number}. Look at that" for number, text in enumerate(paragraphs, 1))
    left = remove_repeats("\n".join(edited(body, share, chance) for share in (0, 0.05, 0.05)))
    assert off_by(left.text, body) <= 10


TRAILS = ["...", "\u2026", " \u2026", " [...]", " [\u2026]"]


@pytest.mark.parametrize("trail", TRAILS)
@pytest.mark.parametrize("paragraph", [0, 2])
def test_an_excerpt_broken_off_above_the_text_goes(trail: str, paragraph: int) -> None:
    """A first paragraph that a machine cut to a length is no standfirst."""
    body = article(random.Random(11), 6)
    excerpt = " ".join(body[paragraph].split()[:17]) + trail
    text = "\n".join(["A headline", excerpt, "Read more", *body])
    report = remove_repeats(text)
    assert report.text == "\n".join(["A headline", "Read more", *body])
    assert restore(report) == text


@pytest.mark.parametrize("seed", range(5))
def test_a_standfirst_that_is_a_sentence_stays(seed: int) -> None:
    """The text's first sentence set above it was meant, and so was a headline that begins it."""
    body = article(random.Random(seed), 6)
    sentence = body[0].split(". ")[0]
    for above in (f"{sentence}.", " ".join(sentence.split()[:12])):
        text = "\n".join(["A headline", above, "By Staff Reporter", *body])
        assert remove_repeats(text).text == text


@pytest.mark.parametrize("seed", range(5))
def test_lines_wrapped_at_seventy_columns_are_read_as_paragraphs(seed: int) -> None:
    """Hard line breaks hide neither a second copy nor that a quote is one sentence."""
    chance = random.Random(seed)
    paragraphs = article(chance, 7)
    plain = [textwrap.fill(text, 70) for text in paragraphs]
    second = [textwrap.fill(edited(text, 0.05, chance), 70) for text in paragraphs]
    body = "\n\n".join(plain)
    left = remove_repeats("\n\n".join([*plain, *second])).text
    assert off_by(left, body) <= 6
    quote = textwrap.fill(paragraphs[1].split(". ")[0] + ".", 70)
    quoted = "\n\n".join([*plain[:4], quote, *plain[4:]])
    assert remove_repeats(quoted).text == quoted


DUTIES = [
    "must keep a record of every inspection and show it to the inspector at any reasonable time",
    "shall not be liable for any indirect loss arising out of or in connection with this clause",
    "shall notify the authority in writing within thirty days of any change to the permit it holds",
    "may end the lease at the close of any quarter by a letter that the other side has received",
    "pays the fee in advance and gets it back when the cells are returned without any damage",
]


@pytest.mark.parametrize("duty", DUTIES)
@pytest.mark.parametrize("owners", [2, 6])
def test_duties_of_several_owners_stay(duty: str, owners: int) -> None:
    """Clauses in a row that differ in whom they bind are no edited copies of one another."""
    bound = [f"The {ADJECTIVES[at]} {NOUNS[at]} {duty}." for at in range(owners)]
    text = "\n".join(bound)
    assert remove_repeats(text).text == text
