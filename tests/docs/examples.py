# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages speak of: files, folders of the system, and words that stand for something."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

from PIL import Image

import mint_blender
from mint_blender.cli import commands

from ..cli.command_runner import CommandResult
from ..mint_service.runner import ThreadService
from .code_blocks import ROOT

TEXTS = {"props.csv": "prompt,preset\na small ceramic lamp,fast\na wooden stool,fast\n"}
"""Files that a page may use without showing them. A page that shows one replaces it."""

PICTURES = ("chair.jpg", "chair-back.jpg")
OF_THE_CLONE = ("extras",)
"""Folders of the clone that commands may read."""

OF_THE_SYSTEM = ("/mnt", "/opt/flamenco/scripts")
"""Folders that are made inside the folder of the page."""

PHASES = {
    "approve": ("review",),
    "revise": ("review",),
    "cancel": ("review",),
    "retry": ("failed",),
}
FINISHED = ("ready", "placed")
"""In which phase JOB is: by command, and for all others."""

MAKE = {
    "review": ("--prompt", "a carved chest", "--mode", "review"),
    "failed": ("--prompt", "a carved chest [transient]"),
    "ready": ("--prompt", "a carved chest"),
}
"""How to make a job if there is none: arguments of `generate`, by phase."""


def prepare(folder: Path) -> None:
    """Put the files that pages speak of into a folder."""
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name in PICTURES:
        Image.new("RGB", (64, 64), "green").save(folder / name)
    for name in OF_THE_CLONE:
        (folder / name).symlink_to(ROOT / name)
    for path in OF_THE_SYSTEM:
        Path(f"{folder}{path}").mkdir(parents=True)


def fill_in(code: str, folder: Path, service: ThreadService) -> str:
    """Return bash code with the key of the stand-in service, and folders of the test."""
    code = code.replace("MINT_API_KEY=…", f"MINT_API_KEY={service.key}")
    for path in OF_THE_SYSTEM:
        top = f"/{path.split('/')[1]}/"
        code = code.replace(f" {top}", f" {folder}{top}")
    return code


def run_command(words: list[str]) -> CommandResult:
    """Run a command in this process; JOB becomes the id of a job, which is made if needed."""
    return _run([_job(words[0]) if word == "JOB" else word for word in words])


def _run(words: list[str]) -> CommandResult:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = commands.main(words, program="mint-blender")
    text = out.getvalue() + err.getvalue()
    assert os.environ["MINT_API_KEY"] not in text and "Traceback" not in text
    return CommandResult(status, out.getvalue(), err.getvalue())


def _job(command: str) -> str:
    """Return the id of the newest job that this command accepts."""
    phases = PHASES.get(command, FINISHED)
    find = (job.job_id for job in mint_blender.jobs() if job.phase in phases)
    if (found := next(find, None)) is None:
        _run(["generate", "--preset", "fast", *MAKE[phases[0]]])
        return _job(command)
    return str(found)
