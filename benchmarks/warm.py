"""Imported by a fork server: has everything that reading a page loads, loaded before the fork."""

from __future__ import annotations

from flows import run
from flows.warmup import read_all

__all__ = ["run"]

read_all()
