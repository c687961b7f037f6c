"""What a rule about copies has to tell apart, five cases each."""

from __future__ import annotations

import random

import pytest

from dedupe.models import Repeat
from dedupe.policy import RepeatPolicy
from dedupe.reasons import reason
from dedupe.repeats import remove_repeats
from tests.dedupe.test_repeats_kinds import ADJECTIVES, NOUNS, article, off_by

# -- what goes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_short_lines_in_the_midst_of_a_long_copy_go_with_it(seed: int) -> None:
    """Headings and sentences of six words, one of them changed, are part of the copy around."""
    chance = random.Random(seed)
    paragraphs = article(chance, 9)
    short = [f"The {NOUNS[at]} had no {ADJECTIVES[at]} answer." for at in range(9)]
    body = [line for pair in zip(paragraphs, short, strict=True) for line in pair]
    second = [line.replace("had no", "gave no") for line in body]
    assert off_by(remove_repeats("\n".join([*body, *second])).text, "\n".join(body)) <= 6


CREDITS = [" (Photo: agency)", " © Jane Roe", " [Agency]", " Photo: Jane Roe", " | Jane Roe"]


@pytest.mark.parametrize("credit", CREDITS)
@pytest.mark.parametrize("first", [True, False])
def test_a_caption_that_stands_twice_stays_with_its_credit(credit: str, first: bool) -> None:
    """A picture's description and its caption are one; nothing of the longer is lost."""
    caption, *body = article(random.Random(5), 6)
    caption = caption.split(". ")[0] + "."
    lines = [caption, caption + credit] if first else [caption + credit, caption]
    left = remove_repeats("\n".join([body[0], *lines, *body[1:]])).text
    assert left == "\n".join([body[0], caption + credit, *body[1:]])


@pytest.mark.parametrize("rows", [6, 8, 9, 12, 16])
def test_a_table_that_stands_twice_in_a_row_goes(rows: int) -> None:
    """Rows on one form lead to each other; the same rows in the same order are a copy."""
    chance = random.Random(rows)
    table = [
        f"{chance.choice(NOUNS)} {chance.randrange(999)} grade delivered in {chance.choice(NOUNS)}"
        f" for {chance.randrange(9999)} euros per tonne"
        for _ in range(rows)
    ]
    body = article(chance, 4)
    text = "\n".join([*body[:2], *table, *table, *body[2:]])
    assert remove_repeats(text).text == "\n".join([*body[:2], *table, *body[2:]])


@pytest.mark.parametrize("mark", ["- ", "• ", "* ", "– ", "▪ "])
def test_a_copy_set_as_a_list_goes(mark: str) -> None:
    """Marks that a second copy has before each paragraph do not hide it."""
    body = article(random.Random(3), 7)
    assert remove_repeats("\n".join([*body, *(mark + line for line in body)])).text == "\n".join(
        body
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_copy_in_capitals_goes(seed: int) -> None:
    """A paragraph set in capitals is no heading."""
    body = "\n".join(article(random.Random(seed), 5)).upper()
    tail = "\n".join(body.split("\n")[2:])
    assert remove_repeats(f"{body}\n{tail}").text == body


@pytest.mark.parametrize("seed", range(5))
def test_words_put_in_between_paragraphs_go_with_the_copy(seed: int) -> None:
    """One word on a line of its own is an edit where a copy runs on behind it, a button not."""
    body = article(random.Random(seed), 6)
    for word, kept in (("meanwhile", 0), ("Save", 1)):
        second = [*body[:3], word, *body[3:]]
        left = remove_repeats("\n".join([*body, *second])).text
        assert left.split("\n").count(word) == kept
        assert off_by(left, "\n".join(body)) == kept


# -- what stays --------------------------------------------------------------------------------

STANDFIRSTS = {
    "zh": ("县里新建的储能电站上周完成了第一次满功率放电试验。", "居民最关心的是夜里会不会停电。"),
    "ja": ("山あいの町で古い電池を使う蓄電所が先週から動き始めた。", "費用は電気の値段しだいだ。"),
}


@pytest.mark.parametrize("language", STANDFIRSTS)
@pytest.mark.parametrize("quoted", ["{}", "“{}”", "「{}」"])
def test_a_sentence_set_apart_stays_without_spaces_as_well(language: str, quoted: str) -> None:
    """The next sentence follows a wide full stop without a space, and is not glued on."""
    sentence, rest = STANDFIRSTS[language]
    for text in (
        f"{quoted.format(sentence)}\n{sentence}{rest}",
        f"{rest}{sentence}\n{quoted.format(sentence)}\n{rest[::-1]}",
    ):
        assert remove_repeats(text).text == text


@pytest.mark.parametrize("count", range(3, 8))
def test_clauses_that_name_other_things_in_two_places_stay(count: int) -> None:
    """Several clauses that copy one another's form are no copies of the first."""
    text = "\n".join(
        f"Where the {NOUNS[at]} is late because of {NOUNS[-1 - at % 3]}, the Supplier shall not "
        "be liable for indirect loss but shall notify the Customer in writing in thirty days."
        for at in range(count)
    )
    assert remove_repeats(text).text == text


@pytest.mark.parametrize("seed", range(5))
def test_references_given_twice_stay(seed: int) -> None:
    """An entry that ends in its address is no running text."""
    chance = random.Random(seed)
    body = article(chance, 5)
    entries = [
        f"- {line.split('. ')[0]}. Journal {at}. https://example.org/{chance.randrange(9999)}"
        for at, line in enumerate(article(chance, 3))
    ]
    text = "\n".join([*body[:2], *entries[:2], *body[2:], "References", *entries])
    assert remove_repeats(text).text == text


CLOSINGS = ["Yours faithfully,", "Register now", "Read the review", "Mit freundlichen Grüßen", "—"]


@pytest.mark.parametrize("closing", CLOSINGS)
def test_letters_that_share_a_paragraph_and_their_closing_stay(closing: str) -> None:
    """One paragraph with the line that closes every entry is still one."""
    one, two, shared, last = article(random.Random(8), 4)
    shared = " ".join(shared.split()[:24]).rstrip(".") + "."
    text = "\n".join(["Dear Sir,", one, shared, closing, "Dear Madam,", two, shared, closing, last])
    assert remove_repeats(text).text == text


@pytest.mark.parametrize("seed", range(5))
def test_a_sentence_of_which_a_part_was_replaced_stays(seed: int) -> None:
    """A standfirst in other words than the lede stays, however much of the lede it holds."""
    body = article(random.Random(seed), 5)
    words = f"{body[0].split('. ')[0]} while {body[1].split('. ')[0].lower()}.".split()
    other = [*words[:9], "at", "a", "price", "nobody", "names", *words[11:]]
    text = "\n".join([" ".join(other), " ".join(words), *body[2:]])
    assert remove_repeats(text).text == text


# -- bounds ------------------------------------------------------------------------------------


def test_a_book_of_forms_is_passed_through_and_says_so() -> None:
    """More long repeats than an article can hold: nobody looked."""
    body = article(random.Random(2), 12)
    text = "\n".join([*body, *(body[at] for at in (7, 2, 9, 4, 11, 0, 5))])
    policy = RepeatPolicy(most_chains=3, short_words=20)
    report = remove_repeats(text, policy)
    assert (report.text, report.looked) == (text, False)
    assert remove_repeats(text).looked


def test_among_many_short_repeats_a_long_copy_is_found() -> None:
    """Stock phrases are left alone; the whole text standing twice is not."""
    chance = random.Random(4)
    stock = [" ".join(chance.sample([*NOUNS, *ADJECTIVES], 9)) for _ in range(30)]
    body = "\n".join(
        f"{chance.choice(NOUNS)} {chance.choice(stock)} {chance.random()} {chance.choice(stock)}."
        for _ in range(150)
    )
    report = remove_repeats(f"{body}\n{body}", RepeatPolicy(most_chains=40))
    assert report.text == body


# -- why ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cut", "of", "similarity", "says"),
    [
        ("one two\none two", (8, 15), (0, 7), 1.0, "right beside it; the first stays"),
        ("one twoone two", (7, 14), (0, 7), 1.0, "every word of it stands in the kept copy, stuck"),
        ("one two three one two", (14, 21), (0, 7), 0.9, "90% of its words"),
        ("one two three one two", (14, 21), (0, 7), 0.9, "1 word apart"),
        ("one two\none two", (0, 8), (8, 15), 1.0, "the later stays"),
    ],
)
def test_a_cut_says_why(
    text: str, cut: tuple[int, int], of: tuple[int, int], similarity: float, says: str
) -> None:
    """Likeness, distance and the copy that stays are told in words."""
    row = Repeat(
        start=cut[0],
        end=cut[1],
        of_start=of[0],
        of_end=of[1],
        words=2,
        similarity=similarity,
        removed_text=text[slice(*cut)],
    )
    assert says in reason(text, row)


@pytest.mark.parametrize("seed", [1, 9, 333, 12, 27])
def test_a_long_note_under_five_entries_stays(seed: int) -> None:
    """How often a note stands is told by its words, whichever of its places were linked."""
    *products, note = article(random.Random(seed), 6)
    text = "\n".join(
        line for at, product in enumerate(products, 1) for line in (f"{at}. Model", product, note)
    )
    assert remove_repeats(text).text == text
