"""What repeats inside one text comes out once; what was meant to stand twice stays."""

from __future__ import annotations

import random
import re
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedupe import copies, judge, regions, windows
from dedupe.models import RepeatReport
from dedupe.policy import RepeatPolicy
from dedupe.repeats import remove_repeats, restore

SHARED = Path(__file__).parents[2] / "../shared/data/repeats"

PARAGRAPHS = [
    "The utility said on Monday that its first sodium-ion storage park had passed every grid test "
    "and would enter service before the winter peak. Engineers spent nine weeks on the inverters.",
    "Neighbouring operators are watching closely because sodium cells need neither cobalt nor "
    "nickel. The park stores enough energy to carry a town of thirty thousand through an evening.",
    "Critics point to the weight of the cells, which rules them out for most cars. The company "
    "answers that nobody has ever asked a substation to accelerate, and that price is what counts.",
    "A second site near the harbour has been surveyed, and the council will vote on the permit in "
    "spring. Local shipyards hope to charge their ferries there overnight.",
]
ARTICLE = "\n".join(PARAGRAPHS)

LANGUAGES = {
    "zh": [
        "宁德时代周三宣布，将在匈牙利建设一座新的电池工厂，总投资七十三亿欧元。公司表示，该工厂年产能达到一百吉瓦时。",
        "分析师认为，此举有助于欧洲汽车制造商缩短供应链，并降低对亚洲进口的依赖。当地政府承诺提供税收优惠和基础设施。",
        "环保组织则对用水量表示担忧，要求公司公布完整的环境评估报告。公司回应说，将采用循环水系统。",
    ],
    "ja": [
        "電池メーカーは十二日、全固体電池の量産に向けて新しい実証ラインを公開した。航続距離は千キロを超える見通しだという。",
        "同社は三年以内に搭載車を発売する計画で、素材メーカーとの提携を広げている。課題は製造コストの高さである。",
        "専門家は、量産の歩留まりが普及の鍵を握ると指摘している。工場の建設は来年の春に始まる予定だ。",
    ],
    "ko": [
        "배터리 회사는 수요일 미시간주 공장에서 리튬인산철 배터리의 대량 생산을 시작했다고 밝혔다. 회사는 북미 고객사의 "  # noqa: E501
        "수요가 크게 늘고 있다고 설명했다.",
        "업계 관계자는 이번 양산이 경쟁 업체의 지배력에 도전하려는 움직임이라고 평가했다. 회사는 내년까지 생산 능력을 "  # noqa: E501
        "두 배로 늘릴 계획이다.",
        "다만 관세와 원자재 가격의 변동이 수익성에 부담이 될 수 있다는 우려도 시장 곳곳에서 꾸준히 나온다. 주가는 이날 "  # noqa: E501
        "거의 움직이지 않았다.",
    ],
    "th": [
        "บริษัทผู้ผลิตรถยนต์ไฟฟ้ารายใหญ่ประกาศเมื่อวันพุธว่าจะสร้างโรงงานแบตเตอรี่แห่งใหม่ในจังหวัดระยอง",
        "รัฐบาลระบุว่าโครงการนี้จะสร้างงานมากกว่าสองพันตำแหน่ง และช่วยให้ประเทศเป็นศูนย์กลางการผลิตของภูมิภาค",
        "นักวิเคราะห์เตือนว่าการแข่งขันด้านราคาอาจทำให้ผู้ผลิตรายเล็กต้องออกจากตลาดภายในเวลาไม่นาน",
    ],
    "de": [
        "Der Hersteller teilte am Mittwoch mit, dass er sein Werk um eine zweite Fertigungslinie "
        "erweitern werde. Die Investition belaufe sich auf rund eine Milliarde Euro.",
        "Nach Angaben des Unternehmens entstehen dadurch etwa achthundert neue Arbeitsplätze. Die "
        "Landesregierung begrüßte die Entscheidung und sagte Hilfe beim Netzanschluss zu.",
        "Umweltverbände kritisierten dagegen den hohen Wasserverbrauch der geplanten Anlage. Ein "
        "Gutachten soll bis zum Herbst klären, woher das Wasser kommen kann.",
    ],
    "ar": [
        "أعلنت شركة صناعة السيارات الكهربائية يوم الأربعاء أنها ستبني مصنعا جديدا للبطاريات في المغرب. "  # noqa: E501
        "وقالت الشركة إن الإنتاج سيبدأ بعد عامين.",
        "ويرى محللون أن المشروع سيساعد المصنعين الأوروبيين على تقليل اعتمادهم على الواردات الآسيوية. "  # noqa: E501
        "ووعدت الحكومة بتقديم إعفاءات ضريبية للمستثمرين.",
        "لكن جماعات بيئية أعربت عن قلقها من استهلاك المياه في المنطقة الجافة. ووعدت الشركة بنشر دراسة "  # noqa: E501
        "كاملة قبل بدء أعمال البناء.",
    ],
}


def edited(text: str, share: float, seed: int) -> str:
    """``text`` with ``share`` of its words dropped, doubled by a filler or replaced by one."""
    chance = random.Random(seed)
    lines = []
    for line in text.split("\n"):
        out = []
        for word in line.split(" "):
            if chance.random() >= share:
                out.append(word)
                continue
            match chance.randrange(3):
                case 0:
                    pass
                case 1:
                    out.append("meanwhile")
                case _:
                    out += [word, "notably"]
        lines.append(" ".join(out))
    return "\n".join(lines)


def kept_whole(text: str) -> bool:
    """Whether nothing is taken out of ``text``."""
    report = remove_repeats(text)
    return report == RepeatReport(text=text)


# -- what comes out ----------------------------------------------------------------------------


def test_the_doubled_page_of_the_source_comes_out_once() -> None:
    """A body that stands twice, first without its lede, then glued to it, stands once."""
    if not (SHARED / "doubled_page.txt").exists():
        pytest.skip("../shared/data/repeats is not here")
    page = (SHARED / "doubled_page.txt").read_text("utf-8")
    report = remove_repeats(page)
    assert report.text == (SHARED / "doubled_page.expected.txt").read_text("utf-8")
    assert restore(report) == page


@pytest.mark.parametrize("between", ["\n", "\n\n", "\nRead more\n", "", " "])
def test_a_body_that_stands_twice_stands_once(between: str) -> None:
    """Two copies in a row come out once, whatever stands between them."""
    report = remove_repeats(ARTICLE + between + ARTICLE)
    assert report.text.replace("Read more", "").strip() == ARTICLE


@pytest.mark.parametrize("between", ["\n", "", "\nShare this story\n"])
def test_three_copies_come_out_once(between: str) -> None:
    """More than two copies are no refrain when they follow one another."""
    text = remove_repeats(between.join([ARTICLE] * 3)).text
    assert text.count(PARAGRAPHS[0]) == 1
    assert text.count(PARAGRAPHS[3]) == 1


def test_a_lede_stays_with_the_copy_that_it_opens() -> None:
    """When the first copy lacks the lede the second one is kept, so that the order reads on."""
    body = "\n".join(PARAGRAPHS[1:])
    report = remove_repeats(f"A headline\nSign up\n{body}\nPhoto: agency\n{ARTICLE}\nComments")
    assert report.text == f"A headline\nSign up\nPhoto: agency\n{ARTICLE}\nComments"


def test_glue_in_the_kept_copy_becomes_a_paragraph_break() -> None:
    """A lede stuck to the next paragraph is parted where the other copy shows the break."""
    body = "\n".join(PARAGRAPHS[1:])
    text = f"A headline\n{body}\nAdvertisement\n{PARAGRAPHS[0]}{body}"
    report = remove_repeats(text)
    assert report.text == f"A headline\nAdvertisement\n{ARTICLE}"
    assert len(report.breaks) == 1
    assert restore(report) == text


def test_the_last_word_of_one_copy_may_be_glued_to_the_first_of_the_next() -> None:
    """Without a full stop between them two copies still part inside the glued word."""
    text = ARTICLE.lower().replace("\n", " ").rstrip(".")
    assert remove_repeats(text + text).text == text


@pytest.mark.parametrize(("opening", "closing"), ["()", "[]", "{}", "（）", "「」"])
def test_a_bracket_goes_with_the_copy_that_it_opens(opening: str, closing: str) -> None:
    """A copy glued on in mid-line begins before its bracket, which does not stay behind."""
    copy = f"{opening}Grid{closing}\n{PARAGRAPHS[0]}"
    text = f"{opening}Grid{closing}\n{copy} {copy}\n"
    report = remove_repeats(text)
    assert report.repeats
    assert report.text.count(opening) == report.text.count(closing)
    assert restore(report) == text


def test_a_teaser_gives_way_to_the_whole_text() -> None:
    """An opening repeated above the article goes; the article reads on."""
    text = f"A headline\n{PARAGRAPHS[0]}\nContinue reading\n{ARTICLE}"
    assert remove_repeats(text).text == f"A headline\nContinue reading\n{ARTICLE}"


def test_the_overlap_of_two_pages_comes_out_once() -> None:
    """The paragraph that ends one page and opens the next stands once."""
    text = "\n".join([*PARAGRAPHS[:2], *PARAGRAPHS[1:]])
    assert remove_repeats(text).text == ARTICLE


def test_shuffled_paragraphs_of_a_second_copy_go() -> None:
    """The second copy may have its paragraphs in any order."""
    order = [2, 0, 3, 1]
    assert remove_repeats("\n".join([ARTICLE, *(PARAGRAPHS[at] for at in order)])).text == ARTICLE


@pytest.mark.parametrize("share", [0.03, 0.08, 0.15, 0.25])
@pytest.mark.parametrize("seed", range(3))
def test_a_lightly_edited_second_copy_goes(share: float, seed: int) -> None:
    """Words dropped, replaced or put in do not hide a copy."""
    text = remove_repeats(ARTICLE + "\n" + edited(ARTICLE, share, seed)).text
    assert abs(len(text.split()) - len(ARTICLE.split())) <= 6


def test_typography_does_not_hide_a_copy() -> None:
    """Quotation marks, dashes and case differ between page and mobile page."""
    plain = ARTICLE + '\n"It\'s a substation - not a car," she said when the tests were over.'
    curly = plain.replace("\"It's", "“It’s").replace(" - ", " – ").replace('car,"', "car,”")
    assert remove_repeats(plain + "\n" + curly).text == plain


def test_news_inside_a_second_copy_is_kept() -> None:
    """A sentence that only the second copy holds survives the cut around it."""
    news = (
        "Late on Friday the regulator opened a formal inquiry into two of the suppliers involved."
    )
    second = "\n".join([PARAGRAPHS[0], PARAGRAPHS[1], news, *PARAGRAPHS[2:]])
    text = remove_repeats(ARTICLE + "\n" + second).text
    assert news in text
    assert text.count(PARAGRAPHS[0]) == 1


def test_a_paragraph_cut_off_in_mid_clause_goes() -> None:
    """An excerpt that stops between two words was made by a machine."""
    excerpt = " ".join(PARAGRAPHS[1].split()[:22]) + "."
    assert remove_repeats(ARTICLE + "\n" + excerpt).text == ARTICLE


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("between", ["\n", "", "\n\n"])
def test_doubled_texts_in_other_scripts_come_out_once(language: str, between: str) -> None:
    """Scripts with and without spaces are treated alike."""
    text = "\n".join(LANGUAGES[language])
    assert remove_repeats(text + between + text).text == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_doubled_tail_in_other_scripts_comes_out_once(language: str) -> None:
    """The second half repeated after itself goes."""
    text = "\n".join(LANGUAGES[language])
    assert remove_repeats("\n".join([text, *LANGUAGES[language][1:]])).text == text


# -- what stays --------------------------------------------------------------------------------


def test_a_pull_quote_stays() -> None:
    """A sentence lifted out of its paragraph is a design, not a copy."""
    quote = "The park stores enough energy to carry a town of thirty thousand through an evening."
    assert kept_whole("\n".join([*PARAGRAPHS[:3], quote, PARAGRAPHS[3]]))


def test_key_points_stay() -> None:
    """Bullets that repeat sentences of the body stay, and so does the body."""
    points = [f"- {paragraph.split('. ')[0]}." for paragraph in PARAGRAPHS]
    assert kept_whole("\n".join(["Key points", *points, ARTICLE]))


def test_a_summary_line_before_its_lede_stays() -> None:
    """A labelled summary that repeats the first sentence stays."""
    first = PARAGRAPHS[0].split(". ")[0] + "."
    assert kept_whole(f"In short: {first}\n{ARTICLE}")


def test_a_disclaimer_under_each_product_stays() -> None:
    """The same paragraph between different ones, three times, is meant."""
    note = (
        "Prices were right when this list was made and shops may change them at any time. We may "
        "earn a commission from links on this page at no cost to you, and it never sways a test."
    )
    assert kept_whole("\n".join(part for paragraph in PARAGRAPHS for part in (paragraph, note)))


def test_a_refrain_stays() -> None:
    """Verse comes back between its strophes."""
    chorus = (
        "Charge me up before the morning\nLet the meter slowly run\nWe will ride into the dawning\n"
    )
    verses = [f"Line {word} of a song about the road\nand {word} more\n" for word in "abc"]
    assert kept_whole("".join(verse + chorus for verse in verses))


def test_rows_that_differ_in_their_figures_stay() -> None:
    """A price report fills one template with new numbers."""
    rows = [
        f"Lithium carbonate {grade}% battery grade delivered China {price} yuan per tonne, change "
        f"{change}% on the day before."
        for grade, price, change in [(99.5, 71200, 1.2), (99.2, 70350, -0.4), (98.9, 69900, 0.8)]
    ]
    assert kept_whole("\n".join([PARAGRAPHS[0], *rows, PARAGRAPHS[1]]))


def test_monthly_reports_on_one_template_stay() -> None:
    """Two paragraphs that differ in month and figures are two reports."""
    reports = [
        f"In {month} the company delivered {cars} vehicles, compared with {before} a year earlier, "
        "it said in a statement to the stock exchange on Tuesday."
        for month, cars, before in [("March", "83,868", "63,651"), ("April", "29,318", "32,813")]
    ]
    assert kept_whole("\n".join([PARAGRAPHS[0], *reports, PARAGRAPHS[1]]))


def test_reference_lists_stay() -> None:
    """Links given where they are used and again at the end stay."""
    links = [
        f"[{at}] https://example.org/2026/11/{at}-storage-park-report.html" for at in (1, 2, 3)
    ]
    assert kept_whole("\n".join([PARAGRAPHS[0], *links, *PARAGRAPHS[1:], "References:", *links]))


def test_a_passage_quoted_again_to_speak_about_it_stays() -> None:
    """A line that ends in a colon asks for the passage that follows."""
    assert kept_whole("\n".join([*PARAGRAPHS, "Look at the opening once more:", PARAGRAPHS[0]]))


def test_similar_events_of_a_list_stay() -> None:
    """A description that two entries of a list share stays under each heading."""
    blurb = "Ready to grow? These two days hold talks on storage, grids, and what to pay for both."
    entries = [f"Storage Days\n{town}, Spain\n{blurb}" for town in ("Vigo", "Cadiz")]
    assert kept_whole("\n".join([entries[0], *PARAGRAPHS, entries[1]]))


# -- properties --------------------------------------------------------------------------------

_WORDS = st.sampled_from(
    [
        "park",
        "grid",
        "cell.",
        "price",
        "(volt)",
        "amp",
        "Ohm",
        "watt,",
        "coil",
        "[1]",
        "电",
        "池",
        "แบต",
        "test's",
        "—",
        "42",
        "3.5",
        "Ion!",
        "Why?",
    ]
)
_SENTENCES = st.lists(_WORDS, min_size=1, max_size=20).map(" ".join)
_BLOCKS = st.lists(_SENTENCES, min_size=1, max_size=6)


@st.composite
def repetitive(draw: st.DrawFn) -> str:
    """A text pieced together from a few sentences, with several kinds of glue."""
    stock = [*draw(_BLOCKS), *PARAGRAPHS]
    order = draw(st.lists(st.integers(0, len(stock) - 1), min_size=1, max_size=14))
    glue = draw(st.lists(st.sampled_from(["\n", "\n\n", " ", "", ". "]), min_size=14, max_size=14))
    return "".join(stock[at] + sign for at, sign in zip(order, glue, strict=False))


RELAXED = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@RELAXED
@given(st.one_of(repetitive(), st.text(max_size=400)))
def test_cuts_rebuild_the_input_and_a_second_pass_finds_nothing(text: str) -> None:
    """Offsets and removed text rebuild the original; removing is idempotent."""
    report = remove_repeats(text)
    assert restore(report) == text
    again = remove_repeats(report.text)
    assert again.text == report.text
    assert again.repeats == ()
    for repeat in report.repeats:
        assert repeat.removed_text == text[repeat.start : repeat.end]
        assert 0 <= repeat.of_start < repeat.of_end <= len(text)
        assert 0 < repeat.similarity <= 1
    ends = [repeat.end for repeat in report.repeats]
    assert all(end <= nxt.start for end, nxt in zip(ends, report.repeats[1:], strict=False))


_CHANGED = st.lists(st.integers(2, 40), min_size=1, max_size=8)


@RELAXED
@given(repetitive(), _CHANGED, st.sampled_from(PARAGRAPHS))
def test_what_is_refused_early_would_be_refused_later(
    text: str, changed: list[int], paragraph: str
) -> None:
    """The cheap looks that most texts end with find only what the whole way finds."""
    words = paragraph.split()
    for step in changed:
        text += "\n" + " ".join(f"o{at}" if at % step == 0 else w for at, w in enumerate(words))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copies, "outlook", lambda reading, _: reading)
        patch.setattr(copies, "may_go", lambda *_: True)
        patch.setattr(copies, "can_go", lambda *_: True)
        patch.setattr(regions, "can_go", lambda *_: True)
        patch.setattr(judge, "_is_slight", lambda *_: False)
        patch.setattr(judge, "_is_placed", lambda *_: True)
        patch.setattr(windows, "_alike", lambda _ids, _often, found, _share: found)
        whole = remove_repeats(text)
    assert remove_repeats(text) == whole


@RELAXED
@given(repetitive())
def test_what_is_left_is_a_subsequence_of_the_input(text: str) -> None:
    """Nothing is moved or made up but line breaks."""
    left = "".join(remove_repeats(text).text.split())
    rest = iter(text)
    assert all(sign in rest for sign in left)


_ENDED = st.lists(_SENTENCES.map(lambda words: f"({words} so it goes)."), max_size=6)


@RELAXED
@given(_ENDED, st.lists(st.tuples(st.integers(0, 9), st.sampled_from("\n ")), max_size=14))
def test_whole_sentences_stay_or_go(stock: list[str], order: list[tuple[int, str]]) -> None:
    """What is left is a subsequence of the input's lines and sentences, none cut in two."""
    stock = [*stock, *PARAGRAPHS]
    text = "".join(stock[at % len(stock)] + sign for at, sign in order)
    left = iter(_sentences(text))
    assert all(sentence in left for sentence in _sentences(remove_repeats(text).text))


def _sentences(text: str) -> list[str]:
    """Lines parted at sentence ends, glued ones and the remover's line breaks included."""
    pieces = re.split(r"\n|(?<=[.!?])(?=\s|[A-Z])|(?<=\])(?=\s|[A-Z])", text)
    return [piece.strip() for piece in pieces if piece.strip()]


@RELAXED
@given(st.integers(0, 10**6), st.integers(1, 300), st.sampled_from(["\n", " ", ". ", "\n\n"]))
def test_text_without_a_repeat_of_twelve_words_stays_to_the_byte(
    seed: int, count: int, sign: str
) -> None:
    """Phrases of up to eleven words may come back as often as they like."""
    chance = random.Random(seed)
    phrases = [
        " ".join("".join(chance.choices(string.ascii_lowercase, k=6)) for _ in range(11))
        for _ in range(3)
    ]
    text = ""
    for at in range(count % 40):
        text += f"{chance.choice(phrases)}{sign}Link{at} and bridge{at} part them{at}{sign}"
    assert kept_whole(text)


@RELAXED
@given(st.integers(0, 10**6), st.integers(1, 11), st.sampled_from(["\n", " ", "\n\n", ""]))
def test_a_sentence_of_eleven_words_twice_in_a_row_stays(seed: int, size: int, glue: str) -> None:
    """Below the floor nothing is cut, however plain the copy."""
    chance = random.Random(seed)
    said = ["".join(chance.choices(string.ascii_lowercase, k=6)) for _ in range(size)]
    sentence = f"{' '.join(said).capitalize()}."
    assert kept_whole("\n".join([PARAGRAPHS[0], sentence + glue + sentence, PARAGRAPHS[1]]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00" * 50_000,
        "a" * 1_000_000,
        "The same line again.\n" * 10_000,
        "The same long line again, with more than twelve words in it so that it counts.\n" * 5_000,
        "🔋⚡" * 20_000,
        "\u202eשלום עולם " * 5_000,
        '."' * 20_000,
        "\ud800 lone surrogate " * 100,
        f"{ARTICLE} \ud800 42\n" * 2,
        "a. [1]" * 20_000,
        " \t\r\n\u2028" * 10_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_strange_input_ends_in_a_report(text: str) -> None:
    """No input raises, and none hangs."""
    report = remove_repeats(text)
    assert report.looked
    assert restore(report) == text


def test_a_table_of_ten_thousand_rows_is_left_alone() -> None:
    """Rows that share a template are the worst case of the search, and stay."""
    chance = random.Random(3)
    rows = [
        f"Cell {at} grade {chance.randrange(99)} costs {chance.random():.2f} per unit, change "
        f"{chance.random():.2f} percent."
        for at in range(10_000)
    ]
    assert kept_whole("\n".join(rows))


def test_a_text_over_the_bound_is_passed_through_and_says_so() -> None:
    """Beyond the bound the report says that nobody looked."""
    text = ARTICLE + "\n" + ARTICLE
    report = remove_repeats(text, RepeatPolicy(longest_text=len(text) - 1))
    assert report == RepeatReport(text=text, looked=False)
