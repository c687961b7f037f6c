"""The topic gate: what passes in each language, what must not pass alone."""

# ruff: noqa: E501 - samples of running text are easier to read whole
from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from ingest.topics import gate, topics_of

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"

ON_TOPIC = [
    ("en", "Carmaker delays its first electric pickup", "The company said on Monday that the electric truck would reach dealers a year late."),
    ("en", "Plant in Ohio starts making cells", "The battery plant will supply lithium-ion packs for two assembly lines."),
    ("en", "Sodium-ion pack survives cold test", "Engineers drove at minus 30 degrees."),
    ("de", "Neue Schnelllader an der A7", "An der Autobahn entstehen 40 Ladepunkte. Der Ladepark soll im Mai öffnen und E-Autos versorgen."),
    ("de", "Speicherprojekt in Bayern genehmigt", "Der Großspeicher fasst 200 MWh und soll das Netz entlasten."),
    ("de", "Zellfabrik in Heide wackelt", "Der Bau der Batteriefabrik ruht seit Wochen."),
    ("fr", "Une usine de batteries près de Douai", "La gigafactory emploiera mille personnes et livrera des voitures électriques françaises."),
    ("fr", "Bornes de recharge : le retard se creuse", "Le réseau compte moins de points de recharge que prévu."),
    ("es", "Argentina amplía su producción de litio", "La extracción de litio en el salar crecerá un tercio, según la empresa."),
    ("es", "Suben las ventas de coches eléctricos", "El mercado creció un 20 % en marzo."),
    ("zh", "宁德时代将在匈牙利建厂", "该公司表示，新工厂将为欧洲车企供应动力电池，明年投产。"),
    ("zh", "碳酸锂价格创年内新高", "分析师认为锂矿供应收紧是主要原因。"),
    ("ko", "배터리 3사 실적 개선", "LG에너지솔루션은 전기차 수요 회복으로 이차전지 출하가 늘었다고 밝혔다."),
    ("ko", "전기차 충전소 두 배로", "정부는 급속충전기 설치를 지원한다."),
    ("ja", "全固体電池の量産へ", "トヨタは電気自動車向けの電池を二〇二八年に量産する計画だ。"),
    ("ja", "系統用蓄電所が稼働", "北海道で国内最大級の蓄電池が運転を始めた。"),
    ("it", "Colonnine, il piano del governo", "Le stazioni di ricarica per auto elettriche saranno raddoppiate."),
    ("nl", "Laadpalen raken vol", "Het netwerk van laadpunten groeit te langzaam voor elektrische auto's."),
    ("pt", "Vendas de carros elétricos sobem", "O mercado de veículos elétricos cresceu no Brasil."),
    ("sv", "Ny batterifabrik i Skellefteå", "Fabriken ska tillverka litiumjonceller för elbilar."),
    ("pl", "Sprzedaż samochodów elektrycznych rośnie", "Stacje ładowania powstają w całym kraju."),
]  # fmt: skip

OFF_TOPIC = [
    ("en", "Man jailed for assault and battery", "He pleaded guilty to two counts of battery after a fight outside a bar."),
    ("en", "Retailer recalls AA batteries", "Shoppers should return the AA batteries bought in June to the toy store."),
    ("en", "Lithium helps patients with bipolar disorder", "Doctors found that lithium lowers the risk of relapse in patients."),
    ("en", "Tesla return with a new album", "The hard rock band Tesla will tour in autumn, playing songs from five albums."),
    ("en", "The forgotten rival of Nikola Tesla", "A biography tells of the inventor and of his quarrel with Edison."),
    ("en", "Choir sings in the park", "It was a warm evening and ev eryone stayed until late. The ev and the rest were typing errors."),
    ("en", "Council approves new library", "The building opens in May. " + "Residents welcomed the plan. " * 60 + "One speaker came by electric car."),
    ("de", "Artilleriebatterie verlegt", "Die Soldaten der Legebatterie-Debatte widersprachen dem Minister."),
    ("de", "Bundesliga: Union siegt", "Die Mannschaft gewann 2:0 gegen Mainz."),
    ("fr", "La batterie de cuisine de ma grand-mère", "Les casseroles en cuivre brillent encore."),
    ("es", "El batería del grupo deja la banda", "El músico anunció su salida tras diez años."),
    ("zh", "央行下调存款利率", "分析人士认为此举有助于稳定楼市。"),
    ("ko", "프로야구 개막전 매진", "서울 구장에는 이만 명이 모였다."),
    ("ja", "大相撲夏場所が開幕", "横綱は初日を白星で飾った。"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "title", "text"), ON_TOPIC)
def test_an_article_of_the_field_passes_in_its_language(language: str, title: str, text: str):
    """News on vehicles, cells, charging, storage and minerals passes, with at least one topic."""
    verdict = gate(title, text, language=language)
    assert verdict.on_topic, verdict
    assert verdict.topics


@pytest.mark.parametrize(("language", "title", "text"), OFF_TOPIC)
def test_words_with_other_meanings_do_not_pass_alone(language: str, title: str, text: str):
    """Crime, medicine, music, household cells and plain other news are held back."""
    assert not gate(title, text, language=language).on_topic


@pytest.mark.parametrize(("language", "title", "text"), ON_TOPIC)
def test_an_unknown_language_is_read_with_all_tables(language: str, title: str, text: str):  # noqa: ARG001
    """A wrong or missing language tag does not lose the article."""
    assert gate(title, text, language="").on_topic
    assert gate(title, text, language="xx").on_topic


def test_the_headline_weighs_more_than_a_late_mention():
    """The same term decides in the headline and does not at the end of a long text."""
    filler = "The council met again on Tuesday evening. " * 40
    assert gate("Electric buses for the town", filler).on_topic
    assert not gate("Council meets", filler + "Electric buses were mentioned.").on_topic


def test_topics_are_ordered_by_strength():
    """The topic that most of the text speaks of comes first."""
    slugs = topics_of(
        "Charging network doubles",
        "The charging network adds 500 fast chargers. Charging stations open in May. "
        "Drivers of electric cars asked for charging points.",
        "en",
    )
    assert slugs[0] == "charging"
    assert "electric-vehicles" in slugs


def test_evidence_names_the_terms_and_where_they_stand():
    """A user can see why an article passed."""
    verdict = gate("Gigafactory opens", "The battery plant makes cells.")
    assert "title:gigafactory" in [term.lower() for term in verdict.evidence]


def test_lower_case_ev_is_not_the_vehicle():
    """Only "EV" in capitals counts."""
    assert not gate("ev", "ev ev ev ev and more ev").on_topic
    assert gate("EV sales fall", "Sales fell.").on_topic


def test_general_news_of_2004_hardly_passes():
    """Of the BBC's 2,225 articles of 2004 and 2005 at most five are let through."""
    path = SHARED / "neardup" / "bbc.articles.jsonl.gz"
    if not path.exists():
        pytest.skip("shared BBC articles are not here")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][::3]
    passed = [row["url"] for row in rows if gate(row.get("title") or "", row["text"]).on_topic]
    assert len(passed) <= 5, passed
