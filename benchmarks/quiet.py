"""A run in which nothing is new: 79 feeds that all answer 304, each after 50 ms.

``python -m benchmarks.quiet`` serves the feeds on 79 addresses of the loopback interface, fills a
store with one run, and then times further ones: as ``ingest --plain``, and as a Prefect flow
beside a flow that does nothing.  Prints wall and processor seconds of whole commands, start of
Python included, the best of ``--rounds``; on a machine that does other work the processor
seconds count.  ``over_slowest_host`` is what the run takes besides waiting for one answer (asked:
3 s at most), ``prefect_adds`` what the flow takes over ``--plain`` (asked: no more than the flow
that does nothing).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

FEEDS = 79
DELAY = 0.05
EMPTY_FLOW = """
from flows.settings import prepare_prefect
prepare_prefect()
from prefect import flow

@flow
def nothing():
    return None

nothing()
"""
INGEST = "import sys; from flows.cli import main; sys.exit(main())"


@dataclass
class Cost:
    """Of one command."""

    wall_seconds: float
    cpu_seconds: float
    run_seconds: float = 0.0
    """As the run itself reports it."""


class Feeds:
    """A feed on each of 127.0.2.1 ... 79; a context manager."""

    def __init__(self) -> None:
        self.port = 0
        self.answered = {200: 0, 304: 0}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def hosts(self) -> list[str]:
        return [f"127.0.2.{number}" for number in range(1, FEEDS + 1)]

    def __enter__(self) -> Feeds:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(30)
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _listen(self) -> None:
        self._servers = []
        for host in self.hosts:
            server = await asyncio.start_server(self._serve, host, self.port)
            self.port = server.sockets[0].getsockname()[1]
            self._servers.append(server)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked = (await reader.readuntil(b"\r\n\r\n")).lower()
                await asyncio.sleep(DELAY)
                if b"if-none-match" in asked:
                    self.answered[304] += 1
                    writer.write(b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n')
                    continue
                self.answered[200] += 1
                body = b"<rss version='2.0'><channel><title>A</title></channel></rss>"
                writer.write(
                    b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Type: application/rss+xml\r\n'
                    b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def timed(command: list[str], environment: dict[str, str]) -> Cost:
    """Run ``command`` to its end."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        said.seek(0)
        out = said.read()
    if child.returncode:
        raise SystemExit(f"{command} ended with {child.returncode}: {out[-2000:]}")
    cost = Cost(round(wall, 2), round(used.ru_utime + used.ru_stime, 2))
    if out.startswith("{"):
        cost.run_seconds = round(json.loads(out)["seconds"], 2)
    return cost


def main(arguments: list[str] | None = None) -> int:
    """Time the runs, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-prefect", action="store_true", help="--plain only")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, Feeds() as feeds:
        listed = Path(folder, "feeds.toml")
        listed.write_text(
            "".join(
                f'[[feed]]\nslug = "f{n}"\nurl = "http://{host}:{feeds.port}/feed"\n'
                'publisher = "P"\n'
                for n, host in enumerate(feeds.hosts)
            ),
            encoding="utf-8",
        )
        environment = os.environ | {
            "VOLTWIRE_ALLOW_HOSTS": ",".join(feeds.hosts),
            "PREFECT_HOME": str(Path(folder, "prefect")),
        }
        store = ["--store", str(Path(folder, "store")), "--feeds", str(listed)]
        ingest = [sys.executable, "-c", INGEST, "ingest", *store, "--force", "--json"]
        commands = {"plain": [*ingest, "--plain"]}
        if not options.no_prefect:
            commands |= {"empty_flow": [sys.executable, "-c", EMPTY_FLOW], "prefect": ingest}
        timed(commands["plain"], environment)  # every feed is new
        feeds.answered[200] = 0
        # In turn, so that what else the machine does meets each of them alike.
        rounds = [
            {name: timed(command, environment) for name, command in commands.items()}
            for _ in range(options.rounds)
        ]
        costs = {
            name: min((one[name] for one in rounds), key=lambda cost: cost.wall_seconds)
            for name in commands
        }
    told: dict[str, object] = {
        "feeds": FEEDS,
        "slowest_host_seconds": DELAY,
        "answered": feeds.answered,
        **{name: asdict(cost) for name, cost in costs.items()},
        "over_slowest_host": round(costs["plain"].run_seconds - DELAY, 2),
    }
    if "prefect" in costs:
        added = costs["prefect"].wall_seconds - costs["plain"].wall_seconds
        told["prefect_adds"] = round(added, 2)
        told["empty_flow_takes"] = costs["empty_flow"].wall_seconds
        told["prefect_adds_processor_seconds"] = round(
            costs["prefect"].cpu_seconds - costs["plain"].cpu_seconds, 2
        )
        told["rounds"] = [{name: cost.wall_seconds for name, cost in one.items()} for one in rounds]
    print(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
