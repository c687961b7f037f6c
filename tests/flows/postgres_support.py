"""A PostgreSQL server of the test's own, on 127.0.0.1."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# It refuses to run as root.
USERS = ("postgres", "nobody")


def missing() -> str:
    """Why it cannot be started here; "" when it can."""
    wanted = [name for name in ("initdb", "postgres") if shutil.which(name) is None]
    return f"not installed: {', '.join(wanted)}" if wanted else ""


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A running server with its files in ``folder``; where SQLAlchemy finds it."""
    who: dict[str, Any] = {}
    # Not in pytest's folder: that user may not pass through it.
    home = Path(tempfile.mkdtemp(prefix="voltwire-postgres-"))
    if os.geteuid() == 0:
        import pwd

        known = {one.pw_name: one for one in pwd.getpwall()}
        user = next(known[name] for name in USERS if name in known)
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        os.chown(home, user.pw_uid, user.pw_gid)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    files = home / "files"
    made = subprocess.run(
        ["initdb", "-D", str(files), "-U", "voltwire", "--auth=trust", "-E", "UTF8", "--no-sync"],
        capture_output=True, text=True, cwd=home, **who,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    command = ["postgres", "-D", str(files), "-h", "127.0.0.1", "-p", str(port)]
    command += ["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=200"]
    with (folder / "postgres.log").open("wb") as sink:
        server = subprocess.Popen(command, cwd=home, stdout=sink, stderr=sink, **who)
    try:
        _wait(port, server, folder / "postgres.log")
        yield f"postgresql+asyncpg://voltwire@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(60)
        shutil.rmtree(home, ignore_errors=True)


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        assert server.poll() is None, log.read_text(errors="replace")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(log.read_text(errors="replace"))
