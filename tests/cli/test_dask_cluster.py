# SPDX-License-Identifier: GPL-3.0-or-later
"""A Dask cluster that cannot be used is refused in a sentence, before anything is started."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster
from distributed.comm import tcp
from distributed.comm.utils import to_frames

from mint_blender.cli.batch.dask_executor import cluster, executor, worker_side
from mint_blender.cli.batch.dask_executor.cluster import ClusterError
from mint_blender.delivery import background, blender_runtime
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import DeliveryResult

from .batch_helpers import Batch
from .command_runner import CommandResult
from .conftest import local_cluster


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_TIMEOUT", 1.0)
    monkeypatch.setattr(cluster, "WORKERS_TIMEOUT", 0.2)
    monkeypatch.setattr(executor, "ANSWER_TIMEOUT", 0.2)


@dataclass(frozen=True)
class OnCluster:
    """A batch that needs a cluster."""

    batch: Batch

    def __call__(self, cluster: Client | LocalCluster | str, *options: str) -> CommandResult:
        """Run the batch on a cluster, or at an address."""
        if isinstance(cluster, str):
            address = cluster
        else:
            assert cluster.scheduler is not None
            address = str(cluster.scheduler.address)
        return self.batch("--executor", address.replace("tcp://", "dask://"), *options)

    def refused(
        self, cluster: Client | LocalCluster | str, *options: str, status: int = 7
    ) -> CommandResult:
        """Run a batch and expect that nothing is started."""
        self.batch.lines({"prompt": "a lamp", "format": "blend"})
        ran = self(cluster, *options)
        assert ran.status == status and "Nothing was started." in ran.error_text
        assert not self.batch.service.operations() and not self.batch.mint.jobs()
        assert not [*self.batch.out.glob("[!.]*")]
        return ran


@pytest.fixture
def on_cluster(batch: Batch) -> OnCluster:
    return OnCluster(batch)


ANSWERS: list[Any] = []


def answer_in_turn(*arguments: str) -> Any:
    """Answer as the next worker does. Dask sends functions of a module by their names."""
    answer = ANSWERS.pop(0)
    return answer(*arguments) if callable(answer) else answer


def test_no_scheduler_answers(on_cluster: OnCluster) -> None:
    """The sentence names the address; a server that says nothing does not hold the command up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        silent = on_cluster.refused(address, status=5)
    for ran in (silent, on_cluster.refused(address, status=5)):
        assert f"No Dask scheduler answers at {address}." in ran.error_text


@pytest.fixture
def empty() -> Iterator[LocalCluster]:
    """Run a cluster in this process that has no workers yet."""
    with local_cluster(n_workers=0, threads_per_worker=2) as running:
        yield running


def test_too_few_workers(on_cluster: OnCluster, empty: LocalCluster, client: Client) -> None:
    """All that the command asks for have to be there, after a wait that was announced."""
    told = on_cluster.refused(empty, status=5).error_text
    assert "has 0 of 1 workers. Waiting for the others, at most" in told
    assert "has 0 workers, not 1. Start some: dask worker" in told
    told = on_cluster.refused(client, "--min-workers", "3", status=5).error_text
    assert "has 2 workers, not 3." in told and "change --min-workers" in told
    assert not client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.unrunnable))


def test_workers_that_go_leave_a_status_of_their_own(
    empty: LocalCluster, on_cluster: OnCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that of a file that cannot be imported: the same command writes the result later."""
    monkeypatch.setattr(cluster, "workers", lambda *_: nullcontext())
    monkeypatch.setattr(cluster, "check_workers", lambda _: None)
    monkeypatch.setattr(cluster, "readable_extensions", lambda _: frozenset())
    monkeypatch.setattr(executor, "_CHECK_INTERVAL", 0.1)
    on_cluster.batch.lines({"prompt": "a lamp", "format": "blend"})
    for step in ((), ("--step", "write")):
        ran = on_cluster(empty, "--ship-results", *step)
        assert ran.status == 5
        assert "has no workers any more. Start some, then run the same command" in ran.error_text


def test_what_this_computer_lacks(on_cluster: OnCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers cannot import an extension by its name in Blender; `distributed` is an extra."""
    with monkeypatch.context() as patched:
        patched.setattr(blender_runtime, "PACKAGE", "bl_ext.user_default.mint_blender")
        told = on_cluster.refused("dask://127.0.0.1:1").error_text
    assert "Dask needs the pip package" in told
    monkeypatch.setitem(sys.modules, "distributed", None)
    told = on_cluster.refused("dask://127.0.0.1:1").error_text
    assert 'from a copy of the repository: pip install ".[bpy,dask]"' in told


def test_another_python_is_named(
    client: Client, on_cluster: OnCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code of one Python cannot be loaded by another, so this is checked first."""
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    monkeypatch.setattr(cluster, "_PYTHON", "3.99")
    told = on_cluster.refused(client).error_text
    assert f"has Python {here}, not 3.99." in told
    assert all(worker in told for worker in client.nthreads())


def test_another_version_of_the_package_is_named(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A digest of the source tells; the worker that differs is named, and no other."""
    first = worker_side.package_digest()
    assert first == worker_side.package_digest() and len(first) == 64
    monkeypatch.setattr(worker_side, "package_digest", answer_in_turn)
    ANSWERS[:] = ["new", "new", "old"]
    with pytest.raises(ClusterError) as refusal:
        cluster.check_workers(client)
    told = str(refusal.value)
    named = [worker for worker in client.nthreads() if f"The worker {worker} has another" in told]
    assert len(named) == 1 and "pip install" in told
    missing = cluster._code(ModuleNotFoundError("No module named 'mint_blender'"), "here")
    assert missing == "cannot load mint-blender (No module named 'mint_blender')"
    assert "RuntimeError: broken" in str(cluster._code(RuntimeError("broken"), "here"))


def test_many_workers_are_counted() -> None:
    """A sentence names three and counts the others."""
    with pytest.raises(ClusterError) as refusal:
        cluster.refuse_folder([f"tcp://10.0.0.{number}:1" for number in range(9)], Path("/out"))
    assert str(refusal.value).count("does not see the folder /out") == 3
    assert "6 more workers cannot be used." in str(refusal.value)


def test_a_worker_without_blender_is_named(
    client: Client, on_cluster: OnCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Blender that is missing, ends or prints nonsense is none."""
    told = on_cluster.refused(client).error_text
    for worker in client.nthreads():
        assert f"The worker {worker} cannot start Blender." in told
    assert "pip install bpy" in told
    monkeypatch.setattr(blender_runtime, "can_import", lambda: True)
    for code in ("raise SystemExit(1)", "print('hello')"):
        command = [sys.executable, "-S", "-c", code]
        monkeypatch.setattr(blender_runtime, "background_command", lambda _, words=command: words)
        assert background.readable_extensions() is None
    command = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr(blender_runtime, "background_command", lambda _: command)
    monkeypatch.setattr(background, "START_LIMIT", 0.1)
    assert background.readable_extensions() is None


def test_a_folder_that_a_worker_does_not_see_is_named(
    client: Client, on_cluster: OnCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker reads the token, the other has another disk: that one is named."""
    monkeypatch.setattr(background, "readable_extensions", list)
    ANSWERS[:] = [worker_side.answer_token, None]
    with monkeypatch.context() as patched:
        patched.setattr(worker_side, "answer_token", answer_in_turn)
        told = on_cluster.refused(client).error_text
    workers = [f"The worker {worker} does not see" for worker in client.nthreads()]
    assert len([words for words in workers if words in told]) == 1 and "--ship-results" in told
    monkeypatch.setattr(worker_side, "answer_token", lambda *_: "answer-elsewhere")
    told = on_cluster.refused(client).error_text
    assert all(words in told for words in workers)


def test_a_folder_that_was_left_is_removed_after_a_day(client: Client, tmp_path: Path) -> None:
    """A command that was killed leaves its folder; another run may still be using a newer one."""
    left, used = (tmp_path / ".mint-batch" / name for name in ("dask-left", "dask-used"))
    for place, age in ((left, 25 * 3600), (used, 23 * 3600)):
        (place / "result").mkdir(parents=True)
        for path in (place / "result", place):
            os.utime(path, (time.time() - age,) * 2)
    with executor.staging(client, tmp_path, "now") as place:
        assert place.is_dir() and used.is_dir() and not left.exists()
    assert not place.exists() and used.is_dir()


@pytest.mark.covers("S-key-farm")
def test_results_need_no_shared_folder_when_they_are_shipped(
    client: Client, on_cluster: OnCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No token is written then, and the key is in no byte that goes through the cluster."""
    exchanged = bytearray()

    async def recorded(*arguments: Any, **more: Any) -> Any:
        frames = await to_frames(*arguments, **more)
        for frame in frames:
            exchanged.extend(frame)
        return frames

    def written(job: Job, others: object) -> DeliveryResult:
        Path(str(job.delivery.output)).write_bytes(b"BLENDER")
        return DeliveryResult()

    monkeypatch.setattr(tcp, "to_frames", recorded)
    monkeypatch.setattr(worker_side, "write_result", written)
    monkeypatch.setattr(background, "readable_extensions", list)
    monkeypatch.setattr(worker_side, "answer_token", lambda *_: 1 / 0)
    on_cluster.batch.lines({"prompt": "a lamp", "format": "blend"})
    assert on_cluster(client, "--ship-results").status == 0
    assert len([*on_cluster.batch.out.glob("*.blend")]) == 1
    assert on_cluster.batch.mint.job.encode() in exchanged and b"carry_out" in exchanged
    assert on_cluster.batch.service.key.encode() not in exchanged


@pytest.mark.slow
def test_a_cluster_that_grows_with_its_tasks(
    empty: LocalCluster, on_cluster: OnCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An adaptive cluster without workers starts as many as are waited for."""
    monkeypatch.setattr(cluster, "WORKERS_TIMEOUT", 240.0)
    monkeypatch.setattr(background, "readable_extensions", list)
    empty.adapt(minimum=0, maximum=3, interval="100ms", wait_count=20)
    on_cluster.batch.lines({"prompt": "a lamp"})
    ran = on_cluster(empty, "--ship-results", "--min-workers", "2")
    assert ran.status == 0, ran.err
    assert "has 0 of 2 workers." in ran.err
