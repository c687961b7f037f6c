"""A paragraph rewritten throughout is found by its sketch, and cut only where it aligns."""

from __future__ import annotations

import random

import pytest

from dedupe.models import RepeatReport
from dedupe.policy import RepeatPolicy
from dedupe.repeats import remove_repeats, restore

WITHOUT_WINDOWS = RepeatPolicy(window_words=10**6)

OPENING = (
    "The council met on Tuesday evening to hear how the harbour would change once the ferries "
    "went electric and the old diesel depot closed for good after forty years of service."
)
PARAGRAPHS = [
    "Engineers from the port explained that eleven chargers will stand along the northern quay, "
    "each fed by a battery the size of a shipping container so that the town keeps its lights on "
    "while a ferry drinks its fill. They expect to lay the first cables before Easter and to run "
    "trial crossings through the summer with the crew of the smallest boat on the line.",
    "Fishermen in the hall wanted to know who would pay if the work blocked the slipway during "
    "the mackerel season, which has already been short two years running. The mayor promised a "
    "written answer within a month and said that nobody with a berth would lose a day at sea "
    "because of trenches, cranes or lorries bringing the heavy transformers down from the road.",
    "Shopkeepers asked instead about noise, since the generators that the ferries run at night "
    "can be heard as far as the market square when the wind comes from the west. A teacher read "
    "out readings that her pupils had taken with their telephones, and the room laughed when the "
    "loudest turned out to be the seagulls on the roof of the school itself at breakfast time.",
]
FILLERS = [f"{first}{second}" for first in ("over", "under", "fore") for second in ("told", "set")]


def rewritten(text: str, step: int, seed: int = 1) -> str:
    """``text`` with every ``step``-th word replaced, so that no ``step`` words in a row survive."""
    chance = random.Random(seed)
    words = text.split()
    for at in range(step - 1, len(words), step):
        words[at] = chance.choice(FILLERS) + (words[at][-1] if words[at][-1] in ".," else "")
    return " ".join(words)


def joined(*paragraphs: str) -> str:
    return "\n".join(paragraphs)


@pytest.mark.parametrize("which", range(3))
def test_a_paragraph_with_every_fifth_word_changed_goes(which: int) -> None:
    """No run of five words survives, so only the sketch can see the copy."""
    again = rewritten(PARAGRAPHS[which], 5)
    before, after = PARAGRAPHS[: which + 1], PARAGRAPHS[which + 1 :]
    text = joined(OPENING, *before, again, *after)
    assert remove_repeats(text, WITHOUT_WINDOWS) == RepeatReport(text=text)
    report = remove_repeats(text)
    assert report.text == joined(OPENING, *PARAGRAPHS)
    assert restore(report) == text


def test_a_whole_article_rewritten_below_itself_goes() -> None:
    """Every paragraph of the second copy is found by its own window."""
    body = joined(*PARAGRAPHS)
    text = joined(body, *(rewritten(paragraph, 5) for paragraph in PARAGRAPHS))
    assert remove_repeats(text).text == body


def test_a_paragraph_with_its_words_shuffled_stays() -> None:
    """The same words in another order do not align: nothing says that it is a copy."""
    words = PARAGRAPHS[0].split()
    random.Random(2).shuffle(words)
    text = joined(OPENING, PARAGRAPHS[0], " ".join(words), PARAGRAPHS[1])
    assert remove_repeats(text) == RepeatReport(text=text)


def test_a_paragraph_rewritten_by_half_stays() -> None:
    """What shares every other word only is another text."""
    text = joined(OPENING, PARAGRAPHS[0], rewritten(PARAGRAPHS[0], 2), PARAGRAPHS[1])
    assert remove_repeats(text) == RepeatReport(text=text)


def test_a_rewritten_paragraph_far_from_its_original_stays() -> None:
    """Similar entries of a list stand apart and differ as much; there the text is kept."""
    text = joined(*PARAGRAPHS, OPENING, rewritten(PARAGRAPHS[0], 5))
    assert remove_repeats(text) == RepeatReport(text=text)


def test_reports_on_one_template_stay_though_their_sketches_agree() -> None:
    """Two regions described in the same words with their own figures are two reports."""
    reports = [
        f"In the {place} region the grid took {first} megawatts of storage during the quarter "
        f"while wind supplied {second} gigawatt hours, solar {third} and gas the rest, {fourth} "
        f"of it imported; prices averaged {fifth} an hour and fell below zero on {sixth} days."
        for place, first, second, third, fourth, fifth, sixth in [
            ("northern", 120, 840, 77, 31, 64, 9),
            ("southern", 310, 215, 402, 18, 58, 21),
        ]
    ]
    text = joined(OPENING, *reports, PARAGRAPHS[0])
    assert remove_repeats(text) == RepeatReport(text=text)


def test_a_rewritten_chinese_paragraph_goes() -> None:
    """Characters are sketched three at a time where a script has no spaces."""
    original = (
        "港口的工程师解释说北侧码头将安装十一台充电设备每台由一个集装箱大小的电池供电这样渡轮充电时"
        "城镇仍然灯火通明他们预计在复活节之前铺设第一批电缆并在整个夏天用最小的船进行试航市议会随后"
        "听取了渔民和店主的意见大家最关心的是噪音与费用由谁承担。"
    )
    signs = list(original)
    for at in range(6, len(signs) - 1, 7):
        signs[at] = "新"
    text = joined(original, "".join(signs))
    assert remove_repeats(text, WITHOUT_WINDOWS) == RepeatReport(text=text)
    assert remove_repeats(text).text == original
