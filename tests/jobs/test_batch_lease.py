# SPDX-License-Identifier: GPL-3.0-or-later
"""A lease on a folder that several machines share."""

from __future__ import annotations

import errno
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mint_blender.files.file_lock import FileInUse
from mint_blender.jobs.storage import batch_lease
from mint_blender.jobs.storage.batch_lease import EXPIRES_AFTER, Lease


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Act as another machine."""
    return lambda host: monkeypatch.setattr(platform, "node", lambda: host)


def abandon(path: Path) -> None:
    """Make the lease older than its lifetime."""
    at = path.stat().st_mtime - EXPIRES_AFTER - 1
    os.utime(path, (at, at))


def test_another_machine_is_refused(tmp_path: Path, on: Callable[[str], None]) -> None:
    """The error names the holder; the folder is free after it is released."""
    path = tmp_path / "lease"
    on("workshop")
    with batch_lease.held(path):
        on("farm")
        with pytest.raises(FileInUse, match="workshop"):
            Lease(path).acquire()
        on("workshop")
    assert not path.exists()
    on("farm")
    with batch_lease.held(path) as holding:
        assert not holding.is_lost
    assert list(tmp_path.iterdir()) == []


def test_an_abandoned_lease_is_taken_over(tmp_path: Path, on: Callable[[str], None]) -> None:
    """A lease that was not renewed for a minute can be taken over.

    When the first machine wakes up, it learns that it lost the folder.
    """
    path = tmp_path / "lease"
    on("laptop")
    asleep = Lease(path)
    asleep.acquire()
    abandon(path)
    on("farm")
    Lease(path).acquire(sleep=lambda seconds: None)
    asleep.renew()
    assert asleep.is_lost
    asleep.release()
    assert path.exists()


def test_a_machine_that_wakes_up_looks_before_it_starts_anything(
    tmp_path: Path, on: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its next renewal is seconds away, and another machine may have started the lines by then."""
    path = tmp_path / "lease"
    on("laptop")
    asleep = Lease(path)
    asleep.acquire()
    assert asleep.is_held()
    abandon(path)
    on("farm")
    Lease(path).acquire(sleep=lambda seconds: None)
    on("laptop")
    assert asleep.is_held(), "the file is not read for every question"
    later = time.time() + EXPIRES_AFTER
    monkeypatch.setattr(time, "time", lambda: later)
    assert not asleep.is_held()


def test_only_one_of_two_machines_takes_over_a_lease(
    tmp_path: Path, on: Callable[[str], None]
) -> None:
    """The machine that later reads another name in the lease gives way."""
    path = tmp_path / "lease"
    on("laptop")
    Lease(path).acquire()
    abandon(path)
    on("farm")

    def meanwhile(seconds: float) -> None:
        path.unlink()
        assert Lease(path).create()

    with pytest.raises(FileInUse):
        Lease(path).acquire(sleep=meanwhile)


def test_renewing_keeps_the_lease(tmp_path: Path, on: Callable[[str], None]) -> None:
    """A renewed lease is kept for any time."""
    path = tmp_path / "lease"
    on("workshop")
    holding = Lease(path)
    holding.acquire()
    abandon(path)
    holding.renew()
    on("farm")
    with pytest.raises(FileInUse):
        Lease(path).acquire()


def test_a_lease_that_cannot_be_read_for_a_moment_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network drive may fail a single read; the next renewal finds the lease again."""
    holding = Lease(tmp_path / "lease")
    holding.acquire()

    def fail(path: Path) -> bytes:
        raise OSError(errno.ESTALE, "Stale file handle", str(path))

    with monkeypatch.context() as moment:
        moment.setattr(Path, "read_bytes", fail)
        holding.renew()
    holding.renew()
    assert not holding.is_lost
    holding.release()
    assert not (tmp_path / "lease").exists()


def test_the_lease_of_a_dead_local_process_is_taken_over(tmp_path: Path) -> None:
    """A living process keeps its lease, even where the file system has no locks."""
    path = tmp_path / "lease"
    take = "import sys; from pathlib import Path; from mint_blender.jobs.storage.batch_lease import Lease; Lease(Path(sys.argv[1])).acquire(); print(); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", take, str(path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    other.stdout.readline()
    with pytest.raises(FileInUse):
        Lease(path).acquire()
    other.kill()
    other.communicate()
    Lease(path).acquire()


def test_an_unreadable_lease_belongs_to_another_machine(tmp_path: Path) -> None:
    """An incomplete or newer lease is respected, and free after a minute."""
    path = tmp_path / "lease"
    path.write_text("{")
    with pytest.raises(FileInUse, match=r"^\?$"):
        Lease(path).acquire()
    abandon(path)
    Lease(path).acquire(sleep=lambda seconds: None)


def test_a_damaged_lease_belongs_to_nobody_alive(tmp_path: Path) -> None:
    """A process number that no system has is that of a dead process."""
    path = tmp_path / "lease"
    path.write_text(f'{{"host": "{platform.node()}", "pid": {10**30}, "id": "x"}}')
    Lease(path).acquire(sleep=lambda seconds: None)
