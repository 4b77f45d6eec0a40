# SPDX-License-Identifier: GPL-3.0-or-later
"""Export models in a second Blender: the open file does not change, and its window does not wait.

Free: nothing is sent to Mint.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files.export_options import TARGETS, Exported, ExportOptions
from ..jobs.child_process import ChildEnded, ChildProcess, ChildTooSlow, requests
from ..jobs.job import Job
from ..jobs.phases import Phase
from ..jobs.storage import serialization
from ..message import Message, MessageError, message_of
from . import blender_runtime

if TYPE_CHECKING:
    import bpy

log = logging.getLogger(__name__)

TIME_LIMIT = 15 * 60.0
"""Seconds for all models of a file."""
CODE = "from {package}.delivery.engine_export import serve\nserve()"
"""What the second Blender runs, for `blender_runtime`."""


class ExportFailed(MessageError):
    """A model could not be exported; the text is a sentence for the user."""


def order_for(
    options: ExportOptions, folder: Path, *, overwrite: bool = False, **what: Any
) -> dict[str, Any]:
    """Return the request to export into a folder; `what` comes of the three functions below."""
    options.check()
    more = {"folder": str(folder.absolute()), "overwrite": overwrite}
    return {"options": asdict(options), **more, **what}


def of_blend(file: Path) -> dict[str, Any]:
    """Return what names all models that a .blend shows."""
    return {"blend": str(file.absolute())}


def of_job(job: Job, others: Sequence[Job] = ()) -> dict[str, Any]:
    """Return what names the result of a finished job, with further motions of the same model."""
    return {
        "job": serialization.dump_with_requests(job),
        "others": [serialization.dump_with_requests(other) for other in others],
    }


@contextmanager
def of_scene(root: bpy.types.Object) -> Iterator[dict[str, Any]]:
    """Yield what names a model of the open file, of which a copy is saved meanwhile.

    Raises:
        OutputError: It cannot be saved.
    """
    from ..scene.after.export import save_copy
    from ..scene.data_blocks import current_scene
    from ..scene.staging_scene import SceneUnits

    with tempfile.TemporaryDirectory(prefix="mint-", ignore_cleanup_errors=True) as folder:
        file = Path(folder, "model.blend")
        save_copy(root, file)
        units = asdict(SceneUnits.of(current_scene()))
        yield {"blend": str(file), "object": root.name, "units": units}


def order_version(file: Path, how: dict[str, int], **what: Any) -> dict[str, Any]:
    """Return the request to save a version of a model to a .blend; `what` comes of `of_scene`.

    `how` has the "faces" and "size" of a lighter one, or the "count" of levels of detail.
    """
    return {"version": how, "path": str(file), **what}


def start() -> ChildProcess:
    """Return a second Blender that answers an order. Raises ExportFailed."""
    try:
        return ChildProcess(blender_runtime.background_command(CODE))
    except OSError as error:
        raise ExportFailed(
            "Blender could not be started for the export: {reason}.",
            reason=error.strerror or str(error),
        ) from error


def export(order: dict[str, Any]) -> list[Exported]:
    """Export in a second Blender, and wait for it. Raises ExportFailed."""
    child = start()
    try:
        return read_answer(child.ask(order, TIME_LIMIT))
    except ChildEnded as error:
        raise ExportFailed(CRASHED) from error
    except ChildTooSlow as error:
        raise ExportFailed(TOO_SLOW) from error
    finally:
        child.end()


CRASHED = Message("Blender closed unexpectedly during the export. Your file has not changed.")

TOO_SLOW = Message("The export took too long and was stopped.")


def read_answer(answer: dict[str, Any]) -> list[Exported]:
    """Return the files of an answer. Raises ExportFailed."""
    if answer["problem"] is not None:
        raise ExportFailed(Message.from_json(answer["problem"]))
    return [Exported.from_json(record) for record in answer["files"]]


# -- In the second Blender


def serve() -> None:
    """Answer one order per line until standard input ends."""
    blender_runtime.reserve_standard_output()
    answers = sys.stdout
    for line in requests(sys.stdin, None):
        print(json.dumps(_carry_out(json.loads(line))), file=answers, flush=True)


def _carry_out(order: dict[str, Any]) -> dict[str, Any]:
    written: list[Exported] = []
    problem = None
    try:
        for root in _open(order):
            if "version" in order:
                _save_version(root, Path(order["path"]), order["version"])
            else:
                written.append(_export(root, order, written))
    except MessageError as error:
        problem = message_of(error)
    except Exception as error:  # an exporter can fail in any way
        log.exception("The export has failed")
        problem = Message(
            "The export failed unexpectedly ({name}: {reason}).",
            name=type(error).__name__,
            reason=str(error),
        )
    return {
        "files": [file.to_json() for file in written],
        "problem": problem.to_json() if problem is not None else None,
    }


def _open(order: dict[str, Any]) -> list[bpy.types.Object]:
    """Open what an order names; return the roots of the models. Raises MessageError."""
    from ..scene.after import export
    from ..scene.data_blocks import current_scene
    from ..scene.staging_scene import SceneUnits
    from . import import_job

    if "job" in order:
        job = serialization.load(order["job"], Phase.READY)
        others = [serialization.load(other, Phase.READY) for other in order["others"]]
        return [import_job.write(job, None, None, others=others).root]
    file = Path(order["blend"])
    if "object" in order:
        root = export.open_copy(file, order["object"])
        SceneUnits(**order["units"]).apply_to(current_scene())
        return [root]
    export.open_blend(file)
    if not (roots := export.models_in_file()):
        raise ExportFailed("{path}: no visible model from Mint.", path=file)
    return roots


def _export(root: bpy.types.Object, order: dict[str, Any], written: list[Exported]) -> Exported:
    """Export one model under its name. Raises MessageError."""
    from ..scene.after.export import export_model

    options = ExportOptions(**order["options"])
    path = file_for(root.name, options, Path(order["folder"]))
    taken = {file.path for file in written}
    name = path.stem
    number = 1
    while path in taken:
        number += 1
        path = path.with_name(f"{name}_{number}{path.suffix}")
    if path.exists() and not order["overwrite"]:
        raise ExportFailed("{path} exists already. It was not replaced.", path=path)
    return export_model(root, options, path)


def _save_version(root: bpy.types.Object, path: Path, how: dict[str, int]) -> None:
    from ..scene.after import lighter, versions

    save: Any = versions.save_levels if "count" in how else lighter.save_lighter
    save(root, path=path, **how)


def file_for(name: str, options: ExportOptions, folder: Path) -> Path:
    """Return the file of a model of this name."""
    import bpy

    return folder / f"{bpy.path.clean_name(name)}{TARGETS[options.target].suffix}"
