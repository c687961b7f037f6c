"""In which language a text is written."""

from __future__ import annotations

from ingest.language import language_of


def test_the_text_overrules_a_wrong_language_tag():
    """A template's lang attribute does not turn German into English."""
    german = "Das Werk im Tal wird im Frühjahr mit der Fertigung der Zellen beginnen. " * 8
    assert language_of(german, "en") == "de"
    assert language_of(german, "de") == "de"
    assert language_of("Kurz.", "en") == "en"


def test_a_quotation_does_not_make_a_text_of_the_language_that_it_is_in() -> None:
    """A few common words of the declared language are no proof of it."""
    german = 'Der Song "The Man in the High Castle" läuft im Werk. ' + (
        "Das Werk im Tal wird im Frühjahr mit der Fertigung der Zellen beginnen. " * 8
    )
    assert language_of(german, "en") == "de"
