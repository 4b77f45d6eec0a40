# SPDX-License-Identifier: GPL-3.0-or-later
"""Doubles of what Windows does differently, for tests on any system.

They imitate two of its rules. A file that is open elsewhere cannot be renamed or deleted, and a
lock covers bytes, which no other handle can then read or write, in any process.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import IO, Any

import pytest

from mint_blender.files import file_lock

IN_USE = 32
"""Windows' code for a file that another process has open."""


def sharing_violation(path: Path, code: int = IN_USE) -> PermissionError:
    """Return the error that Windows raises for a file in use."""
    error = PermissionError(errno.EACCES, "The process cannot access the file", str(path))
    error.winerror = code  # type: ignore[attr-defined]
    return error


@dataclass
class OpenElsewhere:
    """Lets `Path.replace` and `Path.unlink` fail for some files, a number of times."""

    refusals: dict[str, int] = field(default_factory=dict)
    """How often the name of a file is still refused."""

    def refuse(self, name: str, times: int = 10**6) -> None:
        """Refuse to rename or delete files with this name."""
        self.refusals[name] = times

    def install(self, monkeypatch: pytest.MonkeyPatch) -> OpenElsewhere:
        """Take the place of both methods."""
        replace, unlink = Path.replace, Path.unlink

        def refusing_replace(path: Path, target: Any) -> Any:
            self._check(path)
            self._check(Path(target))
            return replace(path, target)

        def refusing_unlink(path: Path, missing_ok: bool = False) -> None:
            self._check(path)
            unlink(path, missing_ok=missing_ok)

        monkeypatch.setattr(Path, "replace", refusing_replace)
        monkeypatch.setattr(Path, "unlink", refusing_unlink)
        return self

    def _check(self, path: Path) -> None:
        if path.exists() and self.refusals.get(path.name, 0) > 0:
            self.refusals[path.name] -= 1
            raise sharing_violation(path)


class Locks:
    """The locks of `msvcrt`: one byte at the position of the descriptor, until that is closed."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self._held: dict[tuple[int, int], list[tuple[int, IO[bytes]]]] = {}
        self.is_supported = True

    def holding(self, handle: IO[bytes]) -> IO[bytes]:
        """Note which file object the next lock belongs to; return it."""
        self._handle = handle
        return handle

    def locking(self, descriptor: int, mode: int, count: int) -> None:
        """Lock bytes, or raise OSError if another handle has locked one of them."""
        assert (mode, count) == (self.LK_NBLCK, 1)
        if not self.is_supported:
            raise OSError(errno.EINVAL, "Invalid argument")
        at = os.lseek(descriptor, 0, os.SEEK_CUR)
        held = self._on(os.fstat(descriptor))
        if any(place == at and other.fileno() != descriptor for place, other in held):
            raise OSError(errno.EACCES, "Permission denied")
        held.append((at, self._handle))

    def check_read(self, path: Path) -> None:
        """Raise PermissionError if another handle has locked a byte of the file's content."""
        found = path.stat()
        if any(place < found.st_size for place, _ in self._on(found)):
            raise sharing_violation(path, code=33)

    def _on(self, file: os.stat_result) -> list[tuple[int, IO[bytes]]]:
        held = self._held.setdefault((file.st_dev, file.st_ino), [])
        held[:] = [(place, handle) for place, handle in held if not handle.closed]
        return held


def file_lock_of_windows(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, Locks]:
    """Return `files/file_lock.py` as Windows loads it, and the locks that it sets.

    `Path.read_bytes` refuses a file as Windows does: if a byte of it is locked.
    """
    locks = Locks()
    spec = importlib.util.spec_from_file_location("file_lock_of_windows", file_lock.__file__)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    double = SimpleNamespace(locking=locks.locking, LK_NBLCK=Locks.LK_NBLCK)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "msvcrt", double)
        patch.setattr(sys, "platform", "win32")
        spec.loader.exec_module(module)
    lock = module.try_lock
    for name in ("try_lock", "try_shared_lock"):
        monkeypatch.setattr(module, name, lambda handle: lock(locks.holding(handle)))
    read = Path.read_bytes

    def refusing_read(path: Path) -> bytes:
        locks.check_read(path)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refusing_read)
    return module, locks
