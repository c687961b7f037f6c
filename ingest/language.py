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
# Words that no other language of the list above, and no neighbour, has many of.
_ENGLISH = """
    the of and to in is that for on with as was at by it from be are this has have an not or but
    they we you your his her will can their its which who when after more been would about than were
"""
_GERMAN = """
    der die das und den von zu mit ist des auf für im nicht ein eine dem sich als auch es an bei
    einer einen am zum zur aus nach wird sind wie hat oder dass war haben werden noch aber über vor
"""
_COMMON = {"en": frozenset(_ENGLISH.split()), "de": frozenset(_GERMAN.split())}


def _reads_as(text: str, common: frozenset[str], policy: ExtractPolicy) -> bool:
    """Whether so many words of ``text`` are ``common`` ones that there is no doubt."""
    words = text.lower().split()
    found = [word for word in words if word in common]
    return len(set(found)) >= policy.language_common_kinds and len(
        found
    ) >= policy.language_common_share * len(words)


def language_of(text: str, declared: str, policy: ExtractPolicy = _POLICY) -> str:
    """Primary language tag of ``text``: the declared one unless the text clearly contradicts it."""
    declared = declared.strip().lower().replace("_", "-").split("-")[0]
    sample = text[: policy.language_chars]
    if len(sample) < policy.language_least_chars and declared:
        return declared
    if not sample.strip():
        return declared
    # most texts begin in the language that they are declared to be in: half the cost, or none
    first = sample[: policy.language_first_chars]
    if declared in _COMMON and _reads_as(first, _COMMON[declared], policy):
        return declared
    if declared and py3langid.classify(first)[0] == declared:
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
