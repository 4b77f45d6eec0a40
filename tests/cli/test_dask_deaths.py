# SPDX-License-Identifier: GPL-3.0-or-later
"""A result whose worker dies is tried once more, however Dask is set up; then it is said."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.cli.batch.dask_executor import executor
from mint_blender.cli.batch.dask_executor.cluster import connect
from mint_blender.delivery.background import write_result
from mint_blender.jobs.job_values import Delivery, LocalFile, Role
from mint_blender.jobs.phases import Phase

from ..jobs.workflow_harness import a_job
from ..scene import glb_fixtures
from .dask_processes import dask_processes

pytestmark = pytest.mark.thorough
DEADLY = """
import os, signal
from mint_blender.cli.batch.dask_executor import worker_side
from mint_blender.delivery.background import write_result as write
def deadly(job, others):
    if job.request.prompt == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return write(job, others)
worker_side.write_result = deadly
"""


@pytest.mark.parametrize("allowed", ["0", "3"])
def test_a_result_kills_two_workers_at_most(tmp_path: Path, allowed: str) -> None:
    """Dask itself may give up after the first death, or try four workers; the others stay."""
    preload = tmp_path / "deadly.py"
    preload.write_text(DEADLY)
    path = glb_fixtures.simple(tmp_path / "model.glb")
    kept = LocalFile(Role.MODEL, str(path), "https://127.0.0.1/a.glb")
    good, deadly = (
        replace(
            a_job(prompt),
            phase=Phase.READY,
            files=(kept,),
            delivery=Delivery(output=str(tmp_path / name)),
        )
        for prompt, name in (("a lamp", "b.glb"), ("deadly", "a.glb"))
    )
    with dask_processes(
        tmp_path / "dask", DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES=allowed
    ) as dask:
        dask.add_workers(3, "--preload", str(preload))
        client = connect(dask.address)
        with executor.DaskExecutor(client, "run", None) as opened:
            problem = opened.submit(write_result, deadly).result().problem
            after = opened.submit(write_result, good).result()
        client.close()
        statuses = sorted((each.poll() for each in dask.workers), key=str)
    assert "A Dask worker died while it wrote this, twice." in problem
    assert statuses == [-signal.SIGKILL, -signal.SIGKILL, None]
    assert after.problem is None and (tmp_path / "b.glb").is_file()
    assert not (tmp_path / "a.glb").exists()
