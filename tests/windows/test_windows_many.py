# SPDX-License-Identifier: GPL-3.0-or-later
"""Many commands at once, on one journal, order each thing once."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from mint_blender.jobs.phases import Phase

from ..cli.command_runner import command, environment
from ..cli.conftest import service
from ..mint_service.runner import ThreadService
from ..process_kills.kills import check_table, jobs_in

# at night: eight processes at once may stand still in Wine, before one of them has sent anything
pytestmark = [pytest.mark.windows, pytest.mark.nightly]
__all__ = ["service"]


def test_eight_commands_at_once(service: ThreadService, tmp_path: Path) -> None:
    """All have one journal. Each orders its own model once, and writes it."""
    home = tmp_path / "home"
    files = {f"lamp {number}": tmp_path / f"{number}.glb" for number in range(8)}
    running = [
        subprocess.Popen(
            command("generate", "--prompt", prompt, "--preset", "fast", "-o", str(file)),
            env=environment(service, home),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for prompt, file in files.items()
    ]
    for each in running:
        printed, _ = each.communicate(timeout=240)
        assert each.returncode == 0, printed
    assert Counter(each.prompt for each in service.operations()) == Counter(files.keys())
    assert len(service.requests("POST", "/v1/models:generate")) == len(files)
    assert all(file.read_bytes().startswith(b"glTF") for file in files.values())
    assert sorted(job.request.prompt for job in jobs_in(home)) == list(files)
    assert {job.phase for job in jobs_in(home)} == {Phase.PLACED}
    check_table(home)
