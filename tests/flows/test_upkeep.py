"""``voltwire store``: faults found and mended, texts read again, the archive pruned."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows import demonstration
from flows import run as runs_module
from flows.cli import run
from flows.context import Silent
from flows.digested import Digested
from flows.pruning import prune
from flows.workers import Workers, digest
from ingest.archive import ArchiveWriter
from ingest.http import Fetcher
from ingest.models import Capture
from storage import check, runs
from storage.store import Store
from tests.flows.same_store import answers

DAY = demonstration.DAYS[1]
FETCHER_FOR = runs_module.fetcher_for


def archiving(settings: Any, replay: Any = (), **named: Any) -> Fetcher:
    """The newsroom's answers, archived as those of the network are."""
    clock = named["around"].clock
    named["archive"] = ArchiveWriter(settings.store / "archive", clock)
    return FETCHER_FOR(settings, replay, **named)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two days of the newsroom and an archive of what was fetched; not to be touched.

    The second day brings an edit.
    """
    store = tmp_path_factory.mktemp("filled") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs_module, "fetcher_for", archiving)
        patch.setattr("flows.workers.IN_THREAD", 10_000)
        demonstration.make_room(store)
        for day in demonstration.DAYS:
            demonstration.run_day(store, day, Silent())
    return store


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> Store:
    """A copy of ``filled`` to spoil."""
    shutil.copytree(filled, tmp_path / "store", symlinks=True)
    return Store(tmp_path / "store")


@pytest.fixture
def call(store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run ``voltwire store ...`` on the copy; its exit code and what it reported."""
    monkeypatch.setattr("flows.workers.IN_THREAD", 10_000)  # starting workers takes longer

    def called(*arguments: str) -> tuple[int, dict[str, Any]]:
        code = run(["store", *arguments, "--store", str(store.folder), "--json"])
        captured = capsys.readouterr()
        return code, json.loads(captured.out) if captured.out else {"said": captured.err}

    return called


def spoil(store: Store, *statements: str) -> None:
    with store.write() as con:
        for statement in statements:
            con.execute(statement)


def rows(store: Store, query: str) -> list[tuple[Any, ...]]:
    with store.write() as con:
        return con.execute(query).fetchall()


STATE = {
    "articles": "SELECT * EXCLUDE (fetched_at) FROM articles",
    "stories": "SELECT representative_id, articles, publishers FROM stories",
    "duplicates": "SELECT article_id, of_article_id, relation, jaccard FROM duplicates",
    "repeats": "FROM repeats",
    "citations": "FROM citations",
    "article_versions": "FROM article_versions",
    "article_urls": "FROM article_urls",
}


def state(store: Store) -> dict[str, list[str]]:
    return answers(store, STATE)


@pytest.fixture(scope="module")
def pristine(filled: Path) -> dict[str, list[str]]:
    """What a store holds that nobody spoiled."""
    return state(Store(filled))


def archive_files(store: Store) -> list[Path]:
    return sorted(store.archive.rglob("*.warc.gz"))


# check


def test_a_store_that_ingest_filled_is_sound(call: Any, store: Store) -> None:
    """Rows, published file and every archived page hold together; exit code 0."""
    code, report = call("check")
    assert (code, report["faults"]) == (0, [])
    assert report["sound"]
    assert report["articles"] == len(rows(store, "FROM articles"))
    assert report["archive_files"] == 2
    assert report["archive_pages"] > 70


ONE = "(SELECT min(article_id) FROM core.articles)"
COPY = "(SELECT min(article_id) FROM duplicates WHERE relation = 'near')"
PLANTED = {
    "article_without_url": f"DELETE FROM core.article_urls WHERE article_id = {ONE}",
    "url_twice": "INSERT INTO core.article_urls BY NAME SELECT url, 'x' AS article_id "
    "FROM core.article_urls LIMIT 1",
    "url_without_article": "INSERT INTO core.article_urls (url, article_id, url_hash) "
    "VALUES ('u', 'no', md5_number_lower('u'))",
    "entry_unaccounted": f"UPDATE core.entries SET article_id = 'no' WHERE article_id = {ONE}",
    "retry_without_payload": "UPDATE core.entries SET retry_at = now(), payload = NULL "
    "WHERE outcome = 'rejected'",
    "signature_missing": f"DELETE FROM core.signatures WHERE article_id = {COPY}",
    "signature_orphan": "INSERT INTO core.key_segments VALUES "
    "(NULL, 0, 1, encode('no'), unhex('0000000000000000'), ''::BLOB)",
    "keys_missing": "DELETE FROM core.key_segments WHERE rowid IN "
    f"(SELECT segment FROM core.segment_articles WHERE article_id = {COPY})",
    "keys_unreadable": "UPDATE core.key_segments SET ids = unhex(repeat('ff', octet_length(ids))) "
    "WHERE day = (SELECT max(day) FROM core.key_segments)",
    "match_orphan": f"UPDATE core.matches SET of_article_id = 'no' WHERE article_id = {COPY} "
    f"OR of_article_id = {COPY}",
    "article_without_story": f"DELETE FROM core.story_members WHERE article_id = {COPY}",
    "member_twice": f"INSERT INTO core.story_members BY NAME SELECT {COPY} AS article_id, "
    "story_id FROM core.stories LIMIT 1",
    "member_orphan": "INSERT INTO core.story_members BY NAME SELECT 'no' AS article_id, story_id "
    "FROM core.stories LIMIT 1",
    "story_missing": "DELETE FROM core.stories WHERE articles > 1",
    "story_without_representative": "UPDATE core.stories SET representative_id = 'no' "
    "WHERE articles > 1",
    "story_miscounted": "UPDATE core.stories SET articles = articles + 1",
    "story_copy_wrong": f"UPDATE core.articles SET story_id = article_id WHERE article_id = {COPY}",
    "hash_wrong": "UPDATE core.entries SET url_hash = url_hash + 1",
    "words_hash_wrong": f"UPDATE core.articles SET exact = 1 WHERE article_id = {ONE}",
    "forward_nowhere": "INSERT INTO core.story_forwards (story_id, to_story_id) VALUES ('x', 'no')",
    "link_orphan": "INSERT INTO core.links (article_id, url) VALUES ('no', 'u')",
    "mention_orphan": "INSERT INTO core.mentions (article_id, name) VALUES ('no', 'LFP')",
    "version_gap": "UPDATE core.article_versions SET version = 7",
    "article_twice": f"INSERT INTO core.articles FROM core.articles WHERE article_id = {ONE}",
    "repeat_orphan": "UPDATE core.repeats SET removed_text = 'other'",
}
# Planted together; no two of which one is told for the other, too.
MENDED = (
    ("url_without_article", "signature_orphan", "member_orphan", "forward_nowhere", "link_orphan",
     "mention_orphan", "story_copy_wrong"),
    ("entry_unaccounted", "retry_without_payload", "words_hash_wrong", "match_orphan",
     "story_missing"),
    ("url_twice", "signature_missing", "story_miscounted"),
    ("keys_missing", "article_without_story"),
    ("keys_unreadable", "member_twice"),
    ("story_without_representative", "hash_wrong"),
    ("article_without_url",),
)  # fmt: skip
BY_HAND = (("version_gap", "repeat_orphan"), ("article_twice",))


@pytest.mark.parametrize("kinds", MENDED, ids=lambda kinds: kinds[0])
def test_planted_faults_are_told_with_their_remedies_and_mended(
    kinds: Sequence[str], store: Store, call: Any, pristine: dict[str, list[str]]
) -> None:
    """Exit code 1 and one line a fault; --repair brings back the store as it was."""
    plant(store, call, kinds)
    code, report = call("check", "--no-archive", "--repair")
    assert (code, report["faults"]) == (0, [])
    for kind in kinds:
        assert any(what.startswith(f"{kind} ") for what in report["repaired"]), kind
    if "article_without_url" not in kinds:  # only its own address can be found again
        assert state(store) == pristine


@pytest.mark.parametrize("kinds", BY_HAND, ids=lambda kinds: kinds[0])
def test_planted_faults_that_need_a_person_are_told_and_left(
    kinds: Sequence[str], store: Store, call: Any
) -> None:
    """Exit code 1 with --repair, too, which says that it changed nothing."""
    plant(store, call, kinds)
    code, report = call("check", "--no-archive", "--repair")
    assert code == 1
    assert not report["repaired"]


def plant(store: Store, call: Any, kinds: Sequence[str]) -> None:
    """Spoil ``store`` in so many ways, each of which is told."""
    spoil(store, *(PLANTED[kind] for kind in kinds))
    code, report = call("check", "--no-archive")
    assert code == 1
    for kind in kinds:
        told = [fault for fault in report["faults"] if fault["kind"] == kind]
        assert told, kind
        assert all(fault["subject"] and fault["detail"] and fault["remedy"] for fault in told)


def test_every_kind_of_fault_has_a_planted_one_and_a_remedy() -> None:
    """A new kind comes with what to do about it, and is asked for by the command here."""
    assert set(check.REMEDIES) == set(check.FAULTS)
    assert set(PLANTED) == set(check.FAULTS)
    assert sorted(PLANTED) == sorted(kind for kinds in (*MENDED, *BY_HAND) for kind in kinds)


def test_repairing_a_sound_store_changes_nothing(store: Store, call: Any) -> None:
    """There is nothing to lose by asking."""
    before = state(store)
    code, report = call("check", "--repair")
    assert (code, report["repaired"]) == (0, [])
    assert state(store) == before


def test_each_fault_is_one_line_on_a_terminal(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """What, where, what it means and what to do; the figures last."""
    spoil(store, PLANTED["url_without_article"], PLANTED["link_orphan"])
    assert run(["store", "check", "--store", str(store.folder)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 3
    assert said[0].startswith("url_without_article u: ")
    assert "voltwire store check --repair" in said[0]
    assert said[-1].startswith("2 fault(s) in ")


def test_an_unfinished_record_is_told_and_cut_off(store: Store, call: Any) -> None:
    """What a kill -9 left half-written goes; everything before it stays and reads back."""
    path = archive_files(store)[0]
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:200])
    code, report = call("check")
    assert code == 1
    assert [fault["kind"] for fault in report["faults"]] == ["archive_tail"]
    code, report = call("check", "--repair")
    assert (code, report["faults"]) == (0, [])
    assert report["repaired"] == [f"archive_tail {path.relative_to(store.archive).as_posix()}"]
    assert path.read_bytes() == whole


def test_pages_lost_in_a_power_cut_are_forgotten_with_the_tail(store: Store, call: Any) -> None:
    """An article whose page was never written whole keeps its text and points nowhere."""
    path = archive_files(store)[0]
    file = path.relative_to(store.archive).as_posix()
    pointing = f"FROM core.articles WHERE archive_file = '{file}'"
    ((last,),) = rows(store, f"SELECT max(archive_offset) {pointing}")
    path.write_bytes(path.read_bytes()[: last + 40])
    code, report = call("check")
    assert code == 1
    assert {fault["kind"] for fault in report["faults"]} == {"archive_tail", "archive_unreadable"}
    code, report = call("check", "--repair")
    assert (code, report["faults"]) == (0, [])
    assert rows(store, f"SELECT count(*) {pointing} AND archive_offset >= {last}") == [(0,)]
    assert call("check")[0] == 0


def test_the_file_of_a_run_under_way_is_left_alone(store: Store, call: Any) -> None:
    """A record half-written by a living process is no fault, and must not be cut."""
    path = archive_files(store)[0]
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:200])
    with store.write() as con:
        runs.start(con, run_id="now", kind="ingest", at=datetime.now(UTC) - timedelta(minutes=5))
    code, report = call("check", "--repair")
    assert (code, report["faults"]) == (0, [])
    assert len(report["in_use"]) == 2
    assert path.read_bytes() == whole + whole[:200]


def test_damage_and_missing_files_are_told(store: Store, call: Any) -> None:
    """A flipped bit in a page, a file that is gone, a pointer to another page: each is seen."""
    first, second = archive_files(store)
    names = [path.relative_to(store.archive).as_posix() for path in (first, second)]
    places = rows(
        store,
        "SELECT article_id, archive_offset FROM core.articles "
        f"WHERE archive_file = '{names[0]}' ORDER BY archive_offset",
    )
    (hurt, offset), (strayed, _), (_, other) = places[3], places[8], places[12]
    content = bytearray(first.read_bytes())
    content[offset + 300] ^= 0x10
    first.write_bytes(bytes(content))
    second.unlink()
    spoil(
        store,
        f"UPDATE core.articles SET archive_offset = {other} WHERE article_id = '{strayed}'",
    )
    code, report = call("check", "--repair")
    assert code == 1
    told = {(fault["kind"], fault["subject"]) for fault in report["faults"]}
    assert told == {
        ("archive_missing", names[1]),
        ("archive_damaged", names[0]),
        ("archive_unreadable", hurt),
        ("archive_elsewhere", strayed),
    }


def test_an_unreadable_published_file_is_published_anew(store: Store, call: Any) -> None:
    """Readers have the live store's content again."""
    store.published.resolve().write_bytes(b"no database")
    code, report = call("check", "--no-archive")
    assert code == 1
    assert [fault["kind"] for fault in report["faults"]] == ["published_unreadable"]
    assert call("check", "--no-archive", "--repair")[0] == 0
    with store.read() as con:
        assert con.execute("SELECT count(*) > 0 FROM news").fetchone() == (True,)


@pytest.mark.parametrize(
    "command", [["check"], ["reextract"], ["prune", "--keep-archive-days", "1"]]
)
def test_a_folder_without_a_store_is_one_line_and_stays_as_it_is(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Looking after a store that is not there makes none."""
    assert run(["store", *command, "--store", str(tmp_path / "none")]) == 2
    said = capsys.readouterr().err
    assert "no store at" in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "none").exists()


# reextract


def test_reading_again_by_the_same_rules_changes_nothing(store: Store, call: Any) -> None:
    """Texts, versions, repeats, stories and copies stay what they were; nothing is fetched."""
    before = state(store)
    code, report = call("reextract")
    assert code == 0
    assert report["from_archive"] > 70
    assert report["articles"] == report["unchanged"] == len(before["articles"])
    assert (report["refused"], report["unreadable"], report["stories"]) == ({}, 0, 0)
    assert state(store) == before
    assert call("check")[0] == 0
    with store.read() as con:
        kinds = con.execute("SELECT kind, state FROM runs ORDER BY started_at DESC").fetchone()
    assert kinds == ("reextract", "completed")


def test_what_other_rules_made_is_replaced_without_a_version(store: Store, call: Any) -> None:
    """Texts, dates, topics, repeats, links, signatures and stories follow today's rules."""
    before = state(store)
    spoil(
        store,
        "UPDATE core.articles SET text = 'Subscribe to our letter.\n' || text, "
        "topics = [], exact = 1, words = 3 WHERE text_source = 'page' "
        "AND version = 1",
        "UPDATE core.articles SET published_at = published_at + INTERVAL 3 DAY "
        "WHERE published_from = 'page' AND version = 1",
        "DELETE FROM core.repeats",
        "DELETE FROM core.links WHERE article_id IN "
        "(SELECT article_id FROM core.articles WHERE text_source = 'page')",
        "DELETE FROM core.matches",
        "DELETE FROM core.key_segments",
        "UPDATE core.signatures SET exact = rowid",
    )
    code, report = call("reextract")
    assert code == 0
    assert report["texts_changed"] > 60
    after = state(store)
    for name in STATE:
        assert after[name] == before[name], name
    assert call("check")[0] == 0


def test_only_the_articles_asked_for_are_read_again(store: Store, call: Any) -> None:
    """--feed and --since leave all others alone, and their stories whole."""
    ((feed, wanted),) = rows(
        store,
        "SELECT feed, count(*) FROM articles GROUP BY feed ORDER BY count(*) DESC, feed LIMIT 1",
    )
    before = state(store)
    code, report = call("reextract", "--feed", feed)
    assert (code, report["articles"]) == (0, wanted)
    assert state(store) == before
    ((recent,),) = rows(
        store,
        "SELECT count(*) FROM articles WHERE published_at IS NULL OR published_at >= '2026-11-02'",
    )
    assert call("reextract", "--since", "2026-11-02")[1]["articles"] == recent
    assert call("reextract", "--feed", "no-such-feed")[0] == 2


def test_an_article_that_rules_refuse_today_stays(
    store: Store, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Losing a real article is the worse mistake; the refusal is counted by its reason."""

    async def in_this_process(
        workers: Workers, captures: Sequence[Capture], now: datetime
    ) -> list[Digested]:
        return digest(captures, workers._feeds, all_topics=workers._all_topics, now=now)

    monkeypatch.setattr(Workers, "digest", in_this_process)  # where the other patch holds
    monkeypatch.setattr("ingest.extract.refusal", lambda *_, **__: ("too_short", "by a new rule"))
    before = state(store)
    code, report = call("reextract", "--since", "2026-11-02")
    assert code == 0
    assert report["refused"]["too_short"] == report["from_archive"] > 20
    assert state(store) == before


def test_pages_that_are_gone_cost_only_the_reading(store: Store, call: Any) -> None:
    """The article keeps its text; exit code 1 says that the archive wants a look."""
    archive_files(store)[1].unlink()
    before = state(store)
    code, report = call("reextract", "--since", "2026-11-02")
    assert code == 1
    assert report["unreadable"] > 0
    assert state(store) == before


# prune


def test_pruning_lists_first_and_deletes_when_told(store: Store, call: Any) -> None:
    """Without --yes nothing is touched; with it files and what points to them go together."""
    days = str((datetime.now(UTC) - DAY).days + 1)
    old, young = archive_files(store)
    texts = state(store)
    for _ in range(2):
        code, report = call("prune", "--keep-archive-days", "0")
        assert (code, report["deleted"], len(report["files"])) == (0, False, 2)
    assert archive_files(store) == [old, young]
    code, report = call("prune", "--keep-archive-days", days, "--yes")
    assert (code, report["deleted"], report["kept_files"]) == (0, True, 1)
    assert [one["file"] for one in report["files"]] == [old.relative_to(store.archive).as_posix()]
    assert archive_files(store) == [young]
    code, report = call("check")
    assert (code, report["archive_files"]) == (0, 1)
    assert call("prune", "--keep-archive-days", "0", "--yes")[0] == 0
    assert call("check")[1]["archive_pages"] == 0
    assert list(store.archive.iterdir()) == []
    assert state(store) == texts
    assert call("reextract")[0] == 0
    assert state(store) == texts


def test_files_that_others_put_into_the_archive_stay(store: Store) -> None:
    """Only names that the archive's own writer gives are old by their name."""
    mine = store.archive / "2020" / "01" / "crawl.warc.gz"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"x")
    report = prune(
        store, now=DAY + timedelta(days=9), keep_days=1, missing=False, delete=True,
        progress=Silent(),
    )  # fmt: skip
    assert len(report.files) == 2
    assert mine.exists()


def test_a_file_in_use_is_not_pruned(store: Store) -> None:
    """What a living run may be writing to stays until the next pruning."""
    with store.write() as con:
        runs.start(con, run_id="now", kind="ingest", at=DAY)
    report = prune(
        store, now=DAY + timedelta(days=9), keep_days=1, missing=False, delete=True,
        progress=Silent(),
    )  # fmt: skip
    assert (len(report.files), len(report.in_use), len(archive_files(store))) == (0, 2, 2)


def test_files_that_are_gone_are_forgotten_on_request(store: Store, call: Any) -> None:
    """--missing clears what points to them; never when the whole archive is away."""
    archive_files(store)[0].unlink()
    assert call("prune", "--missing", "--yes")[0] == 0
    assert call("check")[0] == 0
    moved = store.archive.rename(store.folder / "away")
    code, report = call("prune", "--missing", "--yes")
    assert code == 2
    assert "mounted" in report["said"]
    moved.rename(store.archive)
    assert call("check")[0] == 0
    assert call("prune")[0] == 2
