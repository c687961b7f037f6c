"""Pages made to hurt: each ends in its text or in a reason, within ten seconds and a gibibyte."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime

import pytest

from flows.limits import enter_worker
from ingest.models import Article, Capture, FeedEntry, Page

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
SENTENCE = "The plant in Halden makes forty thousand battery cells a day for electric vans."
STORY = "".join(f"<p>{SENTENCE} Line {n} began in March.</p>" for n in range(8))
MIB = 2**20


def _page(markup: str) -> bytes:
    return f"<html><head><title>Plant</title></head><body>{markup}</body></html>".encode()


# built where they are read: a hundred megabytes need not travel between processes
PAGES = {
    "links": lambda: _page("".join(f"<a href='/n/{n}'>report {n}</a> " for n in range(100_000))),
    "paragraphs": lambda: _page("".join(f"<p>Cell {n}.</p>" for n in range(50_000))),
    "divs": lambda: _page("<div>" * 5_000 + STORY + "</div>" * 5_000),
    "text": lambda: _page(f"<article>{STORY}<p>{(SENTENCE + ' ') * (100 * MIB // 80)}</p>"),
    "text under the limit": lambda: _page(f"<p>{(SENTENCE + ' ') * (12 * MIB // 80)}</p>"),
    "attributes": lambda: _page(f"<article data-x='{'a' * 10 * MIB}'>{STORY}</article>"),
    "many attributes": lambda: _page(
        f"<article {' '.join(f'data-{n}={n}' for n in range(500_000))}>{STORY}</article>"
    ),
    "script": lambda: _page(f"<script>{'var x = 1; ' * (20 * MIB // 11)}</script>{STORY}"),
    "open script": lambda: _page(f"{STORY}<script>{'var x = 1; ' * (20 * MIB // 11)}"),
    "broken utf-8": lambda: _page(STORY).replace(b"electric", b"electric\xff\xc3(\xe2\x82"),
    "nuls": lambda: _page(STORY).replace(b"battery", b"bat\x00tery"),
    "only nuls": lambda: b"\x00" * MIB,
    "colspan": lambda: _page(
        f"<article>{STORY}<table>"
        + "<tr><td colspan=99999999 rowspan=99999999>x</td></tr>" * 500
        + "</table></article>"
    ),
    "tables": lambda: _page("<table><tr><td>" * 2_000 + STORY),
    "lists": lambda: _page(f"{'<ul><li>' * 2_000}{STORY}"),
    "bold": lambda: _page(f"<article>{'<b><i>' * 5_000}{STORY}"),
    "entities": lambda: _page("&amp;&#x41;&nbsp;" * 200_000 + STORY),
    "comments": lambda: _page("<!--" * 100_000 + STORY),
    "open tags": lambda: _page("<" * 500_000 + STORY),
    "json": lambda: _page(
        f"<script type='application/ld+json'>{'[' * 100_000}</script><article>{STORY}</article>"
    ),
    "class": lambda: _page(f"<article class='{'share-' * MIB}'>{STORY}</article>"),
    "spaces": lambda: _page(f"<article>{STORY}<p>{' ' * 5 * MIB}x</p></article>"),
    "formatted": lambda: _page("<p>" + "".join(f"<b>{n}</b>, " for n in range(20_000)) + "</p>"),
}
TEXTS = {
    "divs": SENTENCE,
    "attributes": SENTENCE,
    "script": SENTENCE,
    "broken utf-8": "battery cells a day",
    "nuls": SENTENCE,
    "colspan": SENTENCE,
    "json": SENTENCE,
    "spaces": SENTENCE,
}


def read(name: str) -> tuple[str, str]:
    """In a worker: ("text" or the reason, the text or the detail)."""
    from flows.digest import digest

    url = f"https://a.example/2026/{name.replace(' ', '-')}"
    page = Page(
        url=url,
        requested_url=url,
        status=200,
        content_type="text/html",
        body=PAGES[name](),
        fetched_at=NOW,
    )
    capture = Capture(entry=FeedEntry(url=url, canonical_url=url), page=page)
    (done,) = digest([capture], {}, all_topics=True, now=NOW)
    if done.prepared is None:
        assert done.rejection is not None
        return done.rejection.reason, done.rejection.detail
    article: Article = done.prepared.article
    return "text", article.text


class Room:
    """A bounded process, as in a run, and another one after a page has ended it."""

    def __init__(self) -> None:
        self.pool: ProcessPoolExecutor | None = None

    def read(self, name: str) -> tuple[str, str]:
        if self.pool is None:
            self.pool = ProcessPoolExecutor(
                1, mp_context=multiprocessing.get_context("spawn"), initializer=enter_worker
            )
        try:
            return self.pool.submit(read, name).result(timeout=100)
        except BrokenProcessPool:
            self.pool = None
            return "died", ""


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    """Kept for all of them, since a process takes seconds to begin."""
    made = Room()
    yield made
    if made.pool is not None:
        made.pool.shutdown(wait=False, cancel_futures=True)


@pytest.mark.skipif(sys.platform == "win32", reason="no interval timers")
@pytest.mark.parametrize("name", PAGES)
def test_a_hostile_page_ends_in_text_or_a_reason(name: str, room: Room) -> None:
    """Inside the limits of a worker, whose process lives on."""
    kind, found = room.read(name)
    if name in TEXTS:
        assert kind == "text", (kind, found)
        assert TEXTS[name] in found
    else:
        assert kind in ("text", "too_complex", "empty", "too_short", "listing", "not_html"), (
            kind,
            found,
        )


WORDS = {
    "cp1251": "Завод в Халдене делает аккумуляторы для электромобилей и складов энергии",
    "koi8-r": "Завод в Халдене делает аккумуляторы для электромобилей и складов энергии",
    "cp1252": "Die Fabrik in Hamburg baut täglich Zellen für Lieferwagen, größere Speicher",
    "iso8859-2": "Fabryka w Łodzi każdego dnia wytwarza ogniwa dla ciężarówek i magazynów",
    "cp1253": "Το εργοστάσιο παράγει κάθε μέρα μπαταρίες για ηλεκτρικά αυτοκίνητα και αποθήκες",
    "cp1255": "המפעל מייצר בכל יום סוללות למכוניות חשמליות ולמתקני אגירה גדולים ליד הרשת",
    "cp1256": "ينتج المصنع كل يوم بطاريات للسيارات الكهربائية ومحطات التخزين الكبيرة بجانب الشبكة",
    "shift_jis": "工場では毎日、電気自動車と蓄電所のための電池を作っている",
    "euc_jp": "工場では毎日、電気自動車と蓄電所のための電池を作っている",
    "gb18030": "这家工厂每天为电动汽车和储能电站生产电池，新的生产线已经在三月份开始运行",
    "big5": "這家工廠每天為電動汽車和儲能電站生產電池，新的生產線已經在三月份開始運行",
    "euc_kr": "공장에서는 매일 전기차와 저장소를 위한 배터리를 만들고 있다.",
}


@pytest.mark.parametrize("encoding", WORDS)
@pytest.mark.parametrize("claim", ["", "utf-8", "iso-8859-1"])
def test_the_text_is_right_whatever_charset_is_claimed(encoding: str, claim: str) -> None:
    """Twelve encodings, named wrongly by the header or by nobody, from the bytes to the article."""
    from ingest.extract import extract

    words = WORDS[encoding]
    markup = f"<html><body>{''.join(f'<p>{words} {n}.</p>' for n in range(10))}</body></html>"
    url = f"https://a.example/2026/{encoding}"
    page = Page(
        url=url,
        requested_url=url,
        status=200,
        content_type=f"text/html; charset={claim}" if claim else "text/html",
        body=markup.encode(encoding),
        fetched_at=NOW,
    )
    made = extract(Capture(entry=FeedEntry(url=url, canonical_url=url), page=page), None, now=NOW)
    assert isinstance(made, Article), made
    assert words in made.text
