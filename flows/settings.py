"""Settings: environment and ``voltwire.toml`` into one frozen ``Settings``.

The only reader of the environment.  Order, weakest first: the defaults below, ``voltwire.toml``
in the working folder (or the file that ``VOLTWIRE_CONFIG`` names), ``VOLTWIRE_*`` variables,
options on the command line.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

CONFIG_NAME = "voltwire.toml"


@dataclass(frozen=True)
class Settings:
    """What a person can set; every name is also ``VOLTWIRE_<NAME>`` in the environment."""

    store: Path = Path("voltwire-data")
    """Folder of the store and its archive."""
    feeds: str = ""
    """A TOML or OPML file of feeds; empty for the bundled list (or the store's own, if any)."""
    contact: str = ""
    """A URL or mail address that publishers can write to; sent in the User-Agent."""
    workers: int = 0
    """Processes that extract; 0 for one a core."""
    batch: int = 100
    """Pages fetched, extracted and saved together: a killed run repeats at most this many
    fetches, and each batch costs one write window of the store."""
    backfill_batch: int = 500
    """Articles of a backfill digested and saved together (no fetch is repeated, so larger)."""
    connections: int = 32
    """Requests under way at once, over all hosts."""
    pace_seconds: float = 1.0
    """Shortest time between two requests to one registered domain; 0 only for servers of your
    own."""
    wayback_url: str = "https://web.archive.org/"
    """The Wayback Machine, or another archive that answers as it does."""
    wayback_pace_seconds: float = 2.5
    """Shortest time between two requests to it: it allows 24 a minute."""
    ccnews_url: str = "https://data.commoncrawl.org/"
    """Where ``crawl-data/CC-NEWS/`` stands."""
    schedule: str = "*/15 * * * *"
    """Cron line of the scheduled ingest."""
    timezone: str = "UTC"
    """Time zone of ``schedule`` and ``backfill_hours``."""
    backfill_hours: str = ""
    """Hours of the day in which a backfill asks at full pace, such as ``22-6``; outside of them it
    asks a fifth as often.  Empty: always at full pace."""
    wait_seconds: int = 120
    """How long to wait for another writer of the store."""
    allow_hosts: tuple[str, ...] = ()
    """Hosts that may resolve to private addresses (a feed inside your own network)."""
    webhook: str = ""
    """A URL that gets a JSON message when a feed's state changes, once a change."""

    @property
    def user_agent(self) -> str:
        """An honest User-Agent: the name, the version and, where set, whom to write to."""
        from importlib.metadata import version

        where = f"; +{self.contact}" if self.contact else ""
        return f"voltwire/{version('voltwire')} (news archive{where})"

    def with_store(self, store: Path | None) -> Settings:
        """These settings, with another store where one is named."""
        return replace(self, store=store) if store else self


class SettingsError(Exception):
    """A setting that cannot be used, in one line."""


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: for an unreadable file, an unknown key or a value of the wrong type.
    """
    # Imported here: with what it brings along it doubles the start of a query command.
    import typed_settings
    from typed_settings.converters import TSConverter
    from typed_settings.exceptions import TsError

    path = os.environ.get("VOLTWIRE_CONFIG", "")
    if path and not Path(path).is_file():
        raise SettingsError(f"settings: there is no file {path} (from VOLTWIRE_CONFIG)")
    loaders = typed_settings.default_loaders(
        "voltwire", [path or CONFIG_NAME], config_file_section=None, config_files_var=None
    )
    converter = TSConverter(strlist_sep=",")
    try:
        settings = typed_settings.load_settings(Settings, loaders, converter=converter)
    except (TsError, OSError) as error:
        raise SettingsError(_plain(error, path or CONFIG_NAME)) from error
    return replace(settings, store=_expanded(Path(settings.store)))


def _expanded(path: Path) -> Path:
    """``path`` with "~" read as the home folder, though it was made absolute before."""
    parts = path.parts
    return Path(*parts[parts.index("~") :]).expanduser() if "~" in parts else path


def store_folder(named: Path | None = None) -> Path:
    """The store's folder alone, for commands that read nothing else and have to start fast.

    Args:
        named: the folder given on the command line, if any.

    Raises:
        SettingsError: as ``load_settings`` does.
    """
    if named is not None:
        return named
    if os.environ.get("VOLTWIRE_CONFIG") or Path(CONFIG_NAME).exists():
        return load_settings().store
    return Path(os.environ.get("VOLTWIRE_STORE") or Settings.store).expanduser()


def _plain(error: Exception, source: str) -> str:
    causes = getattr(error, "exceptions", ())
    text = "; ".join(str(cause) for cause in causes) or str(error)
    return f"settings ({source} or a VOLTWIRE_ variable): {' '.join(text.split())}"


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
