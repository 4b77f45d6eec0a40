# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `export`: models for a game engine or in another format, by Blender itself."""

from __future__ import annotations

import argparse
from typing import Any

from ..application.results import what_to_export
from ..delivery import blender_runtime, engine_export, write_files
from ..files.export_options import Exported, ExportOptions, ExportRefused
from .exits import Exit, Refused
from .terminal import Terminal


def export(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Write each model of a .blend, or that of a job, for an engine. Free."""
    if problem := blender_runtime.blender_problem("Exporting models"):
        raise Refused(problem, Exit.IMPORT)
    options = ExportOptions(
        arguments.target,
        arguments.faces,
        arguments.lods,
        arguments.collision,
        arguments.texture,
    )
    try:
        options.check()
    except ExportRefused as error:
        raise Refused(str(error)) from error
    folder = arguments.output.absolute()
    if problem := write_files.folder_problem(folder):
        raise Refused(problem, Exit.IMPORT)
    what = what_to_export(arguments.what)
    order = engine_export.order_for(options, folder, overwrite=arguments.overwrite, **what)
    try:
        files = engine_export.export(order)
    except engine_export.ExportFailed as error:
        raise Refused(str(error), Exit.IMPORT) from error
    for file in files:
        terminal.result(record(file), line(file))
        for note in file.notes:
            terminal.note(f"{file.path.name}: {note}")
    return Exit.DONE


def record(file: Exported) -> dict[str, Any]:
    """Return a file as the event that programs read."""
    plain = {"file": str(file.path), "faces": list(file.faces), "hulls": file.hulls}
    notes = [str(note) for note in file.notes]
    return {"event": "exported", **plain, "clips": list(file.clips), "notes": notes}


def line(file: Exported) -> str:
    """Return a file as a person reads it."""
    parts = [" / ".join(f"{count:,}" for count in file.faces) + " faces"]
    if file.hulls:
        parts.append("1 collision hull" if file.hulls == 1 else f"{file.hulls} collision hulls")
    if file.clips:
        parts.append(f"clips: {', '.join(file.clips)}")
    return f"{file.path}: {', '.join(parts)}"
