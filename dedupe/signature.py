"""MinHash signatures and containment sketches; the only importer of datasketch.

Two ways of meeting a near-duplicate:

- *Bands* over a MinHash signature (Broder 1997; banding after Indyk and Motwani 1998) find texts
  that resemble each other as wholes.
- A *sketch* of FracMinHash keys (Irber et al. 2022: keep the hashes that are 0 modulo ``m``)
  finds a text inside a longer one, which resemblance cannot: a teaser of a tenth of the words has
  a Jaccard of .1.  News is cut from its end, so the sketch is dense over the head of a text and
  sparse over the rest: a teaser still has keys, and a long report does not have many.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dedupe.characters import U64, mix64, representatives
from dedupe.furniture import without_furniture
from dedupe.hashing import Offsets
from dedupe.models import Document, Signature, SignatureRecipe
from dedupe.policy import RECIPE
from dedupe.shingles import LONGEST_TEXT, Shingles, shingle

if TYPE_CHECKING:
    from datasketch import MinHash

U32 = npt.NDArray[np.uint32]

# Batches that stay in the processor's cache are faster than the whole corpus at once.
_BATCH = 64
# Permutations and shingles permuted at once, a megabyte: in smaller blocks the calls cost more than
# the arithmetic.
_ROWS, _COLUMNS = 32, 8192
_EMPTY = np.uint32(0xFFFFFFFF)
_BAND_BASE = np.uint64(0x9FB21C651E98DF25)


def sign(documents: Sequence[Document], recipe: SignatureRecipe = RECIPE) -> list[Signature]:
    """Signatures of ``documents``, in their order.

    Raises:
        ValueError: the recipe asks for more band rows than permutations, or for a scheme other
            than datasketch's ``affine32``.
    """
    _check(recipe)
    signatures: list[Signature] = []
    for start in range(0, len(documents), _BATCH):
        signatures += _sign_batch(documents[start : start + _BATCH], recipe)
    return signatures


def _sign_batch(documents: Sequence[Document], recipe: SignatureRecipe) -> list[Signature]:
    texts = [without_furniture(document.text[:LONGEST_TEXT]) for document in documents]
    # Hashed are all words, those of furniture and of what comes after the longest text as well.
    hashed = [
        document.word_hashes if text is document.text else None
        for document, text in zip(documents, texts, strict=True)
    ]
    shingles = shingle(texts, recipe.shingle_words, hashed)
    values = minhashes(shingles.hashes, shingles.offsets, recipe)
    bands = _bands(values, recipe).tolist()
    counts = [_distinct(shingles.of(index)) for index in range(len(documents))]
    kept = sketches(shingles, recipe)
    return [
        Signature(
            article_id=document.article_id,
            exact=exact,
            shingles=counts[index],
            minhash=values[index].astype("<u4", copy=False).tobytes(),
            bands=tuple(bands[index]) if counts[index] else (),
            sketch=kept[index],
        )
        for index, (document, exact) in enumerate(
            zip(documents, shingles.exact.tolist(), strict=True)
        )
    ]


def minhash(hashes: U64, recipe: SignatureRecipe = RECIPE) -> U32:
    """datasketch's MinHash values of a set of 64-bit shingle hashes.

    Equal to ``MinHash(permutations, seed, scheme="affine32", hashfunc=low_32_bits)`` after
    ``update_batch(hashes)``; a test holds it to that.
    """
    values: U32 = minhashes(hashes, np.array([0, len(hashes)]), recipe)[0]
    return values


def minhashes(hashes: U64, offsets: Offsets, recipe: SignatureRecipe = RECIPE) -> U32:
    """``minhash`` of a batch, a row a text; text ``i`` owns ``hashes[offsets[i]:offsets[i + 1]]``.

    Permutes and takes minima over many texts at once, in blocks that stay in the processor's
    cache: 3.5 times as fast as text by text, where the calls cost more than the arithmetic.
    """
    first, second = _permutations(recipe.permutations, recipe.seed)
    found = np.full((recipe.permutations, len(offsets) - 1), _EMPTY, dtype=np.uint32)
    filled = np.flatnonzero(np.diff(offsets))
    starts, ends = offsets[filled], offsets[filled + 1]
    mixed = _mix32(hashes.astype(np.uint32))
    room = np.empty((_ROWS, min(_COLUMNS, len(mixed))), dtype=np.uint32)
    for low in range(0, len(mixed), _COLUMNS):
        block = mixed[low : low + _COLUMNS]
        inside = slice(
            np.searchsorted(ends, low, side="right"), np.searchsorted(starts, low + len(block))
        )
        begins = np.maximum(starts[inside] - low, 0)
        for row in range(0, recipe.permutations, _ROWS):
            rows = slice(row, row + _ROWS)
            values = room[: len(first[rows]), : len(block)]
            np.multiply(first[rows, None], block, out=values)
            values += second[rows, None]
            least = np.minimum.reduceat(values, begins, axis=1)
            # A text that began in the block before goes on in this one.
            least = np.minimum(found[rows, filled[inside]], least)
            found[rows, filled[inside]] = least
    return np.ascontiguousarray(found.T)


def estimate(left: Signature, right: Signature, recipe: SignatureRecipe = RECIPE) -> float:
    """Jaccard resemblance estimated from two signatures under one recipe, 0..1."""
    return float(to_datasketch(left, recipe).jaccard(to_datasketch(right, recipe)))


def to_datasketch(signature: Signature, recipe: SignatureRecipe = RECIPE) -> MinHash:
    """The signature as a ``datasketch.MinHash``, for its estimators and indexes."""
    from datasketch import MinHash

    return MinHash(
        seed=recipe.seed,
        hashvalues=np.frombuffer(signature.minhash, dtype="<u4"),
        scheme=recipe.scheme,
    )


def sketches(shingles: Shingles, recipe: SignatureRecipe = RECIPE) -> list[tuple[int, ...]]:
    """FracMinHash keys of each text of a batch: dense in its head, sparse after it."""
    modulus, head = recipe.sketch_modulus, recipe.sketch_head
    hashes, offsets = shingles.hashes, shingles.offsets
    kept = np.flatnonzero(_divisible(hashes, modulus))
    keys, owner = hashes[kept], np.searchsorted(offsets, kept, side="right") - 1
    place = kept - offsets[owner]
    # The moduli are multiples of one another, so a sparse key is always a dense one too.
    dense = place < head
    dense |= (place < 2 * head) & _divisible(keys, 2 * modulus)
    dense |= _divisible(keys, 8 * modulus)
    keys = keys[dense]
    ends = np.searchsorted(owner[dense], np.arange(len(offsets)))
    listed = keys.tolist()
    return [
        tuple(sorted(set(listed[start:end])))
        for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
    ]


def _divisible(values: U64, by: int) -> npt.NDArray[np.bool_]:
    """Where ``values % by == 0``, by a multiplication, which is 4 times as fast.

    Multiples of an odd number, and only they, times its inverse modulo 2 ** 64 stay below
    ``2 ** 64 / odd`` (Granlund and Montgomery 1994, section 9).
    """
    twos = (by & -by).bit_length() - 1
    odd = by >> twos
    divisible = values * np.uint64(pow(odd, -1, 1 << 64)) <= np.uint64(((1 << 64) - 1) // odd)
    if twos:
        divisible &= values & np.uint64((1 << twos) - 1) == 0
    found: npt.NDArray[np.bool_] = divisible
    return found


def _distinct(hashes: U64) -> int:
    """How many different ones there are."""
    return int(np.count_nonzero(representatives(hashes) == np.arange(len(hashes))))


def _check(recipe: SignatureRecipe) -> None:
    if recipe.bands * recipe.rows > recipe.permutations:
        raise ValueError(
            f"recipe {recipe.version}: {recipe.bands} bands of {recipe.rows} rows need more than "
            f"{recipe.permutations} permutations"
        )
    if recipe.scheme != "affine32":
        raise ValueError(f"recipe {recipe.version}: scheme {recipe.scheme!r} is not affine32")


@lru_cache(maxsize=4)
def _permutations(count: int, seed: int) -> tuple[U32, U32]:
    # As `MinHash(num_perm=count, seed=seed, scheme="affine32").permutations` draws them, to which
    # a test holds it: asking datasketch loads SciPy and more, most of a second in every process.
    draw = np.random.RandomState(seed)
    first = draw.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    second = draw.randint(0, 1 << 32, count, dtype=np.uint32)
    return np.ascontiguousarray(first, np.uint32), np.ascontiguousarray(second, np.uint32)


def _mix32(values: U32) -> U32:
    """MurmurHash3's 32-bit finaliser, which datasketch applies before it permutes."""
    mixed = values ^ (values >> np.uint32(16))
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return mixed


def _bands(values: U32, recipe: SignatureRecipe) -> U64:
    """One key a band; the band's number is mixed in, so that bands do not meet one another."""
    table = values[:, : recipe.bands * recipe.rows]
    table = table.reshape(len(values), recipe.bands, recipe.rows)
    keys = mix64(np.arange(1, recipe.bands + 1, dtype=np.uint64) * _BAND_BASE)
    keys = np.broadcast_to(keys, table.shape[:2])
    for row in range(recipe.rows):
        keys = mix64(keys * _BAND_BASE + table[:, :, row])
    return keys
