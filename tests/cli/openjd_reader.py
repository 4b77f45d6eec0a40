# SPDX-License-Identifier: GPL-3.0-or-later
"""Write job templates of a batch here, and read them as a farm does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from openjd.model import (
    Job,
    Step,
    StepParameterSpaceIterator,
    SymbolTable,
    create_job,
    decode_job_template,
    preprocess_job_parameters,
)

from mint_blender.cli import commands

from ..harness.processes import captured

STEPS = ["Generate", "Import, render and write files", "Contact sheet"]
FILES = {"template.json", "parameter_values.json", "parameters.json"}
PROGRAMS = ("python3 -m mint_blender", "mint-blender", "blender --online-mode --command mint")


def run(*words: str | Path, program: str = PROGRAMS[0]) -> int:
    """Run a command here, as the `mint` fixture does, but without a service."""
    return commands.main([str(word) for word in words], program=program)


def openjd(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run OpenJD's own program."""
    program = str(Path(sys.executable).with_name("openjd"))
    return captured([program, *words], **more)


def read(folder: Path, name: str = "template.json") -> Any:
    return json.loads((folder / name).read_text(encoding="ascii"))


def job_of(folder: Path) -> tuple[Job, SymbolTable]:
    """Return the job that a farm makes of the files, and the values of its parameters."""
    return made_of(read(folder), read(folder, "parameters.json"), folder.absolute())


def made_of(content: Any, parameters: Any, folder: Path) -> tuple[Job, SymbolTable]:
    """Return the job that a farm makes of a template, and the values of its parameters."""
    template = decode_job_template(template=content, supported_extensions=["TASK_CHUNKING"])
    values = preprocess_job_parameters(
        job_template=template,
        job_parameter_values=parameters,
        job_template_dir=folder,
        current_working_dir=folder,
    )
    table = SymbolTable()
    for name, value in values.items():
        table[f"Param.{name}"] = value.value
    return create_job(job_template=template, job_parameter_values=values), table


def command_of(job: Job, table: SymbolTable, step: int) -> list[str]:
    action = job.steps[step].script.actions.onRun
    return [text.resolve(symtab=table) for text in (action.command, *action.args)]


def chunks(step: Step) -> list[str]:
    """Return the lines of each task of a step; a step with one task has none."""
    tasks = iter(StepParameterSpaceIterator(space=step.parameterSpace))
    return [task["Lines"].value for task in tasks if task]


def write(tmp_path: Path, *options: str, program: str = PROGRAMS[0]) -> Path:
    """Write the template of three prompts in four lines, and return its folder."""
    (tmp_path / "props.txt").write_text("a lamp\n\na mug\na {{chair}}\n", encoding="utf-8")
    out, folder = tmp_path / "out", tmp_path / "job"
    words = ("batch", tmp_path / "props.txt", "-o", out, "--openjd", folder)
    assert run(*words, *options, program=program) == 0
    assert not out.exists()
    return folder
