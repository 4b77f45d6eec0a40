# SPDX-License-Identifier: GPL-3.0-or-later
"""`batch --executor dask://…`: the workers of a Dask cluster write the results, some lines each.

The results are copies, which need no Blender; the workers run the command as users do.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster
from distributed.comm import tcp
from distributed.comm.utils import to_frames

from mint_blender.application.option_values import scheduler_address
from mint_blender.cli.batch import dask
from mint_blender.cli.exits import Exit

from ..mint_service.runner import ThreadService
from .batch_helpers import Batch
from .command_runner import CommandResult, commands_below, start

LAMPS = [{"prompt": f"lamp {number}"} for number in range(1, 61)]


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalCluster]:
    """Run two workers in processes of their own, with a home of their own and no key."""
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "worker"))
    with local_cluster(processes=True, n_workers=2, threads_per_worker=1) as running:
        yield running


@pytest.fixture(scope="module")
def threads() -> Iterator[LocalCluster]:
    """Run two workers in this process."""
    with local_cluster(n_workers=2, threads_per_worker=1) as running:
        yield running


def local_cluster(*, processes: bool = False, **options: Any) -> LocalCluster:
    """Return a Dask cluster over TCP."""
    options |= {"protocol": "tcp", "dashboard_address": "127.0.0.1:0"}
    return LocalCluster(processes=processes, host="127.0.0.1", **options)


def on(cluster: LocalCluster) -> tuple[str, str]:
    """Return the options for a cluster."""
    return "--executor", str(cluster.scheduler_address).replace("tcp://", "dask://")


def commands_of(cluster: LocalCluster) -> list[int]:
    """Return the process ids of the commands that the workers run."""
    processes = [nanny.pid for nanny in cluster.workers.values() if nanny.pid]
    return [command for each in processes for command in commands_below(each)]


def wait_until(is_true: Callable[[], object]) -> None:
    """Wait until something is true; fail after minutes."""
    deadline = time.monotonic() + 240
    while not is_true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)


def check_complete(batch: Batch) -> None:
    """Assert that each of the lamps was paid for once and is written."""
    assert len(batch.service.operations()) == len([*batch.out.glob("*.glb")]) == len(LAMPS)
    assert batch.states == ["done"] * len(LAMPS)


@pytest.mark.thorough
def test_workers_that_are_killed_cost_nothing(workers: LocalCluster, batch: Batch) -> None:
    """Their lines go to another worker, whether or not the command that wrote them still runs."""
    batch.lines(*LAMPS)
    batch.service.scenario(credits=1e6)

    def kill() -> None:
        for count, with_command in ((5, False), (25, True)):
            wait_until(lambda least=count: len([*batch.out.glob("*.glb")]) >= least)
            victims = [next(nanny.pid for nanny in workers.workers.values() if nanny.pid)]
            if with_command:
                victims += commands_of(workers)
            for victim in victims:
                os.kill(victim, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    ran = batch(*on(workers))
    killer.join()
    assert ran.status == 0, ran.err
    check_complete(batch)


@pytest.mark.slow
def test_ctrl_c_ends_what_the_workers_run(
    workers: LocalCluster, service: ThreadService, batch: Batch, home: Path
) -> None:
    """A rerun continues without paying again."""
    batch.lines(*LAMPS)
    batch.service.scenario(credits=1e6)
    with start(service, home, *batch.words, *on(workers)) as running:
        wait_until(lambda: commands_of(workers))
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=240)
    assert running.returncode == 130, err
    wait_until(lambda: not commands_of(workers))
    assert batch(*on(workers)).status == 0
    check_complete(batch)


@pytest.mark.covers("S-key-farm")
def test_what_is_finished_is_written(
    threads: LocalCluster, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines that have failed at Mint are left out, and no byte in the cluster is of the key."""
    exchanged = bytearray()

    async def recorded(*arguments: Any, **more: Any) -> Any:
        frames = await to_frames(*arguments, **more)
        for frame in frames:
            exchanged.extend(frame)
        return frames

    monkeypatch.setattr(tcp, "to_frames", recorded)
    batch.lines(LAMPS[0], {"prompt": "a mug [forbidden]"}, *LAMPS[1:4])
    ran = batch(*on(threads), "--lines", "1-3,5", "--json")
    assert ran.status == Exit.FAILED, ran.err
    written = [path.name for path in sorted(batch.out.glob("*.glb"))]
    assert written == ["0001-lamp-1.glb", "0003-lamp-2.glb", "0005-lamp-4.glb"]
    assert {str(batch.out / name) for name in written} <= {
        each.get("output") for each in ran.records
    }
    assert batch.service.key.encode() not in exchanged and b"run_command" in exchanged
    batch.out.joinpath(written[0]).write_bytes(b"changed")
    assert batch(*on(threads), "--rewrite", "--step", "write", "--lines", "1,3").status == 0
    assert batch.out.joinpath(written[0]).read_bytes() != b"changed"
    ran = batch(*on(threads), "--step", "write")
    assert ran.status == Exit.FAILED and "line 4: This line was not generated" in ran.error_text


def test_commands_that_are_always_killed(
    threads: LocalCluster, batch: Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines are tried twice more, and then fail with a sentence."""
    batch.lines(LAMPS[0])
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho begun >> {tmp_path}/log\nkill -9 $$\n")
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
    ran = batch(*on(threads))
    assert ran.status == 7 and "lines 1: The Dask workers that wrote them have" in ran.error_text
    assert (tmp_path / "log").read_text().split() == ["begun"] * 3
    assert batch.states == ["running"]


# -- what is refused, before anything is started


def refused(batch: Batch, *options: str, status: int = 7) -> str:
    """Run a batch and expect that nothing is started; return what it says."""
    batch.lines(LAMPS[0])
    ran: CommandResult = batch(*options)
    assert ran.status == status and "Nothing was started." in ran.error_text, ran.err
    assert not batch.service.operations() and not [*batch.out.glob("[!.]*")]
    return ran.error_text


def test_no_scheduler_answers(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the address; a server that says nothing does not hold the command up."""
    monkeypatch.setattr(dask, "CONNECT_TIMEOUT", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        silent = refused(batch, "--executor", f"dask://{address}", status=5)
    for told in (silent, refused(batch, "--executor", f"dask://{address}", status=5)):
        assert f"No Dask scheduler answers at tcp://{address}." in told
    monkeypatch.setitem(sys.modules, "distributed", None)
    told = refused(batch, "--executor", f"dask://{address}")
    assert 'from a copy of the repository: pip install ".[bpy,dask]"' in told


def test_a_cluster_without_workers(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are waited for; a cluster that grows with its tasks starts them."""
    with local_cluster(n_workers=0, threads_per_worker=1) as empty:
        with monkeypatch.context() as patched:
            patched.setattr(dask, "WORKERS_TIMEOUT", 0.1)
            told = refused(batch, *on(empty), status=5)
        assert "Waiting for one, at most" in told and "Start some: dask worker" in told
        empty.adapt(minimum=0, maximum=1, interval="100ms", wait_count=20)
        assert batch(*on(empty)).status == 0


def test_workers_that_cannot_be_used_are_named(
    threads: LocalCluster, batch: Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One has another version, or none; or file and folder are not there."""
    digests = iter(["here", "here", "older"])
    with monkeypatch.context() as patched:
        patched.setattr(dask, "package_digest", lambda: next(digests))
        told = refused(batch, *on(threads))
    assert told.count("cannot be used: it has another version of mint-blender.") == 1
    with monkeypatch.context() as patched:
        patched.setattr(dask, "problem_here", lambda *_: __import__("mint_brender"))
        told = refused(batch, *on(threads))
    assert told.count("cannot be used: No module named 'mint_brender'.") == 2
    proofs = {"/farm/a.csv": __file__, "/farm/out": str(tmp_path / "token")}
    assert dask.problem_here(dask.package_digest(), proofs) == "it does not see /farm/out"


ADDRESSES = {
    "dask://10.0.0.5:8786": "tcp://10.0.0.5:8786",
    "dask://localhost:1/": "tcp://localhost:1",
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
        with pytest.raises(ValueError, match="dask://HOST:PORT"):
            scheduler_address(text)
    for text in ("dask://farm", "dask://farm:", "dask://farm:0"):
        with pytest.raises(ValueError, match="lacks the port"):
            scheduler_address(text)


def test_wrong_options_end_with_status_2(batch: Batch) -> None:
    """Nothing is started then."""
    for options in (("--step", "sheet"), ("--step", "generate"), ("--openjd", "job")):
        told = refused(batch, "--executor", "dask://farm:1", *options, status=2)
        assert "it takes no --executor" in told
    ran = batch.mint("batch", "-", "-o", str(batch.out), "--executor", "dask://farm:1")
    assert ran.status == 2 and "name a file instead of -" in ran.error_text
