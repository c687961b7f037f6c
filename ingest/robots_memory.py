"""The answers to requests for robots.txt, kept between runs: a file an origin.

A schedule of a quarter of an hour would else ask every site for its rules a hundred times a day.
RFC 9309 (2.4) lets an answer stand for 24 hours.  Kept is only what says something of the rules,
no fault that passes.  The mistake to fear is a site that shuts everybody out by accident for some
minutes: what its rules refuse is not asked for again, so an answer that forbids the whole site
stands for an hour only.

The folder may be deleted at any time, and a file that cannot be read counts as none: the site is
asked then, which is never wrong.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ingest.models import FetchFailure, Page
from ingest.policy import RobotsPolicy
from ingest.robots import RobotsRules


class RobotsMemory:
    """Answers kept in ``folder``, shared by every process that names the same one."""

    def __init__(
        self, folder: Path, clock: Callable[[], datetime], policy: RobotsPolicy | None = None
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._policy = policy or RobotsPolicy()

    def recall(self, url: str) -> Page | FetchFailure | None:
        """What the robots.txt at ``url`` answered, if that still stands."""
        try:
            kept = json.loads(self._place(url).read_bytes())
            at, until = (datetime.fromisoformat(kept[name]) for name in ("at", "until"))
            # A clock that was set back must not keep an answer for years.
            if kept["url"] != url or not at <= self._clock() < until:
                return None
            return _answer(kept, at)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remember(self, url: str, answer: Page | FetchFailure, rules: RobotsRules) -> None:
        """Keep what the robots.txt at ``url`` answered, unless it is a fault that passes.

        Failing to write is no fault: the site is asked once more.
        """
        if rules.failure is not None:
            return
        now = self._clock()
        shut = rules.parsed is not None and rules.refusal(url.removesuffix("robots.txt"), now)
        stands = self._policy.shut_seconds if shut else self._policy.stands_seconds
        kept = _kept(answer) | {
            "url": url,
            "at": now.isoformat(),
            "until": (now + timedelta(seconds=stands)).isoformat(),
        }
        with suppress(OSError):
            self._write(url, json.dumps(kept).encode())

    def forget(self) -> None:
        """Remove what no longer stands; bounded by the number of sites that were asked."""
        now = self._clock().timestamp()
        with suppress(OSError):
            for path in self._folder.iterdir():
                if now - path.stat().st_mtime > self._policy.forget_seconds:
                    path.unlink(missing_ok=True)

    def _place(self, url: str) -> Path:
        return self._folder / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.json"

    def _write(self, url: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).replace(self._place(url))
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise


def _kept(answer: Page | FetchFailure) -> dict[str, Any]:
    if isinstance(answer, FetchFailure):
        return {"reason": answer.reason, "detail": answer.detail, "status": answer.status}
    return {
        "reached": answer.url,
        "status": answer.status,
        "type": answer.content_type,
        "body": base64.b64encode(answer.body).decode(),
    }


def _answer(kept: dict[str, Any], at: datetime) -> Page | FetchFailure:
    if "reason" in kept:
        return FetchFailure(
            url=kept["url"],
            reason=kept["reason"],
            detail=kept["detail"],
            at=at,
            status=kept["status"],
        )
    return Page(
        url=kept["reached"],
        requested_url=kept["url"],
        status=kept["status"],
        content_type=kept["type"],
        body=base64.b64decode(kept["body"]),
        fetched_at=at,
    )
