"""A WARC of any size out of the pages of others: copies under changed addresses, words changed.

Copy 0 is the page itself.  In further copies every word gets an ending of
its own, in the text, in the scripts and in the meta elements alike, and text without spaces gets
a character of its own after every third.  So a page takes as long to read as before, and names
its title in one form, while no two copies have much of three words in a row in common: copies
that had would all be compared with one another, of which a news archive has nothing.  Dates
stay.  The host gets a prefix, wherever it stands in the page.
"""

from __future__ import annotations

import gzip
import io
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

Answer = tuple[str, list[tuple[str, str]], bytes]
"""URL, headers, body."""
_TAGS = re.compile(r"(<[^<>]*>)")
# A word at the end of what stands between two spaces, as in `"headline":"Plant`.
_LAST = re.compile(r"[^\W\d_]+(?=[,.;:!?)”’-]{0,2}\Z)")
_UNSPACED = re.compile(r"([\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]{3})")
_FIRST_SIGN = 0x4E00
_SIGNS = 20_000
"""Han characters from there on."""
_UNFIT = {"content-length", "content-encoding", "transfer-encoding"}


def answers(paths: Iterable[Path]) -> Iterator[Answer]:
    """The HTML answers of WARC files."""
    for path in paths:
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream):
                if record.rec_type != "response" or record.http_headers is None:
                    continue
                headers = record.http_headers
                if headers.get_statuscode() == "200" and "html" in (
                    headers.get_header("content-type") or ""
                ):
                    url = record.rec_headers.get_header("WARC-Target-URI")
                    kept = [(n, v) for n, v in headers.headers if n.lower() not in _UNFIT]
                    yield url, kept, record.content_stream().read()


def varied(answer: Answer, copy: int) -> Answer:
    """The ``copy``-th copy of a page, always the same one."""
    url, headers, body = answer
    if copy == 0:
        return answer
    host = urlsplit(url).netloc
    other = f"c{copy}.{host}"

    try:
        changed = _reworded(body.decode(), copy).encode()
    except UnicodeError:
        changed = _reworded(body.decode("latin-1"), copy).encode("latin-1", "replace")
    changed = changed.replace(host.encode(), other.encode())
    return url.replace(host, other, 1), headers, changed


def _reworded(page: str, copy: int) -> str:
    letters = f"q{_letters(copy)}"
    ending = rf"\g<0>{letters}"
    sign = rf"\1{chr(_FIRST_SIGN + copy % _SIGNS)}"
    pieces = _TAGS.split(page)
    for at, piece in enumerate(pieces):
        is_meta = at % 2 == 1 and piece[:5].lower() == "<meta"
        if " " not in piece or not (at % 2 == 0 or is_meta):
            continue
        if not piece.isascii():
            piece = _UNSPACED.sub(sign, piece)
        words = piece.split(" ")
        # What stands last is followed by a tag or a quotation mark: it stays, so that a title
        # comes out the same wherever it stands.  So does a month beside a number.
        for place in range(is_meta, len(words) - 1):
            word = words[place]
            if not word or (
                word[0].isupper()
                and (words[place + 1][:1].isdigit() or (place and words[place - 1][-1:].isdigit()))
            ):
                continue
            if word.isalpha():
                words[place] = word + letters
            elif "=" not in word or '"' in word:
                words[place] = _LAST.sub(ending, word)
        pieces[at] = " ".join(words)
    return "".join(pieces)


def _letters(number: int) -> str:
    found = ""
    while number:
        number, digit = divmod(number, 26)
        found += chr(97 + digit)
    return found


def write(
    target: Path,
    paths: Iterable[Path],
    pages: int,
    *,
    other_hosts: float = 0.0,
    compression: int = 6,
) -> int:
    """Write so many pages to ``target``; the bytes that it has then.

    Args:
        other_hosts: share of the records that are moved to ``unwanted-N.example``, which stands
            for the hosts of an archive that nobody asked for.
    """
    originals = list(answers(paths))
    chance = random.Random(11)
    made = WARCWriter(io.BytesIO(), gzip=False, warc_version="1.1")
    with target.open("wb") as out:
        for number in range(pages):
            copy, at = divmod(number, len(originals))
            url, headers, body = varied(originals[at], copy)
            if chance.random() < other_hosts:
                path = urlsplit(url).path
                url = f"https://unwanted-{number % 997}.example{path}?n={number}"
            record = made.create_warc_record(
                url,
                "response",
                payload=io.BytesIO(body),
                length=len(body),
                http_headers=StatusAndHeaders(
                    "200 OK", [*headers, ("Content-Length", str(len(body)))], "HTTP/1.1"
                ),
            )
            plain = io.BytesIO()
            made.out = plain
            made.write_record(record)
            out.write(gzip.compress(plain.getvalue(), compression, mtime=0))
    return target.stat().st_size
