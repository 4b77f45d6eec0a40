# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a sequence of actions, and crash at every point of its last action, or of a whole life.

The points of the earlier actions belong to the shorter sequences that it begins with. At each point
a child process is forked for each way to die: it has all of Mint, the network and the clock in its
memory, and a copy of the disk. Meanwhile the parent waits.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mint_blender.files.glb import header  # noqa: F401 - loaded before the fork, once for all children
from mint_blender.jobs.engine import scheduler  # noqa: F401 - loaded before the fork, once for all children

from ..simulation.world import Violation, relevant
from .computer import PICTURE, Computer, CrashPoint, computer
from .disk_image import Crash
from .workloads import ACTIONS, WORKLOADS, Actions

Sequence = tuple[str, ...]
LIFE = "life"
"""In the name of a task, in place of the actions of a whole life."""


@dataclass(frozen=True)
class Task:
    """What to run.

    Attributes:
        workload: The name of the workload.
        sequence: The actions.
        is_life: Whether the points of all actions count, each with one way to die in turn.
        only: The number of the only crash point and the way to die there; None: all.
        end: The time of `time.perf_counter` after which nothing more is run.
    """

    workload: str
    sequence: Sequence
    is_life: bool = False
    only: tuple[int, Crash] | None = None
    end: float = math.inf

    @property
    def is_over(self) -> bool:
        """Whether its time is over. The simulation does not move this clock."""
        return time.perf_counter() > self.end

    @property
    def name(self) -> str:
        """What the option `--only` takes."""
        return f"{self.workload}: {LIFE if self.is_life else ', '.join(self.sequence)}"


@dataclass
class Result:
    """What a task has found.

    Attributes:
        task: The task.
        is_offered: Whether each action was possible.
        points: How many crash points the last action has.
        cases: How many cases were run, by the way to die.
        failures: One text for each case in which a rule was broken.
    """

    task: Task
    is_offered: bool = True
    points: int = 0
    cases: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def run_task(task: Task) -> Result:
    """Run a sequence, with crashes at the points of its last action, and without one."""
    result = Result(task)
    if task.is_over:
        return replace(result, is_offered=False)
    workload = WORKLOADS[task.workload]
    with computer(workload.credits) as used:
        try:
            used.crash = Crashes(used, result)
            # the first start of a process belongs to the first action
            used.is_armed = task.is_life or task.sequence == ("start",)
            used.start()
            actions = Actions(used, workload, PICTURE)
            for action in task.sequence[:-1]:
                if not actions.do(action) and task.is_life:
                    raise Violation(f"{action!r} is not offered")
            used.is_armed = True
            result.is_offered = actions.do(task.sequence[-1])
            used.is_armed = False
            if result.is_offered and task.only is None:
                used.judge()
        except Exception as error:  # any surprise is a failure of the sequence
            result.failures.append(f"{task.name}; without a crash: {_text(used, error)}")
    return result


class Crashes:
    """Lets a process die at a crash point in every way that leaves another disk."""

    def __init__(self, used: Computer, result: Result) -> None:
        self._used = used
        self._result = result

    def __call__(self, point: CrashPoint) -> None:
        """Run the cases of this point."""
        task, result = self._result.task, self._result
        result.points += 1
        crashes = self._used.image.variants()
        if task.only is not None:
            crashes = [crash for crash in crashes if task.only == (point.number, crash)]
        elif task.is_life:
            crashes = [crashes[point.number % len(crashes)]]
        for crash in [] if task.is_over else crashes:
            result.cases[crash.value] += 1
            if text := self._in_child(crash):
                at = f"{task.name}; crash {point.number} {crash} (after {point.what})"
                result.failures.append(f"{at}: {text}")

    def _in_child(self, crash: Crash) -> str:
        """Return what is wrong after this crash; an empty text if nothing is."""
        used = self._used
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            _recover_and_exit(used, crash, write)
        os.close(write)
        with os.fdopen(read, "rb") as stream:
            answer = stream.read()
        os.waitpid(child, 0)
        aside = used.root.with_name(used.root.name + ".aside")
        if aside.exists():
            shutil.rmtree(used.root, ignore_errors=True)
            aside.rename(used.root)
        return json.loads(answer) if answer else "the child process died"


def _recover_and_exit(used: Computer, crash: Crash, write: int) -> None:
    """Recover in this child process, report, and end without leaving any `with` block."""
    text = "it did not end"
    try:
        used.recover(crash)
        text = ""
    except BaseException as error:
        text = _text(used, error)
    finally:
        os.write(write, json.dumps(text).encode()[:60000])
        os._exit(0)


def _text(used: Computer, error: BaseException) -> str:
    about = getattr(error, "about", ())
    lines = [f"{type(error).__name__}: {error}"]
    if not isinstance(error, Violation):
        lines += traceback.format_exception(error)[-3:]
    return "\n    ".join([*lines, *relevant(used.world, about, 40)])


def next_tasks(result: Result) -> Iterator[Task]:
    """Yield the tasks whose sequences are one action longer; none if the last was not offered."""
    if result.is_offered:
        for action in ACTIONS:
            task = result.task
            yield replace(task, sequence=(*task.sequence, action))


def first_tasks(workloads: list[str], end: float) -> list[Task]:
    """Return the tasks with one action."""
    return [Task(name, (action,), end=end) for name in workloads for action in ACTIONS]


def life_tasks(workloads: list[str], end: float) -> list[Task]:
    """Return the tasks of whole lives."""
    return [Task(name, WORKLOADS[name].life, is_life=True, end=end) for name in workloads]


def task_of(text: str) -> Task:
    """Return the task of what the option `--only` takes: a sequence, a life, or a case of one."""
    name, _, case = text.partition("; crash ")
    workload, _, actions = name.partition(": ")
    number, _, crash = case.partition(" ")
    only = (int(number), Crash(crash)) if case else None
    if actions == LIFE:
        return Task(workload, WORKLOADS[workload].life, is_life=True, only=only)
    return Task(workload, tuple(actions.split(", ")), only=only)
