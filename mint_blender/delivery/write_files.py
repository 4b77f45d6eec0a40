# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the result of a finished job to the files that the user asked for."""

from __future__ import annotations

import contextlib
import filecmp
import hashlib
import io
import logging
import platform
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..files import disk
from ..files.errors import InvalidGlb
from ..jobs import rejected_files
from ..jobs.job import Job
from ..jobs.job_values import DeliveryResult, Role
from ..jobs.phases import Phase
from ..message import Message, message_of
from ..mint.schema import Kind
from . import blender_runtime

log = logging.getLogger(__name__)


def needs_blender(kind: Kind, output: Path | None, render: Path | None) -> bool:
    """Return whether Blender has to write a file; a model's .glb is Mint's own, unchanged."""
    is_glb = output is not None and output.suffix.lower() == ".glb"
    return render is not None or (output is not None and not (is_glb and kind is Kind.MODEL))


def output_problem(kind: Kind, output: Path | None, render: Path | None) -> str | None:
    """Return why the files could not be written here, as a sentence, or None.

    Called before anything is paid for. Creates the folders and tries to write into them.
    """
    problem = blender_runtime.blender_problem("Writing this")
    if problem and needs_blender(kind, output, render):
        return problem
    for path in filter(None, (output, render)):
        if path.is_dir():
            return f"{path} is a folder, not a file. Nothing was started."
        if sentence := folder_problem(path.parent):
            return sentence
    return None


def folder_problem(folder: Path) -> str | None:
    """Create a folder; return why nothing can be written into it, or None."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return (
            f"Nothing can be written to the folder {folder}: {error.strerror}. Nothing was started."
        )
    return None


def paths(job: Job) -> tuple[Path | None, Path | None]:
    """Return where `job.delivery` has the .blend or .glb written, and the picture."""
    output = job.delivery.output
    render = job.delivery.render
    return Path(output) if output else None, Path(render) if render else None


def is_imported(job: Job) -> bool:
    """Return whether Blender has to open the result of a job to write its files."""
    return job.motion is not None or needs_blender(job.kind, *paths(job))


def write(job: Job, *, raw: bool = False, others: Sequence[Job] = ()) -> DeliveryResult:
    """Write the files that `job.delivery` names; return what became of it.

    What cannot be imported or written is a problem in the result, and Mint's files are kept. With
    `raw`, our checks are skipped, even for a file that they refused. `others` are further motions
    of the same model, whose clips the files have, too.
    """
    output, render = paths(job)
    try:
        for path in (output, render):
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
        # with `raw`, the file of a World is copied, too
        is_copied = not needs_blender(Kind.MODEL if raw else job.kind, output, None)
        if output is not None and is_copied and job.motion is None:
            if (problem := _copy_model(job, output, raw=raw)) is not None:
                return DeliveryResult(problem=message_of(problem))
            output = None
        if output is None and render is None:
            return DeliveryResult()
        return _write_with_blender(job, output, render, raw=raw, others=others)
    except OSError as error:
        return DeliveryResult(
            problem=message_of(
                f"{error.strerror or error}: {error.filename or 'the file'} cannot be written."
            )
        )


def copy_file(source: Path, target: Path) -> None:
    """Copy a file atomically, and sync it to disk first. Raises OSError."""
    with disk.replacing(target) as part:
        shutil.copyfile(source, part)


def write_text(target: Path, text: str) -> None:
    """Write a text file atomically, unless it has that content already. Raises OSError."""
    data = text.encode()
    if target.is_file() and target.read_bytes() == data:
        return
    with disk.replacing(target) as part:
        part.write_bytes(data)


def _copy_model(job: Job, output: Path, *, raw: bool) -> str | None:
    """Copy Mint's file; return why it was not copied, or None. Raises OSError."""
    from ..files.glb import header

    kept = job.file(Role.MODEL)
    source = rejected_files.raw_file(job) if raw else Path(kept.path) if kept else None
    if source is None:
        return "There is no model file in the result."
    try:
        # No program can read a truncated file; any other fault another program may accept.
        header.check_container(source)
    except InvalidGlb as error:
        return str(error)
    copy_file(source, output)
    return None


def _write_with_blender(
    job: Job, output: Path | None, render: Path | None, *, raw: bool, others: Sequence[Job]
) -> DeliveryResult:
    """Write both files beside their places, and move them there when both are complete.

    So a failure or a crash leaves the files of an earlier import as they are.
    """
    parts = {_part(path): path for path in (output, render) if path is not None}
    for part in parts:
        part.unlink(missing_ok=True)
    try:
        to = (_part(output) if output else None, _part(render) if render else None)
        result = _import_and_write(job, *to, raw, parts, others)
        if result.problem is None:
            for part in parts:
                disk.sync_file(part)
            for part, path in parts.items():
                disk.replace(part, path)
    finally:
        for part in parts:
            disk.try_to_remove(part)
    return result


def has_written(job: Job, file: Path) -> bool:
    """Return whether a job has written a file that could not be recorded then.

    A .blend may have been changed since; only Blender can read it.
    """
    if job.phase is not Phase.READY or not file.is_file():
        return False
    if file.suffix.lower() == ".blend" and blender_runtime.can_import():
        from ..scene import asset_list

        return asset_list.has_job(file, job.id)
    model = job.file(Role.MODEL)
    return (
        model is not None
        and Path(model.path).is_file()
        and filecmp.cmp(model.path, file, shallow=False)
    )


def remove_parts(job: Job) -> None:
    """Delete what a Blender that has crashed or was stopped has left beside a job's files."""
    for path in map(Path, job.delivery.files):
        disk.try_to_remove(_part(path))


def _part(path: Path) -> Path:
    """Return where a file is written first: its own place on each machine, also after a kill."""
    machine = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
    return path.with_name(f".{path.stem}.{machine}.part{path.suffix}")


def _import_and_write(
    job: Job,
    output: Path | None,
    render: Path | None,
    raw: bool,
    parts: Mapping[Path, Path],
    others: Sequence[Job],
) -> DeliveryResult:
    from ..files.export_options import ExportOptions, ExportRefused
    from ..scene.after.export import export_model
    from ..scene.export.output_path import OutputError
    from . import import_job

    try:
        # Blender prints "Info: Saved as …" to Python's standard output, which is for our results
        with contextlib.redirect_stdout(io.StringIO()):
            placed = import_job.write(job, output, render, raw=raw, others=others)
            if job.delivery.export is not None and job.delivery.export_file is not None:
                options = ExportOptions(job.delivery.export)
                export_model(placed.root, options, Path(job.delivery.export_file))
        placement = import_job.placement_of(placed)
        placement = replace(placement, file=str(parts[output]) if output else None)
        return DeliveryResult(placed.notes, placement=placement)
    except (OutputError, ExportRefused) as error:
        return DeliveryResult(problem=with_real_paths(message_of(error), parts))
    except import_job.SceneImportError as error:
        return DeliveryResult(problem=message_of(error))
    except OSError:
        raise
    except Exception as error:
        # An importer can fail in any way. What was paid for is on disk, and the user has to know.
        log.exception("Job %s could not be written", job.id)
        return DeliveryResult(
            problem=message_of(f"The import failed unexpectedly ({type(error).__name__}: {error}).")
        )


def with_real_paths(problem: Message, parts: Mapping[Path, Path | str]) -> Message:
    """Return a message about a file that was written elsewhere first, with its real place."""
    places = {str(part): str(path) for part, path in parts.items()}
    params = {
        name: places.get(value, value) if isinstance(value, str) else value
        for name, value in problem.params.items()
    }
    return Message.build(problem.template, params, problem.code)
