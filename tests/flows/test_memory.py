"""What a run no longer holds goes back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

RESIDENT = """
def resident():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * 4096 // 2**20
"""
# 128 MiB in pieces that come from an arena, of which one in 64 stays: without the call the memory
# between them is kept for the next allocation.
PIECES = """
import threading
from flows.memory import give_back
def take():
    global kept
    pieces = [bytearray(b"x") * 32_000 for _ in range(4096)]
    kept = pieces[::64]
thread = threading.Thread(target=take)
thread.start()
thread.join()
before = resident()
print(before, give_back(), resident())
"""
# Once a large piece was freed, glibc keeps pieces up to its size in arenas; 128 MiB of such as
# chunks of pages are, of which one in 16 stays.
PAGES = """
from flows.memory import hold_little
told = hold_little()
large = bytearray(b"x") * 30_000_000
del large
before = resident()
chunks = [bytearray(b"x") * 2_000_000 for _ in range(64)]
kept = chunks[::16]
del chunks
print(told, before, resident())
"""


def said(script: str) -> list[str]:
    """What ``script`` prints, in a Python of its own."""
    done = subprocess.run(
        [sys.executable, "-c", RESIDENT + script],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout.split()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of glibc")
def test_what_a_thread_freed_is_given_back() -> None:
    """Also where what stays lies all over it."""
    before, gave, after = said(PIECES)
    if gave == "False":
        pytest.skip("another C library")
    assert int(after) < int(before) - 100


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of glibc")
def test_a_chunk_that_is_freed_goes_back_though_larger_ones_came_before() -> None:
    """What is left is what is kept, without anybody's asking for it."""
    told, before, after = said(PAGES)
    if told == "False":
        pytest.skip("another C library")
    assert int(after) < int(before) + 30
