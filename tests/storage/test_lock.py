"""The lock of the writers."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import timedelta

import pytest

from storage.errors import StoreBusy, StoreError
from storage.lock import holder, locked


def test_a_holder_writes_down_who_it_is_and_leaves_no_trace(tmp_path):
    """Process, purpose and time can be read while the lock is held, and not after."""
    path = tmp_path / "lock"
    with locked(path, wait=timedelta(0), purpose="ingest"):
        who = holder(path)
        assert who is not None
        assert (who.pid, who.purpose) == (os.getpid(), "ingest")
    assert holder(path) is None


def test_the_lock_holds_between_threads_and_is_handed_on(tmp_path):
    """A waiting thread of the same process gets it when it is free, not before."""
    path = tmp_path / "lock"
    order = []

    def second():
        with locked(path, wait=timedelta(seconds=20), purpose="second"):
            order.append("second")

    with locked(path, wait=timedelta(0), purpose="first"):
        thread = threading.Thread(target=second)
        thread.start()
        with (
            pytest.raises(StoreBusy, match="first"),
            locked(path, wait=timedelta(0), purpose="third"),
        ):
            order.append("third")
        order.append("first")
    thread.join(20)
    assert order == ["first", "second"]


def test_a_lock_is_free_after_an_exception(tmp_path):
    """Whatever ends the block releases it."""
    path = tmp_path / "lock"
    with pytest.raises(RuntimeError), locked(path, wait=timedelta(0), purpose="x"):
        raise RuntimeError
    with locked(path, wait=timedelta(0), purpose="y"):
        pass


def test_rubbish_in_the_lock_file_is_no_obstacle(tmp_path):
    """The note is for people; the lock does not depend on it."""
    path = tmp_path / "lock"
    path.write_bytes(b"\xff{")
    assert holder(path) is None
    with locked(path, wait=timedelta(0), purpose="x"):
        pass


def test_an_impossible_lock_file_is_told(tmp_path):
    """A folder that does not exist gives one line."""
    with (
        pytest.raises(StoreError),
        locked(tmp_path / "nowhere" / "lock", wait=timedelta(0), purpose="x"),
    ):
        pass


def test_a_child_forked_meanwhile_does_not_keep_the_lock(tmp_path):
    """Workers started inside a write window do not hold the store after it."""
    path = tmp_path / "lock"
    reading, writing = os.pipe()
    with locked(path, wait=timedelta(0), purpose="x"):
        child = os.fork()
        if child == 0:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
    try:
        with locked(path, wait=timedelta(0), purpose="y"):
            pass
    finally:
        os.close(writing)
        os.close(reading)
        os.waitpid(child, 0)


def test_who_waits_comes_before_a_writer_that_comes_back_at_once(tmp_path):
    """Another process writes without a pause: one that wants in waits for a window or two."""
    path, windows = tmp_path / "lock", tmp_path / "windows"
    child = os.fork()
    if not child:
        while True:  # until it is killed
            with locked(path, wait=timedelta(seconds=60), purpose="backfill"):
                with windows.open("a") as file:
                    file.write("x")
                time.sleep(0.12)
    try:
        while not windows.exists():
            time.sleep(0.01)
        waited = []
        for _ in range(5):
            before = windows.stat().st_size
            with locked(path, wait=timedelta(seconds=60), purpose="ingest"):
                waited.append(windows.stat().st_size - before)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert max(waited) <= 2
