"""Keys to candidate pairs: one range of hashes is joined with itself."""

from __future__ import annotations

from math import ceil

from dedupe.policy import POLICY
from flows.recompute.parts import KeyRange, work_on
from storage import joining


def join_chunk(part: KeyRange) -> int:
    """Count what articles share of one range of keys; returns how many pairs there are.

    Reads ``keys`` of all chunks; writes ``joined``.
    """
    room = part.room
    with work_on(part, room.file("keys", 0)) as con:
        return joining.join(
            con,
            room.files("keys", part.chunks),
            part.low,
            part.high,
            room.file("joined", part.number),
            window_days=ceil(POLICY.window_days),
            max_common=POLICY.key_cap,
        )
