# SPDX-License-Identifier: GPL-3.0-or-later
"""An import that crashes Blender is only repeated when the user asks for it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ..mint_service.runner import ThreadService
from .command_runner import LAMP, RunMint, environment

pytestmark = [pytest.mark.blender, pytest.mark.one_blender]

DYING = """
import os, signal, sys
from mint_blender.scene.gltf import gltf_import
gltf_import._call_importer = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from mint_blender.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_after_a_crash_the_import_waits_for_the_user(
    mint: RunMint, service: ThreadService, home: Path, tmp_path: Path
) -> None:
    """After a crash, `resume` skips the import and says so; `resume JOB` imports it."""
    output = tmp_path / "lamp.blend"
    dying = [sys.executable, "-c", DYING, *LAMP, "-o", str(output)]
    assert (
        subprocess.run(dying, env=environment(service, home), timeout=60).returncode
        == -signal.SIGKILL
    )
    (record,) = mint.jobs()
    assert record["phase"] == "ready" and record["trouble"]["code"] == "import_crashed"
    for _ in ("once", "twice"):
        ran = mint("resume")
        assert ran.status == 7 and "No jobs were interrupted" not in ran.err
        assert "closed unexpectedly while importing" in ran.error_text
        assert f"resume {record['job']}" in ran.error_text
        assert not output.exists()
    assert mint("resume", record["job"]).status == 0
    assert output.is_file()
    assert mint.jobs()[0]["trouble"] is None
    assert len(service.operations()) == 1
