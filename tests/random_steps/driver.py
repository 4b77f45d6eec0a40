# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the steps in a Blender with a window, and kill it now and then."""

from __future__ import annotations

import json
import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.mint_service.runner import Service
from tests.window.blender_window import ROOT, BlenderError, BlenderWindow
from tests.window.display import Display
from tests.window.wake_ups import COUNT, STARTED

from . import mouse
from .steps import BY_MOUSE, WITH_POPUP, Step, steps

SPEED = 20.0
"""How many times faster than in its own idea the service works: a job takes a second."""
SWITCHES = ("poll-hint",)
RETRY_AFTER = 0.1
GEOMETRY = ("--window-geometry", "0", "0", "1000", "640")
"""A small window: software draws it."""
LONGEST_SETTLING = 120.0
REST = 1.5
"""Seconds in which an add-on at rest must not do anything."""

LOAD = f"""
if {str(ROOT)!r} not in sys.path:
    sys.path.insert(0, {str(ROOT)!r})
from tests.random_steps.inside import run as steps_run
steps_run.begin(folder, left_of_us, with_addon)
"""
RUN = "sys.modules['tests.random_steps.inside.run'].run(name, number)"
MINT = "sys.modules['tests.random_steps.inside.mint']"
ADDON = "sys.modules['tests.random_steps.inside.addon']"
SIDEBAR = """
space = area('VIEW_3D').spaces.active
space.show_region_ui = True
"""
TAB = """
here = region('VIEW_3D', 'UI')
try:
    here.active_panel_category = 'Mint'
except (AttributeError, TypeError):
    result = False
else:
    result = True
"""


GLX_ERROR = "X_GLXMakeCurrent"
"""What Blender's log says when OpenGL has stopped on the virtual display."""


class Broken(AssertionError):
    """A rule was broken."""


class Crashed(Exception):
    """Blender has ended by itself, or answers no more."""


@dataclass
class Tally:
    """What was done, and what became of it."""

    steps: int = 0
    kills: int = 0
    glx_stops: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, name: str, outcome: str) -> None:
        """Count a step."""
        self.steps += 1
        what = outcome.partition(": ")[0]
        self.outcomes[f"{name}: {what}"] += 1


class Driver:
    """A Blender that carries out steps, and is started again after each kill.

    All of them share `folder`: the profile, the home folder of the add-on, the saved files, and
    `facts.jsonl`. Without a service the add-on is not installed, and its steps are left out.
    """

    def __init__(
        self, display: Display, profile: Path, folder: Path, service: Service | None
    ) -> None:
        self.folder = folder
        self.tally = Tally()
        self.done: list[Step] = []
        """The steps since Blender was started last."""
        self._display = display
        self._profile = profile
        self._service = service
        self._read = 0
        self.window: BlenderWindow | None = None

    def start(self) -> BlenderWindow:
        """Start a Blender over what is on disk."""
        self.done.clear()
        self._read = 0
        service = self._service
        self.window = BlenderWindow(
            self._display,
            self._profile,
            self.folder / "home",
            api=service.api if service else "http://127.0.0.1:1",
            key=service.key if service else None,
            arguments=GEOMETRY,
        )
        values = {"folder": str(self.folder), "with_addon": service is not None}
        self.window.ask(LOAD, **values)
        self.window.ask(SIDEBAR)
        if service is not None:
            self.window.wait(TAB)
        return self.window

    def run(self, wanted: Iterable[Step], *, kill_every: int = 0, seed: int = 0) -> None:
        """Carry out these steps.

        Raises:
            Broken: A rule was broken.
            Crashed: Blender has ended by itself.
        """
        begun, chance = time.monotonic(), random.Random(f"kills {seed}")
        if self.window is None:
            self.start()
        for step in wanted:
            is_killed = bool(kill_every) and chance.random() < 1 / kill_every
            self.tally.seconds = time.monotonic() - begun
            self._step(step, kill_after=chance.uniform(0.0, 0.3) if is_killed else None)
        self.tally.seconds = time.monotonic() - begun

    def _step(self, step: Step, kill_after: float | None) -> None:
        assert self.window is not None
        self.done.append(step)
        timer = None
        if kill_after is not None:
            timer = threading.Timer(kill_after, self.window.process.kill)
            timer.start()
        try:
            said = self.window.ask(RUN, name=step.name, number=step.number)
            if step.name in BY_MOUSE and said["outcome"] == "done" and self._service is not None:
                done = mouse.act(self.window, step, self.folder)
                self.tally.outcomes[f"{step.name}, {done}"] += 1
        except BlenderError as error:
            if timer is None and not self._has_stopped_in_glx(error):
                raise self._crash(step, error) from error
        else:
            self.tally.add(step.name, said["outcome"])
            if said["violations"]:
                raise Broken("\n".join(said["violations"]))
            if step.name in WITH_POPUP and said["outcome"] == "done":
                self._display.key("Escape")
        if timer is not None:
            timer.join()
            self.tally.kills += 1
        if timer is not None or self.window.process.poll() is not None:
            self._killed()
        else:
            self._check_log()

    def _has_stopped_in_glx(self, error: BlenderError) -> bool:
        """Return whether Blender stands still after an error of GLX, and end it then.

        X refuses an OpenGL context that another thread uses. Replays of the first case without the
        add-on did not repeat it, so the cause is not known, and it counts apart. What was in
        progress is judged as after a kill.
        """
        assert self.window is not None
        if GLX_ERROR not in str(error) or self.window.process.poll() is not None:
            return False
        self.tally.glx_stops += 1
        self.window.kill()
        return True

    def _crash(self, step: Step, error: BlenderError) -> Exception:
        assert self.window is not None
        try:
            status = self.window.process.wait(5.0)
        except subprocess.TimeoutExpired:
            return Broken(f"{step.name}: {error}")
        return Crashed(f"Blender ended with status {status} in {step.name}: {error}")

    def _killed(self) -> None:
        """Note the kill, and start another Blender."""
        assert self.window is not None
        self.window.process.wait()
        self._check_log()
        with (self.folder / "facts.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"what": "kill"}) + "\n")
        self.window.close()
        self.start()

    def _check_log(self) -> None:
        """Look for a traceback and for the key in what Blender has written since."""
        assert self.window is not None
        with self.window.log_file.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        self._read += len(new)
        if b"Traceback (most recent call last)" in new:
            raise Broken(f"Blender wrote a traceback:\n{new.decode(errors='replace')}")
        if self._service is not None and self._service.key.encode() in new:
            raise Broken("the key is in Blender's log")

    def settle(self) -> None:
        """Bring every job to an end, and see that the add-on rests and can be disabled.

        Raises:
            Broken: A job does not end, or something is left.
        """
        assert self.window is not None
        until = time.monotonic() + LONGEST_SETTLING
        while waiting := self._ask(f"{MINT}.settle()"):
            if time.monotonic() > until:
                raise Broken(f"these jobs do not end: {waiting}")
            time.sleep(0.3)
        self._check_rest()
        self._check_log()

    def _check_rest(self) -> None:
        assert self.window is not None
        self.window.over()  # on a field, the pointer could be that of somebody who types
        at_rest = {"beats": False, "active": False, "threads": []}
        until = time.monotonic() + LONGEST_SETTLING
        while (found := self._ask(f"{ADDON}.rest()")) != at_rest:
            if time.monotonic() > until:
                raise Broken(f"the add-on does not come to rest: {found}")
            time.sleep(0.2)
        self._ask(COUNT)
        until = time.monotonic() + LONGEST_SETTLING
        while True:
            self._ask(STARTED)
            time.sleep(REST)
            if not (started := self._ask(STARTED)):
                break
            if time.monotonic() > until:
                raise Broken(f"the add-on does not come to rest: {started}")
        self._ask("sys.monitoring.set_events(4, 0)")

    def _ask(self, code: str, **values: Any) -> Any:
        assert self.window is not None
        try:
            return self.window.ask(code, **values)
        except BlenderError as error:
            if self.window.process.poll() is not None:
                raise Crashed(str(error)) from error
            raise Broken(str(error)) from error

    def close(self) -> None:
        """End Blender."""
        if self.window is not None:
            self.window.close()
            self.window = None


def first_steps(seed: int, count: int) -> Iterable[Step]:
    """Yield the first steps of a seed."""
    return (step for step, _ in zip(steps(seed), range(count), strict=False))
