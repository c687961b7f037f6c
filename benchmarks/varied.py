"""A WARC of any size out of the pages of others: copies under changed addresses, words reordered.

Copy 0 is the page itself.  In further copies the words of every sentence change places, in the
markup and in scripts alike, so that a page takes as long to read as before while its text is
near that of no other copy; the host gets a prefix, wherever it stands in the page.
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
# A run of text without markup, quotes or ends of sentences; bytes over 127 are letters of some
# kind in every charset, and a space is a space in all of them.
_SENTENCE = re.compile(rb"[^<>\"'{}\[\]=;.!?:/&\\\r\n]{24,}")
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

    def shuffled(match: re.Match[bytes]) -> bytes:
        words = match.group().split(b" ")
        # by the sentence, so that a text that stands twice in a page still does
        random.Random(match.group() + b"%d" % copy).shuffle(words)
        return b" ".join(words)

    # addresses last, and first out of the way: a shuffled address would be none
    parts = body.split(host.encode())
    return (
        url.replace(host, other, 1),
        headers,
        other.encode().join(_SENTENCE.sub(shuffled, part) for part in parts),
    )


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
