# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command, kill it at a step, go on as a person would, and check what Mint and the disk have."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mint_blender.jobs.batch_folder import line_files
from mint_blender.jobs.batch_folder.batch_lease import EXPIRES_AFTER
from mint_blender.jobs.diagnostics import checks
from mint_blender.jobs.job import Job, is_unanswered
from mint_blender.jobs.job_values import Role
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.storage.journal import Journal

from ..cli.batch_helpers import lines_of
from ..docs.code_blocks import read_blocks
from ..mint.generation_helpers import PIXEL
from ..mint_model.records import price
from ..mint_service.records import Operation
from ..mint_service.runner import Service, ThreadService
from .kill_steps import CAN_FORK, JOURNAL_AND_MINT, KILL

ROOT = Path(__file__).parents[2]


class Broken(AssertionError):
    """A rule was broken."""


class CommandProcess:
    """A running `command_process`, which forks a child for each command if it can."""

    def __init__(self, service: ThreadService) -> None:
        self._account = {"MINT_API_KEY": service.key, "MINT_API_BASE_URL": service.api}
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.process_kills.command_process"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self,
        home: Path,
        *arguments: str,
        die_at: int | None = None,
        only: Collection[str] | None = None,
        blender: bool = False,
    ) -> dict[str, Any]:
        """Run a command in a child process, and return its report.

        `only` names the calls whose steps count; by default all do.
        The report is {"killed": KILL} or {"status": …, "printed": …, "steps": […]}.
        """
        environment = {**self._account, "MINT_BLENDER_HOME": str(home)}
        order = {"arguments": arguments, "environment": environment, "die_at": die_at}
        order["only"] = None if only is None else sorted(only)
        self._process.stdin.write(json.dumps({**order, "blender": blender}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() if CAN_FORK else self._last_words())
        if "broken" in answer:
            raise Broken(f"{arguments} has ended with {answer}")
        if "Traceback" in answer.get("printed", ""):
            raise Broken(f"{arguments} has printed a traceback")
        return answer

    def _last_words(self) -> str:
        """Return what the process reports, see to it that it has ended, and start the next one.

        In Wine, a process that ends itself may stay forever: not one that another one kills.
        """
        answer = self._process.stdout.readline()
        self._process.kill()
        self._process.communicate()
        status = self._process.returncode
        self._start()
        return answer or json.dumps({"killed" if status == KILL else "broken": status})

    def kill(self) -> None:
        """Kill what carries out the command, wherever it is: only where nothing can fork."""
        os.kill(self._process.pid, KILL)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


@dataclass(frozen=True)
class Scenario:
    """What is run. `arguments` returns the command for a folder and a prompt.

    What `repeats` is continued by the same command; with a `sheet`, the files are its own.
    `only` names the calls whose steps count; by default all do.
    """

    arguments: Callable[[Path, str], list[str]]
    results: int = 1
    suffix: str = ".glb"
    is_batch: bool = False
    blender: bool = False
    sheet: str | None = None
    only: frozenset[str] | None = None

    @property
    def repeats(self) -> bool:
        return self.is_batch or self.sheet is not None


def _generate(folder: Path, prompt: str, *more: str, suffix: str = ".glb") -> list[str]:
    output = str(folder / "out" / f"lamp{suffix}")
    return ["generate", "--prompt", prompt, "--preset", "fast", *more, "-o", output]


def _batch(folder: Path, prompt: str) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    prompts = [f"{prompt}, line {number}" for number in (1, 2, 3)]
    file = lines_of(folder / "lamps.jsonl", *({"prompt": each} for each in prompts))
    return ["batch", str(file), "-o", str(folder / "out")]


def _after_a_picture(folder: Path, prompt: str, *more: str) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lamp.png").write_bytes(PIXEL)
    return _generate(folder, prompt, "--image", str(folder / "lamp.png"), *more)


def _studio_script(folder: Path, prompt: str) -> list[str]:
    """Return the command of the example for studios in the manual, with one line."""
    folder.mkdir(parents=True, exist_ok=True)
    page = (ROOT / "docs/scripts/python.md").read_text(encoding="utf-8")
    (code,) = [each.code for each in read_blocks(page) if each.file_name == "props.py"]
    (folder / "props.py").write_text(code, encoding="utf-8")
    table = f'name,prompt,height\nLamp,"{prompt}",0.4'
    (folder / "set.csv").write_text(table, encoding="utf-8")
    return ["python3", str(folder / "props.py"), str(folder / "set.csv"), "100000"]


REVIEWED = "generate after a picture, with review"
SCENARIOS = {
    "generate": Scenario(_generate),
    REVIEWED: Scenario(
        lambda folder, prompt: _after_a_picture(folder, prompt, "--mode", "review", "--approve")
    ),
    "batch": Scenario(_batch, results=3, is_batch=True),
    "generate a .blend": Scenario(
        lambda folder, prompt: _generate(folder, prompt, suffix=".blend"),
        suffix=".blend",
        blender=True,
    ),
    "a script for one prop": Scenario(
        _studio_script, suffix=".blend", blender=True, sheet="set.html", only=JOURNAL_AND_MINT
    ),
}


def wait_a_minute(folder: Path) -> None:
    """Make the empty leases and claims of a batch a minute older.

    A kill between the creation of such a file and its content leaves one that may be of another
    machine. The batch says so, and to try again in a minute.
    """
    old = time.time() - EXPIRES_AFTER
    for path in folder.glob(f"*/{line_files.FOLDER}/**/*"):
        if path.is_file() and not path.read_bytes():
            os.utime(path, (old, old))


@dataclass
class Killer:
    """Runs a scenario again and again in a folder, and kills it at a step.

    `run_command` is that of a `CommandProcess`, or takes its place.
    """

    service: Service
    run_command: Callable[..., dict[str, Any]]
    folder: Path
    kills: int = 0

    def steps(self, name: str) -> int:
        """Return how many steps an undisturbed run has, which is checked, too."""
        return len(self.run(name, None, random.Random(0))["steps"])

    def run(
        self, name: str, step: int | None, choice: random.Random, what: str = ""
    ) -> dict[str, Any]:
        """Run and kill a scenario at a step, go on, and check it. Returns the first report.

        Every fourth command that goes on is killed, too. `what` tells runs without a step apart.
        Raises Broken.
        """
        scenario = SCENARIOS[name]
        title = f"{name}, {what or f'step {step}'}"
        prompt, folder = f"a lamp: {title}", self.folder / re.sub(r"\W+", "-", title)
        home = folder / "home"
        arguments = scenario.arguments(folder, prompt)

        def run(*arguments: str, die_at: int | None = None) -> dict[str, Any]:
            report = self.run_command(
                home, *arguments, die_at=die_at, only=scenario.only, blender=scenario.blender
            )
            if report.get("killed") not in {None, KILL}:
                raise Broken(f"it has ended with {report}")
            self.kills += "killed" in report
            return report

        first = run(*arguments, die_at=step)
        if step is not None and choice.random() < 0.25:
            run(*(arguments if scenario.repeats else ["resume"]), die_at=choice.randint(1, 40))
        self._go_on(run, home, arguments, scenario)
        self._check(scenario, home, prompt)
        return first

    def _go_on(
        self,
        run: Callable[..., dict[str, Any]],
        home: Path,
        arguments: list[str],
        scenario: Scenario,
    ) -> None:
        for number in range(4):
            jobs = jobs_in(home)
            is_done = len(jobs) == scenario.results and all(_is_over(job) for job in jobs)
            if is_done or (scenario.sheet and (home.parent / scenario.sheet).is_file()):
                return
            if number and scenario.is_batch:
                wait_a_minute(home.parent)
            if not jobs or scenario.repeats:
                # killed between the creation of a claim and its content: a person has to decide
                asked = [each for each in jobs if scenario.is_batch and is_unanswered(each)]
                is_unsent = not any(request.attempts for each in asked for request in each.requests)
                run(*arguments, *(["--start-again"] if asked and is_unsent else []))
            else:
                run(*self._next_command(jobs[0], arguments[-1]))
        left = [(job.phase, job.problem) for job in jobs_in(home)]
        raise Broken(f"it does not come to an end: {left}")

    def _next_command(self, job: Job, output: str) -> list[str]:
        """Return what a person types next for a job."""
        if job.phase in {Phase.READY, Phase.PLACED}:
            return ["place", job.id, "-o", output]
        if job.phase is Phase.REVIEW and job.decision is None:
            return ["approve", job.id]
        is_free = job.phase is Phase.FAILED and not made_of(self.service, job.request.prompt)
        return ["retry" if is_free else "resume", job.id]

    def _check(self, scenario: Scenario, home: Path, prompt: str) -> None:
        check_paid_once(self.service, prompt, scenario.results)
        check_table(home)
        if scenario.sheet is not None:
            _check_sheet(home.parent / scenario.sheet, jobs_in(home), scenario.results)
            return
        for job in jobs_in(home):
            output, model = Path(job.delivery.output or ""), job.file(Role.MODEL)
            if model is None or not output.is_file() or output.suffix != scenario.suffix:
                raise Broken(f"{output} is missing")
            if scenario.suffix == ".glb" and output.read_bytes() != Path(model.path).read_bytes():
                raise Broken(f"{output} is not what was downloaded")


def _check_sheet(sheet: Path, jobs: list[Job], results: int) -> None:
    """Raise Broken unless each job of a script has its picture on the sheet, and a .blend is there."""
    shown = sheet.read_text(encoding="utf-8").count("<img")
    if (len(jobs), shown) != (results, results) or {job.phase for job in jobs} != {Phase.PLACED}:
        raise Broken(f"{sheet} shows {shown} of {len(jobs)} jobs: {[job.phase for job in jobs]}")
    if not sheet.with_suffix(".blend").is_file():
        raise Broken(f"there is no file beside {sheet}")


def made_of(service: Service, prompt: str) -> list[Operation]:
    """Return Mint's operations for this prompt, or for the lines that begin with it."""
    return [
        each
        for each in service.operations()
        if each.prompt == prompt or each.prompt.startswith(f"{prompt}, line")
    ]


def check_paid_once(service: Service, prompt: str, results: int = 1) -> None:
    """Raise Broken unless Mint has made each result once, and nobody else got the key."""
    operations = made_of(service, prompt)
    if len(operations) != results:
        raise Broken(f"there are {len(operations)} operations for {results} results")
    for operation in operations:
        paid = price(operation.type, operation.preset)
        if operation.feedback:
            raise Broken(f"there are revisions: {operation.feedback}")
        if (operation.status, operation.finalized) != ("succeeded", paid):
            raise Broken(f"{operation.status}, paid {operation.finalized} of {paid}")
    if leaks := service.leaks():
        raise Broken(f"the key was sent to the file host: {leaks[0]}")


def check_table(home: Path) -> None:
    """Raise Broken if a record of the journal breaks a rule of paid requests."""
    content = checks.read_journal(home)
    if content is None or content.wrong_jobs:
        raise Broken(f"the records of {content} cannot be right")


def jobs_in(home: Path) -> list[Job]:
    """Return the jobs in the journal of this folder."""
    with closing(Journal(home)) as journal:
        return journal.jobs()


def _is_over(job: Job) -> bool:
    return job.phase is Phase.PLACED and Path(job.delivery.output or "").is_file()
