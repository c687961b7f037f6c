"""Options that several commands share, and the settings they end in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from flows.settings import Settings, load_settings

F = TypeVar("F", bound=Callable[..., Any])


def store_option(function: F) -> F:
    """``--store DIR``."""
    return click.option(
        "--store",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of the store.  [default: ./voltwire-data, or VOLTWIRE_STORE]",
    )(function)


def json_option(function: F) -> F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Report as JSON.")(function)


def format_option(function: F) -> F:
    """``--format FORM``, as ``form``: how rows are written."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["table", "csv", "json", "parquet"]),
        default="table",
        show_default=True,
    )(function)


def output_option(function: F) -> F:
    """``--output FILE``."""
    return click.option(
        "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file."
    )(function)


def quiet_option(function: F) -> F:
    """``--quiet``."""
    return click.option(
        "--quiet",
        "-q",
        is_flag=True,
        help="Print nothing, or one line of what is new and worth a look: for cron.",
    )(function)


def feeds_option(function: F) -> F:
    """``--feeds FILE``."""
    return click.option(
        "--feeds",
        "feeds_file",
        type=click.Path(path_type=Path),
        help="Feeds from this TOML or OPML file instead of the store's list.",
    )(function)


def all_topics_option(function: F) -> F:
    """``--all-topics``."""
    return click.option(
        "--all-topics", is_flag=True, help="Keep articles that are not about EVs or batteries."
    )(function)


def plain_option(function: F) -> F:
    """``--plain``."""
    return click.option(
        "--plain", is_flag=True, help="Run without Prefect: same work, nothing to see in its UI."
    )(function)


def settings_from(store: Path | None, feeds_file: Path | None = None) -> Settings:
    """The settings, with what the command line says on top."""
    settings = load_settings().with_store(store)
    return replace(settings, feeds=str(feeds_file)) if feeds_file else settings
