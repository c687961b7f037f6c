"""The settings explained: as a file to begin with, as a page of documentation, as a list in use.

All three are made from the dataclass ``Settings`` and the docstrings below its fields, so that
they cannot tell of settings that are not there, nor leave one out.  ``python -m
flows.configuration`` writes ``docs/configuration.md``.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from flows.setting_sources import PREFIX, Source
from flows.settings import CONFIG_NAME, SECRET, Loaded, Settings, kinds

WIDTH = 92


@dataclass(frozen=True, slots=True)
class Explained:
    """One setting, in words."""

    name: str
    default: Any
    text: str
    """What it is for, in one paragraph."""
    wanted: str
    """What a value of it is."""
    example: str

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.name.upper()


def explained() -> list[Explained]:
    """Every setting, in the order in which ``Settings`` has them."""
    said = _docstrings()
    return [
        Explained(
            name=one.name,
            default=one.default,
            text=said.get(one.name, ""),
            wanted=kinds()[one.name].wanted,
            example=kinds()[one.name].example,
        )
        for one in fields(Settings)
    ]


def _docstrings() -> dict[str, str]:
    """Field -> the string that stands below it; Python itself throws these away."""
    parsed = ast.parse(textwrap.dedent(inspect.getsource(Settings))).body[0]
    assert isinstance(parsed, ast.ClassDef)
    found = {}
    for line, below in zip(parsed.body, parsed.body[1:], strict=False):
        if (
            isinstance(line, ast.AnnAssign)
            and isinstance(line.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            text = " ".join(str(below.value.value).split())
            found[line.target.id] = text.replace("``", "`")
    return found


def toml(value: Any) -> str:
    """A setting's value as the file has it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, Path):
        value = str(value)
    # A basic string of TOML is written as JSON writes one.
    return json.dumps(value, ensure_ascii=False)


def example_file() -> str:
    """A ``voltwire.toml`` with every setting explained, each left at its default."""
    lines = [
        "# Settings of voltwire.  Every line here is a default: take the # off and change it.",
        "# A path that is not absolute starts from this file's folder.  Variables of the",
        f"# environment ({PREFIX}STORE and so on) are stronger, options of a command strongest;",
        "# `voltwire config show` tells what is in use and where it came from.",
    ]
    for one in explained():
        lines += ["", *_commented(one.text), f"# {one.name} = {toml(one.default)}"]
    return "\n".join(lines) + "\n"


def _commented(text: str) -> list[str]:
    return [f"## {line}" for line in textwrap.wrap(text, WIDTH, break_on_hyphens=False)]


# --- what is in use ------------------------------------------------------------------------------


def in_use(loaded: Loaded) -> Iterator[tuple[str, Any, Source]]:
    """Name, value fit to be shown, and source of every setting."""
    for one in fields(Settings):
        value = getattr(loaded.settings, one.name)
        yield one.name, shown(one.name, value), loaded.sources[one.name]


def shown(name: str, value: Any) -> Any:
    """``value`` without what would open a door: passwords, tokens in queries, a webhook's path."""
    if isinstance(value, tuple):
        return [shown(name, one) for one in value]
    if isinstance(value, Path):
        return str(value)
    if not isinstance(value, str) or "://" not in value:
        return value
    try:
        parts = urlsplit(value)
        return _without_secrets(parts, whole=name not in SECRET)
    except ValueError:
        return "(not shown)"


def _without_secrets(parts: SplitResult, *, whole: bool) -> str:
    before, at, host = parts.netloc.rpartition("@")
    known = ("***@" if before or at else "") + host
    path = parts.path if whole or parts.path in ("", "/") else "/***"
    query = "?***" if parts.query and whole else ""
    return f"{parts.scheme}://{known}{path}{query}"


def as_dicts(loaded: Loaded) -> list[dict[str, Any]]:
    """JSON-ready: one object a setting."""
    return [
        {"name": name, "value": value, "source": source.kind, "where": source.where or None}
        for name, value, source in in_use(loaded)
    ]


def lines(
    loaded: Loaded, width: int | None = None, *, only: Container[str] | None = None
) -> list[str]:
    """A line a setting: name, value, where it came from.

    Args:
        width: columns into which values are cut to fit; None to cut nothing.
        only: names of the settings to show; None for all.
    """
    rows = [
        (name, toml(value), str(source))
        for name, value, source in in_use(loaded)
        if only is None or name in only
    ]
    read = f"file  {loaded.file.absolute()}" if loaded.file else _NO_FILE
    if not rows:
        return [read, "", "all settings are at their defaults"]
    names, room, sources = (max(map(len, column)) for column in zip(*rows, strict=True))
    if width is not None:
        room = max(16, min(room, width - names - sources - 4))
    told = (
        f"{name:<{names}}  {_cut(value, room):<{room}}  {source}" for name, value, source in rows
    )
    return [read, "", *told]


_NO_FILE = f"file  none: there is no {CONFIG_NAME} here (`voltwire config init` writes one)"


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 3]}..."


# --- documentation -------------------------------------------------------------------------------

INTRODUCTION = f"""\
# Settings

Made from the settings themselves by `python -m flows.configuration`; edit `flows/settings.py`.

```
voltwire config init      # writes {CONFIG_NAME}: every setting explained, all at their defaults
voltwire config show      # what is in use, and where each value came from
```

Weakest first: the defaults below; `{CONFIG_NAME}` in the working folder, or the file that the
variable `{PREFIX}CONFIG` names; variables of the environment; options of a command. The file has
names and values without a section. A path in it that is not absolute starts from the file's own
folder, one in a variable from the working folder; `~` is your home. An empty variable counts as
not set where a setting cannot be empty.

A name in the file that is no setting, a name after `{PREFIX}` that resembles one and is none, and a
value that cannot be used end the command with exit code 2 and one line that says what was probably
meant and what a right value looks like. All commands check all settings, so a slip in the schedule
shows at once and not at night.

```
$ voltwire status
voltwire: {CONFIG_NAME}: worker is no setting; did you mean workers?
$ VOLTWIRE_TIMEZONE=Europe/Berln voltwire status
voltwire: VOLTWIRE_TIMEZONE="Europe/Berln" cannot be used: did you mean Europe/Berlin?; it has to
be a time zone by its name in the tz database, such as "Europe/Berlin"
```

`voltwire config show` prints no secrets: of `webhook` only the host, and of any URL neither
password nor query.

Prefect's own settings work as ever. voltwire sets some where you have not, so that nothing is sent
anywhere and a run says only what its summary does not: `PREFECT_SERVER_ANALYTICS_ENABLED=false`,
`DO_NOT_TRACK=1`, `PREFECT_LOGGING_LEVEL=WARNING`,
`PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS=120`.
"""


def page() -> str:
    """``docs/configuration.md``."""
    return "\n".join([INTRODUCTION, *_table(explained()), "", *_sections(explained())]) + "\n"


def _table(settings: Sequence[Explained]) -> list[str]:
    rows = [f"| [`{one.name}`](#{one.name}) | `{toml(one.default)}` |" for one in settings]
    return ["| setting | default |", "|---|---|", *rows]


def _sections(settings: Iterable[Explained]) -> list[str]:
    told: list[str] = []
    for one in settings:
        told += [f"## {one.name}", "", one.text, ""]
        told += [f"`{one.variable}`; {one.wanted}, such as {_examples(one.example)}.", ""]
    return told[:-1]


def _examples(example: str) -> str:
    """Examples with what explains them left outside the marks of code."""
    return " or ".join(
        f"`{value}`" + (f" ({rest}" if rest else "")
        for value, _, rest in (part.partition(" (") for part in example.split(" or "))
    )


if __name__ == "__main__":
    sys.stdout.write(page())
