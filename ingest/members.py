"""The gzip members of a WARC file, walked one by one: which are whole, and where a tail broke off.

A writer that was killed, or a machine that lost power, leaves a file that ends inside a member,
or in zeros.  Only that is a *tail*, and only a tail can be cut off without losing anything.
Damage in the middle is told and never cut: whole records may follow it, and dropping them would
be the worse mistake.
"""

from __future__ import annotations

import os
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ingest.errors import UnreadableArchive

_CHUNK = 256 * 1024
# Inflated at a time: a bomb in the archive must not fill the memory of whoever checks it.
_INFLATED = 4 * 2**20
_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """What a walk over a file found."""

    size: int
    whole: frozenset[int]
    """Offsets of the members that inflate to their end with the right check sum."""
    damaged: tuple[int, ...] = ()
    """Offsets at which something stands that is no whole member, though more follows."""
    tail: int | None = None
    """Where an unfinished last member begins; None when the file ends as it should."""


def walk(path: Path, places: Sequence[int] = ()) -> Members:
    """Walk the members of ``path``.

    Args:
        places: offsets at which members are known to begin; after damage the walk goes on at the
            next of them.

    Raises:
        UnreadableArchive: when the file cannot be read.
    """
    known = sorted(set(places))
    whole: set[int] = set()
    damaged: list[int] = []
    try:
        with path.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
            if not size:
                return Members(size=0, whole=frozenset(), tail=0)
            at, rest = 0, b""
            while at < size:
                end, rest = _member(opened, rest)
                if end is not None:
                    whole.add(at)
                    at = end
                    continue
                following = bisect_right(known, at)
                if following < len(known) and known[following] < size:
                    damaged.append(at)
                    at = known[following]
                    opened.seek(at)
                    rest = b""
                elif _is_tail(opened, at):
                    return Members(
                        size=size, whole=frozenset(whole), damaged=tuple(damaged), tail=at
                    )
                else:
                    damaged.append(at)
                    break
    except OSError as error:
        raise UnreadableArchive(error.strerror or str(error), about=path) from error
    return Members(size=size, whole=frozenset(whole), damaged=tuple(damaged))


def cut_tail(path: Path, found: Members) -> int:
    """Cut the unfinished tail off ``path``; the number of bytes that went.

    A file that is nothing but a tail goes whole: an empty one is no WARC and stops a replay.
    Nobody may be writing to the file.  Does nothing when the file is not as ``found`` saw it.

    Raises:
        UnreadableArchive: when the file cannot be written.
    """
    if found.tail is None:
        return 0
    try:
        with path.open("r+b") as opened:
            if os.fstat(opened.fileno()).st_size != found.size:
                return 0
            opened.truncate(found.tail)
            os.fsync(opened.fileno())
        if found.tail == 0:
            path.unlink()
    except OSError as error:
        raise UnreadableArchive(error.strerror or str(error), about=path) from error
    return found.size - found.tail


def _member(opened: BinaryIO, rest: bytes) -> tuple[int | None, bytes]:
    """Where the member that begins with ``rest`` ends, and what was read beyond; None if broken."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    pending = rest
    try:
        while not inflater.eof:
            if not pending:
                pending = opened.read(_CHUNK)
                if not pending:
                    return None, b""
            inflater.decompress(pending, _INFLATED)
            pending = inflater.unconsumed_tail
    except zlib.error:
        return None, b""
    return opened.tell() - len(inflater.unused_data), inflater.unused_data


def _is_tail(opened: BinaryIO, at: int) -> bool:
    """Whether what begins at ``at`` is a member that the file ends in, or nothing but zeros."""
    opened.seek(at)
    start = opened.read(len(_MAGIC))
    opened.seek(at)
    if not start.strip(b"\0"):
        while chunk := opened.read(_CHUNK):
            if chunk.strip(b"\0"):
                return False
        return True
    if not _MAGIC.startswith(start):
        return False
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        while chunk := opened.read(_CHUNK):
            while chunk:
                inflater.decompress(chunk, _INFLATED)
                chunk = inflater.unconsumed_tail
    except zlib.error:
        # Blocks that a power cut left as zeros inside the last member.
        return False
    return not inflater.eof
