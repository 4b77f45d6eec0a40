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

import argparse
import json
import math
import shlex
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...delivery.background import TIME_LIMIT
from ...files import disk
from ...jobs.batch_lines import Line
from ..exits import Exit, Refused
from ..terminal import Terminal

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

_HOUR = 60 * 60
_SLOWEST_GENERATION = 4 * 60
"""Seconds of one generation at Mint."""
_NOTICE = 60
"""Seconds between the request to stop and the kill: files that are being written get finished."""
_LONGEST_NAME = 100

Json = dict[str, Any]


@dataclass(frozen=True)
class FarmJob:
    """What a farm is to run.

    Attributes:
        command: The words before FILE, such as `python3 -m mint_blender batch`.
        lines: The numbers of the lines, ascending.
        arguments: The other arguments of that command.
    """

    command: tuple[str, ...]
    lines: tuple[int, ...]
    arguments: argparse.Namespace

    @property
    def first_step(self) -> str:
        """The name of the step that needs Mint."""
        return FETCH if self.arguments.rewrite else GENERATE

    @property
    def spends(self) -> str:
        """What is said about the costs of that step."""
        return "" if self.arguments.rewrite else " and spends Credits"

    @property
    def limit(self) -> float | None:
        """The most Credits, or None: JSON has no infinite numbers."""
        limit: float | None = self.arguments.max_credits
        return limit if limit is not None and math.isfinite(limit) else None


def write(arguments: argparse.Namespace, lines: list[Line], terminal: Terminal) -> Exit:
    """Write the template for these lines into the folder `--openjd`; start nothing."""
    folder: Path = arguments.openjd
    numbers = tuple(line.number for line in lines)
    job = FarmJob(tuple(terminal.command("batch").split()), numbers, arguments)
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
    terminal.result(record | {"lines": len(job.lines)}, str(target))
    run = shlex.join(["openjd", "run", str(target), "-p", f"file://{parameters}"])
    terminal.note(
        f"Wrote the job template for {len(job.lines)} lines. Nothing was started. The step"
        f" {job.first_step} needs MINT_API_KEY on its worker{job.spends}.\n"
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
    file = job.arguments.file.absolute()
    folder = job.arguments.output.absolute()
    return {"BatchFile": str(file), "OutputFolder": str(folder)}


def line_ranges(numbers: Iterable[int]) -> str:
    """Return ascending numbers as `1-10,14`."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


# -- the template


def template(job: FarmJob) -> Json:
    """Return the job template; it names no path of this machine."""
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "extensions": ["TASK_CHUNKING"],
        "name": "{{Param.JobName}}",
        "description": (
            f"{MARK} The step {job.first_step} needs the environment variable MINT_API_KEY on its"
            f" worker{job.spends}. All workers need the same output folder."
        ),
        "parameterDefinitions": _parameters(job),
        "steps": [
            _generate(job),
            _write(job),
            {
                "name": SHEET,
                "dependencies": [{"dependsOn": WRITE}],
                "script": _script(job, "sheet", [], _HOUR),
            },
        ],
    }


def _generate(job: FarmJob) -> Json:
    """Return the one task that pays: all lines in one process, with one ledger."""
    options = ["--jobs", "{{Param.JobsAtOnce}}"]
    if job.arguments.lines is not None:
        options += ["--lines", line_ranges(job.lines)]
    if job.limit is not None:
        options += ["--max-credits", "{{Param.MaxCredits}}"]
    if job.arguments.retry_failed:
        options.append("--retry-failed")
    # as if one line ran after the other; what is not done by then is continued, not lost
    timeout = _HOUR + len(job.lines) * _SLOWEST_GENERATION
    return {"name": job.first_step, "script": _script(job, "generate", options, timeout)}


def _write(job: FarmJob) -> Json:
    """Return the step whose tasks are independent of each other: some lines each."""
    options = ["--lines", "{{Task.Param.Lines}}"]
    if job.arguments.workers is not None:
        options += ["--workers", "{{Param.Workers}}"]
    # each line may take the time limit of an import, and is tried twice
    timeout = _HOUR + round(CHUNK_SIZE * 2 * TIME_LIMIT)
    lines = {
        "name": "Lines",
        "type": "CHUNK[INT]",
        "range": line_ranges(job.lines),
        "chunks": {
            "defaultTaskCount": "{{Param.ChunkSize}}",
            "targetRuntimeSeconds": "{{Param.TargetRuntime}}",
            "rangeConstraint": "NONCONTIGUOUS",
        },
    }
    return {
        "name": WRITE,
        "dependencies": [{"dependsOn": job.first_step}],
        "parameterSpace": {"taskParameterDefinitions": [lines]},
        "script": _script(job, "write", options, timeout),
    }


def _script(job: FarmJob, step: str, options: Sequence[str], timeout: int) -> Json:
    arguments = job.arguments
    words = [*job.command[1:], "{{Param.BatchFile}}", "-o", "{{Param.OutputFolder}}"]
    if arguments.render:
        words.append("--render")
    if step != "sheet":
        # how a picture is rendered: a line may have one by itself
        if arguments.render_size is not None:
            words += ["--render-size", "{}x{}".format(*arguments.render_size)]
        if arguments.render_samples is not None:
            words += ["--render-samples", "{{Param.Samples}}"]
        if arguments.render_engine is not None:
            words += ["--render-engine", arguments.render_engine]
        if arguments.rewrite:
            words.append("--rewrite")
        # one line that Mint refuses must not keep a farm from all the others
        words.append("--skip-failed")
    action = {
        "command": "{{Param.Program}}",
        "args": [*words, "--step", step, *options],
        "timeout": timeout,
        "cancelation": {"mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": _NOTICE},
    }
    return {"actions": {"onRun": action}}


_RENDER = "Import and Render"


def _parameters(job: FarmJob) -> list[Json]:
    arguments = job.arguments
    program = (
        f"The program on the workers: {job.command[0]}, or its path there. It is called as:"
        f" {' '.join(job.command)}"
    )
    found = [
        _parameter("JobName", "Job Name", "LINE_EDIT", default=_job_name(arguments.file)),
        _path("BatchFile", "Batch File", "CHOOSE_INPUT_FILE", "FILE", "IN", FILE),
        _path("OutputFolder", "Output Folder", "CHOOSE_DIRECTORY", "DIRECTORY", "INOUT", FOLDER),
        _parameter("Program", "Program", "LINE_EDIT", default=job.command[0], description=program),
    ]
    for name, group, label, default, least, description in (
        ("JobsAtOnce", "Generate", "Generations at Once", arguments.jobs, 1, AT_ONCE),
        ("MaxCredits", "Generate", "Maximum Credits", job.limit, 0, MOST),
        ("ChunkSize", _RENDER, "Lines per Task", CHUNK_SIZE, 1, CHUNK),
        ("TargetRuntime", _RENDER, "Target Runtime (s)", TARGET_RUNTIME, 0, RUNTIME),
        ("Workers", _RENDER, "Blenders per Task", arguments.workers, 1, BLENDERS),
        ("Samples", _RENDER, "Samples", arguments.render_samples, 1, SAMPLES),
    ):
        if default is not None:
            kind = "FLOAT" if name == "MaxCredits" else "INT"
            more = {"default": default, "minValue": least, "description": description}
            found.append(_parameter(name, label, "SPIN_BOX", group, type=kind, **more))
    return found


FILE = "The .jsonl, .csv or .txt file with one generation per line."
FOLDER = "The folder for the results, shared by all workers."
AT_ONCE = "How many generations run at once. Mint allows 10 of each kind."
MOST = "The most Credits that all lines together may cost."
CHUNK = "How many lines one task imports, renders and writes."
RUNTIME = (
    "The seconds that a task should take. A scheduler may change the number of lines per task to"
    " come close to it. With 0, the number stays as it is."
)
BLENDERS = "How many Blenders import and write at once in one task."
SAMPLES = "The samples of each picture."


def _parameter(name: str, label: str, control: str, group: str = "Batch", **more: Any) -> Json:
    shown = {"control": control, "label": label, "groupLabel": group}
    return {"name": name, "type": "STRING", **more, "userInterface": shown}


def _path(name: str, label: str, control: str, kind: str, flow: str, description: str) -> Json:
    more = {"type": "PATH", "objectType": kind, "dataFlow": flow, "description": description}
    found = _parameter(name, label, control, **more)
    if kind == "FILE":
        files = {"label": "Batch files", "patterns": ["*.jsonl", "*.csv", "*.txt"]}
        found["userInterface"]["fileFilters"] = [files]
    return found


def _job_name(file: Path) -> str:
    """Return a name for the job, without characters that a name cannot have."""
    name = "".join(
        " " if unicodedata.category(character) in {"Cc", "Cs"} else character
        for character in file.name
    )
    return f"Mint: {name[:_LONGEST_NAME].strip()}"
