# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the results of a large batch again: workers against time, lines against time and memory.

Small models, Mint's files on disk. Then a whole batch through the stand-in, which is as fast as it
can be. For a quick run, set the numbers in the environment:

    FARM_LINES=20,100 FARM_WORKERS=1,2 FARM_WORKER_LINES=50 FARM_SERVICE_LINES=50,100
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

from mint_blender.jobs.batch_folder import finished_lines, line_files
from mint_blender.jobs.batch_lines import Line, read_lines
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery, LocalFile, Role
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.phases import Phase
from tests.mint_service.runner import subprocess_service
from tests.scene import glb_fixtures

from .measure import Row

DEFAULTS = {
    "FARM_LINES": "100,1000,10000",
    "FARM_WORKERS": "1,2,4",
    "FARM_WORKER_LINES": "1000",
    "FARM_SERVICE_LINES": "100,1000,10000",
}
MOST_GROWTH = 1.3
"""How much more a line may cost in the largest batch than in the next smaller one."""

# Runs a command and prints its time, and the memory of its largest process and largest child.
COMMAND = """
import json, os, resource, sys, time
from mint_blender.application import session
from mint_blender.cli import main
from benchmarks.batch import INTERVALS
session.POLL_INTERVALS = INTERVALS
output = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
os.dup2(1, 2)
begun = time.perf_counter()
status = main(sys.argv[1:])
own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
seconds = time.perf_counter() - begun
times = os.times()
found = {"status": status, "seconds": seconds, "own": own, "child": child}
found["cpu"] = times.user + times.system
found["blender_cpu"] = times.children_user + times.children_system
os.write(output, json.dumps(found).encode())
os._exit(0)
"""


@dataclass(frozen=True)
class Cost:
    """What a command took.

    Seconds, MB of the command itself and of its largest Blender, and seconds of processor time of
    the command and of all its Blenders.
    """

    seconds: float
    own: float
    child: float
    cpu: float
    blender_cpu: float

    def text(self, count: int, *, has_blenders: bool) -> str:
        """Return time and memory as a text."""
        blenders = f" + {self.blender_cpu / count * 1000:.0f} ms in Blender" if has_blenders else ""
        memory = f", and {self.child:.0f} MB for each Blender" if has_blenders else ""
        return (
            f"{self.seconds:.0f} s; {self.seconds / count * 1000:.0f} ms for each; processor time"
            f" {self.cpu / count * 1000:.0f} ms{blenders}; {self.own:.0f} MB{memory}"
        )


def measure() -> Iterator[Row]:
    """Yield the rows of writing again and of generating."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _workers(Path(folder))
        yield from _lines(Path(folder))
        yield from _service(Path(folder))


def _numbers(name: str) -> list[int]:
    return [int(text) for text in os.environ.get(name, DEFAULTS[name]).split(",")]


def _workers(folder: Path) -> Iterator[Row]:
    (count,) = _numbers("FARM_WORKER_LINES")
    arguments = _finished_batch(folder / "workers", count)
    costs = {
        workers: _run(folder, *arguments, "--workers", str(workers))
        for workers in _numbers("FARM_WORKERS")
    }
    first = next(iter(costs.values()))
    for workers, cost in costs.items():
        yield Row(
            f"Farm: {count:,} lines written again on {os.cpu_count()} cores, --workers {workers}",
            "",
            f"{cost.text(count, has_blenders=True)}; {first.seconds / cost.seconds:.2f} × as fast"
            f" as with --workers {next(iter(costs))}",
            None,
        )


def _lines(folder: Path) -> Iterator[Row]:
    costs = {
        count: _run(folder, *_finished_batch(folder / f"{count} lines", count), "--workers", "2")
        for count in _numbers("FARM_LINES")
    }
    yield from _growth("write again with 2 Blenders", costs, has_blenders=True)


def _service(folder: Path) -> Iterator[Row]:
    costs = {
        count: _generate(folder / f"{count} generated", count)
        for count in _numbers("FARM_SERVICE_LINES")
    }
    what = "generate with an instant service, and copy"
    yield from _growth(what, costs, has_blenders=False)


def _growth(what: str, costs: dict[int, Cost], *, has_blenders: bool) -> Iterator[Row]:
    before: float | None = None
    for count, cost in costs.items():
        each = cost.seconds / count
        growth = "" if before is None else f"; {each / before:.2f} × the time above for each"
        yield Row(
            f"Farm: {count:,} lines: {what}",
            "" if before is None else f"≤ {MOST_GROWTH} × for each line",
            f"{cost.text(count, has_blenders=has_blenders)}{growth}",
            None if before is None else each <= MOST_GROWTH * before,
        )
        before = each


def _finished_batch(folder: Path, count: int) -> tuple[str, ...]:
    """Return the arguments that write the lines of a batch again, after making it.

    It is as a batch is after `--step generate`: the files of each line, and a small model.
    """
    out = folder / "out"
    (out / line_files.FOLDER).mkdir(parents=True)
    file = folder / "lamps.jsonl"
    prompts = ({"prompt": f"lamp {number}", "preset": "fast"} for number in range(count))
    file.write_text("".join(json.dumps(line) + "\n" for line in prompts), encoding="utf-8")
    model = glb_fixtures.simple(folder / "model.glb")
    with mock.patch("os.fsync"):  # the disk is not what is measured here
        for line in read_lines(file):
            job = _job(out, line, model)
            finished_lines.publish(job, out)
            _start(out, line, job)
    return ("batch", str(file), "-o", str(out), "--step", "write", "--again")


def _start(out: Path, line: Line, job: Job) -> None:
    """Write what the machine has written that has started the line."""
    requests = out / line_files.FOLDER / "requests"
    requests.mkdir(exist_ok=True)
    (requests / f"{line.tag}.start.1").write_text("{}", encoding="utf-8")
    line_files.write_job(job)


def _job(out: Path, line: Line, model: Path) -> Job:
    delivery = Delivery(
        output=f"{out / line.title}{line.suffix}", line=line_files.line_id(out, line.tag)
    )
    file = LocalFile(Role.MODEL, str(model), "https://files.example/model.glb")
    job = new_job(line.request, delivery, now=time.time())
    return replace(job, phase=Phase.READY, files=(file,))


def _generate(folder: Path, count: int) -> Cost:
    folder.mkdir()
    file = folder / "lamps.jsonl"
    lines = ({"prompt": f"lamp {number}", "format": "glb"} for number in range(count))
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with subprocess_service(speed=20_000, credits=1e9, assets="tiny") as service:
        key, address = service.key, service.api
        arguments = ("batch", str(file), "-o", str(folder / "out"), "--jobs", "10")
        return _run(folder, *arguments, MINT_API_KEY=key, MINT_API_BASE_URL=address)


def _run(folder: Path, *arguments: str, **more: str) -> Cost:
    """Return what a command took, with a journal of its own."""
    home = tempfile.mkdtemp(dir=folder)
    ended = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        env={**os.environ, "MINT_BLENDER_HOME": home, **more},
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(ended.stdout)
    assert found.pop("status") == 0
    return Cost(**found)
