"""Templates to bytes.  Everything is escaped; what is not text has been made by us."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from flows.site import display, paths
from flows.site.wording import paragraphs

_BLANK = re.compile(r"\n\s*\n+")


@cache
def environment() -> Environment:
    """The templates of this package."""
    made = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        day_long=display.day_long,
        day_short=display.day_short,
        day_brief=display.day_brief,
        clock=display.clock,
        moment=display.moment,
        span=display.span,
        number=display.number,
        counted=display.counted,
        label=display.label,
        paragraphs=paragraphs,
        anchor=paths.slug,
    )
    made.globals.update(paths=paths, days=display.days, share=display.share)
    return made


def page(template: str, **shown: Any) -> str:
    """A template with what it shows."""
    return environment().get_template(template).render(**shown)


def part(template: str, **shown: Any) -> Markup:
    """A part of a page, to be set into others as it is; blank lines left out."""
    return Markup(_BLANK.sub("\n", page(template, **shown)))


def asset(name: str) -> bytes:
    """A file of the site that is the same in every digest."""
    return resources.files("flows.site").joinpath("assets", name).read_bytes()


def _template(name: str) -> str:
    return resources.files("flows.site").joinpath("templates", name).read_text(encoding="utf-8")
