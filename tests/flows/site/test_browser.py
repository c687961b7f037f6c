"""The digest in a real browser: it opens from disk, reads well, and nothing in it acts.

Needs Chromium of the system's packages; left out with a word where that is not there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from flows.settings import Settings
from flows.site.build import digest_of
from storage.store import Store
from tests.conftest import DemoRuns
from tests.flows.site.newsdesk_support import NOON, mention, save, tell

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
WEEK = Path(__file__).parents[4] / "shared" / "data" / "web"
EVIL = "<script>alert(1)</script>\u202e'\"><img src=x onerror=alert(1)>"
PHONE, DESK = (390, 844), (1280, 900)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")


@dataclass
class Reader:
    """A page in the browser, and what it complained of."""

    page: Any
    site: Path
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str = "index.html") -> Any:
        name, hash_, fragment = path.partition("#")
        self.page.goto((self.site / name).as_uri() + hash_ + fragment, wait_until="load")
        return self.page

    def paths(self) -> list[str]:
        """One page of each sort."""
        found = []
        for pattern in ("*.html", "days/*.html", "company/*.html", "topic/*.html", "story/*.html"):
            pages = sorted(self.site.glob(pattern), key=lambda one: -one.stat().st_size)
            found += pages if pattern == "*.html" else pages[:1]
        return [page.relative_to(self.site).as_posix() for page in found]

    def overflow(self) -> int:
        """Columns of the page that stand out of the screen."""
        return int(
            self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )

    def faults(self) -> list[str]:
        """What axe-core finds, whatever its weight."""
        # It would fetch the style sheet to look into it, which the page's policy forbids.
        chosen = {"preload": False}
        found = Axe().run(self.page, options=chosen).response["violations"]
        return [
            f"{one['impact']} {one['id']}: {node['html'][:120]}"
            for one in found
            for node in one["nodes"][:2]
        ]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_playwright() as engine:
        # Root, as in a container, has no sandbox; the pages are our own.
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def demo_site(demo: DemoRuns, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("demo-site")
    digest_of(Settings(store=demo.store), place, now=datetime(2026, 11, 3, 7, tzinfo=UTC))
    return place


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("hostile")
    store = Store(place / "store")
    with store.write() as con:
        save(con, "a", title=EVIL, publisher=EVIL, text=f"{EVIL} is said here. It goes on so.",
             topics=("batteries",), url="javascript:alert(1)")  # fmt: skip
        save(con, "b", title=f"{EVIL} b", publisher="B", url="data:text/html,<script>alert(1)")
        tell(con, "a b")
        mention(con, "a", [EVIL, "CATL"])
    store.publish()
    digest_of(Settings(store=store.folder, digest_texts="full"), place / "site", now=NOON)
    return place / "site"


def reading(browser: Any, site: Path, size: tuple[int, int] = DESK, **chosen: Any) -> Reader:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **chosen)
    context.set_default_timeout(30_000)
    reader = Reader(context.new_page(), site)
    reader.page.on("dialog", lambda one: (reader.complaints.append(one.message), one.dismiss()))
    reader.page.on("pageerror", lambda one: reader.complaints.append(str(one)))
    reader.page.on(
        "console",
        lambda one: (
            reader.complaints.append(one.text) if one.type in ("error", "warning") else None
        ),
    )
    reader.page.on("requestfailed", lambda one: reader.complaints.append(one.url))
    reader.page.on(
        "request",
        lambda one: (
            None if one.url.startswith(("file:", "data:")) else reader.complaints.append(one.url)
        ),
    )
    return reader


def test_the_demo_opens_from_disk_with_cards_that_open(chromium: Any, demo_site: Path) -> None:
    """No complaint in the console, no request to anybody; copies show what they changed."""
    reader = reading(chromium, demo_site)
    page = reader.open()
    card = page.locator("article", has=page.get_by_text("Tarnholt line stop")).first
    copy = card.get_by_text("The Ampere Ledger", exact=True).last
    assert not copy.is_visible()
    card.get_by_text("Also in 5 outlets").click()
    assert copy.is_visible()
    assert card.locator(".copies li").count() == 5
    assert card.locator("ins, del").count() > 3
    card.get_by_role("link", name="Batteries").click()
    page.wait_for_url("**/topic/batteries.html")
    page.get_by_role("link", name="Trends").click()
    page.locator("summary").first.click()
    assert page.locator("td").first.is_visible()
    assert page.locator("figure svg text").count() > 10
    assert reader.complaints == []


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("glacier electrique", "Le glacier, son camion électrique et la facture d'août"),
        ("ladepark", "Talnord: Netzbetreiber stoppt neue Anschlüsse für Ladeparks"),
        ("钠电池", "零下四十二度，钠电池在通信基站撑过了第一个月"),
        ('"LINE STOP" northline', "Tarnholt line stop: what it means for van orders"),
    ],
)
def test_the_search_finds(chromium: Any, demo_site: Path, words: str, title: str) -> None:
    """Without accents, inside compounds, inside Chinese, by a copy's outlet; Escape leads back."""
    reader = reading(chromium, demo_site, PHONE)
    page = reader.open("topics.html")
    page.get_by_role("searchbox").fill(words)
    hit = page.locator("#results li h3 a").first
    hit.wait_for()
    assert hit.text_content() == title
    assert page.locator("#results mark").count() >= 1
    assert not page.locator("main").is_visible()
    page.get_by_role("searchbox").press("Escape")
    assert page.locator("main").is_visible()
    page.get_by_role("searchbox").fill(words)
    page.get_by_role("searchbox").press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_url("**/days/*.html#s-*")
    assert page.get_by_role("heading", name=title).is_visible()
    assert reader.complaints == []


def test_a_day_is_ordered_by_outlets_or_by_time(chromium: Any, demo_site: Path) -> None:
    """Where all of its stories are on the page; back again too."""
    reader = reading(chromium, demo_site)
    page = reader.open("days/2026-11-01.html")
    titles = page.locator("article h3")
    carried = titles.all_text_contents()
    page.get_by_role("button", name="Newest").click()
    times = page.eval_on_selector_all("article", "all => all.map(one => +one.dataset.at)")
    assert times == sorted(times, reverse=True)
    assert titles.all_text_contents() != carried
    page.get_by_role("button", name="Most carried").click()
    assert titles.all_text_contents() == carried
    assert reader.complaints == []


def test_a_search_can_be_linked_to(chromium: Any, demo_site: Path) -> None:
    """The address keeps the words; one of nothing but marks finds nothing."""
    reader = reading(chromium, demo_site)
    page = reader.open("index.html#q=sodium%20patents")
    page.locator("#results li").first.wait_for()
    assert page.get_by_role("searchbox").input_value() == "sodium patents"
    page.get_by_role("searchbox").fill('"-" <b>zzz')
    page.get_by_text("No story has all of these words").wait_for()
    assert reader.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_hold_on_a_telephone_and_for_everybody(
    chromium: Any, demo_site: Path, scheme: str
) -> None:
    """Nothing stands out of 390 columns, and axe-core finds no fault in either scheme."""
    reader = reading(chromium, demo_site, PHONE, color_scheme=scheme)
    shown = {"light": ("index.html", "health.html", "topics.html"),
             "dark": ("days/2026-11-01.html", "trends.html")}  # fmt: skip
    for path in shown[scheme]:
        page = reader.open(path)
        for summary in page.locator("summary").all()[:2]:
            summary.click()
        assert reader.overflow() == 0, path
        assert reader.faults() == [], path
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        red, *_ = (int(part) for part in re.findall(r"\d+", paper))
        assert red < 60 if scheme == "dark" else red > 200
    for path in reader.paths():
        reader.open(path)
        assert reader.overflow() == 0, path
    assert reader.complaints == []


def test_hostile_news_stay_inert(chromium: Any, hostile_site: Path) -> None:
    """Markup shows as letters on every page and in the search; no such address can be followed."""
    reader = reading(chromium, hostile_site, PHONE)
    for path in reader.paths():
        page = reader.open(path)
        assert page.locator("a[href^='javascript' i], a[href^='data:' i], main img").count() == 0
        assert reader.overflow() == 0, path
    page = reader.open()
    assert page.locator("article h3").first.text_content() == EVIL.replace("\u202e", "")
    page.get_by_role("searchbox").fill("<script>")
    page.locator("#results li").first.wait_for()
    assert "<script>alert(1)</script>" in page.locator("#results h3").first.text_content()
    assert reader.complaints == []


def test_a_page_reads_without_scripts(chromium: Any, demo_site: Path) -> None:
    """All but the search, which is then not offered."""
    reader = reading(chromium, demo_site, java_script_enabled=False)
    page = reader.open()
    assert page.locator("article").count() > 20
    assert not page.get_by_role("searchbox").is_visible()


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK])
def test_the_replayed_week_holds_on_every_page(
    chromium: Any,
    week_site: Path,
    scheme: str,
    size: tuple[int, int],
) -> None:
    """Real publishers in twenty languages: every sort of page, both widths, both schemes."""
    reader = reading(chromium, week_site, size, color_scheme=scheme)
    for path in reader.paths():
        page = reader.open(path)
        for summary in page.locator("summary").all()[:5]:
            summary.click()
        assert reader.overflow() == 0, path
        assert reader.faults() == [], path
    page.get_by_role("searchbox").fill("a")
    page.locator("#results li").first.wait_for()
    assert reader.overflow() == 0
    assert reader.complaints == []


@pytest.fixture(scope="module")
def week_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (WEEK / "week.warc.gz").exists():
        pytest.skip("the replayed week is not beside the repository")
    place = tmp_path_factory.mktemp("week")
    # In a process of its own: the browser's driver has this thread's loop.
    ingest = ["-m", "flows.cli", "ingest", "--plain", "--quiet", "--all-topics"]
    files = ["--feeds", str(WEEK / "week.opml"), "--replay", str(WEEK / "week.warc.gz")]
    done = subprocess.run(
        [sys.executable, *ingest, *files, "--store", str(place / "store")],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    # Its pages are of many years; these are the days with most of them.
    now = datetime(2026, 8, 2, 23, tzinfo=UTC)
    digest_of(Settings(store=place / "store"), place / "site", now=now, days=366)
    return place / "site"
