# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command imports: the libraries that it uses, and none of the other commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mint_blender.cli import commands
from mint_blender.cli.parser import COMMANDS

from ..code.imported_modules import foreign, modules_of, ours
from ..mint_service.runner import ThreadService
from .command_runner import environment

ImportedBy = Callable[..., set[str]]
OTHERS = {"cli.account", "cli.asset_library", "cli.batch", "cli.generate", "cli.jobs"}


@pytest.fixture
def imported_by(service: ThreadService, home: Path) -> ImportedBy:
    """Return a function that returns the modules that a command imports."""

    def modules(*words: str) -> set[str]:
        code = f"from mint_blender.cli import main; assert main({list(words)!r}) == 0"
        return modules_of(code, environment=environment(service, home))

    return modules


def test_the_list_of_jobs_needs_no_network(imported_by: ImportedBy) -> None:
    """`jobs` reads the journal with Python's own library; help and version need not even that."""
    imported = imported_by("jobs")
    assert not foreign(imported) & {"bpy", "numpy", "requests", "rich", "urllib3", "zstandard"}
    assert ours(imported) & OTHERS == {"cli.jobs"}
    for option in ("--help", "--version"):
        imported = imported_by(option)
        assert not foreign(imported) & {"bpy", "numpy", "requests", "rich", "sqlite3", "urllib3"}
        assert not ours(imported) & {*OTHERS, "jobs.job", "jobs.service"}


def test_usage_needs_no_blender(imported_by: ImportedBy) -> None:
    """It asks Mint, and adds up the journal without the engine that runs jobs."""
    imported = imported_by("usage")
    slow = {"bpy", "numpy", "pickle", "platform", "rich", "uuid", "zstandard"}
    assert not foreign(imported) & slow
    assert "logging.handlers" not in imported
    assert not ours(imported) & {"jobs.service", "jobs.engine", "jobs.workflow"}
    assert ours(imported) & OTHERS == {"cli.account"}


@pytest.mark.slow
def test_a_copied_model_needs_no_blender(imported_by: ImportedBy, tmp_path: Path) -> None:
    """`generate -o lamp.glb` copies Mint's file, also where the `bpy` package is installed."""
    words = ("generate", "--prompt", "a lamp", "-o", str(tmp_path / "lamp.glb"))
    imported = imported_by(*words)
    assert (tmp_path / "lamp.glb").is_file()
    assert not foreign(imported) & {"bpy", "numpy", "rich", "zstandard"}
    assert "logging.handlers" not in imported
    assert not {name for name in ours(imported) if name.startswith(("scene", "ui"))}
    assert ours(imported) & OTHERS == {"cli.generate"}


def test_every_command_has_its_function() -> None:
    """Functions are found by name when a command runs, so each name has to be right."""
    for command in COMMANDS:
        assert callable(commands.function_of(command))
