# SPDX-License-Identifier: GPL-3.0-or-later
"""What a background Blender does: read requests, write or prepare results, and answer.

One JSON object per line on standard input and output. `background` (files of the command line) and
`preparation` (results for a window) start this process and talk to it.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

from ..jobs import child_process
from ..jobs.job import Job
from ..jobs.phases import Phase
from ..jobs.storage import serialization
from ..message import message_of
from . import standard_output, write_files

_log = logging.getLogger(__name__)


def request(job: Job, **more: Any) -> dict[str, Any]:
    """Return the request to write a job's files, or with `target` and `units` to prepare it."""
    return {"job": serialization.dump(job), "phase": job.phase.value, **more}


def code(idle_limit: float | None = None) -> str:
    """Return the code that a background Blender runs, for `blender_runtime`; see `serve`.

    It exits without Python's shutdown: everything is on disk by then, and other add-ons may be
    slow.
    """
    return (
        "import os, sys\nfrom {package}.delivery.background_worker import serve\n"
        f"serve({idle_limit})\nos._exit(0)\n"
    )


def serve(idle_limit: float | None = None) -> None:
    """Answer one request per line until standard input ends.

    With `idle_limit`, the process ends after that many seconds without a request.
    """
    standard_output.reserve_for_results()
    answers = sys.stdout
    from . import import_job  # noqa: F401 - loaded before the first request, which may come later

    for line in child_process.requests(sys.stdin, idle_limit):
        print(json.dumps(_carry_out(json.loads(line))), file=answers, flush=True)


def _carry_out(order: dict[str, Any]) -> dict[str, Any]:
    job = serialization.load(order["job"], Phase(order["phase"]))
    return _prepare(job, order) if "target" in order else _write(job)


def _write(job: Job) -> dict[str, Any]:
    try:
        written = write_files.write_described(job)
        return {
            "notes": [message_of(note).to_json() for note in written.notes],
            "placement": serialization.dump_placement(written.placement),
        }
    except write_files.DeliveryError as error:
        return {"problem": message_of(error).to_json()}


def _prepare(job: Job, order: dict[str, Any]) -> dict[str, Any]:
    from ..scene.units import SceneUnits
    from . import import_job

    try:
        prepared = import_job.prepare(
            job, SceneUnits.from_json(order["units"]), Path(order["target"])
        )
    except import_job.SceneImportError as error:
        return {"problem": message_of(error).to_json()}
    except Exception as mistake:  # noqa: BLE001 - an importer can fail in any way
        _log.exception("Job %s could not be prepared", job.id)
        return {"mistake": type(mistake).__name__}
    return {
        "notes": [message_of(note).to_json() for note in prepared.notes],
        "extent": prepared.extent,
    }
