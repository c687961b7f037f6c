"""The gazetteer: what articles name, under which names, as people keep it in TOML.

The bundled one lies in ``names/``, a file a kind.  A file of one's own says the same things in the
same form: an entry of a name that is there already adds to it, others are new.  A mistake in it is
told with its line, before anything is done.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from ingest.errors import VoltwireError
from ingest.models import Kind
from ingest.policy import TagPolicy

KINDS: tuple[Kind, ...] = get_args(Kind)
_POLICY = TagPolicy()
_FILES = (
    "companies.toml", "chemistries.toml", "minerals.toml", "technologies.toml", "places.toml",
    "policies.toml", "field.toml",
)  # fmt: skip
_LISTS = ("forms", "careful", "strict", "near", "never", "without")
_FLAGS = ("surname", "given", "brand", "drop")
_KEYS = ("ticker", "what", *_LISTS, *_FLAGS)
_FIELD = ("words", "weak", "given")
_TICKER = re.compile(r"[A-Z]{2,6}:[A-Z0-9][A-Z0-9.&\-]{0,11}")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LINE = re.compile(r"\(at line (\d+)")
# Separates names where several are kept in one column.
BETWEEN = "|"


class GazetteerError(VoltwireError):
    """A gazetteer that cannot be used, and where it is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that articles name.  Forms as they are written in the file."""

    kind: Kind
    name: str
    ticker: tuple[str, ...] = ()
    """``EXCHANGE:SYMBOL``, the main listing first; a brand has its owner's."""
    what: str = ""
    """What a company does, in a word."""
    forms: tuple[str, ...] = ()
    """Names that are sure, its own among them unless that is doubtful."""
    careful: tuple[str, ...] = ()
    """Names that are also words or other names: they count in an article about the field."""
    strict: tuple[str, ...] = ()
    """Names that count only near a word of ``near``, or beside a sure one."""
    near: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    """Longer phrases that hold a name of it and are something else."""
    surname: bool = False
    """Behind a first name it is a person."""
    brand: bool = False
    """Its ticker is its owner's, and stands for that one in a text."""
    given: bool = False
    """It is a first name, too: before a surname it is a person."""

    @property
    def symbol(self) -> str:
        """The main listing; empty for what is not listed."""
        return self.ticker[0] if self.ticker else ""


@dataclass(frozen=True, kw_only=True)
class Gazetteer:
    """Everything that is looked for."""

    entries: tuple[Entry, ...]
    field: tuple[str, ...]
    """Words of the field: one says that an article is about it."""
    weak: tuple[str, ...]
    """Words that are common in it: it takes two."""
    given: frozenset[str]
    """First names and titles."""


@functools.cache
def bundled() -> Gazetteer:
    """The gazetteer that comes with voltwire."""
    folder = resources.files("ingest").joinpath("names")
    read = [_Read(name, folder.joinpath(name).read_text("utf-8")) for name in _FILES]
    return _merged(read)


def digest(own: Path | None = None) -> str:
    """Changes when a file of the gazetteer does; a millisecond, for nothing is understood of it.

    Raises ``GazetteerError`` when ``own`` cannot be read.
    """
    summed = hashlib.sha256(_bundled_digest())
    if own is not None:
        summed.update(_own_bytes(own))
    return summed.hexdigest()[:16]


@functools.cache
def _bundled_digest() -> bytes:
    folder = resources.files("ingest").joinpath("names")
    return hashlib.sha256(b"".join(folder.joinpath(n).read_bytes() for n in _FILES)).digest()


def load_gazetteer(own: Path | None = None) -> Gazetteer:
    """The bundled gazetteer with what the file ``own`` adds to it and changes of it.

    Raises ``GazetteerError``, which names the file, the line and the entry.
    """
    return bundled() if own is None else _merged([_own(own)], bundled())


def _own(path: Path) -> _Read:
    try:
        return _Read(str(path), _own_bytes(path).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise GazetteerError("is not UTF-8", about=path) from error


def _own_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _POLICY.own_bytes:
            raise GazetteerError(f"over {_POLICY.own_bytes} bytes", about=path)
        return path.read_bytes()
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise GazetteerError(why, about=path, hint="give a TOML file of names") from error


class _Read:
    """One file: its tables, and where in it an entry stands."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._lines = text.split("\n")
        try:
            self.tables: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise self._unreadable(str(error)) from error

    def _unreadable(self, said: str) -> GazetteerError:
        found = _LINE.search(said)
        number = int(found[1]) if found else len(self._lines)
        said = said.partition(" (at ")[0]
        line = self._lines[number - 1] if number <= len(self._lines) else ""
        name = line.partition("=")[0].strip().strip('"')
        if "overwrite" in said.lower():
            said = f"{name!r} stands twice in this table"
        return GazetteerError(f"line {number}: {said}", about=self.file, hint=line.strip()[:60])

    def wrong(self, table: str, name: str, why: str, hint: str = "") -> GazetteerError:
        """The error for an entry, with its line."""
        keys = {name, json.dumps(name, ensure_ascii=False), f"'{name}'"}
        inside, at = False, ""
        for number, line in enumerate(self._lines, 1):
            bare = line.strip()
            head = bare.strip("[] ") if bare.startswith("[") else ""
            key = bare.partition("=")[0].strip()
            if (
                head in {f"{table}.{one}" for one in keys}
                or (head == table and not name)
                or (inside and key in keys)
            ):
                at = f"line {number}: "
                break
            inside = head == table if head else inside
        entry = f"{table} {name!r}: " if name else f"[{table}]: "
        return GazetteerError(f"{at}{entry}{why}", about=self.file, hint=hint)


def _merged(files: Iterable[_Read], base: Gazetteer | None = None) -> Gazetteer:
    entries = {(one.kind, one.name): one for one in base.entries} if base else {}
    field = list(base.field) if base else []
    weak = list(base.weak) if base else []
    given = set(base.given) if base else set()
    for file in files:
        own: dict[str, tuple[Kind, str]] = {}
        for table, names in file.tables.items():
            if table == "field":
                words, common, people = _field(file, names)
                field += words
                weak += common
                given |= people
                continue
            kind = _kind(file, table, names)
            for name, told in names.items():
                entry = _entry(file, kind, name, told, entries.get((kind, name)))
                if entry is None:
                    entries.pop((kind, name), None)
                    continue
                entries[kind, name] = entry
                for form in entry.forms:
                    other = own.setdefault(form.lstrip("="), (kind, name))
                    if other != (kind, name):
                        why = f"{form!r} is already a form of {other[0]} {other[1]!r}"
                        raise file.wrong(kind, name, why, "strict forms may be shared")
        if base is not None:
            # Who says of a name whose it is, is believed before the bundled list.
            entries = {
                key: one
                if not any(own.get(form.lstrip("="), key) != key for form in one.forms)
                else replace(
                    one, forms=tuple(f for f in one.forms if own.get(f.lstrip("="), key) == key)
                )
                for key, one in entries.items()
            }
    return Gazetteer(
        entries=tuple(entries.values()), field=tuple(dict.fromkeys(field)),
        weak=tuple(dict.fromkeys(weak)), given=frozenset(given),
    )  # fmt: skip


def _kind(file: _Read, table: str, names: object) -> Kind:
    for kind in KINDS:
        if kind == table:
            if isinstance(names, dict):
                return kind
            raise file.wrong(table, "", "has to be a table of names")
    known = ", ".join((*KINDS, "field"))
    raise file.wrong(table, "", "no such kind", f"there are {known}")


def _field(file: _Read, told: object) -> tuple[list[str], list[str], set[str]]:
    if not isinstance(told, dict):
        raise file.wrong("field", "", "has to be a table")
    for key in told:
        if key not in _FIELD:
            raise file.wrong("field", "", f"no key {key!r}", f"there are {', '.join(_FIELD)}")
    return (
        list(_forms(file, "field", "", "words", told.get("words", []))),
        list(_forms(file, "field", "", "weak", told.get("weak", []))),
        set(_strings(file, "field", "", "given", told.get("given", []))),
    )


def _entry(file: _Read, kind: Kind, name: str, told: object, was: Entry | None) -> Entry | None:
    if not name.strip() or BETWEEN in name or not name.isprintable():
        raise file.wrong(kind, name, "a name has letters, and no | or control characters")
    if not isinstance(told, dict):
        raise file.wrong(kind, name, "has to be a table, such as { forms = [] }")
    for key in told:
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_KEYS)}"
            raise file.wrong(kind, name, f"no key {key!r}", hint)
    for key in _FLAGS:
        if not isinstance(told.get(key, False), bool):
            raise file.wrong(kind, name, f"{key} has to be true or false")
    if told.get("drop"):
        if was is None:
            raise file.wrong(kind, name, "is not there, so it cannot be dropped")
        return None
    lists = {key: _forms(file, kind, name, key, told.get(key, [])) for key in _LISTS}
    lists |= {"near": _strings(file, kind, name, "near", told.get("near", []))}
    entry = was or Entry(kind=kind, name=name)
    without = set(lists.pop("without"))
    doubtful = {_plain(form) for form in (*lists["careful"], *lists["strict"])}
    added = lists["forms"]
    # Its name is a form of it, unless the file says how that is to be read.
    if was is None and _plain(name) not in doubtful and f"={name}" not in added:
        added = (name, *added)
    now_doubted = {form for form in entry.forms if _plain(form) in doubtful}
    changed = replace(
        entry,
        forms=_joined(entry.forms, added, without | now_doubted),
        careful=_joined(entry.careful, lists["careful"], without),
        strict=_joined(entry.strict, lists["strict"], without),
        near=_joined(entry.near, lists["near"], without),
        never=_joined(entry.never, lists["never"], without),
        ticker=_ticker(file, kind, name, told["ticker"]) if "ticker" in told else entry.ticker,
        what=_word(file, kind, name, told["what"]) if "what" in told else entry.what,
        surname=told.get("surname", entry.surname),
        given=told.get("given", entry.given),
        brand=told.get("brand", entry.brand),
    )
    if changed.strict and not changed.near and not changed.forms:
        raise file.wrong(kind, name, "strict names need words in near, or a sure form")
    if not (changed.forms or changed.careful or changed.strict):
        raise file.wrong(kind, name, "is left without any name", "drop = true takes it out")
    return changed


def _plain(form: str) -> str:
    return form.lstrip("=").lower().replace("-", " ")


def _joined(was: Iterable[str], added: Iterable[str], without: Iterable[str]) -> tuple[str, ...]:
    gone = set(without)
    return tuple(form for form in dict.fromkeys((*was, *added)) if form not in gone)


def _strings(file: _Read, kind: str, name: str, key: str, told: object) -> tuple[str, ...]:
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        raise file.wrong(kind, name, f"{key} has to be a list of strings")
    for one in told:
        if not one.strip() or one != one.strip() or not one.isprintable():
            raise file.wrong(kind, name, f"{key}: {one!r} is empty or has spaces around it")
    return tuple(told)


def _forms(file: _Read, kind: str, name: str, key: str, told: object) -> tuple[str, ...]:
    forms = _strings(file, kind, name, key, told)
    for form in forms:
        bare = form.lstrip("=").rstrip("*")
        if "*" in bare and not re.fullmatch(r"[^*]+(\*? [^*]+)+", bare):
            raise file.wrong(kind, name, f"{key}: {form!r} has a * before its end")
        if len(bare) < 2 and not _UNSPACED.search(bare):
            raise file.wrong(kind, name, f"{key}: {form!r} is too short to be told from letters")
    return forms


def _ticker(file: _Read, kind: str, name: str, told: object) -> tuple[str, ...]:
    symbols = (
        _strings(file, kind, name, "ticker", [told] if isinstance(told, str) else told)
        if (told != "")
        else ()
    )
    for symbol in symbols:
        if not _TICKER.fullmatch(symbol):
            why = f"ticker: {symbol!r} is not EXCHANGE:SYMBOL"
            raise file.wrong(kind, name, why, 'such as "NASDAQ:TSLA"')
    return symbols


def _word(file: _Read, kind: str, name: str, told: object) -> str:
    if not isinstance(told, str):
        raise file.wrong(kind, name, "what has to be a string")
    return told


def counted(gazetteer: Gazetteer) -> Mapping[str, int]:
    """Entries by kind, in the order of ``KINDS``."""
    return {kind: sum(one.kind == kind for one in gazetteer.entries) for kind in KINDS}
