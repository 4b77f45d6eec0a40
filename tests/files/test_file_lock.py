# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks on files, on this system and as Windows has them (imitated)."""

from __future__ import annotations

from pathlib import Path

import pytest

from mint_blender.files import file_lock

from . import windows_doubles


def test_a_lock_ends_with_the_file(tmp_path: Path) -> None:
    """A second handle gets it only when the first one is closed."""
    path = tmp_path / "lock"
    with file_lock.file_lock(path), pytest.raises(file_lock.FileInUse), file_lock.file_lock(path):
        pass
    with file_lock.file_lock(path):
        assert path.exists()


def test_windows_locks_the_same_byte_of_a_file_that_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imitates `msvcrt`, which locks at the position of each handle: here at the end of the file.

    Two processes would each lock a byte of their own if the file grew between them.
    """
    windows, _ = windows_doubles.file_lock_of_windows(monkeypatch)
    path = tmp_path / "lock"
    path.write_bytes(b"abc")
    with windows.file_lock(path):
        with path.open("ab") as more:
            more.write(b"def")
        with pytest.raises(windows.FileInUse), windows.file_lock(path):
            pass
    with windows.file_lock(path):
        assert path.stat().st_size == 6


def test_windows_keeps_the_position_of_a_handle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imitates `msvcrt`. What is read or written after the lock is where it would be without."""
    windows, _ = windows_doubles.file_lock_of_windows(monkeypatch)
    path = tmp_path / "document"
    path.write_bytes(b"{}")
    with path.open("r+b") as handle:
        assert windows.try_lock(handle)
        assert handle.read() == b"{}"
    with path.open("wb") as handle:
        assert windows.try_lock(handle)
        handle.write(b"[]")
    assert path.read_bytes() == b"[]" and path.stat().st_size == 2


def test_windows_lets_others_read_a_locked_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imitates that nobody else can read a locked byte: so it has to be outside of the content."""
    windows, _ = windows_doubles.file_lock_of_windows(monkeypatch)
    path = tmp_path / "document"
    path.write_bytes(b"{}")
    with path.open("r+b") as handle:
        assert windows.try_lock(handle)
        assert path.read_bytes() == b"{}"


def test_windows_refuses_nobody_where_a_drive_has_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imitates a network drive that answers "invalid function", as on the other systems."""
    windows, locks = windows_doubles.file_lock_of_windows(monkeypatch)
    locks.is_supported = False
    with windows.file_lock(tmp_path / "lock"), windows.file_lock(tmp_path / "lock"):
        pass
