# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill a Blender with a window at a step, start it again, go on as a user would, and check."""

from __future__ import annotations

import random
import re
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
GEOMETRY = ("--window-geometry", "0", "0", "1000", "640")
"""A small window: software draws it."""
PATIENCE = 90.0
"""Seconds until a job that continues has to be over."""
CHILDREN_END_WITHIN = 20.0
"""Seconds until a background Blender has ended after its parent."""
SECOND_KILL = 40
"""Every fourth Blender that continues is killed, too, at one of this many steps."""

PREPARE = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
    "from tests.process_kills import inside_window; inside_window.prepare({folder!r})"
)
INSIDE = "sys.modules['tests.process_kills.inside_window']"
SAVE = "with within('VIEW_3D'):\n    bpy.ops.wm.save_as_mainfile(filepath=path)"
IN_BACKGROUND = "bpy.context.preferences.addons[MODULE].preferences.import_in_background = value"
OVER = {"failed", "canceled"}


def is_possible() -> bool:
    """Return whether a Blender with a window can be run here."""
    return all(shutil.which(program) for program in PROGRAMS)


@dataclass(frozen=True)
class WindowScenario:
    """What is generated, and how it gets into the scene."""

    kind: str = "MODEL"
    mode: str = "AUTO"
    in_background: bool = False
    """Whether a second Blender prepares the result, as it does for users."""

    @property
    def feedback(self) -> list[str]:
        """What is said about the first Preview; the second one is approved."""
        return ["make it green"] if self.mode == "REVIEW" else []


SCENARIOS = {
    "in the window: model": WindowScenario(),
    "in the window: model, imported in the background": WindowScenario(in_background=True),
    "in the window: reviewed model": WindowScenario(mode="REVIEW"),
    "in the window: World": WindowScenario(kind="WORLD"),
}


@dataclass(frozen=True)
class _Case:
    """A folder with a home and a .blend, and the prompt of the job in it."""

    folder: Path
    scenario: WindowScenario
    prompt: str

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
        folder = self._folder / re.sub(r"\W+", "-", f"{name} {step}")
        folder.mkdir()
        case = _Case(folder, SCENARIOS[name], f"a lamp: {name}, step {step}")
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
            window.over()  # on a field, the pointer could be that of somebody who types
            window.ask(IN_BACKGROUND, value=case.scenario.in_background)
            window.ask(f"{INSIDE}.begin(last)", last=die_at)
            if (case.home / "journal.sqlite3").exists():
                window.wait("job_service() is not None")  # it opens a second after the start
            self._drive(window, case)
            report: dict[str, Any] = {"steps": window.ask(f"{INSIDE}.steps.names")}
        except BlenderError as error:
            report = self._report_of_end(window, error, die_at)
        finally:
            printed = window.log()
            window.close()
            _wait_for_end_of_children(case.home)
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
        # one question, since the heartbeat places results between two of them
        found = window.ask(f"{INSIDE}.look(jobs())")
        jobs = found["jobs"]
        if not jobs:
            asked = {"kind": case.scenario.kind, "mode": case.scenario.mode, "preset": "FAST"}
            window.call("mint.generate", prompt=case.prompt, **asked)
            return False
        job, count = jobs[0], found["results"]
        if len(jobs) > 1 or job["phase"] in OVER:
            raise Broken(f"there should be one job that is not over: {jobs}")
        if count > 1:
            raise Broken(f"the result is in the file {count} times")
        if job["active"] or found["is_about_to_place"]:
            return False
        if job["phase"] == "placed" and count:
            window.ask(SAVE, path=str(case.blend))
            return True
        _click_next(window, job, case.scenario.feedback)
        return False

    def _check(self, case: _Case) -> None:
        """Compare Mint's ledger, the journal and the files with what was clicked."""
        check_paid_once(self._service, case.prompt, feedback=case.scenario.feedback)
        (job,) = jobs_in(case.home)
        for kept in job.files:
            served = self._service.mint.files[urlsplit(kept.url).path.lstrip("/")]
            whole = served.read()
            if Path(kept.path).read_bytes() != whole:
                raise Broken(f"{kept.path} is not what Mint has sent")


def _click_next(window: BlenderWindow, job: dict[str, Any], feedback: list[str]) -> None:
    """Click the button that brings a job further which waits for a user."""
    if job["phase"] == "waiting":
        window.call("mint.continue_queue")
    elif job["phase"] == "review" and not job["decision"]:
        # there is a Preview for the prompt, and one for each revision
        later = feedback[job["previews"] - 1 :]
        more = {"feedback": later[0]} if later else {}
        window.call("mint.revise" if later else "mint.approve", job_id=job["id"], **more)
    elif job["phase"] in {"ready", "placed"}:
        window.call("mint.place", job_id=job["id"])
    else:
        window.call("mint.resume", job_id=job["id"])


def _wait_for_end_of_children(home: Path) -> None:
    """Raise Broken if a background Blender does not end although its parent is dead."""
    until = time.monotonic() + CHILDREN_END_WITHIN
    while left := [each for each in Path("/proc").glob("[0-9]*") if _has_home(each, home)]:
        if time.monotonic() > until:
            raise Broken(f"background Blenders are left: {[each.name for each in left]}")
        time.sleep(0.1)


def _has_home(process: Path, home: Path) -> bool:
    try:
        environment = (process / "environ").read_bytes().split(b"\0")
    except OSError:  # it has ended, or belongs to somebody else
        return False
    return f"MINT_BLENDER_HOME={home}".encode() in environment
