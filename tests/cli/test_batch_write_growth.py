# SPDX-License-Identifier: GPL-3.0-or-later
"""The effort of writing lines again grows with the lines, not with their square."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.cli import main
from mint_blender.jobs.batch_folder import finished_lines, line_files
from mint_blender.jobs.batch_lines import read_lines
from mint_blender.jobs.job_values import Delivery, LocalFile, Role
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.phases import Phase

from ..call_counts import count_lines
from ..scene import glb_fixtures
from .batch_helpers import lines_of

FEW, MANY = 20, 80
RATIO = 1.1 * MANY / FEW


def finished_batch(tmp_path: Path, count: int) -> tuple[str, ...]:
    """Return the arguments that write a batch again, as the step `generate` has left it."""
    folder = tmp_path / f"{count} lines"
    (folder / line_files.FOLDER).mkdir(parents=True)
    file = lines_of(folder / "a.jsonl", *({"prompt": f"lamp {number}"} for number in range(count)))
    model = glb_fixtures.simple(folder / "model.glb")
    kept = LocalFile(Role.MODEL, str(model), "https://files.example/model.glb")
    for line in read_lines(file):
        output = f"{folder / line.title}{line.suffix}"
        delivery = Delivery(output=output, line=line_files.line_id(folder, line.tag))
        job = new_job(line.request, delivery, now=1000.0)
        job = replace(job, phase=Phase.READY, files=(kept,))
        finished_lines.publish(job, folder)
        start = folder / line_files.FOLDER / "requests" / f"{line.tag}.start.1"
        start.parent.mkdir(exist_ok=True)
        line_files.write(start, {"home": "elsewhere"})
        line_files.write_job(job)
    return ("batch", str(file), "-o", str(folder), "--step", "write")


@pytest.mark.parametrize("more", [(), ("--again",)], ids=["first", "again"])
def test_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]) -> None:
    """Each line takes as much effort in a batch of four times as many lines."""
    efforts = []
    for count in (FEW, MANY):
        monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / f"home {count}"))
        arguments = finished_batch(tmp_path, count)
        efforts.append(count_lines(lambda: main([*arguments, *more])))  # noqa: B023 - called now
        assert len(list((tmp_path / f"{count} lines").glob("0*.glb"))) == count
    assert efforts[1] < RATIO * efforts[0]


def test_a_few_lines_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task of a farm parses only the records of its own lines."""
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "home"))
    arguments, parsed = finished_batch(tmp_path, FEW), list[str]()
    read = line_files.read_job
    monkeypatch.setattr(
        line_files, "read_job", lambda folder, tag: parsed.append(tag) or read(folder, tag)
    )
    assert main([*arguments, "--lines", "3-4"]) == 0
    assert len(parsed) == 2
