"""Copies of one story at the length that they have in the news, each changed in its own way."""

import pytest

from dedupe import match
from dedupe.models import Document
from tests.dedupe.hard_cases_support import NOON, relation

BLAST = (
    "An explosion at a lithium battery warehouse on the outskirts of Busan killed at least 12 "
    "people and injured 40 on Wednesday, fire officials said, in one of the worst industrial "
    "accidents in South Korea for years.\n"
    "The fire broke out shortly before 10:30 on the second floor of a building in which 35,000 "
    "cells were stored, and spread within seconds, the head of the city's fire service, Kim "
    "Jin-ho, told reporters at the scene. About 160 firefighters were sent to the site.\n"
    "Most of the 12 victims were foreign workers who had been hired by the day through an agency "
    'and did not know the way out, he said. "They ran to the wall instead of to the stairs," Kim '
    "said.\n"
    "Television pictures showed thick smoke rising from the plant and blasts going off one after "
    "another as cells caught fire. The owner, Hanbit Cell, which makes primary batteries for "
    "meters and radios, said it would cooperate with the investigation.\n"
    "The labour ministry ordered inspections of all battery stores in the country."
)

RELEASE = (
    "Karoo Manganese Ltd, a developer of high-purity manganese for batteries, today announced "
    "that it has signed a binding agreement with Stellaria Motors for the supply of 48,000 tonnes "
    "of manganese sulphate over six years from its refinery in Nelspruit, South Africa.\n"
    "Deliveries will start in the second half of 2028, when the second line of the refinery is "
    "due to be finished. The price is tied to a published index, with a floor that covers the "
    "cost of production.\n"
    '"This agreement places us in the first row of producers outside China," said chief executive '
    'Thandi Mokoena. "It also lets us close the financing of our second line before the end of '
    'the year."\n'
    "Stellaria will use the material in lithium manganese iron phosphate cells for its small cars "
    "built in Portugal and Morocco. The carmaker's head of purchasing, Luc Ferrand, said that the "
    "agreement covered a third of its needs and that the rest would come from recycling.\n"
    "Karoo has spent 190 million dollars on the site since 2022 and employs 310 people there. A "
    "decision about a third line will be taken when the second has run for a year, the company "
    "said, and depends on the tariff for electricity that the national utility will ask."
)
ABOUT = (
    "\nAbout Karoo Manganese: Karoo Manganese mines, refines and sells manganese products for the "
    "steel and battery industries and is listed in Johannesburg and Sydney.\nContact: Pieter "
    "Naude, investor relations, telephone +27 13 555 0142."
)

OBITUARY = (
    "Ingrid Solberg, the Norwegian chemist whose work on layered oxides made the first "
    "rechargeable lithium cells last for more than a thousand charges, died in Trondheim on "
    "Sunday. She was 91.\n"
    "Her death was confirmed by her daughter, Marit Solberg.\n"
    "Born above a bakery in Narvik in 1935, the fourth of six children, she learned chemistry from "
    "a pharmacist who let her wash bottles and, by her own account, spoil a good part of his "
    "stock. She was the only woman of her year at the technical college.\n"
    "In 1974, while looking for a way to keep sea water out of ships' batteries, she noticed that "
    "a powder which had been left in the oven over Easter by mistake took up lithium and gave it "
    "back without falling apart. It took nine years and four rejected papers until the finding "
    "was printed.\n"
    "The firms that made a fortune from it paid her nothing, and she said that she had not asked. "
    '"I had a salary and a boat," she told a newspaper in 2003.\n'
    "She retired in 2001 and taught evening classes in Trondheim until she was 80. A street at the "
    "college carries her name, and so does a prize for young chemists. She is survived by two "
    "daughters and five grandchildren."
)

GERMAN = (
    "Der Netzbetreiber Nordstrom hat in Brunsbüttel den größten Batteriespeicher Deutschlands in "
    "Betrieb genommen. Die Anlage hat eine Leistung von 240 Megawatt und kann 480 Megawattstunden "
    "aufnehmen, wie das Unternehmen am Montag mitteilte. Das entspricht dem Tagesverbrauch von "
    "rund 48.000 Haushalten.\n"
    "Der Speicher steht auf dem Gelände des früheren Kernkraftwerks und nutzt dessen Anschluss an "
    "das Höchstspannungsnetz. Er soll überschüssigen Windstrom aufnehmen, wenn die Leitungen nach "
    "Süden ausgelastet sind, und ihn am Abend wieder abgeben. Die Baukosten lagen nach Angaben des "
    "Unternehmens bei 130 Millionen Euro; öffentliche Zuschüsse gab es nicht.\n"
    "Landesenergieministerin Petra Claasen sprach von einem wichtigen Schritt. „Jede Stunde, in "
    "der wir Windräder abschalten, kostet die Kunden Geld“, sagte sie bei der Eröffnung. Die "
    "Bürgerinitiative vor Ort forderte dagegen mehr Abstand zur Wohnbebauung und ein eigenes "
    "Löschkonzept für die Container.\n"
    "Nordstrom plant vier weitere Speicher dieser Größe. Der nächste soll 2028 bei Magdeburg ans "
    "Netz gehen. Die Zellen liefert ein chinesischer Hersteller, die Wechselrichter kommen aus "
    "Kassel."
)

CHINESE = (
    "工业和信息化部周二发布新的动力电池安全标准，要求电池包在单个电芯热失控后两小时内不起火、"
    "不爆炸，新规将于明年七月一日起对新申报车型实施，在产车型可延后十三个月执行。"
    "新标准首次加入底部撞击试验和快充循环后的安全试验，规定电池在完成三百次快充之后仍须通过外部短路测试。"
    "行业协会表示，目前已有约七成企业的产品能够达到要求，但中小企业需要增加隔热材料和监测装置，"
    "每辆车的成本预计上升五百至一千元。分析人士认为，标准的提高将加快行业整合，"
    "缺乏研发能力的厂商可能在两年内退出市场。多家整车企业回应称，旗下主力车型早已按照更严格的内部标准设计，"
    "新规不会影响供货和售价。部分消费者组织则希望主管部门公开每一款车型的试验结果，便于购车者比较。"
)

JAPANESE = (
    "自動車大手の東海自動車は７日、愛知県豊橋市に全固体電池の量産工場を建設すると発表した。"
    "投資額は約２４００億円で、２０２９年の稼働を目指す。年間の生産能力は電気自動車およそ１５万台分に当たる。"
    "新工場では硫化物系の固体電解質を使い、充電時間を従来の３分の１に短縮するという。"
    "同社の山岸健一社長は記者会見で「量産の課題だった歩留まりに見通しが立った」と述べた。"
    "材料は出光系の化学会社から調達し、まず高級車に搭載したうえで、順次小型車にも広げる方針だ。"
    "国内の電池産業をめぐっては政府が補助金を拡充しており、今回の計画も対象になる見込みだ。"
    "一方、中国勢も試作品の公開を急いでおり、量産時期をめぐる競争が激しくなっている。"
)

CAR = (
    "The new Avelar E3 will go on sale in October for 32,900 euros and travel 310 miles on a "
    "charge, the carmaker said on Thursday, undercutting its closest rival by almost a tenth.\n"
    "The hatchback weighs 3,420 pounds and gets from a standstill to 60 mph in 7.4 seconds. Its "
    "iron phosphate battery holds 58 kilowatt hours and fills from 10 to 80 percent in 24 "
    "minutes, a little slower than the competition. Towing is limited to 1,650 pounds.\n"
    "Avelar has built the car on a platform of its own after a joint venture with a Chinese "
    "partner came apart last year. The first 5,000 buyers get a wall charger for nothing, worth "
    "890 euros. A version with a larger battery and four driven wheels will follow next spring "
    "for about 38,500 euros.\n"
    "Dealers said that they had taken 11,000 orders without a price being known. The plant in "
    "Vigo can build 120,000 cars a year, and a third shift is being talked about with the unions."
)


def test_higher_death_toll_an_hour_later_is_near() -> None:
    """One count that rose, wherever it stands, is news of the same event."""
    later = BLAST.replace("at least 12 people", "at least 15 people").replace("12 victims", "15 v")
    later = later.replace("injured 40", "injured 52").replace("15 v", "15 victims")
    titles = ("Battery warehouse blast kills 12", "Death toll in battery warehouse blast at 15")
    assert relation(BLAST, later, titles, hours=1) == "near"


def test_higher_death_toll_in_a_short_alert_is_near() -> None:
    """An alert of two paragraphs has few figures, and two of them moved."""
    alert = "\n".join(BLAST.split("\n")[:2])
    later = alert.replace("at least 12", "at least 16").replace("injured 40", "injured 57")
    assert relation(alert, later, hours=1) == "near"


def test_alert_and_the_full_report_two_hours_later_are_near() -> None:
    """A first paragraph grows into a report that opens with it."""
    assert relation(BLAST.split("\n")[0], BLAST, hours=2) == "near"


def test_corrected_report_with_its_note_is_near() -> None:
    """CORRECTED in the title, a note in brackets, three figures put right."""
    wrong = RELEASE.replace("48,000", "84,000").replace("six years", "9 years")
    wrong = wrong.replace("190 million", "90 million").replace("310 people", "130 people")
    right = f"(Corrects tonnage in paragraph 1, spending and staff in paragraph 5)\n{RELEASE}"
    titles = ("Karoo to supply Stellaria", "CORRECTED-Karoo to supply Stellaria")
    assert relation(wrong.replace("9 years", "six years"), right, titles, hours=3) == "near"


def test_press_release_and_its_print_without_the_about_text_are_near() -> None:
    """A trade paper drops the contact block and puts its own sentence in front."""
    printed = RELEASE.replace("today announced that it has", "has").replace(
        "the company said, and", "it said, and"
    )
    lede = "Another carmaker locks in battery metals from Africa.\n"
    assert relation(RELEASE + ABOUT, lede + printed) == "near"


def test_press_release_and_a_light_rewrite_are_near() -> None:
    """A desk rewrites the opening and two verbs a sentence, and keeps the order and quotations."""
    rewrite = (
        "South African miner Karoo Manganese has won Stellaria Motors as a customer for its "
        "refinery in Nelspruit.\n"
        "It will supply 48,000 tonnes of manganese sulphate over six years. Deliveries will start "
        "in the second half of 2028, when the second line of the refinery is due to be finished. "
        "The price follows a published index, with a floor that covers the cost of production.\n"
        '"This agreement places us in the first row of producers outside China," chief executive '
        'Thandi Mokoena said. "It also lets us close the financing of our second line before the '
        'end of the year."\n'
        "Stellaria will use the material in lithium manganese iron phosphate cells for its small "
        "cars built in Portugal and Morocco. Head of purchasing Luc Ferrand said that the "
        "agreement covered a third of its needs and that the rest would come from recycling.\n"
        "Karoo has spent 190 million dollars on the site since 2022 and employs 310 people there."
    )
    assert relation(RELEASE + ABOUT, rewrite, hours=5) == "near"


def test_embargoed_release_with_two_local_quotations_is_near() -> None:
    """Two papers print one release at the same hour, each with a neighbour's opinion."""
    paragraphs = RELEASE.split("\n")
    valley = (
        "Farmer Willem Botha, whose orange groves lie next to the refinery, said he feared for his "
        "bore hole and wanted the water tested by somebody whom the company does not pay."
    )
    coast = (
        "In Setubal, union secretary Ana Lopes welcomed the news and said that six hundred workers "
        "of the old gearbox plant had waited three years for a sign that small cars would stay."
    )
    one = "\n".join((*paragraphs[:2], valley, *paragraphs[2:]))
    other = "\n".join((*paragraphs[:3], coast, *paragraphs[3:4]))
    titles = ("Nelspruit refinery wins big order", "Manganese for our small cars is secured")
    assert relation(one, other, titles) == "near"


def test_obituary_and_its_shortened_copy_are_near() -> None:
    """A regional paper keeps the opening, the discovery and the family, in half the words."""
    first, _, _, discovery, _, last = OBITUARY.split("\n")
    short = "\n".join((first, discovery, last.split(". ")[-1]))
    assert relation(OBITUARY, short, hours=20) == "near"


def test_obituary_under_a_new_dateline_and_byline_is_near() -> None:
    """The name of another desk above the text changes nothing."""
    one = f"TRONDHEIM, Norway (NTB) - {OBITUARY}"
    other = f"By Kari Moen, science correspondent\nUpdated 6 May 2026 14:05\n{OBITUARY}"
    assert relation(one, other) == "near"


@pytest.mark.parametrize("share", [0.1, 0.15, 0.2, 0.25])
def test_tenth_to_quarter_of_a_report_is_near(share: float) -> None:
    """A tenth to a quarter of the words, cut in mid-sentence, is the same story."""
    tokens = RELEASE.split(" ")
    assert relation(" ".join(tokens[: round(len(tokens) * share)]), RELEASE + ABOUT) == "near"


@pytest.mark.parametrize("share", [0.15, 0.25, 0.5])
def test_part_of_a_chinese_report_is_near(share: float) -> None:
    """The same for a text without spaces, behind another site's dateline."""
    assert relation("【财经网讯】" + CHINESE[: round(len(CHINESE) * share)], CHINESE) == "near"


def test_japanese_copy_with_a_new_opening_is_near() -> None:
    """A portal writes its own first sentence over an agency's text."""
    opening = "次世代の電池をめぐる開発競争で、国内大手が大型投資に踏み切る。"
    body = JAPANESE.split("。", 1)[1]
    titles = ("全固体電池の量産工場を建設", "東海自動車、豊橋に電池新工場")
    assert relation(JAPANESE, opening + body, titles) == "near"


def test_german_agency_text_cut_and_retitled_is_near() -> None:
    """Two of four paragraphs under another headline."""
    short = "Brunsbüttel (dpa) - " + "\n".join(GERMAN.split("\n")[:2])
    titles = ("Größter Batteriespeicher am Netz", "Nordstrom nimmt Anlage in Betrieb")
    assert relation(GERMAN, short, titles, hours=4) == "near"


def test_units_converted_for_other_readers_leave_one_story() -> None:
    """Kilometres for miles, kilograms for pounds, pounds sterling for euros."""
    metric = CAR
    for one, other in (
        ("310 miles", "499 kilometres"), ("3,420 pounds", "1,551 kilograms"),
        ("60 mph", "97 km/h"), ("1,650 pounds", "748 kilograms"), ("32,900 euros", "£28,400"),
        ("890 euros", "£770"), ("38,500 euros", "£33,200"),
    ):  # fmt: skip
        assert one in metric
        metric = metric.replace(one, other)
    assert relation(CAR, metric) == "near"


def test_british_and_american_spelling_is_near() -> None:
    """A desk's house style in spelling and percent signs."""
    other = RELEASE
    for british, american in (
        ("sulphate", "sulfate"), ("tonnes", "tons"), ("cars", "automobiles"),
        ("electricity", "power"), ("dollars", "USD"), ("said", "stated"),
    ):  # fmt: skip
        other = other.replace(british, american)
    assert relation(RELEASE, other) == "near"


def test_live_blog_two_hours_later_is_near() -> None:
    """A blog that doubled at its top under one title is one story."""
    morning = "\n".join(f"10:{n}5 {p}" for n, p in enumerate(BLAST.split("\n")[::-1]))
    noon = (
        "12:40 The owner of the warehouse has been questioned for an hour, the prosecution says, "
        "and was then sent home. His lawyer spoke of a black day for the firm and its families.\n"
        "12:15 The fire is out, after four hours. Firefighters go through the ground floor with "
        "dogs; the second floor may not be entered since the ceiling could come down.\n"
        "11:50 The president has cut his journey to the south short and will visit the hospital "
        "this evening, his office says. Flags on public buildings are to fly at half mast.\n"
        "11:20 Neighbours within 500 metres have been asked to keep their windows shut. Samples of "
        "the air have shown no dangerous values so far, the ministry of the environment says."
    )
    titles = (
        "Live: fire at battery warehouse in Busan",
        "Live: fire at battery warehouse in Busan",
    )
    assert relation(morning, f"{noon}\n{morning}", titles, hours=2) == "near"


def test_teaser_of_three_sentences_with_read_more_is_near() -> None:
    """What a feed or a portal shows of an article is the article."""
    teaser = " ".join(OBITUARY.replace("\n", " ").split(". ")[:2]) + ". Read more on our website."
    assert relation(teaser, OBITUARY, hours=1) == "near"


def test_readers_comments_under_a_copy_leave_one_story() -> None:
    """What readers say below is not a second story."""
    comments = (
        "Comments (4)\nvoltfan72: Finally somebody outside China. Let us see whether they get the "
        "second line of that refinery up before the price of manganese falls again.\n"
        "Rosa M.: Nelspruit has had power cuts four days a week. How will they run a refinery?\n"
        "gearhead: A third of the needs of Stellaria is not nothing. The small cars were the "
        "problem, nobody could build the cells cheaply enough until now.\n"
        "Rosa M.: They will buy diesel like everyone, and then call the manganese green.\n"
        "oldminer: Worked in the Karoo for thirty years. The ore is good, the roads are not. Wish "
        "them luck with the deliveries to Portugal."
    )
    assert relation(RELEASE, f"{RELEASE}\n{comments}") == "near"


def test_teasers_of_other_stories_under_a_copy_leave_one_story() -> None:
    """Four related headlines with a sentence each do not make a page of several stories."""
    related = (
        "More from this section\nCopper mine in Zambia reopens. Pumps ran for a month.\n"
        "Ferry operator orders six hybrid ships. The first will sail to Bergen in 2029.\n"
        "Scooter sharing firm files for protection. Riders get deposits back, it says.\n"
        "Why sodium cells freeze less. Three charts from our laboratory."
    )
    assert relation(RELEASE, f"{RELEASE}\n{related}") == "near"


def test_undated_copy_is_near() -> None:
    """No date on one side takes nothing away."""
    a = Document(article_id="a", text=RELEASE + ABOUT, published_at=NOON)
    b = Document(article_id="b", text="\n".join(RELEASE.split("\n")[:4]))
    found = match.compare(a, b)
    assert found is not None
    assert found.relation == "near"
