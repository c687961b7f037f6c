"""Matches to stories for a whole store: parts that hang together are grouped apart.

The groups of ``dedupe.cluster.partition`` follow from what hangs together alone, so that doing it
part by part, as runs do, and doing it for everything gives the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from dedupe import cluster
from storage import shadow_fill

Places = NDArray[np.int64]
AT_ONCE = 20_000
"""Articles grouped at once, a kilobyte each; what hangs together stays together."""


def group(con: DuckDBPyConnection, now: datetime) -> None:
    """Put the articles of a filled shadow into stories."""
    edges = shadow_fill.edges(con)
    members: list[str] = []
    shown: list[str] = []
    for places in together(components(len(edges.ids), edges.left, edges.right)):
        nodes, matches = shadow_fill.graph(con, [edges.ids[one] for one in places.tolist()])
        for found in cluster.partition(nodes, matches):
            members += found.member_ids
            shown += [found.representative_id] * len(found.member_ids)
    shadow_fill.tell_stories(con, members, shown, now)


def components(count: int, left: Places, right: Places) -> Places:
    """For each of ``count`` nodes the lowest one that it hangs together with, by edges.

    Labels of neighbours are hooked to the lower one and chains of labels cut short, in turn
    (Shiloach and Vishkin 1982): a few passes over the edges, whatever their order.
    """
    label = np.arange(count, dtype=np.int64)
    while True:
        one, other = label[left], label[right]
        if np.array_equal(one, other):
            return label
        np.minimum.at(label, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(label, further := label[label]):
            label = further


def together(label: Places) -> Iterator[Places]:
    """The nodes with the same labels in one piece, in pieces of about ``AT_ONCE``."""
    if not len(label):
        return
    order = np.argsort(label, kind="stable")
    ordered = label[order]
    begins = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
    # The first node of each piece: where so many have come together since the last one.
    cuts: list[int] = [0]
    for begin in begins.tolist():
        if begin - cuts[-1] >= AT_ONCE:
            cuts.append(begin)
    yield from np.split(order, cuts[1:])
