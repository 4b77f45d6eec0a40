# SPDX-License-Identifier: GPL-3.0-or-later
"""One job from prompt to file on disk, with a fault in the middle that ends when the user has read of it."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import numpy as np

from mint_blender.files.download import Downloader, DownloadLimits
from mint_blender.jobs.engine.config import EngineConfig
from mint_blender.jobs.engine.thread_messages import Event, RetryScheduled
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Role
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.queries import Balance, KeyOwner
from mint_blender.jobs.service import JobService
from mint_blender.jobs.workflow import collect
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.mint.account import Account, Origin
from mint_blender.mint.client import Client
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind
from mint_blender.mint.transport import Timeouts
from tests.files.build_glb import png_of
from tests.jobs.fast_config import PACE, RETRIES
from tests.mint_service.records import Operation
from tests.mint_service.runner import ThreadService

from .fault import ASK_AGAIN, BY_ITSELF, RESUME, NetworkFault
from .hosts import Call
from .surroundings import Surroundings, surroundings

LARGEST_MODEL = 2**20
"""Bytes that a model may have here, since a bomb is written to the disk up to the limit."""

MOST_RETRIES = 20
"""Retries that a job may need at most once its user has read of the fault."""


@dataclass
class Record:
    """What came of one fault: what the user has read, and how the job has ended."""

    reads: list[str] = field(default_factory=list)
    then: str = BY_ITSELF
    hits: int = 0
    phase: Phase = Phase.WAITING
    operations: int = 0
    is_file_right: bool = False
    leaks: list[str] = field(default_factory=list)


@dataclass
class Clock:
    """The clock of this computer, which may be wrong by some seconds."""

    ahead: float

    def seconds(self) -> float:
        """Return the time in seconds since the epoch."""
        return time.time() + self.ahead

    def date(self) -> datetime:
        """Return the time as a date."""
        return datetime.now(UTC) + timedelta(seconds=self.ahead)


TIMEOUT = 2.0
"""Seconds that each step of a call has: a busy machine is not a fault."""
SCALE = 120.0
"""By how much waits are shorter than in earnest."""


def engine_config(home: Path, clock: Clock) -> EngineConfig:
    """Return a configuration with short waits, and with timeouts that are above them."""
    timeouts = Timeouts(TIMEOUT, TIMEOUT, TIMEOUT, TIMEOUT)
    limits = DownloadLimits(
        models=LARGEST_MODEL,
        total=10 * TIMEOUT,
        stall=TIMEOUT,
        speed_window=TIMEOUT,
        connect=TIMEOUT,
        retries=RETRIES,
    )

    def connect(account: Account) -> Client:
        origin = Origin.parse(account.base_url)
        return Client(origin, account.key, timeouts=timeouts, now=clock.date)

    def downloader(local_files: bool) -> Downloader:
        return Downloader(
            limits, local_files=local_files, sleep=lambda seconds: time.sleep(seconds / SCALE)
        )

    workflow = WorkflowConfig(PACE, now=clock.seconds)
    return EngineConfig(home, workflow, RETRIES, connect=connect, downloader=downloader)


def run(fault: NetworkFault, service: ThreadService, folder: Path) -> Record:
    """Run one job with this fault, and return what came of it."""
    clock = Clock(fault.clock)
    before = {each.id for each in service.operations()}
    with (
        mock.patch.object(collect, "SETTLING_WAIT", collect.SETTLING_WAIT / SCALE),
        surroundings(fault, service, SCALE) as network,
    ):
        account = Account(service.key, network.api)
        config = engine_config(folder / "home", clock)
        with _job_service(config, account) as job_service:
            # whose key it is, as known from an earlier session
            job_service.ask_and_wait(KeyOwner())
        network.begin()
        with _job_service(config, account) as job_service:
            journey = Journey(fault, network, job_service, clock)
            record = journey.run(folder)
            made = [each for each in service.operations() if each.id not in before]
            record.operations = len(made)
            record.is_file_right = _is_file_right(journey.job, made, service)
        record.leaks = _leaks(service, network, folder / "home")
    record.hits = network.armed.hits
    return record


class Journey:
    """One job on its way, and what its user reads."""

    def __init__(
        self,
        fault: NetworkFault,
        network: Surroundings,
        job_service: JobService,
        clock: Clock,
    ) -> None:
        self._fault = fault
        self._network = network
        self._service = job_service
        self._clock = clock
        self._record = Record()
        self._retries = 0
        self.job: Job

    def run(self, folder: Path) -> Record:
        """Run the job, and return what its user has read, and what became of it."""
        if self._fault.call is Call.USAGE:
            self._ask_for_usage()
        self.job = self._service.start(_request(self._fault, folder))
        self._watch()
        if self.job.phase is not Phase.READY and self.job.problem is not None:
            self._read(self.job.problem.message)
            self._record.then = RESUME
            self._service.resume(self.job.id)
            self._watch()
        self._record.phase = self.job.phase
        return self._record

    def _ask_for_usage(self) -> None:
        self._service.ask_and_wait(Balance())
        error = self._service.queries.answers[Balance()].error
        if error:
            self._read(error)
            self._record.then = ASK_AGAIN
            self._service.ask_and_wait(Balance())
            assert self._service.queries.answers[Balance()].error is None

    def _watch(self) -> None:
        self._service.watch([self.job.id], self._on_event)
        self.job = self._service.job(self.job.id)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, RetryScheduled):
            self._retries += 1
            assert self._retries < MOST_RETRIES, f"the job does not go on: {event.message}"
            self._read(event.message)

    def _read(self, sentence: str) -> None:
        """Note a sentence that the user reads; the fault is over then."""
        if not self._record.reads:
            self._clock.ahead += self._fault.clock_jump
        if plain(sentence) not in self._record.reads:
            self._record.reads.append(plain(sentence))
        self._network.end()


def plain(text: str) -> str:
    """Return a sentence without what differs between runs."""
    text = re.sub(r"req_\w+", "…", text)
    text = re.sub(r"(localhost|127\.0\.0\.\d):\d+", r"\1:…", text)
    text = re.sub(r"about (\w+) instead of \w+", r"about \1 instead of …", text)
    text = re.sub(r"kept at \S+/(?=model\.refused)", "kept at …/", text)
    return re.sub(r"a-lamp-[0-9a-f]{16}", "a-lamp-…", text)


@contextmanager
def _job_service(config: EngineConfig, account: Account) -> Iterator[JobService]:
    job_service = JobService(config, account)
    try:
        yield job_service
    finally:
        assert job_service.close(20)


def _request(fault: NetworkFault, folder: Path) -> GenerationRequest:
    # a prompt of its own: a start that is searched for at Mint could find the model of another fault
    prompt = f"a lamp, {fault.id}"
    if fault.call is not Call.UPLOAD:
        return GenerationRequest(Kind.MODEL, prompt, name="a lamp")
    picture = folder / "picture.png"  # another one each time, or it would not be uploaded
    pixels = np.frombuffer(secrets.token_bytes(64 * 64 * 3), np.uint8).reshape(64, 64, 3)
    picture.write_bytes(png_of(pixels))
    return GenerationRequest(Kind.MODEL, prompt, name="a lamp", images=(str(picture),))


def _is_file_right(job: Job, made: list[Operation], service: ThreadService) -> bool:
    """Return whether the model on the disk is one that the service has made for this job."""
    found = job.file(Role.MODEL)
    ids = {each.id for each in made}
    contents = {each.content for each in service.mint.files.values() if each.operation in ids}
    return found is not None and Path(found.path).read_bytes() in contents


def _leaks(service: ThreadService, network: Surroundings, home: Path) -> list[str]:
    """Return where the key is outside Mint: at other hosts, or in a file of ours."""
    key = service.key
    found = ["another host"] if key in network.hosts.told_to_files or service.leaks() else []
    files = (path for path in home.rglob("*") if path.is_file())
    return found + [path.name for path in files if key.encode() in path.read_bytes()]


def violations(fault: NetworkFault, record: Record) -> list[str]:
    """Return what is wrong after a fault, one line each."""
    first = record.reads[0] if record.reads else ""
    found = {
        f"the job ended in {record.phase}": record.phase is not Phase.READY,
        f"Mint made {record.operations} operations": record.operations != 1,
        "the file on the disk is not the one that Mint made": not record.is_file_right,
        f"the key is in {', '.join(record.leaks)}": bool(record.leaks),
        f"the user read {first!r}": first != fault.reads,
        f"the job {record.then}, not {fault.then}": record.then != fault.then,
        "no request was hit": not record.hits and bool(fault.exchange or fault.lookup),
    }
    return [f"{fault.id}: {words}" for words, is_so in found.items() if is_so]
