# SPDX-License-Identifier: GPL-3.0-or-later
"""One computer with one Blender: it follows the disk, and lets the process die at any change."""

from __future__ import annotations

import base64
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mint_blender.files import disk
from mint_blender.jobs import database
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Role
from mint_blender.jobs.paid_requests import journal_id
from mint_blender.jobs.paid_requests.record import COLUMNS, PaidRequest
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage import job_cache
from mint_blender.jobs.storage.journal import Journal, journal_file

from ..mint_model.messages import Request, Response
from ..simulation import recording
from ..simulation.checks import check
from ..simulation.mint_files import png
from ..simulation.mint_operations import SimulatedOperations
from ..simulation.mint_service import Habits
from ..simulation.options import CALM
from ..simulation.people import People
from ..simulation.world import MEMORY_DISK, Violation, World, surroundings
from .disk_image import Crash, DiskImage
from .workloads import exported_file

SEED = 1
STAGE_SECONDS = 4.0
"""How long Mint takes for each stage: a poll or two."""
PICTURE = png(16, 16, "a reference picture")
"""The reference picture of the jobs that have one."""


@dataclass(frozen=True)
class CrashPoint:
    """A moment of a run. `number` counts the points of its last action, from 1."""

    number: int
    what: str


class Computer:
    """A world with one process at a time. `crash` is called at every crash point while armed."""

    def __init__(self, root: Path, credits: float) -> None:
        self.root = root
        self.world = world = World(SEED, root, CALM)
        world.mint.projects = world.mint.projects[:1]
        world.mint.projects[0].balance = credits
        world.mint.habits = Habits()
        self.home = world.machines[0].home
        self.image = DiskImage(root, self.home)
        self.is_armed = False
        self._is_crashing = False
        self.points = 0
        self.crash: Callable[[CrashPoint], None] = lambda point: None
        self._calls = 0
        self._starts = 0
        self._left_open: list[object] = []
        world.disk.boundary = world.network.boundary = self._boundary
        world.network.deliver = self._deliver

    def _deliver(self, request: Request) -> Response:
        if request.path.endswith("/reference-images"):
            uploaded = base64.b64decode(json.loads(request.body).get("base64Data", ""))
            if uploaded != PICTURE:
                self.world.fail("a damaged picture was uploaded")
        return self.world._deliver(request)

    # -- using it

    def start(self) -> None:
        """Start Blender, which resumes what is in the journal."""
        self._starts += 1
        process = self.world.start_process(f"Blender {self._starts}")
        if process is None:
            raise Violation("the journal cannot be opened")
        self.process = process
        self.use(lambda service: service.unfinished.resume_all())

    def use(self, action: Callable[[JobService], Any]) -> None:
        """Do something in Blender."""
        self.process.run(lambda: action(self.service))

    @property
    def service(self) -> JobService:
        """The job service of Blender."""
        assert self.process.service is not None
        return self.process.service

    def quit(self) -> None:
        """Quit Blender in an orderly way."""
        self.process.run(self.process.quit)

    # -- crash points

    def _boundary(self) -> None:
        """Look at the disk and at Mint before and after each call that may change them."""
        if self._is_crashing:
            return
        calls, self._calls = self._calls, self.world.mint.calls
        has_changed = self.image.look()
        if self.is_armed and (has_changed or calls != self._calls):
            self.points += 1
            self._is_crashing = True
            self.crash(CrashPoint(self.points, self.image.last if has_changed else "request"))
            self._is_crashing = False

    def sync(self, handle: int) -> None:
        """Sync a file: the place of `os.fsync`."""
        self._boundary()
        self.image.synced(handle)

    # -- after a crash

    def recover(self, crash: Crash) -> None:
        """Let the process die, start another one over its disk, and judge the end.

        For a child process: the connections of the dead process stay open, and what called this
        never goes on. Raises Violation and whatever else goes wrong.
        """
        world = self.world
        self.is_armed = False
        for process in world.processes.values():
            if not process.is_dead:
                # kept: to close them would write into the disk of the parent process
                self._left_open.append(process._opened)
                process.is_dead, process._opened = True, []
        world.current = None
        job_cache._requested = set()
        world.note(f"the process dies: {crash}")
        self.image.replace_with_crashed(crash, self.root.with_name(self.root.name + ".aside"))
        world.recorder.crashed({row.key: row for row in self._rows()})
        if crash is not Crash.KILLED:  # the computer is started again
            disk.booted_at = lambda: math.inf
        self.judge()

    def judge(self) -> None:
        """Bring every job to its end, and check the ledger, the journal and the files."""
        exported = {job.id for job in self._jobs() if job.phase is Phase.PLACED}
        people = People(self.world)
        people._settle()
        recording.check(self.world)
        check(self.world, people)
        for job in self._jobs():
            if job.phase is Phase.FAILED and not self._has_failed_at_mint(job):
                raise Violation(f"{job.id} failed here: {job.problem}", job.id)
            if job.id in exported and (model := job.file(Role.MODEL)):
                self._check_export(job, Path(model.path))

    def _jobs(self) -> list[Job]:
        with closing(Journal(self.home)) as journal:
            return [each for each in journal._read("") if isinstance(each, Job)]

    def _rows(self) -> list[PaidRequest]:
        """Return the paid requests in the journal."""
        if not journal_file(self.home).exists():
            return []
        with closing(Journal(self.home)) as journal:
            query = f"SELECT {', '.join(COLUMNS)} FROM paid_requests"
            return [PaidRequest(*row) for row in journal._db.rows(query)]

    def _has_failed_at_mint(self, job: Job) -> bool:
        found = self.world.mint.operations.all.get(job.operation.id if job.operation else "")
        return found is not None and found.status in {"failed", "canceled"}

    def _check_export(self, job: Job, model: Path) -> None:
        exported = exported_file(self.root, job)
        if not exported.is_file() or exported.read_bytes() != model.read_bytes():
            raise Violation(f"{exported.name} is missing or damaged", job.id)


@contextmanager
def computer(credits: float) -> Iterator[Computer]:
    """Yield a computer with an empty disk."""
    base = Path(tempfile.mkdtemp(prefix="mint-crash-", dir=MEMORY_DISK))
    root = base / "disk"
    root.mkdir()
    used = Computer(root, credits)
    choose_mode = database.Database.choose_mode
    try:
        with ExitStack() as stack:
            for context in (
                surroundings(used.world),
                # the simulation leaves out what is the subject here: the log and the syncs
                patch.object(database.Database, "choose_mode", choose_mode),
                patch.object(os, "fsync", used.sync),
                # a crash leaves the journal where it is; here its disk is another folder
                patch.object(journal_id, "identity", lambda path: f"file {path}"),
                patch.object(SimulatedOperations, "_outcome", lambda *values: "succeeded"),
                patch.object(SimulatedOperations, "_duration", lambda *values: STAGE_SECONDS),
            ):
                stack.enter_context(context)
            yield used
    finally:
        for process in used.world.processes.values():
            process.bury()
        shutil.rmtree(base, ignore_errors=True)
