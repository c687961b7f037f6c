"""The store's own check: silent on a sound store, and seeing each fault that is planted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dedupe.models import Repeat
from storage import articles, check, entries, matches, repair, signatures, stories
from storage.models import EntryOutcome

A, B = "a00000000000", "b00000000000"

PLANTED = {
    "article_twice": f"INSERT INTO core.articles FROM core.articles WHERE article_id = '{A}'",
    "article_without_url": f"DELETE FROM core.article_urls WHERE article_id = '{A}'",
    "url_twice": "INSERT INTO core.article_urls (url, article_id) "
    f"VALUES ('https://news.example/a', '{B}')",
    "url_without_article": "INSERT INTO core.article_urls (url, article_id) "
    "VALUES ('u', 'nowhere')",
    "entry_unaccounted": "UPDATE core.entries SET reason = '' WHERE outcome = 'rejected'",
    "retry_without_payload": "UPDATE core.entries SET payload = NULL",
    "signature_missing": f"DELETE FROM core.signatures WHERE article_id = '{A}'",
    "signature_orphan": "INSERT INTO core.signatures (article_id) VALUES ('nowhere')",
    "keys_missing": "DELETE FROM core.key_segments",
    "keys_unreadable": "UPDATE core.key_segments SET counts = unhex('0100')",
    "match_orphan": "UPDATE core.matches SET of_article_id = 'nowhere'",
    "article_without_story": f"DELETE FROM core.story_members WHERE article_id = '{B}'",
    "member_twice": f"INSERT INTO core.story_members VALUES ('{B}', 'c00000000000')",
    "member_orphan": f"INSERT INTO core.story_members VALUES ('nowhere', '{A}')",
    "story_missing": "DELETE FROM core.stories WHERE story_id = 'c00000000000'",
    "story_without_representative": f"UPDATE core.stories SET representative_id = 'nowhere' "
    f"WHERE story_id = '{A}'",
    "story_miscounted": "UPDATE core.stories SET articles = articles + 1",
    "story_copy_wrong": f"UPDATE core.articles SET story_id = article_id WHERE article_id = '{B}'",
    "hash_wrong": "UPDATE core.entries SET url_hash = url_hash + 1",
    "words_hash_wrong": f"UPDATE core.articles SET exact = 1 WHERE article_id = '{A}'",
    "forward_nowhere": "INSERT INTO core.story_forwards VALUES ('x', 'nowhere', now())",
    "version_gap": "UPDATE core.article_versions SET version = 7",
    "repeat_orphan": "UPDATE core.repeats SET removed_text = 'other'",
    "link_orphan": "INSERT INTO core.links VALUES ('nowhere', 0, 'u', 'u')",
    "mention_orphan": "INSERT INTO core.mentions (article_id, name) VALUES ('nowhere', 'LFP')",
}


@pytest.fixture
def sound(con, build):
    """Two copies and a single article, one of them edited, one entry waiting for a retry."""
    cut = Repeat(start=4, end=8, of_start=0, of_end=4, words=1, similarity=1.0, removed_text="two ")
    batch = [
        build.prepared("a", links=("https://x.example/",)),
        build.prepared("b", "one text", original_text="one two text", repeats=(cut,)),
        build.prepared("c"),
    ]
    articles.save(con, batch)
    edited = build.prepared("c", "Another text.", fetched_at=build.noon + timedelta(hours=1))
    articles.save(con, [edited])
    signatures.save(con, [*(one.signature for one in batch[:2]), edited.signature], {})
    matches.save(con, [build.match("a", "b")])
    stories.apply(con, build.plan("a b", "c"), build.noon)
    waiting = build.rejection("d", retry_at=build.noon)
    entries.save(
        con,
        [
            EntryOutcome(entry=build.entry("a"), article_id=A, at=build.noon),
            EntryOutcome(entry=build.entry("d"), rejection=waiting, at=build.noon),
        ],
    )
    return con


def test_a_sound_store_has_no_faults(sound):
    """What the modules write together is consistent."""
    assert check.faults(sound) == []


def test_an_empty_store_has_no_faults(con):
    """Nothing is wrong with nothing."""
    assert check.faults(con) == []


def test_every_kind_of_fault_is_planted_here():
    """A new kind comes with its own planted fault."""
    assert set(PLANTED) == set(check.FAULTS)


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_fault_is_found(sound, kind):
    """Each fault is told under its kind, with the row concerned."""
    sound.execute(PLANTED[kind])
    found = [fault for fault in check.faults(sound) if fault.kind == kind]
    assert found
    assert all(fault.subject and fault.detail for fault in found)


@pytest.mark.parametrize(
    ("kind", "planted"),
    [
        ("story_copy_wrong", f"UPDATE core.articles SET is_representative = false WHERE "
         f"article_id = '{A}'"),
        ("story_copy_wrong", f"UPDATE core.articles SET story_id = NULL WHERE article_id = '{B}'"),
        ("story_copy_wrong", f"UPDATE core.stories SET representative_id = '{B}' "
         f"WHERE story_id = '{A}'"),
        ("hash_wrong", f"UPDATE core.articles SET id_hash = NULL WHERE article_id = '{A}'"),
        ("hash_wrong", "UPDATE core.article_urls SET url_hash = 7"),
        ("hash_wrong", "UPDATE core.matches SET id_hash = of_id_hash, of_id_hash = id_hash"),
        ("words_hash_wrong", f"UPDATE core.signatures SET exact = 1 WHERE article_id = '{B}'"),
        ("signature_orphan", "INSERT INTO core.key_segments VALUES "
         "(NULL, 0, 1, encode('nowhere'), unhex('0000000000000000'), ''::BLOB)"),
    ],
)  # fmt: skip
def test_each_copy_is_held_against_its_source_and_mended(sound, kind, planted):
    """A story told wrongly by an article, a hash not of its key: found, and gone after repair."""
    sound.execute(planted)
    assert kind in {fault.kind for fault in check.faults(sound)}
    if kind != "words_hash_wrong":  # the caller signs anew
        assert repair.mend(sound) == []
        assert check.faults(sound) == []
    else:
        assert repair.mend(sound)
