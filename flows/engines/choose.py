"""The engine that the settings name; only that one is imported."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from flows.engines.protocol import Engine, EngineMissing
from flows.settings import Settings, prepare_ray

_MADE = {
    "dask": ("flows.engines.on_dask", "OnDask", "distributed"),
    "ray": ("flows.engines.on_ray", "OnRay", "ray"),
}
LITTLE = 100
"""Articles that are done here sooner than a process starts."""


def engine_of(settings: Settings, *, articles: int) -> Engine:
    """The engine for work on so many articles.

    Raises:
        EngineMissing: when what it needs is not installed.
    """
    if settings.engine == "processes":
        if articles <= LITTLE:
            from flows.engines.on_the_spot import OnTheSpot

            return OnTheSpot()
        from flows.engines.on_processes import OnProcesses

        return OnProcesses(settings.workers)
    module, name, library = _MADE[settings.engine]
    if library == "ray":
        prepare_ray(alone=not settings.engine_address)
    try:
        made: Any = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != library:
            raise
        raise EngineMissing(
            f"engine = {settings.engine!r} needs {library}, which is not installed",
            hint=f"pip install 'voltwire[{settings.engine}]', here and on every worker",
        ) from error
    return cast(Engine, made(settings.engine_address, settings.workers))
