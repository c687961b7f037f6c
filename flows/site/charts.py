"""Charts as SVG: specifications in Vega-Lite, drawn by vl-convert, coloured by the page's style.

Colours are names of the style sheet (``var(--accent)``), so that a chart follows light and dark;
letters stay letters.  Whatever cannot be drawn is left out: its numbers stand beside it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import blake2b
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup

from flows.site.display import share, span
from flows.site.model import Moved, Outlet

Spec = dict[str, Any]

# As wide as a telephone's page: on a desk two stand beside each other, and nowhere do letters
# become small.
_WIDTH = 430
_NAMES = 165
_ROW = 26
# With more days than this, bars carry no numbers and an axis does.
_FEW_DAYS = 10
_ELEMENTS = frozenset({"svg", "g", "path", "rect", "line", "text", "tspan", "circle", "defs",
                       "clipPath"})  # fmt: skip
_HEAD = re.compile(r"<svg [^>]*?viewBox=\"([\d. -]+)\"[^>]*>")
# What the page's own style says, or says nothing: two thirds of what is drawn.
_IDLE = re.compile(
    r' (?:class|role|aria-[a-z]+|pointer-events|font-family|opacity="1"|text-anchor="start"|'
    r'stroke-miterlimit|xmlns:xlink|transform="translate\(0,0\)")(?:="[^"]*")?'
)
_UNSEEN = re.compile(r'<path(?: [a-z-]+="[^"]*")*? d="(?:|M0(?:\.5)?,0(?:\.5)?h0v0h0Z)"[^>]*/>')
_NAME = re.compile(r' id="([^"]+)"')
_TAG = re.compile(r"<[^>]+>")
_LONG = re.compile(r"-?\d+\.\d{2,}")
_EMPTY = re.compile(r"<g>((?:(?!</?g\b).)*)</g>", re.S)

_STYLE: Spec = {
    "background": None,
    "font": "system-ui, sans-serif",
    "padding": 2,
    "aria": False,
    "view": {"stroke": None},
    "axis": {
        "domain": False,
        "ticks": False,
        "labelColor": "var(--soft)",
        "labelFontSize": 14,
        "titleColor": "var(--soft)",
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "gridColor": "var(--line)",
        "labelPadding": 6,
    },
    "title": {"color": "var(--ink)", "fontSize": 14, "fontWeight": 600, "offset": 4},
    "header": {
        "labelColor": "var(--ink)",
        "labelFontSize": 14,
        "labelFontWeight": 600,
        "labelAnchor": "start",
        "labelBaseline": "alphabetic",
        "labelPadding": 6,
        "title": None,
    },
    "text": {"color": "var(--soft)", "fontSize": 13},
}


def draw(spec: Spec) -> Markup | None:
    """The chart; None where it cannot be drawn, or is not what a page may hold."""
    try:
        import vl_convert

        made = vl_convert.vegalite_to_svg(
            {**spec, "config": _STYLE, "autosize": {"type": "pad"}},
            vl_version="5.20",
            allowed_base_urls=[],
        )
    # No wheel for this machine, no room, a chart that it refuses: a digest without charts.
    except (ImportError, ValueError, RuntimeError, OSError):
        return None
    return _for_page(made)


def _for_page(svg: str) -> Markup | None:
    """``svg`` without its size and with names of its own, if nothing in it can act."""
    try:
        tree = ElementTree.fromstring(svg)
    except ElementTree.ParseError:
        return None
    for node in tree.iter():
        if node.tag.rpartition("}")[2] not in _ELEMENTS:
            return None
        if any(name.startswith("on") or "href" in name or name == "style" for name in node.attrib):
            return None
    # The library numbers on from chart to chart: by order, and told apart by the drawing itself.
    for number, name in enumerate(dict.fromkeys(_NAME.findall(svg))):
        svg = re.sub(rf'(id="|url\(#){re.escape(name)}(?=["\)])', rf"\1part{number}", svg)
    mark = f"v{blake2b(svg.encode(), digest_size=4).hexdigest()}-"
    svg = svg.replace('id="part', f'id="{mark}part').replace("url(#part", f"url(#{mark}part")
    svg = _UNSEEN.sub("", _TAG.sub(_bare, svg))
    before = ""
    while svg != before:  # groups that say nothing, from the inside out
        before, svg = svg, _EMPTY.sub(r"\1", svg)
    size = tree.attrib.get("viewBox", "0 0 430 200")
    # One width for all, so that their letters are one size.
    width, height = (float(one) for one in size.split()[2:])
    head = (
        f'<svg viewBox="0 0 {max(width, _WIDTH + 10):g} {height:g}" aria-hidden="true" '
        'focusable="false">'
    )
    return Markup(_HEAD.sub(head, svg, count=1))


def _bare(tag: re.Match[str]) -> str:
    """A tag with what counts, to a tenth of a point.  Tags alone: names are text, and stay."""
    return _LONG.sub(lambda found: f"{float(found[0]):.1f}", _IDLE.sub("", tag[0]))


# What stands under a bar, of its day: the day of the month, or the month's name.
_DAY_LABEL = "toNumber(slice(datum.value, 8))"
_MONTH_LABEL = "timeFormat(toDate(datum.value), '%b')"


def by_month(columns: Mapping[str, Mapping[date, int]]) -> Spec:
    """Bars by month, else as ``by_day``."""
    return by_day(columns, under=_MONTH_LABEL)


def by_day(columns: Mapping[str, Mapping[date, int]], *, under: str = _DAY_LABEL) -> Spec:
    """Bars by day: a wide panel for all stories, the first column, and one for each topic."""
    (name, whole), *topics = columns.items()
    half = (_WIDTH - 24) // 2
    wide = _panel(_days(name, whole), _top([whole]), len(whole), _WIDTH, 96, under)
    if not topics:
        return wide
    top = _top([column for _, column in topics])
    rows = [row for topic, column in topics for row in _days(topic, column)]
    panels = {
        "data": {"values": rows},
        "facet": {
            "field": "panel", "type": "nominal", "sort": [topic for topic, _ in topics],
        },
        "columns": 2,
        "spacing": {"row": 16, "column": 24},
        "spec": _panel(None, top, len(whole), half, 62, under),
        "resolve": {"axis": {"x": "independent"}},
    }  # fmt: skip
    return {"vconcat": [wide, panels], "spacing": 22}


def _days(name: str, column: Mapping[date, int]) -> list[Spec]:
    return [
        {"panel": name, "day": day.isoformat(), "stories": count} for day, count in column.items()
    ]


def _top(columns: Sequence[Mapping[date, int]]) -> float:
    return 1.2 * max(max(column.values(), default=0) or 1 for column in columns)


def _panel(
    rows: list[Spec] | None, top: float, days: int, width: int, height: int, under: str
) -> Spec:
    """Bars of one topic; their numbers above them where there are few."""
    few = days <= _FEW_DAYS
    x: Spec = {
        "field": "day",
        "type": "ordinal",
        "axis": {
            "title": None,
            "labelExpr": under,
            "labelAngle": 0,
            "labelOverlap": True,
            "domain": True,
            "domainColor": "var(--line)",
        },
        "scale": {"paddingInner": 0.25, "paddingOuter": 0.1},
    }
    y: Spec = {
        "field": "stories",
        "type": "quantitative",
        "scale": {"domain": [0, top], "nice": False},
        "axis": None if few else {"title": None, "values": _ticks(top / 1.2, 3), "format": "d"},
    }
    bars: Spec = {
        "mark": {"type": "bar", "color": "var(--accent)", "cornerRadiusEnd": 1.5},
        "encoding": {"x": x, "y": y},
    }
    numbers: Spec = {
        "transform": [{"filter": "datum.stories > 0"}],
        "mark": {"type": "text", "dy": -7, "baseline": "middle"},
        "encoding": {"x": x, "y": y, "text": {"field": "stories", "type": "quantitative"}},
    }
    panel: Spec = {
        "width": width if few else width - 24,
        "height": height,
        "layer": [bars, numbers] if few else [bars],
    }
    if rows is not None:
        # The same head as the other panels have from their facet.
        panel |= {"data": {"values": rows}, "title": {"text": rows[0]["panel"], "anchor": "start"}}
    return panel


def moved(companies: Sequence[Moved]) -> Spec:
    """For each company the stories before and now, with a line between."""
    rows = [
        {
            "company": one.subject.name,
            "now": one.now,
            "before": one.before,
            "way": "up" if one.now > one.before else "down" if one.now < one.before else "same",
        }
        for one in companies
    ]
    y = _names_axis("company", [one.subject.name for one in companies])
    color = {
        "field": "way",
        "type": "nominal",
        "scale": {
            "domain": ["up", "down", "same"],
            "range": ["var(--up)", "var(--down)", "var(--soft)"],
        },
        "legend": None,
    }
    most = max((max(one.now, one.before) for one in companies), default=1)
    axis = {"title": "stories", "orient": "top", "values": _ticks(most, 6), "format": "d"}

    def x(name: str) -> Spec:
        return {"field": name, "type": "quantitative", "axis": axis, "scale": {"domain": [0, most]}}

    return {
        "data": {"values": rows},
        "width": _WIDTH - _NAMES - 20,
        "height": {"step": _ROW},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.55},
                "encoding": {"y": y, "x": x("before"), "x2": {"field": "now"}, "color": color},
            },
            {
                "mark": {
                    "type": "point",
                    "filled": True,
                    "size": 60,
                    "fill": "var(--paper)",
                    "strokeWidth": 1.6,
                    "opacity": 1,
                },
                "encoding": {"y": y, "x": x("before"), "stroke": color},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
                "encoding": {"y": y, "x": x("now"), "color": color},
            },
        ],
    }


def named(companies: Sequence[Moved]) -> Spec:
    """For each company its stories, where there is nothing before to compare with."""
    rows = [
        {"company": one.subject.name, "part": one.now, "whole": one.now, "says": str(one.now)}
        for one in companies
    ]
    return _part_of_whole("company", rows, [one.subject.name for one in companies])


def firsts(outlets: Sequence[Outlet]) -> Spec:
    """For each publisher the shared stories, those that it told first, and by how much."""
    rows = [
        {
            "publisher": one.name,
            "part": one.firsts,
            "whole": one.shared,
            "says": f"{one.firsts} of {one.shared}"
            + (f", {span(one.lead_minutes)}" if one.lead_minutes else ""),
        }
        for one in outlets
    ]
    return _part_of_whole("publisher", rows, [one.name for one in outlets])


def copies(outlets: Sequence[Outlet]) -> Spec:
    """For each publisher the share of its articles that are copies."""
    rows = [
        {
            "publisher": one.name,
            "part": one.copies / one.articles,
            "whole": 1,
            "says": f"{share(one.copies, one.articles)} of {one.articles}",
        }
        for one in outlets
    ]
    return _part_of_whole("publisher", rows, [one.name for one in outlets])


def _ticks(most: float, count: int) -> list[int]:
    """Whole numbers from 0 to ``most`` at even steps, at most ``count`` of them."""
    step, grow = 1, (2, 2.5, 2)
    for turn in itertools.cycle(grow):
        if most / step <= count - 1:
            break
        step = round(step * turn)
    return list(range(0, int(most) + 1, step))


def _part_of_whole(name: str, rows: list[Spec], order: list[str]) -> Spec:
    y = _names_axis(name, order)
    longest = max((float(row["whole"]) for row in rows), default=1)

    def x(field: str) -> Spec:
        return {
            "field": field,
            "type": "quantitative",
            "axis": None,
            "scale": {"domain": [0, longest], "nice": False},
        }

    bar = {"type": "bar", "height": {"band": 0.55}, "cornerRadiusEnd": 1.5}
    return {
        "data": {"values": rows},
        "width": _WIDTH - _NAMES - 110,
        "height": {"step": _ROW},
        "layer": [
            {"mark": {**bar, "color": "var(--line)"}, "encoding": {"y": y, "x": x("whole")}},
            {"mark": {**bar, "color": "var(--accent)"}, "encoding": {"y": y, "x": x("part")}},
            {
                "mark": {"type": "text", "align": "left", "dx": 8},
                "encoding": {
                    "y": y,
                    "x": x("whole"),
                    "text": {"field": "says", "type": "nominal"},
                },
            },
        ],
    }


def _names_axis(name: str, order: list[str]) -> Spec:
    return {
        "field": name,
        "type": "nominal",
        "sort": order,
        "axis": {
            "title": None,
            "labelLimit": _NAMES - 22,
            "labelColor": "var(--ink)",
            "labelAlign": "left",
            "labelPadding": _NAMES - 6,
        },
    }
