# SPDX-License-Identifier: GPL-3.0-or-later
"""Results that Dask workers write, with scheduler and workers in this process, over TCP.

The results are copies, which need no Blender; `test_dask_batch` has processes and imports.
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from distributed import Client, KilledWorker

from mint_blender.cli.batch.dask_executor import executor, worker_side
from mint_blender.cli.batch.dask_executor.executor import DaskExecutor
from mint_blender.cli.parser import scheduler_address
from mint_blender.delivery.background import write_result
from mint_blender.files.download import Downloader
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery, DeliveryResult, LocalFile, Placement, Role
from mint_blender.jobs.phases import Phase
from mint_blender.message import Message
from mint_blender.mint.account import Owner
from mint_blender.mint.motion_request import MotionRequest
from mint_blender.mint.schema import Kind

from ..jobs.paid_requests.records import a_record, sent
from ..jobs.workflow_harness import a_job
from ..mint.generation_helpers import client_of
from ..mint_service.runner import ThreadService
from ..scene import glb_fixtures
from .batch_helpers import Batch

LINK = "https://127.0.0.1/a.glb"  # never allowed


@dataclass(frozen=True)
class Farm:
    """A cluster, a finished job with Mint's file on disk, and the folder of the results."""

    client: Client
    folder: Path

    @property
    def out(self) -> Path:
        """Return the folder of the results."""
        return self.folder / "out"

    @property
    def file(self) -> Path:
        """Return Mint's file."""
        return self.folder / "model.glb"

    @property
    def job(self) -> Job:
        kept = LocalFile(Role.MODEL, str(self.file), LINK)
        return replace(a_job(), phase=Phase.READY, files=(kept,))

    @contextmanager
    def opened(self, *, shared: bool = False, **more: Any) -> Iterator[Writing]:
        """Yield an executor whose workers write into a shared folder, or return the files."""
        staging = self.folder / "in-progress"
        staging.mkdir(exist_ok=True)
        (staging / worker_side.TOKEN).touch()
        with DaskExecutor(self.client, "run", staging if shared else None, **more) as dask:
            yield Writing(dask, self)
        assert [path.name for path in staging.iterdir()] == [worker_side.TOKEN]


@dataclass(frozen=True)
class Writing:
    """An executor of a farm."""

    dask: DaskExecutor
    farm: Farm

    def begin(self, name: str, job: Job | None = None) -> Future[DeliveryResult]:
        """Let the cluster write a result."""
        output = Delivery(output=str(self.farm.out / name))
        return self.dask.submit(write_result, replace(job or self.farm.job, delivery=output))

    def write(self, name: str, job: Job | None = None) -> DeliveryResult:
        """Let the cluster write a result, and return what came of it."""
        return self.begin(name, job).result(240)


@pytest.fixture
def farm(client: Client, tmp_path: Path) -> Farm:
    (tmp_path / "out").mkdir()
    glb_fixtures.simple(tmp_path / "model.glb")
    return Farm(client, tmp_path)


@pytest.mark.parametrize("shared", [True, False])
def test_results_are_written(farm: Farm, shared: bool) -> None:
    """Each result is complete in its place, and nothing else is in the folder."""
    (farm.folder / "damaged.glb").write_bytes(b"no model")
    damaged = LocalFile(Role.MODEL, str(farm.folder / "damaged.glb"), LINK)
    (farm.out / "bad.glb").write_text("from an earlier run")
    names = [f"{number}.glb" for number in range(6)]
    with farm.opened(shared=shared) as farming:
        written = [farming.begin(name) for name in names]
        problem = farming.write("bad.glb", replace(farm.job, files=(damaged,))).problem
        assert [future.result() for future in written] == [DeliveryResult()] * len(names)
        for left in farm.folder.glob("in-progress/*/"):
            left.rmdir()
    assert problem and "damaged.glb" in problem and "/tmp/mint-" not in problem
    assert (farm.out / "bad.glb").read_text() == "from an earlier run"
    assert all((farm.out / name).read_bytes() == farm.file.read_bytes() for name in names)
    assert sorted(path.name for path in farm.out.iterdir()) == [*names, "bad.glb"]


def test_a_file_that_cannot_move_is_a_sentence(farm: Farm) -> None:
    """A folder in the place of the result is named in the problem."""
    (farm.out / "lamp.glb").mkdir()
    with farm.opened() as farming:
        result = farming.write("lamp.glb")
        with pytest.raises(TypeError, match="write_result only"):
            farming.dask.submit(print, "hello")
    assert result.problem and "Is a directory" in result.problem
    assert [*farm.out.iterdir()] == [farm.out / "lamp.glb"]


def test_a_worker_that_fails_is_a_sentence(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception on the worker, a bug of ours, does not end the run.

    Dask's client would wait without end for one with a traceback that is too deep to be pickled.
    """

    def broken(*arguments: object) -> None:
        broken(*arguments)

    monkeypatch.setattr(worker_side, "with_files_here", broken)
    with farm.opened() as farming:
        problem = farming.write("a.glb").problem
    assert problem and "A Dask worker failed unexpectedly (RecursionError" in problem


@pytest.mark.parametrize("gives_up", [True, False])
def test_a_result_kills_two_workers_at_most(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, gives_up: bool
) -> None:
    """Dask itself may give up after the first death, or give the task to the next worker."""
    begun: list[worker_side.Task] = []
    worker: Any = SimpleNamespace(address="tcp://10.0.0.5:1")

    def die(task: worker_side.Task, sent: dict[str, bytes]) -> worker_side.TaskResult:
        begun.append(task)
        if gives_up:
            raise KilledWorker(task.attempts, worker, 0)
        return worker_side.carry_out(task, sent)

    monkeypatch.setattr(worker_side, "_write", die)
    with farm.opened() as farming:
        problem = farming.write("a.glb").problem
    assert problem and "A Dask worker died while it wrote this, twice." in problem
    assert len(begun) == 2


def test_a_worker_is_not_believed(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that claims to have written a file; one that sees another disk makes no folder there."""
    with DaskExecutor(farm.client, "run", farm.out / "elsewhere") as dask:
        result = Writing(dask, farm).write("a.glb")
    assert f"does not see {farm.out / 'elsewhere'}" in str(result.problem)
    assert not [*farm.out.iterdir()]
    monkeypatch.setattr(worker_side, "_write", lambda *_: worker_side.TaskResult())
    with farm.opened(shared=True) as farming:
        result = farming.write("a.glb")
    assert "a.glb, but it is not there" in str(result.problem)


@pytest.mark.covers("S-key-farm")
def test_a_job_is_sent_without_what_pays() -> None:
    """No idempotency key, decision or account goes to the cluster; the import needs none."""
    job = replace(
        a_job(),
        requests=(sent(key="start-key"), a_record(key="click-key")),
        image_urls=("https://files.example/signed",),
        owner=Owner("https://api.mint.gg", "key:salted"),
    )
    shipped = pickle.dumps(executor.job_for_worker(job))
    assert job.id.encode() in shipped
    for secret in (b"start-key", b"click-key", b"salted", b"https://files.example/signed"):
        assert secret in pickle.dumps(job) and secret not in shipped


@pytest.fixture
def asset_job(farm: Farm, service: ThreadService) -> Job:
    """Return a finished job with Mint's current link and Mint's file."""
    client = client_of(service)
    operation = client.pay("start", Kind.MODEL, "", {"prompt": "a lamp"}, key="k")
    while operation.is_busy:
        service.advance(60.0)
        operation = client.operation(operation.id)
    asset = client.asset(Kind.MODEL, operation.resource.id)
    client.close()
    assert asset.assets is not None and asset.assets.glb_url is not None
    farm.file.unlink()
    with Downloader(local_files=True) as downloader:
        downloader.fetch(asset.assets.glb_url, farm.file)
    kept = LocalFile(Role.MODEL, str(farm.file), asset.assets.glb_url)
    return replace(farm.job, files=(kept,))


def downloads(service: ThreadService) -> list[int]:
    """Return the statuses of all requests for model files after the client's own."""
    return [entry.status for entry in service.requests("GET", "*.glb", "files")][1:]


def hide_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the workers not see the client's files, as on another machine."""
    monkeypatch.setattr(worker_side, "_on_disk", lambda *_: None)


CASES: dict[str, tuple[str, bool, list[int]]] = {
    "its file is there": ("there", True, []),
    "another file is there": ("cut off", True, [200]),
    "it fetches the signed link": ("hidden", True, [200]),
    "the link is expired": ("expired", True, [403]),
    "the address is not allowed": ("expired", False, []),
}
"""Whether the file is there, the link is expired and local files are allowed; the downloads."""


@pytest.mark.parametrize(("state", "local_files", "statuses"), CASES.values(), ids=CASES)
def test_where_a_worker_gets_its_file(
    farm: Farm,
    asset_job: Job,
    service: ThreadService,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    local_files: bool,
    statuses: list[int],
) -> None:
    """From its disk, else from the link, else from here; the host of the files sees no key."""
    right, task = farm.file.read_bytes(), DaskExecutor._task

    def cut_off(*arguments: Any) -> worker_side.Task:
        measured = task(*arguments)
        farm.file.write_bytes(right[:100])
        return measured

    if state == "cut off":
        monkeypatch.setattr(DaskExecutor, "_task", cut_off)
    elif state != "there":
        hide_files(monkeypatch)
    if state == "expired":
        service.advance(2 * 3600)
    with farm.opened(local_files=local_files) as farming:
        assert farming.write("a.glb", asset_job).problem is None
    assert downloads(service) == statuses and service.leaks() == []
    assert (farm.out / "a.glb").read_bytes() == right


def test_the_files_of_several_motions_are_kept_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker gets all files of each: those of two motions may have one name."""
    hide_files(monkeypatch)
    motions = []
    for word in ("walk", "run"):
        paths = {role: tmp_path / word / f"{role}.glb" for role in (Role.CHARACTER, Role.CLIP)}
        files = tuple(LocalFile(role, str(path), LINK) for role, path in paths.items())
        motions.append(replace(a_job(), id=word, motion=MotionRequest(word), files=files))
    contents = {file.path: file.path.encode() for file in worker_side.imported_files(*motions)}
    sizes = {path: len(path) for path in contents}
    task = worker_side.Task("run", "-", tuple(motions), sizes, False, None)
    for name in ("worker", "again"):
        (tmp_path / name).mkdir()
    with pytest.raises(worker_side.FilesNeeded) as needed:
        worker_side.with_files_here(task, {}, tmp_path / "worker")
    assert list(needed.value.paths) == list(contents)
    here = worker_side.with_files_here(task, contents, tmp_path / "again")
    copies = [Path(file.path).read_bytes() for job in here for file in job.files]
    assert copies == list(contents.values())


def test_a_file_that_nobody_has_is_a_sentence(farm: Farm) -> None:
    """The client names the file that is missing."""
    farm.file.unlink()
    with farm.opened() as farming:
        problem = str(farming.write("a.glb").problem)
    assert "No such file" in problem and "model.glb" in problem


def test_notes_and_placement_come_back(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    """A note keeps its template and its values; the file's path is the one where it is now."""
    note = Message("{count} objects", count=3).with_code("objects")

    def noted(job: Job, others: Any) -> DeliveryResult:
        output = str(job.delivery.output)
        Path(output).write_bytes(b"glTF")
        return DeliveryResult((note,), placement=Placement("Scene", ("lamp",), output))

    monkeypatch.setattr(worker_side, "write_result", noted)
    with farm.opened() as farming:
        result = farming.write("a.glb")
    assert result.notes == (note,)
    assert (result.notes[0].params, result.notes[0].code) == ({"count": 3}, "objects")
    assert result.placement == Placement("Scene", ("lamp",), str(farm.out / "a.glb"))


ADDRESSES = {
    "dask://10.0.0.5:8786": "tcp://10.0.0.5:8786",
    "dask://farm.studio.example:8786": "tcp://farm.studio.example:8786",
    "dask://localhost:1/": "tcp://localhost:1",
    "dask://[::1]:8786": "tcp://[::1]:8786",
    "dask://[2001:DB8::5]:8786": "tcp://[2001:db8::5]:8786",
    "DASK://farm:8786": "tcp://farm:8786",
}
NO_ADDRESS = """10.0.0.5:8786 tcp://10.0.0.5:8786 dask:// dask://:8786 dask://farm:8786x
dask://farm:87865 dask://farm:-1 dask://::1:8786 dask://[::1:8786
dask://someone:secret@farm:8786 dask://farm:8786/jobs dask://farm:8786?a=b"""


def test_addresses_of_schedulers() -> None:
    """Host names, IPv4 and IPv6 addresses are returned as Dask writes them; others are refused."""
    for text, address in ADDRESSES.items():
        assert scheduler_address(text) == address
    for text in ("", *NO_ADDRESS.split()):
        with pytest.raises(argparse.ArgumentTypeError, match="dask://HOST:PORT"):
            scheduler_address(text)
    for text in ("dask://farm", "dask://farm:", "dask://farm:0"):
        with pytest.raises(argparse.ArgumentTypeError, match="lacks the port"):
            scheduler_address(text)


WRONG = (
    (("--executor", "dask://farm"), '"dask://farm" lacks the port of the scheduler'),
    (("--executor", "ray://farm:1"), '"ray://farm:1": an executor is written dask://HOST:PORT'),
    (("--ship-results",), "--ship-results needs --executor"),
    (("--min-workers", "2"), "--min-workers needs --executor"),
    (("--executor", "dask://farm:1", "--step", "sheet"), "it takes no --executor"),
    (("--executor", "dask://farm:1", "--openjd", "job"), "it takes no --executor"),
    (("--executor", "dask://farm:1", "--workers", "2"), "use it without --executor"),
)


def test_wrong_options_end_with_status_2(batch: Batch) -> None:
    """Nothing is started then."""
    batch.lines({"prompt": "a lamp"})
    for options, words in WRONG:
        ran = batch(*options)
        assert (ran.status, words in ran.error_text) == (2, True), ran.err
    assert not batch.service.operations() and not batch.out.exists()
