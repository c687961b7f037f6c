"""In which language a text is written, whatever its page declares."""

from __future__ import annotations

import py3langid

from ingest.policy import ExtractPolicy

_POLICY = ExtractPolicy()

_ALIKE = (
    frozenset({"no", "nb", "nn", "da"}),
    frozenset({"hr", "sr", "bs", "sh", "sl"}),
    frozenset({"id", "ms"}),
    frozenset({"zu", "xh", "ss", "nr"}),
    frozenset({"cs", "sk"}),
    frozenset({"pt", "gl"}),
    frozenset({"zh", "yue"}),
)


def language_of(text: str, declared: str, policy: ExtractPolicy = _POLICY) -> str:
    """Primary language tag of ``text``: the declared one unless the text clearly contradicts it."""
    declared = declared.strip().lower().replace("_", "-").split("-")[0]
    sample = text[: policy.language_chars]
    if len(sample) < policy.language_least_chars and declared:
        return declared
    if not sample.strip():
        return declared
    # most texts begin in the language that they are declared to be in: half the cost
    if declared and py3langid.classify(sample[: policy.language_first_chars])[0] == declared:
        return declared
    ranked: list[tuple[str, float]] = py3langid.rank(sample)
    scores = dict(ranked)
    best, score = ranked[0]
    if not declared:
        return best
    if declared == best or declared not in scores:
        return declared
    if any(declared in group and best in group for group in _ALIKE):
        return declared
    return best if score - scores[declared] > policy.language_margin else declared
