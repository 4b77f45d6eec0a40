# SPDX-License-Identifier: GPL-3.0-or-later
"""Who drives a job: told by a lock that ends with its process, however that ends."""

from __future__ import annotations

import signal
from pathlib import Path

from mint_blender.jobs.storage.job_locks import ProcessLock

from .other_process import OtherProcess


def test_a_driver_lives_until_it_is_closed(home: Path) -> None:
    """Two drivers see each other alive; a closed one is dead and leaves nothing behind."""
    one, other = ProcessLock(home), ProcessLock(home)
    assert one.is_alive(other.name)
    assert other.is_alive(one.name)
    assert one.is_alive(one.name)
    other.close()
    assert not one.is_alive(other.name)
    one.close()
    assert list((home / "processes").iterdir()) == []


def test_nobody_is_not_alive(home: Path) -> None:
    """No name, or one that never was, is no living driver."""
    process = ProcessLock(home)
    assert not process.is_alive(None)
    assert not process.is_alive("0123456789abcdef")
    process.close()


def test_a_killed_process_drives_no_more(home: Path) -> None:
    """SIGKILL leaves no time to let go of anything: the operating system does, and the dead one's
    file is cleared away.
    """
    mine = ProcessLock(home)
    with OtherProcess(home) as other:
        theirs = other.ask("process")
        assert mine.is_alive(theirs)
        other.end(signal.SIGKILL)
        assert (home / "processes" / theirs).exists()
        assert not mine.is_alive(theirs)
        assert not (home / "processes" / theirs).exists()
    mine.close()


def test_looking_for_a_dead_driver_does_not_make_it_alive(home: Path) -> None:
    """Two processes that look at the same dead driver at the same moment do not take each other for
    it.
    """
    mine = ProcessLock(home)
    dead = home / "processes" / "dead"
    with OtherProcess(home) as other:
        dead.touch()
        # holds the file open and tested, as in the middle of is_alive
        other.ask("look_at", "dead")
        assert not mine.is_alive("dead")
    mine.close()
