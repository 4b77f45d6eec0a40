# SPDX-License-Identifier: GPL-3.0-or-later
"""A file lock shows which process runs a job, and ends with that process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from mint_blender.files import file_lock
from mint_blender.jobs.storage.job_locks import ProcessLock

from ..files.windows_doubles import file_lock_of_windows, sharing_violation
from .other_process import OtherProcess


def test_a_lock_is_held_until_it_is_closed(home: Path) -> None:
    """Two holders see each other; a closed one leaves nothing behind."""
    one, other = ProcessLock(home), ProcessLock(home)
    assert one.is_alive(other.name)
    assert other.is_alive(one.name)
    assert one.is_alive(one.name)
    other.close()
    assert not one.is_alive(other.name)
    one.close()
    assert list((home / "processes").iterdir()) == []


def test_no_name_is_no_living_process(home: Path) -> None:
    """An empty or unknown name is not alive."""
    process = ProcessLock(home)
    assert not process.is_alive(None)
    assert not process.is_alive("0123456789abcdef")
    process.close()


def test_a_killed_process_loses_its_lock(home: Path) -> None:
    """After SIGKILL the operating system releases the lock, and its file is removed."""
    mine = ProcessLock(home)
    with OtherProcess(home) as other:
        theirs = other.ask("process")
        assert mine.is_alive(theirs)
        other.end(signal.SIGKILL)
        assert (home / "processes" / theirs).exists()
        assert not mine.is_alive(theirs)
        assert not (home / "processes" / theirs).exists()
    mine.close()


def test_checking_a_dead_process_does_not_lock_it(home: Path) -> None:
    """Two processes that check at the same moment both see it as dead."""
    mine = ProcessLock(home)
    dead = home / "processes" / "dead"
    with OtherProcess(home) as other:
        dead.touch()
        # holds the file open and tested, as in the middle of is_alive
        other.ask("look_at", "dead")
        assert not mine.is_alive("dead")
    mine.close()


def use_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let locks, and the deletion of open files, be as on Windows."""
    module, _ = file_lock_of_windows(monkeypatch)
    for name in ("try_lock", "try_shared_lock"):
        monkeypatch.setattr(file_lock, name, getattr(module, name))
    unlink = Path.unlink

    def refusing_unlink(path: Path, missing_ok: bool = False) -> None:
        if any(os.path.realpath(each) == str(path) for each in Path("/proc/self/fd").iterdir()):
            raise sharing_violation(path)
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refusing_unlink)


@pytest.fixture(params=["here", "Windows"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test here, and as on Windows."""
    if request.param == "Windows":
        use_windows(monkeypatch)


def before_locking(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen once, when a process has created its file and not locked it yet."""
    try_lock = file_lock.try_lock
    left = [act]

    def act_first(handle: IO[bytes]) -> bool:
        if left:
            left.pop()()
        return try_lock(handle)

    monkeypatch.setattr(file_lock, "try_lock", act_first)


@pytest.mark.usefixtures("system")
def test_a_lock_that_is_being_made_is_not_lost(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process looks at the file before it is locked, and takes it for a dead one's."""
    mine = ProcessLock(home)
    before_locking(monkeypatch, mine.has_others)
    other = ProcessLock(home)
    assert mine.is_alive(other.name)
    assert other.is_alive(mine.name)
    for each in (mine, other):
        each.close()
    assert list((home / "processes").iterdir()) == []


@pytest.mark.usefixtures("system")
def test_a_lock_can_be_made_while_another_process_looks(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That one holds the new file open and tested, as in the middle of is_alive."""
    mine = ProcessLock(home)
    looking: list[IO[bytes]] = []

    def look() -> None:
        (new,) = {each.name for each in (home / "processes").iterdir()} - {mine.name}
        looking.append((home / "processes" / new).open("r+b"))
        assert file_lock.try_shared_lock(looking[0])

    before_locking(monkeypatch, look)
    other = ProcessLock(home)
    looking[0].close()
    assert mine.is_alive(other.name)
    for each in (mine, other):
        each.close()


@pytest.mark.usefixtures("system")
def test_a_file_is_deleted_only_while_nobody_can_lock_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its maker locks it just when another process deletes it: the maker notices, or keeps it."""
    mine = ProcessLock(home)
    path = home / "processes" / "new"
    unlink, locked = Path.unlink, list[bool]()

    def lock_first(path: Path, missing_ok: bool = False) -> None:
        locked.append(file_lock.try_lock(handle))
        unlink(path, missing_ok=missing_ok)

    with path.open("wb") as handle:
        monkeypatch.setattr(Path, "unlink", lock_first)
        mine.is_alive("new")
        assert locked
        assert not any(locked) or path.exists()
    monkeypatch.setattr(Path, "unlink", unlink)
    mine.close()


@pytest.mark.usefixtures("system")
def test_the_file_of_a_dead_process_is_deleted(home: Path) -> None:
    """Also where a file that is open cannot be deleted."""
    mine = ProcessLock(home)
    dead = home / "processes" / "dead"
    dead.touch()
    assert not mine.has_others()
    assert not dead.exists()
    mine.close()
