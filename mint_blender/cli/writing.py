# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished job's result, written into the files that were asked for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..jobs.job import Job, Role
from ..mint.schema import Kind
from . import surroundings


class NotImported(Exception):
    """The result could not be brought into this Blender, or not be written: the sentence says why. Mint's files are kept."""


def needs_blender(kind: Kind, output: Path | None, render: Path | None) -> bool:
    """A model's .glb is Mint's own file, unchanged; everything else is made by Blender."""
    is_glb = output is not None and output.suffix.lower() == ".glb"
    return render is not None or (output is not None and not (is_glb and kind is Kind.MODEL))


def complaint(kind: Kind, output: Path | None, render: Path | None) -> str | None:
    """Before anything is paid for: could the result be written here at all?"""
    if needs_blender(kind, output, render) and not surroundings.can_import():
        return "Writing this needs Blender: install the bpy package (pip install bpy), or use blender --command mint. Nothing was started."
    for path in (output, render):
        folder = path.parent if path else None
        if folder is not None and folder.exists() and not os.access(folder, os.W_OK):
            return f"The folder {folder} cannot be written to. Nothing was started."
    return None


def write(job: Job) -> tuple[str, ...]:
    """Write what `job.target` names; returns remarks for a person. Raises NotImported."""
    output, render = (Path(text) if text else None for text in (job.target.output, job.target.render))
    try:
        for path in (output, render):
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
        if output is not None and not needs_blender(job.kind, output, None):
            _copy(job, output)
            output = None
        return _write_with_blender(job, output, render) if output or render else ()
    except OSError as error:
        raise NotImported(f"{error.strerror or error}: {error.filename or 'the file'} cannot be written.") from error


def _copy(job: Job, output: Path) -> None:
    kept = job.file(Role.MODEL)
    if kept is None:
        raise NotImported("There is no model file in the result.")
    part = output.with_name(output.name + ".part")
    shutil.copyfile(kept.path, part)
    part.replace(output)


def _write_with_blender(job: Job, output: Path | None, render: Path | None) -> tuple[str, ...]:
    from ..blender import arrival

    try:
        return arrival.write(job, output, render).notes
    except arrival.ImportTrouble as trouble:
        raise NotImported(str(trouble)) from trouble
