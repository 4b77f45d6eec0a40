# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill a Blender with a window at a step, start it again, go on as a user would, and check."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..mint_service.runner import ThreadService
from ..window.blender_window import ROOT, BlenderError, BlenderWindow
from ..window.display import Display
from .kills import Broken, check_paid_once, jobs_in

PROGRAMS = ("blender", "Xvfb", "openbox", "xdotool")
SCENARIOS = {
    "in the window: model": {"kind": "MODEL", "mode": "AUTO"},
    "in the window: reviewed model": {"kind": "MODEL", "mode": "REVIEW"},
    "in the window: World": {"kind": "WORLD", "mode": "AUTO"},
}
"""The arguments of the operator Generate."""
GEOMETRY = ("--window-geometry", "0", "0", "1000", "640")
"""A small window: software draws it."""
PATIENCE = 90.0
"""Seconds until a job that goes on has to be over."""
SECOND_KILL = 40
"""Every fourth Blender that goes on is killed, too, at one of this many steps."""

PREPARE = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
    "from tests.process_kills import inside_window; inside_window.prepare({folder!r})"
)
INSIDE = "sys.modules['tests.process_kills.inside_window']"
SAVE = "with within('VIEW_3D'):\n    bpy.ops.wm.save_as_mainfile(filepath=path)"
OVER = {"failed", "canceled"}


def is_possible() -> bool:
    """Return whether a Blender with a window can be run here."""
    return all(shutil.which(program) for program in PROGRAMS)


@dataclass(frozen=True)
class _Case:
    """A folder with a home and a .blend, and the operator that is called in it."""

    folder: Path
    arguments: dict[str, str]

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def blend(self) -> Path:
        return self.folder / "scene.blend"


class WindowKiller:
    """Runs a scenario again and again in a folder, and kills Blender at a step."""

    def __init__(self, service: ThreadService, display: Display, profile: Path, folder: Path):
        self._service = service
        self._display = display
        self._profile = profile
        self._folder = folder
        self.kills = 0

    def steps(self, name: str) -> int:
        """Return how many steps an undisturbed run has, which is checked, too."""
        return len(self.run(name, None, random.Random(0))["steps"])

    def run(self, name: str, step: int | None, choice: random.Random) -> dict[str, Any]:
        """Run and kill a scenario at a step, go on, and check it. Returns the first report.

        The report is {"killed": 9} or {"steps": […]}. Raises Broken.
        """
        folder = self._folder / f"{name}-{step}".replace(" ", "-").replace(":", "")
        folder.mkdir()
        prompt = f"a lamp: {name}, step {step}"
        case = _Case(folder, {**SCENARIOS[name], "preset": "FAST", "prompt": prompt})
        first = report = self._play(case, die_at=step)
        if "killed" in report and choice.random() < 0.25:
            report = self._play(case, die_at=choice.randint(1, SECOND_KILL))
        if "killed" in report:
            self._play(case, die_at=None)
        self._check(case)
        return first

    def _play(self, case: _Case, die_at: int | None) -> dict[str, Any]:
        """Start Blender over what is there, and bring the job to its end unless it is killed."""
        window = self._open(case)
        try:
            window.ask(f"{INSIDE}.begin(last)", last=die_at)
            self._drive(window, case)
            report: dict[str, Any] = {"steps": window.ask(f"{INSIDE}.steps.names")}
        except BlenderError as error:
            report = self._report_of_end(window, error, die_at)
        finally:
            printed = window.log()
            window.close()
        if "Traceback (most recent call last)" in printed:
            raise Broken(f"Blender has written a traceback:\n{printed}")
        if self._service.key in printed:
            raise Broken("the key is in what Blender has written")
        return report

    def _open(self, case: _Case) -> BlenderWindow:
        file = [str(case.blend)] if case.blend.exists() else []
        prepare = PREPARE.format(folder=str(case.folder))
        return BlenderWindow(
            self._display,
            self._profile,
            case.home,
            api=self._service.api,
            key=self._service.key,
            arguments=(*GEOMETRY, *file, "--python-expr", prepare),
        )

    def _report_of_end(
        self, window: BlenderWindow, error: BlenderError, die_at: int | None
    ) -> dict[str, Any]:
        try:
            status = window.process.wait(10)
        except subprocess.TimeoutExpired:
            raise Broken(str(error)) from error
        if die_at is None or status != -signal.SIGKILL:
            raise Broken(f"Blender has ended with status {status}: {error}")
        self.kills += 1
        return {"killed": signal.SIGKILL}

    def _drive(self, window: BlenderWindow, case: _Case) -> None:
        """Do what a user does, until the result is in the saved file."""
        if not case.blend.exists():
            window.ask(SAVE, path=str(case.blend))
        until = time.monotonic() + PATIENCE
        while not self._take_next_step(window, case):
            if time.monotonic() > until:
                raise Broken(f"it does not come to an end: {window.jobs()}")
            time.sleep(0.05)

    def _take_next_step(self, window: BlenderWindow, case: _Case) -> bool:
        """Click what has to be clicked, if anything; return whether all is done."""
        jobs = window.jobs()
        if not jobs:
            window.call("mint.generate", **case.arguments)
            return False
        if len(jobs) > 1 or jobs[0]["phase"] in OVER:
            raise Broken(f"there should be one job that is not over: {jobs}")
        job = jobs[0]
        count = window.ask(f"{INSIDE}.results(job_id)", job_id=job["id"])
        if count > 1:
            raise Broken(f"the result is in the file {count} times")
        if job["active"] or window.ask(f"{INSIDE}.is_about_to_place()"):
            return False
        if job["phase"] == "placed" and count:
            window.ask(SAVE, path=str(case.blend))
            return True
        _click_next(window, job)
        return False

    def _check(self, case: _Case) -> None:
        """Compare Mint's ledger, the journal and the files with what was clicked."""
        check_paid_once(self._service, case.arguments["prompt"])
        (job,) = jobs_in(case.home)
        for kept in job.files:
            served = self._service.mint.store.files[urlsplit(kept.url).path.lstrip("/")]
            whole = self._service.mint.store.blob(served.digest).read_bytes()
            if Path(kept.path).read_bytes() != whole:
                raise Broken(f"{kept.path} is not what Mint has sent")


def _click_next(window: BlenderWindow, job: dict[str, Any]) -> None:
    """Click the button that brings a job further which waits for a user."""
    if job["phase"] == "waiting":
        window.call("mint.continue_queue")
        return
    verbs = {"review": "approve", "ready": "place", "placed": "place"}
    window.call(f"mint.{verbs.get(job['phase'], 'resume')}", job_id=job["id"])
