# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of journals that are made at some moment, and put back later: no process is running then.

The file beside the journal that counts its attempts is not put back. If it were, nothing would show
that the journal is an older one.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mint_blender.jobs.paid_requests.table import opened
from mint_blender.jobs.storage.journal import journal_file

from ..specification.events import BackedUp, Restored
from .books import Requests

if TYPE_CHECKING:
    from pathlib import Path

    from .process import Machine
    from .world import World


@dataclass(frozen=True)
class Backup:
    """A copy of a journal, the number of its event, and the time of the simulated clock."""

    content: bytes
    number: int
    at: float


class Backups:
    """The latest copy of each journal of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._latest: dict[str, Backup] = {}
        self._count = 0

    def back_up_or_restore(self, machine: Machine) -> None:
        """Copy the journal of a machine, or put its copy back: at times for the second time."""
        backup = self._latest.get(machine.name)
        if backup is None:
            self._back_up(machine, journal_file(machine.home))
        elif not self._world.disk.is_full:
            self._restore(machine, journal_file(machine.home), backup)
            if self._world.chance.random() < 0.7:
                del self._latest[machine.name]

    def _back_up(self, machine: Machine, journal: Path) -> None:
        world = self._world
        is_quiet = not journal.with_name(f"{journal.name}-journal").exists()
        identity, _ = _read(journal) if journal.exists() and is_quiet else (None, {})
        if identity is not None:
            self._count += 1
            self._latest[machine.name] = Backup(journal.read_bytes(), self._count, world.clock.now)
            world.recorder.events.append(BackedUp(identity, self._count))
            world.note(f"backup {self._count} of the journal of {machine.name}")

    def _restore(self, machine: Machine, journal: Path, backup: Backup) -> None:
        world = self._world
        for process in list(world.processes.values()):
            if process.machine is machine:
                process.run(process.stop)
        replaced, before = _read(journal)
        is_same_file = world.chance.random() < 0.5
        path = journal if is_same_file else journal.with_suffix(".restored")
        path.write_bytes(backup.content)
        path.replace(journal)
        world.disk.writes += 1
        with opened(journal) as records:
            identity = records.identity
        event = Restored(identity, replaced or "", backup.number, world.clock.true)
        world.recorder.events.append(event)
        _, after = _read(journal)
        where = "the same file" if is_same_file else "another file"
        world.note(f"backup {backup.number} is back on {machine.name}, in {where}: {identity[:4]}")
        if identity != replaced or before != after:  # else it is the journal as it was
            world.books.restore(world, backup.at, before, after)


def _read(journal: Path) -> tuple[str | None, Requests]:
    """Return whose journal a file is, and its requests."""
    try:
        with closing(sqlite3.connect(journal)) as database:
            (identity,) = database.execute("SELECT id FROM this_journal").fetchone()
            rows = database.execute("SELECT key, job, closed FROM paid_requests").fetchall()
    except (sqlite3.Error, TypeError):  # its tables are not there yet
        return None, {}
    return identity, {key: (job, closed) for key, job, closed in rows}
