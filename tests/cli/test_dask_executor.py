# SPDX-License-Identifier: GPL-3.0-or-later
"""Results that Dask workers write, with scheduler and workers in this process, over TCP.

The results are copies, which need no Blender; `test_dask_batch` has processes and imports.
"""

from __future__ import annotations

import argparse
import pickle
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from distributed import Client

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
from ..mint.generation_helpers import client_of, made
from ..mint_service.runner import ThreadService
from ..scene import glb_fixtures
from .batch_helpers import lines_of
from .command_runner import RunMint


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return the folder of the results."""
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@contextmanager
def shared(client: Client, out: Path, **more: Any) -> Iterator[DaskExecutor]:
    """Yield an executor whose workers write into a shared folder."""
    staging = out / "in-progress"
    staging.mkdir()
    (staging / worker_side.TOKEN).touch()
    with DaskExecutor(client, "run", staging, **more) as opened:
        yield opened
        assert [path.name for path in staging.iterdir()] == [worker_side.TOKEN]


@contextmanager
def shipping(client: Client, out: Path, **more: Any) -> Iterator[DaskExecutor]:
    """Yield an executor whose workers return the files."""
    with DaskExecutor(client, "run", None, **more) as opened:
        yield opened


BOTH = pytest.mark.parametrize("opened", [shared, shipping])


LINK = "https://127.0.0.1/a.glb"  # never allowed


def a_result(folder: Path, name: str = "model.glb") -> Job:
    """Return a finished job with Mint's file on disk."""
    path = glb_fixtures.simple(folder / name)
    return replace(a_job(), phase=Phase.READY, files=(LocalFile(Role.MODEL, str(path), LINK),))


def begin(dask: DaskExecutor, job: Job, output: Path) -> Future[DeliveryResult]:
    """Let the cluster write a result."""
    return dask.submit(write_result, replace(job, delivery=Delivery(output=str(output))))


def written_by(dask: DaskExecutor, job: Job, output: Path) -> DeliveryResult:
    """Let the cluster write a result, and return what came of it."""
    return begin(dask, job, output).result(60)


@BOTH
def test_results_are_written(client: Client, tmp_path: Path, out: Path, opened: Any) -> None:
    """Each result is complete in its place, and nothing else is in the folder."""
    job = a_result(tmp_path)
    with opened(client, out) as dask:
        places = [out / f"{number}.glb" for number in range(6)]
        written = [begin(dask, job, place) for place in places]
        assert [each.result() for each in written] == [DeliveryResult()] * len(places)
    content = Path(job.files[0].path).read_bytes()
    assert all(place.read_bytes() == content for place in places)
    assert sorted(out.glob("*.*")) == places


@BOTH
def test_a_problem_is_the_result_of_its_line_only(
    client: Client, tmp_path: Path, out: Path, opened: Any
) -> None:
    """A damaged file is a sentence; an earlier result stays, and the next line is written."""
    good, bad = a_result(tmp_path), a_result(tmp_path, "damaged.glb")
    Path(bad.files[0].path).write_bytes(b"no model")
    (out / "bad.glb").write_text("from an earlier run")
    with opened(client, out) as dask:
        problem = written_by(dask, bad, out / "bad.glb").problem
        assert written_by(dask, good, out / "good.glb").problem is None
        for left in out.glob("in-progress/*/"):
            left.rmdir()
    assert problem and "damaged.glb" in problem and "/tmp/mint-" not in problem
    assert (out / "good.glb").is_file()
    assert (out / "bad.glb").read_text() == "from an earlier run"


def test_a_file_that_cannot_move_is_a_sentence(client: Client, tmp_path: Path, out: Path) -> None:
    """A folder in the place of the result is named in the problem."""
    (out / "lamp.glb").mkdir()
    with shipping(client, out) as dask:
        result = written_by(dask, a_result(tmp_path), out / "lamp.glb")
        with pytest.raises(TypeError, match="write_result only"):
            dask.submit(print, "hello")
    assert "Is a directory" in result.problem and [*out.iterdir()] == [out / "lamp.glb"]


def test_a_worker_that_fails_is_a_sentence(
    client: Client, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception on the worker, a bug of ours, does not end the run.

    Dask's client would wait without end for one with a traceback that is too deep to be pickled.
    """

    def broken(*arguments: object) -> None:
        broken(*arguments)

    monkeypatch.setattr(worker_side, "with_files_here", broken)
    with shipping(client, out) as dask:
        problem = written_by(dask, a_result(tmp_path), out / "a.glb").problem
    assert "A Dask worker failed unexpectedly (RecursionError" in problem


def test_a_worker_is_not_believed(
    client: Client, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that claims to have written a file; one that sees another disk makes no folder there."""
    with DaskExecutor(client, "run", out / "elsewhere") as dask:
        result = written_by(dask, a_result(tmp_path), out / "a.glb")
    assert f"does not see {out / 'elsewhere'}" in result.problem and not [*out.iterdir()]
    monkeypatch.setattr(worker_side, "_write", lambda *_: worker_side.TaskResult())
    with shared(client, out) as dask:
        result = written_by(dask, a_result(tmp_path), out / "a.glb")
    assert "a.glb, but it is not there" in result.problem


def test_few_results_are_in_memory_at_a_time(
    client: Client, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the client's disk is slow, the content of other results stays on the workers."""
    held, most, lock = [0], [0], threading.Lock()

    @contextmanager
    def slow(target: Path) -> Iterator[Path]:
        with lock:
            held[0] += 1
            most[0] = max(most[0], held[0])
        time.sleep(0.1)
        yield target
        with lock:
            held[0] -= 1

    monkeypatch.setattr(executor, "disk", SimpleNamespace(replacing=slow))
    monkeypatch.setattr(executor, "SHIPPED_AT_ONCE", 2)
    job = a_result(tmp_path)
    with shipping(client, out) as dask:
        assert dask.in_flight() == 4  # two workers with one thread
        written = [begin(dask, job, out / f"{n}.glb") for n in range(12)]
        assert all(each.result().problem is None for each in written)
    assert most == [2]


@pytest.mark.covers("S-key-farm")
def test_a_job_is_sent_without_what_pays(tmp_path: Path) -> None:
    """No idempotency key, decision or account goes to the cluster; the import needs none."""
    job = replace(
        a_result(tmp_path),
        requests=(sent(key="start-key"), a_record(key="click-key")),
        image_urls=("https://files.example/signed",),
        owner=Owner("https://api.mint.gg", "key:salted"),
    )
    shipped = pickle.dumps(executor.job_for_worker(job))
    assert job.id.encode() in shipped
    for secret in (b"start-key", b"click-key", b"salted", b"https://files.example/signed"):
        assert secret in pickle.dumps(job) and secret not in shipped


def from_mint(service: ThreadService, folder: Path) -> Job:
    """Return a finished job with Mint's current link, and its file in a folder."""
    client = client_of(service)
    asset = client.asset(Kind.MODEL, made(service, client))
    client.close()
    assert asset.assets is not None and asset.assets.glb_url is not None
    folder.mkdir()
    with Downloader(local_files=True) as downloader:
        path = downloader.fetch(asset.assets.glb_url, folder / "model.glb")
    kept = LocalFile(Role.MODEL, str(path), asset.assets.glb_url)
    return replace(a_job(), phase=Phase.READY, files=(kept,))


def downloads(service: ThreadService) -> list[int]:
    """Return the statuses of all requests for model files after the client's own."""
    return [entry.status for entry in service.requests("GET", "*.glb", "files")][1:]


def hide_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the workers not see the client's files, as on another machine."""
    monkeypatch.setattr(worker_side, "_on_disk", lambda *_: None)


elsewhere = pytest.fixture(hide_files)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_worker_uses_a_file_that_is_there(
    client: Client,
    service: ThreadService,
    tmp_path: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_there: bool,
) -> None:
    """With the right size at its path, nothing is downloaded; else the signed link is enough.

    The file host sees neither key nor cookie.
    """
    if not is_there:
        hide_files(monkeypatch)
    job = from_mint(service, tmp_path / "home")
    with shipping(client, out, local_files=True) as dask:
        assert written_by(dask, job, out / "a.glb").problem is None
    assert downloads(service) == ([] if is_there else [200]) and service.leaks() == []
    assert (out / "a.glb").read_bytes() == Path(job.files[0].path).read_bytes()


def test_another_file_at_the_path_is_not_used(
    client: Client,
    service: ThreadService,
    tmp_path: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file of another size on the worker is not Mint's."""
    job = from_mint(service, tmp_path / "home")
    right = Path(job.files[0].path).read_bytes()
    task = DaskExecutor._task
    monkeypatch.setattr(DaskExecutor, "_task", lambda *args: _cut(task(*args)))
    with shipping(client, out, local_files=True) as dask:
        assert written_by(dask, job, out / "a.glb").problem is None
    assert downloads(service) == [200]
    assert (out / "a.glb").read_bytes() == right


def _cut(task: worker_side.Task) -> worker_side.Task:
    """Truncate the file once the client has measured it."""
    path = Path(task.jobs[0].files[0].path)
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    return task


@pytest.mark.parametrize("local_files", [True, False])
def test_the_client_sends_what_a_worker_cannot_fetch(
    client: Client,
    service: ThreadService,
    tmp_path: Path,
    out: Path,
    elsewhere: None,
    local_files: bool,
) -> None:
    """After an expired link, or where the address is not allowed, the bytes come from here."""
    job = from_mint(service, tmp_path / "home")
    service.advance(2 * 3600)
    with shipping(client, out, local_files=local_files) as dask:
        assert written_by(dask, job, out / "a.glb").problem is None
    assert downloads(service) == ([403] if local_files else [])
    assert (out / "a.glb").read_bytes() == Path(job.files[0].path).read_bytes()


def test_the_files_of_several_motions_are_kept_apart(tmp_path: Path, elsewhere: None) -> None:
    """A worker gets all files of each: those of two motions may have one name."""
    words = ("walk", "run")
    motions = []
    for each in words:
        paths = {role: tmp_path / each / f"{role}.glb" for role in (Role.CHARACTER, Role.CLIP)}
        files = tuple(LocalFile(role, str(path), LINK) for role, path in paths.items())
        motions.append(replace(a_job(), id=each, motion=MotionRequest(each), files=files))
    paths = [file.path for file in worker_side.imported_files(*motions)]
    sent = {path: path.encode() for path in paths}
    sizes = {path: len(path) for path in paths}
    for name in ("worker", "again"):
        (tmp_path / name).mkdir()
    task = worker_side.Task("run", "-", tuple(motions), sizes, False, None)
    with pytest.raises(worker_side.FilesNeeded) as needed:
        worker_side.with_files_here(task, {}, tmp_path / "worker")
    assert list(needed.value.paths) == paths
    here = worker_side.with_files_here(task, sent, tmp_path / "again")
    assert [Path(file.path).read_bytes() for each in here for file in each.files] == [
        path.encode() for path in paths
    ]


def test_a_file_that_nobody_has_is_a_sentence(
    client: Client, tmp_path: Path, out: Path, elsewhere: None
) -> None:
    """The client names the file that is missing."""
    job = a_result(tmp_path)
    Path(job.files[0].path).unlink()
    with shipping(client, out) as dask:
        result = begin(dask, job, out / "a.glb").result()
    assert "No such file" in result.problem and "model.glb" in result.problem


def test_notes_and_placement_come_back(
    client: Client, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note keeps its template and its values; the file's path is the one where it is now."""
    note = Message("{count} objects", count=3).with_code("objects")

    def noted(job: Job, others: Any) -> DeliveryResult:
        output = job.delivery.output
        Path(output).write_bytes(b"glTF")
        placement = Placement("Scene", ("lamp",), output)
        return DeliveryResult((note,), placement=placement)

    monkeypatch.setattr(worker_side, "write_result", noted)
    with shipping(client, out) as dask:
        result = begin(dask, a_result(tmp_path), out / "a.glb").result()
    assert result.notes == (note,) and result.notes[0].params == {"count": 3}
    assert result.notes[0].code == "objects"
    assert result.placement == Placement("Scene", ("lamp",), str(out / "a.glb"))


def test_stopping_leaves_no_task(
    client: Client, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At an exception, as Ctrl+C raises, nothing else begins, and the scheduler forgets all."""
    begun, released = threading.Semaphore(0), threading.Event()

    def held(job: Job, others: Any) -> DeliveryResult:
        begun.release()
        released.wait(20)
        return DeliveryResult()

    monkeypatch.setattr(worker_side, "write_result", held)
    job = a_result(tmp_path)
    with pytest.raises(KeyboardInterrupt), shipping(client, out) as dask:
        written = [begin(dask, job, out / f"{n}.glb") for n in range(10)]
        assert begun.acquire(timeout=20) and begun.acquire(timeout=20)
        raise KeyboardInterrupt
    assert all(each.done() for each in written)
    released.set()
    assert not begun.acquire(timeout=0.5)
    assert not [key for keys in client.processing().values() for key in keys]
    assert not [*out.iterdir()]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("dask://10.0.0.5:8786", "tcp://10.0.0.5:8786"),
        ("dask://farm.studio.example:8786", "tcp://farm.studio.example:8786"),
        ("dask://localhost:1/", "tcp://localhost:1"),
        ("dask://[::1]:8786", "tcp://[::1]:8786"),
        ("dask://[2001:DB8::5]:8786", "tcp://[2001:db8::5]:8786"),
        ("DASK://farm:8786", "tcp://farm:8786"),
    ],
)
def test_an_address_is_read(text: str, address: str) -> None:
    """Host names, IPv4 and IPv6 addresses are returned as Dask writes them."""
    assert scheduler_address(text) == address


NO_ADDRESS = """10.0.0.5:8786 tcp://10.0.0.5:8786 dask:// dask://:8786 dask://farm:8786x
dask://farm:87865 dask://farm:-1 dask://::1:8786 dask://[::1:8786
dask://someone:secret@farm:8786 dask://farm:8786/jobs dask://farm:8786?a=b"""


@pytest.mark.parametrize(
    "text", ["", *NO_ADDRESS.split(), "dask://farm", "dask://farm:", "dask://farm:0"]
)
def test_anything_else_is_refused(text: str) -> None:
    """The message shows the text and how it should look."""
    lacks_port = text in {"dask://farm", "dask://farm:", "dask://farm:0"}
    words = "lacks the port" if lacks_port else "dask://HOST:PORT"
    with pytest.raises(argparse.ArgumentTypeError, match=words):
        scheduler_address(text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--executor", "dask://farm"), '"dask://farm" lacks the port of the scheduler'),
        (("--executor", "ray://farm:1"), '"ray://farm:1": an executor is written dask://HOST:PORT'),
        (("--ship-results",), "--ship-results needs --executor"),
        (("--min-workers", "2"), "--min-workers needs --executor"),
        (("--executor", "dask://farm:1", "--step", "sheet"), "it takes no --executor"),
        (("--executor", "dask://farm:1", "--openjd", "job"), "it takes no --executor"),
        (("--executor", "dask://farm:1", "--workers", "2"), "use it without --executor"),
    ],
)
def test_wrong_options_end_with_status_2(
    mint: RunMint, service: ThreadService, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    """Nothing is started then."""
    file = lines_of(tmp_path / "a.jsonl", {"prompt": "a lamp"})
    ran = mint("batch", str(file), "-o", str(tmp_path / "out"), *options)
    assert ran.status == 2
    assert words in ran.error_text
    assert not service.operations() and not (tmp_path / "out").exists()
