# SPDX-License-Identifier: GPL-3.0-or-later
"""A second process that uses the same home folder and carries out commands.

It uses real locks and a real SQLite database, and can be killed.

    with OtherProcess(home) as other:
        other.ask("claim", job_id)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from mint_blender.files.file_lock import try_shared_lock
from mint_blender.jobs import database
from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.queries import Price
from mint_blender.jobs.service import JobService, TooExpensive
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Account
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Estimate, Kind

from .fast_config import fast_config
from .workflow_harness import a_job

ROOT = Path(__file__).parents[2]
ON_A_NETWORK = "TEST_HOME_ON_A_NETWORK"
"""In the environment of the other process: take its home for a folder on a network."""


class OtherProcess:
    """The other process, from this side. Every `ask` is carried out before it returns."""

    def __init__(self, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.other_process", str(home)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> OtherProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def ask(self, verb: str, *values: Any) -> Any:
        """Have something done there and return its answer."""
        self.tell(verb, *values)
        return self.receive()

    def tell(self, verb: str, *values: Any) -> None:
        """Start something there without waiting."""
        self._process.stdin.write(json.dumps([verb, *values]) + "\n")
        self._process.stdin.flush()

    def receive(self) -> Any:
        """Return the next answer."""
        line = self._process.stdout.readline()
        assert line, "the other process ended"
        return json.loads(line)

    def kill(self) -> None:
        """Kill it: it cleans nothing up."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


class _Commands:
    """The commands that the other process understands."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.journal = Journal(home)
        self.own = ProcessLock(home)
        self._held: list[Any] = []

    def process(self) -> str:
        return self.own.name

    def look_at(self, name: str) -> bool:
        self._held.append((self.home / "processes" / name).open("r+b"))
        return try_shared_lock(self._held[-1])

    def claim(self, job_id: str) -> bool:
        return self.journal.claim(job_id, self.own) is not None

    def take_slot(self, job_id: str, most: int) -> bool:
        return self.journal.take_slot(job_id, Kind.MODEL, most, self.own)

    def open_job_service(self, api: str, key: str) -> None:
        self.job_service = JobService(fast_config(self.home), Account(key, api))

    def start(self, prompt: str) -> str:
        return self.job_service.start(GenerationRequest(Kind.MODEL, prompt)).id

    def start_within(self, day: float, price: float, at: float) -> bool:
        """Start a job at this moment, in seconds since the epoch.

        The price is known, and there is a limit for the day.
        """
        self.job_service.budget.limits = Limits(day=day)
        request = GenerationRequest(Kind.MODEL, "a lamp")
        self.job_service.queries.cache_answer(Price.of(request), Estimate(None, price, price))
        while time.time() < at:
            pass
        try:
            self.job_service.start(request)
        except TooExpensive:
            return False
        return True

    def open_offline(self) -> None:
        self.job_service = JobService(
            fast_config(self.home), Account("key", "http://127.0.0.1:9/v1")
        )
        self.job_service.allow_online(False)

    def add(self, count: int) -> list[str]:
        jobs = [a_job() for _ in range(count)]
        for job in jobs:
            self.journal.add(job)
        return [job.id for job in jobs]


def _main() -> None:
    if os.environ.get(ON_A_NETWORK):
        database.is_local = lambda folder: False
    there = _Commands(Path(sys.argv[1]))
    for line in sys.stdin:
        verb, *values = json.loads(line)
        print(json.dumps(getattr(there, verb)(*values)), flush=True)


if __name__ == "__main__":
    _main()
