"""Texts that share most of their words and tell two stories."""

from dataclasses import replace

import pytest

from dedupe import match
from dedupe.models import Document
from tests.dedupe.hard_cases_support import NOON, relation


def _filled(form: str, *values: str) -> str:
    for number, value in enumerate(values):
        form = form.replace(f"<{number}>", value)
    assert "<" not in form
    return form


QUARTER = (
    "Hallmark Cathodes reported a <0> profit for the <1> quarter on Thursday as sales of "
    "nickel-rich material to cell makers in Korea and Poland <2>.\n"
    "Net income came to <3> million dollars, or <4> cents a share, against <5> million, or <6> "
    "cents, a year before. Revenue was <7> million dollars. Analysts polled by a data provider had "
    "on average expected <8> million in revenue and <9> cents a share.\n"
    "The gross margin stood at <10> percent. Shipments of cathode material reached <11> tonnes, "
    "and the plant in Ostrava ran at <12> percent of its capacity. Cash at the end of the quarter "
    "was <13> million dollars.\n"
    '"Our customers continue to plan for growth, and we continue to qualify new material with '
    'them," said chief executive Robert Vanek. The company confirmed its outlook for the year and '
    "said that it would hold a call for analysts at 3 p.m. local time.\n"
    "Hallmark, founded in 1998, makes active material for lithium-ion cells and takes back "
    "production scrap, from which it recovers nickel, cobalt and lithium."
)

RECALL = (
    "Tarran Motors is recalling <0> of its <1> electric vans of model years <2> to <3> in the "
    "United States because the high-voltage battery may catch fire while the vehicle is parked, "
    "the road safety agency said.\n"
    "A torn anode tab and a folded separator in the same cell can lead to a short circuit. Owners "
    "are told to park outside and away from buildings until the repair is done, and not to charge "
    "beyond <4> percent. Tarran knows of <5> fires and no injuries.\n"
    "Dealers will inspect the modules free of charge and replace those that are faulty. Letters "
    "to owners are to be mailed on <6>. Owners may call Tarran's customer service at "
    "1-800-555-0170. The manufacturer's number for this recall is <7>. They may also call the "
    "agency's vehicle safety hotline or go to its website and enter the identification number."
)

TENDER = (
    "The grid operator Transvolta invites bids for lot <0> of its programme for battery storage. "
    "The lot covers the design, delivery and commissioning of a plant of <1> megawatts and <2> "
    "megawatt hours next to the substation at <3>, with a connection at <4> kilovolts, and its "
    "maintenance for 15 years.\n"
    "Bidders must show that they have built at least two plants of half the size or more in the "
    "past five years, that they carry insurance, and that they are not barred from public orders. "
    "A guarantee of <5> euros is to be lodged with the bid. Bids in a foreign language must be "
    "accompanied by a certified translation.\n"
    "The papers can be had from the procurement platform without a fee. Questions are answered "
    "until <6>; bids are opened on <7> at 10:00 in the presence of bidders. The award goes to the "
    "bid with the lowest cost over the life of the plant, with 20 percent of the points given for "
    "recycled content and noise. Appeals go to the review chamber within ten days."
)

WEATHER = (
    "Drivers in <0> should expect frost on the roads in the early morning, the weather service "
    "said. The temperature falls to <1> degrees during the night and reaches <2> degrees by the "
    "afternoon. The wind blows from the <3> at <4> kilometres an hour, with gusts of up to <5> on "
    "exposed bridges.\n"
    "Electric cars lose about a fifth of their range in such cold. The automobile club advises to "
    "heat the cabin while the car is still plugged in, to use the seat heating and to plan a "
    "longer stop for charging. Tyres should be checked, as the pressure drops with the cold.\n"
    "The chance of <6> is <7> percent. The sun rises at <8> and sets at <9>. The outlook for the "
    "following days: <10>."
)

APPOINTMENT = (
    "<0> has appointed <1> as chief financial officer, the company said in a statement, in "
    "succession to <2>, who is leaving to pursue other opportunities. <3> will take up the post at "
    "the beginning of next month and will be a member of the management board.\n"
    "<3>, who holds a degree in economics, brings many years of experience in leading financial "
    "teams in fast-growing industrial companies, most recently at <4>. In the new role <3> will be "
    "responsible for accounting, treasury, tax, investor relations and information technology.\n"
    '"We are delighted to welcome a leader of this calibre at such an exciting moment for our '
    'company," said <5>, chair of the board. "The board is convinced that the appointment will '
    'help us to deliver on our strategy and to create lasting value for our shareholders."\n'
    "The company thanked <2> for an outstanding contribution to building a strong financial "
    "organisation and for the commitment to an orderly handover, and wished every success for the "
    "future. The search was supported by an international consultancy."
)

TABLE = (
    "Battery metals at the close in Shanghai, in yuan a tonne unless stated otherwise\n"
    "Lithium carbonate 99.5 pct <0>\nLithium hydroxide coarse 68,400\nLithium hydroxide fine "
    "73,100\nSpodumene 6 pct cif China, dollars 812\nCobalt metal <1>\nCobalt sulphate 48,900\n"
    "Cobalt tetroxide 204,000\nNickel briquette 127,450\nNickel sulphate <2>\nManganese sulphate "
    "6,120\nGraphite flake 3,950\nGraphite spherical 14,200\nIron phosphate <3>\nLithium iron "
    "phosphate 34,300\nTernary material 523 type 119,000\nTernary material 811 type <4>\n"
    "Electrolyte for iron phosphate cells 18,650\nElectrolyte for ternary cells 23,200\nSeparator "
    "nine micron, yuan a square metre 0.76\nCopper foil six micron <5>\nAluminium foil twelve "
    "micron 31,800\nPrices include value added tax of 13 percent and are assessed from deals and "
    "offers that were reported to the exchange's information service until 16:30 local time."
)

FIRST_DAY = (
    "The island of Gotland was without power for six hours on Tuesday after both sea cables "
    "tripped within a minute, the grid operator said, cutting off 61,000 people.\n"
    "Hospitals ran on diesel and the airport at Visby sent four flights back. The lights came on "
    "again at 19:40 when the older of the two cables was switched back in by hand.\n"
    "Nobody was hurt, said regional director Karin Ekdahl. The cause was being looked for; there "
    "was no sign of an attack, she said.\n"
)
BACKGROUND = (
    "The two cables were laid in 1983 and 1987 and were to be replaced by 2031. Parliament has "
    "argued for years about who should pay the 5.6 billion crowns that a new connection costs.\n"
    "Gotland has more wind power a head than any other part of Sweden and sends what it does not "
    "need to the mainland. Without the cables the mills have to be stopped since nothing holds "
    "the frequency.\n"
    "A battery of 20 megawatts that could start the grid from nothing was proposed in 2022 by the "
    "local utility and turned down as too expensive."
)
NEXT_DAY = (
    "A relay that was set wrongly during maintenance in March caused the blackout that hit Gotland "
    "on Tuesday, investigators said a day later, and the same fault could come back at any time.\n"
    "The device measured the current in one cable and believed that it saw both. When a seal "
    "rubbed against a sensor the protection opened all breakers, the head of the inquiry, Mats "
    "Thorell, told reporters in Visby. Settings in nine other substations are being compared.\n"
    "Businesses demand compensation. A dairy had to pour away 30,000 litres of milk, and the ferry "
    "company counts its loss at two million crowns. The operator's insurer said that it would look "
    "at each claim and that relays were not excluded.\n"
)

QUOTATION = (
    '"We have been told for ten years that solid-state cells are three years away. I have stopped '
    "counting. What I can tell you is that we sold every cell that we made with graphite and "
    "liquid electrolyte last year, and that we will do so again this year. Let others run "
    'laboratories; we run a factory," Okafor said.'
)


def test_quarter_results_one_year_apart_are_not_matched() -> None:
    """The same form a year on, with the old result as the comparison."""
    this = _filled(
        QUARTER, "higher", "first", "rose", "41.2", "33", "36.0", "29", "402.7", "395", "31",
        "18.4", "12,300", "84", "211",
    )  # fmt: skip
    last = _filled(
        QUARTER, "lower", "first", "fell", "36.0", "29", "44.9", "36", "371.5", "380", "32",
        "16.9", "11,150", "77", "188",
    )  # fmt: skip
    titles = ("Hallmark Cathodes first-quarter profit up", "Hallmark Cathodes profit down")
    assert relation(last, this, titles[::-1], hours=364 * 24) is None
    assert relation(last, this) is None


@pytest.mark.parametrize("hours", [0.0, 5.0, 30.0])
def test_recalls_of_two_model_years_are_not_matched(hours: float) -> None:
    """One maker, one fault, one form, two recalls."""
    one = _filled(RECALL, "14,200", "Courier", "2021", "2022", "80", "three", "12 June", "26-S04")
    other = _filled(RECALL, "8,750", "Courier", "2023", "2024", "90", "one", "26 June", "26-S05")
    assert relation(one, other, hours=hours) is None


@pytest.mark.parametrize("hours", [0.0, 30.0])
def test_tender_notices_of_two_lots_are_not_matched(hours: float) -> None:
    """Two plants are asked for on one form."""
    one = _filled(TENDER, "3", "50", "200", "Altenfeld", "110", "250,000", "12 May", "9 June")
    other = _filled(TENDER, "4", "80", "160", "Redwitz", "220", "400,000", "12 May", "9 June")
    assert relation(one, other, hours=hours) is None


def test_weather_of_two_towns_on_one_day_is_not_matched() -> None:
    """One morning's forecast, filled in for two towns."""
    one = _filled(
        WEATHER, "Tampere", "-14", "-6", "north", "22", "50", "snow", "20", "9:12", "15:31",
        "cold and dry",
    )  # fmt: skip
    other = _filled(
        WEATHER, "Kuopio", "-19", "-11", "east", "15", "35", "snow", "40", "9:08", "15:02",
        "cold with some snow",
    )  # fmt: skip
    assert relation(one, other) is None


def test_weather_of_one_town_on_two_days_is_not_matched() -> None:
    """One town's forecast of today and of tomorrow."""
    one = _filled(
        WEATHER, "Tampere", "-14", "-6", "north", "22", "50", "snow", "20", "9:12", "15:31",
        "cold and dry",
    )  # fmt: skip
    other = _filled(
        WEATHER, "Tampere", "-9", "-4", "west", "30", "65", "sleet", "70", "9:10", "15:33",
        "milder with rain",
    )  # fmt: skip
    titles = ("Weather for drivers in Tampere", "Weather for drivers in Tampere")
    assert relation(one, other, titles, hours=24) is None


def test_appointments_at_two_firms_from_one_form_are_not_matched() -> None:
    """Not one figure stands in them; the names tell them apart."""
    one = _filled(
        APPOINTMENT, "Voltacell", "Anna Hartwig", "Joseph Bruder", "Hartwig", "Lindener Stahl",
        "Karl Anders",
    )  # fmt: skip
    other = _filled(
        APPOINTMENT, "Amperion Holdings", "Deepak Rao", "Susan Whitfield", "Rao", "Eastgate Foods",
        "Maria Delgado",
    )  # fmt: skip
    titles = ("Voltacell names finance chief", "Amperion appoints Rao as finance chief")
    assert relation(one, other, titles) is None
    assert relation(one, other) is None


def test_appointment_shared_by_two_papers_is_near() -> None:
    """The same names in the same form are the same appointment."""
    names = ("Voltacell", "Anna Hartwig", "Joseph Bruder", "Hartwig", "Lindener Stahl", "K. Anders")
    text = _filled(APPOINTMENT, *names)
    shorter = "Voltacell has a new head of finance.\n" + "\n".join(text.split("\n")[:3])
    assert relation(text, shorter) == "near"


def test_daily_metal_table_of_which_six_of_twenty_prices_moved_is_not_matched() -> None:
    """Most quotations stand still; it is another day's table all the same."""
    one = _filled(TABLE, "74,500", "231,000", "27,900", "11,050", "141,500", "92,300")
    other = _filled(TABLE, "74,150", "233,500", "27,750", "10,980", "142,000", "92,900")
    titles = ("Battery metals, closing prices", "Battery metals, closing prices")
    assert relation(one, other, titles, hours=24) is None


def test_table_of_another_month_of_which_four_of_thirty_prices_moved_is_not_matched() -> None:
    """Six quotations in seven stand still, and the month in the heading does not."""
    rows = "\n".join(
        f"Grade {chr(65 + n)} of black mass, delivered, {n * 137 + 4000}" for n in range(26)
    )
    form = f"Black mass assessed in <0>, in yuan a tonne\n<1>\n<2>\n<3>\n<4>\n{rows}"
    first, later = (
        _filled(
            form,
            month,
            *(f"Cell scrap of kind {chr(75 + n)}, bales {n * 911 + moved}" for n in range(4)),
        )
        for month, moved in (("September", 5100), ("October", 5230))
    )
    titles = ("Black mass prices of the month", "Black mass prices of the month")
    assert relation(first, later, titles, hours=48) is None
    assert relation(first, first + "\nMore prices for subscribers.", titles, hours=2) == "near"


def _by_columns(rows: list[tuple[str, ...]]) -> str:
    return "\n".join(" ".join(cells) for cells in zip(*rows, strict=True))


@pytest.mark.parametrize(("moved", "found"), [(0, "near"), (130, None)])
def test_table_read_by_rows_and_by_columns_is_near_on_one_day_only(
    moved: int, found: str | None
) -> None:
    """Hardly any run of words is the same, all words and figures are."""
    words = [
        "Antofagasta",
        "Bikita",
        "Cauchari",
        "Dexing",
        "Egerton",
        "Finniss",
        "Greenbushes",
        "Hombre",
        "Itinga",
    ]
    kinds = ["brine", "spodumene", "petalite", "clay"]
    rows = [
        (f"{place} {kind}", f"{n * 37 + 4100}", f"{kind} of {place} sold to {other} works")
        for n, (place, other, kind) in enumerate(
            (place, other, kind)
            for kind in kinds
            for place, other in zip(words, words[::-1], strict=True)
        )
    ]
    heading = "Deliveries of concentrate by mine and kind, in tonnes, as the ports counted them.\n"
    by_rows = heading + "\n".join(" ".join(row) for row in rows)
    other_day = [(mine, str(int(count) + moved + 3 * n % (moved + 1)), sold)
                 for n, (mine, count, sold) in enumerate(rows)]  # fmt: skip
    assert relation(by_rows, heading + _by_columns(other_day)) == found


def test_daily_metal_table_on_two_sites_is_near() -> None:
    """The table of one day, with one site's heading cut."""
    one = _filled(TABLE, "74,500", "231,000", "27,900", "11,050", "141,500", "92,300")
    assert relation(one, one.split("\n", 1)[1], hours=2) == "near"


def test_follow_up_of_the_next_day_with_old_background_is_not_matched() -> None:
    """40 % of the follow-up stood in the report of the day before."""
    titles = ("Power cut on Gotland leaves 61,000 in the dark", "Relay caused Gotland power cut")
    assert relation(FIRST_DAY + BACKGROUND, NEXT_DAY + BACKGROUND, titles, hours=24) is None
    assert relation(FIRST_DAY + BACKGROUND, NEXT_DAY + BACKGROUND, hours=24) is None


def test_one_quotation_in_two_reports_is_not_a_match() -> None:
    """Two reporters at one press conference wrote down the same 60 words."""
    one = (
        "Lagos - The Nigerian cell maker Sunwatt will double its output next year and pay its "
        "first dividend, founder Emeka Okafor said at the annual meeting of shareholders.\n"
        f"{QUOTATION}\n"
        "The dividend is to be 40 kobo a share. Shareholders asked why the firm had not bought "
        "land for a second site while it was cheap; Okafor answered that the first was half empty. "
        "The auditors signed the accounts without remarks."
    )
    other = (
        "Is the wonder battery coming? Carmakers promise ranges of a thousand kilometres, and "
        "start-ups collect billions for ceramics as thin as hair. Those who make cells today "
        "shrug.\n"
        f"{QUOTATION}\n"
        "Researchers in Giessen see it otherwise. Pressure, not chemistry, is what is left to be "
        "solved, they write: a cell that breathes needs a spring, and springs weigh. Their sample "
        "survived 800 cycles in a vice."
    )
    assert relation(one, other, hours=6) is None


def test_translated_report_is_not_a_duplicate() -> None:
    """A Spanish translation keeps names, figures and order, and none of the words."""
    english = FIRST_DAY + BACKGROUND
    spanish = (
        "La isla de Gotland estuvo seis horas sin luz el martes después de que los dos cables "
        "submarinos se desconectaran en menos de un minuto, informó el operador de la red, lo que "
        "dejó a oscuras a 61.000 personas.\n"
        "Los hospitales funcionaron con diésel y el aeropuerto de Visby devolvió cuatro vuelos. La "
        "luz volvió a las 19:40, cuando el más viejo de los dos cables fue conectado a mano.\n"
        "Nadie resultó herido, dijo la directora regional Karin Ekdahl. Los dos cables fueron "
        "tendidos en 1983 y 1987 y debían ser reemplazados antes de 2031. El Parlamento discute "
        "desde hace años quién debe pagar los 5.600 millones de coronas que cuesta una conexión."
    )
    assert relation(english, spanish, hours=3) is None


def test_chinese_price_reports_of_two_days_are_not_matched() -> None:
    """The form of a daily report in a script without spaces."""
    form = (
        "<0>电池级碳酸锂现货均价为每吨<1>元，较前一交易日<2><3>元；工业级碳酸锂均价为每吨<4>元。"
        "电池级氢氧化锂均价为每吨<5>元，锂辉石精矿到岸均价为每吨<6>美元。期货主力合约收盘报<7>元，"
        "成交量<8>手，持仓量<9>手。市场人士表示，下游正极材料厂商以刚需采购为主，"
        "贸易商报价积极，但实际成交有限。上游盐厂挺价意愿较强，预计短期内价格将维持震荡走势。"
        "后续仍需关注下游排产变化以及进口矿石到港情况，投资者应注意防范风险，理性参与交易。"
    )
    one = _filled(
        form, "周三", "74500", "上涨", "350", "72250", "68400", "812", "75120", "183000", "241000"
    )
    other = _filled(
        form, "周四", "74150", "下跌", "350", "71900", "68100", "806", "74480", "205000", "238000"
    )
    assert relation(one, other, hours=24) is None


def test_german_market_reports_of_two_days_are_not_matched() -> None:
    """A broker's daily report in German, the index and the winners filled in."""
    form = (
        "Der deutsche Aktienmarkt hat am <0> <1> geschlossen. Der Leitindex beendete den Handel "
        "mit <2> Punkten, <3> Prozent <4> als am Vortag. Der Index der mittelgroßen Werte "
        "stand bei <5> Punkten. Gefragt waren vor allem Titel aus der Autobranche, angeführt von "
        "<6> mit einem Plus von <7> Prozent. Am Ende der Liste fanden sich <8> mit einem Abschlag "
        "von <9> Prozent. Am Rentenmarkt lag die Rendite der zehnjährigen Bundesanleihe bei <10> "
        "Prozent. Der Euro kostete zuletzt <11> Dollar. Händler verwiesen auf die anstehenden "
        "Zahlen aus den Vereinigten Staaten und sprachen von dünnen Umsätzen."
    )
    one = _filled(
        form, "Dienstag", "fester", "24.310", "0,6", "höher", "30.120", "Norrvolt", "3,1",
        "Brennstahl", "2,2", "2,71", "1,1420",
    )  # fmt: skip
    other = _filled(
        form, "Mittwoch", "schwächer", "24.115", "0,8", "niedriger", "29.980", "Akkuwerk", "1,9",
        "Seehandel", "4,0", "2,68", "1,1465",
    )  # fmt: skip
    assert relation(one, other, hours=24) is None


def test_forms_fetched_in_one_hour_from_an_archive_are_no_updates_of_each_other() -> None:
    """Undated notices of one form, stored in one backfill, differ in half of their figures."""
    form = (
        "The Central Bank of Norland in Oddvik entered the Norland money market on behalf of its "
        "customers to arrange {} billion crowns of repurchase agreements, spokesman Per Storm "
        "said. Dealers said that overnight funds were trading at {} percent when the bank began "
        "its temporary and indirect supply of reserves to the banking system."
    )
    one, other = (
        Document(
            article_id=name, text=form.format(*figures), title="Bank adds reserves for customers",
            published_at=NOON, dated=dated,
        )
        for name, figures, dated in (("a", ("1.5", "6.25"), True), ("b", ("1.5", "6.75"), False))
    )  # fmt: skip
    found = match.explain(one, other)
    assert found.relation is None
    assert found.form
    assert match.compare(one, replace(other, dated=True)) is not None
