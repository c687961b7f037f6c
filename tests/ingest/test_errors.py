"""Errors that a user reads as one line."""

from __future__ import annotations

import pickle

from ingest.errors import UnreadableArchive, VoltwireError


def test_an_error_says_what_it_is_about_and_what_to_do() -> None:
    """About, message and hint on one line, whatever the parts hold."""
    error = UnreadableArchive("is\nno WARC", about="a.warc.gz", hint="look again")
    assert str(error) == "a.warc.gz: is no WARC (look again)"
    assert str(VoltwireError("so")) == "so"


def test_an_error_comes_back_whole_from_another_process() -> None:
    """Worker processes hand errors over by pickle."""
    error = pickle.loads(pickle.dumps(UnreadableArchive("m", about="a", hint="h")))
    assert (type(error), error.about, error.hint) == (UnreadableArchive, "a", "h")
