"""A WARC of any size out of the pages of others: copies under changed addresses, words changed.

Copy 0 is the page itself.  In further copies the commonest short words of several languages get
an ending of their own, in the markup and in scripts alike: about one word in three, so that a
page takes as long to read as before while hardly any three words in a row, and few titles, are
those of another copy.  The host gets a prefix, wherever it stands in the page.
"""

from __future__ import annotations

import gzip
import io
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

Answer = tuple[str, list[tuple[str, str]], bytes]
"""URL, headers, body."""
_WORDS = """
    the of and to a in for is on that with as at by it from said be has are an will its
    der die und den das von mit für im zu auf ist des dem ein eine
    de la le les et des en un une du que el los las y por con del se di il che per da
    het een van op med och att som på av til og
"""
# No markup or script is spelt with a space on both sides of these.
_COMMON = [b" %b " % word.encode() for word in _WORDS.split()]
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

    ending = b"q%b " % _letters(copy)
    for word in _COMMON:
        body = body.replace(word, word[:-1] + ending)
    body = body.replace(host.encode(), other.encode())
    return url.replace(host, other, 1), headers, body


def _letters(number: int) -> bytes:
    found = b""
    while number:
        number, digit = divmod(number, 26)
        found += bytes([97 + digit])
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
