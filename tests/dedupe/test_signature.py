"""Signatures: datasketch's values, keys that meet, keys that stay few."""

import random
import sys
from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe import characters
from dedupe.models import Document, SignatureRecipe
from dedupe.policy import RECIPE
from dedupe.repeats import remove_repeats
from dedupe.shingles import Shingles, shingle
from dedupe.signature import estimate, minhash, minhashes, sign, sketches, to_datasketch
from dedupe.text import fold, word_spans, words

_VOCABULARY = [f"{a}{b}{c}" for a in "bdfglmnprst" for b in "aeiou" for c in "klmnrst"]


def _prose(count: int, seed: int) -> str:
    picker = random.Random(seed)
    return " ".join(picker.choice(_VOCABULARY) for _ in range(count))


def _document(text: str, article_id: str = "a") -> Document:
    return Document(article_id=article_id, text=text)


def test_minhash_equals_datasketch_update_batch() -> None:
    """The vectorised values are those of datasketch's own update_batch."""
    from datasketch import MinHash  # Here: it loads SciPy, in every process that collects.

    hashes = shingle([_prose(700, 1)], 3).of(0)
    theirs = MinHash(
        num_perm=RECIPE.permutations,
        seed=RECIPE.seed,
        scheme="affine32",
        hashfunc=lambda value: int(value) & 0xFFFFFFFF,
    )
    theirs.update_batch(hashes.tolist())
    assert np.array_equal(minhash(hashes), theirs.hashvalues)


def test_stored_bytes_make_a_datasketch_minhash() -> None:
    """The stored bytes, read back, are a MinHash that estimates as datasketch does."""
    from datasketch import MinHash

    common = _prose(300, 2)
    left, right = sign([_document(common + " " + _prose(100, 3)), _document(common)])
    rebuilt = MinHash(hashvalues=np.frombuffer(left.minhash, "<u4"), seed=1, scheme="affine32")
    assert len(left.minhash) == 4 * RECIPE.permutations
    assert rebuilt.jaccard(to_datasketch(right)) == estimate(left, right)


def test_estimate_errs_no_more_than_theory_allows() -> None:
    """Over many pairs the root mean square error is that of 128 independent permutations."""
    errors, expected = [], []
    for seed in range(60):
        picker = random.Random(seed)
        common = picker.randrange(50, 350)
        texts = [_prose(common, seed) + " " + _prose(350 - common, seed * 7 + k) for k in (1, 2)]
        left, right = (set(shingle([text], 3).of(0).tolist()) for text in texts)
        truth = len(left & right) / len(left | right)
        one, other = sign([_document(text) for text in texts])
        errors.append(estimate(one, other) - truth)
        expected.append(truth * (1 - truth) / RECIPE.permutations)
    theory = sqrt(sum(expected) / len(expected))
    assert sqrt(sum(e * e for e in errors) / len(errors)) < 1.25 * theory
    assert abs(sum(errors) / len(errors)) < 3 * theory / sqrt(len(errors))


@given(st.lists(st.text(max_size=200), max_size=8))
@settings(max_examples=150, deadline=None)
def test_batch_does_not_matter(texts: list[str]) -> None:
    """A document has the same signature in any batch and alone."""
    documents = [_document(text, str(number)) for number, text in enumerate(texts)]
    assert sign(documents) == [sign([document])[0] for document in documents]


_PARTS = st.sampled_from(
    [
        _prose(40, 4),
        "Straße ﬁn ½",
        "Élan “quoted” … 12",
        "电池储能",
        "한국",
        "We use cookies. Subscribe to our newsletter.",
        "...",
    ]
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(_PARTS, max_size=4).map("\n".join), max_size=6))
def test_what_is_known_of_a_text_from_its_repeats_changes_no_signature(texts: list[str]) -> None:
    """Also for texts that lose furniture, or that folding lengthens, beside others in a batch."""
    known = [
        replace(_document(report.text), word_hashes=report.word_hashes)
        for report in map(remove_repeats, texts)
    ]
    assert sign(known) == sign([replace(each, word_hashes=None) for each in known])


@given(st.text(max_size=400))
@settings(max_examples=300, deadline=None)
def test_words_are_those_of_the_tokeniser(text: str) -> None:
    """The vectorised tokeniser finds the words that ``text.words`` finds."""
    assert int(shingle([text], 3).words[0]) == len(words(text))


def test_every_character_has_the_class_that_the_tokeniser_gives_it() -> None:
    """The table agrees with ``word_spans`` over all of Unicode, its end included."""
    outside = "".join(chr(p) for p in range(characters.TABLE_SIZE, sys.maxunicode + 1))
    assert word_spans(outside) == []
    classes = characters.as_written().classes
    for point in range(1, characters.TABLE_SIZE, 7):
        if not 0xD800 <= point < 0xE000:
            assert len(word_spans(chr(point) * 2)) == (0, 1, 2)[classes[point]]


_JOINING = st.characters(min_codepoint=1, max_codepoint=0x3FF)
_JOINING |= st.sampled_from("\u1100\u1161\u11a8가각\uffa1\uffc2\uff76\uff9eか\u3099\u09c7\u09be")
_JOINING |= st.sampled_from("ßﬁ…½İıςΣ，。ＡªΌͅ\u0345\u1e9e\u2126\u212b\ufb2a각ำา漢字 \u00a0")


@given(st.lists(st.text(_JOINING | st.characters(), max_size=40), max_size=6))
@settings(max_examples=400, deadline=None)
def test_unfolded_texts_have_the_shingles_of_folded_ones(texts: list[str]) -> None:
    """Folding by table, where it is enough, gives what folding strings gives."""
    raw, folded = shingle(texts, 3), shingle([fold(fold(text)) for text in texts], 3)
    again = [fold(fold(text)) != fold(text) for text in texts]
    for index, unstable in enumerate(again):
        if not unstable:
            assert raw.of(index).tolist() == folded.of(index).tolist()
            assert raw.exact[index] == folded.exact[index]


def test_only_few_characters_need_folding_as_strings() -> None:
    """Han, kana, Hangul, Cyrillic, Greek and accented Latin text is folded by table."""
    classes = characters.unfolded().classes
    for text in (
        "宁德时代，建设工厂。",
        "リチウムイオン電池",
        "배터리 공장",
        "Литий",
        "λίθιο",
        "“Ünlü” – £5",
    ):
        assert characters.UNFOLDED not in classes.take(characters.points_of(text))
    assert np.count_nonzero(classes == characters.UNFOLDED) < 4000


@given(st.lists(st.integers(0, 9_000), max_size=6), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_minhash_of_a_batch_is_that_of_each_text(counts: list[int], seed: int) -> None:
    """Wherever the blocks of permuted shingles end, a text has the values it has alone."""
    hashes = np.random.default_rng(seed).integers(0, 2**64, sum(counts), dtype=np.uint64)
    offsets = np.cumsum([0, *counts])
    values = minhashes(hashes, offsets)
    for index in range(len(counts)):
        alone = minhash(hashes[offsets[index] : offsets[index + 1]])
        assert np.array_equal(values[index], alone)


@given(st.lists(st.integers(0, 2**64 - 1)), st.integers(1, 400))
def test_sketch_keeps_the_multiples_of_its_modulus(values: list[int], modulus: int) -> None:
    """A key is kept if and only if it is 0 modulo the modulus, even or odd."""
    hashes = np.array([*values, *(value // modulus * modulus for value in values)], np.uint64)
    recipe = replace(RECIPE, sketch_modulus=modulus, sketch_head=len(hashes) + 1)
    one = Shingles(hashes, np.array([0, len(hashes)]), np.array([1]), hashes[:1])
    kept = {int(value) for value in hashes if int(value) % modulus == 0}
    assert sketches(one, recipe) == [tuple(sorted(kept))]


@given(st.lists(st.sampled_from(_VOCABULARY), min_size=1, max_size=60), st.data())
@settings(max_examples=100, deadline=None)
def test_same_words_have_the_same_exact_hash(tokens: list[str], data: st.DataObject) -> None:
    """Case, punctuation, spacing and line breaks do not change the exact hash."""
    plain = " ".join(tokens)
    breaks = st.sampled_from([" ", "\n", ", ", " – ", ".  ", "… “"])
    dressed = "".join(
        (token.upper() if data.draw(st.booleans()) else token) + data.draw(breaks)
        for token in tokens
    )
    one, other = sign([_document(plain), _document(dressed)])
    assert one == other


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), st.integers(0, 11))
@settings(max_examples=200, deadline=None)
def test_another_word_changes_the_exact_hash(tokens: list[str], at: int) -> None:
    """Changing one word changes the exact hash, and so does the order of unlike words."""
    changed = list(tokens)
    changed[at % len(tokens)] = "d"
    one, other, longer = sign(
        [_document(" ".join(each)) for each in (tokens, changed, [*tokens, "a"])]
    )
    assert len({one.exact, other.exact, longer.exact}) == 3


@pytest.mark.parametrize("text", ["", "  \n", "?!… —", "\ud800\udfff", "\0"])
def test_text_without_words_has_no_keys(text: str) -> None:
    """A text without words has no shingles and is nobody's candidate."""
    (signed,) = sign([_document(text)])
    assert (signed.shingles, signed.bands, signed.sketch) == (0, (), ())


def test_text_of_fewer_words_than_a_shingle_is_one_shingle() -> None:
    """Two words make one shingle, unlike that of two other words."""
    one, other, same = sign(
        [_document("solid state"), _document("state solid"), _document("Solid, state")]
    )
    assert one.shingles == other.shingles == 1
    assert one.bands == same.bands
    assert not set(one.bands) & set(other.bands)


def test_keys_fit_an_unsigned_64_bit_column() -> None:
    """Every key is between 0 and 2 ** 64 - 1 and a Python integer."""
    (signed,) = sign([_document(_prose(400, 5))])
    for key in (signed.exact, *signed.bands, *signed.sketch):
        assert type(key) is int
        assert 0 <= key < 1 << 64
    assert len(set(signed.bands)) == RECIPE.bands
    assert list(signed.sketch) == sorted(set(signed.sketch))


def test_keys_of_a_report_stay_under_300_bytes() -> None:
    """A report of 380 words costs at most 300 bytes of keys on average."""
    signed = sign([_document(_prose(380, seed)) for seed in range(200)])
    assert sum(8 * (len(s.bands) + len(s.sketch)) for s in signed) / len(signed) <= 300


def test_teaser_shares_keys_with_its_story() -> None:
    """Of 200 teasers of 40 words at least 98 % share two sketch keys with the whole story."""
    met = 0
    for seed in range(200):
        story = _prose(500, seed)
        teaser = " ".join(story.split()[:40])
        one, other = sign([_document(story), _document(teaser)])
        met += len(set(one.sketch) & set(other.sketch)) >= 2
    assert met >= 196


def test_piece_in_the_middle_of_a_long_page_shares_keys() -> None:
    """A story of 250 words that begins 600 words into a page still shares sketch keys."""
    met = 0
    for seed in range(100):
        story = _prose(250, seed)
        page = f"{_prose(600, seed + 1000)} {story} {_prose(200, seed + 2000)}"
        one, other = sign([_document(story), _document(page)])
        met += len(set(one.sketch) & set(other.sketch)) >= 2
    assert met >= 90


def test_unrelated_texts_share_no_keys() -> None:
    """Texts of other words meet in no band and in no sketch key."""
    one, other = sign([_document(_prose(400, 1)), _document(_prose(400, 2))])
    assert not set(one.bands) & set(other.bands)
    assert len(set(one.sketch) & set(other.sketch)) <= 1


def test_key_kept_late_in_a_text_is_kept_at_its_head_too() -> None:
    """A shingle kept far down a long text is kept wherever it stands."""
    story = _prose(60, 9)
    late, early = sketches(shingle([f"{_prose(500, 8)} {story}", f"{story} {_prose(500, 8)}"], 3))
    alone = set(sketches(shingle([story], 3))[0])
    assert alone <= set(early)
    assert {key for key in alone if key % (8 * RECIPE.sketch_modulus) == 0} <= set(late)


def test_chinese_text_is_shingled_by_characters() -> None:
    """A copy of a Chinese report with one sentence more keeps most of its shingles."""
    report = (
        "宁德时代周三宣布将在匈牙利建设第二座动力电池工厂预计投资七十三亿欧元项目规划产能为一百吉瓦时"
        "公司表示新工厂将为欧洲多家汽车制造商供应磷酸铁锂电池并计划在明年下半年开始投产"
    )
    longer = report + "分析人士认为此举将加快欧洲本地供应链的形成"
    one, other = sign([_document(report), _document(longer)])
    assert one.shingles > 60
    assert estimate(one, other) > 0.6


def test_site_furniture_does_not_change_the_keys() -> None:
    """Consent and newsletter paragraphs around a story leave its keys as they are."""
    story = _prose(200, 4)
    wrapped = (
        "We use cookies to personalise content and to analyse our traffic. By clicking accept "
        f"you agree to our privacy policy.\n{story}\nSign up for our newsletter. Follow us on "
        "Facebook. All rights reserved."
    )
    one, other = sign([_document(story), _document(wrapped)])
    assert one == other


def test_recipe_that_cannot_be_made_is_refused() -> None:
    """More band rows than permutations, or another hash scheme, is an error that says so."""
    fields = {name: getattr(RECIPE, name) for name in RECIPE.__dataclass_fields__}
    with pytest.raises(ValueError, match="permutations"):
        sign([], SignatureRecipe(**{**fields, "bands": 100}))
    with pytest.raises(ValueError, match="affine32"):
        sign([], SignatureRecipe(**{**fields, "scheme": "legacy"}))


def test_very_long_text_is_signed_without_harm() -> None:
    """A text of several megabytes is signed from its first megabyte."""
    (signed,) = sign([_document("lithium " * 600_000)])
    assert signed.shingles <= 2
