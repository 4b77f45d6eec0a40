# SPDX-License-Identifier: GPL-3.0-or-later
"""How the cost of a batch grows with its lines, while it runs and when it is run again.

Processor time of the command, with the stand-in for Mint in another process.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from mint_blender.application import session
from mint_blender.application.batch import line_jobs
from mint_blender.cli import main
from mint_blender.jobs.batch_folder import line_files
from mint_blender.jobs.batch_lines import Line, read_lines
from mint_blender.jobs.engine.config import EngineConfig
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Account
from mint_blender.mint.retry import PollIntervals
from tests.mint_service.runner import subprocess_service

from .measure import Row, milliseconds

RUN_SIZES = (50, 250)
FOUND_SIZES = (1000, 3000)
MOST_GROWTH = 1.3
"""How much more a line may cost in the largest batch than in one with a fifth of its lines."""
INTERVALS = PollIntervals(first=0.05, factor=1.0, longest=0.05, min_retry_after=0.05)


def measure() -> Iterator[Row]:
    """Yield the table's rows."""
    session.POLL_INTERVALS = INTERVALS
    with tempfile.TemporaryDirectory() as folder:
        first_runs, reruns = {}, {}
        for count in RUN_SIZES:
            first_runs[count], reruns[count] = _run_twice(Path(folder, f"run {count}"), count)
        found = {count: _find(Path(folder, f"found {count}"), count) for count in FOUND_SIZES}
    lines = {
        "a run": first_runs,
        "a second run of finished lines": reruns,
        "finding the jobs of finished lines": found,
    }
    for name, costs in lines.items():
        yield _row(name, costs)


def _row(name: str, costs: dict[int, float]) -> Row:
    few, many = sorted(costs)
    per_line, before = costs[many] / many, costs[few] / few
    return Row(
        f"Batch: {name}, for each of {many:,} lines",
        f"≤ {MOST_GROWTH} × that with {few:,} lines",
        f"{milliseconds(per_line)}; {per_line / before:.2f} × that with {few:,} lines",
        per_line <= MOST_GROWTH * before,
    )


def _written(folder: Path, count: int) -> Path:
    folder.mkdir()
    file = folder / "lamps.jsonl"
    lines = ({"prompt": f"lamp {number}", "format": "glb"} for number in range(count))
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


def _run_twice(folder: Path, count: int) -> tuple[float, float]:
    """Return the processor time of a batch, and of the same command afterwards."""
    file = _written(folder, count)
    with subprocess_service(speed=20_000, credits=1e9) as service:
        os.environ |= {
            "MINT_API_KEY": service.key,
            "MINT_API_BASE_URL": service.api,
            "MINT_BLENDER_HOME": str(folder / "home"),
        }
        return _run(file), _run(file)


def _run(file: Path) -> float:
    begun = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = main(["batch", str(file), "-o", str(file.with_name("out")), "--jobs", "10"])
    assert status == 0
    return time.process_time() - begun


def _find(folder: Path, count: int) -> float:
    """Return the processor time to find the jobs of lines that are finished, among others."""
    lines, out = read_lines(_written(folder, count)), folder / "out"
    (out / line_files.FOLDER).mkdir(parents=True)
    account = Account("key", "http://127.0.0.1:9/v1")
    with closing(Journal(folder / "home")) as journal:
        journal.set_account(account)
        with journal.single_commit():
            journal.add(*(_placed(out, line) for line in lines))
    job_service = JobService(EngineConfig(folder / "home"), account)
    job_service.allow_online(False)
    begun = time.process_time()
    jobs, _ = line_jobs.load_jobs(job_service, out, lines)
    took = time.process_time() - begun
    assert len(jobs) == count
    job_service.close()
    return took


def _placed(out: Path, line: Line) -> Job:
    delivery = Delivery(line=line_files.line_id(out, line.tag))
    return replace(new_job(line.request, delivery, now=time.time()), phase=Phase.PLACED)
