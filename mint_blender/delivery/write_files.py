# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the result of a finished job to the files that the user asked for."""

from __future__ import annotations

import contextlib
import io
import logging
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..files import disk
from ..files.errors import InvalidGlb
from ..jobs import rejected_files
from ..jobs.job import Job
from ..jobs.job_values import Placement, Role
from ..message import Message, message_of
from ..mint.schema import Kind
from . import blender_runtime

log = logging.getLogger(__name__)


class DeliveryError(Exception):
    """A result could not be imported or written; the text is a sentence for the user.

    The downloaded files are kept.
    """


def needs_blender(kind: Kind, output: Path | None, render: Path | None) -> bool:
    """Return whether Blender has to write a file; a model's .glb is Mint's own, unchanged."""
    is_glb = output is not None and output.suffix.lower() == ".glb"
    return render is not None or (output is not None and not (is_glb and kind is Kind.MODEL))


def output_problem(kind: Kind, output: Path | None, render: Path | None) -> str | None:
    """Return why the files could not be written here, as a sentence, or None.

    Called before anything is paid for. Creates the folders and tries to write into them.
    """
    if needs_blender(kind, output, render) and not blender_runtime.can_import():
        return (
            "Writing this needs Blender: install the bpy package (pip install bpy), or use blender"
            " --online-mode --command mint. Nothing was started."
        )
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


@dataclass(frozen=True)
class WrittenFiles:
    """What was written: notes for the user, and what the result became in Blender.

    `placement` is None if Mint's own file was copied.
    """

    notes: tuple[str, ...] = ()
    placement: Placement | None = None


def write(job: Job, *, raw: bool = False) -> tuple[str, ...]:
    """Write the files that `job.delivery` names; return notes for the user.

    With `raw`, our checks are skipped, even for a file that they refused.

    Raises:
        DeliveryError: The result cannot be imported or written.
    """
    return write_described(job, raw=raw).notes


def write_described(job: Job, *, raw: bool = False) -> WrittenFiles:
    """Write the files as `write` does, and return also what the result became in Blender.

    Raises:
        DeliveryError: The result cannot be imported or written.
    """
    output, render = (
        Path(text) if text else None for text in (job.delivery.output, job.delivery.render)
    )
    try:
        for path in (output, render):
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
        if output is not None and is_copied(job, output, raw=raw):
            _copy_model(job, output, raw=raw)
            output = None
        if output is None and render is None:
            return WrittenFiles()
        return _write_with_blender(job, output, render, raw=raw)
    except OSError as error:
        raise DeliveryError(
            f"{error.strerror or error}: {error.filename or 'the file'} cannot be written."
        ) from error


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


def is_copied(job: Job, output: Path, *, raw: bool) -> bool:
    """Return whether this output is a copy of Mint's file; with `raw`, a World's can be, too."""
    return not needs_blender(Kind.MODEL if raw else job.kind, output, None)


def _copy_model(job: Job, output: Path, *, raw: bool) -> None:
    from ..files.glb import header

    kept = job.file(Role.MODEL)
    source = rejected_files.raw_file(job) if raw else Path(kept.path) if kept else None
    if source is None:
        raise DeliveryError("There is no model file in the result.")
    try:
        # No program can read a truncated file; any other fault another program may accept.
        header.check_container(source)
    except InvalidGlb as error:
        raise DeliveryError(str(error)) from error
    copy_file(source, output)


def _write_with_blender(
    job: Job, output: Path | None, render: Path | None, *, raw: bool
) -> WrittenFiles:
    """Write both files beside their places, and move them there when both are complete.

    So a failure or a crash leaves the files of an earlier import as they are.
    """
    parts = {_part(path): path for path in (output, render) if path is not None}
    for part in parts:
        part.unlink(missing_ok=True)
    try:
        written = _import_and_write(
            job, _part(output) if output else None, _part(render) if render else None, raw, parts
        )
        for part in parts:
            disk.sync_file(part)
        for part, path in parts.items():
            disk.replace(part, path)
    finally:
        for part in parts:
            disk.try_to_remove(part)
    return written


def remove_parts(job: Job) -> None:
    """Delete what a Blender that has crashed or was stopped has left beside a job's files."""
    for text in filter(None, (job.delivery.output, job.delivery.render)):
        disk.try_to_remove(_part(Path(text)))


def _part(path: Path) -> Path:
    return path.with_name(f".{path.stem}.part{path.suffix}")


def _import_and_write(
    job: Job, output: Path | None, render: Path | None, raw: bool, parts: Mapping[Path, Path]
) -> WrittenFiles:
    from ..scene.export.output_path import OutputError
    from . import import_job
    from .placement import placement_of

    try:
        # Blender prints "Info: Saved as …" to Python's standard output, which is for our results
        with contextlib.redirect_stdout(io.StringIO()):
            placed = import_job.write(job, output, render, raw=raw)
        placement = replace(placement_of(placed), file=str(parts[output]) if output else None)
        return WrittenFiles(placed.notes, placement)
    except OutputError as error:
        raise DeliveryError(_with_real_path(message_of(error), parts)) from error
    except import_job.SceneImportError as error:
        raise DeliveryError(str(error)) from error
    except OSError:
        raise
    except Exception as error:
        # An importer can fail in any way. What was paid for is on disk, and the user has to know.
        log.exception("Job %s could not be written", job.id)
        raise DeliveryError(
            f"The import failed unexpectedly ({type(error).__name__}: {error})."
        ) from error


def _with_real_path(problem: Message, parts: Mapping[Path, Path]) -> Message:
    """Return the message about a file with the place where the file should have gone."""
    places = {str(part): str(path) for part, path in parts.items()}
    params = {
        name: places.get(value, value) if isinstance(value, str) else value
        for name, value in problem.params.items()
    }
    return Message.build(problem.template, params, problem.code)
