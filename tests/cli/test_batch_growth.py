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
from mint_blender.jobs.batch_lines import Line, read_lines
from mint_blender.jobs.job_values import Delivery, LocalFile, Role
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.phases import Phase
from mint_blender.mint.account import Account

from ..harness.call_counts import count_lines
from ..scene import glb_fixtures
from .batch_helpers import lines_of

ACCOUNT = Account("key", "http://127.0.0.1:9/v1")
WRITE = ("--step", "write")
FEW, MANY = 20, 80
RATIO = 1.1 * MANY / FEW
"""The effort may grow a little faster than the lines: SQLite's trees become deeper."""


def a_batch(tmp_path: Path, count: int) -> tuple[Path, list[Line]]:
    """Return the folder of a batch, and its lines."""
    folder = tmp_path / f"{count} lines"
    (folder / line_files.FOLDER).mkdir(parents=True)
    prompts: list[dict[str, object]] = [{"prompt": f"lamp {number}"} for number in range(count)]
    return folder, read_lines(lines_of(folder / "a.jsonl", *prompts))


def finish_elsewhere(folder: Path, lines: list[Line], phase: Phase, **members: Any) -> None:
    """Write the files of finished lines, as a run on another machine has left them."""
    requests = folder / line_files.FOLDER / "requests"
    requests.mkdir()
    for line in lines:
        output = f"{folder / line.title}{line.suffix}"
        delivery = Delivery(output=output, line=line_files.line_id(folder, line.tag))
        job = replace(new_job(line.request, delivery, now=1000.0), phase=phase, **members)
        if job.files:
            finished_lines.publish(job, folder)
        start = requests / f"{line.tag}.start.1"
        line_files.write(start, {"home": "elsewhere"})
        operation = start.with_name(f"{start.name}.operation")
        line_files.write(operation, {"operation": f"op_{line.number}"})
        line_files.write_job(job)


def parsed_jobs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which each line is added whose record is parsed."""
    parsed, read = list[str](), line_files.read_job

    def note(folder: Path, tag: str) -> Any:
        parsed.append(tag)
        return read(folder, tag)

    monkeypatch.setattr(line_files, "read_job", note)
    return parsed


# -- writing lines again


def finished_batch(tmp_path: Path, count: int) -> list[str]:
    """Return the arguments that write a batch again, as the step `generate` has left it."""
    folder, lines = a_batch(tmp_path, count)
    model = glb_fixtures.simple(folder / "model.glb")
    kept = LocalFile(Role.MODEL, str(model), "https://files.example/model.glb")
    finish_elsewhere(folder, lines, Phase.READY, files=(kept,))
    return ["batch", str(folder / "a.jsonl"), "-o", str(folder), *WRITE]


@pytest.mark.slow
def test_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line takes as much effort in a batch of four times as many lines, also with --again."""
    efforts: dict[str, list[int]] = {"first": [], "again": []}
    for count in (FEW, MANY):
        monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / f"home {count}"))
        arguments = finished_batch(tmp_path, count)
        efforts["first"].append(count_lines(partial(main, arguments)))
        assert len(list((tmp_path / f"{count} lines").glob("0*.glb"))) == count
        again = [*arguments[: -len(WRITE)], "--again"]
        efforts["again"].append(count_lines(partial(main, again)))
    assert all(many < RATIO * few for few, many in efforts.values()), efforts


def test_a_few_lines_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task of a farm parses only the records of its own lines."""
    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "home"))
    arguments, parsed = finished_batch(tmp_path, FEW), parsed_jobs(monkeypatch)
    assert main([*arguments, "--lines", "3-4"]) == 0
    assert len(parsed) == 2
