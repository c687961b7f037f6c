"""Hard cases of telling copies from look-alikes, each a small story of its own."""

import gzip
import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe import match
from dedupe.models import CandidatePair, Document, Match, Relation

_DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)

LEDE = (
    "Norrvolt AB said on Tuesday it would build its second battery cell plant in Skelleftea, "
    "adding 40 gigawatt hours of yearly capacity by 2029 and about 2,300 jobs in northern Sweden."
)
BODY = (
    "The company, which counts three European carmakers among its customers, will spend 4.1 "
    "billion euros on the site, of which a third comes from a loan by the regional development "
    "bank.\n"
    "Chief executive Maja Lindqvist told reporters that demand for prismatic cells had outrun the "
    'first factory sooner than planned. "We are sold out until the end of next year, and every '
    'customer is asking for more," she said.\n'
    "Ground will be broken in September once the county has granted an environmental permit. "
    "Local fishermen have objected to the cooling water that the plant would draw from the river, "
    "and the company has offered to pay for a closed loop that recycles nine tenths of it.\n"
    "Analysts at Hallberg Securities said the expansion was bold at a time when cell prices are "
    "falling, but that long contracts shield Norrvolt from cheaper imports. The shares rose 6 "
    "percent in Stockholm.\n"
    "The first plant, opened in 2023, struggled for a year with scrap rates above 30 percent "
    "before engineers from a Korean partner helped to retune the coating lines. It now ships "
    "cells worth 180 million euros a quarter.\n"
    "Sweden's industry minister called the decision proof that the north can live from more than "
    "ore and timber. A rail link to carry the cells to the coast is due to open in 2028."
)
STORY = f"{LEDE}\n{BODY}"
TITLE = "Norrvolt to build second battery plant in northern Sweden"

OTHER = (
    "A fleet of electric buses in Porto lost a fifth of its range during the cold spell, the "
    "transport operator reported, after drivers kept cabin heaters running through long stops.\n"
    "The operator STP has ordered heat pumps for 85 vehicles and asked the depot to preheat every "
    "bus while it is still plugged in. Engineers from the university measured consumption on four "
    "hilly routes and found that regenerative braking made up for less than expected on wet "
    "cobbles.\n"
    "Passengers noticed little, since spare diesel buses filled the gaps on the timetable. The "
    "mayor said the city stood by its aim of a fully electric fleet within six years, and that "
    "chargers at both ends of the longest line would be ready by spring.\n"
    "Unions welcomed the preheating but want the break rooms renovated first. The council votes "
    "on a budget of 12 million for depots next month, and the opposition has asked why the buses "
    "were bought without heat pumps, which every northern city orders as a matter of course.\n"
    "The maker of the buses says that batteries themselves were never at fault and points to "
    "mild winters in the tender."
)

BOILERPLATE = (
    "We and our partners use cookies to personalise content and advertising, to provide social "
    "media features and to analyse our traffic. By clicking accept you agree to our privacy "
    "policy and to the terms of use of this site, which you can change at any time.",
    "Subscribe to our newsletter to get the daily briefing in your inbox every morning. Follow us "
    "on Facebook, Twitter and LinkedIn and never miss a story.",
    "All rights reserved. This material may not be published, broadcast, rewritten or "
    "redistributed without prior written permission of the publisher. Copyright 2026.",
    "The information on this page is provided for informational purposes only and does not "
    "constitute investment advice. Consult a qualified adviser before you act on it.",
)


def _document(article_id: str, text: str, title: str = "", **fields: object) -> Document:
    base = Document(article_id=article_id, text=text, title=title, published_at=_DAY)
    return replace(base, **fields)  # type: ignore[arg-type]


def _relation(
    left: str, right: str, titles: tuple[str, str] = ("", ""), days: float = 0.0, **fields: object
) -> Relation | None:
    """How the left text relates to the right one; the verdict is the same from both sides."""
    a = _document("a", left, titles[0], **fields)
    b = _document("b", right, titles[1], published_at=_DAY + timedelta(days=days))
    found = match.compare(a, b)
    assert match.compare(b, a) == found
    assert (match.explain(a, b).relation) == (found.relation if found else None)
    return found.relation if found else None


def _edited(text: str, every: int, seed: int = 1) -> str:
    """``text`` with one word in ``every`` replaced, figures left alone."""
    picker = random.Random(seed)
    spare = ["indeed", "however", "plainly", "moreover", "rather", "then", "still", "mostly"]
    return " ".join(
        picker.choice(spare) if word.isalpha() and picker.randrange(every) == 0 else word
        for word in text.split(" ")
    )


# Copies -------------------------------------------------------------------------------------


def test_same_text_is_exact() -> None:
    """A text is an exact copy of itself under another address."""
    assert _relation(STORY, STORY) == "exact"


def test_typography_leaves_a_copy_exact() -> None:
    """Curly quotes, dashes, case and line breaks make no difference."""
    dressed = STORY.replace('"', "”").replace("\n", "\n\n").replace(" said", "  SAID").upper()
    assert _relation(STORY, dressed) == "exact"


def test_site_furniture_around_a_copy_leaves_it_one_story() -> None:
    """A copy with 150 words of consent and newsletter text around it is the same story."""
    wrapped = "\n".join((BOILERPLATE[0], STORY, *BOILERPLATE[1:]))
    assert _relation(STORY, wrapped) in ("exact", "near")


def test_new_lede_on_the_same_body_is_near() -> None:
    """An outlet writes its own first sentence over the wire's body."""
    lede = (
        "Northern Sweden is to get another huge factory for electric car batteries after the "
        "maker Norrvolt gave the go-ahead for a site next to its existing works this week."
    )
    assert _relation(STORY, f"{lede}\n{BODY}") == "near"


@pytest.mark.parametrize("share", [0.6, 0.4, 0.25, 0.2])
def test_copy_cut_from_its_end_is_near(share: float) -> None:
    """A copy cut to a part of the words is the same story, not a piece of another."""
    tokens = STORY.split(" ")
    assert _relation(" ".join(tokens[: int(len(tokens) * share)]), STORY) == "near"


def test_three_sentence_teaser_is_near() -> None:
    """A teaser of the opening, with dots, is the same story."""
    assert (
        _relation(f"{LEDE} The company, which counts three European carmakers ...", STORY) == "near"
    )


def test_teaser_of_a_wrapped_copy_is_near() -> None:
    """Teaser on one side, furniture on the other."""
    assert _relation(f"{BOILERPLATE[1]}\n{LEDE}", f"{BOILERPLATE[0]}\n{STORY}") == "near"


def test_copy_with_one_word_in_twelve_edited_is_near() -> None:
    """A desk's light edit of a wire text is the same story."""
    assert _relation(STORY, _edited(STORY, 12)) == "near"


def test_copy_with_a_paragraph_added_is_near() -> None:
    """A local paragraph at the end does not make another story."""
    added = "\nThe newspaper's own reporter saw surveyors at the river on Monday morning."
    assert _relation(STORY, STORY + added) == "near"


def test_copy_with_paragraphs_reordered_is_near() -> None:
    """The same paragraphs in another order under the same opening."""
    first, second, third, *rest = BODY.split("\n")
    assert _relation(STORY, "\n".join((LEDE, third, first, *rest, second))) == "near"


def test_corrected_version_is_near() -> None:
    """CORRECTED: a wrong figure put right within hours is the same story."""
    short = "\n".join(STORY.split("\n")[:2])
    right = f"CORRECTED: {short}".replace("40 gigawatt", "45 gigawatt").replace("2,300", "2,800")
    assert _relation(short, right) == "near"


def test_correction_note_at_the_end_lifts_the_veto_of_figures() -> None:
    """A footnote that says that the figures were corrected is enough."""
    short = "\n".join(STORY.split("\n")[:2])
    changed = short.replace("40 gigawatt", "45 gigawatt").replace("2,300", "2,800")
    assert _relation(short, changed, days=1) is None
    note = " (This story has been corrected to show the right capacity.)"
    assert _relation(short, changed + note, days=1) == "near"


def test_correction_a_week_later_is_not_taken_on_trust() -> None:
    """Figures that differ a week on are the next report, whatever the word in the text."""
    short = "\n".join(STORY.split("\n")[:2])
    changed = short.replace("40 g", "45 g").replace("2,300", "2,800")
    assert _relation(short, f"Corrected: {changed}", days=7) is None


def test_one_updated_figure_of_many_is_near() -> None:
    """An update with one new figure among many is the same story."""
    assert _relation(STORY, STORY.replace("rose 6 percent", "rose 7 percent")) == "near"


def test_currency_converted_copy_is_near() -> None:
    """An outlet that turns euros into dollars tells the same story."""
    converted = STORY.replace("4.1 billion euros", "$4.8 billion")
    converted = converted.replace("180 million euros", "$211 million")
    assert _relation(STORY, converted) == "near"


def test_figures_written_another_way_agree() -> None:
    """2,300 and 2300, billion and bn, 4.1 and 4,1 are the same figures."""
    written = STORY.replace("2,300", "2300").replace("4.1 billion", "4,1 bn")
    found = match.explain(_document("a", STORY), _document("b", written))
    assert found.relation == "near"
    assert found.numbers_differ == 0


def test_same_title_makes_up_for_a_story_told_from_its_middle() -> None:
    """Two thirds of the text under the same title, behind another opening, is the same story."""
    longer = f"{OTHER.split(chr(10))[0]}\n{BODY}"
    piece = "\n".join(BODY.split("\n")[1:])
    assert _relation(piece, longer, (TITLE, TITLE)) == "near"


def test_growing_live_blog_under_one_title_is_near() -> None:
    """A live blog grows at its top; its snapshots are one story."""
    later = f"15:10 {OTHER}\n14:00 {STORY}"
    assert (
        _relation(f"14:00 {STORY}", later, ("Live: battery day 2026", "Live: battery day 2026"))
        == "near"
    )


def test_copy_two_days_later_is_near() -> None:
    """A weekend between the copies changes nothing."""
    assert _relation(STORY, _edited(STORY, 20), days=2) == "near"


def test_copy_ten_days_later_needs_most_of_the_text() -> None:
    """A light edit ten days on is a reprint, a heavy one is another report."""
    assert _relation(STORY, _edited(STORY, 30), days=10) == "near"
    assert _relation(STORY, _edited(STORY, 7), days=10) is None


def test_german_copy_with_a_new_lede_is_near() -> None:
    """A German agency text under another first sentence."""
    body = (
        "Das Unternehmen will nach eigenen Angaben 1,8 Milliarden Euro investieren und 900 "
        "Arbeitsplätze schaffen. Der Baubeginn ist für das Frühjahr geplant, die ersten Zellen "
        "sollen Ende 2028 vom Band laufen. Die Landesregierung begrüßte die Entscheidung. "
        "Umweltverbände kritisierten dagegen den hohen Wasserverbrauch und die Rodung von 40 "
        "Hektar Kiefernwald. Der Betriebsrat forderte einen Tarifvertrag vom ersten Tag an. "
        "Branchenkenner verweisen darauf, dass die Nachfrage nach Elektroautos zuletzt wieder "
        "angezogen habe, nachdem die Preise für Lithium deutlich gefallen waren."
    )
    one = f"Der Zellhersteller Akkuwerk baut eine Fabrik in der Lausitz. {body}"
    other = f"In der Lausitz entsteht ein neues Werk für Batterien. {body}"
    assert _relation(one, other) == "near"


_CHINESE = (
    "宁德时代周三宣布将在匈牙利建设第二座动力电池工厂，预计投资73亿欧元，规划产能为100吉瓦时。"
    "公司表示，新工厂将为欧洲多家汽车制造商供应磷酸铁锂电池，并计划在明年下半年开始投产。"
    "当地政府承诺提供税收优惠，同时要求企业遵守严格的环境保护标准。分析人士认为，"
    "此举将加快欧洲本地供应链的形成，也会给韩国同行带来更大的竞争压力。"
    "公司股价当天在深圳上涨百分之四，创下今年以来的最高水平。"
)


def test_chinese_copy_cut_to_a_half_is_near() -> None:
    """A Chinese report and its first half are one story."""
    assert _relation(_CHINESE[:90], _CHINESE) == "near"


def test_chinese_copy_in_full_width_digits_is_exact() -> None:
    """Full-width digits and letters are the same digits and letters."""
    assert _relation(_CHINESE, _CHINESE.replace("100", "１００").replace("73", "７３")) == "exact"


# Look-alikes --------------------------------------------------------------------------------


def test_unrelated_stories_are_not_matched() -> None:
    """Two stories of one day share nothing."""
    assert _relation(STORY, OTHER) is None


def test_unrelated_pages_with_the_same_200_words_of_furniture_are_not_matched() -> None:
    """Consent, subscription and copyright text does not make one story of two."""
    one, other = (
        "\n".join((*BOILERPLATE[:2], text, *BOILERPLATE[2:])) for text in (LEDE, OTHER[:300])
    )
    assert _relation(one, other) is None


def test_follow_up_that_reuses_background_is_not_matched() -> None:
    """A new opening over 40 % of old background is another story."""
    news = (
        "The county of Vasterbotten on Thursday refused Norrvolt permission to draw cooling water "
        "from the river, a setback for the maker's plans, and gave it four weeks to hand in "
        "another design. Officials said that the closed loop promised in spring had never been "
        "shown to work at such a size and that trout spawn downstream from the intake.\n"
        "Norrvolt said it would appeal, and that it had begun talks with a neighbouring "
        "municipality where ground water is plentiful. Work on the foundations is suspended until "
        "a court has ruled, which lawyers expect to take at least until the summer. Two hundred "
        "builders have been sent home and will be paid for a month.\n"
    )
    background = "\n".join(BODY.split("\n")[-3:])
    assert _relation(STORY, news + background, days=2) is None


def _price_report(day: str, carbonate: str, hydroxide: str, spodumene: str, change: str) -> str:
    return (
        f"Lithium carbonate prices in China were assessed at {carbonate} yuan a tonne on {day}, "
        f"{change} percent from the previous week, as buyers waited for tenders. Battery-grade "
        f"hydroxide stood at {hydroxide} yuan a tonne, while spodumene concentrate was offered at "
        f"{spodumene} dollars a tonne delivered to Chinese ports. Traders said that converters "
        "kept stocks low and bought hand to mouth. Cathode makers reported steady orders from "
        "cell producers, but negotiations over long-term contracts remained slow. Market "
        "participants expect little movement before the holidays."
    )


def test_weekly_price_reports_from_one_template_are_not_matched() -> None:
    """This week's lithium report and last week's share the words and not the figures."""
    this = _price_report("Friday", "74,500", "69,200", "812", "down 1.8")
    last = _price_report("Friday", "75,900", "70,100", "835", "down 0.6")
    assert _relation(this, last) is None
    assert _relation(this, last, days=7) is None


def test_copy_of_a_price_report_is_near() -> None:
    """The same report with a sentence cut is still the same report."""
    this = _price_report("Friday", "74,500", "69,200", "812", "down 1.8")
    assert _relation(this, this.rsplit(". ", 1)[0]) == "near"


def test_daily_price_table_where_most_figures_agree_is_not_matched() -> None:
    """Of ten quotations four moved since yesterday: another day's table."""
    names = (
        "cobalt sulphate", "nickel briquette", "manganese flake", "graphite anode", "copper foil",
        "aluminium foil", "separator film", "electrolyte solvent", "iron phosphate",
        "vanadium oxide",
    )  # fmt: skip
    rows = [f"{name} closed at {{}} yuan" for name in names]
    before = [str(20_000 + 137 * n) for n in range(10)]
    after = [str(int(f) + 55) if n in (1, 4, 6, 8) else f for n, f in enumerate(before)]
    one, other = (
        ". ".join(row.format(f) for row, f in zip(rows, figures, strict=True))
        for figures in (before, after)
    )
    assert _relation(one, other, days=1) is None


def _earnings(firm: str, place: str, revenue: str, profit: str, share: str, packs: str) -> str:
    return (
        f"{firm}, the battery maker based in {place}, reported revenue of {revenue} million "
        f"dollars for the quarter and a net profit of {profit} million dollars, or {share} cents "
        f"per share. The company said it delivered {packs} battery packs in the period and "
        "confirmed its outlook for the full year. Management will discuss the results in a "
        "conference call later today. A replay will be available on the investor relations pages."
    )


def test_two_firms_earnings_from_one_template_are_not_matched() -> None:
    """Names and figures differ, the form is the same."""
    one = _earnings("Voltacell Inc", "Reno", "412.5", "38.1", "21", "9,400")
    other = _earnings("Amperion Corp", "Austin", "388.0", "12.7", "8", "7,150")
    assert _relation(one, other) is None


def test_daily_stock_notice_of_two_firms_is_not_matched() -> None:
    """A short notice needs more than its form in common, even where no figure stands."""
    form = "Shares of {} opened higher today after the board named {} as its new finance chief."
    one = form.format("Voltacell Incorporated of Reno", "Anna Hartwig, who comes from a bank,")
    other = form.format("Amperion Holdings in Austin", "Deepak Rao, so far head of sales,")
    assert _relation(one, other) is None


def test_translated_pair_is_not_a_duplicate() -> None:
    """A translation shares names and figures and is not a copy of the words."""
    german = (
        "Norrvolt AB teilte am Dienstag mit, in Skelleftea ein zweites Werk für Batteriezellen zu "
        "bauen. Bis 2029 sollen 40 Gigawattstunden Jahreskapazität und rund 2.300 Stellen in "
        "Nordschweden entstehen. Das Unternehmen steckt 4,1 Milliarden Euro in den Standort, "
        "wovon ein Drittel aus einem Kredit der regionalen Förderbank stammt."
    )
    assert _relation(STORY, german) is None


def test_tables_of_the_same_figures_in_two_languages_are_not_matched() -> None:
    """Figures alone, in order, do not make one story of a German and an English page."""
    figures = [str(1_000 + 37 * n) for n in range(12)]
    german = " ".join(f"{f} {w}" for f, w in zip(figures, LEDE.split(), strict=False))
    english = " ".join(f"{f} {w}" for f, w in zip(figures, OTHER.split(), strict=False))
    assert _relation(german, english) is None


def test_texts_declared_in_two_languages_need_nearly_all_words() -> None:
    """A wrong language tag does not part exact copies; a real difference does."""
    a = _document("a", STORY, language="sv")
    half = _document("b", _edited(STORY, 9), language="en")
    whole = _document("c", STORY + "\nCopyright", language="en")
    assert match.explain(a, half).relation is None
    assert "languages" in match.explain(a, half).reason
    assert match.explain(a, whole).relation == "near"


def test_texts_under_unlike_titles_need_more_of_the_text() -> None:
    """Half the words under two unlike titles are two stories; under no titles it is open."""
    one, other = STORY, _edited(STORY, 6, seed=4)
    titles = (TITLE, "Why carmakers now fear empty lithium mines")
    assert _relation(one, other) == "near"
    assert _relation(one, other, titles) is None


def test_identical_stubs_are_not_one_story() -> None:
    """Seven words of paywall are no copy of seven words of paywall."""
    stub = "Subscribe now to read this premium article."
    assert _relation(stub, stub, ("Cell prices fall", "Mine opens in Chile")) is None


def test_empty_texts_are_not_one_story() -> None:
    """Texts without words resemble nothing, not even each other."""
    assert _relation("", "") is None
    assert _relation("", STORY) is None


# Pieces -------------------------------------------------------------------------------------


def test_two_stories_merged_on_one_page_are_linked_not_welded() -> None:
    """A page with a second story behind the first contains the first."""
    assert _relation(f"{STORY}\n{OTHER}", STORY) == "contains"
    assert _relation(OTHER, f"{STORY}\n{OTHER}") == "contained_in"


def test_listicle_contains_its_entry() -> None:
    """A roundup that reprints a brief as its third entry contains it."""
    roundup = f"Five things we read this week about batteries.\n{OTHER}\n{LEDE}\n{OTHER[::-1]}"
    assert _relation(roundup, LEDE + " " + BODY.split("\n")[0]) != "near"
    assert _relation(roundup, LEDE) == "contains"


def test_release_quoted_whole_in_a_longer_piece_is_contained() -> None:
    """A feature that quotes a statement in full after its own 150 words contains it."""
    statement = "\n".join(BODY.split("\n")[:3])
    assert _relation(f"{OTHER}\n{statement}\n{OTHER[:400]}", statement) == "contains"


def test_relation_reads_from_the_smaller_id() -> None:
    """A match is stored once, from the smaller article id, whichever way it is asked."""
    page, story = _document("z", f"{STORY}\n{OTHER}"), _document("a", STORY)
    found = match.compare(page, story)
    assert found is not None
    assert (found.article_id, found.of_article_id, found.relation) == ("a", "z", "contained_in")
    assert match.swapped(found).relation == "contains"
    assert match.swapped(match.swapped(found)) == found


def test_interview_quoted_in_part_is_not_the_interview() -> None:
    """Two sentences quoted from an interview in another piece do not join the two."""
    quotation = BODY.split("\n")[1]
    assert _relation(STORY, f"{OTHER}\n{quotation}") is None


# Figures and wording ------------------------------------------------------------------------


def test_refusal_names_the_figures_that_differ() -> None:
    """The explanation of a refused template pair shows which figures differ."""
    this = _price_report("Friday", "74,500", "69,200", "812", "down 1.8")
    last = _price_report("Friday", "75,900", "70,100", "835", "down 0.6")
    found = match.explain(_document("a", this), _document("b", last))
    assert ("74500", "75900") in found.numbers_examples
    assert "74500 / 75900" in found.reason
    assert found.numbers_differ >= 3


def test_explanation_is_given_for_every_verdict() -> None:
    """Each comparison has a sentence, whatever it comes to."""
    for left, right in ((STORY, STORY), (STORY, OTHER), (STORY, LEDE), (STORY, STORY + OTHER)):
        assert match.explain(_document("a", left), _document("b", right)).reason


def test_learned_boilerplate_does_not_count() -> None:
    """Shingles handed in as boilerplate are left out of both sides."""
    common = OTHER.split("\n")[0] + " " + OTHER.split("\n")[1]
    one, other = _document("a", f"{LEDE} {common}"), _document("b", f"{BODY[:300]} {common}")
    learned = match.prepare(_document("c", common)).shingles
    assert match.weigh(match.prepare(one), match.prepare(other)).containment > 0.5
    left, right = match.prepare_all([one, other], boilerplate=learned)
    assert match.weigh(left, right).containment < 0.1


@pytest.mark.parametrize(
    ("bands", "sketch", "expected"), [(1, 0, True), (0, 2, True), (0, 1, False), (0, 0, False)]
)
def test_wanted_asks_for_a_band_or_two_sketch_keys(bands: int, sketch: int, expected: bool) -> None:
    """One shared band, or two shared sketch keys, are worth a comparison."""
    pair = CandidatePair(
        article_id="a", of_article_id="b", shared_bands=bands, shared_sketch=sketch
    )
    assert match.wanted(pair) is expected


def test_article_is_not_matched_with_itself() -> None:
    """The same id twice is no pair."""
    assert match.compare(_document("a", STORY), _document("a", STORY)) is None


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_two_texts_compare_the_same_both_ways(left: str, right: str) -> None:
    """No text raises, and the verdict does not depend on the order."""
    a, b = _document("a", left), _document("b", right)
    found = match.compare(a, b)
    assert found == match.compare(b, a)
    if isinstance(found, Match):
        assert found.article_id < found.of_article_id
        assert 0 <= found.jaccard <= found.containment <= 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("cell " * 9_000, "cell " * 8_000),
        ("1 2 " * 6_000, "2 1 " * 6_000),
        (STORY * 25, "x" + STORY * 22),
        ("cookie newsletter " * 4_000, "cookie newsletter " * 3_900),
        ("电池" * 9_000, "池电" * 9_000),
    ],
)
def test_long_and_repetitive_texts_are_compared_in_a_moment(left: str, right: str) -> None:
    """Texts of tens of kilobytes that repeat themselves neither hang nor raise."""
    a, b = _document("a", left), _document("b", right)
    assert match.compare(a, b) == match.compare(b, a)


# On real news -------------------------------------------------------------------------------

_BBC = Path(__file__).parents[2] / "../shared/data/neardup"


@pytest.mark.skipif(not _BBC.exists(), reason="the labelled news is not beside the repository")
def test_labelled_news_pairs_are_told_apart() -> None:
    """Of the labelled BBC pairs 95 % of the copies match and at most 5 % of the others do."""
    with gzip.open(_BBC / "bbc.articles.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = {row["url"]: row for row in map(json.loads, lines)}
    found: dict[str, list[bool]] = {"dup": [], "distinct": [], "ambiguous": []}
    for line in (_BBC / "bbc.pairs.jsonl").read_text(encoding="utf-8").splitlines():
        pair = json.loads(line)
        a, b = (
            Document(article_id=url, text=rows[url]["text"], title=rows[url]["title"])
            for url in (pair["a"], pair["b"])
        )
        verdict = match.explain(a, b).relation
        found[pair["label"]].append(verdict in ("exact", "near"))
    assert sum(found["dup"]) >= 0.95 * len(found["dup"])
    assert sum(found["distinct"]) <= 0.05 * len(found["distinct"])
