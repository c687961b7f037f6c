"""What arrays of hashes are asked: which of them are equal."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedupe.characters import representatives

FEW = st.integers(0, 7)
"""Upper or lower parts of a hash of which many are alike."""


@given(st.lists(st.tuples(FEW, FEW, FEW)))
def test_equal_hashes_have_one_representative_and_others_another(
    parts: list[tuple[int, int, int]],
) -> None:
    """Also where the bits are the same by which they are looked up: upper, lower or both."""
    values = [upper << 60 | middle << 30 | lower for upper, middle, lower in parts]
    found = representatives(np.array(values, dtype=np.uint64)).tolist()
    assert [values[place] for place in found] == values
    assert len(set(found)) == len(set(values))
