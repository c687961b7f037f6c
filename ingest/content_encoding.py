"""Content and transfer codings undone with a bound on what comes out; pure.

httpx decodes whatever one chunk of input expands to before a caller can look at its size; with
brotli or zstd that is gigabytes from a few kilobytes.  Here no step yields more than the limit.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import brotli
import zstandard

ACCEPT_ENCODING = "gzip, deflate, br, zstd"

_ZSTD_WINDOW = 8 * 2**20
# RFC 9659: a decoder for the web need not support windows over 8 MB.
_STEP = 64 * 1024
_SPOON = 256
_MOST_CODINGS = 3
# More layers than that are a trick, not a web server.


class EncodingFailed(ValueError):
    """The body is not what its Content-Encoding says, or ends early."""


class TooLarge(ValueError):
    """More bytes would come out than the limit."""


def decode_body(
    raw: bytes, codings: str, *, limit: int, lenient: bool = False, partial: bool = False
) -> bytes:
    """``raw`` with the codings of a Content-Encoding header undone, at most ``limit`` bytes.

    ``lenient`` is for archives, whose writers often store the decoded body under the original
    header: a body that does not decode is then taken as it stands.  Live, only a body without the
    magic bytes of gzip or zstd is, for servers that announce a coding which they did not apply.
    ``partial`` takes the first ``limit`` bytes and what a cut-off body decodes to, for answers
    that matter by their status.
    Raises ``TooLarge`` and ``EncodingFailed``.
    """
    names = [name.strip().lower() for name in codings.split(",")]
    names = [name for name in names if name not in ("", "identity", "none", "utf-8")]
    if len(names) > _MOST_CODINGS:
        raise EncodingFailed(f"{len(names)} layers of coding")
    body = raw
    for name in reversed(names):
        decoder = _DECODERS.get(name)
        if decoder is None:
            if lenient:
                return body
            raise EncodingFailed(f"unknown coding {name[:40]!r}")
        if not body:
            break
        try:
            body = decoder(body, limit, partial)
        except EncodingFailed:
            if lenient or _is_bare(body, name):
                continue
            raise
    return body[:limit] if _is_full(body, limit, partial) else body


def undo_chunked(raw: bytes) -> bytes:
    """``raw`` without HTTP/1.1 chunk framing; as it stands where the framing is not there.

    Archives that keep the bytes of the wire have it, those that store the body do not, and both
    keep the header.
    """
    out = bytearray()
    at = 0
    while True:
        line_end = raw.find(b"\n", at, at + 1024)
        if line_end < 0:
            return raw
        digits = raw[at:line_end].split(b";")[0].strip()
        if not digits or len(digits) > 8 or digits.strip(b"0123456789abcdefABCDEF"):
            return raw
        size = int(digits, 16)
        if size == 0:
            return bytes(out)
        start = line_end + 1
        if start + size > len(raw):
            return raw
        out += raw[start : start + size]
        at = start + size
        if raw[at : at + 2] == b"\r\n":
            at += 2
        elif raw[at : at + 1] == b"\n":
            at += 1
        else:
            return raw


def _is_bare(body: bytes, name: str) -> bool:
    if name in ("gzip", "x-gzip"):
        return not body.startswith(b"\x1f\x8b")
    if name == "zstd":
        return not body.startswith(b"\x28\xb5\x2f\xfd")
    return False


def _is_full(out: bytes | bytearray, limit: int, partial: bool) -> bool:
    if len(out) > limit and not partial:
        raise TooLarge(f"more than {limit} bytes after decompression")
    return len(out) > limit


def _inflate(raw: bytes, limit: int, partial: bool, wbits: int) -> bytes:
    out = bytearray()
    rest = raw
    while rest:
        inflater = zlib.decompressobj(wbits)
        while not inflater.eof:
            if not rest:
                if partial:
                    return bytes(out)
                raise EncodingFailed("compressed body ends early")
            try:
                out += inflater.decompress(rest, limit + 1 - len(out))
            except zlib.error as error:
                if out and partial:
                    return bytes(out)
                raise EncodingFailed(str(error)) from error
            if _is_full(out, limit, partial):
                return bytes(out[:limit])
            rest = inflater.unconsumed_tail
        rest = inflater.unused_data
        if wbits <= zlib.MAX_WBITS or not rest.startswith(b"\x1f\x8b"):
            break  # Only gzip has further members; anything else after the end is padding.
    return bytes(out)


def _gzip(raw: bytes, limit: int, partial: bool) -> bytes:
    return _inflate(raw, limit, partial, zlib.MAX_WBITS | 16)


def _deflate(raw: bytes, limit: int, partial: bool) -> bytes:
    try:
        return _inflate(raw, limit, partial, zlib.MAX_WBITS)
    except EncodingFailed:
        # "deflate" is zlib by RFC 9110, and raw deflate with old servers.
        return _inflate(raw, limit, partial, -zlib.MAX_WBITS)


def _brotli(raw: bytes, limit: int, partial: bool) -> bytes:
    decompressor = brotli.Decompressor()
    out = bytearray()
    at = 0
    try:
        while not decompressor.is_finished():
            chunk = b""
            if decompressor.can_accept_more_data():
                chunk = raw[at : at + _STEP]
                at += len(chunk)
            block = decompressor.process(chunk, output_buffer_limit=_STEP)
            # With all input taken, output may still be waiting inside.
            if not chunk and not block and not decompressor.is_finished():
                if partial:
                    break
                raise EncodingFailed("compressed body ends early")
            out += block
            if _is_full(out, limit, partial):
                return bytes(out[:limit])
    except brotli.error as error:
        raise EncodingFailed(str(error)) from error
    return bytes(out)


def _zstd(raw: bytes, limit: int, partial: bool) -> bytes:
    # The stream reader cannot tell a cut-off frame from a whole one, the decompression object
    # cannot bound its output; fed by the spoonful it is bounded, a block being 128 KB at most.
    out = bytearray()
    rest = raw
    while rest:
        inflater = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        at = 0
        while not inflater.eof:
            spoon = rest[at : at + _SPOON]
            at += _SPOON
            if not spoon:
                if partial:
                    return bytes(out)
                raise EncodingFailed("compressed body ends early")
            try:
                out += inflater.decompress(spoon)
            except zstandard.ZstdError as error:
                if out and partial:
                    return bytes(out)
                raise EncodingFailed(str(error)) from error
            if _is_full(out, limit, partial):
                return bytes(out[:limit])
        rest = inflater.unused_data + rest[at:]
        if not rest.startswith(b"\x28\xb5\x2f\xfd"):
            break
    return bytes(out)


_DECODERS: dict[str, Callable[[bytes, int, bool], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
