"""The digest made anew after an ingest, where the settings name a folder for it.

In a process of its own: whatever goes wrong with it, memory and hanging included, is a word in the
run's report and never the end of a run.  It begins when the run is closed and published, so that
nobody waits for the store meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from flows.context import Step, plain_step, utc_now
from flows.oneline import clean
from flows.report import RunReport
from flows.settings import Settings

_LOG = logging.getLogger(__name__)
# Seconds.  A digest over a million articles takes half a minute; one that hangs must not hold the
# next ingest up for long.
LONGEST = 600.0
# Seconds.  Without anything new, so often all the same: feeds fare otherwise, and days end.
QUIET_EVERY = 3600.0
_PAGE, _MARK = "index.html", ".voltwire-digest.json"


async def after_ingest(
    settings: Settings,
    report: RunReport,
    step: Step = plain_step,
    *,
    program: Sequence[str] = (sys.executable, "-P", "-m", "flows.cli"),
    longest: float = LONGEST,
) -> None:
    """Make the digest if it is wanted and there is something new; ``report.digest`` says where.

    Raises nothing; what failed stands in ``report.detail`` and in the log.

    Args:
        program: the command, to which ``digest ...`` is added.
        longest: seconds after which it is given up.
    """
    if not settings.digest_output or not report.published:
        return
    output = Path(settings.digest_output).absolute()
    changed = report.stored or report.edited
    if not changed and not is_due(output, utc_now()):
        report.digest = str(output / _PAGE)
        return
    arguments = [
        *program, "digest", "--store", str(settings.store.absolute()), "--output", str(output),
        "--days", str(settings.digest_days), "--json",
    ]  # fmt: skip
    try:
        failed = await step("site", "make the digest", lambda: _run(arguments, longest))
    except Exception as error:  # whatever a server that watches steps does
        failed = f"{type(error).__name__}: {error}"
    if failed:
        said = f"the digest was not made: {clean(failed)}"
        _LOG.warning("%s", said)
        report.detail = "; ".join(filter(None, [report.detail, said]))
        return
    with suppress(OSError):
        os.utime(output / _MARK)  # a digest in which nothing changed leaves every file as it was
    report.digest = str(output / _PAGE)


def is_due(output: Path, now: datetime) -> bool:
    """Whether a digest with nothing new in it is to be looked through again."""
    try:
        made = (output / _MARK).stat().st_mtime
    except OSError:
        return True
    return not 0 <= now.timestamp() - made < QUIET_EVERY or not (output / _PAGE).exists()


async def _run(arguments: Sequence[str], longest: float) -> str:
    """Why the command failed; "" when it did not."""
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        return f"{arguments[0]}: {error.strerror}"
    try:
        _, said = await asyncio.wait_for(process.communicate(), longest)
    except TimeoutError:
        return f"it took longer than {longest:.0f} s"
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode == 0:
        return ""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {process.returncode}"
