# SPDX-License-Identifier: GPL-3.0-or-later
"""Files appear whole, whoever writes them."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.delivery import write_files
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery, DeliveryResult

from ..jobs.workflow_harness import a_job


def test_two_machines_that_write_one_file_do_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second machine that begins the same file, and is switched off, leaves the first alone."""
    file = tmp_path / "lamp.blend"
    job = replace(a_job(), delivery=Delivery(output=str(file)))

    def save(job: Job, output: Path, *_: object) -> DeliveryResult:
        if platform.node() == "second":
            output.write_bytes(b"half")
            raise KeyboardInterrupt
        output.write_bytes(b"whole")
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(platform, "node", lambda: "second")
            elsewhere.setattr(write_files.disk, "try_to_remove", lambda path: None)
            with pytest.raises(KeyboardInterrupt):
                write_files.write(job)
        return DeliveryResult()

    monkeypatch.setattr(write_files, "_import_and_write", save)
    assert write_files.write(job).problem is None
    assert file.read_bytes() == b"whole"
