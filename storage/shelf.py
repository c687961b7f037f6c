"""The shelf: a folder on shared storage that several machines write to and one reads from.

A local path, or any place that fsspec knows (``s3://bucket/voltwire``).  What stands there is
whole: a file gets its name when its last byte is safe, and is not changed after that.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from storage.errors import StoreError

_UNFINISHED = ".part-"


class Shelf:
    """Files by name (``/`` between the parts) under ``place``; making one touches nothing.

    Raises ``StoreError`` for a place that no installed library knows; so does each method when the
    place does not answer.
    """

    def __init__(self, place: str) -> None:
        # Imported here: commands that use no shelf must not pay for it.
        from fsspec.core import url_to_fs
        from fsspec.implementations.local import (
            LocalFileSystem,
        )

        self.place = place
        try:
            self._files, self._root = url_to_fs(place)
        except (ImportError, ValueError) as error:
            raise StoreError(
                f"cannot reach shards at {place}: {error}",
                hint="a folder needs no library; for s3:// pip install 'voltwire[s3]'",
            ) from error
        self._local = isinstance(self._files, LocalFileSystem)

    def put(self, source: Path, name: str) -> None:
        """Copy the file ``source`` here as ``name``; one of that name is replaced whole."""
        with self._explained(name):
            if not self._local:
                # An object appears when it is whole; there is nothing to rename.
                self._files.put_file(str(source), self._at(name))
                return
            target = Path(self._at(name))
            target.parent.mkdir(parents=True, exist_ok=True)
            unfinished = target.with_name(f"{target.name}{_UNFINISHED}{secrets.token_hex(4)}")
            try:
                with source.open("rb") as read, unfinished.open("xb") as written:
                    shutil.copyfileobj(read, written, 2**20)
                    written.flush()
                    os.fsync(written.fileno())
                unfinished.replace(target)
            except BaseException:
                unfinished.unlink(missing_ok=True)
                raise

    def get(self, name: str, target: Path) -> None:
        """Copy ``name`` to the file ``target``, which gets its name when it is whole."""
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f"{target.name}{_UNFINISHED}{secrets.token_hex(4)}")
        try:
            with self._explained(name):
                self._files.get_file(self._at(name), str(unfinished))
                with unfinished.open("rb+") as written:
                    os.fsync(written.fileno())
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)

    @contextmanager
    def at_hand(self, name: str, scratch: Path) -> Iterator[Path]:
        """``name`` as a file to read: where it lies, or a copy in ``scratch`` for the block."""
        if self._local:
            yield Path(self._at(name))
            return
        copy = scratch / f"{secrets.token_hex(8)}-{PurePosixPath(name).name}"
        self.get(name, copy)
        try:
            yield copy
        finally:
            copy.unlink(missing_ok=True)

    def names(self, folder: str, ending: str = "") -> dict[str, int]:
        """Name -> bytes of what stands under ``folder``, in order of name."""
        with self._explained(folder):
            self._files.invalidate_cache()
            found: dict[str, dict[str, Any]] = self._files.find(self._at(folder), detail=True)
        root = self._root.rstrip("/") + "/"
        return {
            path.removeprefix(root): int(found[path].get("size") or 0)
            for path in sorted(found)
            if path.endswith(ending) and _UNFINISHED not in path
        }

    def folders(self) -> list[str]:
        """The first parts of the names that stand here."""
        with self._explained(""):
            self._files.invalidate_cache()
            if not self._files.exists(self._root):
                self._files.find(self._root)  # says so where there is no such bucket either
                return []
            found = self._files.ls(self._root, detail=True)
        return sorted(
            PurePosixPath(one["name"]).name for one in found if one["type"] == "directory"
        )

    def write(self, name: str, text: str) -> None:
        """Put a small text here as ``name``."""
        with self._explained(name):
            path = self._at(name)
            if self._local:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                unfinished = Path(f"{path}{_UNFINISHED}{secrets.token_hex(4)}")
                unfinished.write_text(text, encoding="utf-8")
                unfinished.replace(path)
            else:
                self._files.pipe_file(path, text.encode())

    def read(self, name: str) -> str | None:
        """The text at ``name``; None when there is none."""
        with self._explained(name):
            try:
                self._files.invalidate_cache()
                found: bytes = self._files.cat_file(self._at(name))
            except FileNotFoundError:
                return None
        return found.decode()

    def clear(self, folder: str) -> None:
        """Remove everything under ``folder``."""
        with self._explained(folder), suppress(FileNotFoundError):
            self._files.rm(self._at(folder), recursive=True)

    def _at(self, name: str) -> str:
        parts = PurePosixPath(name).parts
        if ".." in parts or name.startswith("/"):
            raise StoreError(f"no name on a shelf: {name}")
        return f"{self._root.rstrip('/')}/{name}"

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._fault(error.strerror or error, name) from error
        except Exception as error:
            # What libraries of object stores raise for keys and networks has no common name.
            if self._local or isinstance(error, StoreError):
                raise
            raise self._fault(error, name) from error

    def _fault(self, why: object, name: str) -> StoreError:
        said = " ".join(str(why).split()) or type(why).__name__
        about = f" ({name})" if name else ""
        hint = "is the place there, and may this user read and write it?"
        if not self._local:
            hint += " keys and endpoint come from the environment (AWS_... for s3://)"
        return StoreError(f"shards at {self.place}: {said}{about}", hint=hint)
