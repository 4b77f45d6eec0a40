# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands in docs/farm.md for OpenJD and Flamenco do what the page says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from ..mint_service.runner import ThreadService
from .command_runner import ROOT
from .openjd_session import worker

pytestmark = [pytest.mark.blender, pytest.mark.one_blender]

PAGE = ROOT / "docs" / "farm.md"


def commands_of(section: str) -> list[str]:
    """Return the commands in a section of the page."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return [
        line for block in re.findall(r"```\n(.*?)```", text, re.S) for line in block.splitlines()
    ]


def test_the_commands_for_openjd_run(service: ThreadService, tmp_path: Path) -> None:
    """They write the template, and run the whole job on one machine."""
    (tmp_path / "props.csv").write_text("prompt,preset\na lamp,fast\n", encoding="utf-8")
    results = tmp_path / "mnt" / "props"
    written, ran = commands_of("OpenJD")
    for command in (written, ran):
        command = command.replace("/mnt/props", str(results))
        variables = worker(service, tmp_path / "home")
        ended = subprocess.run(
            command, shell=True, cwd=tmp_path, env=variables, capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert len(service.operations()) == (command == ran)
    assert (results / "0002-a-lamp.blend").is_file() and (results / "index.html").is_file()


def test_the_command_for_flamenco_runs(tmp_path: Path) -> None:
    """It puts the job type where the Flamenco Manager looks for it."""
    (command,) = commands_of("Flamenco")
    (tmp_path / "scripts").mkdir()
    command = command.replace("/opt/flamenco", str(tmp_path))
    subprocess.run(command, shell=True, cwd=ROOT, check=True)
    assert [path.name for path in (tmp_path / "scripts").iterdir()] == ["mint_batch.js"]
