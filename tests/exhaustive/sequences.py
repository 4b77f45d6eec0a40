# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a sequence of actions, and crash at every point of its last action.

The points of the earlier actions belong to the shorter sequences that it begins with. At each point
a child process is forked for each way to die: it has all of Mint, the network and the clock in its
memory, and a copy of the disk. Meanwhile the parent waits.
"""

from __future__ import annotations

import json
import math
import os
import random
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


@dataclass(frozen=True)
class Task:
    """What to run.

    Attributes:
        workload: The name of the workload.
        sequence: The actions.
        share: Which share of the cases to run, from a seed.
        seed: Chooses them.
        only: The number of the only crash point and the way to die there; None: all.
        end: The time of `time.perf_counter` after which nothing more is run.
    """

    workload: str
    sequence: Sequence
    share: float = 1.0
    seed: int = 1
    only: tuple[int, Crash] | None = None
    end: float = math.inf

    @property
    def is_over(self) -> bool:
        """Whether its time is over. The simulation does not move this clock."""
        return time.perf_counter() > self.end

    @property
    def name(self) -> str:
        """What the option `--only` takes."""
        return f"{self.workload}: {', '.join(self.sequence)}"


@dataclass
class Result:
    """What a task has found.

    Attributes:
        task: The task.
        is_offered: Whether each action was possible.
        points: How many crash points the last action has.
        cases: How many cases there are, by the way to die.
        run: How many of them were run.
        failures: One text for each case in which a rule was broken.
    """

    task: Task
    is_offered: bool = True
    points: int = 0
    cases: Counter[str] = field(default_factory=Counter)
    run: int = 0
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
            used.is_armed = task.sequence == ("start",)  # with the points of the first start
            used.start()
            actions = Actions(used, workload, PICTURE)
            for action in task.sequence[:-1]:
                actions.do(action)
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
        task = result.task
        self._choice = random.Random(f"{task.seed} {task.name}")

    def __call__(self, point: CrashPoint) -> None:
        """Run the cases of this point."""
        task, result = self._result.task, self._result
        result.points += 1
        for crash in self._used.image.variants():
            result.cases[crash.value] += 1
            is_chosen = self._choice.random() < task.share and not task.is_over
            if task.only is not None:
                is_chosen = task.only == (point.number, crash)
            if is_chosen:
                result.run += 1
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


def next_tasks(result: Result, share: float) -> Iterator[Task]:
    """Yield the tasks whose sequences are one action longer; none if the last was not offered."""
    if result.is_offered:
        for action in ACTIONS:
            task = result.task
            yield replace(task, sequence=(*task.sequence, action), share=share)


def first_tasks(seed: int, names: list[str] | None = None) -> list[Task]:
    """Return the tasks with one action."""
    workloads = names or list(WORKLOADS)
    return [Task(name, (action,), 1.0, seed) for name in workloads for action in ACTIONS]
