# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch as a job template of the Open Job Description (OpenJD), which render farms run.

The specification is at https://github.com/OpenJobDescription/openjd-specifications; this follows
revision 2023-09 with its extension TASK_CHUNKING. `template.json` and `parameter_values.json` are
what a job bundle of Deadline Cloud has. `parameters.json` has the same values as `openjd run` reads
them.

Text of the user (paths, the name of the job) is only in values of parameters, which are taken as
they are. In any other text of a template, two braces would begin a reference.
"""

from __future__ import annotations

import json
import shlex
import unicodedata
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...application.batch.options import Options
from ...files import disk
from ...jobs.batch_lines import Line, line_ranges
from ..exits import Exit, Refused
from ..terminal import Terminal
from .step_options import step_options

TEMPLATE, BUNDLE_VALUES, VALUES = "template.json", "parameter_values.json", "parameters.json"

GENERATE, FETCH = "Generate", "Fetch Mint's files"
WRITE, SHEET = "Import, render and write files", "Contact sheet"
"""The names of the steps, as a farm lists them. With `--rewrite` nothing is generated."""

MARK = "Mint batch: generate, import and write 3D Models and Worlds."
"""Start of the description, by which a file is recognized as a template of ours."""

CHUNK_SIZE = 10
"""Lines of one task. A scheduler that adapts starts with it."""
TARGET_RUNTIME = 5 * 60
"""Seconds that a task should take, for schedulers that adapt the number of lines."""
LONGEST_VALUE = 1024
"""Characters that OpenJD allows in the value of a parameter."""

_NOTICE = 60
"""Seconds between the request to stop and the kill: files that are being written get finished."""
_LONGEST_NAME = 100

Json = dict[str, Any]


@dataclass(frozen=True)
class FarmJob:
    """What a farm is to run.

    Attributes:
        command: The words before FILE, such as `python3 -m mint_blender batch`.
        lines: The numbers of the lines, as in `--lines`.
        options: The other options of that command.
    """

    command: tuple[str, ...]
    lines: str
    options: Options

    @property
    def first_step(self) -> str:
        """The name of the step that needs Mint."""
        return FETCH if self.options.rewrite else GENERATE

    @property
    def needs(self) -> str:
        """What is said about that step."""
        spends = "" if self.options.rewrite else " and spends Credits"
        return f"The step {self.first_step} needs MINT_API_KEY on its worker{spends}."


def write(options: Options, lines: list[Line], terminal: Terminal) -> Exit:
    """Write the template for these lines into the folder `--openjd`; start nothing."""
    folder = options.openjd or Path()
    # one line that Mint refuses must not keep a farm from all the others
    options = replace(options, skip_failed=True)
    numbers = line_ranges(line.number for line in lines)
    job = FarmJob(tuple(terminal.command("batch").split()), numbers, options)
    for path in values(job).values():
        if len(path) > LONGEST_VALUE or path != path.encode(errors="ignore").decode():
            raise Refused(
                f"{path} cannot be in a job template: a path must be Unicode text of at most"
                f" {LONGEST_VALUE} characters. Nothing was written."
            )
    target = folder / TEMPLATE
    parameters = str((folder / VALUES).resolve())
    try:
        if target.exists() and MARK.encode() not in target.read_bytes():
            raise Refused(
                f"{target} was not written by this command, so it is kept. Choose another folder"
                " for --openjd. Nothing was written."
            )
        _write_files(folder, job)
    except OSError as error:
        raise Refused(
            f"The job template cannot be written to {folder}: {error.strerror or error}. Choose"
            " another folder for --openjd.",
            Exit.IMPORT,
        ) from error
    record = {"event": "template", "template": str(target), "parameters": parameters}
    terminal.result(record | {"lines": len(lines)}, str(target))
    run = shlex.join(["openjd", "run", str(target), "-p", f"file://{parameters}"])
    terminal.note(
        f"Wrote the job template for {len(lines)} lines. Nothing was started. {job.needs}\n"
        f"To run the job on this machine: {run}"
    )
    return Exit.DONE


def _write_files(folder: Path, job: FarmJob) -> None:
    """Write all files, or none. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    named = [{"name": name, "value": text} for name, text in values(job).items()]
    contents = {
        # renamed in the opposite order: without the template a folder is no job
        TEMPLATE: template(job),
        VALUES: values(job),
        BUNDLE_VALUES: {"parameterValues": named},
    }
    with ExitStack() as all_written:
        for name, content in contents.items():
            part = all_written.enter_context(disk.replacing(folder / name))
            # ASCII, since `openjd run` reads the parameters in the encoding of the machine
            part.write_bytes((json.dumps(content, indent=2) + "\n").encode())


def values(job: FarmJob) -> dict[str, str]:
    """Return the values of the parameters that have no default: the paths on this machine."""
    # not resolved: a link to a shared folder may have the same name on all machines
    file = job.options.file.absolute()
    folder = job.options.output.absolute()
    return {"BatchFile": str(file), "OutputFolder": str(folder)}


# -- the template


def template(job: FarmJob) -> Json:
    """Return the job template; it names no path of this machine."""
    lines = {
        "name": "Lines",
        "type": "CHUNK[INT]",
        "range": job.lines,
        "chunks": {
            "defaultTaskCount": CHUNK_SIZE,
            "targetRuntimeSeconds": TARGET_RUNTIME,
            "rangeConstraint": "NONCONTIGUOUS",
        },
    }
    chosen = [] if job.options.lines is None else ["--lines", job.lines]
    first: Json = {"name": job.first_step, "script": _script(job, "generate", *chosen)}
    write = {
        "name": WRITE,
        "dependencies": [{"dependsOn": job.first_step}],
        "parameterSpace": {"taskParameterDefinitions": [lines]},
        "script": _script(job, "write", "--lines", "{{Task.Param.Lines}}"),
    }
    depends = [{"dependsOn": WRITE}]
    sheet = {"name": SHEET, "dependencies": depends, "script": _script(job, "sheet")}
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "extensions": ["TASK_CHUNKING"],
        "name": "{{Param.JobName}}",
        "description": f"{MARK} {job.needs} All workers need the same output folder.",
        "parameterDefinitions": _parameters(job),
        "steps": [first, write, sheet],
    }


def _script(job: FarmJob, step: str, *lines: str) -> Json:
    words = [*job.command[1:], "{{Param.BatchFile}}", "-o", "{{Param.OutputFolder}}"]
    action = {
        "command": "{{Param.Program}}",
        "args": [*words, *step_options(job.options, step), *lines],
        "cancelation": {"mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": _NOTICE},
    }
    return {"actions": {"onRun": action}}


def _parameters(job: FarmJob) -> list[Json]:
    program = (
        f"The program on the workers: {job.command[0]}, or its path there. It is called as:"
        f" {' '.join(job.command)}"
    )
    file = {"type": "PATH", "objectType": "FILE", "dataFlow": "IN", "description": FILE}
    folder = {"type": "PATH", "objectType": "DIRECTORY", "dataFlow": "INOUT", "description": FOLDER}
    return [
        {"name": "JobName", "type": "STRING", "default": _job_name(job.options.file)},
        {"name": "BatchFile", **file},
        {"name": "OutputFolder", **folder},
        {"name": "Program", "type": "STRING", "default": job.command[0], "description": program},
    ]


FILE = "The .jsonl, .csv or .txt file with one generation per line."
FOLDER = "The folder for the results, shared by all workers."


def _job_name(file: Path) -> str:
    """Return a name for the job, without characters that a name cannot have."""
    name = "".join(
        " " if unicodedata.category(character) in {"Cc", "Cs"} else character
        for character in file.name
    )
    return f"Mint: {name[:_LONGEST_NAME].strip()}"
