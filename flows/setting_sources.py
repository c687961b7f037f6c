"""Settings out of a file and the environment, each with where it came from.  Reads the file only.

    defaults < voltwire.toml < VOLTWIRE_* variables < options of the command line

All that is wrong is told at once, in one line.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from flows.setting_kinds import Kind, SettingsError, WrongValue, nearest

PREFIX = "VOLTWIRE_"
NOT_A_SETTING = "CONFIG"
"""``VOLTWIRE_CONFIG`` names the file."""
LONGEST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value came from."""

    kind: Literal["default", "file", "environment", "option"] = "default"
    where: str = ""
    """The file's path, the variable's or the option's name."""

    def __str__(self) -> str:
        """In a word: of the file its name, for there is but one."""
        return Path(self.where).name if self.kind == "file" else self.where or self.kind


@dataclass(slots=True)
class Found:
    """What file and environment say, by name; what they do not say is not in it."""

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)


def find(
    kinds: Mapping[str, Kind],
    *,
    file: Path | None,
    environment: Mapping[str, str],
    secret: frozenset[str] = frozenset(),
) -> Found:
    """Read the settings ``kinds``.

    Args:
        kinds: setting's name -> what its values may be.
        file: the TOML file; None for none.
        environment: the process's variables.
        secret: settings whose values are not repeated in a complaint.

    Raises:
        SettingsError: for a file that cannot be read, names that are no settings (of variables:
            those that resemble one), and values that are none; all of them in one line.
    """
    found, faults = Found(), list[str]()
    if file is not None:
        _from_file(kinds, file, found, faults, secret)
    _from_environment(kinds, environment, found, faults, secret)
    if faults:
        raise SettingsError("; ".join(faults))
    return found


def _from_file(
    kinds: Mapping[str, Kind], file: Path, found: Found, faults: list[str], secret: frozenset[str]
) -> None:
    folder = file.absolute().parent
    for name, value in read_toml(file).items():
        kind = kinds.get(name)
        if kind is None:
            faults.append(f"{file}: {_no_setting(name, value, kinds)}")
            continue
        try:
            read = kind.read(value)
        except WrongValue as error:
            shown = "" if name in secret else f" = {_shown(value)}"
            bare = " without quotes" if isinstance(value, str) and not kind.quoted else ""
            faults.append(f"{file}: {name}{shown} {_why(kind, error)}{bare}")
            continue
        found.values[name] = _from_folder(read, folder) if kind.is_path else read
        found.sources[name] = Source("file", str(file))


def _from_environment(
    kinds: Mapping[str, Kind],
    environment: Mapping[str, str],
    found: Found,
    faults: list[str],
    secret: frozenset[str],
) -> None:
    for variable, text in sorted(environment.items()):
        name = variable.removeprefix(PREFIX)
        if name in (variable, NOT_A_SETTING):
            continue
        kind = kinds.get(name.lower()) if name.isupper() else None
        if kind is None:
            # What resembles none is some other program's: our name is also a word of theirs.
            close = nearest(name, [*kinds, NOT_A_SETTING.lower()])
            if close:
                meant = f"did you mean {PREFIX}{close.upper()}?"
                faults.append(f"{variable} is no setting; {meant}")
            continue
        if not text and not kind.may_be_empty:
            continue
        try:
            read = kind.read(kind.from_text(text))
        except ValueError as error:
            shown = "" if name.lower() in secret else f"={_shown(text)}"
            faults.append(f"{variable}{shown} {_why(kind, error)}")
            continue
        found.values[name.lower()] = _from_folder(read, None) if kind.is_path else read
        found.sources[name.lower()] = Source("environment", variable)


_LISTED = "`voltwire config show` lists all"


def read_toml(file: Path) -> dict[str, Any]:
    """The file's keys and values.

    Raises:
        SettingsError: when it is not there, cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is not UTF-8 (byte {error.start})") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{file} is no TOML: {error}; a line is a name, = and a value, "
            'such as contact = "you@example.org"'
        ) from error


def _no_setting(name: str, value: object, kinds: Mapping[str, Kind]) -> str:
    if isinstance(value, dict):
        return f"settings stand without a section; leave out the line [{name}]"
    close = nearest(name, kinds)
    return f"{name} is no setting; {f'did you mean {close}?' if close else _LISTED}"


def _why(kind: Kind, error: ValueError) -> str:
    """What is wrong with a value and what a right one looks like."""
    said = f"cannot be used: {error}" if isinstance(error, WrongValue) and str(error) else ""
    said = said or "cannot be used"
    return f"{said}; it has to be {kind.wanted}, such as {kind.example}"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def _from_folder(path: Any, folder: Path | None) -> Any:
    """A path or its text with "~" and, where it stands in a file, that file's folder before it.

    "", "-" and addresses (``s3://...``) are no paths.
    """
    if str(path) in ("", "-") or "://" in str(path):
        return path
    whole = Path(path).expanduser()
    if folder is not None:
        whole = folder / whole
    return whole if isinstance(path, Path) else str(whole)
