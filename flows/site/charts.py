"""Charts as SVG: specifications in Vega-Lite, drawn by vl-convert, coloured by the page's style.

Colours are names of the style sheet (``var(--accent)``), so that a chart follows light and dark;
letters stay letters.  Whatever cannot be drawn is left out: its numbers stand beside it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup

from flows.site.display import share, span
from flows.site.model import Moved, Outlet

Spec = dict[str, Any]

# As wide as a telephone's page: on a desk two stand beside each other, and nowhere do letters
# become small.
_WIDTH = 430
_NAMES = 150
_ROW = 26
# With more days than this, bars carry no numbers and an axis does.
_FEW_DAYS = 10
_ELEMENTS = frozenset({"svg", "g", "path", "rect", "line", "text", "tspan", "circle", "defs",
                       "clipPath"})  # fmt: skip
_HEAD = re.compile(r"<svg [^>]*?viewBox=\"([\d. -]+)\"[^>]*>")
_BARE = re.compile(r"<path class=\"(?:background|foreground)\"[^>]*(?:d=\"\"|h0v0h0Z\")[^>]*/>")
_numbers = itertools.count(1)

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
        "labelFontSize": 13,
        "titleColor": "var(--soft)",
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": "var(--line)",
        "labelPadding": 6,
    },
    "header": {
        "labelColor": "var(--ink)",
        "labelFontSize": 13,
        "labelFontWeight": 600,
        "labelAnchor": "start",
        "labelPadding": 4,
        "title": None,
    },
    "text": {"color": "var(--soft)", "fontSize": 12},
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
    mark = f"v{next(_numbers)}-"
    svg = _BARE.sub("", svg)
    svg = svg.replace('id="', f'id="{mark}').replace("url(#", f"url(#{mark}")
    size = tree.attrib.get("viewBox", "0 0 430 200")
    width = size.split()[2]
    head = f'<svg viewBox="{size}" width="{width}" aria-hidden="true" focusable="false">'
    return Markup(_HEAD.sub(head, svg, count=1))


def by_day(columns: Mapping[str, Mapping[date, int]]) -> Spec:
    """Bars by day: a panel for all stories, and a smaller one for each topic."""
    names = list(columns)
    days = list(columns[names[0]])
    few = len(days) <= _FEW_DAYS
    rows = [
        {"panel": name, "day": day.isoformat(), "label": f"{day.day} {day:%b}", "stories": count}
        for name, column in columns.items()
        for day, count in column.items()
    ]
    most = {name: max([*column.values(), 1]) for name, column in columns.items()}
    top = max(most.values())
    x: Spec = {
        "field": "day",
        "type": "ordinal",
        "axis": {
            "title": None,
            "labelExpr": "(+slice(datum.value, 8))",
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
        "scale": {"domain": [0, top * 1.15]},
        "axis": None if few else {"title": None, "tickCount": 3, "format": "d"},
    }
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "color": "var(--accent)", "cornerRadiusEnd": 1.5},
            "encoding": {"x": x, "y": y},
        }
    ]
    if few:
        layers.append(
            {
                "transform": [{"filter": "datum.stories > 0"}],
                "mark": {"type": "text", "dy": -7, "baseline": "middle"},
                "encoding": {
                    "x": x,
                    "y": y,
                    "text": {"field": "stories", "type": "quantitative"},
                },
            }
        )
    return {
        "data": {"values": rows},
        "facet": {"field": "panel", "type": "nominal", "sort": names},
        "columns": 2,
        "spacing": {"row": 18, "column": 24},
        "spec": {"width": (_WIDTH - 40) // 2 - (0 if few else 24), "height": 76, "layer": layers},
        "resolve": {"axis": {"x": "independent"}},
    }


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
    axis = {"title": "stories", "orient": "top", "tickMinStep": 1, "tickCount": 5, "format": "d"}

    def x(name: str) -> Spec:
        return {"field": name, "type": "quantitative", "axis": axis, "scale": {"nice": True}}

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
            "labelLimit": _NAMES - 10,
            "labelColor": "var(--ink)",
            "labelAlign": "left",
            "labelPadding": _NAMES - 6,
        },
    }
