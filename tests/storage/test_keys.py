"""Keys of articles as arrays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from storage.keys import unsigned


@given(st.lists(st.integers(-(2**63), 2**64 - 1)))
def test_a_signed_hash_is_stored_as_the_same_bits(values: list[int]) -> None:
    """Whether all of them are unsigned, or some are not."""
    assert unsigned(values).tolist() == [value % 2**64 for value in values]
