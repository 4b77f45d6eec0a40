# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch as a job template of the Open Job Description (OpenJD), which render farms run.

Pure: values in, values out. `openjd_files` writes the result. The specification is at
https://github.com/OpenJobDescription/openjd-specifications; this follows revision 2023-09 with its
extension TASK_CHUNKING.

Text of the user (paths, the name of the job) is only in values of parameters, which are taken as
they are. In any other text of a template, two braces would begin a reference.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...delivery.background import TIME_LIMIT

GENERATE, FETCH = "Generate", "Fetch Mint's files"
WRITE, SHEET = "Import, render and write files", "Contact sheet"
"""The names of the steps, as a farm lists them. With `--again` nothing is generated."""

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
        file: The batch file, as an absolute path.
        folder: The folder for the results, as an absolute path.
        lines: The numbers of the lines, ascending.
        has_all_lines: Whether these are all lines of the file.
        again: Whether finished lines are written again; then nothing is generated.
        at_once: How many generations run at once.
        workers: How many Blenders write results in one task, or None for the worker's default.
        max_credits: The most Credits that all lines may cost, or None.
        retry_failed: Whether failed lines are generated again.
        render: Whether a picture of each result is rendered.
    """

    command: tuple[str, ...]
    file: Path
    folder: Path
    lines: tuple[int, ...]
    at_once: int
    has_all_lines: bool = True
    again: bool = False
    workers: int | None = None
    max_credits: float | None = None
    retry_failed: bool = False
    render: bool = False

    @property
    def first_step(self) -> str:
        """Return the name of the step that needs Mint."""
        return FETCH if self.again else GENERATE


def template(job: FarmJob) -> Json:
    """Return the job template; it names no path of this machine."""
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "extensions": ["TASK_CHUNKING"],
        "name": "{{Param.JobName}}",
        "description": (
            f"{MARK} The step {job.first_step} needs the environment variable MINT_API_KEY on its"
            f" worker{'' if job.again else ' and spends Credits'}. All workers need the same output"
            " folder."
        ),
        "parameterDefinitions": _parameters(job),
        "steps": [_generate(job), _write(job), _sheet(job)],
    }


def values(job: FarmJob) -> dict[str, str]:
    """Return the values of the parameters that have no default: the paths on this machine."""
    return {"BatchFile": str(job.file), "OutputFolder": str(job.folder)}


def unusable_path(job: FarmJob) -> Path | None:
    """Return a path that cannot be the value of a parameter: it is too long or no Unicode."""
    for path in (job.file, job.folder):
        text = str(path)
        if len(text) > LONGEST_VALUE or any(
            "\ud800" <= character <= "\udfff" for character in text
        ):
            return path
    return None


def line_ranges(numbers: Iterable[int]) -> str:
    """Return ascending numbers as `1-10,14`."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


# -- Steps


def _generate(job: FarmJob) -> Json:
    """Return the one task that pays: all lines in one process, with one ledger."""
    options = ["--jobs", "{{Param.JobsAtOnce}}"]
    if not job.has_all_lines:
        options += ["--lines", line_ranges(job.lines)]
    if job.max_credits is not None:
        options += ["--max-credits", "{{Param.MaxCredits}}"]
    if job.retry_failed:
        options.append("--retry-failed")
    # as if one line ran after the other; what is not done by then is continued, not lost
    timeout = _HOUR + len(job.lines) * _SLOWEST_GENERATION
    return {"name": job.first_step, "script": _script(job, "generate", options, timeout)}


def _write(job: FarmJob) -> Json:
    """Return the step whose tasks are independent of each other: some lines each."""
    options = ["--lines", "{{Task.Param.Lines}}"]
    if job.workers is not None:
        options += ["--workers", "{{Param.Workers}}"]
    # each line may take the time limit of an import, and is tried twice
    timeout = _HOUR + round(CHUNK_SIZE * 2 * TIME_LIMIT)
    return {
        "name": WRITE,
        "dependencies": [{"dependsOn": job.first_step}],
        "parameterSpace": {
            "taskParameterDefinitions": [
                {
                    "name": "Lines",
                    "type": "CHUNK[INT]",
                    "range": line_ranges(job.lines),
                    "chunks": {
                        "defaultTaskCount": "{{Param.ChunkSize}}",
                        "targetRuntimeSeconds": "{{Param.TargetRuntime}}",
                        "rangeConstraint": "NONCONTIGUOUS",
                    },
                }
            ]
        },
        "script": _script(job, "write", options, timeout),
    }


def _sheet(job: FarmJob) -> Json:
    return {
        "name": SHEET,
        "dependencies": [{"dependsOn": WRITE}],
        "script": _script(job, "sheet", [], _HOUR),
    }


def _script(job: FarmJob, step: str, options: Sequence[str], timeout: int) -> Json:
    words = [*job.command[1:], "{{Param.BatchFile}}", "-o", "{{Param.OutputFolder}}"]
    if job.render:
        words.append("--render")
    if job.again and step != "sheet":
        words.append("--again")
    if step != "sheet":
        # one line that Mint refuses must not keep a farm from all the others
        words.append("--skip-failed")
    return {
        "actions": {
            "onRun": {
                "command": "{{Param.Program}}",
                "args": [*words, "--step", step, *options],
                "timeout": timeout,
                "cancelation": {
                    "mode": "NOTIFY_THEN_TERMINATE",
                    "notifyPeriodInSeconds": _NOTICE,
                },
            }
        }
    }


# -- Parameters


def _parameters(job: FarmJob) -> list[Json]:
    return [*_batch_parameters(job), *_generate_parameters(job), *_write_parameters(job)]


def _batch_parameters(job: FarmJob) -> list[Json]:
    files = {"label": "Batch files", "patterns": ["*.jsonl", "*.csv", "*.txt"]}
    return [
        {
            "name": "JobName",
            "type": "STRING",
            "default": _job_name(job.file),
            "userInterface": _control("LINE_EDIT", "Job Name", "Batch"),
        },
        {
            "name": "BatchFile",
            "type": "PATH",
            "objectType": "FILE",
            "dataFlow": "IN",
            "description": "The .jsonl, .csv or .txt file with one generation per line.",
            "userInterface": {
                **_control("CHOOSE_INPUT_FILE", "Batch File", "Batch"),
                "fileFilters": [files],
            },
        },
        {
            "name": "OutputFolder",
            "type": "PATH",
            "objectType": "DIRECTORY",
            "dataFlow": "INOUT",
            "description": "The folder for the results, shared by all workers.",
            "userInterface": _control("CHOOSE_DIRECTORY", "Output Folder", "Batch"),
        },
        {
            "name": "Program",
            "type": "STRING",
            "default": job.command[0],
            "description": (
                f"The program on the workers. It is called as: {' '.join(job.command)}"
            ),
            "userInterface": _control("LINE_EDIT", "Program", "Batch"),
        },
    ]


def _generate_parameters(job: FarmJob) -> list[Json]:
    group = "Generate"
    parameters = [
        _number(
            "JobsAtOnce",
            job.at_once,
            "How many generations run at once. Mint allows 10 of each kind.",
            _control("SPIN_BOX", "Generations at Once", group),
        )
    ]
    if job.max_credits is not None:
        parameters.append(
            {
                "name": "MaxCredits",
                "type": "FLOAT",
                "default": job.max_credits,
                "minValue": 0,
                "description": "The most Credits that all lines together may cost.",
                "userInterface": _control("SPIN_BOX", "Maximum Credits", group),
            }
        )
    return parameters


def _write_parameters(job: FarmJob) -> list[Json]:
    group = "Import and Render"
    parameters = [
        _number(
            "ChunkSize",
            CHUNK_SIZE,
            "How many lines one task imports, renders and writes.",
            _control("SPIN_BOX", "Lines per Task", group),
        ),
        _number(
            "TargetRuntime",
            TARGET_RUNTIME,
            "The seconds that a task should take. A scheduler may change the number of lines per"
            " task to come close to it. With 0, the number stays as it is.",
            _control("SPIN_BOX", "Target Runtime (s)", group),
            least=0,
        ),
    ]
    if job.workers is not None:
        parameters.append(
            _number(
                "Workers",
                job.workers,
                "How many Blenders import and write at once in one task.",
                _control("SPIN_BOX", "Blenders per Task", group),
            )
        )
    return parameters


def _number(
    name: str, default: int, description: str, control: dict[str, str], *, least: int = 1
) -> Json:
    return {
        "name": name,
        "type": "INT",
        "default": default,
        "minValue": least,
        "description": description,
        "userInterface": control,
    }


def _control(control: str, label: str, group: str) -> dict[str, str]:
    return {"control": control, "label": label, "groupLabel": group}


def _job_name(file: Path) -> str:
    """Return a name for the job, without characters that a name cannot have."""
    name = "".join(
        " " if unicodedata.category(character) in {"Cc", "Cs"} else character
        for character in file.name
    )
    return f"Mint: {name[:_LONGEST_NAME].strip()}"
