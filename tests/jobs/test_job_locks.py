# SPDX-License-Identifier: GPL-3.0-or-later
"""A file lock shows which process runs a job, and ends with that process."""

from __future__ import annotations

import signal
from pathlib import Path

from mint_blender.jobs.storage.job_locks import ProcessLock

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
