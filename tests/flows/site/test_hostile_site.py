"""What publishers write, on the pages of the digest: read as a browser reads them, without one."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree, html

from flows.site.build import build
from flows.site.model import Options, Window
from ingest.models import Feed, FeedState
from storage import feeds
from storage.store import Store
from tests.flows.site.newsdesk_support import NOON, mention, save, tell

HOSTILE = (
    "<script>alert(1)</script> '\"><img src=x onerror=alert(1)> </title></style> {{7*7}} {%x%} "
    "\x1b[31mred\x9b2J \u202egpj.exe\u2066 \x00\x7f\u2028z &lt;b&gt;"
)
ADDRESSES = (
    "javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x",
    'https://evil.example/"onmouseover="alert(1)', "https://evil.example/\u202ex", "//evil.example",
)  # fmt: skip
CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With whole texts: every page that there can be."""
    folder = tmp_path_factory.mktemp("hostile")
    store = Store(folder / "store")
    text = (
        f"{HOSTILE} opens a plant for cells of a new kind today, it says.\nSecond {HOSTILE} line."
    )
    with store.write() as con:
        feeds.save_feeds(con, [Feed(slug="evil", url=ADDRESSES[0], publisher=HOSTILE)])
        state = FeedState(slug="evil", state="failing", detail=HOSTILE, last_polled_at=NOON)
        feeds.save_states(con, [state])
        for number, address in enumerate(ADDRESSES):
            save(
                con, f"n{number}", url=address, title=f"{HOSTILE} {number}", author=HOSTILE,
                publisher=f"{HOSTILE} {number}", language=HOSTILE[:30], text=f"{text} {number}",
                feed="evil", topics=(HOSTILE,), section=HOSTILE, tags=(HOSTILE,),
            )  # fmt: skip
            mention(con, f"n{number}", [HOSTILE, "javascript:alert(1)"])
            mention(con, f"n{number}", [HOSTILE], kind="chemistry")
        tell(con, "n0 n1 n2 n3", "n4", "n5", now=datetime(2026, 11, 20, 13, tzinfo=UTC))
    store.publish()
    build(
        store.folder, folder / "site", window=Window.ending(date(2026, 11, 20), 7),
        options=Options(full_text=True),
    )  # fmt: skip
    return folder / "site"


def pages(site: Path) -> list[tuple[str, html.HtmlElement]]:
    found = [
        (path.relative_to(site).as_posix(), html.document_fromstring(path.read_bytes()))
        for path in sorted(site.rglob("*.html"))
    ]
    assert len(found) > 5
    return found


def test_no_page_runs_or_loads_what_others_wrote(site: Path) -> None:
    """Scripts and styles are our own files; no handlers, frames, forms or pictures of theirs."""
    for path, page in pages(site):
        for element in page.iter():
            if not isinstance(element.tag, str):
                continue
            where = f"{path}: {etree.tostring(element)[:200]!r}"
            assert element.tag not in ("img", "iframe", "object", "embed", "base", "form"), where
            if element.tag == "script":
                assert not (element.text or "").strip(), where
                assert "://" not in element.get("src", "x://"), where
            for name, value in element.attrib.items():
                assert not name.startswith("on"), where
                if element.get("rel") != "icon" and name in (
                    "src",
                    "href",
                    "action",
                    "formaction",
                    "xlink:href",
                ):
                    scheme = re.match(r"\s*([a-z][a-z0-9+.-]*):", value, re.I)
                    assert scheme is None or scheme[1] in ("http", "https"), where
                    assert scheme is None or element.tag == "a", where


def test_links_that_lead_away_say_so_and_tell_nothing(site: Path) -> None:
    """The page opened cannot reach back, learns nothing, and gets no weight from us."""
    away = 0
    for path, page in pages(site):
        for link in page.iter("a"):
            if "://" in link.get("href", ""):
                away += 1
                said = set(link.get("rel", "").split())
                assert {"noopener", "noreferrer", "nofollow"} <= said, path
    assert away == 0, "none of these addresses is one to link to"


def test_no_file_of_the_site_turns_or_hides_text(site: Path) -> None:
    """Controls and turned directions are out of pages, feeds, search index and tables alike."""
    for path in sorted(site.rglob("*")):
        if path.is_file():
            assert not CONTROLS.search(path.read_text(encoding="utf-8")), path


def test_titles_are_words_of_the_page(site: Path) -> None:
    """Shown as they were written, and not lost."""
    text = " ".join(page.text_content() for _, page in pages(site))
    assert "<script>alert(1)</script>" in text
    assert "{{7*7}}" in text
    assert "49 " not in text


def test_the_search_index_is_a_value_and_nothing_runs_from_it(site: Path) -> None:
    """It is a script that a page loads: one call with JSON, which no page could end early."""
    written = (site / "assets" / "search-index.js").read_text(encoding="utf-8")
    assert "<script" not in written
    call = re.fullmatch(r"voltwireSearch\((.*)\);\s*", written, re.S)
    assert call is not None
    assert len(json.loads(call[1])) == 3


def test_every_name_stays_inside_the_folder(site: Path) -> None:
    """Files are named after companies and topics, whatever those are called."""
    names = [path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()]
    assert all(re.fullmatch(r"[a-z0-9._/-]+", name) and ".." not in name for name in names), names
