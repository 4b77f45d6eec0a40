# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder held across machines."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mint_blender.files.file_lock import FileInUse
from mint_blender.jobs.storage import folder_lease
from mint_blender.jobs.storage.folder_lease import EXPIRES_AFTER, Lease


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Be another machine."""
    return lambda host: monkeypatch.setattr(platform, "node", lambda: host)


def abandon(path: Path) -> None:
    """Nobody has touched it for longer than a lease lasts."""
    at = path.stat().st_mtime - EXPIRES_AFTER - 1
    os.utime(path, (at, at))


def test_another_machine_waits(tmp_path: Path, on: Callable[[str], None]) -> None:
    """Refused by name while the holder lives; free when it gives up."""
    path = tmp_path / "lease"
    on("workshop")
    with folder_lease.held(path):
        on("farm")
        with pytest.raises(FileInUse, match="workshop"):
            Lease(path).acquire()
        on("workshop")
    assert not path.exists()
    on("farm")
    with folder_lease.held(path) as holding:
        assert not holding.is_lost
    assert list(tmp_path.iterdir()) == []


def test_an_abandoned_lease_is_taken_over(tmp_path: Path, on: Callable[[str], None]) -> None:
    """Not touched for a minute: its machine is off, or asleep; when it wakes up it hears that it
    has lost the folder.
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


def test_of_two_that_take_over_one_has_lost(tmp_path: Path, on: Callable[[str], None]) -> None:
    """Both saw it abandoned: who finds the other's name in it afterwards gives way."""
    path = tmp_path / "lease"
    on("laptop")
    Lease(path).acquire()
    abandon(path)
    on("farm")

    def meanwhile(seconds: float) -> None:
        path.unlink()
        assert Lease(path)._create()

    with pytest.raises(FileInUse):
        Lease(path).acquire(sleep=meanwhile)


def test_a_touch_keeps_it(tmp_path: Path, on: Callable[[str], None]) -> None:
    """However long it runs."""
    path = tmp_path / "lease"
    on("workshop")
    holding = Lease(path)
    holding.acquire()
    abandon(path)
    holding.renew()
    on("farm")
    with pytest.raises(FileInUse):
        Lease(path).acquire()


def test_a_dead_process_of_this_machine_is_no_holder(tmp_path: Path) -> None:
    """Taken over at once; a living one is, also where the file system knows no locks."""
    path = tmp_path / "lease"
    take = "import sys; from pathlib import Path; from mint_blender.jobs.storage.folder_lease import Lease; Lease(Path(sys.argv[1])).acquire(); print(); input()"
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


def test_what_cannot_be_read_is_another_machines(tmp_path: Path) -> None:
    """Half written, or of a later version: waited for, and free after a minute."""
    path = tmp_path / "lease"
    path.write_text("{")
    with pytest.raises(FileInUse, match=r"^\?$"):
        Lease(path).acquire()
    abandon(path)
    Lease(path).acquire(sleep=lambda seconds: None)
