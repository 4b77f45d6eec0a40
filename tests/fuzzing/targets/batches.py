# SPDX-License-Identifier: GPL-3.0-or-later
"""Batch files, and the folder of a batch that others can write to: lines and records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from mint_blender.jobs import batch_lines as lines
from mint_blender.jobs.batch_folder import finished_lines, line_files
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.phases import Phase
from mint_blender.mint.motion_request import MotionRequest
from mint_blender.mint.schema import is_valid_id

from ...jobs.workflow_harness import a_job, working
from ..checks import check_printed, guarded_folder, json_of
from ..target import MEGABYTE, Target

SUFFIXES = (".jsonl", ".csv", ".txt")


def try_file(data: bytes) -> None:
    """Read a batch file of each type with this content."""
    with guarded_folder() as folder:
        for suffix in SUFFIXES:
            path = folder / f"lamps{suffix}"
            path.write_bytes(data)
            try:
                found = lines.read_lines(path)
            except lines.BadLineError as error:
                check_printed(str(error))
            else:
                _check_lines(found)


def _check_lines(found: list[lines.Line]) -> None:
    assert found and len({line.tag for line in found}) == len(found)
    for line in found:
        name = f"{line.title}{line.suffix}"
        assert Path(name).name == name and len(name.encode()) <= 255
        json.dumps(line.request.body(()))


def try_folder(data: bytes) -> None:
    """Read a batch's folder in every way, and write to it what a run writes."""
    with guarded_folder() as folder:
        _fill(folder, data)
        with suppress(OSError):
            line_files.open_batch(folder, 1.0)
        found = line_files.started(folder)
        finished_lines.recorded_jobs(folder)
        for tag, line in found.items():
            assert line_files.TAG.fullmatch(tag) and isinstance(line.home, str)
            assert line.operation is None or is_valid_id(line.operation)
            if line.job is not None:
                _check_requests(line.job)
                _work_on(folder, line.job)


def _work_on(folder: Path, job: Job) -> None:
    """Do with the job of a line what a run does before it writes the result."""
    for path in (job.delivery.output, job.delivery.render):
        assert path is None or _is_inside(path, folder)
    record = finished_lines.read_record(folder, job.id)
    current = record.applied_to(job) if job.phase is Phase.READY else job
    for path in (current.delivery.output, current.delivery.render):
        assert path is None or _is_inside(path, folder)
    finished_lines.published(job, folder)
    finished_lines.publish(job, folder)
    for each in finished_lines.published_motions(job, folder):
        _check_requests(each)
        finished_lines.publish_motions(job, [each], folder)
    finished_lines.write_record(folder, job.id, record)


def _is_inside(path: str, folder: Path) -> bool:
    return ".." not in Path(path).parts and Path(path).is_relative_to(folder)


def _fill(folder: Path, data: bytes) -> None:
    """Write a file of the folder for each name."""
    inner = folder / line_files.FOLDER
    for name in ("requests", "lines", "written", "files/0123456789ab"):
        (inner / name).mkdir(parents=True)
    for name, content in _files(data).items():
        path = inner / name
        with suppress(OSError, ValueError):
            if path.parent.is_dir() and ".." not in path.parts and path.is_relative_to(inner):
                path.write_bytes(content)


def _files(data: bytes) -> dict[str, bytes]:
    """Return the content of each file by its name; none for bytes that are no JSON of it."""
    document = json_of(data)
    files = document.get("files") if isinstance(document, dict) else None
    return {name: _bytes(each) for name, each in files.items()} if isinstance(files, dict) else {}


def _bytes(value: Any) -> bytes:
    """Return a text itself, and anything else as JSON."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return json.dumps(value).encode()


def _line(job: Job, tag: str) -> dict[str, Any]:
    """Return what the folder says of the job of a line."""
    with guarded_folder() as folder:
        delivery = Delivery(output=str(folder / "0001-lamp.blend"))
        delivery = replace(delivery, line=line_files.line_id(folder, tag))
        line_files.write_job(replace(job, delivery=delivery))
        content = (folder / line_files.FOLDER / "lines" / f"{tag}.json").read_bytes()
    return dict(json.loads(content))


def _folder_seeds() -> Iterator[bytes]:
    job = replace(working(), id="0123456789ab", phase=Phase.READY)
    walk = MotionRequest("walk")
    note = {"code": None, "template": "{a}.", "params": {"a": "A"}}
    written = {"job": job.id, "delivery": {"output": "0001-lamp.blend"}, "notes": [note]}
    listed = {"files": [{"role": "model", "path": "1-model.glb", "url": "https://a.example/b"}]}
    files = {
        f"written/{job.id}.json": written | {"problem": None},
        f"files/{job.id}/files.json": listed,
        f"files/{job.id}/1-model.glb": "glTF",
        f"files/{job.id}/motions.json": {"motions": [_line(replace(job, motion=walk), "aa.bb-1")]},
    }
    for name, line in (("aa.bb-1", job), ("cc.dd-1", a_job())):
        files[f"requests/{name}.start.1"] = {"home": "h", "born": 1.0, "credits": 5.0}
        files[f"requests/{name}.start.1.operation"] = {"operation": "op_1"}
        files[f"lines/{name}.json"] = _line(line, name)
    files["batch.json"] = {"version": 1, "id": "0123456789ab", "created": 5.0}
    yield json.dumps({"files": files}).encode()


LINES: tuple[bytes, ...] = (
    b'{"prompt": "a lamp", "height": 1.5, "images": ["a.png"], "render": true}\n{"prompt": "b"}',
    b'{"kind": "world", "prompt": "x", "splats": "500k", "collider": "none", "panorama": "no"}',
    b'prompt,kind,preset,height\n"a lamp, orange",model,fast,2\n\nb,model,,\n',
    b"\xef\xbb\xbfa lamp\r\n\r\na mug\n",
    b'{"prompt": 5}\n[]\n',
)
TARGETS = (
    Target("batch_files", try_file, LINES),
    Target("batch_lines", try_file, LINES[:2], is_json=True),
    Target(
        "batch_folders",
        try_folder,
        tuple(_folder_seeds()),
        is_json=True,
        memory=16 * MEGABYTE,
    ),
)


def _check_requests(job: Job) -> None:
    """Check that nothing that a folder says about a job can be sent."""
    assert job.decision is None
    for request in job.requests:
        assert (request.body, request.credits, request.is_open) == (None, None, False)
