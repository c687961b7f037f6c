"""Versions of libraries with which Prefect's server seems to run and does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

PREFECT = "3.8.8"
"""The version that all of this was tried with."""

# With Prefect 3.8.8; each was seen.  A library, the first version that does harm, and which.
_HARMFUL = (
    ("sqlalchemy", (2, 1), "the server then schedules nothing, and says nothing"),
    ("fastapi", (0, 151), "the server then does not start"),
)


def installed_versions() -> dict[str, str]:
    """Versions installed beside this process, by name; what is not installed is left out."""
    found = {}
    for name in ("prefect", *(name for name, *_ in _HARMFUL)):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def harmful_versions(installed: Mapping[str, str]) -> list[str]:
    """What has to be put right before a server may run with ``installed``, a line each.

    Args:
        installed: name -> version.
    """
    return [
        f"{name} {installed[name]} is installed: {harm} "
        f"(pip install '{name}<{'.'.join(map(str, first))}')"
        for name, first, harm in _HARMFUL
        if name in installed and _numbers(installed[name]) >= first
    ]


def differing_server(server: str) -> str:
    """A word on a server whose version is not the one this was tried with; empty when it is."""
    if server == PREFECT:
        return ""
    return f"the server is Prefect {server}; all this was tried with {PREFECT}"


def _numbers(text: str) -> tuple[int, ...]:
    """The leading numbers of a version: ``2.1.0b2`` is (2, 1, 0)."""
    found = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in found.group().split(".")) if found else ()
