"""Codings undone within a bound, whatever the bytes."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.content_encoding import EncodingFailed, TooLarge, decode_body, undo_chunked

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}
LIMIT = 100_000
codings = st.sampled_from(sorted(PACKERS))


@settings(deadline=None)
@given(codings, st.binary(max_size=3_000))
def test_what_was_packed_comes_out(coding: str, body: bytes) -> None:
    """Each coding is the inverse of its packer, and an empty body stays empty."""
    assert decode_body(PACKERS[coding](body), coding, limit=LIMIT) == body


@settings(deadline=None)
@given(codings, st.binary(max_size=300), st.booleans(), st.booleans())
def test_any_bytes_end_in_a_body_or_a_named_error(
    coding: str, raw: bytes, lenient: bool, partial: bool
) -> None:
    """Nothing but EncodingFailed and TooLarge comes out of nonsense."""
    magic = {"gzip": b"\x1f\x8b\x08\x00", "zstd": b"\x28\xb5\x2f\xfd"}.get(coding, b"")
    for body in (raw, magic + raw, PACKERS[coding](raw)[:-3] + raw):
        try:
            decoded = decode_body(body, coding, limit=200, lenient=lenient, partial=partial)
        except (EncodingFailed, TooLarge):
            continue
        assert len(decoded) <= 200


@pytest.mark.parametrize("coding", sorted(PACKERS))
@pytest.mark.parametrize("over", [0, 1])
def test_the_limit_is_exact(coding: str, over: int) -> None:
    """A body of the limit passes, one byte more does not; ``partial`` takes the first bytes."""
    packed = PACKERS[coding](bytes(LIMIT + over))
    if over:
        with pytest.raises(TooLarge):
            decode_body(packed, coding, limit=LIMIT)
    else:
        assert len(decode_body(packed, coding, limit=LIMIT)) == LIMIT
    assert decode_body(packed, coding, limit=LIMIT, partial=True) == bytes(LIMIT)


@pytest.mark.parametrize("coding", sorted(PACKERS))
def test_a_part_of_a_body_is_enough_when_asked_for(coding: str) -> None:
    """Cut off in the middle, ``partial`` gives a beginning and the strict reading refuses."""
    text = b"".join(b"%d cells " % number for number in range(9_000))
    packed = PACKERS[coding](text)
    half = packed[: len(packed) // 2]
    begun = decode_body(half, coding, limit=10**6, partial=True)
    assert text.startswith(begun)
    with pytest.raises(EncodingFailed):
        decode_body(half, coding, limit=10**6)


def test_layers_come_off_in_reverse_and_only_a_few() -> None:
    """Content-Encoding lists codings in the order applied; ten layers are a trick."""
    assert decode_body(brotli.compress(gzip.compress(b"x")), "gzip, BR", limit=99) == b"x"
    with pytest.raises(EncodingFailed):
        decode_body(b"x", ", ".join(["gzip"] * 10), limit=9)


def test_padding_after_the_end_is_ignored() -> None:
    """Servers append zeros and line ends to gzip bodies."""
    assert decode_body(gzip.compress(b"cells") + b"\0\0\r\n", "gzip", limit=9) == b"cells"


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8))
def test_chunk_framing_comes_off(chunks: list[bytes]) -> None:
    """Any split into chunks joins again."""
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    assert undo_chunked(framed) == b"".join(chunks)


@given(st.binary(max_size=100))
def test_what_is_not_framed_stays(raw: bytes) -> None:
    """No bytes break the reader; a body that was stored joined is left as it is."""
    assert undo_chunked(b"<html>" + raw) == b"<html>" + raw
    assert len(undo_chunked(raw)) <= len(raw)
