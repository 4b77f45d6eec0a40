# SPDX-License-Identifier: GPL-3.0-or-later
"""The effort of a batch, read or written again, grows with its lines, not with their square."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mint_blender.cli import main
from mint_blender.jobs.batch_folder import finished_lines, line_files
from mint_blender.jobs.batch_lines import read_lines
from mint_blender.jobs.job_values import Delivery, LocalFile, Role
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.phases import Phase

from ..harness.call_counts import count_lines
from ..scene import glb_fixtures
from .batch_helpers import lines_of

WRITE = ("--step", "write")
FEW, MANY = 20, 80
RATIO = 1.1 * MANY / FEW
"""The effort may grow a little faster than the lines: SQLite's trees become deeper."""


def finished_batch(tmp_path: Path, count: int) -> tuple[str, ...]:
    """Return the command of a batch that another machine has generated, and nobody has written."""
    folder = tmp_path / f"{count} lines"
    requests = folder / line_files.FOLDER / "requests"
    requests.mkdir(parents=True)
    file = lines_of(folder / "a.jsonl", *({"prompt": f"lamp {number}"} for number in range(count)))
    model = glb_fixtures.simple(folder / "model.glb")
    kept = LocalFile(Role.MODEL, str(model), "https://files.example/model.glb")
    for line in read_lines(file):
        output = f"{folder / line.title}{line.suffix}"
        delivery = Delivery(output=output, line=line_files.line_id(folder, line.tag))
        job = new_job(line.request, delivery, now=1000.0)
        job = replace(job, phase=Phase.READY, files=(kept,))
        finished_lines.publish(job, folder)
        start = requests / f"{line.tag}.start.1"
        line_files.write(start, {"home": "elsewhere"})
        operation = start.with_name(f"{start.name}.operation")
        line_files.write(operation, {"operation": f"op_{line.number}"})
        line_files.write_job(job)
    return "batch", str(file), "-o", str(folder)


@pytest.mark.slow
def test_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line takes as much effort in a batch of four times as many lines."""
    efforts: dict[tuple[str, ...], list[int]] = {WRITE: [], ("--rewrite",): []}
    for count in (FEW, MANY):
        monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / f"home {count}"))
        words = finished_batch(tmp_path, count)
        for options, lines in efforts.items():
            lines.append(count_lines(partial(main, [*words, *options])))
            written = list((tmp_path / f"{count} lines").glob("0*.glb"))
            assert len(written) == count
            for path in written:
                path.unlink()
    assert all(many < RATIO * few for few, many in efforts.values()), efforts


def test_a_few_lines_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task of a farm parses only the records of its own lines."""
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "home"))
    parsed, read = list[str](), line_files.read_job

    def note(folder: Path, tag: str) -> Any:
        parsed.append(tag)
        return read(folder, tag)

    monkeypatch.setattr(line_files, "read_job", note)
    assert main([*finished_batch(tmp_path, FEW), *WRITE, "--lines", "3-4"]) == 0
    assert len(parsed) == 2
