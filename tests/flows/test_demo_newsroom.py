"""The demo newsroom: what the archive holds is what its truth file says, and all is invented."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from datetime import datetime
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from warcio.archiveiterator import ArchiveIterator

from flows.demo.build import build
from flows.demo.layouts import doubled
from flows.demo.sources import HERE, load, paragraphs, shown_text
from ingest.catalogue import load_feeds

REAL_NAMES = """
    Tesla BYD CATL Volkswagen VW Audi BMW Mercedes Daimler Porsche Opel Stellantis Renault Peugeot
    Citroën Nissan Toyota Honda Mazda Subaru Hyundai Kia Ford Rivian Lucid Polestar Volvo Geely NIO
    XPeng Zeekr Xiaomi Chery SAIC Jaguar Fiat Panasonic Samsung SK LG Northvolt Verkor Saft Umicore
    BASF Albemarle SQM Ganfeng Tianqi Livent Glencore Redwood QuantumScape Fluence Wärtsilä
    ChargePoint Electrify EVgo Ionity Fastned Allego Electrek InsideEVs Reuters Bloomberg dpa AFP
    Linde Siemens ABB Bosch Gotion EVE CALB Sungrow Hithium Rimac MAN Scania Tata Mahindra
    宁德时代 比亚迪 蔚来 小鹏 理想汽车 特斯拉 国轩 亿纬 トヨタ ホンダ 日産 パナソニック ソニー
"""


class Record(NamedTuple):
    """One response of the archive."""

    url: str
    at: datetime
    status: int
    content_type: str
    record_id: str
    etag: str
    body: bytes


@pytest.fixture(scope="module")
def built() -> dict[str, bytes]:
    return build()


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def records() -> list[Record]:
    found = []
    with (HERE / "newsroom.warc.gz").open("rb") as stream:
        for record in ArchiveIterator(stream):
            headers = record.http_headers
            found.append(
                Record(
                    url=record.rec_headers["WARC-Target-URI"],
                    at=datetime.fromisoformat(record.rec_headers["WARC-Date"]),
                    status=int(headers.get_statuscode()),
                    content_type=headers.get_header("Content-Type"),
                    record_id=record.rec_headers["WARC-Record-ID"],
                    etag=headers.get_header("ETag", ""),
                    body=record.content_stream().read(),
                )
            )
    return found


def answers(records: list[Record], url: str) -> list[Record]:
    return [record for record in records if record.url == url]


def html_of(record: Record) -> str:
    declared = re.search(rb'charset="?([\w-]+)', record.body)
    assert declared
    return unescape(record.body.decode(declared[1].decode()))


def test_a_second_build_is_the_same_as_what_is_bundled(built: dict[str, bytes]) -> None:
    """Building again gives the bundled files; the archive is compared record by record unpacked."""
    for name in ("expected.json", "feeds.toml"):
        assert built[name] == (HERE / name).read_bytes(), f"run python -m flows.demo.build: {name}"
    bundled = (HERE / "newsroom.warc.gz").read_bytes()
    assert gzip.decompress(built["newsroom.warc.gz"]) == gzip.decompress(bundled)


def test_two_builds_give_the_same_bytes(built: dict[str, bytes]) -> None:
    """Nothing of the clock, the host or the hash seed gets into the built files."""
    assert build() == built


def test_the_archive_is_small_and_each_record_is_a_gzip_member(records: list[Record]) -> None:
    """Under 600 KB, with record ids that differ and dates of the two days only."""
    packed = (HERE / "newsroom.warc.gz").read_bytes()
    assert len(packed) < 600_000
    assert packed.count(b"\x1f\x8b\x08") >= len(records)
    assert len({record.record_id for record in records}) == len(records)
    days = {record.at.isoformat() for record in records}
    assert days == {"2026-11-02T06:00:00+00:00", "2026-11-03T06:00:00+00:00"}


def test_the_newsroom_is_as_large_as_promised(expected: dict[str, Any]) -> None:
    """At least 14 feeds, 66 article pages, 9 layouts and 5 languages in four feed formats."""
    rejected = {row["url"] for row in expected["rejected"]}
    pages = [page for page in expected["pages"] if page["url"] not in rejected]
    assert len(expected["feeds"]) >= 14
    assert len(pages) >= 66
    assert len({page["layout"] for page in pages}) >= 9
    assert {"en", "de", "fr", "zh", "ja"} <= {page["language"] for page in pages}
    assert {"rss", "atom", "rdf", "json"} <= {feed["format"] for feed in expected["feeds"]}
    assert {page["day"] for page in pages} == {1, 2}


def test_every_expected_page_is_in_the_archive(
    expected: dict[str, Any], records: list[Record]
) -> None:
    """Each page answers 200 under its URL, first on the day from which its feed lists it."""
    for page in expected["pages"]:
        found = answers(records, page["url"])
        assert found, page["url"]
        assert {record.status for record in found} == {200}
        assert min(record.at for record in found).isoformat() == expected["as_of"][str(page["day"])]


def test_every_page_shows_its_whole_text(records: list[Record]) -> None:
    """Each paragraph stands in the page, decoded by the charset that the page declares."""
    _, pieces = load()
    for piece in pieces:
        if piece.page != "shown":
            continue
        for record in answers(records, piece.url):
            day = 1 if record.at.isoformat().startswith("2026-11-02") else 2
            text = re.sub(r"<[^>]+>", " ", html_of(record))
            bare = re.sub(r"\s+", "", text)
            for line in shown_text(piece.as_of(day).body).split("\n"):
                assert re.sub(r"\s+", "", line) in bare, (piece.url, line)


def test_feeds_answer_as_their_state_says(expected: dict[str, Any], records: list[Record]) -> None:
    """One feed answers 503, one HTML, and the others list their entries on both days."""
    for feed in expected["feeds"]:
        found = answers(records, feed["url"])
        assert found, feed["slug"]
        if feed["state"] == "failing":
            assert {record.status for record in found} == {503}
        elif feed["state"] == "html":
            assert found[0].content_type.startswith("text/html")
        else:
            marks = {"rss": b"<item>", "atom": b"<entry>", "rdf": b"<item ", "json": b'"id": '}
            for record in found:
                day = "1" if record.at.day == 2 else "2"
                assert record.body.count(marks[feed["format"]]) == feed["entries"][day]
    states = Counter(feed["state"] for feed in expected["feeds"])
    assert states["failing"] == states["html"] == 1
    assert any(record.etag for record in records)


def test_a_feed_is_recorded_again_only_where_it_changed(
    expected: dict[str, Any], records: list[Record]
) -> None:
    """Day two holds a feed's answer only when it differs from that of day one."""
    twice = 0
    for feed in expected["feeds"]:
        bodies = [record.body for record in answers(records, feed["url"])]
        assert len(set(bodies)) == len(bodies)
        twice += len(bodies) == 2
    assert 5 <= twice < len(expected["feeds"])


def test_guids_are_as_unreliable_as_intended(
    expected: dict[str, Any], records: list[Record]
) -> None:
    """One feed gives all entries one guid, another changes every guid between the days."""
    guids = {}
    for feed in expected["feeds"]:
        guids[feed["slug"]] = [
            set(re.findall(rb"<guid[^>]*>([^<]*)</guid>", record.body))
            for record in answers(records, feed["url"])
        ]
    assert [len(found) for found in guids["tarnholt-newsroom"]] == [1, 1]
    before, after = guids["kilowatt-road"]
    assert len(before) > 2
    assert not before & after


def test_the_broken_feed_breaks_after_its_good_entries(
    expected: dict[str, Any], records: list[Record]
) -> None:
    """Its entries are whole, and what follows is not XML."""
    (broken,) = [feed for feed in expected["feeds"] if feed["broken"]]
    (record,) = answers(records, broken["url"])
    assert record.body.count(b"</item>") == broken["entries"]["1"]
    tail = record.body.rpartition(b"</item>")[2]
    assert b"\x0b" in tail
    assert b"</rss>" not in tail


def test_rejections_have_their_cause_in_the_archive(
    expected: dict[str, Any], records: list[Record]
) -> None:
    """The gone page is a 404, the forbidden one is forbidden, the stub says that it is one."""
    causes = Counter(row["reason"] for row in expected["rejected"])
    assert causes == {"http_404": 1, "robots": 1, "paywall_stub": 1, "off_topic": 4}
    for row in expected["rejected"]:
        (record,) = answers(records, row["url"])
        if row["reason"] == "http_404":
            assert record.status == 404
        elif row["reason"] == "robots":
            place = urlsplit(row["url"])
            (robots,) = answers(records, f"https://{place.hostname}/robots.txt")
            folder = "/" + place.path.split("/")[1] + "/"
            assert f"Disallow: {folder}\n".encode() in robots.body
        elif row["reason"] == "paywall_stub":
            assert b'"isAccessibleForFree": false' in record.body


def test_the_doubled_page_holds_its_body_twice(
    expected: dict[str, Any], records: list[Record]
) -> None:
    """The first copy lacks its start; the second is glued to its lede without a space."""
    (truth,) = expected["doubled"]
    (record,) = answers(records, truth["url"])
    page = html_of(record).partition('class="news-content"')[2]
    lost, blocks = truth["lost"], truth["paragraphs"]
    assert [page.count(block) for block in blocks] == [1] * lost + [2] * (len(blocks) - lost)
    assert page.index(blocks[lost]) < page.index(blocks[0])
    assert blocks[lost - 1] + blocks[lost] in page


def test_doubling_refuses_to_lose_everything() -> None:
    """A page cannot lose none or all of its paragraphs and still be doubled."""
    for lost in (0, 2):
        with pytest.raises(ValueError, match="cannot lose"):
            doubled(["<p>a</p>", "<p>b</p>"], lost)


def test_the_edited_article_has_two_versions(
    expected: dict[str, Any], records: list[Record]
) -> None:
    """One URL answers differently on the second day, and its feed entry says when it changed."""
    (truth,) = expected["edited"]
    before, after = answers(records, truth["url"])
    assert truth["before"][0] in html_of(before)
    assert truth["after"][0] in html_of(after)
    assert truth["before"][0] not in html_of(after)
    (feed,) = [feed for feed in expected["feeds"] if feed["slug"] == "cellpost"]
    stamps = []
    for record in answers(records, feed["url"]):
        entry = record.body.partition(urlsplit(truth["url"]).path.encode())[2]
        stamps.append(entry.partition(b"<updated>")[2].partition(b"</updated>")[0])
    assert len(set(stamps)) == 2


def test_pages_under_a_second_url_name_the_first(
    expected: dict[str, Any], records: list[Record]
) -> None:
    """One page is listed with tracking parameters, one under another path on the second day."""
    assert len(expected["same_page"]) == 2
    for row in expected["same_page"]:
        assert len(row["listed"]) == 2
        for url in row["listed"]:
            (record, *_) = answers(records, url)
            assert f'<link rel="canonical" href="{row["url"]}">' in html_of(record)
    assert any("utm_source=" in url for row in expected["same_page"] for url in row["listed"])


def test_charsets_vary(records: list[Record]) -> None:
    """One outlet is in windows-1252, others in gb18030 and shift_jis with a meta tag alone."""
    types = {record.content_type for record in records if b"windows-1252" in record.body}
    assert types == {"text/html; charset=windows-1252"}
    for charset in (b"gb18030", b"shift_jis"):
        types = {record.content_type for record in records if b"charset=" + charset in record.body}
        types |= {
            record.content_type for record in records if b'charset="' + charset in record.body
        }
        assert types == {"text/html"}


def test_wire_stories_are_carried_in_every_form(expected: dict[str, Any]) -> None:
    """At least four stories, twelve copies, two languages, and each way of copying."""
    pages = {page["url"]: page for page in expected["pages"]}
    copies = [pages[url] for urls in expected["stories"].values() for url in urls]
    assert len(expected["stories"]) >= 4
    assert len(copies) >= 12
    assert {"en", "de"} <= {page["language"] for page in copies}
    assert {"whole", "lede", "truncated", "teaser", "framed"} <= {page["form"] for page in copies}


def test_texts_of_different_stories_share_no_sentence() -> None:
    """No filler: a sentence of eight words or more stands in one story only."""
    _, pieces = load()
    owners: dict[str, set[str]] = {}
    for piece in pieces:
        if piece.contains:
            continue
        for sentence in re.split(r"[.!?。？！]\s*|\n", shown_text(piece.body)):
            if len(sentence.split()) >= 8 or len(re.findall(r"[\u3040-\u9fff]", sentence)) >= 12:
                owners.setdefault(sentence, set()).add(piece.story)
    framing = " ".join(" ".join(piece.outlet.boilerplate) for piece in pieces)
    shared = {
        sentence: stories
        for sentence, stories in owners.items()
        if len(stories) > 1 and sentence not in framing
    }
    assert not shared


def test_contained_texts_stand_whole_in_the_longer_page(expected: dict[str, Any]) -> None:
    """Every paragraph of a contained story is a paragraph of the page that merges or quotes it."""
    _, pieces = load()
    bodies = {piece.url: piece.body for piece in pieces}
    assert len(expected["contains"]) >= 3
    for row in expected["contains"]:
        assert set(bodies[row["of_url"]]) <= set(bodies[row["url"]])


def test_articles_cite_each_other_by_links_in_their_text(
    expected: dict[str, Any], records: list[Record]
) -> None:
    """Links inside the text lead to other outlets' pages, and one to a page that is not here."""
    known = {page["url"] for page in expected["pages"]}
    inside = [row for row in expected["citations"] if row["cited"] in known]
    assert len(inside) >= 6
    assert len(inside) < len(expected["citations"])
    for row in expected["citations"]:
        if row["url"] in known:
            assert f'<a href="{row["cited"]}">' in html_of(answers(records, row["url"])[0])


def test_look_alikes_differ_in_their_numbers(expected: dict[str, Any]) -> None:
    """The price reports and the earnings share a template, and not their figures."""
    _, pieces = load()
    texts = {piece.url: shown_text(piece.body) for piece in pieces}
    assert len(expected["distinct"]) >= 2
    for one, other in expected["distinct"]:
        figures = [set(re.findall(r"\d[\d.,]*\d", texts[url])) for url in (one, other)]
        assert len(figures[0] & figures[1]) < min(map(len, figures)) / 2


def test_the_catalogue_of_the_newsroom_loads(expected: dict[str, Any]) -> None:
    """``feeds.toml`` is a catalogue file with the feeds of the truth file."""
    feeds = load_feeds(HERE / "feeds.toml")
    assert [(feed.slug, feed.url, feed.scope) for feed in feeds] == [
        (feed["slug"], feed["url"], feed["scope"]) for feed in expected["feeds"]
    ]
    assert [feed.slug for feed in feeds if feed.scope == "general"] == ["saltmere-mercury"]


def test_every_host_is_reserved_and_no_real_company_is_named(records: list[Record]) -> None:
    """Hosts end in ``.example``, and none of a list of real firms and agencies is written of."""
    assert all((urlsplit(record.url).hostname or "").endswith(".example") for record in records)
    written = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((HERE / "newsroom").glob("*.toml"))
    )
    for name in REAL_NAMES.split():
        edge = r"\b" if name.isascii() else ""
        assert not re.search(f"{edge}{re.escape(name)}{edge}", written), name


def test_paragraphs_keep_the_lines_of_lists_and_tables_only() -> None:
    """Wrapped prose is joined, lists and tables keep their lines, and marks are not shown."""
    body = paragraphs("\n\na\nb\n\n- c\n- d\n\n## e\n\n| f | g |\n| h | i |\n")
    assert body == ("a b", "- c\n- d", "## e", "| f | g |\n| h | i |")
    assert shown_text(body) == "a b\nc\nd\ne\nf g\nh i"


def test_a_missing_field_in_a_source_is_an_error(tmp_path: Path) -> None:
    """A source that forgets a field fails the build and is not papered over."""
    (tmp_path / "odd.toml").write_text('[outlet]\nslug = "odd"\n', encoding="utf-8")
    with pytest.raises(TypeError):
        load(tmp_path)


def test_the_archive_reads_from_memory_too(built: dict[str, bytes]) -> None:
    """The built bytes are a WARC whose every record is a response."""
    kinds = {record.rec_type for record in ArchiveIterator(BytesIO(built["newsroom.warc.gz"]))}
    assert kinds == {"response"}
