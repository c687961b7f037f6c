"""What a setting's value may be, how it is written, and what a right one looks like.

Each kind reads the value as ``voltwire.toml`` has it, and the text of an environment variable.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin
from urllib.parse import urlsplit


class SettingsError(Exception):
    """A setting that cannot be used, in one line."""


class WrongValue(ValueError):
    """A value that is none of its kind; ``str()`` says why, or is empty where that is plain."""


@dataclass(frozen=True)
class Kind:
    """One kind of value."""

    wanted: str
    """What a right one is, to follow "it has to be"."""
    example: str
    """A right one, as it stands in the file."""
    read: Callable[[Any], Any]
    """From the file's value to the setting's; raises ``WrongValue``."""
    from_text: Callable[[str], Any] = str
    """From a variable's text to what the file would hold; may raise ``ValueError``."""
    may_be_empty: bool = True
    """Whether "" is a value; where it is none, an empty variable counts as not set."""
    is_path: bool = False
    """Whether a relative one starts from where it is written down."""
    quoted: bool = True
    """Whether the file has it in quotes."""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise WrongValue
    # A line end in a User-Agent or a path is a slip, and in a header worse than that.
    if any(unicodedata.category(char) == "Cc" for char in value):
        raise WrongValue("there is a control character in it")
    return value


def _whole(least: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise WrongValue
        if value < least:
            raise WrongValue(f"it is less than {least}")
        return value

    return read


def _number(least: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise WrongValue
        # Not a number is not less than anything, so that the question is the other way round.
        if not least <= value < float("inf"):
            raise WrongValue(f"it has to be {least:g} or more")
        return float(value)

    return read


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise WrongValue
    names = tuple(_text(one).strip() for one in value)
    for name in names:
        if "/" in name or " " in name or not name:
            raise WrongValue(f"{name!r} is not the name of a host alone")
    return names


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _path(value: Any) -> Path:
    if not _text(value):
        raise WrongValue("it is empty")
    return Path(value)


def _choice(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise WrongValue
        return str(value)

    return read


def _web(value: Any) -> str:
    text = _text(value).strip()
    if text:
        try:
            parts = urlsplit(text)
            whole = parts.scheme in ("http", "https") and bool(parts.hostname)
            _ = parts.port
        except ValueError:
            whole = False
        if not whole:
            raise WrongValue
    return text


def _cron(value: Any) -> str:
    from flows.timetable import check_cron

    line = _text(value).strip()
    try:
        check_cron(line)
    except ValueError as error:
        raise WrongValue(str(error)) from error
    return line


def _zone(value: Any) -> str:
    name = _text(value).strip()
    if name == "UTC":  # by far the most usual: nothing to look up
        return name
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError) as error:
        close = nearest(name, available_timezones())
        raise WrongValue(f"did you mean {close}?" if close else "") from error
    return name


def _hours(value: Any) -> str:
    text = _text(value).strip()
    if text:
        from flows.timetable import check_hours

        try:
            check_hours(text)
        except ValueError as error:
            raise WrongValue(str(error)) from error
    return text


def nearest(word: str, known: Any) -> str:
    """The one of ``known`` that ``word`` was probably meant to be; "" when none is near."""
    # Imported here: only a mistake pays for it.
    from difflib import get_close_matches

    folded = {one.lower(): one for one in known}
    asked = word.lower().replace("-", "_").replace(" ", "_")
    close = get_close_matches(asked, folded, n=1, cutoff=0.55)
    return folded[close[0]] if close else ""


TEXT = Kind("a text in quotes", '"text"', _text)
PLACE = Kind("a folder or an address in quotes", '"s3://bucket/voltwire"', _text, is_path=True)
FOLDER = Kind("a path in quotes", '"voltwire-data"', _path, may_be_empty=False, is_path=True)
FILE = Kind("a path in quotes", '"/srv/voltwire/name"', _text, is_path=True)
HOSTS = Kind(
    "a list of host names without http://", '["intranet.example", "10.0.0.7"]', _names, _split
)
WEB = Kind("an http or https address", '"https://example.org/path"', _web)
CRON = Kind(
    "a cron line: minute, hour, day of the month, month, day of the week",
    '"*/15 * * * *" (every 15 minutes) or "0 6,18 * * *" (at 6:00 and 18:00)',
    _cron,
    may_be_empty=False,
)
ZONE = Kind(
    "a time zone by its name in the tz database", '"Europe/Berlin"', _zone, may_be_empty=False
)
HOURS = Kind(
    "two hours of the day, the second not included, or empty", '"22-6" (22:00 to 5:59)', _hours
)


def text(example: str) -> Kind:
    """Texts such as ``example``."""
    return Kind(TEXT.wanted, f'"{example}"', _text)


def whole(least: int, example: int) -> Kind:
    """Whole numbers from ``least`` on."""
    return Kind(
        f"a whole number from {least} on",
        str(example), _whole(least), int, may_be_empty=False, quoted=False,
    )  # fmt: skip


def number(least: float, example: float) -> Kind:
    """Numbers from ``least`` on."""
    return Kind(
        f"a number from {least:g} on",
        f"{example:g}", _number(least), float, may_be_empty=False, quoted=False,
    )  # fmt: skip


def choice(*choices: str) -> Kind:
    """One of some words."""
    named = ", ".join(f'"{one}"' for one in choices)
    return Kind(f"one of {named}", f'"{choices[0]}"', _choice(*choices), may_be_empty=False)


_OF_TYPE: dict[Any, Kind] = {
    str: TEXT,
    int: whole(0, 1),
    float: number(0, 1),
    Path: FOLDER,
    tuple[str, ...]: HOSTS,
}


def kind_of(annotation: Any) -> Kind:
    """The kind that a field's annotation names, or the plain one of its type."""
    if get_origin(annotation) is Annotated:
        plain, *said = get_args(annotation)
        for one in said:
            if isinstance(one, Kind):
                return one
        annotation = plain
    return _OF_TYPE[annotation]
