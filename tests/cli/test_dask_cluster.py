# SPDX-License-Identifier: GPL-3.0-or-later
"""A Dask cluster that cannot be used is refused in a sentence, before anything is started."""

from __future__ import annotations

import builtins
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

from mint_blender.cli.batch.dask_executor import cluster, executor, worker_side
from mint_blender.cli.batch.dask_executor.cluster import ClusterError
from mint_blender.delivery import blender_runtime

from .batch_helpers import Batch
from .command_runner import CommandResult


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_TIMEOUT", 1.0)
    monkeypatch.setattr(cluster, "WORKERS_TIMEOUT", 0.2)
    monkeypatch.setattr(executor, "ANSWER_TIMEOUT", 0.2)


@pytest.fixture
def refused(batch: Batch) -> Any:
    """Return a function that runs a batch on a cluster and expects that nothing is started."""

    def run(address: str, *options: str, status: int = 7) -> CommandResult:
        batch.lines({"prompt": "a lamp", "format": "blend"})
        ran = batch("--executor", address.replace("tcp://", "dask://"), *options)
        assert ran.status == status and "Nothing was started." in ran.error_text
        assert not batch.service.operations() and not batch.mint.jobs()
        assert not [*batch.out.glob("[!.]*")]
        return ran

    return run


DIGESTS: Iterator[str] = iter(())  # of the client and of the two workers
ANSWERS: Iterator[Any] = iter(())


def digest_in_turn() -> str:
    """Return the next digest; Dask sends functions of a module by their names."""
    return next(DIGESTS)


def answer_in_turn(*arguments: str) -> str | None:
    """Answer as the next worker does."""
    return next(ANSWERS)(*arguments)


def address_of(client: Client) -> str:
    """Return the address of a client's scheduler."""
    return client.scheduler.address


def ship_to(address: str) -> tuple[str, ...]:
    """Return the options of a batch whose results are sent back from this cluster."""
    return "--executor", address.replace("tcp", "dask"), "--ship-results"


def test_nobody_listens(refused: Any) -> None:
    """The sentence names the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    told = refused(address, status=5).error_text
    assert f"No Dask scheduler answers at {address}." in told


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Run a server that accepts connections and says nothing."""
    server = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connections.append(server.accept()[0])
            except OSError:
                return

    thread = threading.Thread(target=accept)
    thread.start()
    yield f"dask://127.0.0.1:{server.getsockname()[1]}"
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()
    for each in connections:
        each.close()


def test_something_else_listens(refused: Any, silent_server: str) -> None:
    """A server that is no scheduler does not hold the command up."""
    assert "No Dask scheduler answers" in refused(silent_server, status=5).error_text


@pytest.fixture
def empty() -> Iterator[LocalCluster]:
    """Run a cluster in this process that has no workers yet."""
    local = {"processes": False, "protocol": "tcp", "host": "127.0.0.1", "dashboard_address": None}
    with LocalCluster(n_workers=0, threads_per_worker=2, **local) as running:
        yield running


def test_no_workers(refused: Any, empty: LocalCluster) -> None:
    """The sentence says how to start some, after a wait that was announced."""
    told = refused(empty.scheduler_address, status=5).error_text
    assert "has 0 of 1 workers. Waiting for the others, at most" in told
    assert "has 0 workers, not 1. Start some: dask worker" in told


def test_too_few_workers(refused: Any, client: Client) -> None:
    """All that the command asks for have to be there."""
    told = refused(address_of(client), "--min-workers", "3", status=5).error_text
    assert "has 2 workers, not 3." in told and "change --min-workers" in told
    assert not client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.unrunnable))


def test_a_cluster_that_grows_with_its_tasks(
    empty: LocalCluster, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An adaptive cluster without workers starts as many as are waited for, and keeps them."""
    monkeypatch.setattr(cluster, "WORKERS_TIMEOUT", 60.0)
    seen, checked = list[int](), cluster.readable_extensions

    def look(client: Client) -> Any:
        seen.append(len(client.nthreads()))
        return checked(client)

    monkeypatch.setattr(worker_side, "blender_extensions", list)
    monkeypatch.setattr(cluster, "readable_extensions", look)
    empty.adapt(minimum=0, maximum=3, interval="100ms", wait_count=20)
    batch.lines({"prompt": "a lamp"})
    ran = batch(*ship_to(empty.scheduler_address), "--min-workers", "2")
    assert ran.status == 0, ran.err
    assert "has 0 of 2 workers." in ran.err
    assert seen[0] >= 2


def test_workers_that_go_leave_a_status_of_their_own(
    empty: LocalCluster, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that of a file that cannot be imported: the same command writes the result later."""
    monkeypatch.setattr(cluster, "workers", lambda *_: nullcontext())
    monkeypatch.setattr(cluster, "check_workers", lambda _: None)
    monkeypatch.setattr(cluster, "readable_extensions", lambda _: frozenset())
    monkeypatch.setattr(executor, "_CHECK_INTERVAL", 0.1)
    batch.lines({"prompt": "a lamp", "format": "blend"})
    for step in ((), ("--step", "write")):
        ran = batch(*ship_to(empty.scheduler_address), *step)
        assert ran.status == 5
        assert "has no workers any more. Start some, then run the same command" in ran.error_text


def test_distributed_is_not_installed(refused: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the extra."""
    real = builtins.__import__

    def without(name: str, *more: Any, **also: Any) -> Any:
        if name == "distributed":
            raise ImportError(name)
        return real(name, *more, **also)

    monkeypatch.setattr(builtins, "__import__", without)
    ran = refused("dask://127.0.0.1:1")
    assert 'from a copy of the repository: pip install ".[bpy,dask]"' in ran.error_text


def test_an_extension_cannot_use_workers(refused: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers could not import it under the name that Blender gives it."""
    monkeypatch.setattr(blender_runtime, "PACKAGE", "bl_ext.user_default.mint_blender")
    assert "Dask needs the pip package" in refused("dask://127.0.0.1:1").error_text


def test_another_python_is_named(
    client: Client, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code of one Python cannot be loaded by another, so this is checked first."""
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    monkeypatch.setattr(cluster, "_PYTHON", "3.99")
    ran = refused(address_of(client))
    assert f"has Python {here}, not 3.99." in ran.error_text
    assert all(worker in ran.error_text for worker in client.nthreads())


def test_another_version_of_the_package_is_named(
    client: Client, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A digest of the source tells; the worker that differs is named, and no other."""
    monkeypatch.setattr(worker_side, "package_digest", digest_in_turn)
    monkeypatch.setattr("tests.cli.test_dask_cluster.DIGESTS", iter(["new", "new", "old"]))
    with pytest.raises(ClusterError) as refusal:
        cluster.check_workers(client)
    told = str(refusal.value)
    named = [each for each in client.nthreads() if f"The worker {each} has another" in told]
    assert len(named) == 1 and "pip install" in told


def test_a_worker_without_the_package_is_named() -> None:
    """What the worker cannot import is in the sentence."""
    assert cluster._code(ModuleNotFoundError("No module named 'mint_blender'"), "here") == (
        "cannot load mint-blender (No module named 'mint_blender')"
    )
    assert "RuntimeError: broken" in cluster._code(RuntimeError("broken"), "here")
    assert cluster._code("here", "here") == ""


def test_many_workers_are_counted() -> None:
    """A sentence names three and counts the others."""
    with pytest.raises(ClusterError) as refusal:
        cluster.refuse_folder([f"tcp://10.0.0.{number}:1" for number in range(9)], Path("/out"))
    assert str(refusal.value).count("does not see the folder /out") == 3
    assert "6 more workers cannot be used." in str(refusal.value)


def test_a_worker_without_blender_is_named(client: Client, refused: Any) -> None:
    """The tests of this module hide Blender."""
    ran = refused(address_of(client))
    assert all(
        f"The worker {each} cannot start Blender." in ran.error_text for each in client.nthreads()
    )
    assert "pip install bpy" in ran.error_text


def test_a_blender_that_does_not_start_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Blender that ends, hangs or prints nonsense is as good as none."""
    monkeypatch.setattr(blender_runtime, "can_import", lambda: True)
    monkeypatch.setattr(worker_side, "_BLENDER_TIMEOUT", 2.0)
    for code in ("raise SystemExit(1)", "print('hello')", "pass", "import time; time.sleep(60)"):
        monkeypatch.setattr(
            blender_runtime, "background_command", lambda _, code=code: [sys.executable, "-c", code]
        )
        assert worker_side.blender_extensions() is None


def test_a_folder_that_a_worker_does_not_see_is_named(
    client: Client, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker reads the token, the other has another disk: that one is named."""
    monkeypatch.setattr(worker_side, "blender_extensions", list)
    answers = iter([worker_side.answer_token, lambda *_: None])
    monkeypatch.setattr("tests.cli.test_dask_cluster.ANSWERS", answers)
    monkeypatch.setattr(worker_side, "answer_token", answer_in_turn)
    ran = refused(address_of(client))
    named = [
        each for each in client.nthreads() if f"The worker {each} does not see" in ran.error_text
    ]
    assert len(named) == 1 and "--ship-results" in ran.error_text


def test_a_worker_that_answers_on_its_own_disk_is_named(
    client: Client, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer counts when it is seen here."""
    monkeypatch.setattr(worker_side, "blender_extensions", list)
    monkeypatch.setattr(worker_side, "answer_token", lambda *_: "answer-elsewhere")
    ran = refused(address_of(client))
    assert all(f"The worker {each} does not see" in ran.error_text for each in client.nthreads())


def test_a_token_is_answered_beside_it(tmp_path: Path) -> None:
    """Only the right token is answered, and a missing folder is not made."""
    assert worker_side.answer_token(str(tmp_path / "missing"), "token") is None
    (tmp_path / worker_side.TOKEN).write_text("another")
    assert worker_side.answer_token(str(tmp_path), "token") is None
    (tmp_path / worker_side.TOKEN).write_text("token")
    name = worker_side.answer_token(str(tmp_path), "token")
    assert (tmp_path / name).read_text() == "token"
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([name, worker_side.TOKEN])


def test_a_folder_that_was_left_is_removed_after_a_day(client: Client, tmp_path: Path) -> None:
    """A command that was killed leaves its folder; another run may still be using a newer one."""
    left, used = (tmp_path / ".mint-batch" / name for name in ("dask-left", "dask-used"))
    for place, age in ((left, 25 * 3600), (used, 23 * 3600)):
        (place / "result").mkdir(parents=True)
        for each in (place / "result", place):
            os.utime(each, (time.time() - age,) * 2)
    with executor.staging(client, tmp_path, "now") as place:
        assert place.is_dir() and used.is_dir() and not left.exists()
    assert not place.exists() and used.is_dir()


def test_results_need_no_shared_folder_when_they_are_shipped(
    client: Client, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No token is written then."""
    monkeypatch.setattr(worker_side, "blender_extensions", list)
    monkeypatch.setattr(worker_side, "answer_token", lambda *_: 1 / 0)
    batch.lines({"prompt": "a lamp"})
    assert batch(*ship_to(address_of(client))).status == 0
    assert len([*batch.out.glob("*.glb")]) == 1


def test_the_digest_is_of_the_source() -> None:
    """It changes with any module, and not from one call to the next."""
    first = worker_side.package_digest()
    assert first == worker_side.package_digest() and len(first) == 64
