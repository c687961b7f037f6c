"""Settings: environment and ``voltwire.toml`` into one frozen ``Settings``.

The only reader of the environment.  Order, weakest first: the defaults below, ``voltwire.toml``
in the working folder (or the file that ``VOLTWIRE_CONFIG`` names), ``VOLTWIRE_*`` variables,
options on the command line.

The docstring below each setting is what people read of it: in the file that ``voltwire config
init`` writes and in ``docs/configuration.md``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from flows.setting_kinds import (
    CRON,
    FILE,
    FOLDER,
    HOSTS,
    HOURS,
    PLACE,
    WEB,
    ZONE,
    Kind,
    SettingsError,
    choice,
    kind_of,
    number,
    text,
    whole,
)
from flows.setting_sources import Source, find

__all__ = ["Settings", "SettingsError"]

CONFIG_NAME = "voltwire.toml"
SECRET = frozenset({"webhook"})
"""Settings that open a door to whoever reads them."""


@dataclass(frozen=True)
class Settings:
    """What a person can set; every name is also ``VOLTWIRE_<NAME>`` in the environment."""

    store: Annotated[Path, FOLDER] = Path("voltwire-data")
    """Folder of the store and its archive."""
    feeds: Annotated[str, FILE] = ""
    """A TOML or OPML file of feeds; empty for the store's own list or, as long as it has none,
    the bundled one."""
    contact: Annotated[str, text("mailto:you@example.org")] = ""
    """A URL or mail address that publishers can write to; sent in the User-Agent."""
    workers: Annotated[int, whole(0, 2)] = 0
    """Processes that extract; 0 for one a core."""
    batch: Annotated[int, whole(1, 100)] = 100
    """Pages fetched, extracted and saved together: a killed run repeats at most this many
    fetches, and each batch costs one write window of the store."""
    backfill_batch: Annotated[int, whole(1, 500)] = 500
    """Articles of a backfill digested and saved together (no fetch is repeated, so larger)."""
    connections: Annotated[int, whole(1, 32)] = 32
    """Requests under way at once, over all hosts."""
    pace_seconds: Annotated[float, number(0, 1)] = 1.0
    """Shortest time between two requests to one registered domain; 0 only for servers of your
    own."""
    allow_hosts: Annotated[tuple[str, ...], HOSTS] = ()
    """Hosts that may resolve to private addresses (a feed inside your own network); in the
    variable with commas between them."""
    wayback_url: Annotated[str, WEB] = "https://web.archive.org/"
    """The Wayback Machine, or another archive that answers as it does."""
    wayback_pace_seconds: Annotated[float, number(0, 2.5)] = 2.5
    """Shortest time between two requests to it: it allows 24 a minute."""
    ccnews_url: Annotated[str, WEB] = "https://data.commoncrawl.org/"
    """Where ``crawl-data/CC-NEWS/`` stands."""
    schedule: Annotated[str, CRON] = "*/15 * * * *"
    """Cron line of the scheduled ingest; what ``voltwire status`` takes for the times at which
    there ought to be a run."""
    timezone: Annotated[str, ZONE] = "UTC"
    """Time zone of ``schedule`` and ``backfill_hours``, and of the day that ``voltwire status``
    calls today."""
    backfill_hours: Annotated[str, HOURS] = ""
    """Hours of the day in which a backfill asks at full pace, such as ``22-6``; outside of them it
    asks a fifth as often.  Empty: always at full pace."""
    engine: Annotated[str, choice("processes", "dask", "ray")] = "processes"
    """What works on large recomputations (``dedupe rebuild``): processes of this machine, or a
    cluster of Dask or Ray, with ``voltwire[dask]`` or ``voltwire[ray]`` installed on all of it."""
    engine_address: Annotated[str, text("tcp://10.0.0.5:8786")] = ""
    """Where that cluster is: the scheduler of Dask (``tcp://HOST:8786``) or the head of Ray
    (``HOST:6379``); empty for one of this machine alone, as long as the work takes."""
    engine_folder: Annotated[str, FILE] = ""
    """Folder in which the machines of a cluster hand each other rows, under one path on all of
    them; empty for one in ``store``."""
    wait_seconds: Annotated[int, whole(0, 120)] = 120
    """How long to wait for another writer of the store."""
    webhook: Annotated[str, WEB] = ""
    """A URL that gets a JSON message when a feed's state changes, once a change.  Whoever knows
    it can post there: ``config show`` does not print it whole."""
    shards: Annotated[str, PLACE] = ""
    """A folder that several machines share, or an address such as ``s3://bucket/voltwire``: work is
    then cut into pieces for workers, which put what they made there, and one loader takes it into
    the store.  Empty: one process does all of it."""
    shard_groups: Annotated[int, whole(1, 4)] = 4
    """With ``shards``: into how many groups the feeds are parted, site by site.  Each is worked on
    by one worker at a time."""
    digest_output: Annotated[str, FILE] = ""
    """A folder for the digest, a site of its own with feeds for readers: made anew after each
    ingest that stored something.  Empty: only when ``voltwire digest`` is called."""
    digest_days: Annotated[int, whole(1, 7)] = 7
    """Days that the digest shows."""
    digest_texts: Annotated[str, choice("lead", "full")] = "lead"
    """How much of others' texts the digest and its feeds show: ``lead`` for the first sentences
    and the link, ``full`` for whole texts.  Those belong to their publishers: ``full`` is for
    yourself alone, and not for a site that others can reach."""
    site_url: Annotated[str, WEB] = ""
    """Where the digest's folder can be reached, such as ``https://news.example.org/ev/``: its feeds
    and their list (OPML) then carry whole addresses, which most readers ask for."""
    search: Annotated[str, choice("on", "off")] = "on"
    """Whether runs keep the index of ``voltwire search`` up to date.  Switched on later, it catches
    up by itself."""
    log_file: Annotated[str, FILE] = ""
    """Where runs write their log, a line an event; ``-`` for standard error, empty for no log.
    It may be rotated at any time: a file that was moved away is begun anew."""
    log_format: Annotated[str, choice("text", "json")] = "text"
    """How: ``text`` for people, ``json`` with an object a line for programs."""
    log_level: Annotated[str, choice("info", "debug", "warning", "error")] = "info"
    """From where on: ``debug`` has a line for each feed asked and each entry refused, ``warning``
    only what went wrong."""
    gazetteer: Annotated[str, FILE] = ""
    """A TOML file of names that adds to the bundled gazetteer, or changes it: companies, terms and
    places that articles are tagged with (``docs/tags.md``; ``voltwire tags check FILE``)."""
    metrics_file: Annotated[str, FILE] = ""
    """A file in which each run leaves figures for Prometheus, for node_exporter's textfile
    collector (its name has to end in ``.prom`` there); empty for none."""

    @property
    def user_agent(self) -> str:
        """An honest User-Agent: the name, the version and, where set, whom to write to."""
        from importlib.metadata import version

        where = f"; +{self.contact}" if self.contact else ""
        return f"voltwire/{version('voltwire')} (news archive{where})"

    @property
    def keeps_index(self) -> bool:
        """Whether runs bring the index of ``voltwire search`` up to date."""
        return self.search == "on"

    def with_store(self, store: Path | None) -> Settings:
        """These settings, with another store where one is named."""
        return replace(self, store=store) if store else self


@dataclass(frozen=True)
class Loaded:
    """The settings in use and where each came from."""

    settings: Settings
    sources: Mapping[str, Source]
    file: Path | None
    """The file that was read; None when there is none."""

    def with_option(self, name: str, option: str, value: Path | str | None) -> Loaded:
        """The same with what an option of the command line says, if it says anything."""
        if value is None:
            return self
        kept: Any = value if name == "store" else str(value)
        return Loaded(
            settings=replace(self.settings, **{name: kept}),
            sources={**self.sources, name: Source("option", option)},
            file=self.file,
        )


@cache
def kinds() -> Mapping[str, Kind]:
    """What each setting may be, by name."""
    hints = get_type_hints(Settings, include_extras=True)
    return {one.name: kind_of(hints[one.name]) for one in fields(Settings)}


def load() -> Loaded:
    """Read the settings, and note where each came from.

    Raises:
        SettingsError: for an unreadable file, names that are no settings, values that are none.
    """
    named = os.environ.get("VOLTWIRE_CONFIG", "")
    if named and not Path(named).is_file():
        raise SettingsError(f"there is no file {named} (from VOLTWIRE_CONFIG)")
    file = Path(named or CONFIG_NAME)
    there = file if named or file.is_file() else None
    found = find(kinds(), file=there, environment=os.environ, secret=SECRET)
    sources = {one.name: found.sources.get(one.name, Source()) for one in fields(Settings)}
    return Loaded(settings=Settings(**found.values), sources=sources, file=there)


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: as ``load`` does.
    """
    return load().settings


def place_of_shards(settings: Settings) -> str:
    """The setting ``shards`` as it is understood from any working folder."""
    place = settings.shards
    return place if not place or "://" in place else str(Path(place).absolute())


def store_folder(named: Path | None = None) -> Path:
    """The store's folder alone, for commands that read nothing else.

    Args:
        named: the folder given on the command line, if any.

    Raises:
        SettingsError: as ``load`` does.
    """
    return named if named is not None else load().settings.store


def prepare_prefect(home: Path | None = None) -> None:
    """Set what Prefect reads while it is being imported; a value that is set already stays.

    No telemetry leaves the machine, and log lines do not repeat what the summary says.
    """
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    # The embedded server takes 9 to 15 s on a quiet machine; its own limit of 20 s fails runs on
    # a busy one.
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    if home is not None:
        os.environ.setdefault("PREFECT_HOME", str(home))


def prepare_ray(*, alone: bool) -> None:
    """Set what Ray reads while it is being imported: nothing of its use leaves the machine.

    Args:
        alone: a Ray of this machine, which then listens on the loopback address only.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if alone:
        # Named after the systems where it is the default.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")


def prefect_api_url() -> str:
    """The Prefect server named in the environment; empty when none is."""
    return os.environ.get("PREFECT_API_URL", "")


def use_prefect_api(url: str) -> None:
    """Point this process, and those it starts, at a Prefect server."""
    os.environ["PREFECT_API_URL"] = url


def server_environment(home: Path) -> dict[str, str]:
    """The environment of a Prefect server of our own, which keeps everything under ``home``."""
    inherited = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    return inherited | {"PREFECT_HOME": str(home)}


def embedded_environment(prefect_settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a Prefect server for one run, which shows no pages."""
    return {
        **os.environ,
        "PREFECT_UI_ENABLED": "0",
        "PREFECT__SERVER_EPHEMERAL": "1",
        "PREFECT__SERVER_FINAL": "1",
        **prefect_settings,
    }


def export_settings(settings: Settings, *names: str) -> None:
    """Hand on settings that came from the command line to the processes started from here.

    Args:
        settings: what is in use.
        names: the settings that the command line may have changed; what stands in
            ``voltwire.toml`` is read again by each process.
    """
    for name in names:
        os.environ[f"VOLTWIRE_{name.upper()}"] = str(getattr(settings, name))


def log_flow_runs() -> None:
    """Let the few lines that a flow run says of itself through; those of its tasks stay out."""
    os.environ.setdefault("PREFECT_LOGGING_LOGGERS_PREFECT_FLOW_RUNS_LEVEL", "INFO")
