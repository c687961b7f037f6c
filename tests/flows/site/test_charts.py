"""Charts are drawn, take the page's colours, and hold nothing that acts."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest

from flows.site import charts, figures, tables
from flows.site.charts import _for_page
from flows.site.model import Digest, Moved, Options, Outlet, Subject, Trends, Window

DAYS = [date(2026, 11, 14) + timedelta(days=number) for number in range(7)]
EVIL = '<script>alert(1)</script> class 1.2345 "x" & 株式'


def test_every_chart_is_drawn_with_names_as_letters() -> None:
    """Hostile names stay text, letter for letter; colours are those of the style sheet."""
    outlet = Outlet(name=EVIL, articles=4, copies=1, shared=2, firsts=1, lead_minutes=75)
    other = Outlet(name="Plain", articles=3, copies=0, shared=2)
    moved = [Moved(subject=Subject("company", EVIL), now=3, before=1)]
    drawn = [
        charts.draw(spec)
        for spec in (
            charts.by_day({"All": dict.fromkeys(DAYS, 2), EVIL: dict.fromkeys(DAYS, 0)}),
            charts.moved([*moved, Moved(subject=Subject("company", "B"), now=0, before=2)]),
            charts.named(moved),
            charts.firsts([outlet, other]),
            charts.copies([outlet, other]),
        )
    ]
    for svg in drawn:
        assert svg is not None
        tree = ElementTree.fromstring(svg)
        texts = ["".join(node.itertext()) for node in tree.iter() if node.tag.endswith("text")]
        assert any(text and EVIL.startswith(text.rstrip("…")) for text in texts), texts
        assert "var(--ink)" in svg
        assert "<script" not in svg
        assert "#000" not in svg
        assert len(svg) < 30_000


def test_a_long_window_is_drawn_with_an_axis() -> None:
    """A month of bars carries no numbers."""
    days = [date(2026, 10, 1) + timedelta(days=number) for number in range(31)]
    assert charts.draw(charts.by_day({"All": {day: day.day for day in days}})) is not None


@pytest.mark.parametrize(
    "inside",
    ["<script>1</script>", '<a href="x"/>', '<g onload="x"/>', '<g style="x"/>', "<image/>", "<g>"],
)
def test_a_drawing_with_anything_else_in_it_is_left_out(inside: str) -> None:
    """The library draws it, and is not believed all the same."""
    assert (
        _for_page(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">{inside}</svg>')
        is None
    )


def test_without_the_library_there_are_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that it is not made for has a digest too."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    window = Window(DAYS[0], DAYS[-1])
    digest = Digest(
        window=window,
        options=Options(),
        stories=(),
        trends=Trends(moved=(Moved(subject=Subject("company", "A"), now=1, before=0),)),
    )
    (figure,) = figures.of(digest)
    assert figure.svg is None
    assert figure.table.rows == (("A", 1, 0, 1),)


def test_a_table_is_no_formula() -> None:
    """A spreadsheet takes what begins so for one."""
    table = tables.of("x", ["Publisher", "n"], [["=HYPERLINK(1)", -3], ["+1", 0.123456], [None, 2]])
    assert tables.as_csv(table).decode("utf-8-sig").splitlines() == [
        "Publisher,n",
        "'=HYPERLINK(1),-3",
        "'+1,0.1235",
        ",2",
    ]


def test_the_same_numbers_make_the_same_drawing() -> None:
    """The library numbers its clips on and on; a page of which nothing changed stays as it is."""
    panels = {
        "All": dict.fromkeys(DAYS, 2),
        "B": dict.fromkeys(DAYS, 1),
        "C": dict.fromkeys(DAYS, 1),
    }
    one, other = charts.draw(charts.by_day(panels)), charts.draw(charts.by_day(panels))
    assert one is not None
    assert one == other
    named = {part.partition(")")[0] for part in one.split("url(#")[1:]}
    assert named == {part.partition('"')[0] for part in one.split(' id="')[1:]}
