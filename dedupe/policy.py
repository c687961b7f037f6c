"""The numbers of deduplication, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from dedupe.models import SignatureRecipe

RECIPE = SignatureRecipe(
    version="3w-128p-10x6-f5",
    # Three words: one word changed in twenty leaves 85 % of the shingles, and runs shared by
    # chance are rare enough for the cap on common keys to remove them.
    shingle_words=3,
    # The standard error of a resemblance estimate is 1 / (2 * sqrt(128)) = .044 at worst.
    permutations=128,
    seed=1,
    scheme="affine32",
    # 10 bands of 6 meet a pair of resemblance .8 in 95 of 100 cases, .6 in 38, .3 in 1: what
    # falls below is met by the sketch.
    bands=10,
    rows=6,
    # One shingle in 5 of the first 64, one in 10 of the next 64, one in 40 after that: 25 keys
    # for a report of 380 words, 8 for a teaser of 40.  With the bands that is 283 bytes a document
    # on BBC news, 203 on Reuters.  One in 8 asks for a single shared key to find as much (pair F1
    # .974 against .978 on built syndication) and compares 3 to 13 times as many pairs.
    sketch_modulus=5,
    sketch_head=64,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchPolicy:
    """When two texts tell one story.  Applied when asking: nothing of it is stored.

    A false match hides a story from a reader, a missed one shows it twice: where the two are
    equally likely the numbers lean towards the miss.
    """

    window_days: float = 14.0
    """Candidates are looked up among articles published at most so many days apart."""
    key_cap: int = 16
    """So many holders of a key in a block of ``window_days`` speak for it and are compared with
    all others.  Of the pairs that a cap of 60 holders let through it keeps 95 % (19,043 wire items)
    to 94 % (built syndication), and those that it drops have another way to their story."""
    min_shared_sketch: int = 2
    """Shared sketch keys that make a candidate without a shared band."""
    exact_words: int = 10
    """Shorter texts that are the same ("Subscribe to read on") need the same title too."""
    correction_numbers: float = 0.4
    """The share of agreeing figures asked of a text that says that it corrects."""
    correction_days: float = 2.0
    """A correction follows within so many days."""
    min_shared: int = 8
    """Runs of words in common below which nothing can be said."""
    containment: float = 0.5
    """Share of the shorter text that has to stand in the longer."""
    across_languages: float = 0.8
    """The same for texts declared in two languages: only a wrong declaration reaches it."""
    short_words: int = 120
    """Below this many words forms of words fill a wire item..."""
    short_containment: float = 0.75
    """...and so much of it has to stand in the other."""
    late_days: float = 3.0
    """A copy is printed within days; what looks alike later is mostly the next report..."""
    late_containment: float = 0.8
    """...unless so much is the same."""
    head: float = 0.3
    """Share of either opening that has to stand in the other text.  A follow-up that reuses
    background opens anew; a copy cut from its end, or wrapped, still opens alike."""
    weak_containment: float = 0.65
    """Below this..."""
    weak_head: float = 0.55
    """...so much of an opening is needed."""
    head_words: int = 100
    """How many first words are the opening: more than a rewritten lede."""
    numbers: float = 0.8
    """Share of the figures standing in the same place that have to agree.  From .7 to .85 the
    labelled news scores the same; at .65 forms with one figure in three changed come through."""
    issue_numbers: float = 0.9
    """The same where a weekday or a month in the same place differs..."""
    issue_changes: int = 3
    """...and so many distinct figures do: the next issue of a table in which most prices stand."""
    update_days: float = 0.5
    """Within half a day a report is brought up to date..."""
    update_changes: int = 2
    """...when no more than so many figures moved, wherever they stand: the dead and the injured.
    A form filled anew changes more..."""
    update_names: float = 0.8
    """...and keeps fewer of its names."""
    names: int = 4
    """Fewer names than this say nothing."""
    other_names: float = 0.34
    """Texts with no more of their names in common are two stories on one form, and hold no figure
    that could say so..."""
    other_names_containment: float = 0.9
    """...unless nearly all of one stands in the other."""
    subjects: int = 3
    """Long words of its title that each text has to name, and none of them in what both share, for
    the shared words to be the site's own."""
    title_words: int = 3
    """A title of fewer words says nothing."""
    same_title: float = 0.8
    """Titles with so much in common are one title..."""
    same_title_containment: float = 0.65
    """...and make up for a new opening when so much of the text is the same."""
    other_title: float = 0.15
    """Titles with no more in common speak of two things..."""
    other_title_containment: float = 0.75
    """...unless so much of the text is the same."""
    reordered: float = 0.85
    """Texts with so many words of both together in common, each counted as often as it stands, are
    one text in another order, whatever their runs of words say.  No two stories of the labelled
    news come near: .80 for two on one form, and their figures tell them apart..."""
    reordered_words: int = 60
    """...from so many words on."""
    piece: float = 0.7
    """Share of a text that has to stand in a longer page to be called a piece of it."""
    lead_words: int = 80
    """Words before it that make it a piece: a digest's other entries, not a site's greeting."""
    between_words: int = 40
    """Words before it that do when ``lead_words`` stand behind it: an entry of a list."""
    topic_words: int = 110
    """Shorter stretches are too little to tell whether they speak of one thing."""
    other_topic_words: int = 160
    """A page that carries a second story carries so much of it."""
    other_topic: float = -1.0
    """Cohesion below which the rest of a page is another story."""
    nearly_complete: float = 0.9
    """A copy with so many of the longest one's words is as good to show: the rest is a site's
    greeting or a tail.  A cut of one paragraph in ten falls below."""


POLICY = MatchPolicy()


@dataclass(frozen=True, slots=True)
class RepeatPolicy:
    """When a stretch counts as a copy of another stretch of the same text.

    Cutting what the author repeated on purpose is the worse mistake: every number leans to
    keeping.  Counts of words weigh a character of an unspaced script as ``unspaced_weight``.
    """

    longest_text: int = 2_000_000
    """Characters.  Some seconds of work; an article is 5,000, a long book 1,000,000."""
    gram_words: int = 5
    """Anchor length.  With every fourth word changed 24 % of 5-grams survive, enough to chain;
    shorter ones occur by chance."""
    gram_unspaced: int = 8
    """Anchor length where characters count as words: five would be two words of Chinese."""
    unspaced_weight: float = 0.5
    """Words a character of Han, kana, Thai... is worth (Chinese words average 1.6 to 2)."""
    least_words: int = 12
    """No repeat shorter than this is ever cut."""
    seed_words: int = 8
    """Exactly repeated words that a chain must hold before its gaps are aligned."""
    most_runs: int = 12_000
    """Exact runs looked at; beyond, the shortest go first.  Keeps tables linear: a megabyte that
    stands twice, one word in twelve changed, has 4,700."""
    most_chains: int = 400
    """Repeats aligned.  A megabyte of articles has 160.  More come from stock phrases, and only
    those of ``short_words`` are looked at; more of these, and nobody looked: a book of forms."""
    chain_gap: int = 60
    """Words between two anchors of one chain: at 25 % edits longer gaps are under 1 in 1,000."""
    chain_drift: int = 25
    """Words by which one copy may be longer than the other between two anchors (a caption)."""
    active_chains: int = 24
    """Chains that a new anchor may join; bounds the work a word."""
    align_share: int = 6
    """Words aligned, as a multiple of the text's: what is over is left alone."""
    extend_words: int = 40
    """Window in which a chain's ends are extended, repeated while it pays."""
    window_words: int = 30
    """Words of a paragraph that is sketched; in shorter ones a shared phrase is half the text."""
    longest_window: int = 400
    """A longer paragraph is not sketched: aligning costs the square of its words at worst."""
    window_bins: int = 4
    """Bins of 16 that must agree.  A fifth of the words changed leaves 7 on average, a quarter 5;
    unrelated paragraphs share under 1."""
    window_share: float = 0.7
    """Share of the longer paragraph that must align: what was rewritten further is another text."""
    unit_share: float = 0.5
    """Share of a sentence that must stand in the other copy for the sentence to be one."""
    news_words: int = 8
    """Words in a row without a counterpart that make a sentence news and keep it."""
    bridge_words: int = 40
    """Words of furniture between two copied sentences that do not end the copy."""
    adjacent_share: float = 0.8
    """Similarity asked of a copy of one paragraph; a long copy may be edited more heavily."""
    short_words: int = 60
    """Under this many words a copy is judged strictly: similarity, numbers, layout."""
    near_words: int = 20
    """Words of a copy that stands near its original with only furniture between."""
    apart_words: int = 40
    """Words of a copy in whole paragraphs standing anywhere else.  At 25, true texts lost
    standfirsts and list fields, and no extracted text gained."""
    menu_words: int = 150
    """Words of a menu, list or table that stands twice without a difference."""
    clause_breaks: int = 6
    """A sentence that differs in no more places than this may be a clause or a duty that is laid
    on somebody else; one written anew differs all along."""
    apart_share: float = 0.9
    """Similarity of a copy that stands apart: products reviewed alike reach .88."""
    folded: float = 0.75
    """Distinct words that a copy which is not the same words must stand for, as a share of its
    own: fewer, and its sentences copy one another's form."""
    remnant_share: float = 0.6
    """Likeness of a short sentence in the midst of a long copy to one of the original: of nine
    words, three edited."""
    exact_share: float = 0.97
    """Similarity of copies that count as the same words."""
    excerpt_words: int = 150
    """Words of a copy that stands apart and is one paragraph or begins or ends inside one: below,
    it is a pull quote, a key point, or a passage quoted again to speak about it (124 words were
    seen)."""
    long_words: int = 300
    """Words from which a copy may be edited and rearranged wherever it stands."""
    excerpt_sentences: int = 4
    """Sentences of such a copy."""
    furniture_words: int = 40
    """Words between two copies that still count as near."""
    numbers_changed: float = 0.25
    """Share of numbers that may differ: above, it is a template filled anew."""
    lede_share: float = 0.8
    """Longest lede, as a share of the copy, for which the second copy is kept with its lede."""
    lede_words: int = 150
    """A lede of up to this many words is always accepted as such."""
    rounds: int = 8
    """Passes until nothing more is found; a text that does not settle is left as it was."""
