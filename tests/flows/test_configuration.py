"""The settings explained: a file to begin with, a page, and what is in use."""

from __future__ import annotations

import tomllib
from dataclasses import fields, replace
from pathlib import Path

import pytest

from flows import configuration
from flows.setting_sources import Source, find
from flows.settings import Loaded, Settings, kinds

ROOT = Path(__file__).parents[2]


def loaded(**values: object) -> Loaded:
    return Loaded(
        settings=Settings(**values),  # type: ignore[arg-type]
        sources={one.name: Source() for one in fields(Settings)},
        file=None,
    )


def test_every_setting_is_explained() -> None:
    """A new one without a word below it does not pass."""
    told = configuration.explained()
    assert [one.name for one in told] == [one.name for one in fields(Settings)]
    for one in told:
        assert len(one.text) > 15, one.name


def test_the_example_file_holds_every_setting_at_its_default(tmp_path: Path) -> None:
    """As it is it changes nothing; with its # taken off each line is a right one."""
    text = configuration.example_file()
    assert tomllib.loads(text) == {}
    bare = "\n".join(
        line.removeprefix("# ")
        for line in text.splitlines()
        if line.startswith("# ") and "=" in line
    )
    assert list(tomllib.loads(bare)) == [one.name for one in fields(Settings)]
    (tmp_path / "voltwire.toml").write_text(bare)
    found = find(kinds(), file=tmp_path / "voltwire.toml", environment={})
    assert Settings(**{**found.values, "store": Settings.store}) == Settings()


def test_every_example_is_a_right_value(tmp_path: Path) -> None:
    """What a complaint recommends works when it is typed."""
    for one in configuration.explained():
        for example in one.example.split(" or "):
            value = example.partition(" (")[0]
            (tmp_path / "voltwire.toml").write_text(f"{one.name} = {value}\n")
            found = find(kinds(), file=tmp_path / "voltwire.toml", environment={})
            assert list(found.values) == [one.name]


def test_the_page_of_settings_is_as_it_would_be_made_now() -> None:
    """``python -m flows.configuration > docs/configuration.md`` makes it anew."""
    assert (ROOT / "docs" / "configuration.md").read_text() == configuration.page()


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("webhook", "https://hooks.example/T0/s3cret?k=s3cret", "https://hooks.example/***"),
        ("webhook", "https://u:s3cret@hooks.example", "https://***@hooks.example"),
        ("wayback_url", "https://u:s3cret@a.example/w/?t=s3cret", "https://***@a.example/w/?***"),
        ("ccnews_url", "https://data.example/x/", "https://data.example/x/"),
        ("contact", "mailto:a@b.example", "mailto:a@b.example"),
        ("feeds", "s3://key:s3cret@bucket/x", "s3://***@bucket/x"),
        ("contact", "https://[s3cret", "(not shown)"),
        ("store", Path("a/b"), "a/b"),
        ("allow_hosts", ("a", "b"), ["a", "b"]),
    ],
)
def test_secrets_in_urls_are_not_shown(name: str, value: object, shown: object) -> None:
    """Passwords and queries of any URL, and all of a webhook but its host."""
    assert configuration.shown(name, value) == shown
    said = [
        *configuration.lines(loaded(**{name: value})),
        str(configuration.as_dicts(loaded(**{name: value}))),
    ]
    assert "s3cret" not in "".join(said)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_list_of_settings_fits_a_terminal(width: int) -> None:
    """Long values are cut, and a file is named by its last part; in a pipe nothing is cut."""
    long = loaded(contact="https://example.org/" + "x" * 200)
    file = Source("file", f"/etc/{'very/long/' * 20}voltwire.toml")
    long = replace(long, sources={**long.sources, "contact": file})
    assert all(len(line) <= width for line in configuration.lines(long, width)[2:])
    assert "x" * 200 in "".join(configuration.lines(long))


def test_settings_at_their_defaults_are_a_line() -> None:
    """Of those that were changed there are none."""
    assert configuration.lines(loaded(), only=())[-1] == "all settings are at their defaults"
