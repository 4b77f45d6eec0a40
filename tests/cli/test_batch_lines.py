# SPDX-License-Identifier: GPL-3.0-or-later
"""The files and the record of a batch line's result."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from mint_blender.application import session
from mint_blender.application.batch import result_files
from mint_blender.files import pictures
from mint_blender.files.disk import PART
from mint_blender.files.glb import header
from mint_blender.jobs import batch_lines as lines
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import LocalFile, Role
from mint_blender.jobs.phases import Phase

from .batch_helpers import Batch, lines_of
from .command_runner import RunMint


def record_of(folder: Path, number: int = 1) -> dict[str, Any]:
    """Return the record of a line."""
    (path,) = folder.glob(f"{number:04}-*.json")
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def job_of(number: int) -> Job:
    """Return the job of a line from the journal."""
    with session.open_journal() as job_service:
        return sorted(job_service.jobs(), key=lambda job: job.delivery.output or "")[number - 1]


def test_an_optimized_line_and_its_record(batch: Batch) -> None:
    """The optimized file is written, and the record has the settings and the total cost."""
    settings = {"optimize": "aggressive", "pose": "t_pose"}
    batch.lines({"prompt": "a lamp", **settings})
    assert batch().status == 0
    (optimized,) = batch.service.requests("POST", "/v1/models/*:optimize")
    assert optimized.body == {"optimizationLevel": "aggressive"}
    assert header.inspect(batch.out / "0001-a-lamp.glb").extensions_required
    record = record_of(batch.out)
    plain = {"kind": "model", "preset": "fast", "mode": "auto"}
    assert record["settings"] == plain | settings
    assert record["credits"] == 268


def test_the_record_of_a_done_line(batch: Batch) -> None:
    """The record has prompt, state, ids, Credits, address, files and times, but no key."""
    prompt = "une lampe à huile"
    batch.lines({"prompt": prompt, "name": "Lampe"}, {"prompt": "a mug", "id": "mug-7"})
    batch()
    record, job = record_of(batch.out), job_of(1)
    named = json.loads((batch.out / "mug-7.json").read_text(encoding="utf-8"))
    assert (record["id"], named["id"]) == (None, "mug-7")
    expected = {"line": 1, "state": "done", "prompt": prompt, "credits": 248, "trouble": None}
    assert expected.items() <= record.items()
    assert record["files"] == {"result": "0001-lampe.glb", "picture": "0001-lampe.webp"}
    (operation,) = [made for made in batch.service.operations() if made.prompt == prompt]
    assert (record["operation"], record["asset"]) == (operation.id, operation.resource)
    assert record["mint_url"].startswith("https://")
    times = record["times"]
    assert times["asked"] <= times["started"][:19] + "+00:00" and times["ended"]
    text = (batch.out / "0001-lampe.json").read_text(encoding="utf-8")
    (request,) = job.requests
    assert "à" in text and batch.service.key not in text and request.key not in text
    assert not list(batch.out.glob(f"*{PART}"))


def test_the_record_of_a_failed_line(batch: Batch) -> None:
    """The record of a failed line has the reason and its code, and the Preview as its picture."""
    batch.lines({"prompt": "a sword [moderation]"}, {"prompt": "a lamp [transient]"})
    batch()
    early, late = record_of(batch.out, 1), record_of(batch.out, 2)
    assert early["state"] == late["state"] == "failed"
    codes = [each["trouble"]["code"] for each in (early, late)]
    assert codes == ["moderation_blocked", "transient_generation_failure"]
    assert "Change it, then generate again" in early["trouble"]["message"]
    assert early["files"] == {}
    assert late["credits"] == 150  # the Preview was made


def test_mints_picture_is_copied(batch: Batch, mint: RunMint) -> None:
    """Mint's picture is copied unchanged, with the suffix of its format."""
    batch.lines({"prompt": "a lamp", "mode": "review"})
    ran = batch()
    assert ran.status == 6 and "line 1: a lamp: The Preview is ready" in ran.error_text
    assert record_of(batch.out)["state"] == "waiting"
    preview = batch.out / record_of(batch.out)["files"]["picture"]
    assert preview.read_bytes() == Path(job_of(1).previews[0].path).read_bytes()
    mint("approve", job_of(1).id)
    assert batch().status == 0
    record = record_of(batch.out)
    assert record["state"] == "done"
    final = batch.out / record["files"]["picture"]
    assert pictures.inspect(final).suffix == final.suffix
    assert len([path for path in batch.out.iterdir() if path.suffix in pictures.SUFFIXES]) == 1


def test_no_existing_file_is_overwritten(batch: Batch) -> None:
    """A new line takes another name if a file of its name exists."""
    batch.out.mkdir()
    (batch.out / "0001-lamp.json").write_text("mine")
    batch.lines({"prompt": "lamp"})
    assert batch().status == 0
    batch.lines({"prompt": "Lamp!"}, {"prompt": "lamp"})
    assert batch().status == 0
    assert (batch.out / "0001-lamp.json").read_text() == "mine"
    names = sorted(path.name for path in batch.out.glob("*.glb"))
    assert names == ["0001-lamp-2.glb", "0001-lamp-3.glb"]


def test_the_copy_of_a_preview_is_deleted(tmp_path: Path) -> None:
    """The copy of a Preview in another format is deleted; a user's picture is kept."""
    preview, final, out = tmp_path / "preview-1.png", tmp_path / "picture.webp", tmp_path / "out"
    preview.write_bytes(b"preview")
    final.write_bytes(b"final")
    (line,) = lines.read_lines(lines_of(tmp_path / "wishes.jsonl", {"prompt": "a lamp"}))
    delivery = replace(line.delivery, output=str(out / "0001-a-lamp.blend"))
    files = (LocalFile(Role.PREVIEW, str(preview), ""), LocalFile(Role.PICTURE, str(final), ""))
    job = Job("1", line.request, 0.0, delivery, phase=Phase.REVIEW, files=files[:1])
    result_files.write_record(line, job)
    assert (out / "0001-a-lamp.png").read_bytes() == b"preview"
    (out / "0001-a-lamp.jpg").write_bytes(b"the user's")
    done = replace(job, files=files)
    result_files.write_record(line, done)
    assert (out / "0001-a-lamp.webp").read_bytes() == b"final"
    assert not (out / "0001-a-lamp.png").exists() and (out / "0001-a-lamp.jpg").exists()
    assert result_files.report(line, done).picture == out / "0001-a-lamp.webp"
