# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the files of `batch --openjd`: a job template and the values of its parameters.

`template.json` and `parameter_values.json` are what a job bundle of Deadline Cloud has.
`parameters.json` has the same values as `openjd run` reads them.
"""

from __future__ import annotations

import argparse
import json
import math
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ...files import disk
from ...jobs.batch_lines import Line
from ..exits import Exit
from ..output.terminal import Terminal
from . import openjd_template
from .openjd_template import FarmJob

TEMPLATE, BUNDLE_VALUES, VALUES = "template.json", "parameter_values.json", "parameters.json"


def write(arguments: argparse.Namespace, lines: list[Line], terminal: Terminal) -> Exit:
    """Write the template for these lines into the folder `--openjd`; start nothing."""
    folder: Path = arguments.openjd
    job = _farm_job(arguments, lines, terminal)
    if path := openjd_template.unusable_path(job):
        terminal.error(
            f"{path} cannot be in a job template: a path must be Unicode text of at most"
            f" {openjd_template.LONGEST_VALUE} characters. Nothing was written."
        )
        return Exit.USAGE
    try:
        if _is_foreign(folder / TEMPLATE):
            terminal.error(
                f"{folder / TEMPLATE} was not written by this command, so it is kept. Choose"
                " another folder for --openjd. Nothing was written."
            )
            return Exit.USAGE
        _write_files(folder, job)
    except OSError as error:
        terminal.error(
            f"The job template cannot be written to {folder}: {error.strerror or error}. Choose"
            " another folder for --openjd."
        )
        return Exit.IMPORT
    _report(folder, job, terminal)
    return Exit.DONE


def _farm_job(arguments: argparse.Namespace, lines: list[Line], terminal: Terminal) -> FarmJob:
    return FarmJob(
        command=tuple(terminal.command("batch").split()),
        # not resolved: a link to a shared folder may have the same name on all machines
        file=arguments.file.absolute(),
        folder=arguments.output.absolute(),
        lines=tuple(line.number for line in lines),
        at_once=arguments.jobs,
        has_all_lines=arguments.lines is None,
        again=arguments.again,
        workers=arguments.workers,
        max_credits=_finite(arguments.max_credits),
        retry_failed=arguments.retry_failed,
        render=arguments.render,
    )


def _finite(limit: float | None) -> float | None:
    """Return the limit, or None for an infinite one, which JSON cannot hold."""
    return limit if limit is not None and math.isfinite(limit) else None


def _is_foreign(path: Path) -> bool:
    """Return whether there is a file that is no template of ours. Raises OSError."""
    if not path.exists():
        return False
    return openjd_template.MARK.encode() not in path.read_bytes()


def _write_files(folder: Path, job: FarmJob) -> None:
    """Write all files, or none. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {folder / name: _json(content) for name, content in _contents(job).items()}
    with ExitStack() as all_written:
        for target, text in reversed(texts.items()):  # renamed in the opposite order
            part = all_written.enter_context(disk.replacing(target))
            part.write_bytes(text.encode())


def _contents(job: FarmJob) -> dict[str, Any]:
    """Return what is in each file; the template is last, since without it a folder is no job."""
    values = openjd_template.values(job)
    pairs = [{"name": name, "value": text} for name, text in values.items()]
    return {
        BUNDLE_VALUES: {"parameterValues": pairs},
        VALUES: values,
        TEMPLATE: openjd_template.template(job),
    }


def _json(content: dict[str, Any]) -> str:
    # ASCII, since `openjd run` reads the parameters in the encoding of the machine
    return json.dumps(content, indent=2) + "\n"


def _report(folder: Path, job: FarmJob, terminal: Terminal) -> None:
    template, values = folder / TEMPLATE, (folder / VALUES).resolve()
    run = shlex.join(["openjd", "run", str(template), "-p", f"file://{values}"])
    costs = "" if job.again else " and spends Credits"
    terminal.result(
        {
            "event": "template",
            "template": str(template),
            "parameters": str(values),
            "lines": len(job.lines),
        },
        str(template),
    )
    terminal.note(
        f"Wrote the job template for {len(job.lines)} lines. Nothing was started. The step"
        f" {job.first_step} needs MINT_API_KEY on its worker{costs}.\n"
        f"To run the job on this machine: {run}"
    )
